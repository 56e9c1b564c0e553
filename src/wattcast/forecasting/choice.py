"""Which forecaster a station should use: network, trees, a simple forecast, or a blend, decided on validation origins.

The network starts from its anchors, and some of those are the simple forecasts that it has to beat: they come with
every window, so a blend costs nothing but the weights.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wattcast.windows.anchors import anchor_names

FloatArray = NDArray[np.float64]

LEARNED = NETWORK, TREES = "network", "trees"
"""The candidates that have learned; they come first."""

WEATHER_ADJUSTED = "weather-adjusted"
"""The last weeks' days of the same type, adjusted for the weather: for loads with weather."""

OTHER_WEEKS = "weeks-mean"
"""The mean of the lags where those are not the last four weeks."""

SHARES = 10
"""Weights are tenths: finer ones would claim more than a few weeks can tell."""

PRIOR = 0.8
"""What network and trees have of the forecast, in equal parts, before anything is known; the simple forecasts have the
rest. Which of the two is better, a few weeks cannot tell; their mean is mostly as good as the better one, or better."""

PULL = 1.0
"""How strongly weights are drawn to what is assumed so far: with one week to choose by, the share of the error that a
squared distance of 1 from it costs; the more weeks, the less. A blend of few weeks' making is thus kept from extremes.
That error is the best single candidate's where what is assumed errs by more: the worse it did, the less it is held to.
"""

TOLERATED = 0.25
"""By what share of the best single candidate's error a blend's may be larger, for the pull's sake, once there is a week
to choose by; after a part of a week, as many times more as it is shorter."""


def _simple(lag_weeks: tuple[int, ...], adjusted: bool) -> dict[str, int]:
    """The simple forecasts among the anchors, and where they stand there."""
    mean = "weekly-mean" if lag_weeks == (1, 2, 3, 4) else OTHER_WEEKS
    names = {"lag_1w": "seasonal-naive", "lag_mean": mean, "yesterday": "naive-day"}
    names |= {"weather_adjusted": WEATHER_ADJUSTED} if adjusted else {}
    return {names[anchor]: place for place, anchor in enumerate(anchor_names(lag_weeks)) if anchor in names}


def candidate_names(lag_weeks: tuple[int, ...], *, trees: bool, adjusted: bool) -> tuple[str, ...]:
    """The network, the trees if there are any, then the simple forecasts among the anchors."""
    return (NETWORK, *((TREES,) if trees else ()), *_simple(lag_weeks, adjusted))


def candidates(median: FloatArray, anchors: FloatArray, lag_weeks: tuple[int, ...],
               trees: FloatArray | None = None, *, adjusted: bool) -> FloatArray:
    """The candidates' forecasts `[..., M]` in the order of `candidate_names`.

    Args:
        median: `[...]`, the network's.
        anchors: `[..., A]`.
        lag_weeks: the model's lags.
        trees: `[...]`, theirs, if there are any.
        adjusted: whether usual days are adjusted for the weather.
    """
    learnt = [each[..., None] for each in (median, trees) if each is not None]
    return np.concatenate([*learnt, anchors[..., list(_simple(lag_weeks, adjusted).values())]], -1)


def prior_weights(count: int, learned: int) -> FloatArray:
    """Weights `[count]` before anything is known; the first `learned` candidates have learned, at least one has not."""
    return np.where(np.arange(count) < learned, PRIOR / learned, (1 - PRIOR) / (count - learned))


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
