"""A column with its new rows, and as long stretches of the rows before them to compare with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.data.schema import StationData
from wattcast.timegrid import followed_clock, parse_step, slots_of_day, steps_per_day

FloatArray = NDArray[np.float64]

WINDOW_EVERY = 7
"""Days from one window of the history to the next."""
MEASURED = 0.25
"""A window with a smaller share of readings tells nothing. [share]"""


@dataclass(frozen=True)
class Series:
    """One column on the grid `[T]`, with the number of each row's step within its day; rows from `new` on are new."""

    name: str
    readings: FloatArray
    slots: NDArray[np.int64]
    day: int
    new: int

    def blocks(self, length: int) -> list[int]:
        """Where blocks of `length` rows begin that cover the new rows, the last one first."""
        starts = list(range(len(self.readings) - length, self.new - 1, -length))
        return starts if not starts or starts[-1] == self.new else [*starts, self.new]

    def windows(self, length: int) -> list[int]:
        """Where as long windows of the history begin."""
        return [start for start in range(self.new - length, -1, -WINDOW_EVERY * self.day)
                if np.isfinite(self.readings[start:start + length]).mean() > MEASURED]


def all_series(data: StationData, new: pd.Timestamp) -> Iterator[Series]:
    """The columns that hold numbers; rows from the instant `new` on are new."""
    index, step = pd.DatetimeIndex(data.frame.index), parse_step(data.station.step)
    slots = slots_of_day(followed_clock(index, data.station.by_wall_clock), step)
    for column in (name for name in data.station.columns if name not in data.station.categorical):
        yield Series(column, data.frame[column].to_numpy(np.float64), slots, steps_per_day(step),
                     int(index.searchsorted(new)))
