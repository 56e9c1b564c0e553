"""Logs that have a row when something changes, and none while nothing does."""

from typing import Literal

import numpy as np
import pandas as pd

from wattcast.data.gridding import short, step_starts
from wattcast.data.quality import Assumption, times_of
from wattcast.errors import DataError

FIRST = pd.Timedelta(days=28)
"""What the rows of these weeks show decides."""
FEWEST = 50
"""Below so many rows nothing is told from when they come. [rows]"""
USUAL = 0.5
"""Rows are even if at least this share of them is equally far apart … [share]"""
UNEVEN = 4.0
"""… or the distances, but for the shortest and the longest tenth, differ by less than this factor. [times]"""
EXPECTED, RARELY = 20.0, 0.02
"""So many equal neighbours must be expected of rows in any order, of which at most this share is there.
[number, share]"""
EMPTY = 0.2
"""Share of the steps without a row from which on it matters how the rows are read."""

Sampling = Literal["regular", "on_change"]


def sampling_of(frame: pd.DataFrame, step: pd.Timedelta, source: str,
                chosen: Sampling | None) -> tuple[Sampling, list[Assumption]]:
    """How a source writes its rows, and what had to be assumed about it.

    Args:
        frame: rows in any order, indexed by instant.
        step: length of an interval.
        source: its name in messages.
        chosen: as set.

    Raises:
        DataError: rows are uneven, and whether values hold in between cannot be told.
    """
    if chosen is not None:
        return chosen, []
    frame = frame[~frame.index.duplicated(keep="last")].sort_index()
    times = times_of(frame)
    frame = frame[times < times[0] + FIRST]
    if len(frame) < FEWEST or _even(times_of(frame)):
        return "regular", []
    if _rows_are_changes(frame):
        words = "a row is taken for a change: each value holds until the next row"
        return "on_change", [Assumption("sampling", "on_change", words, "data.time.sampling")]
    empty = _empty_share(times_of(frame), step)
    if empty <= EMPTY:
        return "regular", []
    first, last = times_of(frame)[[0, -1]]
    raise DataError(
        f"{source}: the rows are unevenly far apart, and nothing tells whether a value holds until the next row",
        found=f"between {first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} {empty:.0%} of the steps of {short(step)} "
              "have no row", expected="rows at regular times, or a row whenever a value changes",
        hint="set data.time.sampling to on_change (values hold, means are weighted by time) or to regular (steps "
             "without a row stay empty)")


def _even(times: pd.DatetimeIndex) -> bool:
    apart = np.diff(times.as_unit("s").asi8)
    _, counts = np.unique(apart, return_counts=True)
    low, high = np.quantile(apart, [0.1, 0.9])
    return bool(counts.max() >= USUAL * len(apart) or high < UNEVEN * max(low, 1))


def _rows_are_changes(frame: pd.DataFrame) -> bool:
    """Whether neighbouring rows are never equal although values are few enough to be, by chance."""
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    _, counts = np.unique(rows, return_counts=True)
    expected = float(np.sum((counts / len(rows)) ** 2)) * (len(rows) - 1)
    return expected >= EXPECTED and float(np.sum(rows[1:] == rows[:-1])) <= RARELY * expected


def _empty_share(times: pd.DatetimeIndex, step: pd.Timedelta) -> float:
    starts = step_starts(times, step).unique()
    return 1 - len(starts) / float((starts[-1] - starts[0]) / step + 1)


def hold_values(frame: pd.DataFrame, step: pd.Timedelta) -> pd.DataFrame:
    """Rows that are changes to means over every step, weighted by time; of texts what held at the start of a step.

    The first step needs to be known for half of its length; the last value holds to the end of its step. What becomes
    of a step depends on no later row.

    Args:
        frame: sorted, one row for each instant; an empty cell is no change.
    """
    times = times_of(frame)
    starts = step_starts(times, step)
    grid = pd.date_range(starts[0], starts[-1] + step, freq=step, name="time")
    events = grid.union(times)[:-1].rename("time")
    held = frame.reindex(events).ffill()
    length = np.diff(events.append(grid[-1:]).as_unit("us").asi8).astype(float)
    place = step_starts(events, step)
    numeric = held.select_dtypes("number")
    known = numeric.notna().mul(length, axis=0).groupby(place).sum()
    sums = numeric.mul(length, axis=0).groupby(place).sum()
    size = float(step / pd.Timedelta(1, unit="us"))
    means = (sums / known.where(known >= size / 2)).reindex(grid[:-1])
    texts = held[[name for name in held.columns if name not in numeric.columns]].reindex(grid[:-1])
    return pd.concat([means, texts], axis=1)[list(frame.columns)].rename_axis("time")
