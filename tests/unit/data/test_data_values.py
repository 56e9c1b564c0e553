"""Cells to numbers and codes."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from wattcast.data.values import to_codes, to_numbers
from wattcast.errors import DataError


def numbers(cells: list[object], dtype: str | None = None) -> list[float]:
    return to_numbers(pd.Series(cells, name="load", dtype=dtype), lambda row: f"data.csv, line {row + 2}").tolist()


@pytest.mark.parametrize(("cells", "dtype"), [
    ([200, 201], "int64"), ([200.0, 201.0], "float32"), (["200", " 201 "], "str"),
    ([Decimal(200), Decimal(201)], "object"),
    (["200", 201], "object"), ([200, 201], "Int64"), (["200", "201"], "category"), ([200, 201], "category"),
])
def test_to_numbers__from_any_type(cells: list[object], dtype: str) -> None:
    assert numbers(cells, dtype) == [200.0, 201.0]


@pytest.mark.parametrize("empty", ["", " ", "-", "--", "NA", "n/a", "NULL", "None", "nan", "无", "inf", None, np.nan,
                                   "-1.#J", "1.#INF", "Bad Data", "Not Connect", "///", "#", "采集失败"])
def test_to_numbers__ways_to_say_nothing(empty: object) -> None:
    values = numbers(["200", empty, "201"])
    assert np.isnan(values[1])
    assert [values[0], values[2]] == [200.0, 201.0]


def test_to_numbers__missing_integers_and_infinity() -> None:
    assert np.isnan(numbers([1, None], "Int64")[1])
    assert np.isnan(numbers([1.0, np.inf])).tolist() == [False, True]


def test_to_numbers__truth() -> None:
    assert numbers([True, False], "bool") == [1.0, 0.0]
    assert numbers(["True", "false", "1"]) == [1.0, 0.0, 1.0]


def test_to_numbers__text_names_line_value_and_count() -> None:
    with pytest.raises(DataError) as caught:
        numbers(["200", "offline", "-", "12,5", "offline"])
    message = str(caught.value)
    assert "data.csv, line 3: the column 'load' should hold numbers" in message
    assert "'offline'; in 3 rows: 'offline', '12,5'" in message
    assert "data.categorical" in message


def test_to_numbers__times_are_no_numbers() -> None:
    with pytest.raises(DataError, match="should hold numbers"):
        to_numbers(pd.Series(pd.date_range("2025-01-01", periods=2), name="load"), str)


def test_to_codes__numbers_and_texts_agree() -> None:
    expected = ["100", "101"]
    for cells in ([100, 101], [100.0, 101.0], ["100", "101"], ["100.0", " 101 "]):
        codes = to_codes(pd.Series(cells))
        assert codes.tolist() == expected
        assert codes.dtype == "str"
    assert to_codes(pd.Series([100.0, None]))[0] == "100"


def test_to_codes__keeps_leading_zeros_long_ids_and_rows() -> None:
    codes = to_codes(pd.Series(["007", "1716387625733984256", "007", "7.50"], index=[5, 6, 9, 11]))
    assert codes.to_dict() == {5: "007", 6: "1716387625733984256", 9: "007", 11: "7.50"}


def test_to_codes__missing() -> None:
    assert to_codes(pd.Series(["晴", "", "-", None, "NaN"])).isna().tolist() == [False, True, True, True, True]
    assert to_codes(pd.Series([None, None], dtype="object")).isna().all()


@pytest.mark.parametrize("word", ["unavailable", "?", "#VALUE!", "--", "bad", "n.a.", "无效", " Unknown ", "#DIV/0!"])
def test_to_numbers__words_for_a_reading_that_there_is_not(word: str) -> None:
    numbers = to_numbers(pd.Series(["200.5", word, "202"], name="kw"), lambda row: f"x.csv, line {row + 2}")
    np.testing.assert_array_equal(numbers, [200.5, np.nan, 202])


def test_to_numbers__further_words_are_told() -> None:
    cells = pd.Series(["200.5", "Aus", "202"], name="kw")
    with pytest.raises(DataError, match=r"'Aus'(?s:.*)data\.missing_words"):
        to_numbers(cells, lambda row: f"x.csv, line {row + 2}")
    np.testing.assert_array_equal(to_numbers(cells, str, ["aus "]), [200.5, np.nan, 202])


def test_to_codes__a_category_may_be_called_bad() -> None:
    assert to_codes(pd.Series(["bad", "?", "fair"])).tolist() == ["bad", "?", "fair"]
    assert to_codes(pd.Series(["bad", "fair"]), ["bad"]).isna().tolist() == [True, False]


@pytest.mark.parametrize("word", ["#NV", "#¡DIV/0!", "#VALEUR!", "#N/A", "#REF!", "#NOMBRE?", "[-11059] No Good Data",
                                  "I/O Timeout", "1.#QNAN", "暂无数据"])
def test_to_numbers__errors_of_spreadsheets_and_historians(word: str) -> None:
    assert np.isnan(numbers(["200", word])).tolist() == [False, True]


def test_to_numbers__a_unit_behind_some_numbers_only_tells_nothing() -> None:
    """950 and 1.2 kW may be 950 W and 1200 W."""
    assert numbers(["1.2 kW", "0", "NA", "0.95 kW"])[3] == 0.95
    with pytest.raises(DataError, match=r"'1\.2 kW'"):
        numbers(["950", "1.2 kW"])
