import numpy as np
import pandas as pd
import pytest

from wattcast.evaluation.first_gate import DailyErrors, FirstDecision, daily_errors, decide, judge
from wattcast.evaluation.scorecard import Scorecard

TOTAL, PART = "total_active_power", "not_use_power"


def errors(chosen: list[float], week: float = 10.0, mean: float = 12.0, *, steps: list[int] | None = None,
           still: bool = False) -> DailyErrors:
    """Days with such errors; simple forecasts have the same on each day."""
    simple = {"seasonal-naive": np.full(len(chosen), week), "weekly-mean": np.full(len(chosen), mean)}
    return DailyErrors(np.asarray(steps or [96] * len(chosen)), np.asarray(chosen), simple, still)


def decided(*given: object, **options: object) -> FirstDecision:
    return decide(TOTAL, errors(*given, **options))         # type: ignore[arg-type]


@pytest.mark.parametrize(("chosen", "passed"), [
    ([9.0] * 7, True),
    ([19.9] * 7, True),                              # worse, not clearly
    ([20.1] * 7, False),
    ([7000.0] * 7, False),
    ([100.0] * 4 + [9.0] * 3, True),                 # worse on some days only
    ([100.0] * 5 + [9.0] * 2, False),
    ([20.1] * 4, False),
])
def test_decide__fails_by_a_wide_margin_on_most_days(chosen: list[float], passed: bool) -> None:
    assert decided(chosen).passed is passed


def test_decide__against_the_best_simple_forecast() -> None:
    assert decided([22.0] * 7, 20.0, 10.0).passed is False
    assert decided([22.0] * 7, 20.0, 12.0).passed is True


def test_decide__a_day_weighs_what_was_measured_of_it() -> None:
    assert decided([100.0] * 3 + [10.5] * 4, steps=[2] * 3 + [96] * 4).passed is True
    assert decided([21.0] * 6 + [0.0], steps=[96] * 6 + [1]).passed is False


def test_decide__says_what_was_found() -> None:
    found = decided([23.0] * 7)
    assert found.sentence == (f"{TOTAL}: in the weeks kept apart what was trained has a mean absolute error of 23.00, "
                              "“same as 7 days ago” of 10.00, and the larger one on 7 of 7 days")
    assert found.to_dict() == {"passed": False, "found": found.sentence, "mae": 23.0, "simple_mae": 10.0,
                               "worse_days": 7, "days": 7}


@pytest.mark.parametrize(("found", "why"), [
    (decided([99.0] * 3), "only 3 days"), (decided([]), "only 0 days"),
    (decided([99.0] * 7, still=True), "the station stood still"),
    (decided([99.0] * 7, 0.0), "“same as 7 days ago” had no error at all"),
])
def test_decide__what_cannot_be_told_is_nothing_against_the_model(found: FirstDecision, why: str) -> None:
    assert found.passed is None
    assert why in found.sentence


def card(actual: dict[str, np.ndarray], medians: dict[str, float], weeks: int = 1) -> Scorecard:
    """Hourly weeks in which each model always says the same."""
    parts = []
    for week in range(weeks):
        origin = pd.Timestamp("2025-06-01 06:00", tz="Asia/Shanghai") + week * pd.Timedelta("7D")
        for target, values in actual.items():
            for model, median in medians.items():
                parts.append(pd.DataFrame({
                    "origin": origin, "time": pd.date_range(origin, periods=168, freq="1h"), "target": target,
                    "actual": values[week * 168:(week + 1) * 168], "model": model, "median": median}))
    return Scorecard("works", "wattcast: network", ("seasonal-naive", "weekly-mean"), None, pd.concat(parts))


MEDIANS = {"wattcast: network": 50.0, "seasonal-naive": 12.0, "weekly-mean": 20.0}


def test_daily_errors__of_measured_days_over_all_weeks() -> None:
    actual = np.where(np.arange(336) % 2, 10.0, 12.0)
    actual[24:48], actual[48:60] = np.nan, np.nan
    found = daily_errors(card({TOTAL: actual}, MEDIANS, 2), TOTAL)
    assert found.steps.tolist() == [24, 12, *[24] * 11]
    assert found.chosen.tolist() == [39.0] * 13
    assert found.simple["seasonal-naive"].tolist() == [1.0] * 13
    assert not found.still


@pytest.mark.parametrize("nothing", [np.full(168, np.nan), np.zeros(168)], ids=["unmeasured", "zero"])
def test_judge__each_target_by_itself(nothing: np.ndarray) -> None:
    actual = np.where(np.arange(168) % 2, 10.0, 12.0)
    total, part = judge(card({TOTAL: actual, PART: nothing}, MEDIANS))
    assert (total.target, total.passed, part.target, part.passed) == (TOTAL, False, PART, None)
