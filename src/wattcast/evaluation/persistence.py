"""The last measured value, held over the whole horizon."""

from typing import Self

import numpy as np
import pandas as pd

from wattcast.contracts import Forecast, View
from wattcast.evaluation.bands import FloatArray, offsets_by_day, with_band
from wattcast.evaluation.measured import measured_targets
from wattcast.timegrid import horizon_index, steps_per_day

ORIGINS = 400
"""How many instants of the training data are held from, to learn how far a held value strays."""


class Persistence:
    """The last measured value of each target, held; hard to beat for the first hours of wind power.

    The quantiles are the value plus the empirical quantiles, by lead day, of what holding got wrong in the training
    data; the median stays the value itself.
    """

    name = "persistence"

    def fit(self, view: View) -> Self:
        """Learn the quantiles of the error by lead day `[Q, D]` for each target.

        Raises:
            DataError: a target has no measured value before the view's origin.
        """
        values, steps = measured_targets(view), view.horizon.steps
        per_day = steps_per_day(view.horizon.step)
        held = pd.DataFrame(values).ffill().to_numpy()
        origins = np.unique(np.linspace(1, len(values), ORIGINS, dtype=np.int64))
        ahead = origins[:, None] + np.arange(steps)                                             # [N, H]
        padded = np.concatenate([values, np.full((steps, values.shape[1]), np.nan)])
        errors = padded[ahead] - held[origins - 1][:, None]                                     # [N, H, C]
        days = np.broadcast_to(np.arange(steps) // per_day, ahead.shape).ravel()
        count = int(days.max()) + 1
        self._offsets = [_or_spread(errors[..., column].ravel(), values[:, column], days, count)[:, days[:steps]]
                         for column in range(values.shape[1])]
        return self

    def forecast(self, view: View) -> Forecast:
        """The held value with its band."""
        values = measured_targets(view)
        columns = {}
        for target, measured, offsets in zip(view.station.targets, values.T, self._offsets, strict=True):
            last = measured[np.isfinite(measured)][-1]
            columns |= with_band(target, np.full(view.horizon.steps, last), offsets)
        return Forecast(view.station.id, view.origin, self.name,
                        pd.DataFrame(columns, index=horizon_index(view.origin, view.horizon)))


def _or_spread(errors: FloatArray, values: FloatArray, days: np.ndarray, count: int) -> FloatArray:
    """The offsets of the errors, or of the spread about the mean where there is no error to learn from."""
    if np.isfinite(errors).any():
        return offsets_by_day(errors, days, count)
    return offsets_by_day(values - np.nanmean(values), np.zeros(len(values), np.int64), count)
