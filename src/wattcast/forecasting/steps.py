"""A step of level in a load: when it is called, and what it adds to the power that would have been.

A line is added or closed, a works takes on a second shift: from one day to the next the load is another one than was
forecast, and stays it. One such day is a fluke, and a weekend that the forecast knew of is none; three days in a row
that leave the forecast in the same direction, by about as much and by far more than the days before did, are a step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

DAYS = 3
"""How many days in a row must show a step for it to be called. [days]"""

WITHIN = 7
"""Among how many days these must lie: those that are worked count by themselves, and a weekend may part them. [days]"""

LEAST = 0.10
"""Share of a day's forecast by which each of those days must differ from it at least."""

MOST = 2.0
"""And at most: more than three times the forecast is another unit or another meter, and for people to see to.
[share]"""

TIMES_USUAL = 2.5
"""How many times the usual difference of a day each of those days must differ."""

USUAL_AT_LEAST = 0.02
"""What is taken for a day's usual difference where the days before were forecast better than that. [share]"""

ALIKE = 2.5
"""How many times as large as the smallest of those differences the largest one may be."""

LEANING = 2.25
"""A day that was so many times as far off the other way, in the week before, is what the forecasts of these days lean
to: their difference is of its making, and heals by itself. [number]"""

WEEK = 7
"""Days whose median tells whether a difference was there before."""

KNOWN_DAYS = 7
"""Without so many days before, it is not known what is usual. [days]"""

MEASURED = 0.5
"""Share of a day that must be measured for it to say anything."""

SIMPLER = 0.95
"""A shape with more freedom is taken if its error is below that part of the simpler one's. [share]"""

SMOOTHED = 16
"""What a step adds by time of day is averaged over a day's steps divided by this, an hour and a half.
[parts of a day]"""


@dataclass(frozen=True, eq=False)
class Change:
    """What is added on days of one type: `offset` by step of the day, and a line over what was expected there.

    Attributes:
        offset: `[D]`, in the target's unit.
        intercept: in the target's unit.
        slope: what is added for each unit that was expected.
        low: an expectation below is taken for this one.
        high: an expectation above is taken for this one.
    """

    offset: FloatArray
    intercept: float = 0.0
    slope: float = 0.0
    low: float = -np.inf
    high: float = np.inf

    def added(self, expected: FloatArray) -> FloatArray:
        """`[..., D]`, to what was expected, of the same shape."""
        total: FloatArray = self.offset + self.intercept + self.slope * expected.clip(self.low, self.high)
        return total


class Shape(NamedTuple):
    """What a step adds on days that are worked and on days off."""

    worked: Change
    off: Change

    def added(self, expected: FloatArray, off: BoolArray) -> FloatArray:
        """`[..., D]`, to what was `expected` `[..., D]`, by which steps lie on days `off` `[..., D]`."""
        return np.where(off, self.off.added(expected), self.worked.added(expected))


Fit = Callable[[FloatArray, FloatArray], Change]


def biases(actual: FloatArray, expected: FloatArray, least_level: float) -> FloatArray:
    """By what share of its expectation each day `[N]` was above it; NaN where too little was measured.

    Args:
        actual: `[N, D]`, NaN where not measured.
        expected: `[N, D]`.
        least_level: taken for a day's expectation where that is nearer to zero [unit of the target].
    """
    known = np.isfinite(actual) & np.isfinite(expected)
    count = known.sum(1)
    difference = np.where(known, actual - expected, 0.0).sum(1) / count.clip(min=1)
    level = np.where(known, np.abs(expected), 0.0).sum(1) / count.clip(min=1)
    share: FloatArray = difference / np.maximum(level, least_level).clip(min=np.finfo(float).tiny)
    return np.where(count >= MEASURED * actual.shape[1], share, np.nan)


def usual_difference(before: FloatArray) -> float:
    """What days `[N]` differ from their forecasts by as a rule (1.48 times the median); inf where too few tell it."""
    told = np.abs(before[np.isfinite(before)])
    return max(1.4826 * float(np.median(told)), USUAL_AT_LEAST) if len(told) >= KNOWN_DAYS else np.inf


def latest_days(telling: BoolArray, off: BoolArray) -> list[NDArray[np.int64]]:
    """Which days, the newest last, could be those that show a step: the latest ones, and the latest worked ones.

    Args:
        telling: `[N]`, days that can say something.
        off: `[N]`, days off.
    """
    found = [np.flatnonzero(days)[-DAYS:] for days in (telling, telling & ~off)]
    return [days for days in found if len(days) == DAYS and days[0] >= len(telling) - WITHIN]


def is_step(shares: FloatArray, usual: float, before: FloatArray) -> bool:
    """Whether days show a step that was not there in the week before.

    Args:
        shares: `[DAYS]`, by what share of their forecasts they were above them.
        usual: by what share days differ as a rule.
        before: `[N]`, by what share the days before were above their forecasts, NaN where that cannot be said.
    """
    week = before[-WEEK:][np.isfinite(before[-WEEK:])]
    # Forecasts that follow another unit by themselves make it look like a step some days later.
    if (week * np.sign(shares.sum()) > MOST).any():
        return False
    if (week * -np.sign(shares.sum()) > LEANING * np.abs(shares).mean()).any():
        return False
    return _differ(shares, usual) and (not len(week) or _differ(shares - np.median(week), usual))


def _differ(shares: FloatArray, usual: float) -> bool:
    sizes = np.abs(shares)
    same_way = bool((shares > 0).all() or (shares < 0).all())
    least, most = max(LEAST, TIMES_USUAL * usual), min(MOST, ALIKE * float(sizes.min()))
    return same_way and bool(sizes.min() >= least) and bool(sizes.max() <= most)


def fit_shape(actual: FloatArray, expected: FloatArray, off: BoolArray) -> Shape:
    """What the days of a step have in common.

    A share of what was expected, a line over it, or an amount by time of day: whichever foretells each day best from
    the others. Days off of which there was none yet are taken for like the same level of power on a worked day where
    power rose, and for as before where it fell: what is closed stands still then anyway, as a rule.

    Args:
        actual: `[N, D]`, NaN where not measured or not to be counted.
        expected: `[N, D]`, without the step.
        off: `[N, D]`, whether the step lies on a day off.
    """
    any_day, nothing = _best(actual, expected, [_ratio, _line]), Change(np.zeros(actual.shape[1]))
    fell = np.nansum(actual - expected) < 0
    worked, rested = (np.where(off == kind, actual, np.nan) for kind in (False, True))
    return Shape(_of_type(worked, expected, any_day, any_day, nothing),
                 _of_type(rested, expected, nothing if fell else any_day, any_day, nothing))


def _of_type(actual: FloatArray, expected: FloatArray, unseen: Change, any_day: Change, nothing: Change) -> Change:
    """For days of one type: `unseen` if none was measured, of `any_day` and `nothing` what is nearer to a single one.
    """
    seen = np.isfinite(actual).mean(1) >= MEASURED / 2
    if not seen.any():
        return unseen
    if seen.sum() == 1:
        return min((any_day, nothing), key=lambda change: _error(change, actual, expected))
    return _best(actual[seen], expected[seen], [_ratio, _line, _by_time, lambda *_: nothing])


def _best(actual: FloatArray, expected: FloatArray, fits: list[Fit]) -> Change:
    """The simplest fit, of those in order, that foretells days from the others about as well as any."""
    days = np.arange(len(actual))
    chosen, least = fits[0], np.inf
    for fit in fits if len(days) > 1 else fits[:1]:
        error = float(np.mean([_error(fit(actual[days != day], expected[days != day]), actual[[day]], expected[[day]])
                               for day in days]))
        if error < SIMPLER * least:
            chosen, least = fit, error
    return chosen(actual, expected)


def _error(change: Change, actual: FloatArray, expected: FloatArray) -> float:
    errors = np.abs(actual - expected - change.added(expected))
    known = np.isfinite(errors)
    return float(errors[known].mean()) if known.any() else 0.0


def _ratio(actual: FloatArray, expected: FloatArray) -> Change:
    known = np.isfinite(actual)
    total = expected[known].sum()
    if total <= 0:
        return _by_time(actual, expected)
    return Change(np.zeros(actual.shape[-1]), slope=float(actual[known].sum() / total - 1))


def _line(actual: FloatArray, expected: FloatArray) -> Change:
    known = np.isfinite(actual)
    inputs, outputs = expected[known], (actual - expected)[known]
    spread = inputs.var() if len(inputs) else 0.0
    if not len(inputs) or spread <= 1e-6 * np.square(inputs).mean():
        return _ratio(actual, expected)
    slope = float(((inputs - inputs.mean()) * (outputs - outputs.mean())).mean() / spread)
    return Change(np.zeros(actual.shape[-1]), float(outputs.mean() - slope * inputs.mean()), slope,
                  float(inputs.min()), float(inputs.max()))


def _by_time(actual: FloatArray, expected: FloatArray) -> Change:
    known, day = np.isfinite(actual), actual.shape[-1]
    width = max(1, day // SMOOTHED) | 1
    around = (np.arange(day)[:, None] + np.arange(width) - width // 2).clip(0, day - 1)
    sums, counts = (part.sum(0)[around].sum(1) for part in (np.where(known, actual - expected, 0.0), known))
    return Change(np.where(counts > 0, sums / np.maximum(counts, 1), 0.0))
