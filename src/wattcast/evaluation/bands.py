"""Quantiles around a point forecast from the errors it has made before: a band for what has no model of its own."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import QUANTILES, quantile_column

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVELS = np.asarray(QUANTILES)


def around_point(quantiles: FloatArray) -> FloatArray:
    """Quantiles of an error `[Q, ...]` as offsets of a point forecast that stays the median.

    Levels below the median are kept at or under zero and the others at or above it, so that a biased forecast keeps
    its quantiles in order.
    """
    level = LEVELS.reshape(-1, *([1] * (quantiles.ndim - 1)))
    return np.where(level < 0.5, np.minimum(quantiles, 0.0), np.where(level > 0.5, np.maximum(quantiles, 0.0), 0.0))


@dataclass(frozen=True)
class Band:
    """Offsets of the quantiles by hour of the day, wider or narrower with the lead day.

    `by_hour` `[Q, 24]` are quantiles of the errors over the mean absolute error of their lead day, `by_day` `[D]`.
    """

    by_hour: FloatArray
    by_day: FloatArray

    @classmethod
    def of(cls, errors: FloatArray, days: IntArray, hours: IntArray, count: int) -> Self:
        """From errors measured − forecast `[N]`, one at least finite, with lead day (0 … count − 1) and hour of each.

        A day or an hour without an error takes what holds for all.
        """
        known = np.isfinite(errors)
        errors, days, hours = errors[known], days[known], hours[known]
        size = np.abs(errors)
        by_day = np.asarray([size[days == day].mean() if (days == day).any() else size.mean() for day in range(count)])
        relative = errors / np.where(by_day > 0, by_day, 1.0)[days]
        everything = np.quantile(relative, LEVELS)
        by_hour = [np.quantile(relative[hours == hour], LEVELS) if (hours == hour).any() else everything
                   for hour in range(24)]
        return cls(around_point(np.stack(by_hour, axis=1)), by_day)

    def offsets(self, days: IntArray, hours: IntArray) -> FloatArray:
        """`[Q, H]` for steps with these lead days and hours `[H]`."""
        return self.by_hour[:, hours] * self.by_day[days]


def with_band(target: str, point: FloatArray, offsets: FloatArray) -> dict[str, FloatArray]:
    """The columns of a forecast's table for one target: `point` `[H]` and `point` + `offsets` (`[Q]` or `[Q, H]`)."""
    return {target: point} | {quantile_column(target, level): point + offset
                              for level, offset in zip(QUANTILES, offsets, strict=True)}
