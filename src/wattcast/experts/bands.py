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
    """Offsets of the quantiles: one shape for all, wider or narrower with the lead day and with the hour of the day.

    The shape needs many errors, a width only few; with quantiles of each hour by themselves, a short history would make
    bands that are far too narrow.
    """

    shape: FloatArray
    """`[Q]`, quantiles of the errors over their width."""
    by_day: FloatArray
    """`[D]`, mean absolute error of each lead day."""
    by_hour: FloatArray
    """`[24]`, mean of the absolute errors over their day's."""

    @classmethod
    def of(cls, errors: FloatArray, days: IntArray, hours: IntArray, count: int) -> Self:
        """From errors measured − forecast `[N]`, one at least finite, with lead day (0 … count − 1) and hour of each.

        A day or an hour without an error takes what holds for all.
        """
        known = np.isfinite(errors)
        errors, days, hours = errors[known], days[known], hours[known]
        by_day = _means(np.abs(errors), days, count)
        by_hour = _means(_over(np.abs(errors), by_day[days]), hours, 24)
        shape = np.quantile(_over(errors, by_day[days] * by_hour[hours]), LEVELS)
        return cls(around_point(shape), by_day, by_hour)

    def offsets(self, days: IntArray, hours: IntArray) -> FloatArray:
        """`[Q, H]` for steps with these lead days and hours `[H]`."""
        return self.shape[:, None] * (self.by_day[days] * self.by_hour[hours])


def _means(values: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """The mean of each group `[count]`; of all values where a group has none."""
    number = np.bincount(groups, minlength=count)
    total = np.bincount(groups, values, minlength=count)
    return np.where(number > 0, total / np.maximum(number, 1), values.mean())


def _over(values: FloatArray, widths: FloatArray) -> FloatArray:
    """`values / widths`; 0 where there is no width, and so no error."""
    return np.divide(values, widths, out=np.zeros_like(values), where=widths > 0)


def with_band(target: str, point: FloatArray, offsets: FloatArray) -> dict[str, FloatArray]:
    """The columns of a forecast's table for one target: `point` `[H]` and `point` + `offsets` (`[Q]` or `[Q, H]`)."""
    return {target: point} | {quantile_column(target, level): point + offset
                              for level, offset in zip(QUANTILES, offsets, strict=True)}
