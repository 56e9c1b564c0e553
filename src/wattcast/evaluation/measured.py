"""What a simple forecaster learns from, the targets that were measured before an origin; and whether it has."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wattcast.contracts import View
from wattcast.errors import DataError, WattcastError

Learned = TypeVar("Learned")


def measured_targets(view: View) -> NDArray[np.float64]:
    """All targets before the view's origin `[T, C]`, NaN where not measured.

    Raises:
        DataError: a target has no measured value.
    """
    values: NDArray[np.float64] = view.training_data().frame[list(view.station.targets)].to_numpy(np.float64)
    for target, column in zip(view.station.targets, values.T, strict=True):
        if not np.isfinite(column).any():
            raise DataError(f"station {view.station.id}: {target} has no measured value before {view.origin}")
    return values


def mean_of_measured(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the first axis of what is measured, NaN where nothing is."""
    measured = ~np.isnan(values)
    count = measured.sum(axis=0)
    total = np.where(measured, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def once_fitted(learned: Learned | None, name: str) -> Learned:
    """What the forecaster of this name has learned.

    Raises:
        WattcastError: nothing yet.
    """
    if learned is None:
        raise WattcastError(f"the forecaster {name} was not fitted", hint="call fit(view), and ask what it returns")
    return learned
