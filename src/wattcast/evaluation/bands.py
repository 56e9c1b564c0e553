"""Quantiles around a point forecast from the errors it has made before: a band for what has no model of its own."""

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import QUANTILES, quantile_column

FloatArray = NDArray[np.float64]

LEVELS = np.asarray(QUANTILES)


def around_point(quantiles: FloatArray) -> FloatArray:
    """Quantiles of an error `[Q, ...]` as offsets of a point forecast that stays the median.

    Levels below the median are kept at or under zero and the others at or above it, so that a biased forecast keeps
    its quantiles in order.
    """
    level = LEVELS.reshape(-1, *([1] * (quantiles.ndim - 1)))
    return np.where(level < 0.5, np.minimum(quantiles, 0.0), np.where(level > 0.5, np.maximum(quantiles, 0.0), 0.0))


def offsets_by_day(errors: FloatArray, days: NDArray[np.int64], count: int) -> FloatArray:
    """Offsets of the quantiles for each lead day `[Q, count]`.

    Args:
        errors: `[N]` measured − forecast, NaN where not known, at least one finite.
        days: `[N]` lead day of each error, 0 … count − 1; a day without an error takes the offsets of all.
        count: lead days of the horizon.
    """
    known = np.isfinite(errors)
    errors, days = errors[known], days[known]
    everything = np.quantile(errors, LEVELS)
    by_day = [np.quantile(errors[days == day], LEVELS) if (days == day).any() else everything for day in range(count)]
    return around_point(np.stack(by_day, axis=1))


def with_band(target: str, point: FloatArray, offsets: FloatArray) -> dict[str, FloatArray]:
    """The columns of a forecast's table for one target: `point` `[H]` and `point` + `offsets` (`[Q]` or `[Q, H]`)."""
    return {target: point} | {quantile_column(target, level): point + offset
                              for level, offset in zip(QUANTILES, offsets, strict=True)}
