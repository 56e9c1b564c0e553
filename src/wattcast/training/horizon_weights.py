"""Weights of the horizon's steps in the loss: how much each lead matters to the user."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattcast.errors import ConfigError


def parse_horizon_weights(text: str) -> tuple[float, ...]:
    """Numbers separated by commas: one for each step, or one for each day.

    Raises:
        ConfigError: something that is not a number.
    """
    weights = []
    for position, word in enumerate(text.split(","), start=1):
        try:
            weights.append(float(word))
        except ValueError:
            raise ConfigError(f"horizon weight number {position} is not a number", found=repr(word.strip()),
                              expected="numbers separated by commas") from None
    return tuple(weights)


def expand_horizon_weights(weights: Sequence[float] | None, steps: int, days: int) -> NDArray[np.float32]:
    """One weight a step with mean 1, `[H]`, for a horizon of so many days; None weighs all steps alike.

    Raises:
        ConfigError: neither one number a step nor one a day, a negative one, or none above zero.
    """
    if weights is None:
        return np.ones(steps, np.float32)
    values = np.asarray(weights, np.float64)
    if len(values) == days:
        values = np.repeat(values, steps // days)
    if len(values) != steps:
        raise ConfigError("the horizon weights have the wrong length", found=f"{len(values)} numbers",
                          expected=f"{steps} (one a step) or {days} (one a day)")
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() == 0:
        raise ConfigError("horizon weights must be finite, not negative and not all zero",
                          found=f"{int((values < 0).sum())} negative, {int((~np.isfinite(values)).sum())} not finite")
    normalised: NDArray[np.float32] = (values / values.mean()).astype(np.float32)
    return normalised


def describe_horizon_weights(weights: NDArray[np.float32], days: int) -> str:
    """The normalised weights, a mean for each day: what the user's numbers came to."""
    means = weights.reshape(days, -1).mean(1)
    return "horizon weights by day (mean 1): " + ", ".join(f"{mean:.3f}" for mean in means)
