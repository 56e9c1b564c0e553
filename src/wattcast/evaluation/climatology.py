"""What is usual at this time of day in this month, whatever the last days were like."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Forecast, View
from wattcast.evaluation.measured import mean_of_measured, measured_targets, once_fitted
from wattcast.experts.bands import LEVELS, FloatArray, around_point, with_band
from wattcast.timegrid import followed_clock, horizon_index, slots_of_day, steps_per_day

MONTHS = 12


@dataclass(frozen=True, eq=False)
class Climatology:
    """The training data's mean by time of day and month; what is left to know when the weather is not.

    The quantiles are those of the same values around their mean. A month that the training data does not hold takes
    the values of all months at that time of day. That is UTC's for a plant: no clock on the wall moves the sun.
    """

    tables: tuple[FloatArray, ...] | None = None
    """Of each target mean and quantiles `[1 + Q, M·S]` by month and slot of the day."""
    name = "climatology"

    def fit(self, view: View) -> Self:
        """With mean and quantiles of every month and slot of the day.

        Raises:
            DataError: a target has no measured value before the view's origin.
        """
        values, index = measured_targets(view), pd.DatetimeIndex(view.training_data().frame.index)
        per_day, slots = steps_per_day(view.horizon.step), _slots(index, view)
        cells = _cells(index, view)
        tables = [_filled(_table(column, cells, MONTHS * per_day), np.tile(_table(column, slots, per_day), MONTHS),
                          column) for column in values.T]
        return replace(self, tables=tuple(tables))

    def forecast(self, view: View) -> Forecast:
        """The usual values with their band."""
        tables, index = once_fitted(self.tables, self.name), horizon_index(view.origin, view.horizon)
        cells = _cells(index, view)
        columns: dict[str, FloatArray] = {}
        for target, table in zip(view.station.targets, tables, strict=True):
            mean, quantiles = table[0, cells], table[1:, cells]
            columns |= with_band(target, mean, around_point(quantiles - mean))
        return Forecast(view.station.id, view.origin, self.name, pd.DataFrame(columns, index=index))


def _slots(index: pd.DatetimeIndex, view: View) -> NDArray[np.int64]:
    """The number of each stamp's slot of the day `[T]`."""
    return slots_of_day(followed_clock(index, view.station.by_wall_clock), view.horizon.step)


def _cells(index: pd.DatetimeIndex, view: View) -> NDArray[np.int64]:
    """The number of each stamp's month and slot of the day `[T]`."""
    return np.asarray(index.month - 1, np.int64) * steps_per_day(view.horizon.step) + _slots(index, view)


def _table(values: FloatArray, cells: NDArray[np.int64], count: int) -> FloatArray:
    """Mean and quantiles of each cell's measured values `[1 + Q, count]`, NaN where there is none."""
    grouped = pd.Series(values).groupby(cells)
    columns = [grouped.mean(), *(grouped.quantile(level) for level in LEVELS)]
    table: FloatArray = pd.concat(columns, axis=1).reindex(range(count)).to_numpy(np.float64)
    return table.T


def _filled(table: FloatArray, by_slot: FloatArray, values: FloatArray) -> FloatArray:
    """Cells without a value take their slot's of all months, then those of all measured values."""
    everything = np.concatenate([mean_of_measured(values)[None], np.nanquantile(values, LEVELS)])
    table = np.where(np.isnan(table), by_slot, table)
    return np.where(np.isnan(table), everything[:, None], table)
