"""Whether an update is due: recent forecasts against what came in, and columns that have left their usual range."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.data.schema import StationData
from wattcast.evaluation.scorecard import number
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.series import Series, all_series
from wattcast.store.forecasts import KeptForecast
from wattcast.timegrid import DAY

FEWEST_FORECASTS = 3
DRIFT_DAYS = 28
FEWEST_DAYS = 7
"""New days below which a column's mean says nothing."""


@dataclass(frozen=True)
class Due:
    """Whether an update is due, why or why not, and the numbers behind it."""

    due: bool
    sentences: tuple[str, ...]
    numbers: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"due": self.due, "why": list(self.sentences), **self.numbers}


def update_due(data: StationData, new: pd.Timestamp, version: str, metrics: Mapping[str, Any],
               forecasts: Iterable[KeptForecast], config: FinetuneConfig) -> Due:
    """Look at the champion's recent errors and at the new rows.

    Args:
        data: the whole history.
        new: first row that the champion was not fitted on.
        version: the champion's.
        metrics: the champion's evaluation, as it was stored.
        forecasts: what was forecast.
        config: from what ratio and drift on an update is due.
    """
    ours = [made for made in forecasts if made.version == version and made.origin >= new]
    ratios = {target: ratio for target in data.station.targets
              if (ratio := _error_ratio(data, target, ours, metrics)) is not None}
    drifts = {series.name: drift for series in all_series(data.until(data.end), new)
              if (drift := _drift(series)) is not None}
    high = [f"{target}: recent forecasts were wrong by {number(ratio)} times the error at the evaluation"
            for target, ratio in ratios.items() if ratio >= config.due_error_ratio]
    left = [f"{column}: its mean has left the range of the history by {number(drift)} standard deviations"
            for column, drift in drifts.items() if drift >= config.due_drift]
    calm = [f"{target}: recent forecasts were as good as at the evaluation, {number(ratio)} times its error"
            for target, ratio in ratios.items()] or [
        f"fewer than {FEWEST_FORECASTS} stored forecasts can be compared with what came in"]
    steady = ["no column has left the range of its history"] if drifts else [
        f"there are fewer than {FEWEST_DAYS} days of new rows"]
    return Due(bool(high or left), tuple(high + left if high or left else calm + steady),
               {"error_ratios": ratios, "drifts": drifts, "forecasts": len(ours)})


def _error_ratio(data: StationData, target: str, forecasts: list[KeptForecast],
                 metrics: Mapping[str, Any]) -> float | None:
    """Mean absolute error over the one at the evaluation for the same days ahead; None where too little is known."""
    by_day = metrics.get("targets", {}).get(target, {}).get("by_day", [])
    usual = {entry["day"]: entry["mae"] for entry in by_day if entry["mae"]}
    errors, expected, compared = 0.0, 0.0, 0
    for made in forecasts:
        error = (data.frame[target].reindex(made.table.index) - made.table[target]).abs().dropna()
        days = (error.index - made.origin) // DAY + 1
        known = np.asarray([day in usual for day in days], dtype=bool)
        if known.any():
            errors += float(error[known].sum())
            expected += float(sum(usual[day] for day in days[known]))
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
