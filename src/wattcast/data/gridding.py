"""Rows at any instants to one regular grid: order, repeated stamps, finer steps, gaps."""

from collections.abc import Collection, Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.quality import Finding, found_at, times_of
from wattcast.errors import DataError, listing
from wattcast.timegrid import divides_day, regular_index, step_of_at_least

LONGEST_GAP = pd.Timedelta(days=3 * 366)
"""Empty time inside a table beyond which a date is mistyped rather than three years are missing."""
SNAP = 0.1
"""A stamp that is early by less than this share of the spacing is meant to be on time. [share]"""
RECENT = 9
"""How many spacings tell how often a source writes at the moment."""
SLOW = 3
"""So many rows that are equally far apart, but farther than a step, are no gaps."""
ENOUGH = 5
"""With at least this many rows in a step their number need not be whole. [rows]"""


def to_grid(frame: pd.DataFrame, step: pd.Timedelta, source: str, *,
            energy: Collection[str] = ()) -> tuple[pd.DataFrame, list[Finding]]:
    """Rows in reading order, indexed by instant, to every step from the first to the last.

    Of rows with the same stamp the later one wins, cell by cell. Values between two steps are averaged over the step
    that they fall in, energy added up (a row that is missing counts as the mean of the others), texts taken from its
    first row; a step with less than half of its rows stays empty. Energy of rows less often than every step is spread
    over the steps they cover. What becomes of a row depends only on rows up to the end of its step.

    Args:
        energy: columns that hold energy per interval.

    Raises:
        DataError: the rows are further apart than `step`, or a stamp lies years from the others.
    """
    frame, findings = in_order(frame)
    _require_sensible(times_of(frame), step, source)
    frame = _spread(frame, step, [name for name in frame.columns if name in energy])
    frame, averaged = _average(frame, step, [name for name in frame.columns if name in energy])
    present = times_of(frame)
    index = regular_index(present[0], present[-1], step)
    absent = index.difference(present)
    return frame.reindex(index), [*findings, *averaged, *_gaps(absent, step)]


def in_order(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Rows sorted by time, those with the same stamp merged, and what was found at that."""
    findings, times = [], times_of(frame)
    if not times.is_monotonic_increasing:
        backwards = times[1:][np.diff(_stamps(times)) < 0]
        findings += found_at("disorder", None, backwards, "rows stamped before the row above them: sorted by time")
        frame = frame.sort_index(kind="stable")
        times = times_of(frame)
    repeated = times.duplicated(keep=False)
    if repeated.any():
        versions = frame[repeated].groupby(level=0)
        changed = versions.agg("nunique").gt(1).any(axis=1)
        again = times[times.duplicated()]
        differs = changed.reindex(again).to_numpy()
        findings += found_at("repeated", None, again[~differs],
                             "rows with a stamp that was there already and no other value: taken once")
        findings += found_at("duplicate", None, again[differs],
                             "rows with a stamp that was there already: merged, the later row wins")
        findings += found_at("corrected", None, times_of(changed[changed]),
                             "stamps whose rows differ: the values read later count")
        frame = pd.concat([frame[~repeated], versions.last()]).sort_index()
    return frame, findings


def _require_sensible(times: pd.DatetimeIndex, step: pd.Timedelta, source: str) -> None:
    if len(times) < 2:
        return
    apart = np.diff(_stamps(times))
    widest = int(apart.argmax())
    if apart[widest] > _length(LONGEST_GAP):
        raise DataError(f"{source}: no row between {times[widest]} and {times[widest + 1]}",
                        expected="no gap of more than three years", hint="correct or remove the stamp that is wrong")
    dense = pd.Timedelta(int(np.quantile(apart, 0.25, method="lower")), unit="us")
    if dense > step * (1 + SNAP):
        raise DataError(f"{source} has a row every {short(dense)}, which is less often than every {short(step)}",
                        hint=f"set data.time.step to {short(_workable(dense))}")
    spans, counts = np.unique(apart, return_counts=True)
    usual = pd.Timedelta(int(spans[counts.argmax()]), unit="us")
    rows = step / usual
    if 2 * counts.max() > len(apart) and rows < ENOUGH and abs(rows - round(rows)) > SNAP:
        raise DataError(f"{source} has a row every {short(usual)}, which does not divide the step of {short(step)}",
                        hint=f"set data.time.step to {short(usual)} or a multiple of it" if divides_day(usual) else
                        f"set data.time.step to {short(_workable(usual))}: the rows are averaged over it")


def _workable(span: pd.Timedelta) -> pd.Timedelta:
    """A step that rows so far apart fit: their own if a day has a whole number of them, else one that has several."""
    return span if divides_day(span) else step_of_at_least(ENOUGH * span)


def _spread(frame: pd.DataFrame, step: pd.Timedelta, energy: Sequence[str]) -> pd.DataFrame:
    """Energy of rows that come less often than every step, in equal parts to each of the steps up to the next row."""
    times = times_of(frame)
    if not energy or len(times) < 2:
        return frame
    apart = np.append(_apart(times, step)[1:], np.nan)
    apart[-1] = apart[-2]
    steps = np.rint(apart)
    alike = pd.Series(steps).groupby(np.cumsum(np.diff(steps, prepend=0) != 0)).transform("size").to_numpy()
    slow = (steps >= 2) & (np.abs(apart - steps) <= SNAP) & (alike >= SLOW)
    if not slow.any():
        return frame
    repeats = np.where(slow, steps, 1).astype(int)
    row = np.repeat(np.arange(len(times)), repeats)
    later = np.arange(len(row)) - (np.cumsum(repeats) - repeats)[row]
    spread = frame[list(energy)].div(repeats, axis=0).take(row)
    spread.index = times.take(row) + pd.TimedeltaIndex(later * step.to_timedelta64())
    spread = spread.rename_axis("time")
    return frame.drop(columns=list(energy)).reindex(spread.index).join(spread)[list(frame.columns)]


def _apart(times: pd.DatetimeIndex, step: pd.Timedelta) -> npt.NDArray[np.float64]:
    """The time between each row and the one before it, as a share of `step`; NaN for the first."""
    return np.diff(_stamps(times).astype(float), prepend=np.nan) / _length(step)


def rows_every(times: pd.DatetimeIndex) -> pd.Timedelta | None:
    """How far rows in any order are usually apart, as the first week shows; None of a single one."""
    early = times[times < times.min() + pd.Timedelta(days=7)].unique().sort_values() if len(times) else times
    return pd.Timedelta(int(np.median(np.diff(_stamps(early)))), unit="us") if len(early) > 1 else None


def _average(frame: pd.DataFrame, step: pd.Timedelta, energy: Sequence[str]) -> tuple[pd.DataFrame, list[Finding]]:
    times = times_of(frame)
    spacing = _spacing(times, step)
    starts = step_starts(times, step, spacing)
    expected = np.rint(1 / spacing).astype(int)
    finer = expected > 1
    moved = ~finer & np.asarray(starts != times)
    findings = [
        *found_at("off_grid", None, times[moved], f"stamps between two steps of {short(step)}: counted to the step "
                  "they fall in, or to the next if early by less than a tenth of a step"),
        *found_at("resampled", None, times[finer], f"rows more often than every {short(step)}: "
                  f"{f'energy ({listing(energy)}) added up, the rest ' if energy else ''}averaged over it; "
                  "a step with less than half of its rows stays empty"),
    ]
    frame = frame.set_axis(starts)
    if finer.any() or not starts.is_unique:
        rows = pd.Series(expected, index=starts).groupby(level=0).last()
        frame = mean_of_repeated(frame, rows)
        frame = frame.assign(**{name: frame[name] * rows for name in energy})
    return frame, findings


def _spacing(times: pd.DatetimeIndex, step: pd.Timedelta) -> npt.NDArray[np.float64]:
    """The usual time between rows, at each row, as a share of `step`; a running median, so that it only looks back."""
    apart = pd.Series(_apart(times, step))
    return np.asarray(apart.rolling(RECENT, min_periods=1).median().clip(upper=1.0).fillna(1.0), dtype=np.float64)


def step_starts(times: pd.DatetimeIndex, step: pd.Timedelta,
                spacing: float | npt.NDArray[np.float64] = 0.0) -> pd.DatetimeIndex:
    """The start of the step that each instant belongs to; steps are counted from local midnight.

    Args:
        spacing: the usual time between rows, as a share of `step`; an instant that is early by less than a tenth of it
            belongs to the next step.
    """
    size, midnight = _length(step), _length(times[0].utcoffset() or timedelta(0))
    position = (_stamps(times) + midnight) / size
    closest = np.round(position)
    steps = np.where(np.abs(position - closest) <= SNAP * spacing, closest, np.floor(position)).astype(np.int64)
    return pd.DatetimeIndex((steps * size - midnight).view("M8[us]"), tz="UTC", name="time").tz_convert(times.tz)


def mean_of_repeated(frame: pd.DataFrame, expected: pd.Series | None = None) -> pd.DataFrame:
    """One row for each distinct index entry, sorted: the mean of the numbers, the first of the texts.

    With `expected` rows for each entry, a number averaged from less than half of them is left out.
    """
    levels = list(range(frame.index.nlevels))
    numeric = frame.select_dtypes("number")
    groups = numeric.groupby(level=levels)
    means = groups.mean()
    if expected is not None:
        means = means.where(groups.count().mul(2).ge(expected, axis=0))
    texts = frame[[name for name in frame.columns if name not in numeric.columns]].groupby(level=levels).first()
    return pd.concat([means, texts], axis=1)[list(frame.columns)]


def _gaps(absent: pd.DatetimeIndex, step: pd.Timedelta) -> list[Finding]:
    ends = np.flatnonzero(np.diff(_stamps(absent)) > _length(step))
    lengths = np.diff(np.concatenate([[0], ends + 1, [len(absent)]]))
    longest = short(int(lengths.max()) * step)
    where = f"in 1 gap of {longest}" if len(lengths) == 1 else f"in {len(lengths)} gaps of up to {longest}"
    return found_at("gap", None, absent, f"steps without a row, {where}: stay empty")


def short(span: pd.Timedelta) -> str:
    """`15min`, `48h`."""
    minutes = span / pd.Timedelta(minutes=1)
    return f"{minutes / 60:g}h" if minutes % 60 == 0 else f"{minutes:g}min"


def _stamps(times: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Microseconds since 1970, UTC."""
    return np.asarray(times.as_unit("us").asi8, dtype=np.int64)


def _length(span: timedelta) -> int:
    """Microseconds."""
    return span // timedelta(microseconds=1)
