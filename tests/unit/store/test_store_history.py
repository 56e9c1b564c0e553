from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError
from wattcast.store.history import extend_history, load_history, save_history

STATION = Station(id="works", known_future=("temperature", "code"), categorical=("code",), step="1h")


def history(vintages: bool = True) -> StationData:
    index = pd.date_range("2025-03-01", periods=30, freq="1h", tz="Asia/Shanghai", name="time")
    frame = pd.DataFrame({TOTAL: np.where(np.arange(30) == 3, np.nan, 200.0), "temperature": np.arange(30) / 7,
                          "code": pd.array(["晴", None, "雨"] * 10, dtype="str")}, index=index)
    table = pd.DataFrame({"temperature": [1.5, 2.5]}, index=pd.MultiIndex.from_arrays(
        [index[[0, 0]], index[[5, 6]]], names=["issued", "time"]))
    return StationData(STATION, frame, WeatherVintages(table) if vintages else None)


@pytest.mark.parametrize("vintages", [True, False])
def test_history__comes_back_as_it_was(tmp_path: Path, vintages: bool) -> None:
    data = history(vintages)
    save_history(tmp_path / "history", data)
    back = load_history(tmp_path / "history", STATION)
    pd.testing.assert_frame_equal(back.frame, data.frame, check_freq=False)
    assert (back.vintages is not None) == vintages
    if vintages:
        pd.testing.assert_frame_equal(back.vintages.table, data.vintages.table)
    assert back.end == data.end


def test_history__is_replaced_as_a_whole(tmp_path: Path) -> None:
    save_history(tmp_path, history())
    save_history(tmp_path, history(vintages=False))
    assert load_history(tmp_path, STATION).vintages is None


def test_history__none_and_of_other_columns(tmp_path: Path) -> None:
    assert load_history(tmp_path, STATION) is None
    save_history(tmp_path, history())
    assert load_history(tmp_path, STATION.model_copy(update={"known_future": ("temperature",)})) is None


def test_history__damaged(tmp_path: Path) -> None:
    save_history(tmp_path, history())
    (tmp_path / "measurements.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(DataError, match=r"measurements\.parquet is damaged"):
        load_history(tmp_path, STATION)


def powers(first: str, count: int, level: float = 200.0, **station: object) -> StationData:
    """Hourly power that goes up and down by a tenth, and a temperature."""
    index = pd.date_range(first, periods=count, freq=str(station.get("step", "1h")), tz="Asia/Shanghai", name="time")
    known = station.get("known_future", ("temperature", "code"))
    hours = ((index - pd.Timestamp("2025-03-01", tz="Asia/Shanghai")) / pd.Timedelta("1h")).to_numpy()
    frame = pd.DataFrame({TOTAL: level * (1 + 0.1 * np.sin(hours)), "temperature": 11.0,
                          "code": pd.array(["晴"] * count, dtype="str")}, index=index)
    return StationData(STATION.model_copy(update=station), frame[[TOTAL, *known]])


def kept_in(folder: Path, station: Station = STATION) -> pd.Series:
    return load_history(folder, station).frame[TOTAL]


def test_extend_history__the_first_one(tmp_path: Path) -> None:
    assert extend_history(tmp_path, powers("2025-03-01", 60)) == ""
    assert len(kept_in(tmp_path)) == 60


def test_extend_history__fewer_rows_lose_none_and_bring_their_corrections(tmp_path: Path) -> None:
    extend_history(tmp_path, powers("2025-03-01", 100))
    newer = powers("2025-03-03", 60)            # rows 48 to 107 of those, so eight are new
    newer.frame.iloc[3, 0] = 211.0
    newer.frame.iloc[4, 0] = np.nan
    before = kept_in(tmp_path)
    assert extend_history(tmp_path, newer) == "48 rows that were kept before stay in the history"
    after = kept_in(tmp_path)
    assert len(after) == 108
    pd.testing.assert_series_equal(after.iloc[:48], before.iloc[:48], check_freq=False)
    assert (after.iloc[51], after.iloc[52]) == (211.0, before.iloc[52])


def test_extend_history__what_came_in_after_the_rows_that_are_given_stays(tmp_path: Path) -> None:
    extend_history(tmp_path, powers("2025-03-01", 100))
    extend_history(tmp_path, powers("2025-03-01", 50))
    assert len(kept_in(tmp_path)) == 100


def test_extend_history__a_gap_between_both_stays_a_gap(tmp_path: Path) -> None:
    extend_history(tmp_path, powers("2025-03-01", 24))
    extend_history(tmp_path, powers("2025-03-03", 24))
    assert kept_in(tmp_path).isna().sum() == 24


@pytest.mark.parametrize(("given", "told"), [
    (powers("2025-03-03", 60, level=200_000.0), "48 older rows that were kept are of another size and are left out"),
    (powers("2025-04-01", 60, level=0.2), "100 older rows that were kept are of another size and are left out"),
    (powers("2025-03-03", 60, known_future=("temperature",), categorical=()), "had other columns and is replaced"),
    (powers("2025-03-03", 60, step="30min"), "had other steps and is replaced"),
])
def test_extend_history__of_another_meter_or_form_is_replaced(tmp_path: Path, given: StationData, told: str) -> None:
    extend_history(tmp_path, powers("2025-03-01", 100))
    assert told in extend_history(tmp_path, given)
    pd.testing.assert_series_equal(kept_in(tmp_path, given.station), given.frame[TOTAL], check_freq=False)


def test_extend_history__shifted_rows_are_those_of_another_meter(tmp_path: Path) -> None:
    extend_history(tmp_path, powers("2025-03-01", 100))
    shifted = powers("2025-03-01", 60)
    shifted.frame[TOTAL] = np.roll(shifted.frame[TOTAL].to_numpy(), 3)
    assert "40 older rows" in extend_history(tmp_path, shifted)
    assert len(kept_in(tmp_path)) == 60


def test_history__of_a_station_whose_zone_is_told_anew(tmp_path: Path) -> None:
    data = history()
    save_history(tmp_path, data)
    tokyo = STATION.model_copy(update={"timezone": "Asia/Tokyo"})
    back = load_history(tmp_path, tokyo)
    assert str(back.frame.index.tz) == str(back.vintages.table.index.levels[0].tz) == "Asia/Tokyo"
    assert (back.frame.index == data.frame.index).all()
    assert (back.vintages.table.index == data.vintages.table.index).all()
    later = StationData(tokyo, data.frame.tz_convert("Asia/Tokyo").iloc[20:])
    assert extend_history(tmp_path, later) == "19 rows that were kept before stay in the history"
    assert str(load_history(tmp_path, tokyo).frame.index.tz) == "Asia/Tokyo"
