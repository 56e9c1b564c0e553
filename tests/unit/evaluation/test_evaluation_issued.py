
import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Horizon, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.evaluation.issued import (
    Observed,
    accuracy_rows,
    as_accuracy,
    issues_to_judge,
    judged_steps,
)
from wattcast.store.base import ACCURACY, IssuedForecast

STEP = "1h"
START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)
WEEK = Horizon(168, pd.Timedelta(STEP))


def data(weeks: int = 4, targets: tuple[str, ...] = (TOTAL,), rise: float = 10.0) -> StationData:
    """Each week is higher than the one before by `rise`, which is what last week's values are wrong by."""
    index = pd.date_range(START, periods=weeks * 168, freq=STEP, name="time")
    power = 500 + rise * (np.arange(len(index)) // 168)
    return StationData(Station(id="works", targets=targets, step=STEP),
                       pd.DataFrame(dict.fromkeys(targets, power), index=index, dtype=float))


def issued(of: StationData, origin: pd.Timestamp, error: float, *, after: str | None = "2h", band: float | None = None,
           target: str = TOTAL, steps: int = 168) -> IssuedForecast:
    """A week that is wrong by `error` times the days ahead, with a band so wide to either side."""
    index = pd.date_range(origin, periods=steps, freq=STEP, name="time")
    power = of.frame[target].reindex(index).fillna(9000.0) + error * (np.arange(steps) // 24 + 1)
    table = pd.DataFrame({target: power}, index=index)
    if band is not None:
        table = table.assign(**{quantile_column(target, 0.1): power - band, quantile_column(target, 0.9): power + band})
    made = None if after is None else origin + pd.Timedelta(after)
    return IssuedForecast(origin, "v0001", table, made)


def test_accuracy__a_row_for_each_day_that_is_over() -> None:
    of = data()
    rows = accuracy_rows(issued(of, START + 25 * DAY, 4.0, band=9.0), Observed.of(of))
    assert tuple(rows) == ACCURACY
    assert list(rows["lead_day"]) == [1, 2, 3]
    assert list(rows["day"]) == [START + days * DAY for days in (25, 26, 27)]
    assert list(rows["mae"]) == list(rows["rmse"]) == list(rows["compared_mae"]) == [4.0, 8.0, 12.0]
    assert list(rows["last_week"]) == [10.0] * 3
    assert list(rows["inside_80"]) == [1.0, 1.0, 0.0]
    assert (rows["steps"] == 24).all()
    assert list(rows["forecast_mean"] - rows["actual_mean"]) == [4.0, 8.0, 12.0]


def test_accuracy__the_last_day_in_part_where_that_is_asked_for() -> None:
    of = data()
    made = issued(of, START + 25.5 * DAY, 4.0)
    assert list(accuracy_rows(made, Observed.of(of))["steps"]) == [24, 24]
    assert list(accuracy_rows(made, Observed.of(of), whole=False)["steps"]) == [24, 24, 12]
    until = START + 26 * DAY
    assert list(accuracy_rows(made, Observed.of(of, until), whole=False)["steps"]) == [12]


def test_accuracy__a_day_belongs_to_the_date_it_begins_on() -> None:
    of = data()
    rows = accuracy_rows(issued(of, START + 24.5 * DAY, 4.0), Observed.of(of))
    assert list(rows["day"]) == [START + days * DAY for days in (24, 25, 26)]


def test_accuracy__without_a_band_there_is_no_share_inside_it() -> None:
    of = data()
    assert accuracy_rows(issued(of, START + 25 * DAY, 4.0), Observed.of(of))["inside_80"].isna().all()


def test_accuracy__sizes_and_squares() -> None:
    of = data(rise=0.0)
    of.frame[TOTAL] = -200.0
    made = issued(of, START + 27 * DAY, 0.0)
    made.table[TOTAL] = np.where(np.arange(168) % 2, -206.0, -192.0)
    row, = accuracy_rows(made, Observed.of(of)).itertuples()
    assert (row.mae, row.actual_size, row.actual_mean) == (7.0, 200.0, -200.0)
    assert row.rmse == pytest.approx(np.sqrt((36 + 64) / 2))


def test_accuracy__last_week_counts_where_it_was_known_at_the_origin() -> None:
    of = data()
    of.frame.loc[START + 20 * DAY:START + 20.5 * DAY - pd.Timedelta(STEP), TOTAL] = np.nan
    row = accuracy_rows(issued(of, START + 27 * DAY, 4.0), Observed.of(of)).iloc[0]
    assert (row["steps"], row["compared"], row["last_week"]) == (24, 12, 10.0)


def test_accuracy__nothing_measured_after_the_origin_is_repeated() -> None:
    """A forecast longer than a week would repeat its own days: those steps are not compared."""
    of = data()
    rows = accuracy_rows(issued(of, START + 14 * DAY, 4.0, steps=336), Observed.of(of))
    assert rows["compared"].sum() == 168
    changed = data()
    changed.frame.loc[changed.frame.index >= START + 14 * DAY, TOTAL] += 1000.0
    told = accuracy_rows(issued(of, START + 14 * DAY, 4.0, steps=336), Observed.of(changed))
    assert told["last_week"].tolist()[:7] == [1010.0] * 7


def test_accuracy__last_week_at_the_same_time_on_the_wall(by_the_clock) -> None:
    load = by_the_clock("Europe/Berlin", "2024-10-14", 18, STEP)
    of = StationData(Station(id="works", timezone="Europe/Berlin", step=STEP), load.rename(TOTAL).to_frame())
    start = pd.Timestamp("2024-10-25", tz="Europe/Berlin")
    made = IssuedForecast(start, "v0001", (load.rename(TOTAL) + 1).to_frame().loc[start:].iloc[:168])
    rows = accuracy_rows(made, Observed.of(of))
    assert (rows["last_week"] == 0).all()
    assert list(rows["steps"]) == [24, 24, 25, 24, 24, 24, 23]


def test_accuracy__a_target_that_was_not_forecast_or_not_measured_has_no_row() -> None:
    of = data(targets=(TOTAL, PART))
    assert set(accuracy_rows(issued(of, START + 25 * DAY, 4.0), Observed.of(of))["target"]) == {TOTAL}
    of.frame[TOTAL] = np.nan
    assert accuracy_rows(issued(of, START + 25 * DAY, 4.0), Observed.of(of)).empty


def test_judged_steps__as_a_rule_takes_them() -> None:
    of = data()
    steps = judged_steps(issued(of, START + 27 * DAY, 4.0), Observed.of(of), TOTAL)
    assert list(steps) == ["origin", "day", "time", "actual", "median"]
    assert steps["actual"].notna().sum() == 24
    assert (steps["median"] - steps["actual"]).dropna().eq(4.0).all()
    assert steps["day"].value_counts().tolist() == [24] * 7


def test_observed__enough_is_half_a_day() -> None:
    assert Observed.of(data()).enough == 12
    with pytest.raises(ValueError, match="no row before"):
        Observed.of(data(), START)


def judge(of: StationData, kept: list[IssuedForecast], rows: pd.DataFrame) -> list[pd.Timestamp]:
    return [origin for origin, _ in issues_to_judge([(made.origin, made.issued) for made in kept], rows,
                                                    Observed.of(of), WEEK, START + 21 * DAY)]


def test_issues_to_judge__only_what_is_new_late_or_corrected() -> None:
    of = data()
    kept = [issued(of, START + days * DAY, 4.0) for days in (20, 24, 26, 28)]
    assert judge(of, kept, as_accuracy([])) == [START + days * DAY for days in (20, 24, 26)]
    rows = pd.concat([accuracy_rows(made, Observed.of(of)) for made in kept[:3]])
    assert judge(of, kept, rows) == []
    assert judge(of, kept, rows[rows["origin"] != START + 24 * DAY]) == [START + 24 * DAY]
    assert judge(data(5), kept, rows) == [START + days * DAY for days in (24, 26, 28)]


@pytest.mark.parametrize(("corrected", "touched"), [(27.5, (24, 26)), (25.5, (20, 24)), (20.5, (24, 26)), (13.0, ())])
def test_issues_to_judge__a_correction_touches_its_day_and_the_day_a_week_later(corrected, touched) -> None:
    of = data()
    kept = [issued(of, START + days * DAY, 4.0) for days in (20, 24, 26)]
    rows = pd.concat([accuracy_rows(made, Observed.of(of)) for made in kept])
    changed = data()
    changed.frame.loc[START + corrected * DAY, TOTAL] += 0.5
    assert judge(changed, kept, rows) == [START + days * DAY for days in touched]


def test_issues_to_judge__another_issue_of_an_origin_and_one_whose_issue_was_not_noted() -> None:
    of = data()
    first, again = issued(of, START + 24 * DAY, 4.0, after=None), issued(of, START + 24 * DAY, 5.0)
    rows = accuracy_rows(first, Observed.of(of))
    issues = [(made.origin, made.issued) for made in (first, again)]
    assert issues_to_judge(issues, rows, Observed.of(of), WEEK, START) == [(again.origin, again.issued)]
