"""Whether new rows can be true, judged by the rows before them.

A comparison on the new rows alone cannot tell: where they are wrong, a model that has learnt the mistake looks better.
So each measure of a week, and of four weeks, of new rows is held against the same measure over as many days anywhere in
the history. How far it may leave the range found there is wide enough for a site that changes (a plant that loses a
tenth, a site that grows by half) and too narrow for the usual mistakes.

| measure | of | may be | catches |
|---|---|---|---|
| measured | targets | half of the rows, or as few as ever | readings that cleaning took for stuck or impossible |
| level | targets | 1.6 times beyond its range; of a week, 2.5 times | another unit, another meter |
| level against before | targets | the same | the same where seasons make the range wide |
| peak | targets | 1.6 times beyond its range | the same where clouds make the level vary |
| change from step to step | targets | 2.5 times beyond its range | noise, interpolated or constant readings |
| standstill | targets | a quarter of the rows above the highest | constant readings |
| outside | targets | 2 % of the rows | spikes, a wrong sign |
| mean | other columns | 4 standard deviations beyond its range | another unit, such as kelvin |
| spread | other columns | 3 times beyond its range; of a week, 10 times | another unit, such as a fraction for % |
| hours | targets; four weeks of other columns | less than an hour | rows shifted by hours |

The last one is asked of columns that follow the time of day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.data.schema import StationData
from wattcast.finetune.series import FloatArray, Series, all_series

LENGTHS = (7, 28)
"""Days over which measures are taken."""
FEWEST = 2
"""New days below which nothing can be said. [days]"""
BEFORE = 28
"""Days before the new rows that say when in the day something happens, and how high the level is."""
LEVEL, WEEKLY_LEVEL = 1.6, 2.5
"""Beyond the range of the history, of four weeks' level and peak, and of a week's level. [times]"""
SPREAD, WEEKLY_SPREAD = 3.0, 10.0
"""Beyond the history's spread, over four weeks and over one: a week may be overcast from end to end. [times]"""
CHANGE, UNCHANGED, MEAN = 2.5, 0.25, 4.0
"""Beyond the history's change from step to step, its share of unchanged readings, and its means: a site that grows or a
season that is warmer leaves them by less. [times, share, standard deviations]"""
ENOUGH = 0.5
"""Share of a block's rows that must be measured."""
OUTSIDE, BEYOND = 0.02, 0.5
"""A reading is outside if it is this share of the history's largest one above or below all of them. [share]"""
SHIFTED, RECOGNISED, HOURS = 0.5, 0.7, 1.0
"""A mean day is shifted if moving it by so many hours leaves at most half of its misfit and it is still recognised.
[share, correlation, hours]"""
DAILY = 0.5
"""A column follows the time of day if its mean day has this share of its standard deviation. [share]"""
USUAL = 0.05
"""If this share of the history's own windows seems shifted, the hours say nothing. [share]"""


@dataclass(frozen=True)
class Doubt:
    """A measure of new rows that cannot be true: where, what it is, and what would still be believed."""

    measure: str
    column: str
    first: pd.Timestamp
    last: pd.Timestamp
    found: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        believed = (f"at least {self.lowest:.3g}" if np.isinf(self.highest) else
                    f"at most {self.highest:.3g}" if np.isinf(self.lowest) else
                    f"between {self.lowest:.3g} and {self.highest:.3g}")
        return (f"{self.column} from {self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}: {self.measure} {self.found:.3g}, "
                f"believed is {believed}")

    def to_dict(self) -> dict[str, Any]:
        bounds = {name: None if np.isinf(value) else value
                  for name, value in (("lowest", self.lowest), ("highest", self.highest))}
        return {"measure": self.measure, "column": self.column, "first": self.first.isoformat(),
                "last": self.last.isoformat(), "found": self.found, **bounds}


def implausible(data: StationData, new: pd.Timestamp) -> list[Doubt]:
    """What cannot be true of the rows from `new` on; nothing where too few of them or of older ones are there."""
    data = data.until(data.end)
    index, found = data.frame.index, []
    for series in all_series(data, new):
        rules = _target_rules if series.name in data.station.targets else _other_rules
        for length in sorted({min(days * series.day, len(index) - series.new) for days in LENGTHS}):
            if length >= FEWEST * series.day and series.windows(length):
                found += [Doubt(measure, series.name, index[at], index[at + length - 1], *numbers)
                          for measure, at, numbers in rules(series, length)]
    return _worst(found)


def _worst(found: list[Doubt]) -> list[Doubt]:
    """One doubt for each measure and column, the first one found."""
    return list({(doubt.measure, doubt.column): doubt for doubt in reversed(found)}.values())[::-1]


_Broken = tuple[str, int, tuple[float, float, float]]
"""The measure, where its block begins, what was found and what is believed."""


def _target_rules(series: Series, length: int) -> Iterator[_Broken]:
    old = series.readings[:series.new]
    far = BEYOND * float(np.nanmax(np.abs(old)))
    low, high = float(np.nanmin(old)) - far, float(np.nanmax(old)) + far
    starts = series.windows(length)
    gap = len(series.readings) - series.new - length
    jumps = [_jump(series, start, before, length) for start in starts for before in (start, start - gap)]
    rows = [series.readings[start:start + length] for start in starts]
    factor = LEVEL if length > min(LENGTHS) * series.day else WEEKLY_LEVEL
    for at in series.blocks(length):
        x = series.readings[at:at + length]
        share = float(np.isfinite(x).mean())
        yield from _beyond("measured share", at, share, min(ENOUGH, *(np.isfinite(r).mean() for r in rows)), np.inf)
        if share == 0:
            continue
        yield from _within("level", at, _level(x), [_level(r) for r in rows], factor)
        yield from _within("level against the weeks before", at, _jump(series, at, series.new, length), jumps, factor)
        yield from _within("peak", at, _peak(x), [_peak(r) for r in rows], LEVEL)
        yield from _within("change from step to step", at, _change(x), [_change(r) for r in rows], CHANGE)
        yield from _beyond("share of unchanged readings", at, _still(x), -np.inf, max(map(_still, rows)) + UNCHANGED)
        outside = float(((x < low) | (x > high)).sum() / np.isfinite(x).sum())
        yield from _beyond(f"share outside {low:.4g} … {high:.4g}", at, outside, -np.inf, OUTSIDE)
    yield from _shift_rule(series, length)


def _other_rules(series: Series, length: int) -> Iterator[_Broken]:
    rows = [series.readings[start:start + length] for start in series.windows(length)]
    deviation = float(np.nanstd(series.readings[:series.new]))
    factor = SPREAD if length > min(LENGTHS) * series.day else WEEKLY_SPREAD
    means, spreads = [float(np.nanmean(r)) for r in rows], [float(np.nanstd(r)) for r in rows]
    for at in series.blocks(length):
        x = series.readings[at:at + length]
        if not np.isfinite(x).any() or deviation == 0:
            continue
        room = MEAN * deviation
        yield from _beyond("mean", at, float(np.nanmean(x)), min(means) - room, max(means) + room)
        yield from _within("spread", at, float(np.nanstd(x)), spreads, factor)
    if length >= max(LENGTHS) * series.day:
        yield from _shift_rule(series, length)


def _shift_rule(series: Series, length: int) -> Iterator[_Broken]:
    hours = 24 / series.day
    least = max(1, round(HOURS / hours))
    own = [_shift(series, start, start, length) for start in series.windows(length) if start >= BEFORE * series.day]
    if own and np.mean([abs(shift) >= least for shift in own]) > USUAL:
        return
    for at in series.blocks(length):
        shift = _shift(series, at, series.new, length)
        if abs(shift) >= least:
            yield "hours by which the day is shifted", at, (shift * hours, -least * hours, least * hours)


def _shift(series: Series, at: int, before: int, length: int) -> int:
    """By how many steps the mean day of a block is shifted against that of the weeks until `before`; 0 if it is not."""
    new = _profile(series, at, at + length)
    old = _profile(series, max(0, before - BEFORE * series.day), before)
    if not (np.isfinite(new).all() and np.isfinite(old).all()) or new.std() == 0:
        return 0
    if old.std() <= DAILY * np.nanstd(series.readings[max(0, before - BEFORE * series.day):before]):
        return 0
    new, old = (new - new.mean()) / new.std(), (old - old.mean()) / old.std()
    alike = np.fft.irfft(np.fft.rfft(new) * np.conj(np.fft.rfft(old)), n=series.day) / series.day
    best = int(alike.argmax())
    if alike[best] < RECOGNISED or 1 - alike[best] > SHIFTED * (1 - alike[0]):
        return 0
    return best if best <= series.day // 2 else best - series.day


def _profile(series: Series, first: int, last: int) -> FloatArray:
    """The mean day of some rows `[S]`, NaN where a time of day was never measured."""
    means = pd.Series(series.readings[first:last]).groupby(series.slots[first:last]).mean()
    day: FloatArray = means.reindex(range(series.day)).to_numpy(np.float64)
    return day


def _jump(series: Series, at: int, before: int, length: int) -> float:
    """Level of a block's rows against the weeks until `before`; NaN where they are not known."""
    old = series.readings[max(0, before - BEFORE * series.day):max(0, before)]
    level = _level(old) if np.isfinite(old).any() else 0.0
    return _level(series.readings[at:at + length]) / level if level else float("nan")


def _within(measure: str, at: int, found: float, usual: list[float], factor: float) -> Iterator[_Broken]:
    """The measure may leave its range by a factor."""
    known = [value for value in usual if np.isfinite(value)]
    if known and max(known) > 0:
        yield from _beyond(measure, at, found, min(known) / factor, max(known) * factor)


def _beyond(measure: str, at: int, found: float, lowest: float, highest: float) -> Iterator[_Broken]:
    if found < lowest or found > highest:
        yield measure, at, (float(found), float(lowest), float(highest))


def _level(x: FloatArray) -> float:
    return float(np.nanmean(np.abs(x)))


def _peak(x: FloatArray) -> float:
    return float(np.nanquantile(np.abs(x), 0.98))


def _change(x: FloatArray) -> float:
    """Mean absolute change between neighbouring readings; NaN where there are none."""
    steps = np.abs(np.diff(x))
    return float(np.nanmean(steps)) if np.isfinite(steps).any() else float("nan")


def _still(x: FloatArray) -> float:
    steps = np.diff(x)
    known = np.isfinite(steps)
    return float((steps[known] == 0).mean()) if known.any() else 0.0
