"""Times as digits alone, as numbers, with AM and PM, in an order that may be doubtful."""

import pandas as pd
import pytest

from wattcast.data.times import to_instants
from wattcast.errors import DataError

SHANGHAI = "Asia/Shanghai"
QUARTER_PAST = pd.Timestamp("2025-05-20 00:15", tz=SHANGHAI)


def instants(cells: list[object], day_first: bool | None = None) -> pd.DatetimeIndex:
    return to_instants(pd.Series(cells, name="ts"), SHANGHAI, lambda row: f"line {row + 2}", day_first=day_first)[0]


@pytest.mark.parametrize("cell", [
    "202505200015", "20250520001500", "20250520 00:15", 1747671300, "1747671300", 1747671300000, 1747671300.0,
    "1747671300000000", 45797.010416666664, "45797.0104", "45797,01042", "45797.010", "5/20/2025 12:15 AM",
    "05/20/2025 12:15:00 a.m.", "2025-05-20 12:15 AM", "2025/5/20 上午 12:15", "20-May-2025 00:15", "20.05.25 00:15",
    "2025-05-19 16:15 UTC", "2025-05-20 00:15 GMT+8", "2025-05-20 00:15 UTC+08:00",
])
def test_to_instants__one_instant_in_many_forms(cell: object) -> None:
    assert instants([cell, cell]).tolist() == [QUARTER_PAST, QUARTER_PAST]


def test_to_instants__afternoon_and_the_end_of_a_day() -> None:
    assert instants(["5/20/2025 1:15 PM"])[0] == QUARTER_PAST + pd.Timedelta("13h")
    assert instants(["2025/5/20 下午1:15:00"])[0] == QUARTER_PAST + pd.Timedelta("13h")
    assert instants(["202505202400"])[0] == QUARTER_PAST + pd.Timedelta("23h45min")
    assert instants(["2025052013"])[0] == QUARTER_PAST + pd.Timedelta("12h45min")


def test_to_instants__numbers_that_are_seconds_have_an_offset_others_not() -> None:
    assert not to_instants(pd.Series(["1747671300"]), SHANGHAI, str)[1]
    assert to_instants(pd.Series(["45797.0104"]), SHANGHAI, str)[1]


def test_to_instants__day_numbers_keep_every_quarter_of_an_hour() -> None:
    times = pd.date_range("2025-05-20", periods=96, freq="15min", tz=SHANGHAI)
    numbers = (times.tz_localize(None) - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    for decimals in (3, 4, 5, 8):
        assert (instants([f"{number:.{decimals}f}" for number in numbers]) == times).all()


def test_to_instants__doubtful_order_is_an_error_with_both_readings() -> None:
    with pytest.raises(DataError) as caught:
        instants(["05/05/2025 00:15", "05/06/2025 12:15 AM".replace("12:15 AM", "00:15")])
    message = str(caught.value)
    assert "line 3" in message
    assert "day_first=true reads it as 2025-06-05 00:15" in message
    assert "day_first=false reads it as 2025-05-06 00:15" in message


def test_to_instants__the_setting_decides_a_doubtful_order() -> None:
    assert instants(["05/06/2025 00:15"], day_first=True)[0] == pd.Timestamp("2025-06-05 00:15", tz=SHANGHAI)
    assert instants(["05/06/2025 00:15"], day_first=False)[0] == pd.Timestamp("2025-05-06 00:15", tz=SHANGHAI)


@pytest.mark.parametrize("cells", [["123", "124"], ["999999999999999", "1"], ["209913012500", "209913012515"]])
def test_to_instants__numbers_that_can_be_no_times(cells: list[object]) -> None:
    with pytest.raises(DataError, match="should hold times"):
        instants(cells)


def test_to_instants__a_bad_row_among_numbers_is_named() -> None:
    with pytest.raises(DataError, match=r"line 4(?s:.*)'noon'; in 1 rows"):
        instants(["1747671300", "1747672200", "noon", "1747673100"])


@pytest.mark.parametrize(("zone", "day"), [("Europe/Berlin", "2024-10-27"), ("Australia/Lord_Howe", "2025-04-06")])
def test_to_instants__newest_first_over_a_repeated_hour(zone: str, day: str) -> None:
    start = pd.Timestamp(day, tz=zone) - pd.Timedelta(days=1)
    times = pd.date_range(start, periods=96 * 3, freq="15min")[::-1]
    cells = pd.Series(times.tz_localize(None).strftime("%Y-%m-%d %H:%M"), name="ts")
    assert (to_instants(cells, zone, str)[0] == times).all()


@pytest.mark.parametrize("form", ["%y/%m/%d %H:%M", "%y-%m-%d %H:%M", "%y.%m.%d %H:%M", "%d/%m/%y %H:%M",
                                  "%d-%m-%y %H:%M", "%d.%m.%y %H:%M", "%m/%d/%y %H:%M", "%y%m%d%H%M", "%y%m%d%H%M%S"])
def test_to_instants__years_of_two_digits_go_by_the_days_that_follow_each_other(form: str) -> None:
    times = pd.date_range("2025-05-15", periods=24 * 20, freq="1h", tz=SHANGHAI)
    assert (instants(list(times.strftime(form))) == times).all()


def test_to_instants__a_single_day_may_begin_with_its_day_or_its_year() -> None:
    with pytest.raises(DataError, match="begin with the day or with the year") as caught:
        instants(["25/05/20 00:15", "25/05/20 00:30"])
    message = str(caught.value)
    assert "day_first=true reads it as 2020-05-25 00:15:00" in message
    assert "day_first=false reads it as 2025-05-20 00:15:00" in message
    assert instants(["25/05/20 00:15"], day_first=False)[0] == QUARTER_PAST
    assert instants(["20/05/25 00:15"], day_first=True)[0] == QUARTER_PAST


@pytest.mark.parametrize("cells", [["1.74637E+12", "1.74637E+12"], ["2.02505E+11", "2.02505E+11"]])
def test_to_instants__digits_that_a_spreadsheet_lost_are_an_error(cells: list[object]) -> None:
    with pytest.raises(DataError, match="line 2: the times in the column 'ts' lost digits"):
        instants(cells)
    assert instants(["1.7476713E+12"])[0] == QUARTER_PAST


def test_to_instants__midnights_without_a_clock_parts_of_seconds_and_mixed_seconds() -> None:
    cells = [f"20-May-2025{clock}" for clock in ("", " 00:15:00", " 00:15:30", " 00:15:30.250", " 1:00")]
    assert instants(list(cells)).tolist() == [QUARTER_PAST + pd.Timedelta(seconds=more) for more in (
        -900, 0, 30, 30.25, 2700)]


@pytest.mark.parametrize("cell", ["2025-05-20T24:00:00", "2025-05-20T24:00:00+08:00", "2025-05-20 24:00:00.000"])
def test_to_instants__24_behind_any_date(cell: str) -> None:
    assert instants([cell.replace("24:00", "23:00"), cell])[1] == pd.Timestamp("2025-05-21", tz=SHANGHAI)


def test_to_instants__ticks_of_another_clock_are_no_nanoseconds() -> None:
    with pytest.raises(DataError, match="should hold times"):
        instants(["638820000000000000", "638820036000000000"])
