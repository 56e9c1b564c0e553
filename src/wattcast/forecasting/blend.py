"""Which experts make a station's forecast, and with which shares, decided on validation origins."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SHARES = 10
"""Weights are tenths: finer ones would claim more than a few weeks can tell."""

PRIOR = 0.8
"""What those that have learned have of the forecast, in equal parts, before anything is known; the simple forecasts
have the rest. Which of them is better, a few weeks cannot tell; their mean is mostly as good as the better one, or
better."""

PULL = 1.0
"""How strongly weights are drawn to what is assumed so far: with one week to choose by, the share of the error that a
squared distance of 1 from it costs; the more weeks, the less. A blend of few weeks' making is thus kept from extremes.
That error is the best single candidate's where what is assumed errs by more: the worse it did, the less it is held to.
"""

TOLERATED = 0.25
"""By what share of the best single candidate's error a blend's may be larger, for the pull's sake, once there is a week
to choose by; after a part of a week, as many times more as it is shorter."""


def prior_weights(learned: Sequence[bool]) -> FloatArray:
    """Weights `[M]` before anything is known, by which of the candidates have learned; some have and some have not."""
    count = sum(learned)
    return np.where(learned, PRIOR / count, (1 - PRIOR) / (len(learned) - count))


def choose_weights(forecasts: FloatArray, actual: FloatArray, weeks: float, prior: FloatArray) -> FloatArray:
    """Weights `[M]`, tenths that sum to 1, with the smallest mean absolute error plus the pull to `prior`.

    However strong the pull, they err by at most 1 + `TOLERATED` times as much as the best candidate by itself.

    Args:
        forecasts: `[..., M]`, of the candidates.
        actual: `[...]`, NaN where not measured; where nothing was, the first candidate, the network, is left alone.
        weeks: that were measured; overlapping windows add none.
        prior: `[M]`, what is assumed so far; sums to 1.
    """
    known = np.isfinite(actual)
    forecasts, actual = forecasts[known], actual[known]
    if not len(actual):
        alone: FloatArray = np.eye(len(prior))[0]
        return alone
    simplex = _simplex(len(prior))
    errors = np.asarray([np.abs(forecasts @ weights - actual).mean() for weights in simplex])
    best = np.abs(forecasts - actual[:, None]).mean(0).min()
    unit = min(np.abs(forecasts @ prior - actual).mean(), best)
    distance = ((simplex - prior) ** 2).sum(-1)
    # Summed in another order, a candidate's error may differ by a rounding from that of all weight on it.
    tolerated = best * (1 + TOLERATED / min(weeks, 1)) + 1e-9 * np.abs(actual).mean()
    drawn = np.where(errors <= tolerated, errors + PULL / weeks * unit * distance, np.inf)
    chosen: FloatArray = simplex[np.argmin(drawn)]
    return chosen


@cache
def _simplex(count: int) -> FloatArray:
    """All weights of `count` candidates in tenths `[S, count]`."""
    rows: list[list[int]] = [[]]
    for _ in range(count - 1):
        rows = [[*row, share] for row in rows for share in range(SHARES - sum(row) + 1)]
    return np.asarray([[*row, SHARES - sum(row)] for row in rows], np.float64) / SHARES
