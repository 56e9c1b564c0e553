"""Quantiles that hold what they promise: distances from the median, made wider or narrower by validation errors.

Split conformal prediction with normalised scores (Vovk, Gammerman & Shafer, 2005; Romano, Patterson & Candès,
arXiv:1905.03222). The score of an error is its size in units of a distance that the network gives on that side of the
median at that step, so that nights, levels and skewness stay the network's, and calm times make narrow bands; the
quantiles of the scores are the new distances. Scores are taken by size, not by sign: validation is a few weeks, whose
bias is not that of the next.
"""

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import MIDDLE, QUANTILES

FloatArray = NDArray[np.float64]

PAIRS = tuple(round(2 * level - 1, 10) for level in QUANTILES if level > 0.5)
"""What the pairs of quantiles hold, the innermost first: 20, 40, 60 and 80 %."""

UNREST_SHARE = 1 / 3
"""How much of a band's size, as a power, comes from the unrest of the last weeks; the rest from the network.
[exponent]"""

LARGEST_CHANGE = 10.0
"""Bounds how much calmer or more restless than the network's quantiles the last weeks can be. [times]"""

POOLED_DAYS = 28.0
"""Days of validation at which a lead day's own factors count as much as those of all lead days together."""


def distances(quantiles: FloatArray, lags: FloatArray, floor: float) -> FloatArray:
    """How far below and above the median values may lie at each step, `[N, H, 2]`, up to the factors.

    The shape over the horizon is that of the network's lowest and highest quantile. Their size follows in part how much
    the last weeks differed from each other, which tells at the origin whether the times are calm.

    Args:
        quantiles: `[N, H, Q]`, of the network.
        lags: `[N, H, A]`, the same slots some weeks before.
        floor: the least distance of a quantile.
    """
    median = quantiles[..., MIDDLE]
    own = np.maximum(np.stack([median - quantiles[..., 0], quantiles[..., -1] - median], -1), floor)
    size = np.sqrt((own ** 2).mean((1, 2), keepdims=True))
    unrest = np.sqrt(lags.var(-1).mean(-1))[:, None, None]
    change = np.where(unrest > 0, np.clip(unrest / size, 1 / LARGEST_CHANGE, LARGEST_CHANGE), 1.0)
    return own * change ** UNREST_SHARE


def lag_distances(lags: FloatArray, day: int, floor: float) -> FloatArray:
    """The distances `[N, H, 2]` of a forecast that has no network: how far the last weeks' values lie apart at its time
    of day, the same on either side.

    Args:
        lags: `[N, H, A]`, the same slots some weeks before.
        day: steps of a day.
        floor: the least distance.
    """
    slots = np.arange(lags.shape[1]) % day
    by_slot = np.stack([lags[:, slots == slot].var(-1).mean(1) for slot in range(slots.max() + 1)], 1)   # [N, day]
    distance = np.maximum(np.sqrt(by_slot[:, slots]), floor)
    return np.stack([distance, distance], -1)


def error_sizes(actual: FloatArray, median: FloatArray, distance: FloatArray) -> FloatArray:
    """The scores `[N, H]`: sizes of errors in units of the distances `[N, H, 2]`, NaN where not measured."""
    scores: FloatArray = np.abs(actual - median) / np.where(actual < median, distance[..., 0], distance[..., 1])
    return scores


def fit_factors(actual: FloatArray, median: FloatArray, distance: FloatArray, day: int, days: float) -> FloatArray:
    """Multiples of the distances that hold the shares `PAIRS` of the errors, `[D, P]`, a row a lead day.

    Args:
        actual: `[N, H]`, NaN where not measured.
        median: `[N, H]`.
        distance: `[N, H, 2]`.
        day: steps of a day.
        days: of validation: how many independent errors there are at most.
    """
    scores = error_sizes(actual, median, distance)
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
