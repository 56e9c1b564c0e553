"""Days by the clock on the wall, laid out slot by slot, of rows whose days have 23 or 25 hours where clocks change."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.timegrid import DAY, IntArray, WallGrid, at_rows, days_later, steps_per_day

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WallDays:
    """The last N days before an origin, each from the origin's time to the same time, in D slots.

    Attributes:
        grid: of the T rows before the origin and those of a horizon from it.
        slots: `[N, D]`, in the grid.
        rows: `[N, D]`, those that stand for the slots; -1 for an hour that was left out.
        begins: `[N, D]`, the same or, where there is none, the next row.
        week_before: `[N, D]`, as `begins`, seven days before.
    """

    grid: WallGrid
    slots: IntArray
    rows: IntArray
    begins: IntArray
    week_before: IntArray

    @classmethod
    def before(cls, index: pd.DatetimeIndex, count: int, step: pd.Timedelta, horizon: int) -> Self:
        """Of the rows `index` `[T]`, after which the origin comes: a week more than the days, and an hour."""
        per_day, end = steps_per_day(step), len(index)
        grid = WallGrid.of(index, step, after=horizon)
        slots = (grid.slots[end] + np.arange(-(count + 7) * per_day, 0)).reshape(-1, per_day)
        rows = grid.rows_before(slots, np.asarray(end))
        begins = np.minimum.accumulate(np.where(rows < 0, end - 1, rows).ravel()[::-1])[::-1].reshape(rows.shape)
        return cls(grid, slots[7:], rows[7:], begins[7:], begins[:-7])

    def laid(self, values: FloatArray) -> FloatArray:
        """The `values` `[T, C]` of the rows in their slots `[N, D, C]`, NaN where there is no row."""
        return at_rows(values, self.rows)

    def ahead(self, day: int, values: FloatArray) -> FloatArray:
        """`values` `[H, C]` over the horizon from the beginning of a day, by day and slot `[H / D, D, C]`."""
        first = self.begins[day, 0]
        slots = self.grid.slots[first:first + len(values)] - self.slots[day, 0]
        return values[_standing(slots, len(values))].reshape(-1, self.slots.shape[1], values.shape[-1])

    def as_laid(self, laid: FloatArray, values: FloatArray) -> FloatArray:
        """The `values` `[T, C]` as other ones in their slots, `laid` `[N, D, C]`, have them.

        Those of a repeated hour change by as much as those of its first time.
        """
        place = self.grid.slots[:len(values)] - self.slots[0, 0]
        inside = (place >= 0) & (place < self.slots.size)
        first = inside & (self.rows.ravel()[place.clip(0, self.slots.size - 1)] == np.arange(len(values)))
        again = inside & ~first
        change = np.nan_to_num(laid - self.laid(values)).reshape(-1, values.shape[-1])
        changed = values.copy()
        changed[first] = laid.reshape(-1, values.shape[-1])[place[first]]
        changed[again] += change[place[again]]
        return changed


def whole_days(first: pd.Timestamp, end: pd.Timestamp, step: pd.Timedelta) -> int:
    """How many days on the wall lie between two instants, each from the time of `end` to the same time."""
    days = int((end - first) // DAY) + 1
    while days > 0 and days_later(end, -days, step) < first:
        days -= 1
    return max(days, 0)


def day_slots(index: pd.DatetimeIndex, step: pd.Timedelta) -> tuple[IntArray, IntArray]:
    """A horizon laid out by days of D slots from its first stamp on.

    Returns:
        `[N, D]`, the row that stands for each slot, the one before where there is none; and `[H]`, the place of each
        row among all slots.
    """
    slots, per_day = WallGrid.of(index, step).slots.clip(0), steps_per_day(step)
    days = int(slots.max()) // per_day + 1
    return _standing(slots, days * per_day).reshape(days, per_day), slots


def _standing(slots: IntArray, count: int) -> IntArray:
    """Which of the rows with these `slots` stands for each slot from 0 on: the first, or that of the slot before."""
    standing, inside = np.zeros(count, np.int64), np.flatnonzero((slots >= 0) & (slots < count))[::-1]
    standing[slots[inside]] = inside
    return np.maximum.accumulate(standing)
