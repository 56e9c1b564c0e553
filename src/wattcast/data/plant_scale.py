"""Generation a thousand times too high or too low over days (W for kW, kW for MW).

Clouds and calms come in all sizes, so that a single hour says little. A day says how high its generation went; days are
told from those of the four weeks before them. A thousand times too high is certain at once. A thousandth has to last:
standstill, snow and calms are as low, but a plant out of order hums at one value, and what is left under snow is not
spread as its days are.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wattcast.contracts import Kind
from wattcast.data.cleaning import Mask
from wattcast.data.days import MONTH, WEEK, by_day, quantile

Floats = npt.NDArray[np.float64]

THOUSAND = 1000.0
"""By how many times kW and W, or MW and kW, differ. [times]"""
HIGH = 0.95
"""Of a day's values other than zero this quantile tells how high its generation went. [quantile]"""
LOW_DAY = 0.1
"""Of the days before, this share may be lower than what a low day is. [share]"""
ROOM = 1.5
"""How far outside the days before a day may lie once it is brought into their unit. [times]"""
OUTSIDE = 10.0
"""How far outside them it must lie as it is. [times]"""
FEWEST = 6
"""Values other than zero without which a day says nothing."""
LONGEST_SILENCE = 7
"""Days that say nothing within a stretch."""
LASTS, MOST = 5, 0.7
"""So many days a thousandth has to last for, and of a stretch's days this share has to be as the factor has it.
[days, share]"""
VARIED = 0.4
"""The spread of generation against its mean, at least; humming has less. [ratio]"""
SHAPE = 0.8
"""How like the days before the days of a photovoltaic plant must be in their course. [likeness from 0 to 1]"""


def plant_stretches(values: Floats, day: int, kind: Kind) -> Iterator[tuple[float, Mask]]:
    """Rows in another unit, for each factor that there is.

    Args:
        values: `[T]`, power of a photovoltaic or wind plant.
        day: rows of a day.
        kind: which of both it is.
    """
    levels = _levels(by_day(np.where(values == 0, np.nan, np.abs(values)), day))
    for factor in (THOUSAND, 1 / THOUSAND):
        found = np.zeros(len(values), dtype=bool)
        for first, last, high in _runs(levels, factor):
            if factor < 1 and last - first + 1 < LASTS:
                continue
            rows = _rows(values, first * day, min((last + 1) * day, len(values)), day, factor, high)
            if _is_generation(values, rows, day, first, kind):
                found[rows] = True
        found &= np.isfinite(values) & (values != 0)
        if found.any():
            yield factor, found


def _levels(days: Floats) -> Floats:
    """How high each of the days `[D, S]` went; NaN of those that say nothing."""
    return np.where(np.isfinite(days).sum(1) >= FEWEST, quantile(days, HIGH), np.nan)


def _runs(levels: Floats, factor: float) -> Iterator[tuple[int, int, float]]:
    """The first and the last day of each stretch of days that only the factor explains, and how high the days before it
    go."""
    accepted: list[float] = []
    run: list[int] = []
    higher: list[float] = []
    low, high = 0.0, np.inf
    for number, level in enumerate(levels):
        if np.isnan(level):
            continue
        if not run and len(accepted) >= WEEK:
            low = float(np.quantile(accepted[-MONTH:], LOW_DAY))
            # A plant may have lain under snow for weeks, and go as high again as it once did.
            high = max(accepted if factor > 1 else accepted[-MONTH:])
        outside = len(accepted) >= WEEK and (level > high * OUTSIDE if factor > 1 else level < low / OUTSIDE)
        # The last day of a stretch that is too high may hold a few hours of it.
        if outside and ((factor > 1 and run) or low / ROOM <= level / factor <= high * ROOM):
            run.append(number)
        # A dark or a calm day within a stretch is neither as the days before nor as the factor would have it.
        elif not run or number - run[-1] > LONGEST_SILENCE or not (
                outside or level < low / ROOM or level > high * ROOM):
            if _is_most(run, levels):
                yield run[0], run[-1], high
            run = []
            # A plant that grows stays as high: a day alone is not what a plant can do.
            higher = [*higher, level] if factor > 1 and len(accepted) >= WEEK and level > high * ROOM else []
            if not higher or len(higher) > WEEK:
                accepted += higher or [level]
                higher = []
    if _is_most(run, levels):
        yield run[0], run[-1], high


def _is_most(run: list[int], levels: Floats) -> bool:
    return bool(run) and len(run) >= MOST * np.isfinite(levels[run[0]:run[-1] + 1]).sum()


def _rows(values: Floats, start: int, end: int, day: int, factor: float, high: float) -> slice:
    """The rows of a stretch: of the day in which it begins and of that in which it ends those in the other unit.

    Args:
        values: all rows.
        start: where its first day begins.
        end: where its last day ends.
        day: rows of a day.
        factor: between the units.
        high: how high the days before go.
    """
    size = np.nan_to_num(np.abs(values))
    if factor > 1:
        told = np.flatnonzero(size[start:end] > high * ROOM)
        return slice(start + int(told[0]), start + int(told[-1]) + 1)
    other = high * ROOM * factor
    usual = np.flatnonzero(size[max(0, start - day):start] > other)
    begin = start if not len(usual) else max(0, start - day) + int(usual[-1]) + 1
    again = np.flatnonzero(size[end:end + day] > other)
    return slice(begin, end + (int(again[0]) if len(again) else len(size[end:end + day])))


def _is_generation(values: Floats, rows: slice, day: int, first: int, kind: Kind) -> bool:
    """Whether the plant generated before, and in the rows too if they are low: that is no humming, no snow."""
    before, known = (np.abs(side[np.isfinite(side) & (side != 0)]) for side in (
        values[max(0, first - MONTH) * day:first * day], values[rows]))
    if min(len(known), len(before)) < FEWEST or before.std() < VARIED * before.mean():
        return False
    if known.max() > before.max():
        return True
    if known.std() < VARIED * known.mean():
        return False
    if kind is not Kind.PV:
        return True
    course, usual = (_course(values, each, day) for each in (
        range(rows.start, rows.stop), range(max(0, first - MONTH) * day, first * day)))
    both = np.isfinite(course) & np.isfinite(usual)
    return bool(both.any() and np.ptp(course[both]) > 0 and np.corrcoef(course[both], usual[both])[0, 1] >= SHAPE)


def _course(values: Floats, rows: range, day: int) -> Floats:
    """The mean of each slot of a day over some rows; NaN where nothing is known."""
    of_rows = values[rows.start:rows.stop]
    slots, known = np.asarray(rows) % day, np.isfinite(of_rows)
    counts = np.bincount(slots, known, day)
    return np.where(counts > 0, np.bincount(slots, np.nan_to_num(of_rows), day) / np.maximum(counts, 1), np.nan)
