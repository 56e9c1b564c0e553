"""Inputs of a model that forecasts one step at a time: what is known at an origin about a step some leads after it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import View
from wattcast.evaluation.measured import mean_of_measured
from wattcast.experts.bands import FloatArray, IntArray
from wattcast.features.table import VintageTable, vintages_on_grid
from wattcast.features.weather import ColumnEncoder
from wattcast.timegrid import WallGrid, at_rows, steps_per_day

LAG_WEEKS = (1, 2, 3, 4)
"""Weeks before a step whose power trees are given: all that is known over a horizon of seven days. [weeks]"""
PAST_DAYS = 3
"""Of how many of the last known days the step's time of day is looked up. [days]"""


@dataclass(frozen=True)
class Weather:
    """The station's known-future columns as they were known at an origin; `measured` `[T, W]` where none were issued.

    With `measured` the weather of a training step is what was measured, as in a backtest with perfect weather.
    """

    measured: NDArray[np.float32] | None
    issued: VintageTable | None

    @classmethod
    def of(cls, view: View, encoder: ColumnEncoder) -> Self:
        """Of the training data of a view, whose first row is grid position 0."""
        data = view.training_data()
        if data.vintages is None:
            return cls(encoder.encode(data.frame), None)
        return cls(None, vintages_on_grid(data.vintages.table, data.frame.index[0], view.horizon.step, encoder))

    def at(self, origins: IntArray, rows: IntArray) -> NDArray[np.float32]:
        """`[N, W]` for the grid positions `rows`, NaN where it was not known."""
        if self.issued is None:
            assert self.measured is not None
            return self.measured[rows]
        return self.issued.as_of(origins, rows[:, None])[:, 0]


@dataclass(frozen=True)
class Calendar:
    """Minute of the day, weekday and day of the year of every step, by local time `[T, 3]`."""

    columns: FloatArray

    @classmethod
    def of(cls, index: pd.DatetimeIndex) -> Self:
        return cls(np.stack([index.hour * 60 + index.minute, index.day_of_week, index.day_of_year], 1).astype(float))


@dataclass(frozen=True)
class Past:
    """One target on the grid `[T]`, NaN where not measured, with what is derived from it at every instant.

    At position o of the derived arrays only values before o count. `grid` numbers the rows by the clock that the target
    follows; it reaches over all steps that are asked for, the target's rows at least.
    """

    values: FloatArray
    grid: WallGrid
    day: int
    last: FloatArray
    day_mean: FloatArray
    week_mean: FloatArray

    @classmethod
    def of(cls, values: FloatArray, grid: WallGrid, step: pd.Timedelta) -> Self:
        day = steps_per_day(step)
        last = pd.Series(values).ffill(limit=LAG_WEEKS[-1] * 7 * day - 1).to_numpy()
        return cls(values, grid, day, np.concatenate([[np.nan], last]), _trailing_mean(values, day),
                   _trailing_mean(values, 7 * day))

    def inputs(self, origins: IntArray, leads: IntArray) -> FloatArray:
        """`[N, 11]`: lead; the weeks before the step and their mean; its time of day on the last known days; the last
        value; the last day's and week's means."""
        first, slots = self.grid.slots[origins], self.grid.slots[origins + leads - 1]
        weeks = np.stack([self._known(slots - week * 7 * self.day, origins) for week in LAG_WEEKS])
        newest = slots - ((slots - first) // self.day + 1) * self.day
        days = [self._known(newest - back * self.day, origins) for back in range(PAST_DAYS)]
        return np.stack([leads, *weeks, mean_of_measured(weeks), *days, self.last[origins], self.day_mean[origins],
                         self.week_mean[origins]], 1)

    def _known(self, slots: IntArray, origins: IntArray) -> FloatArray:
        """The values of the rows of `slots`, NaN where there is none, or none before the origin."""
        return at_rows(self.values, self.grid.rows_before(slots, origins))


def history_steps(step: pd.Timedelta) -> int:
    """How many steps before an origin `Past.inputs` reads, clocks that went back included."""
    return (LAG_WEEKS[-1] * 7 + 1) * steps_per_day(step)


def _trailing_mean(values: FloatArray, width: int) -> FloatArray:
    """The mean of the `width` values before each position `[T + 1]`, NaN where none of them was measured."""
    measured = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(measured, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(measured)])
    start = np.maximum(np.arange(len(total)) - width, 0)
    number = count - count[start]
    return np.where(number > 0, (total - total[start]) / np.maximum(number, 1), np.nan)
