"""How far a station has been above or below its forecasts of late, and how much of that a forecast should follow.

A plant that loses a tenth of its strings gives a tenth less from then on. A network that was trained before cannot
know, and one that has learned both times cannot tell them apart; the ratio of what was measured to what it would have
forecast does. Simple forecasts follow by themselves. Elsewhere the ratio is noise: a model follows it only after new
days, which it did not learn from, have shown that this helps. Validation weeks alone have chosen wrongly (openstef_307:
16 % worse in the weeks that followed), and a model that has learned the weeks before an origin finds nothing in them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

WEEKS = 2
"""Before an origin, over which the ratio is taken. [weeks]"""

BOUNDS = (0.5, 2.0)
"""A ratio beyond them says that something else is wrong. [ratio]"""

SHARES = (0.0, 0.5, 1.0)
"""How much of a ratio's distance from 1 may be followed. [share]"""

MARGIN = 0.01
"""By what share of its error following the ratio must make a forecast better to be done. [share]"""


def recent_ratio(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    """`[N, C]`, the sum of what was measured over the sum of what was forecast there; 1 where that cannot be said.

    Args:
        actual: `[N, T, C]`, NaN where not measured.
        forecast: the same shape.
    """
    known = np.isfinite(actual)
    measured, expected = np.where(known, actual, 0.0).sum(1), np.where(known, forecast, 0.0).sum(1)
    told = (known.mean(1) >= 0.5) & (measured > 0) & (expected > 0)
    ratio: FloatArray = np.where(told, measured / np.where(told, expected, 1.0), 1.0).clip(*BOUNDS)
    return ratio


def follow(forecast: FloatArray, ratio: FloatArray, share: float) -> FloatArray:
    """The forecast `[N, H]` at the level of the recent past, by a share of what the ratio `[N]` says."""
    followed: FloatArray = forecast * (1 + share * (ratio - 1))[:, None]
    return followed


def choose_share(periods: Sequence[tuple[FloatArray, FloatArray, FloatArray]]) -> float:
    """The share that makes the mean absolute error smallest, all periods counting alike.

    Args:
        periods: of each one the forecasts `[N, H]`, their ratios `[N]`, and what was measured `[N, H]`.
    """
    told = [period for period in periods if np.isfinite(period[2]).any()]
    if not told:
        return 0.0
    errors = np.asarray([[np.nanmean(np.abs(follow(forecast, ratio, share) - actual)) for share in SHARES]
                         for forecast, ratio, actual in told])
    relative = (errors / errors[:, :1].clip(min=np.finfo(float).tiny)).mean(0)
    best = int(relative.argmin())
    return SHARES[best] if relative[best] < 1 - MARGIN else 0.0
