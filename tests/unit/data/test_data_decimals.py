"""Commas and points in numbers."""

from pathlib import Path

import pandas as pd
import pytest

from wattcast.data.decimals import plain_numbers
from wattcast.data.tables import read_table
from wattcast.data.textfiles import FileOptions
from wattcast.errors import DataError


def plain(decimal: str | None = None, **columns: list[str]) -> dict[str, list[object]]:
    frame, _ = plain_numbers(pd.DataFrame(columns, dtype="str"), list(columns), decimal, "x.csv")
    return {name: frame[name].tolist() for name in frame}


@pytest.mark.parametrize(("texts", "expected"), [
    (["1,5", "20,25"], [1.5, 20.25]),
    (["0,512", "412,123"], [0.512, 412.123]),
    (["1.234,5", "987,25", "1.000"], [1234.5, 987.25, 1000]),
    (["1.234.567,8"], [1234567.8]),
    (["1,234.5", "987.25"], [1234.5, 987.25]),
    (["1,234,567", "1,000"], [1234567, 1000]),
    (["1 234,5", "1\u00a0000,25"], [1234.5, 1000.25]),
    (["1'234.5"], [1234.5]), (["1ʼ234.5"], [1234.5]), (["1‘234.5"], [1234.5]), (["1\u2009234,5"], [1234.5]),
    (["-1,5", "−2,5", "+3,0"], [-1.5, -2.5, 3]),
    (["–1.5", "‐2.5", "－3.5"], [-1.5, -2.5, -3.5]),
    (["1,5e3", "4,125E+02", "2,5E-1"], [1500, 412.5, 0.25]),
    (["1.5", "2"], [1.5, 2]),
])
def test_plain_numbers__what_is_plain_by_itself(texts: list[str], expected: list[object]) -> None:
    assert plain(kw=texts)["kw"] == expected


def test_plain_numbers__one_column_tells_for_the_others() -> None:
    assert plain(kw=["412,123"], temp=["1,5"]) == {"kw": [412.123], "temp": [1.5]}


def test_plain_numbers__words_stay_for_those_who_know_them() -> None:
    assert plain(kw=["1,5", "NA", "off"])["kw"] == ["1.5", "NA", "off"]
    assert plain(text=["Rain, heavy"], kw=["1,5"])["text"] == ["Rain, heavy"]


def test_plain_numbers__commas_that_may_be_either_are_an_error_with_both_readings() -> None:
    with pytest.raises(DataError, match=r"x\.csv(?s:.*)'kw'(?s:.*)412\.123(?s:.*)412123"):
        plain(kw=["412,123", "300,000"])
    assert plain(",", kw=["412,123"])["kw"] == [412.123]
    assert plain(".", kw=["412,123"])["kw"] == [412123]


def test_plain_numbers__points_that_may_be_either_beside_decimal_commas() -> None:
    with pytest.raises(DataError, match=r"points in the column 'kw'(?s:.*)1234"):
        plain(kw=["1.234", "2.345"], temp=["1,5", "2,5"])
    assert plain(kw=["1.2", "2.345"], temp=["1,5", "2,5"])["kw"] == [1.2, 2.345]
    assert plain(",", kw=["1.234"], temp=["1,5"])["kw"] == [1234]


def test_plain_numbers__both_ways_in_one_file() -> None:
    with pytest.raises(DataError, match="before decimals and between thousands"):
        plain(a=["1,5"], b=["1,234.5"])


@pytest.mark.parametrize(("texts", "expected"), [
    (["1,23,456.7", "12,345.5"], [123456.7, 12345.5]), (["12,34,567", "1,23,456.0"], [1234567, 123456]),
    (["1.234.567", "987.654", "321"], [1234567, 987654, 321]),
    (["12.5-", "(3.5)", "−2"], [-12.5, -3.5, -2]), (["1.234,5-", "(7,5)"], [-1234.5, -7.5]),
])
def test_plain_numbers__as_bookkeepers_and_countries_write_them(texts: list[str], expected: list[object]) -> None:
    assert plain(kw=texts)["kw"] == expected


def test_plain_numbers__a_sign_of_its_own_beside_a_word() -> None:
    assert plain(kw=["−2.5", "NA"])["kw"] == ["-2.5", "NA"]


def test_point_groups__beside_hundreds_are_a_question(tmp_path: Path) -> None:
    """987 and 1.012 are 987 and 1012, which a program would read as little more than 1."""
    loads = [*range(960, 1040), 1234]
    path = tmp_path / "a.csv"
    path.write_text("time;kw\n" + "".join(f"2025-05-20;{load:,}\n".replace(",", ".") for load in loads))
    with pytest.raises(DataError, match="may stand before decimals or between thousands") as caught:
        read_table([path], ["time", "kw"], ["time"])
    assert "'1.000' in 41 rows, all with three digits behind the point, beside '960'" in str(caught.value)
    read = {decimal: read_table([path], ["time", "kw"], ["time"], FileOptions(decimal=decimal)).frame["kw"].tolist()
            for decimal in ",."}
    assert read[","] == loads
    assert read["."][-1] == pytest.approx(1.234)


@pytest.mark.parametrize("form", ["{:.3f}", "{:g}"])
def test_point_groups__decimals_are_none(tmp_path: Path, form: str) -> None:
    loads = [100 + number / 8 for number in range(200)]
    path = tmp_path / "a.csv"
    path.write_text("time;kw\n" + "".join(f"2025-05-20;{form.format(load)}\n" for load in loads))
    assert read_table([path], ["time", "kw"], ["time"]).frame["kw"].tolist() == pytest.approx(loads)
