import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.evaluation.counted import counted_forecasts, counted_issue, counted_rows, days_ahead
from wattcast.evaluation.issued import as_accuracy
from wattcast.store.base import IssuedForecast

START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)


def issued(day: int, value: float, after: str | None = "2h") -> IssuedForecast:
    """A week that holds one number."""
    index = pd.date_range(START + day * DAY, periods=168, freq="1h", name="time")
    made = None if after is None else index[0] + pd.Timedelta(after)
    return IssuedForecast(index[0], "v0001", pd.DataFrame({TOTAL: value}, index=index), made)


@pytest.mark.parametrize(("hours", "last", "first"), [
    ((2,), 0, 0), ((2, 9), 1, 0), ((2, 23, 25), 1, 0), ((24, 30), 0, 0), ((None, 5), 1, 0), ((None, 30), 0, 0)])
def test_counted_issue__the_last_before_the_day_of_the_origin_was_over(hours, last, first) -> None:
    issues = [None if each is None else START + pd.Timedelta(hours=each) for each in hours]
    assert counted_issue(START, issues) == last
    assert counted_issue(START, issues, "first") == first


def test_counted__forecasts_and_their_rows_alike() -> None:
    kept = [issued(24, 4.0, None), issued(24, 5.0, "9h"), issued(24, 6.0, "3D"), issued(25, 7.0)]
    rows = as_accuracy({"origin": made.origin, "issued": made.issued, "mae": made.table[TOTAL].iloc[0]}
                       for made in kept)
    for which, values in (("last", [5.0, 7.0]), ("first", [4.0, 7.0])):
        assert [made.table[TOTAL].iloc[0] for made in counted_forecasts(kept, which)] == values
        assert counted_rows(rows, which)["mae"].tolist() == values
    assert counted_rows(as_accuracy([])).empty


def test_days_ahead__the_newest_that_was_so_many_days_ahead_or_more() -> None:
    told = days_ahead([issued(day, float(day)) for day in (20, 21, 23)], 2)
    assert told.index.is_monotonic_increasing
    assert told.index.is_unique
    assert told.index[0] == START + 21 * DAY
    first = told[TOTAL].groupby(told.index.normalize()).first()
    assert first.tolist() == [20, 21, 21, 23, 23, 23, 23, 23, 23]
    assert told["lead"].iloc[0] == 25
    assert told["origin"].iloc[0] == START + 20 * DAY
    assert days_ahead([], 2).empty
