"""Whether an update is due: recent forecasts against what came in, and columns that have left their usual range."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.data.schema import StationData
from wattcast.errors import TooFewRowsError
from wattcast.evaluation.counted import counted_forecasts
from wattcast.evaluation.horizon_view import NONE
from wattcast.evaluation.issued import Observed, accuracy_rows
from wattcast.evaluation.scorecard import number
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.series import Series, all_series
from wattcast.finetune.update import in_words, require_enough
from wattcast.store.base import IssuedForecast
from wattcast.timegrid import DAY

FEWEST_FORECASTS = 3
"""Below so many, nothing is said about how they went. [forecasts]"""
MEASURED, FORECAST = "measured", "forecast"
DRIFT_DAYS = 28
"""The newest, whose mean is held against as long parts of the history. [days]"""
FEWEST_DAYS = 7
"""New days below which a column's mean says nothing. [days]"""


@dataclass(frozen=True)
class Due:
    """Whether an update is due, why or why not, and the numbers behind it."""

    due: bool
    sentences: tuple[str, ...]
    numbers: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"due": self.due, "why": list(self.sentences), **self.numbers}


def update_due(data: StationData, new: pd.Timestamp, version: str, metrics: Mapping[str, Any],
               forecasts: Iterable[IssuedForecast], config: FinetuneConfig) -> Due:
    """Look at the champion's recent errors and at the new rows.

    Args:
        data: the whole history.
        new: first row that the champion was not fitted on.
        version: the champion's.
        metrics: the champion's evaluation, as it was stored.
        forecasts: what was forecast.
        config: from what ratio and drift on an update is due.
    """
    own = [made for made in counted_forecasts(forecasts) if made.version == version and made.origin >= new]
    ours = [made for made in own if _alike(made, metrics.get("weather"))]
    observed = Observed.of(data, first=new)
    rows = [accuracy_rows(made, observed, whole=False) for made in ours]
    ratios = {target: ratio for target in data.station.targets
              if (ratio := _error_ratio(rows, target, metrics)) is not None}
    drifts = {series.name: drift for series in all_series(data.until(data.end), new)
              if (drift := _drift(series)) is not None}
    high = [f"{target}: recent forecasts were wrong by {number(ratio)} times the error at the evaluation"
            for target, ratio in ratios.items() if ratio >= config.due_error_ratio]
    left = [f"{column}: its mean has left the range of the history by {number(drift)} standard deviations"
            for column, drift in drifts.items() if drift >= config.due_drift]
    calm = [f"{target}: recent forecasts were as good as at the evaluation, {number(ratio)} times its error"
            for target, ratio in ratios.items()] or [
        f"fewer than {FEWEST_FORECASTS} stored forecasts can be compared with what came in"]
    if len(ours) < len(own):
        calm.append(f"{len(own) - len(ours)} stored forecasts knew another weather than those of the evaluation "
                    f"({metrics['weather']}) and are not compared with them")
    steady = ["no column has left the range of its history"] if drifts else [
        f"there are fewer than {FEWEST_DAYS} days of new rows"]
    return Due(bool(high or left), tuple(high + left if high or left else calm + steady),
               {"error_ratios": ratios, "drifts": drifts, "forecasts": len(ours)})


def too_few_rows(data: StationData, new: pd.Timestamp, config: FinetuneConfig) -> str | None:
    """In words why the rows from `new` on are not enough to try; None if they are."""
    try:
        require_enough((data.end - new) / DAY, config)
    except TooFewRowsError as error:
        return in_words(error)
    return None


def tried_lately(data: StationData, rejected: Mapping[str, Any], config: FinetuneConfig) -> str | None:
    """In words why the rows since a candidate was rejected cannot change the answer; None if they can.

    They can if the days that decide are all new ones, or with other settings.

    Args:
        data: the whole history.
        rejected: the manifest of the candidate.
        config: as it would be now.
    """
    used = rejected["finetune"]
    if used["settings"] != config.model_dump(mode="json"):
        return None
    seen = pd.Timestamp(used["gate_from"]) + config.gate_days * DAY
    days = (data.end - seen) / DAY
    if days >= config.gate_days:
        return None
    return (f"a candidate was rejected on the rows up to {seen:%Y-%m-%d %H:%M}; {max(days, 0):.1f} days have come in "
            f"since, {config.gate_days} are needed for another answer")


def _alike(made: IssuedForecast, evaluated: str | None) -> bool:
    """Whether a forecast knew the horizon's weather as well as those of the evaluation did.

    Where either does not say, they are taken to be alike: earlier versions of the program did not keep it.
    """
    return made.weather is None or evaluated is None or _knowledge(made.weather) == _knowledge(evaluated)


def _knowledge(weather: str) -> str:
    """A weather forecast, whoever made it; what was measured afterwards; or nothing."""
    return MEASURED if weather.startswith(MEASURED) else NONE if weather == NONE else FORECAST


def _error_ratio(rows: list[pd.DataFrame], target: str, metrics: Mapping[str, Any]) -> float | None:
    """Mean absolute error over the one at the evaluation for the same days ahead; None where too little is known."""
    by_day = metrics.get("targets", {}).get(target, {}).get("by_day", [])
    usual = {entry["day"]: entry["mae"] for entry in by_day if entry["mae"]}
    errors, expected, compared = 0.0, 0.0, 0
    for made in rows:
        known = made[(made["target"] == target) & made["lead_day"].isin(list(usual))]
        if len(known):
            errors += float((known["steps"] * known["mae"]).sum())
            expected += float((known["steps"] * known["lead_day"].map(usual)).sum())
            compared += 1
    return errors / expected if compared >= FEWEST_FORECASTS else None


def _drift(series: Series) -> float | None:
    """How far the mean of the newest rows lies outside the means of as long windows, in standard deviations."""
    length = min(DRIFT_DAYS * series.day, len(series.readings) - series.new)
    windows = series.windows(length) if length >= FEWEST_DAYS * series.day else []
    newest, deviation = series.readings[-length:], float(np.nanstd(series.readings[:series.new])) if windows else 0.0
    if not windows or deviation == 0 or not np.isfinite(newest).any():
        return None
    means = [float(np.nanmean(series.readings[start:start + length])) for start in windows]
    mean = float(np.nanmean(newest))
    return max(mean - max(means), min(means) - mean, 0.0) / deviation
