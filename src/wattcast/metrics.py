"""Error measures as pure functions on arrays.

Symbols: y the measured value, f the forecast, e = f − y, n the number of steps with a measured y. Steps whose y is
missing (NaN) are not scored; a forecast that is not a finite number is an error, wherever it stands. The result is NaN
only where there is nothing to score: no measured step, or a denominator of zero.

Sources: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., ch. 5.8 and 5.9 (MAE, RMSE, MAPE,
skill, quantile score); Kolassa & Schütz, *Foresight* 6 (2007) 40–43 (WAPE, there MAD/Mean); Hyndman &
Koehler, *Int. J. Forecasting* 22 (2006) 679–688, DOI 10.1016/j.ijforecast.2006.03.001 (MASE); Zhang et al., *Solar
Energy* 111 (2015) 157–175, DOI 10.1016/j.solener.2014.10.016 (errors over capacity); Koenker & Bassett,
*Econometrica* 46 (1978), DOI 10.2307/1913643 (pinball).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wattcast.errors import WattcastError

FloatArray = NDArray[np.float64]


def mae(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute error Σ|e| / n, in the unit of the data.

    Args:
        actual: `[...]` measured values, NaN where missing.
        forecast: `[...]` the same shape, finite.

    Raises:
        WattcastError: a forecast value is missing or infinite.
        ValueError: the shapes differ.
    """
    y, f = _scored(actual, forecast)
    return _mean(np.abs(f - y))


def rmse(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Root mean square error √(Σe² / n), in the unit of the data. Arguments and errors as in `mae`."""
    y, f = _scored(actual, forecast)
    return float(np.sqrt(_mean((f - y) ** 2)))


def bias(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Mean error Σe / n, in the unit of the data; positive where the forecast is too high. Arguments as in `mae`."""
    y, f = _scored(actual, forecast)
    return _mean(f - y)


def wape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Weighted absolute percentage error Σ|e| / Σ|y|, a fraction; NaN where all y are 0. Arguments as in `mae`."""
    y, f = _scored(actual, forecast)
    return _ratio(float(np.abs(f - y).sum()), float(np.abs(y).sum()))


def mape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute percentage error, the mean of |e| / y over the steps with y > 0, a fraction.

    Steps with y ≤ 0 (night, feed-in) have no meaningful percentage and are left out; near zero it explodes, so read it
    beside `wape`. NaN where no y is positive. Arguments as in `mae`.
    """
    y, f = _scored(actual, forecast)
    positive = y > 0
    return _mean(np.abs(f - y)[positive] / y[positive])


def accuracy(actual: ArrayLike, forecast: ArrayLike) -> float:
    """1 − MAPE, the figure that load operators are used to; a fraction, negative where MAPE exceeds 100 %."""
    return 1.0 - mape(actual, forecast)


def nmae(actual: ArrayLike, forecast: ArrayLike, capacity: float) -> float:
    """Mean absolute error over capacity, MAE / C, a fraction; `capacity` in the unit of the data.

    Raises:
        ValueError: the capacity is not above zero.
    """
    if not capacity > 0:
        raise ValueError(f"capacity must be positive, not {capacity}")
    return mae(actual, forecast) / capacity


def nrmse(actual: ArrayLike, forecast: ArrayLike, capacity: float) -> float:
    """Root mean square error over capacity, RMSE / C, a fraction; `capacity` in the unit of the data.

    Raises:
        ValueError: the capacity is not above zero.
    """
    if not capacity > 0:
        raise ValueError(f"capacity must be positive, not {capacity}")
    return rmse(actual, forecast) / capacity


def seasonal_error(history: ArrayLike, period: int) -> float:
    """Mean absolute difference of values one period apart, Σ|yₜ − yₜ₋ₚ| / n: what scales `mase`.

    Args:
        history: `[T]` measured training values, NaN where missing; NaN if no two values a period apart are there.
        period: steps of a season, at least 1.
    """
    values = np.asarray(history, dtype=np.float64)
    differences = np.abs(values[period:] - values[:-period])
    return _mean(differences[~np.isnan(differences)])


def mase(actual: ArrayLike, forecast: ArrayLike, scale: float) -> float:
    """Mean absolute scaled error, MAE / scale: below 1 where better than the naive forecast was on the training data.

    `scale` is the `seasonal_error` of the training data; NaN where that is 0 or NaN. Arguments otherwise as in `mae`.
    """
    return _ratio(mae(actual, forecast), scale)


def skill(error: float, reference_error: float) -> float:
    """1 − error / reference error: 1 is perfect, 0 no better than the reference, below 0 worse; NaN if that is 0."""
    return 1.0 - _ratio(error, reference_error)


def pinball(actual: ArrayLike, quantiles: ArrayLike, levels: Sequence[float]) -> float:
    """Mean pinball loss over steps and levels: max(τ·(y − f), (τ − 1)·(y − f)), in the unit of the data.

    Args:
        actual: `[H]` measured values, NaN where missing.
        quantiles: `[H, Q]` forecast quantiles, finite.
        levels: Q levels τ in (0, 1).

    Raises:
        WattcastError: a forecast value is missing or infinite.
        ValueError: the shapes do not fit.
    """
    tau = np.asarray(levels, dtype=np.float64)
    if np.ndim(quantiles) != np.ndim(actual) + 1 or np.shape(quantiles)[-1] != tau.size:
        raise ValueError(f"{tau.size} levels and actual {np.shape(actual)} need quantiles "
                         f"{(*np.shape(actual), tau.size)}, not {np.shape(quantiles)}")
    y, f = _scored(actual, quantiles)
    under = y[:, None] - f
    return _mean(np.maximum(tau * under, (tau - 1.0) * under))


def coverage(actual: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of measured steps with lower ≤ y ≤ upper, a fraction. Arguments and errors as in `mae`."""
    y, low = _scored(actual, lower)
    _, high = _scored(actual, upper)
    return _mean(((low <= y) & (y <= high)).astype(np.float64))


def _scored(actual: ArrayLike, forecast: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The measured steps of both, flattened to `[n]` (and `[n, Q]` for quantiles)."""
    y, f = np.asarray(actual, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if f.shape[:y.ndim] != y.shape:
        raise ValueError(f"actual has shape {y.shape}, the forecast {f.shape}")
    wrong = f.size - int(np.isfinite(f).sum())
    if wrong:
        raise WattcastError("a forecast with missing values cannot be scored",
                            found=f"{wrong} of {f.size} values are missing or infinite", expected="a number everywhere")
    measured = ~np.isnan(y)
    return y[measured], f[measured]


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator != 0 else float("nan")
