"""How good the issued forecasts of a station were, and those of all: pooled from the rows of their days."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from wattcast import metrics
from wattcast.contracts import TARGETS
from wattcast.evaluation.rule_scores import RuleScore, rules_dict
from wattcast.evaluation.scorecard import number, or_null, percent

WORST_DAYS = 5
"""How many of the days with the largest errors are shown. [days]"""
MEANS = ("wape", "skill", "inside_80")
"""What stations of any size share, and can be averaged over."""


@dataclass(frozen=True)
class Score:
    """Measures over some days.

    Attributes:
        forecasts: from how many origins.
        days: how many days of the calendar.
        steps: how many were measured and scored.
        mae: mean absolute error, as `rmse` and `last_week` in the target's unit.
        rmse: root mean square error.
        wape: sum of the absolute errors over that of the measured values, a fraction.
        last_week: mean absolute error of last week's values, on the steps of which they were known at the origin.
        compared_mae: that of the forecasts on the same steps.
        skill: 1 − `compared_mae` / `last_week`.
        inside_80: share of steps inside the 80 % band; NaN where no band was kept.
    """

    forecasts: int
    days: int
    steps: int
    mae: float
    rmse: float
    wape: float
    last_week: float
    compared_mae: float
    skill: float
    inside_80: float

    def to_dict(self) -> dict[str, Any]:
        return or_null(asdict(self))


def pooled(rows: pd.DataFrame) -> Score:
    """Of rows of one target with the columns `store.base.ACCURACY`; a day with gaps weighs what was measured of it."""
    steps, compared = rows["steps"].to_numpy(np.float64), rows["compared"].to_numpy(np.float64)
    mae, last_week = _mean(rows["mae"], steps), _mean(rows["last_week"], compared)
    ours = _mean(rows["compared_mae"], compared)
    size, banded = _mean(rows["actual_size"], steps), rows["inside_80"].notna().to_numpy()
    return Score(
        rows["origin"].nunique(), rows["day"].nunique(), int(steps.sum()), mae,
        float(np.sqrt(_mean(rows["rmse"] ** 2, steps))), mae / size if size else float("nan"), last_week,
        ours, metrics.skill(ours, last_week),
        _mean(rows["inside_80"][banded], steps[banded]))


def _mean(values: pd.Series, weights: metrics.FloatArray) -> float:
    """Weighted; values without weight may be NaN."""
    weighty = weights > 0
    return float(np.average(values.to_numpy(np.float64)[weighty], weights=weights[weighty])) if weighty.any() else \
        float("nan")


@dataclass(frozen=True, eq=False)
class StationReview:
    """How the issued forecasts of one station did.

    Attributes:
        station_id: which station.
        rows: the days that were judged, with the columns `store.base.ACCURACY`.
        span: midnight of the first day that was looked at, and the midnight that ends the last one; None where nothing
            was measured.
        rules: what grid codes make of the total power.
        notes: what is worth knowing of it.
    """

    station_id: str
    rows: pd.DataFrame
    span: tuple[pd.Timestamp, pd.Timestamp] | None = None
    rules: tuple[RuleScore, ...] = ()
    notes: tuple[str, ...] = ()
    _scores: dict[tuple[str, int | None], Score] = field(default_factory=dict, init=False, repr=False)

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(target for target in TARGETS if (self.rows["target"] == target).any())

    @property
    def days(self) -> tuple[int, ...]:
        """Days ahead."""
        return tuple(int(day) for day in sorted(self.rows["lead_day"].unique()))

    def of(self, target: str, day: int | None = None) -> pd.DataFrame:
        """The rows of a target, and of a day ahead if it is given."""
        chosen = self.rows["target"] == target
        return self.rows[chosen if day is None else chosen & (self.rows["lead_day"] == day)]

    def score(self, target: str, day: int | None = None) -> Score:
        """Over a day ahead, or all of them."""
        asked = target, day
        # Tables, verdicts, means and JSON ask for the same ones.
        if asked not in self._scores:
            self._scores[asked] = pooled(self.of(target, day))
        return self._scores[asked]

    def verdict(self, target: str) -> str:
        """One line in plain words."""
        score = self.score(target)
        made = f"{score.forecasts} forecast{'s' if score.forecasts > 1 else ''}"
        band = "" if np.isnan(score.inside_80) else f"; {percent(score.inside_80)} were inside the 80 % band"
        against = "no comparison with last week's values" if np.isnan(score.skill) else \
            f"{in_words(score.skill)} ({number(score.last_week)})"
        return f"{target}: mean absolute error {number(score.mae)} of {made} as issued, {against}{band}"

    def table(self, target: str) -> list[dict[str, str]]:
        """By day ahead, and all together; headings and texts."""
        return [{"day": "all" if day is None else str(day), **cells(self.score(target, day))}
                for day in (*self.days, None)]

    def worst(self, target: str, count: int = WORST_DAYS) -> pd.DataFrame:
        """The rows of the days on which the forecast one day ahead erred most, the worst first."""
        return self.of(target, 1).sort_values("mae", ascending=False, kind="stable").head(count)

    def worst_days(self, target: str) -> list[dict[str, str]]:
        """The same as a table."""
        return [{"day": f"{row.day:%a %Y-%m-%d}", "mean measured": number(row.actual_mean),
                 "mean forecast": number(row.forecast_mean), "MAE": number(row.mae),
                 "last week's MAE": number(row.last_week), "made by": row.version}
                for row in self.worst(target).itertuples()]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what could not be scored is null."""
        first, end = self.span or (None, None)
        return {
            "station": self.station_id, "from": first and first.isoformat(), "until": end and end.isoformat(),
            "targets": {target: self._target_dict(target) for target in self.targets},
            **({"rules": rules_dict(self.rules)} if self.rules else {}), "notes": list(self.notes)}

    def _target_dict(self, target: str) -> dict[str, Any]:
        return {"overall": self.score(target).to_dict(),
                "by_day": [{"day": day, **self.score(target, day).to_dict()} for day in self.days],
                "worst_days": [_worst_day(row) for row in self.worst(target).to_dict(orient="records")],
                "verdict": self.verdict(target)}


def _worst_day(row: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: row[name] for name in ("actual_mean", "forecast_mean", "mae", "last_week")}
    return {"day": f"{row['day']:%Y-%m-%d}", **or_null(numbers), "version": row["version"]}


def in_words(skill: float) -> str:
    """`12.3 % better than last week's values`."""
    return f"{percent(abs(skill))} {'better' if skill >= 0 else 'worse'} than last week's values"


def cells(score: Score) -> dict[str, str]:
    """A score in a table."""
    return {"MAE": number(score.mae), "RMSE": number(score.rmse), "WAPE": percent(score.wape),
            "last week's MAE": number(score.last_week), "against last week": percent(score.skill, sign="+"),
            "inside 80 % band": percent(score.inside_80), "days": str(score.days)}


@dataclass(frozen=True)
class Means:
    """Means over stations, each of which counts alike, whatever its size: of those that have the measure."""

    stations: int
    wape: float
    skill: float
    inside_80: float

    def to_dict(self) -> dict[str, Any]:
        return or_null(asdict(self))


def means(reviews: Sequence[StationReview], target: str, day: int | None = None) -> Means:
    """Over the stations that were judged. The mean of the skills is 1 − the mean of the ratios of each station's error
    to that of last week's values."""
    scores = [score for review in reviews if (score := review.score(target, day)).steps]
    values = {name: np.array([getattr(score, name) for score in scores]) for name in MEANS}
    return Means(len(scores), **{name: float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")
                                 for name, each in values.items()})


def all_to_dict(reviews: Sequence[StationReview]) -> dict[str, Any]:
    """The means over stations by target, and by day ahead, for JSON."""
    days = sorted({day for review in reviews for day in review.days})
    return {target: {"overall": means(reviews, target).to_dict(),
                     "by_day": [{"day": day, **means(reviews, target, day).to_dict()} for day in days]}
            for target in TARGETS if any(target in review.targets for review in reviews)}


def stations_table(reviews: Sequence[StationReview], target: str) -> list[dict[str, str]]:
    """A line for each station that was judged, and their means below if there are several."""
    rows = [{"station": review.station_id, **cells(review.score(target))} for review in reviews
            if target in review.targets]
    if len(rows) > 1:
        total = means(reviews, target)
        rows.append({**dict.fromkeys(rows[0], ""), "station": f"mean of {total.stations}", **_mean_cells(total)})
    return rows


def days_table(reviews: Sequence[StationReview], target: str) -> list[dict[str, str]]:
    """The means over stations by day ahead."""
    days = sorted({day for review in reviews for day in review.days})
    found = [(day, means(reviews, target, day)) for day in (*days, None)]
    return [{"day": "all" if day is None else str(day), **_mean_cells(each), "stations": str(each.stations)}
            for day, each in found]


def _mean_cells(each: Means) -> dict[str, str]:
    return {"WAPE": percent(each.wape), "against last week": percent(each.skill, sign="+"),
            "inside 80 % band": percent(each.inside_80)}
