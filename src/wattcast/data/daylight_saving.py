"""Whether a load's days move with the clock on the wall, where nobody says it.

Most do, as people do. A control whose timer nobody puts forward does not, nor does a site whose days are shaped by its
own solar roof. The days before and after a change tell: by the clock that a station goes by they have the same shape.
The first two or three changes that were measured on both sides decide, and nothing later.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.data.quality import Assumption

SIDE = pd.Timedelta(days=21)
"""Compared before and after a change."""
MEASURED = 0.6
"""The share of its hours that must have been measured for a side to tell."""
FEWEST, MOST = 2, 3
"""Changes that decide. [changes]"""
EACH, TOGETHER = 0.9, 0.7
"""By absolute time the days must differ by less than this share of what they differ by the clock on the wall, at each
change and at all together. Of 99 metered buildings of one university 9 go by it, of 23 solar homes 3, and one of 106
parts of a power grid. [share]"""
SATURDAY = 5
"""The first day of a weekend as pandas counts, Monday being 0. [weekday]"""
WEIGHTS = np.asarray([[5], [1], [1]])
"""Days of a week by type: working, Saturday, Sunday."""

FloatArray = NDArray[np.float64]


def infer_daylight_saving(power: pd.Series, kind: Kind) -> tuple[bool, list[Assumption]]:
    """Whether its days move with the clock, and a word where they do not.

    Args:
        power: total power at tz-aware instants, in any order, NaN where not measured.
        kind: only loads are asked; true for all others, whom no clock moves.
    """
    if kind is not Kind.LOAD:
        return True, []
    seen = [apart for _, apart in zip(range(MOST), _changes(power.dropna().sort_index()), strict=False)]
    if len(seen) < FEWEST:
        return True, []
    wall, absolute = np.asarray(seen).T
    if (absolute >= EACH * wall).any() or absolute.sum() >= TOGETHER * wall.sum():
        return True, []
    words = (f"its days do not move with the clock where that is put forward or back: over {len(seen)} changes they "
             f"differ by absolute time {absolute.sum() / wall.sum():.0%} of what they differ by the clock")
    return False, [Assumption("daylight_saving", "false", words, "data.time.daylight_saving")]


def _changes(power: pd.Series) -> Iterator[tuple[float, float]]:
    """By how much the days before and after each change differ, by the clock on the wall and by absolute time."""
    index = pd.DatetimeIndex(power.index)
    utc = index.tz_convert("UTC").tz_localize(None)
    wall = index.tz_localize(None)
    for place in np.flatnonzero(np.diff((wall - utc).to_numpy())) + 1:
        start, end = index.searchsorted([index[place] - SIDE, index[place] + SIDE])
        sides = slice(start, place), slice(place, end)
        if min(utc[side].floor("h").nunique() for side in sides) < MEASURED * (SIDE / pd.Timedelta(hours=1)):
            continue
        unchanged = utc + (wall[start] - utc[start])
        by_wall, absolute = (_difference(*[_shape(power.iloc[side], clock[side]) for side in sides])
                             for clock in (wall, unchanged))
        yield by_wall, absolute


def _shape(power: pd.Series, clock: pd.DatetimeIndex) -> FloatArray:
    """The median of each hour by type of day `[3, 24]`, without the type's level; NaN where nothing was measured."""
    weekday = clock.day_of_week.to_numpy()
    types = np.where(weekday < SATURDAY, 0, weekday - SATURDAY + 1)
    by_hour = power.groupby(types * 24 + clock.hour.to_numpy()).median()
    medians = by_hour.reindex(range(3 * 24)).to_numpy().reshape(3, 24)
    levels = np.nansum(medians, 1, keepdims=True) / np.maximum(np.isfinite(medians).sum(1, keepdims=True), 1)
    without_level: FloatArray = medians - levels
    return without_level


def _difference(one: FloatArray, other: FloatArray) -> float:
    return float(np.nansum(np.abs(one - other) * WEIGHTS))
