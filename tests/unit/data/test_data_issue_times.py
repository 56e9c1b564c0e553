"""Times of issue that cannot be: forecasts that no origin can use are told, or an error where that is all of them."""

from collections.abc import Callable

import pandas as pd
import pytest

from wattcast.data.issue_times import require_usable
from wattcast.data.quality import Finding
from wattcast.data.schema import WeatherVintages
from wattcast.errors import DataError

HOUR = pd.Timedelta(hours=1)
Issue = Callable[[pd.Timestamp, pd.Timestamp], pd.Timestamp]


def found(issue: Issue, hours: int = 72, days: int = 10) -> list[Finding]:
    starts = pd.date_range("2025-06-01", periods=days, tz="Asia/Shanghai")
    rows = [(issue(start, start + hour * HOUR), start + hour * HOUR) for start in starts for hour in range(hours)]
    index = pd.MultiIndex.from_tuples(rows, names=["issued", "time"])
    return require_usable(WeatherVintages(pd.DataFrame({"temp": 1.0}, index=index).sort_index()), HOUR, "a.csv")


def test_usable__forecasts_as_they_should_be_are_not_told() -> None:
    assert found(lambda start, _: start) == []
    # The analysis of the hours before is in many tables.
    assert found(lambda start, _: start + 24 * HOUR) == []


@pytest.mark.parametrize(("issue", "message"), [
    (lambda start, _: start + 240 * HOUR, "before their issue"),
    (lambda *_: pd.Timestamp("2026-01-01", tz="Asia/Shanghai"), "before their issue"),
    (lambda start, _: start - pd.Timedelta(days=365), "more than 16 days after their issue"),
])
def test_usable__none_that_can_be_used_is_an_error(issue: Issue, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        found(issue)
    assert "for 2025-06-01 00:00" in str(raised.value)


def test_usable__most_that_cannot_be_used_are_told() -> None:
    told = found(lambda start, _: start + 48 * HOUR)
    assert [each.kind for each in told] == ["issued"]
    assert told[0].count == 10 * 48
    assert "never used" in told[0].action


def test_usable__the_time_at_which_a_row_was_written_is_no_issue() -> None:
    told = found(lambda _, time: time)
    assert len(told) == 1
    assert "end 1h after their issue at the latest" in told[0].action
