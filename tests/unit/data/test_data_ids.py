"""Ids of stations stay what was written."""

import pandas as pd
import pytest

from wattcast.data.ids import to_ids
from wattcast.errors import DataError


def ids(*cells: object) -> list[str]:
    return to_ids(pd.Series(list(cells), name="site"), lambda row: f"line {row + 2}").tolist()


def test_to_ids__texts_keep_zeros_and_lose_blanks() -> None:
    assert ids("007", " 0123 ", "7\u00a0", '="007"', "1716387625733984256", "plant 1", "\ufeff9") == [
        "007", "0123", "7", "007", "1716387625733984256", "plant 1", "9"]


def test_to_ids__numbers_become_their_digits() -> None:
    assert ids(7, 83) == ["7", "83"]
    assert ids(7.0, 9007199254740992.0) == ["7", "9007199254740992"]
    assert ids("7.0", "1.5e+1", "12e3", "3E5", "1.10") == ["7", "15", "12e3", "3E5", "1.10"]


@pytest.mark.parametrize("lost", [
    "1.716387625733984e18", "1.716387625733984e+18", "1.71639E+18", "1716387625733984256.0", 1716387625733984256.0,
    "9007199254740994.0", "1.23457E+11",
])
def test_to_ids__digits_that_are_lost_are_an_error(lost: object) -> None:
    with pytest.raises(DataError, match=r"line 3: the station id in the column 'site' lost digits"):
        ids(type(lost)(7), lost)


def test_to_ids__empty_cells_are_missing() -> None:
    assert to_ids(pd.Series(["a", None, ""], name="site"), str).isna().tolist() == [False, True, True]
