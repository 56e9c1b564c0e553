"""Signs and words in times, and years of other calendars."""

import pandas as pd
import pytest

from wattcast.data.times import to_instants
from wattcast.data.timesigns import in_our_years, tidy
from wattcast.errors import DataError

SHANGHAI = "Asia/Shanghai"
QUARTER_PAST = pd.Timestamp("2025-05-20 00:15", tz=SHANGHAI)


def instants(*cells: str) -> pd.DatetimeIndex:
    return to_instants(pd.Series(cells, name="ts"), SHANGHAI, lambda row: f"line {row + 2}")[0]


@pytest.mark.parametrize("cell", [
    "5/20/2025, 12:15:00 AM", "5/20/2025, 12:15:00\u202fAM", "20.5.2025, 00:15:00", "May 20, 2025 @ 00:15:00.000",
    "Tue May 20 2025 00:15:00 GMT+0800 (China Standard Time)", "Tue May 20 00:15:00 2025", "May 20, 2025, 12:15 AM",
    "20.5.2025 0.15", "20/05/2025 00.15.00", "20/05/2025 00h15", "20/05/2025 à 00:15", "20.05.2025 00:15 Uhr",
    "20.05.2025 00:15:00.000", "20/05/2025 00:15:00,0",
    "2025. 05. 20. 00:15", "2025. 5. 20. 오전 12:15:00", "2025년 05월 20일 00시 15분", "2025.05.20. 00:15:00",
    "2025年05月20日00时15分00秒", "2025年05月20日00:15", "20. 5. 2025 0:15", "20.5.2025. 0:15",
    "20/05/2025 12:15:00 a.\u00a0m.", "20250520:0015", "20250520_001500", "2025-05-20_00:15", "2025-05-20-00:15",
    "2025-05-20 00-15-00", "20MAY2025:00:15:00", "20-May-25 00:15", "2025-05-20T00:15+08:00[Asia/Shanghai]",
    "2025年5月20日 凌晨12:15", "2025/05/20 凌晨12:15:00", "2025-05-20 00：15", "２０２５-05-20　00:15",
    "2025-05-20 00:15:00 +0800 CST", "5/20/2025 12:15:00 AM +08:00", "19.05.2025 16:15:00Z", "\ufeff20.05.2025 00:15",
])
def test_time__as_programs_and_countries_write_it(cell: str) -> None:
    assert instants(cell, cell).tolist() == [QUARTER_PAST, QUARTER_PAST]


def test_time__parts_of_a_chinese_day() -> None:
    words = {"凌晨12": 0, "凌晨5": 5, "早上7": 7, "上午10": 10, "中午11": 11, "中午12": 12, "下午1": 13, "傍晚6": 18,
             "晚上11": 23}
    assert instants(*(f"2025年5月20日 {word}:15" for word in words)).hour.tolist() == list(words.values())


def test_time__months_by_their_whole_name() -> None:
    assert instants("September 1, 2025 00:15")[0] == pd.Timestamp("2025-09-01 00:15", tz=SHANGHAI)


@pytest.mark.parametrize(("cell", "counted"), [
    ("20/05/2568 00:15", "543 years before"), ("2568-05-20 00:15", "543 years before"), ("114/05/20 00:15", "1911"),
    ("民國114年5月20日 00:15", "1911"), ("令和7年5月20日 00:15", "2018")])
def test_years__of_other_calendars(cell: str, counted: str) -> None:
    assert instants(cell)[0] == QUARTER_PAST
    assert counted in str(in_our_years(pd.Series([cell]))[1])


def test_years__that_nothing_explains_are_an_error() -> None:
    with pytest.raises(DataError, match=r"line 3(?s:.*)in the year 1404(?s:.*)'1404-02-20 00:15'; 1 rows of 2"):
        instants("2025-05-20 00:00", "1404-02-20 00:15")
    # Only some look so: it is no calendar.
    assert in_our_years(pd.Series(["2568-05-20", "2025-05-20"]))[1] is None


def test_tidy__leaves_plain_times_alone() -> None:
    plain = ["2025-05-20 00:15", "2025-05-20T00:15:00+08:00", "20.05.2025 00:15:00", "05/20/2025 12:15 AM"]
    assert tidy(pd.Series(plain, dtype="str")).tolist() == plain
