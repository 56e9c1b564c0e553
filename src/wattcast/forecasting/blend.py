"""Which experts make a station's forecast, and with which shares, decided on validation origins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LEAST = 0.01
"""A share below it is none: its expert need not be asked. [share]"""

SOLVED = 20_000
"""Values, about, that weights are solved on; more tell nothing new."""

ROUNDS, STILL = 50, 1e-4
"""Of reweighing at most, and the change at which it stops. [rounds, share]"""

TINY = 1e-6
"""Share of the mean error below which an error, or a pull, is none."""

PRIOR = 0.8
"""What those that have learned have of the forecast before anything is known; the simple forecasts have the rest. Which
of them is better, a few weeks cannot tell; their mean is mostly as good as the better one, or better. [share]"""

PULL = 1.0
"""How strongly weights are drawn to what is assumed so far: with one week to choose by, the share of the error that a
squared distance of 1 from it costs; the more weeks, the less. A blend of few weeks' making is thus kept from extremes.
That error is the best single candidate's where what is assumed errs by more: the worse it did, the less it is held to.
[share]
"""

TOLERATED = 0.25
"""By what share of the best single candidate's error a blend's may be larger, for the pull's sake, once there is a week
to choose by; after a part of a week, as many times more as it is shorter. [share]"""


def prior_weights(learned: Sequence[float]) -> FloatArray:
    """Weights `[M]` before anything is known: those of the candidates that have learned in these parts, the others,
    whose part is 0, in equal ones; some have learned and some have not."""
    parts = np.asarray(learned, np.float64)
    simple = parts == 0
    weights: FloatArray = np.where(simple, (1 - PRIOR) / simple.sum(), PRIOR * parts / parts.sum())
    return weights


def choose_weights(forecasts: FloatArray, actual: FloatArray, weeks: float, prior: FloatArray) -> FloatArray:
    """Weights `[M]`, hundredths that sum to 1, with the smallest mean absolute error plus the pull to `prior`.

    However strong the pull, they err by hardly more than 1 + `TOLERATED` times as much as the best candidate by itself.

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
    by_itself = np.abs(forecasts - actual[:, None]).mean(0)
    best = by_itself.min()
    unit = min(np.abs(forecasts @ prior - actual).mean(), best)
    # Summed in another order, a candidate's error may differ by a rounding from that of all weight on it.
    tolerated = best * (1 + TOLERATED / min(weeks, 1)) + 1e-9 * np.abs(actual).mean()
    some = slice(None, None, max(1, len(actual) // SOLVED))
    for loosened in (1.0, 0.25, 0.05, 0.01):
        pull = loosened * PULL / weeks * unit
        weights = _without_traces((forecasts - actual[:, None])[some], pull, prior)
        if np.abs(forecasts @ weights - actual).mean() <= tolerated:
            return weights
    chosen: FloatArray = np.eye(len(prior))[by_itself.argmin()]
    return chosen


def _without_traces(errors: FloatArray, pull: float, prior: FloatArray) -> FloatArray:
    """As `_solved`, in hundredths and without shares too small to matter."""
    used, weights = np.arange(len(prior)), _solved(errors, pull, prior)
    while (weights < LEAST).any():
        used = used[weights >= LEAST]
        assumed = prior[used] + 1e-9
        weights = _solved(errors[:, used], pull, assumed / assumed.sum())
    whole = np.zeros(len(prior))
    whole[used] = weights
    return in_hundredths(whole)


def in_hundredths(weights: FloatArray) -> FloatArray:
    """The weights `[M]` in hundredths that sum to 1; what is over or lacking has the largest."""
    hundredths = np.round(weights, 2)
    hundredths[hundredths.argmax()] += 1 - hundredths.sum()
    rounded: FloatArray = np.round(hundredths, 2)
    return rounded


def _solved(errors: FloatArray, pull: float, prior: FloatArray) -> FloatArray:
    """The convex weights with the smallest mean absolute error plus `pull` times the squared distance from `prior`.

    Absolute errors as squares that are weighed by their sizes, anew in each round (Schlossmacher, DOI 10.2307/2284512).

    Args:
        errors: `[N, M]`, of the candidates.
        pull: above 0, or all but.
        prior: `[M]`.
    """
    unit = np.abs(errors).mean()
    if unit == 0:
        return prior
    errors, pull = errors / unit, max(pull / unit, TINY)
    weights, least = prior, max(1e-3 * np.abs(errors @ prior).mean(), TINY)
    best, lowest = prior, np.inf
    for _ in range(ROUNDS):
        sizes = np.maximum(np.abs(errors @ weights), least)
        curve = (errors / sizes[:, None]).T @ errors / len(errors)
        # Experts that say the same leave nothing to choose by but the pull, which rounding must not drown.
        kept = 2 * max(pull, 1e-9 * np.trace(curve))
        before, weights = weights, _least_on_simplex(curve + kept * np.eye(len(prior)), kept * prior, weights)
        found = np.abs(errors @ weights).mean() + pull * ((weights - prior) ** 2).sum()
        if found < lowest:
            best, lowest = weights, found
        if np.abs(weights - before).max() < STILL:
            break
    return best


def _least_on_simplex(curve: FloatArray, slope: FloatArray, start: FloatArray) -> FloatArray:
    """Where `w·curve·w / 2 − slope·w` is least among weights that are not negative and sum to 1.

    By an active set (Nocedal & Wright, Numerical Optimization, 2006, algorithm 16.3): the least for those that are
    free, as far as none of them would become negative; then one more is freed while that helps.
    """
    weights, free = start, start > 0
    for _ in range(10 * len(start)):
        wanted = np.zeros_like(weights)
        wanted[free] = _least_of_sum_one(curve[np.ix_(free, free)], slope[free])
        falling = free & (wanted < 0)
        if falling.any():
            reach = np.where(falling, weights / np.where(falling, weights - wanted, 1.0), np.inf)
            weights = np.maximum(weights + min(1.0, reach.min()) * (wanted - weights), 0.0)
            free = free & (np.arange(len(free)) != reach.argmin())
            weights[~free] = 0.0
            continue
        weights = wanted
        gradient = curve @ weights - slope
        gain = gradient[free].mean() - np.where(free, np.inf, gradient)
        if gain.max() <= 1e-9 * np.abs(gradient).max():
            break
        free = free | (np.arange(len(free)) == gain.argmax())
    chosen: FloatArray = weights / weights.sum()
    return chosen


def _least_of_sum_one(curve: FloatArray, slope: FloatArray) -> FloatArray:
    """The same where weights may be negative: Lagrange's equations."""
    count = len(slope)
    equations = np.block([[curve, np.ones((count, 1))], [np.ones((1, count)), np.zeros((1, 1))]])
    found: FloatArray = np.linalg.solve(equations, np.append(slope, 1.0))[:count]
    return found
