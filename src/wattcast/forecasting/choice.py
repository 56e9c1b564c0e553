"""Which forecaster a station should use: the network, a simple forecast, or a blend, decided on validation origins.

The network starts from its anchors, and some of those are the simple forecasts that it has to beat: they come with
every window, so a blend costs nothing but the weights.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wattcast.windows.anchors import anchor_names

FloatArray = NDArray[np.float64]

NETWORK = "network"
SIMPLE: Mapping[str, str] = {"lag_1w": "seasonal-naive", "lag_mean": "weekly-mean", "yesterday": "naive-day"}
"""The anchors that may take part, under the names of the simple forecasts that they are."""

SHARES = 10
"""Weights are tenths: finer ones would claim more than a few weeks can tell."""

PULL = 0.3
"""How strongly weights are drawn to equal ones: with one week of validation, the share of the equal weights' error that
a squared distance of 1 from them costs; the more weeks, the less. Found on weeks before the shared protocol's tests."""


def candidate_names(lag_weeks: tuple[int, ...]) -> tuple[str, ...]:
    """The network, then the simple forecasts among its anchors."""
    return (NETWORK, *(SIMPLE[name] for name in anchor_names(lag_weeks) if name in SIMPLE))


def candidates(median: FloatArray, anchors: FloatArray, lag_weeks: tuple[int, ...]) -> FloatArray:
    """The candidates' forecasts `[..., M]` in the order of `candidate_names`.

    Args:
        median: `[...]`, the network's.
        anchors: `[..., A]`.
        lag_weeks: the model's lags.
    """
    simple = [position for position, name in enumerate(anchor_names(lag_weeks)) if name in SIMPLE]
    return np.concatenate([median[..., None], anchors[..., simple]], -1)


def choose_weights(forecasts: FloatArray, actual: FloatArray, weeks: float) -> FloatArray:
    """Weights `[M]`, tenths that sum to 1, with the smallest mean absolute error plus pull to equal weights.

    Args:
        forecasts: `[..., M]`, of the candidates.
        actual: `[...]`, NaN where not measured.
        weeks: of validation; overlapping windows add none.
    """
    known, count = np.isfinite(actual), forecasts.shape[-1]
    forecasts, actual = forecasts[known], actual[known]
    if not len(actual):
        return (np.arange(count) == 0).astype(np.float64)
    simplex, equal = _simplex(count), np.full(count, 1 / count)
    errors = np.asarray([np.abs(forecasts @ weights - actual).mean() for weights in simplex])
    unit = np.abs(forecasts @ equal - actual).mean()
    penalty = ((simplex - equal) ** 2).sum(-1)
    chosen: FloatArray = simplex[np.argmin(errors + PULL / weeks * unit * penalty)]
    return chosen


@cache
def _simplex(count: int) -> FloatArray:
    """All weights of `count` candidates in tenths `[S, count]`."""
    rows: list[list[int]] = [[]]
    for _ in range(count - 1):
        rows = [[*row, share] for row in rows for share in range(SHARES - sum(row) + 1)]
    return np.asarray([[*row, SHARES - sum(row)] for row in rows], np.float64) / SHARES
