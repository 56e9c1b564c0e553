"""The last measured value, held over the whole horizon."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from wattcast.contracts import Forecast, Horizon, View
from wattcast.evaluation.measured import mean_of_measured, measured_targets, once_fitted
from wattcast.experts.bands import Band, FloatArray, with_band
from wattcast.timegrid import horizon_index, steps_per_day

ORIGINS = 400
"""How many instants of the training data are held from, to learn how far a held value strays."""


@dataclass(frozen=True, eq=False)
class Persistence:
    """The last measured value of each target, held; hard to beat for the first hours of wind power.

    The quantiles are the value plus a `Band` of what holding got wrong in the training data; the median stays the value
    itself.
    """

    bands: tuple[Band, ...] | None = None
    name = "persistence"

    def fit(self, view: View) -> Self:
        """With the band of each target.

        Raises:
            DataError: a target has no measured value before the view's origin.
        """
        values, steps = measured_targets(view), view.horizon.steps
        held = pd.DataFrame(values).ffill().to_numpy()
        origins = np.unique(np.linspace(1, len(values), ORIGINS, dtype=np.int64))
        ahead = origins[:, None] + np.arange(steps)                                             # [N, H]
        padded = np.concatenate([values, np.full((steps, values.shape[1]), np.nan)])
        errors = padded[ahead] - held[origins - 1][:, None]                                     # [N, H, C]
        index = pd.DatetimeIndex(view.training_data().frame.index)
        first = horizon_index(index[0], Horizon(len(values) + steps, view.horizon.step))
        hours = np.asarray(first.hour, np.int64)[ahead]
        day = np.arange(steps) // steps_per_day(view.horizon.step)
        days, count = np.broadcast_to(day, ahead.shape), int(day[-1]) + 1
        # Where there is no error to learn from, the spread about the mean.
        spread = values - mean_of_measured(values)
        bands = [Band.of(of.ravel(), days.ravel(), hours.ravel(), count) if np.isfinite(of).any()
                 else Band.of(about, np.zeros(len(about), np.int64), np.asarray(index.hour, np.int64), count)
                 for of, about in zip(np.moveaxis(errors, 2, 0), spread.T, strict=True)]
        return replace(self, bands=tuple(bands))

    def forecast(self, view: View) -> Forecast:
        """The held value with its band."""
        bands, index = once_fitted(self.bands, self.name), horizon_index(view.origin, view.horizon)
        days = np.arange(view.horizon.steps) // steps_per_day(view.horizon.step)
        columns: dict[str, FloatArray] = {}
        for target, measured, band in zip(view.station.targets, measured_targets(view).T, bands, strict=True):
            last = measured[np.isfinite(measured)][-1]
            offsets = band.offsets(days, np.asarray(index.hour, np.int64))
            columns |= with_band(target, np.full(view.horizon.steps, last), offsets)
        return Forecast(view.station.id, view.origin, self.name, pd.DataFrame(columns, index=index))
