"""The formulas of grid codes, a closed set: a rule names one of them and gives its parameters.

Each takes one forecast day's scored points: y measured, f forecast, e = f − y, n points, C the capacity in the unit of
the power, whether the formula needs it or not. No value is missing. Which rule uses which, and where that was seen, is
in `rules/*.yaml`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from wattcast.errors import ConfigError, listing, nearest
from wattcast.metrics import FloatArray


def rmse_accuracy(actual: FloatArray, forecast: FloatArray, capacity: float) -> float:
    """1 − √(Σe² / n) / C."""
    return 1.0 - float(np.sqrt(np.mean((forecast - actual) ** 2))) / capacity


def mae_accuracy(actual: FloatArray, forecast: FloatArray, capacity: float) -> float:
    """1 − Σ|e| / n / C."""
    return 1.0 - float(np.mean(np.abs(forecast - actual))) / capacity


def error_weighted_rmse_accuracy(actual: FloatArray, forecast: FloatArray, capacity: float) -> float:
    """1 − √(Σ|e|³ / Σ|e|) / C: the root mean square error with each point weighted by its own error."""
    error = np.abs(forecast - actual)
    total = float(error.sum())
    return 1.0 - float(np.sqrt(np.sum(error ** 3) / total)) / capacity if total else 1.0


def relative_rmse_accuracy(actual: FloatArray, forecast: FloatArray, capacity: float, *, floor: float = 0.0,
                           cap: float = np.inf) -> float:
    """max(0, 1 − √(Σ min(|e| / max(y, floor·C), cap)² / n)): errors relative to the measured power.

    Args:
        floor: share of the capacity below which the denominator does not fall.
        cap: the largest relative error of a point; a point with a denominator of zero or less counts as the cap.
    """
    denominator = np.maximum(actual, floor * capacity)
    error = np.abs(forecast - actual)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(denominator > 0, error / denominator, np.where(error > 0, np.inf, 0.0))
    return max(0.0, 1.0 - float(np.sqrt(np.mean(np.minimum(relative, cap) ** 2))))


def mape_accuracy(actual: FloatArray, forecast: FloatArray, _capacity: float) -> float:
    """1 − Σ(|e| / y) / n over the points with y > 0; NaN where there is none."""
    positive = actual > 0
    if not positive.any():
        return float("nan")
    return 1.0 - float(np.mean(np.abs(forecast - actual)[positive] / actual[positive]))


def qualified_rate(actual: FloatArray, forecast: FloatArray, capacity: float, *, limit: float) -> float:
    """Share of the points with |e| / C < limit."""
    return float(np.mean(np.abs(forecast - actual) / capacity < limit))


def correlation(actual: FloatArray, forecast: FloatArray, _capacity: float) -> float:
    """Pearson's correlation of y and f; NaN where one of them does not vary."""
    if np.ptp(actual) == 0 or np.ptp(forecast) == 0:
        return float("nan")
    return float(np.corrcoef(actual, forecast)[0, 1])


def max_relative_error(actual: FloatArray, forecast: FloatArray, _capacity: float) -> float:
    """max(|e| / y) over the points with y > 0; NaN where there is none. The only one that is better when lower."""
    positive = actual > 0
    return float(np.max(np.abs(forecast - actual)[positive] / actual[positive])) if positive.any() else float("nan")


@dataclass(frozen=True)
class Formula:
    """A formula and which way is better."""

    function: Callable[..., float]
    higher_is_better: bool = True

    def shortfall(self, value: float, threshold: float) -> float:
        """By how much a value misses its threshold; 0 where it does not."""
        return max(0.0, threshold - value if self.higher_is_better else value - threshold)


FORMULAS: dict[str, Formula] = {
    function.__name__: Formula(function) for function in (
        rmse_accuracy, mae_accuracy, error_weighted_rmse_accuracy, relative_rmse_accuracy, mape_accuracy,
        qualified_rate, correlation)
} | {max_relative_error.__name__: Formula(max_relative_error, higher_is_better=False)}


def require_formula(name: str, parameters: Mapping[str, float]) -> None:
    """Refuse a name that is not in the set, and parameters that the formula does not take or lacks.

    Raises:
        ConfigError: with the nearest name, or with the parameters there are.
    """
    if name not in FORMULAS:
        guess = nearest(name, FORMULAS)
        raise ConfigError(f"unknown formula {name!r}", expected=listing(FORMULAS),
                          hint=f"did you mean {guess!r}?" if guess else None)
    known = [each for each in inspect.signature(FORMULAS[name].function).parameters.values()
             if each.kind is each.KEYWORD_ONLY]
    wrong = [key for key in parameters if key not in [each.name for each in known]]
    missing = [each.name for each in known if each.default is each.empty and each.name not in parameters]
    if wrong or missing:
        raise ConfigError(f"the formula {name} has the wrong parameters", found=listing(parameters),
                          expected=listing(each.name for each in known))
