"""Seasonal lags: the targets whole weeks earlier, never less than the week to be forecast, so all are known over it.

Weeks go by the clock that the station follows. Over a change in spring, a week of steps ends an hour after that time of
the next week: the last hour's lag of one week is not known at the origin.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattcast.errors import ConfigError
from wattcast.timegrid import WallGrid, at_rows


def seasonal_lags(targets: NDArray[np.floating], weeks: Sequence[int], steps_per_week: int,
                  grid: WallGrid) -> NDArray[np.float32]:
    """What every step's targets were some weeks before.

    Args:
        targets: `[T, C]`, NaN where missing.
        weeks: A lags, each at least 1.
        steps_per_week: 672 for 15 minutes.
        grid: numbers the T rows by the clock that the station follows.

    Returns:
        `[T, C, A]` in the targets' unit; NaN where missing and where the lag reaches before the first row.

    Raises:
        ConfigError: a lag below one week, which the last days of a forecast could not know.
    """
    if any(week < 1 for week in weeks):
        raise ConfigError("a seasonal lag must be a week or more", found=list(weeks))
    values = targets.astype(np.float64)
    lags = [at_rows(values, grid.rows(grid.slots - week * steps_per_week)) for week in weeks]
    return np.stack(lags, -1).astype(np.float32)


def lag_names(targets: Sequence[str], weeks: Sequence[int]) -> tuple[str, ...]:
    """`total_active_power_lag_1w` …, the lags of one target after the other."""
    return tuple(f"{target}_lag_{week}w" for target in targets for week in weeks)
