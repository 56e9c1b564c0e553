from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError
from wattcast.store.history import guessed_station, load_history, save_history

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


def test_history__of_a_station_whose_zone_is_told_anew(tmp_path: Path) -> None:
    data = history()
    save_history(tmp_path, data)
    tokyo = STATION.model_copy(update={"timezone": "Asia/Tokyo"})
    back = load_history(tmp_path, tokyo)
    assert str(back.frame.index.tz) == str(back.vintages.table.index.levels[0].tz) == "Asia/Tokyo"
    assert (back.frame.index == data.frame.index).all()
    assert (back.vintages.table.index == data.vintages.table.index).all()


@pytest.mark.parametrize("vintages", [True, False])
def test_history__says_what_the_station_is(tmp_path: Path, vintages: bool) -> None:
    save_history(tmp_path, history(vintages))
    found = load_history(tmp_path, None)
    assert found is not None
    assert found.station == STATION


def test_history__of_an_early_version_says_nothing_of_the_station_and_is_read(tmp_path: Path) -> None:
    data = history()
    data.frame.to_parquet(tmp_path / "measurements.parquet")
    data.vintages.table.to_parquet(tmp_path / "weather_forecasts.parquet")
    assert load_history(tmp_path, None) is None
    back = load_history(tmp_path, STATION)
    pd.testing.assert_frame_equal(back.frame, data.frame, check_freq=False)
    pd.testing.assert_frame_equal(back.vintages.table, data.vintages.table)
    guessed = guessed_station(tmp_path, "works")
    assert guessed.columns == STATION.columns
    assert (guessed.categorical, guessed.timezone, guessed.step) == (("code",), "Asia/Shanghai", "60min")


def test_history__what_is_asked_for_since_a_time_is_read_alone(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", periods=400 * 24, freq="1h", tz="Asia/Shanghai", name="time")
    station = Station(id="works", known_future=("temperature",), step="1h")
    frame = pd.DataFrame({TOTAL: np.arange(len(index), dtype=float), "temperature": 1.0}, index=index)
    issues = index[::24]
    both = pd.MultiIndex.from_product([issues, range(48)], names=["issued", "lead"])
    times = both.get_level_values("issued") + pd.to_timedelta(both.get_level_values("lead"), unit="h")
    both = pd.MultiIndex.from_arrays([both.get_level_values("issued"), times], names=["issued", "time"])
    table = pd.DataFrame({"temperature": np.arange(len(both), dtype=float)}, index=both)
    save_history(tmp_path, StationData(station, frame, WeatherVintages(table)))
    since = index[-30 * 24] + pd.Timedelta("30min")
    back = load_history(tmp_path, station, since)
    pd.testing.assert_frame_equal(back.frame, frame[index >= since], check_freq=False)
    newest = issues[issues < since][-1]
    pd.testing.assert_frame_equal(back.vintages.table, table[table.index.get_level_values("issued") >= newest])
    groups = pq.ParquetFile(tmp_path / "measurements.parquet").metadata.num_row_groups
    assert groups == 13
    for edge, count in ((issues[0], 400), (issues[3], 398), (issues[-1] + pd.Timedelta("9D"), 1)):
        issued = load_history(tmp_path, station, edge).vintages.table.index.get_level_values("issued")
        assert issued.nunique() == count
