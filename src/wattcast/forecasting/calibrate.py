"""Quantiles that hold what they promise: distances from the median, made wider or narrower by validation errors.

Split conformal prediction with normalised scores (Vovk, Gammerman & Shafer, 2005; Romano, Patterson & Candès,
arXiv:1905.03222). The score of an error is its size in units of the network's own distance from the median to the 10 %
or 90 % quantile on that side, so that nights, levels and skewness stay the network's; the quantiles of the scores are
the new distances. Scores are taken by size, not by sign: validation is a few weeks, whose bias is not that of the next.
"""

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import QUANTILES

FloatArray = NDArray[np.float64]

PAIRS = tuple(round(2 * level - 1, 10) for level in QUANTILES if level > 0.5)
"""What the pairs of quantiles hold, the innermost first: 20, 40, 60 and 80 %."""

MIDDLE = QUANTILES.index(0.5)
POOLED_DAYS = 28.0
"""Days of validation at which a lead day's own factors count as much as those of all lead days together."""


def distances(quantiles: FloatArray, floor: float) -> FloatArray:
    """The network's own distances from the median to its lowest and its highest quantile, `[N, H, 2]`.

    Args:
        quantiles: `[N, H, Q]`, of the network.
        floor: the least distance.
    """
    median = quantiles[..., MIDDLE]
    return np.maximum(np.stack([median - quantiles[..., 0], quantiles[..., -1] - median], -1), floor)


def fit_factors(actual: FloatArray, median: FloatArray, distance: FloatArray, day: int, days: float) -> FloatArray:
    """Multiples of the distances that hold the shares `PAIRS` of the errors, `[D, P]`, a row a lead day.

    Args:
        actual: `[N, H]`, NaN where not measured.
        median: `[N, H]`.
        distance: `[N, H, 2]`.
        day: steps of a day.
        days: of validation: how many independent errors there are at most.
    """
    scores = np.abs(actual - median) / np.where(actual < median, distance[..., 0], distance[..., 1])
    pooled = _quantiles(scores, days)
    own = [_quantiles(scores[:, first:first + day], days, pooled) for first in range(0, scores.shape[1], day)]
    share = days / (days + POOLED_DAYS)
    return share * np.stack(own) + (1 - share) * pooled


def calibrated(median: FloatArray, distance: FloatArray, factors: FloatArray, day: int) -> FloatArray:
    """Quantiles `[N, H, Q]` about `median` `[N, H]`: `distance` `[N, H, 2]` times the factors `[D, P]` of the day."""
    by_step = factors[np.arange(median.shape[-1]) // day]                                        # [H, P]
    below = median[..., None] - distance[..., :1] * by_step[:, ::-1]
    above = median[..., None] + distance[..., 1:] * by_step
    return np.concatenate([below, median[..., None], above], -1)


def _quantiles(scores: FloatArray, days: float, otherwise: FloatArray | None = None) -> FloatArray:
    """`[P]`: of the measured scores, at the levels that hold for a new one where there are only `days` of them."""
    measured = scores[np.isfinite(scores)]
    if not len(measured):
        return np.ones(len(PAIRS)) if otherwise is None else otherwise
    levels = np.minimum(np.asarray(PAIRS) * (days + 1) / days, 1.0)
    found: FloatArray = np.quantile(measured, levels)
    return found
