"""What a rule makes of a model's forecasts: by day, by month, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.evaluation.rules import Measure, Rule
from wattcast.evaluation.scorecard import number, percent


@dataclass(frozen=True, eq=False)
class MeasureScore:
    """One measure of a rule for one model.

    `daily` has a row for each graded forecast day: `date` of its first point, lead `day`, `value`, `points`; `monthly`
    holds the means of the days by month (`2025-03`).
    """

    measure: Measure
    daily: pd.DataFrame
    monthly: pd.Series
    penalty: float | None

    @property
    def mean(self) -> float:
        """Over all days."""
        return float(self.daily["value"].mean())

    @property
    def missed(self) -> int:
        """On how many days the threshold was missed."""
        limit = self.measure.threshold
        return 0 if limit is None else int((_shortfalls(self.measure, self.daily["value"]) > 0).sum())

    def row(self) -> dict[str, str]:
        """What goes with the mean in a table."""
        measure, row = self.measure, {}
        if len(self.monthly) > 1:
            worst = self.monthly.min() if measure.law.higher_is_better else self.monthly.max()
            row["worst month"] = percent(float(worst))
        if measure.threshold is not None:
            side = "under" if measure.law.higher_is_better else "over"
            row[f"days {side} {measure.threshold:.0%}"] = f"{self.missed} of {len(self.daily)}"
        if measure.penalty and self.penalty is not None:
            row[f"penalty ({measure.penalty.unit})"] = number(self.penalty)
        return row

    def to_dict(self) -> dict[str, Any]:
        penalty = self.measure.penalty
        return {
            "mean": _or_none(self.mean), "threshold": self.measure.threshold, "days": len(self.daily),
            "days_missed": self.missed, "penalty": self.penalty, "penalty_unit": penalty.unit if penalty else None,
            "monthly": {month: _or_none(value) for month, value in self.monthly.items()},
            "daily": [{"date": date, "day": int(day), "value": _or_none(value)}
                      for date, day, value in self.daily[["date", "day", "value"]].itertuples(index=False)],
        }


@dataclass(frozen=True, eq=False)
class RuleScore:
    """A rule's measures for one model."""

    rule: Rule
    model: str
    measures: tuple[MeasureScore, ...]

    def row(self) -> dict[str, str]:
        """For a table: the model, then each measure with what goes with it."""
        row = {"model": self.model}
        for position, score in enumerate(self.measures):
            of = f"{score.measure.name}: " if position else ""
            row[score.measure.name] = percent(score.mean)
            row |= {f"{of}{key}": text for key, text in score.row().items()}
        return row

    def to_dict(self) -> dict[str, Any]:
        return {score.measure.name: score.to_dict() for score in self.measures}


def score_rule(rule: Rule, model: str, steps: pd.DataFrame, capacity: float) -> RuleScore:
    """Grade the scored steps of one model and target (`scorecard.scored_steps`).

    A forecast day is a lead day, by the clock on the wall; with origins at midnight it is a day of the calendar. Days
    without a point to grade do not count.
    """
    first, last = rule.lead_days
    steps = steps[(steps["day"] >= first) & (steps["day"] <= last)]
    return RuleScore(rule, model, tuple(_score(measure, steps, capacity) for measure in rule.measures))


def rules_dict(scores: Sequence[RuleScore]) -> dict[str, Any]:
    """By rule and model, for JSON."""
    found: dict[str, Any] = {}
    for score in scores:
        rule = score.rule
        entry = found.setdefault(rule.name, {"title": rule.title, "revision": rule.revision, "source": rule.source,
                                             "verified": rule.verified, "models": {}})
        entry["models"][score.model] = score.to_dict()
    return found


def _score(measure: Measure, steps: pd.DataFrame, capacity: float) -> MeasureScore:
    rows = []
    for (_, day), points in steps.groupby(["origin", "day"]):
        actual, forecast = (points[name].to_numpy(np.float64) for name in ("actual", "median"))
        keep = measure.exclude.graded(actual, forecast, points["time"].dt.hour.to_numpy(np.int64), capacity)
        value = measure.value(actual[keep], forecast[keep], capacity)
        if not np.isnan(value):
            rows.append((f"{points['time'].iloc[0]:%Y-%m-%d}", day, value, int(keep.sum())))
    daily = pd.DataFrame(rows, columns=["date", "day", "value", "points"])
    monthly = daily["value"].groupby(daily["date"].str[:7]).mean()
    return MeasureScore(measure, daily, monthly, _penalty(measure, daily, monthly, capacity))


def _shortfalls(measure: Measure, values: pd.Series) -> pd.Series:
    assert measure.threshold is not None
    return values.map(lambda value: measure.law.shortfall(value, measure.threshold or 0.0))


def _penalty(measure: Measure, daily: pd.DataFrame, monthly: pd.Series, capacity: float) -> float | None:
    if measure.penalty is None:
        return None
    values = daily["value"] if measure.penalty.per == "day" else monthly
    short = _shortfalls(measure, values)
    if measure.penalty.each_point:
        points = daily["points"] if measure.penalty.per == "day" else \
            daily["points"].groupby(daily["date"].str[:7]).sum()
        short = short * points
    return float(short.sum()) * capacity * measure.penalty.factor


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
