"""A date in one column, the time of day in another."""

import pandas as pd
import pytest

from wattcast.data.clocks import ENDING, join
from wattcast.errors import DataError


def joined(clocks: list[object], dates: object = "2025-05-20", stamp: str | None = None,
           name: str = "hour") -> tuple[list[str], bool | None]:
    days = pd.Series([dates] * len(clocks), name="date")
    made = join(days, pd.Series(clocks, name=name), lambda row: f"line {row + 2}", stamp)
    return made.cells.tolist(), made.ends


@pytest.mark.parametrize(("clocks", "expected", "ends"), [
    (["00:15", "24:00"], ["00:15", "24:00"], None),
    (["00:00-00:15", "23:45 – 24:00"], ["00:00", "23:45"], False),
    (["0", "23"], ["00:00", "23:00"], False),
    (["1", "24"], ["01:00", "24:00"], True),
    (["1.0", "24.0"], ["01:00", "24:00"], True),
    (["HE01", "HE02"], ["01:00", "02:00"], True),
    (["0时", "13时"], ["0:00", "13:00"], None),
    (["1", "48"], ["00:00", "23:30"], False),
    (["1", "96"], ["00:00", "23:45"], False),
    (["0", "95"], ["00:00", "23:45"], False),
    (["15", "2345"], ["00:15", "23:45"], None),
    (["0015", "0030"], ["00:15", "00:30"], None),
    (["0.0104167", "0.5"], ["00:15", "12:00"], None),
    (["0.0416667", "1"], ["01:00", "24:00"], None),
    (["00-01", "23-24"], ["00:00", "23:00"], False),
    (["2", "3A", "3B", "24"], ["02:00", "03:00", "03:00", "24:00"], True),
])
def test_join__clocks_hours_and_numbers(clocks: list[object], expected: list[str], ends: bool | None) -> None:
    assert joined(clocks) == ([f"2025-05-20 {clock}" for clock in expected], ends)


@pytest.mark.parametrize("date", ["2025-05-20 00:00:00", pd.Timestamp("2025-05-20"), "45797", 45797.0])
def test_join__dates_as_spreadsheets_keep_them(date: object) -> None:
    assert joined(["00:15"], date) == (["2025-05-20 00:15"], None)


def test_join__a_column_that_tells_both_is_taken_alone() -> None:
    assert joined(["2025-05-20 00:15"])[0] == ["2025-05-20 00:15"]
    assert joined(["7"], "2025-05-20 00:15")[0] == ["2025-05-20 00:15"]


def test_join__hours_that_may_start_or_end_are_an_error_with_both_readings() -> None:
    with pytest.raises(DataError) as caught:
        joined(["6", "19"])
    assert "stamp=start reads 6 as 6:00 to 7:00" in str(caught.value)
    assert "stamp=end reads it as 5:00 to 6:00" in str(caught.value)
    assert joined(["6", "19"], stamp="start")[1] is False
    assert joined(["6", "19"], stamp="end")[1] is True
    assert joined(["6", "19"], name="Hour Ending")[1] is True


@pytest.mark.parametrize(("clocks", "message"), [
    (["1", "noon"], r"line 3: the column 'hour' should hold times of day(?s:.*)'noon'"),
    (["1", "30"], "should number the intervals of a day"),
    (["1", "-3"], "line 3"),
    (["1.5", "2"], "should hold times of day"),
])
def test_join__what_is_no_time_of_day(clocks: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        joined(clocks)


@pytest.mark.parametrize(("name", "ends"), [
    ("HourEnding", True), ("hour_ending", True), ("Interval End", True), ("HE", True), ("结束时间", True),
    ("periodEnd", True), ("Ende", True),
    ("calendar", False), ("Kalender", False), ("sender_id", False), ("hour", False),
])
def test_ending__names_of_columns_that_hold_an_end(name: str, ends: bool) -> None:
    assert bool(ENDING.search(name)) is ends


QUARTERS = [f"{hour}.{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize(("clocks", "first", "last"), [
    (["1899-12-30 00:15:00", "1899-12-30 13:00:00"], "00:15:00", "13:00:00"),
    (["1900-01-01 00:15:00.000", "1900-01-01 13:00:00.000"], "00:15:00.000", "13:00:00.000"),
    (["0 days 00:15:00", "0 days 13:00:00"], "00:15:00", "13:00:00"),
    (["1/1/1900 12:15:00 AM", "1/1/1900 1:00:00 PM"], "12:15:00 AM", "1:00:00 PM"),
    (["001500", "130000"], "00:15", "13:00"), (["1500", "130000"], "00:15", "13:00"),
    (["900", "46800"], "00:15", "13:00"), (["15", "75", "780"], "00:15", "13:00"),
    (["00시 15분", "13시"], "00:15", "13:00"),
    (QUARTERS, "00:00", "23:45"), ([str(quarter / 4) for quarter in range(96)], "00:00", "23:45"),
    ([str(half / 2) for half in range(48)], "00:00", "23:30"),
])
def test_join__clocks_of_databases_and_spreadsheets(clocks: list[object], first: str, last: str) -> None:
    made = joined(clocks)[0]
    assert (made[0], made[-1]) == (f"2025-05-20 {first}", f"2025-05-20 {last}")


@pytest.mark.parametrize("date", ["5/20/2025 12:00:00 AM", "2025-05-20 00:00:00.000", "20.05.2025 00:00"])
def test_join__dates_with_the_midnight_that_databases_write(date: str) -> None:
    assert joined(["00:15", "13:00"], date)[0] == [f"{date.partition(' ')[0]} 00:15", f"{date.partition(' ')[0]} 13:00"]


def test_join__a_date_in_the_first_row_of_each_day_only() -> None:
    dates = pd.Series(["2025-05-20", None, None, "2025-05-21", None], name="date", dtype="str")
    clocks = pd.Series(["00:00", "08:00", "16:00", "00:00", "08:00"], name="time")
    made = join(dates, clocks, str)
    assert made.cells.tolist() == ["2025-05-20 00:00", "2025-05-20 08:00", "2025-05-20 16:00", "2025-05-21 00:00",
                                   "2025-05-21 08:00"]
    assert made.note == "'date' tells the date in the first row of each day only: it holds until the next"
    # A row that lost its date is none of a day's others.
    lost = join(pd.Series(["2025-05-20"] * 4 + [None], name="date", dtype="str"), clocks, str)
    assert lost.cells.isna().tolist() == [False] * 4 + [True]
