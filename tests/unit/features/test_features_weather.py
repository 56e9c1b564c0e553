"""Encoding of given columns: quantities, wind directions, categories that may never have been seen."""

import numpy as np
import pandas as pd
import pytest

from wattcast.features.weather import MAX_CATEGORIES, ColumnEncoder, is_direction


def encoder(values: list[object], column: str = "text") -> ColumnEncoder:
    return ColumnEncoder.fit((column,), (column,), [pd.DataFrame({column: values})])


def encoded(fitted: ColumnEncoder, *values: object) -> list[list[float]]:
    return fitted.encode(pd.DataFrame({fitted.columns[0]: pd.Series(list(values), dtype="str")})).tolist()


def test_numbers__stay_as_they_are() -> None:
    fitted = ColumnEncoder.fit(("temperature", "cloud"), (), [])
    table = pd.DataFrame({"cloud": [10.0, np.nan], "temperature": [-3.5, 20.0]})
    assert fitted.names == ("temperature", "cloud")
    np.testing.assert_array_equal(fitted.encode(table), np.float32([[-3.5, 10], [20, np.nan]]))


@pytest.mark.parametrize("name", ["winddeg", "wd", "WD", "wind_direction", "windDirection", "wind_direction_100m",
                                  "wd100m", "wind_dir", "wind360", "风向"])
def test_direction__recognised_by_name(name: str) -> None:
    assert is_direction(name)


@pytest.mark.parametrize("name", ["windspeed", "wind", "windSpeed_100m", "window", "wdays", "wind_direct"])
def test_direction__not_seen_elsewhere(name: str) -> None:
    assert not is_direction(name)


def test_direction__north_from_both_sides_is_one_place() -> None:
    fitted = ColumnEncoder.fit(("winddeg",), (), [])
    assert fitted.names == ("winddeg_sin", "winddeg_cos")
    rows = fitted.encode(pd.DataFrame({"winddeg": [0.0, 360.0, 90.0, np.nan]}))
    np.testing.assert_allclose(rows[:3], [[0, 1], [0, 1], [1, 0]], atol=1e-6)
    assert np.isnan(rows[3]).all()


def test_categories__one_hot_by_frequency() -> None:
    fitted = encoder(["阴", "晴", "晴", "雨", "晴", "雨"])
    assert fitted.names == ("text=晴", "text=雨", "text=阴", "text=other")
    assert encoded(fitted, "雨", "晴") == [[0, 1, 0, 0], [1, 0, 0, 0]]


def test_unseen_category__is_other_and_shifts_nothing() -> None:
    fitted = encoder(["晴", "阴"])
    alone = encoded(fitted, "阴")
    assert encoded(fitted, "a hailstorm", "阴", "b hailstorm") == [[0, 0, 1], *alone, [0, 0, 1]]


def test_missing_category__is_missing_in_all_columns() -> None:
    fitted = encoder(["晴", None, None, None])
    assert fitted.names == ("text=晴", "text=other")
    rows = encoded(fitted, None, "晴")
    assert np.isnan(rows[0]).all()
    assert rows[1] == [1, 0]


def test_rare_categories__share_a_place() -> None:
    values = [f"c{rank:02d}" for rank in range(20) for _ in range(40 - rank)]
    fitted = encoder(values)
    assert len(fitted.names) == MAX_CATEGORIES + 1
    assert fitted.vocabulary["text"] == tuple(f"c{rank:02d}" for rank in range(MAX_CATEGORIES))
    assert encoded(fitted, "c12", "c19") == [[0] * 12 + [1]] * 2


def test_codes__one_spelling_for_integers_read_as_decimals() -> None:
    fitted = encoder(["100", "104.0", "104", " 104 "], "code")
    assert fitted.vocabulary == {"code": ("104", "100")}
    assert encoded(fitted, "100.0", "104") == [[0, 1, 0], [1, 0, 0]]


def test_categories__are_counted_in_all_tables_given() -> None:
    frame, issued = pd.DataFrame({"text": ["晴"]}), pd.DataFrame({"text": ["阴", "阴"], "cloud": [1.0, 2.0]})
    fitted = ColumnEncoder.fit(("text",), ("text",), [frame, issued, pd.DataFrame({"cloud": [1.0]})])
    assert fitted.vocabulary == {"text": ("阴", "晴")}


def test_absent_column__is_missing() -> None:
    fitted = ColumnEncoder.fit(("temperature", "winddeg", "text"), ("text",), [pd.DataFrame({"text": ["晴"]})])
    rows = fitted.encode(pd.DataFrame({"temperature": [21.0, 22.0]}))
    np.testing.assert_array_equal(rows, np.float32([[21, *[np.nan] * 4], [22, *[np.nan] * 4]]))


def test_no_columns__empty_of_the_right_length() -> None:
    assert ColumnEncoder.fit((), (), []).encode(pd.DataFrame({"x": [1.0, 2.0]})).shape == (2, 0)
