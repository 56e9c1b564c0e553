"""Seasonal lags: the targets whole weeks earlier, never less than the week to be forecast, so all are known over it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattcast.errors import ConfigError


def seasonal_lags(targets: NDArray[np.floating], weeks: Sequence[int], steps_per_week: int) -> NDArray[np.float32]:
    """What every step's targets were some weeks before.

    Args:
        targets: `[T, C]`, NaN where missing.
        weeks: A lags, each at least 1.
        steps_per_week: 672 for 15 minutes.

    Returns:
        `[T, C, A]` in the targets' unit; NaN where missing and where the lag reaches before the first row.

    Raises:
        ConfigError: a lag below one week, which the last days of a forecast could not know.
    """
    if any(week < 1 for week in weeks):
        raise ConfigError("a seasonal lag must be a week or more", found=list(weeks))
    lags = np.full((*targets.shape, len(weeks)), np.nan, np.float32)
    for position, week in enumerate(weeks):
        shift = week * steps_per_week
        lags[shift:, :, position] = targets[:max(0, len(targets) - shift)]
    return lags


def lag_names(targets: Sequence[str], weeks: Sequence[int]) -> tuple[str, ...]:
    """`total_active_power_lag_1w` …, the lags of one target after the other."""
    return tuple(f"{target}_lag_{week}w" for target in targets for week in weeks)
