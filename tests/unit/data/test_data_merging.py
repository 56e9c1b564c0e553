import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.merging import merge
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError

STATION = Station(id="works", known_future=("temperature", "code"), categorical=("code",), step="1h")


def rows(first: str, power: list[float], temperature: float = 1.0, station: Station = STATION) -> StationData:
    index = pd.date_range(first, periods=len(power), freq="1h", tz="Asia/Shanghai", name="time")
    frame = pd.DataFrame({TOTAL: np.asarray(power, float), "temperature": temperature, "code": "sunny"}, index=index)
    return StationData(station, frame.astype({"code": "str"}))


def test_merge__appends_and_leaves_a_gap_a_gap() -> None:
    merged = merge(rows("2025-03-01 00:00", [201, 202, 203]), rows("2025-03-01 05:00", [301, 302]))
    np.testing.assert_array_equal(merged.data.frame[TOTAL], [201, 202, 203, np.nan, np.nan, 301, 302])
    assert merged.to_dict() == {"appended": 2, "late": 0, "corrected": 0}
    assert merged.notes() == []
    assert merged.data.frame["code"].dtype == "str"


def test_merge__fills_late_rows_and_corrects_others() -> None:
    nan = float("nan")
    merged = merge(rows("2025-03-01 00:00", [201, nan, 203, 204]), rows("2025-03-01 01:00", [302, 203, 304, 305]))
    np.testing.assert_array_equal(merged.data.frame[TOTAL], [201, 302, 203, 304, 305])
    assert merged.to_dict() == {"appended": 1, "late": 1, "corrected": 1}
    assert merged.rewritten == pytest.approx(1 / 3)
    assert merged.notes() == ["1 rows came late and were filled in",
                              "1 rows between 2025-03-01 03:00 and 2025-03-01 03:00 were corrected"]


def test_merge__an_empty_cell_takes_nothing_away() -> None:
    merged = merge(rows("2025-03-01 00:00", [201, 202]), rows("2025-03-01 00:00", [float("nan"), 302], float("nan")))
    assert merged.data.frame[TOTAL].tolist() == [201, 302]
    assert merged.data.frame["temperature"].tolist() == [1.0, 1.0]


def test_merge__the_same_rows_again_change_nothing() -> None:
    old = rows("2025-03-01 00:00", [201, 202, 203])
    merged = merge(old, rows("2025-03-01 00:00", [201, 202.0000000001, 203]))
    assert merged.to_dict() == {"appended": 0, "late": 0, "corrected": 0}
    assert merged.rewritten == 0


def test_merge__a_rounding_is_a_correction_and_no_rewriting() -> None:
    merged = merge(rows("2025-03-01 00:00", [201.4, 202.4]), rows("2025-03-01 00:00", [201, 202]))
    assert (merged.corrected, merged.rewritten) == (2, 0)


def test_merge__rows_before_the_history_are_welcome() -> None:
    merged = merge(rows("2025-03-01 02:00", [203]), rows("2025-03-01 00:00", [101]))
    np.testing.assert_array_equal(merged.data.frame[TOTAL], [101, np.nan, 203])
    assert merged.late == 1


def test_merge__newer_weather_forecasts_join_the_old_ones() -> None:
    def vintages(issued: str, value: float) -> WeatherVintages:
        instants = [pd.Timestamp(issued, tz="Asia/Shanghai")]
        times = pd.DatetimeIndex(instants)
        index = pd.MultiIndex.from_arrays([times, times], names=["issued", "time"])
        return WeatherVintages(pd.DataFrame({"temperature": [value]}, index=index))

    old = StationData(STATION, rows("2025-03-01", [201]).frame, vintages("2025-03-01", 11))
    new = StationData(STATION, rows("2025-03-01", [201]).frame, vintages("2025-03-02", 12))
    again = StationData(STATION, new.frame, vintages("2025-03-01", 13))
    assert merge(old, new).data.vintages.table["temperature"].tolist() == [11, 12]
    assert merge(old, again).data.vintages.table["temperature"].tolist() == [13]
    assert merge(old, rows("2025-03-01", [201])).data.vintages is old.vintages
    assert merge(rows("2025-03-01", [201]), new).data.vintages is new.vintages


def test_merge__refuses_other_columns_and_another_grid() -> None:
    old = rows("2025-03-01 00:00", [201, 202])
    with pytest.raises(DataError, match="not on the grid"):
        merge(old, rows("2025-03-01 00:30", [301]))
    other = STATION.model_copy(update={"known_future": ("temperature",)})
    with pytest.raises(DataError, match="other columns") as caught:
        merge(old, StationData(other, old.frame[[TOTAL, "temperature"]]))
    assert caught.value.expected == f"{TOTAL}, temperature, code"
