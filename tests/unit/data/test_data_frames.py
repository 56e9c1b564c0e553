"""What the index of a data frame holds becomes columns, or an error says what it should hold."""

import pandas as pd
import pytest

from wattcast.data.frames import as_table, with_columns
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

TIMES = pd.date_range("2025-06-01", periods=4, freq="15min")
STATIONS = ["north", "north", "south", "south"]


def frame(index: pd.Index | None = None) -> pd.DataFrame:
    return pd.DataFrame({"kw": [200.0, 201.0, 300.0, 301.0]}, index=index)


def columns(index: pd.Index, **config: object) -> list[str]:
    return list(with_columns(frame(index), DataConfig.model_validate(config), "data frame"))


def test_times__of_an_index_become_a_column() -> None:
    assert columns(TIMES) == ["Unnamed: 0", "kw"]
    assert columns(TIMES.rename("ts")) == ["ts", "kw"]
    assert columns(TIMES.rename("written")) == ["Unnamed: 0", "kw"]
    assert columns(TIMES.rename("written"), time={"column": "written"}) == ["written", "kw"]
    assert columns(TIMES.astype(str).rename("time")) == ["time", "kw"]
    assert columns(TIMES.astype(str).rename("written"), time={"column": "written"}) == ["written", "kw"]


def test_times__periods_are_their_starts() -> None:
    made = with_columns(frame(pd.period_range("2025-06-01", periods=4, freq="h")), DataConfig(), "data frame")
    assert made["Unnamed: 0"].tolist() == list(pd.date_range("2025-06-01", periods=4, freq="h"))


@pytest.mark.parametrize("index", [
    pd.RangeIndex(4), pd.Index([5, 6, 7, 8], name="row"), pd.Index(STATIONS)])
def test_other_indexes__are_left_out(index: pd.Index) -> None:
    assert columns(index) == ["kw"]


def test_stations__of_an_index_that_says_so_become_a_column() -> None:
    assert columns(pd.Index(STATIONS, name="station_id")) == ["station_id", "kw"]
    assert columns(pd.Index(STATIONS, name="plant"), station_column="plant") == ["plant", "kw"]


@pytest.mark.parametrize(("names", "found"), [
    ([None, None], ["station_ref_id", "Unnamed: 0", "kw"]), (["id", "when"], ["station_ref_id", "Unnamed: 0", "kw"]),
    (["site_id", "ts"], ["site_id", "ts", "kw"])])
def test_two_levels__are_stations_and_times(names: list[str | None], found: list[str]) -> None:
    index = pd.MultiIndex.from_arrays([STATIONS, TIMES], names=names)
    assert columns(index) == found
    assert columns(index.swaplevel()) == [found[1], found[0], "kw"]
    made = with_columns(frame(index), DataConfig(), "data frame")
    assert (made[found[0]].tolist(), made[found[1]].tolist()) == (STATIONS, list(TIMES))


def test_two_levels__by_the_names_that_the_configuration_gives() -> None:
    index = pd.MultiIndex.from_arrays([[7, 7, 8, 8], TIMES.astype(str)], names=["plant", "written"])
    config = {"station_column": "plant", "time": {"column": "written"}}
    assert columns(index, **config) == ["plant", "written", "kw"]
    with pytest.raises(DataError, match="2 levels that are not stations and times"):
        columns(index)


def test_issues__of_weather_forecasts_may_be_a_level() -> None:
    index = pd.MultiIndex.from_arrays([TIMES[[0, 0, 1, 1]], TIMES], names=["issued", "time"])
    assert columns(index) == ["issued", "time", "kw"]


@pytest.mark.parametrize("levels", [
    [TIMES, TIMES], [STATIONS, [1, 2, 3, 4]], [STATIONS, STATIONS, TIMES]])
def test_levels__that_cannot_be_told_are_an_error(levels: list[object]) -> None:
    with pytest.raises(DataError, match=f"the index of the data frame has {len(levels)} levels") as caught:
        columns(pd.MultiIndex.from_arrays(levels))
    assert "reset_index" in str(caught.value)


def test_columns__in_levels_are_an_error_that_shows_them() -> None:
    wide = frame().set_axis(pd.MultiIndex.from_tuples([("north", "kw")]), axis=1)
    with pytest.raises(DataError, match="the data frame has columns in 2 levels") as caught:
        with_columns(wide, DataConfig(), "data frame")
    assert "('north', 'kw')" in str(caught.value)


def test_columns__of_one_name_are_an_error_also_with_that_of_the_index() -> None:
    twice = frame(TIMES.rename("time")).assign(time=TIMES)
    with pytest.raises(DataError, match="several columns of one name") as caught:
        with_columns(twice, DataConfig(), "data frame")
    assert "counts as a column" in str(caught.value)


def test_frame__is_left_as_it_is() -> None:
    given = frame(TIMES)
    with_columns(given, DataConfig(), "data frame")
    assert list(given) == ["kw"]
    assert given.index.equals(TIMES)


def test_as_table__leaves_blank_rows_out_and_tells_places() -> None:
    table = as_table(pd.DataFrame({"kw": [1.0, None, 3.0]}), "data frame")
    assert table.frame["kw"].tolist() == [1, 3]
    assert table.place(2) == "data frame, row 3"
    with pytest.raises(DataError, match="the data frame has no rows"):
        as_table(pd.DataFrame({"kw": [None, None]}), "data frame")
