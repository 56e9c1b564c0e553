"""Weather that comes less often than the power: a value holds for the interval that it starts, which it fills."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Station
from wattcast.data.gridding import RECENT, short
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import StationData
from wattcast.timegrid import parse_step

Steps = npt.NDArray[np.float64]


def spread(frame: pd.DataFrame, step: pd.Timedelta) -> pd.DataFrame:
    """Rows further apart than a step, once for each step; a value holds as long as its nearest neighbour is away.

    Args:
        frame: index (`issued`, `time`), sorted.
    """
    issued, times = frame.index.get_level_values("issued"), times_of(frame)
    apart = pd.Series(times).diff().where((pd.Series(issued).diff() == pd.Timedelta(0)).to_numpy()) / step
    repeats = np.maximum(_nearest(apart).astype(int), 1)
    if (repeats == 1).all():
        return frame
    row = np.repeat(np.arange(len(frame)), repeats)
    later = np.arange(len(row)) - (np.cumsum(repeats) - repeats)[row]
    spread_times = times.take(row) + pd.TimedeltaIndex(later * step.to_timedelta64())
    return frame.take(row).set_axis(pd.MultiIndex.from_arrays([issued.take(row), spread_times],
                                                              names=frame.index.names))


def _nearest(apart: pd.Series) -> Steps:
    """How far away the nearest neighbour is [steps]; 1 for a value without one.

    Args:
        apart: distance to the value before [steps], NaN where there is none.
    """
    return np.asarray(pd.concat([apart, apart.shift(-1)], axis=1).min(axis=1).fillna(1.0), dtype=np.float64)


def fill_coarse(frame: pd.DataFrame, station: Station) -> tuple[pd.DataFrame, list[Finding]]:
    """The columns of a regular table beside its targets, with the steps filled for which their last value holds.

    As long as there is power, a column has to come less often all the time, as single cells that are missing
    stay missing; what is filled depends on rows up to it. Rows after it are the weather of the horizon, which may come
    less often than the weather before; there is nothing to fill in columns that are known up to the origin only.
    """
    step = parse_step(station.step)
    known = StationData(station, frame)
    end = known.end if known.measured else frame.index[0]
    frame = _lengthened(frame, station, end)
    findings: list[Finding] = []
    past = np.asarray(frame.index < end)
    filled = {}
    for column in (*station.known_future, *station.past_only):
        cells = frame[column]
        present = cells.notna().to_numpy()
        ahead = present[~past] & (column in station.known_future)
        parts = [_held(present[past], usual=True), _held(ahead, usual=False)]
        source = np.concatenate([parts[0], np.where(parts[1] < 0, -1, parts[1] + past.sum())])
        new = (source >= 0) & ~present
        if new.any():
            filled[column] = cells.where(present, cells.take(np.maximum(source, 0)).array).where(present | new)
            longest = int((np.arange(len(cells)) - source)[new].max()) + 1
            findings += found_at("resampled", column, times_of(frame[new]),
                                 f"values that come up to every {short(longest * step)}: each holds until the next")
    return frame.assign(**filled), findings


def _lengthened(frame: pd.DataFrame, station: Station, end: pd.Timestamp) -> pd.DataFrame:
    """With the steps after the last row for which weather of the horizon still holds."""
    after = frame.loc[frame.index >= end, list(station.known_future)].notna().to_numpy()
    reach = len(after)
    for present in after.T:
        positions = np.flatnonzero(present)
        if len(positions) > 1:
            reach = max(reach, 2 * int(positions[-1]) - int(positions[-2]))
    longer = pd.date_range(frame.index[-1], periods=reach - len(after) + 1, freq=parse_step(station.step), name="time")
    return frame if reach == len(after) else frame.reindex(frame.index.append(longer[1:]))


def _held(present: npt.NDArray[np.bool_], *, usual: bool) -> npt.NDArray[np.int64]:
    """For each step the position of the value that holds then, -1 where none does.

    Args:
        usual: whether a value holds no longer than values have been apart of late.
    """
    positions = np.flatnonzero(present)
    source = np.full(len(present), -1, dtype=np.int64)
    if not len(positions):
        return source
    apart = pd.Series(positions).diff()
    holds = _nearest(apart)
    if usual:
        holds = np.minimum(holds, apart.rolling(RECENT, min_periods=1).median().fillna(1.0).to_numpy())
    row = np.repeat(positions, np.maximum(holds.astype(int), 1))
    first = np.concatenate([[True], row[1:] != row[:-1]])
    later = np.arange(len(row)) - np.maximum.accumulate(np.where(first, np.arange(len(row)), 0))
    inside = row + later < len(present)
    source[(row + later)[inside]] = row[inside]
    return source
