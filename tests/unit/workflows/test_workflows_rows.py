from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError, NoRowsError
from wattcast.settings import build_settings
from wattcast.store.disk import DiskStore
from wattcast.store.disk_station import DiskStation
from wattcast.workflows.job import Job
from wattcast.workflows.rows import Rows, known_share, read_rows

ZONE = "Asia/Shanghai"
STATION = Station(id="works", known_future=("warm",), step="1h", timezone=ZONE)
DATA = {"station": "works", "targets": {TOTAL: "kw"}, "known_future": ["warm"], "time": {"step": "1h"},
        "flat_line": None}


def hours(first: str, count: int, base: float) -> pd.DataFrame:
    index = pd.date_range(first, periods=count, freq="1h", name="time")
    return pd.DataFrame({"kw": base + np.arange(count), "warm": base / 10}, index=index)


@pytest.fixture
def kept(tmp_path: Path) -> DiskStation:
    """A history of five days in the 200s, with weather forecasts that were issued at the end of it."""
    kept = DiskStore(tmp_path / "models").station("works")
    frame = hours("2025-04-01", 120, 200.0).rename(columns={"kw": TOTAL}).tz_localize(ZONE)
    ahead = pd.date_range("2025-04-06", periods=48, freq="1h", tz=ZONE)
    table = pd.DataFrame({"warm": 7.5}, index=pd.MultiIndex.from_product([ahead[:1], ahead], names=["issued", "time"]))
    kept.replace_measurements(StationData(STATION, frame, WeatherVintages(table)))
    return kept


def read(kept: DiskStation, night: pd.DataFrame) -> Rows:
    path = kept.folder.parents[1] / "night.csv"
    night.to_csv(path)
    return read_rows(Job(path, settings=build_settings({"data": DATA})), kept, STATION)


def test_rows__a_day_follows_the_history(kept: DiskStation) -> None:
    rows = read(kept, hours("2025-04-06", 24, 300.0))
    assert rows.data.frame[TOTAL].tolist() == [*range(200, 320), *range(300, 324)]
    assert (rows.given.rows, rows.stored.rows) == (24, 120)
    assert rows.end == pd.Timestamp("2025-04-07", tz=ZONE)
    assert rows.notes == ("used are the rows given (24 rows, 2025-04-06 00:00 to 2025-04-06 23:00) and the stored "
                          "history (120 rows, 2025-04-01 00:00 to 2025-04-05 23:00)",)
    assert not (kept.folder.parents[1] / "models" / "works" / "registry.json").exists()


def test_rows__what_is_given_counts_and_empty_cells_are_filled(kept: DiskStation) -> None:
    night = hours("2025-04-05", 24, 300.0)
    night.iloc[3, 0] = np.nan
    rows = read(kept, night)
    day = rows.data.frame[TOTAL].iloc[96:].tolist()
    assert day == [300, 301, 302, 200 + 96 + 3, *range(304, 324)]
    assert (rows.given.rows, rows.stored.rows) == (23, 97)


def test_rows__an_older_file_is_forecast_from_its_end(kept: DiskStation) -> None:
    rows = read(kept, hours("2025-04-02", 24, 300.0))
    assert rows.end == pd.Timestamp("2025-04-03", tz=ZONE)
    assert rows.data.end == pd.Timestamp("2025-04-06", tz=ZONE)


def test_rows__the_whole_history_given_again_says_nothing(kept: DiskStation) -> None:
    rows = read(kept, hours("2025-04-01", 120, 200.0))
    assert rows.stored is None
    assert rows.notes == ()


def test_rows__weather_of_the_table_is_not_hidden_behind_older_forecasts(kept: DiskStation) -> None:
    """Those that were issued are used where nothing newer is given."""
    night = hours("2025-04-06", 24, 300.0)
    assert read(kept, night).data.vintages is not None
    ahead = hours("2025-04-07", 48, 0.0).assign(kw=np.nan, warm=11.5)
    rows = read(kept, pd.concat([night, ahead]))
    assert rows.data.vintages is None
    assert (rows.data.frame["warm"].iloc[-48:] == 11.5).all()
    assert rows.end == pd.Timestamp("2025-04-07", tz=ZONE)


@pytest.mark.parametrize("night", [hours("2025-04-06", 0, 300.0), hours("2025-04-06", 24, 300.0).assign(kw=np.nan)])
def test_rows__without_power_the_history_serves_and_without_one_it_is_wrong(kept: DiskStation, night) -> None:
    rows = read(kept, night)
    assert rows.given is None
    assert rows.stored.rows == 120
    assert rows.end == pd.Timestamp("2025-04-06", tz=ZONE)
    assert "the stored history is used (120 rows, 2025-04-01 00:00 to 2025-04-05 23:00)" in rows.notes[0]
    for path in (kept.folder / "history").iterdir():
        path.unlink()
    with pytest.raises(DataError) as refused:
        read(kept, night)
    assert isinstance(refused.value, NoRowsError) == night.empty


def test_rows__a_history_of_other_columns_is_left_to_the_model_s_check(kept: DiskStation) -> None:
    path = kept.folder.parents[1] / "night.csv"
    hours("2025-04-06", 24, 300.0).assign(wet=1.5).to_csv(path)
    job = Job(path, settings=build_settings({"data": {**DATA, "known_future": ["warm", "wet"]}}))
    rows = read_rows(job, kept, STATION)
    assert rows.stored is None
    assert rows.data.station.known_future == ("warm", "wet")


def test_rows__only_what_was_found_in_the_newest_ones_is_told(kept: DiskStation) -> None:
    new = hours("2025-04-06", 24, 300.0)
    old = hours("2025-04-01", 120, 200.0)
    old.iloc[5, 0] = -9999
    assert read(kept, pd.concat([old, new])).notes == (
        "used are the rows given (143 rows, 2025-04-01 00:00 to 2025-04-06 23:00) and the stored history (1 rows, "
        "2025-04-01 05:00 to 2025-04-01 05:00)",)
    new.iloc[5, 0] = -9999
    assert any(note.startswith("total_active_power: out_of_range, once up to 2025-04-06 05:00: ")
               for note in read(kept, new).notes)


def test_rows__without_data_are_those_that_are_stored(kept: DiskStation) -> None:
    job = Job(None, store=DiskStore(kept.folder.parent))
    for station in (STATION, None):
        rows = read_rows(job, kept, station)
        assert (rows.given, rows.stored.rows, rows.notes) == (None, 120, ())
        assert rows.data.vintages is not None
        assert rows.end == pd.Timestamp("2025-04-06", tz=ZONE)
    with pytest.raises(DataError, match="other columns than its model"):
        read_rows(job, kept, STATION.model_copy(update={"known_future": ()}))
    other = job.store.station("work")
    for station in (STATION, None):
        with pytest.raises(NoRowsError, match="no rows of station work are stored") as refused:
            read_rows(job, other, station)
        assert "did you mean works?" in refused.value.hint
        assert "wattcast ingest" in refused.value.hint


def test_known_share__of_the_steps_before_the_origin(kept: DiskStation) -> None:
    data = read(kept, hours("2025-04-06", 24, 300.0)).data
    data.frame.loc[data.frame.index.hour < 6, TOTAL] = np.nan
    assert known_share(data, TOTAL, pd.Timestamp("2025-04-07", tz=ZONE), 24) == 0.75
    assert known_share(data, TOTAL, pd.Timestamp("2025-04-02", tz=ZONE), 48) == 18 / 48
