import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.forecasting.config import ForecastConfig
from wattcast.store.base import IssuedForecast
from wattcast.workflows.record import Record, records

STEP = "1h"
START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
ORIGIN = START + pd.Timedelta(days=28)


def data(targets: tuple[str, ...] = (TOTAL,), rise: float = 10.0) -> StationData:
    """Four weeks; each is higher than the one before by `rise`, which is what last week's values are wrong by."""
    index = pd.date_range(START, ORIGIN, freq=STEP, inclusive="left", name="time")
    power = 500 + rise * (np.arange(len(index)) // 168)
    return StationData(Station(id="works", targets=targets, step=STEP),
                       pd.DataFrame(dict.fromkeys(targets, power), index=index, dtype=float))


def issued(of: StationData, days_before: int, error: float, version: str = "v0001") -> IssuedForecast:
    """A week from so many days before the origin, wrong by `error` on what has passed and by a lot on the rest."""
    origin = ORIGIN - pd.Timedelta(days=days_before)
    index = pd.date_range(origin, periods=168, freq=STEP, name="time")
    power = of.frame[TOTAL].reindex(index) + error
    return IssuedForecast(origin, version, pd.DataFrame({TOTAL: power.fillna(9000.0)}, index=index))


def judge(of: StationData, kept: list[IssuedForecast], version: str = "v0001", **settings: float) -> list[Record]:
    return records(kept, of, ORIGIN, version, ForecastConfig(**settings))


def test_record__only_days_that_have_passed_and_steps_known_to_both_count() -> None:
    of = data()
    found, = judge(of, [issued(of, 3, 25.0), issued(of, 2, 25.0), issued(of, 1, 25.0)])
    assert (found.issues, found.worse) == (3, 3)
    assert found.error == pytest.approx(25)
    assert found.last_week == pytest.approx(10)
    assert found.first == ORIGIN - pd.Timedelta(days=3)
    assert found.lost
    assert found.sentence() == (
        "total_active_power: 3 of the last 3 issued forecasts, since 2025-03-28, were worse than last week's values "
        "(mean absolute error 25.00 against 10.00): 'wattcast finetune', or 'wattcast models rollback' if it began "
        "with a new version")
    assert found.sentence(unmodelled=True).endswith("(mean absolute error 25.00 against 10.00)")


@pytest.mark.parametrize(("errors", "lost"), [
    ((25, 25), False), ((25, 25, 1), True), ((25, 1, 1), False), ((25, 25, 1, 1), False), ((10.4, 10.4, 10.4), False),
    ((10.6, 10.6, 10.6), True)])
def test_record__three_of_which_most_are_worse_by_more_than_the_margin(errors, lost) -> None:
    of = data()
    found, = judge(of, [issued(of, 5 - place, error) for place, error in enumerate(errors)])
    assert found.lost == lost


def test_record__the_margin_and_the_days_are_settings() -> None:
    of = data()
    kept = [issued(of, days, 10.6) for days in (9, 5, 4, 3)]
    assert judge(of, kept)[0].issues == 4
    assert judge(of, kept, judge_days=7)[0].issues == 3
    assert not judge(of, kept, judge_margin=0.2)[0].lost


def test_record__a_new_version_is_judged_by_its_own_once_there_are_three() -> None:
    of = data()
    old = [issued(of, days, 40.0) for days in (8, 7, 6, 5)]
    new = [issued(of, days, 1.0, "v0002") for days in (4, 3, 2)]
    assert judge(of, [*old, *new[:2]], "v0002")[0].lost
    found, = judge(of, [*old, *new], "v0002")
    assert (found.issues, found.worse, found.lost) == (3, 0, False)


def test_record__none_without_half_a_day_that_can_be_compared() -> None:
    of = data()
    assert judge(of, []) == []
    index = pd.date_range(ORIGIN - pd.Timedelta(hours=11), periods=168, freq=STEP, name="time")
    short = IssuedForecast(index[0], "v0001", pd.DataFrame({TOTAL: 0.0}, index=index))
    assert judge(of, [short]) == []
    of.frame.loc[of.frame.index >= ORIGIN - pd.Timedelta(days=5), TOTAL] = np.nan
    assert judge(of, [issued(data(), days, 25.0) for days in (3, 2, 1)]) == []


def test_record__a_target_that_was_not_forecast_has_none() -> None:
    of = data((TOTAL, PART))
    assert [record.target for record in judge(of, [issued(of, days, 25.0) for days in (3, 2, 1)])] == [TOTAL]


def test_record__last_week_at_the_same_time_on_the_wall(by_the_clock) -> None:
    load = by_the_clock("Europe/Berlin", "2024-10-14", 18, STEP)
    of = StationData(Station(id="works", timezone="Europe/Berlin", step=STEP), load.rename(TOTAL).to_frame())
    origin = load.index[-1] + pd.Timedelta(STEP)
    starts = [pd.Timestamp(f"2024-10-{day}", tz="Europe/Berlin") for day in (25, 26, 27)]
    made = (load.rename(TOTAL) + 1).to_frame()
    kept = [IssuedForecast(start, "v0001", made.loc[start:].iloc[:168]) for start in starts]
    found, = records(kept, of, origin, "v0001", ForecastConfig())
    assert (found.issues, found.last_week, found.lost) == (3, 0.0, True)
