"""How good a forecast was, day by day and over the week, as numbers and in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from wattcast import metrics
from wattcast.contracts import QUANTILES, TARGETS, Forecast, quantile_column
from wattcast.errors import DataError, WattcastError
from wattcast.evaluation.baselines import IN_WORDS
from wattcast.timegrid import lead_days

LEVELS = tuple(quantile_column("", level).lstrip("_") for level in QUANTILES)
"""The quantile columns of a table of scored steps: `q10` … `q90`."""


def scored_steps(actual: pd.DataFrame, forecast: Forecast, target: str, model: str) -> pd.DataFrame:
    """One row a step `[H]`: origin, lead 1 … H, lead day 1 …, time, target, actual (NaN where not measured), model,
    median and the quantiles `LEVELS`. Lead days go by the clock on the wall (`timegrid.lead_days`).

    Raises:
        WattcastError: the forecast lacks a column of the target.
    """
    table = forecast.table
    quantiles = [quantile_column(target, level) for level in QUANTILES]
    missing = [column for column in (target, *quantiles) if column not in table.columns]
    if missing:
        raise WattcastError(f"the forecast of {model} lacks {', '.join(missing)}", found=", ".join(table.columns))
    steps = pd.DataFrame({"origin": forecast.origin, "lead": np.arange(1, len(table) + 1),
                          "day": lead_days(pd.DatetimeIndex(table.index)) + 1,
                          "time": table.index, "target": target,
                          "actual": actual[target].reindex(table.index).to_numpy(), "model": model,
                          "median": table[target].to_numpy()})
    return pd.concat([steps, table[quantiles].set_axis(LEVELS, axis=1).reset_index(drop=True)], axis=1)


def scores(steps: pd.DataFrame, capacity: float | None = None) -> dict[str, float]:
    """The measures of one model's scored steps, and `n`, how many of them were measured.

    Without a capacity there is no nMAE and no nRMSE.

    Units: mae, rmse, bias and pinball in the target's unit, the others fractions (see `metrics`).
    """
    actual, median = steps["actual"].to_numpy(), steps["median"].to_numpy()
    return {
        "mae": metrics.mae(actual, median),
        "rmse": metrics.rmse(actual, median),
        "wape": metrics.wape(actual, median),
        "mape": metrics.mape(actual, median),
        "accuracy": metrics.accuracy(actual, median),
        "nmae": metrics.nmae(actual, median, capacity) if capacity else float("nan"),
        "nrmse": metrics.nrmse(actual, median, capacity) if capacity else float("nan"),
        "bias": metrics.bias(actual, median),
        "pinball": metrics.pinball(actual, steps[list(LEVELS)].to_numpy(), QUANTILES),
        "coverage_80": metrics.coverage(actual, steps["q10"].to_numpy(), steps["q90"].to_numpy()),
        "n": int(np.isfinite(actual).sum()),
    }


@dataclass(frozen=True, eq=False)
class Scorecard:
    """One model against its references over one week or several.

    `steps` holds the rows of `scored_steps` for the model and every reference; all measures are taken over the pooled
    steps, so a week with gaps weighs what was measured in it.
    """

    station_id: str
    model: str
    references: tuple[str, ...]
    capacity: float | None
    steps: pd.DataFrame
    _scores: dict[tuple[str, int | None, str], dict[str, float]] = field(default_factory=dict, init=False, repr=False)

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.steps["target"].unique())

    @property
    def days(self) -> tuple[int, ...]:
        return tuple(int(day) for day in sorted(self.steps["day"].unique()))

    @property
    def origins(self) -> tuple[pd.Timestamp, ...]:
        return tuple(self.steps["origin"].drop_duplicates())

    def scores(self, target: str, day: int | None = None, model: str | None = None) -> dict[str, float]:
        """The measures of `model` (default: the scored one) on a lead day, or on all."""
        asked = target, day, model or self.model
        # Table, verdict and JSON ask for the same ones many times, and a week's rows are slow to choose.
        if asked not in self._scores:
            self._scores[asked] = scores(self._chosen(*asked), self.capacity)
        return {**self._scores[asked]}

    def _chosen(self, target: str, day: int | None, model: str) -> pd.DataFrame:
        steps = self.steps
        chosen = (steps["target"] == target) & (steps["model"] == model)
        return steps[chosen if day is None else chosen & (steps["day"] == day)]

    def skill(self, target: str, day: int | None = None) -> dict[str, float]:
        """1 − MAE / MAE of each reference; above 0 where the model is better."""
        error = self.scores(target, day)["mae"]
        return {name: metrics.skill(error, self.scores(target, day, name)["mae"]) for name in self.references}

    def verdict(self, target: str) -> str:
        """One line in plain words: better or worse than what, by how much."""
        error = self.scores(target)["mae"]
        if np.isnan(error):
            return f"{target}: nothing was measured in this period, so nothing could be scored"
        parts = [_comparison(skill, IN_WORDS.get(name, name), self.scores(target, model=name)["mae"])
                 for name, skill in self.skill(target).items()]
        return "; ".join([f"{target}: mean absolute error {number(error)}", *parts])

    def rows(self) -> list[dict[str, str]]:
        """The table by lead day and over all, per target: a column's heading → its text; the same headings in each."""
        return [self._row(target, day) for target in self.targets for day in (*self.days, None)]

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON; what could not be scored is null."""
        return {
            "station": self.station_id, "model": self.model, "capacity": self.capacity,
            "origins": [origin.isoformat() for origin in self.origins],
            "targets": {target: {
                "overall": self._entry(target),
                "by_day": [{"day": day, **self._entry(target, day)} for day in self.days],
                "references": {name: or_null(self.scores(target, model=name)) for name in self.references},
                "verdict": self.verdict(target),
            } for target in self.targets},
        }

    def _entry(self, target: str, day: int | None = None) -> dict[str, Any]:
        return {**or_null(self.scores(target, day)), "skill": or_null(self.skill(target, day))}

    def _row(self, target: str, day: int | None) -> dict[str, str]:
        found = self.scores(target, day)
        row = {"target": target, "day": "all" if day is None else str(day),
               "MAE": number(found["mae"]), "RMSE": number(found["rmse"]), "WAPE": percent(found["wape"]),
               "MAPE": percent(found["mape"]), "1-MAPE": percent(found["accuracy"])}
        if self.capacity:
            row["nMAE"] = percent(found["nmae"])
        row |= {f"against {IN_WORDS.get(name, name)}": percent(skill, sign="+")
                for name, skill in self.skill(target, day).items()}
        return row | {"inside 80 % band": percent(found["coverage_80"]), "steps": str(found["n"])}


def score_week(actual: pd.DataFrame, forecast: Forecast, references: Mapping[str, Forecast],
               capacity: float | None = None) -> Scorecard:
    """Score a forecast, and references beside it, on what was measured.

    Args:
        actual: measured targets indexed by tz-aware time; steps that are missing or NaN are not scored.
        forecast: the forecast to score.
        references: simple forecasts from the same origin, by name.
        capacity: of the station in the target's unit, for nMAE.

    Raises:
        DataError: `actual` holds none of the forecast's targets.
        WattcastError: a forecast is incomplete.
    """
    targets = [name for name in TARGETS if name in actual.columns and name in forecast.table.columns]
    if not targets:
        raise DataError("there is nothing to score the forecast against", found=", ".join(actual.columns),
                        expected=" or ".join(TARGETS))
    made = {forecast.model: forecast, **references}
    steps = pd.concat([scored_steps(actual, each, target, name) for target in targets for name, each in made.items()],
                      ignore_index=True)
    return Scorecard(forecast.station_id, forecast.model, tuple(name for name in references if name != forecast.model),
                     capacity, steps)


def pool(cards: Sequence[Scorecard]) -> Scorecard:
    """Several weeks of one station, model and set of references as one scorecard.

    Raises:
        ValueError: no cards, or cards that do not belong together.
    """
    kinds = {(card.station_id, card.model, card.references, card.capacity) for card in cards}
    if len(kinds) != 1:
        raise ValueError(f"scorecards of one station, model and set of references were expected, not {kinds}")
    station_id, model, references, capacity = kinds.pop()
    steps = pd.concat([card.steps for card in cards], ignore_index=True)
    return Scorecard(station_id, model, references, capacity, steps)


def or_null(values: Mapping[str, float]) -> dict[str, float | None]:
    """NaN becomes None, which JSON can say."""
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def number(value: float) -> str:
    """Four significant digits without an exponent; a dash for NaN."""
    if np.isnan(value):
        return "–"
    magnitude = int(np.floor(np.log10(abs(float(f"{value:.4g}"))))) if value else 0
    return f"{value:.{min(max(3 - magnitude, 0), 8)}f}"


def percent(value: float, sign: str = "") -> str:
    """`12.3 %` for 0.123; a dash for NaN."""
    return "–" if np.isnan(value) else f"{100 * value:{sign}.1f} %"


def _comparison(skill: float, reference: str, error: float) -> str:
    named = f"“{reference}” ({number(error)})"
    if np.isnan(skill):
        return f"no comparison with {named}"
    if abs(skill) < 0.005:
        return f"as good as {named}"
    return f"{'better' if skill > 0 else 'worse'} than {named} by {100 * abs(skill):.0f} %"
