"""One target's days, looked at one after the other: whether its level has stepped, since when, and whether it still is.
"""

import numpy as np
from numpy.typing import NDArray

from wattcast.forecasting.steps import (
    DAYS,
    LEAST,
    MEASURED,
    Shape,
    biases,
    fit_shape,
    is_step,
    latest_days,
    usual_difference,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

REFERENCE_LEAD = 3
"""The day of a forecast that tells what is usual: a step is called by the first three. [days]"""

STILL = 0.3
"""Part of what a step adds that must be there for a day to have it still. [share]"""

CLEAR = 0.1
"""What part of a day of the step must speak for another beginning than that of the first day that shows it. [share]"""

LEAST_LEVEL = 0.25
"""A day that is expected to be nearer to zero is taken for that part of the mean level. [share]"""


class Watch:
    """What is known of a target's level on the morning of each day, from the days before alone.

    Attributes:
        levelled: `[N, D]`, what was measured without what steps added.
        shape: what the step adds that is there, or was there last; None if there is none to be added.
        first_row: its first step within all days.
        over: whether the latest day that tells was as before the step.

    Args:
        actual: `[N, D]`, NaN where not measured.
        off: `[N, D]`, whether the step lies on a day off.
        ordinary: `[N]`, days of the same type as a week before: others are forecast worse.
        first: no step begins before this day.
    """

    def __init__(self, actual: FloatArray, off: BoolArray, ordinary: BoolArray, first: int) -> None:
        self.actual, self.off, self.ordinary, self.first = actual, off, ordinary, first
        self.levelled, self.expected = actual.copy(), np.full_like(actual, np.nan)
        self.type_off = off.mean(1) > MEASURED
        self.plain = np.ones(len(actual), bool)
        self.shape: Shape | None = None
        self.stepped, self.first_row, self.start = False, 0, 0
        self.back: list[int] = []
        self.apart: set[int] = set()

    @property
    def over(self) -> bool:
        return bool(self.back)

    def look(self, today: int, ahead: FloatArray) -> None:
        """Take in the day before `today`.

        Args:
            today: how many days are known.
            ahead: `[N, H / D, D]`, forecasts from the beginning of each day up to today's.
        """
        floor = LEAST_LEVEL * _mean(np.abs(self.actual[:today]))
        if self.shape is not None:
            self._stay(today, ahead, floor)
        start = self._called(today, ahead, floor)
        if start is not None:
            self._begin(start, today, ahead)
        if self.shape is not None:
            self._level(today)

    def _called(self, today: int, ahead: FloatArray, floor: float) -> int | None:
        """The first day of a step that the latest days show, beyond one that is known already."""
        lead = min(REFERENCE_LEAD, ahead.shape[1])
        seen = np.arange(lead - 1, today)
        share = biases(self.actual[seen], ahead[seen - lead + 1, lead - 1], floor)
        telling = self.ordinary[:today].copy()
        telling[seen] &= np.isfinite(share)
        telling[:self.start + DAYS if self.shape is not None else self.first] = False
        for days in latest_days(telling, self.type_off[:today]):
            start = int(days[0])
            expected = self._expectation(start, today, ahead)
            if self.shape is not None:
                expected = expected + self.shape.added(expected, self.off[start:today])
            shown = biases(self.actual[days], expected[days - start], floor)
            before = (seen < start) & self.plain[seen] & self.ordinary[seen]
            # Days off are often forecast worse: working days are compared with their like.
            like = before if self.type_off[days].any() else before & ~self.type_off[seen]
            if np.isfinite(shown).all() and is_step(shown, usual_difference(share[like]), share[before]):
                return start
        return None

    def _expectation(self, start: int, end: int, ahead: FloatArray) -> FloatArray:
        """Forecasts of the days from `start` to `end`, made when the first of them began, or as soon after as reaches.
        """
        if self.shape is not None:      # known already, without the step
            return self.expected[start:end]
        days = np.arange(start, end)
        origins = np.maximum(start, days - ahead.shape[1] + 1)
        found: FloatArray = ahead[origins, days - origins]
        return found

    def _begin(self, start: int, today: int, ahead: FloatArray) -> None:
        self.expected[start:today] = self._expectation(start, today, ahead)
        if self.shape is None and start > 0:
            self.expected[start - 1] = ahead[start - 1, 0]
        known = self.shape is not None
        day = self.actual.shape[1]
        self.start, self.first_row, self.back, self.stepped = start, start * day, [], True
        self.shape = self._fit(today)
        if not known:
            self.first_row = self._first_row(start)
            self.start = self.first_row // day
            self.shape = self._fit(today)
        self.plain[self.start:today] = False

    def _first_row(self, start: int) -> int:
        """From where on, within a day before and after, what was measured is nearer to the forecast with the step; the
        beginning of the first day unless that is clear."""
        assert self.shape is not None
        first, day = max(start - 1, self.first), self.actual.shape[1]
        days = slice(first, start + 1)
        difference = self.actual[days] - self.expected[days]
        added = self.shape.added(self.expected[days], self.off[days])
        gain = np.nan_to_num(np.abs(difference) - np.abs(difference - added)).reshape(-1)
        since = np.cumsum(gain[::-1])[::-1]
        usual, best = (start - first) * day, int(np.argmax(since))
        clear = float(since[best] - since[usual]) > CLEAR * float(np.abs(added[-1]).sum())
        return int(first * day + (best if clear else usual))

    def _stay(self, today: int, ahead: FloatArray, floor: float) -> None:
        """Whether the newest day still has the step; three that have it no longer, one after the other, end it."""
        assert self.shape is not None
        newest = today - 1
        self.expected[newest] = ahead[newest, 0]
        self.plain[newest] = False
        actual, expected = self.actual[newest], self.expected[newest]
        added = self.shape.added(expected, self.off[newest])
        known = np.isfinite(actual)
        if not self.ordinary[newest] or known.mean() < MEASURED or not self._affects(newest, added[known], floor):
            return
        if (actual - expected)[known].sum() / added[known].sum() >= STILL:
            self.back = []
            return
        self.back.append(newest)
        self.apart.add(newest)
        if len(self.back) >= DAYS:
            self.first, self.shape, self.back = self.back[0], None, []
            self.plain[self.first:today] = True

    def _affects(self, day: int, added: FloatArray, floor: float) -> bool:
        """Whether days of this type were seen to have the step, and not hardly any of it."""
        seen = (self.type_off == self.type_off[day])[self.start:day].any()
        level = max(float(np.abs(self.expected[day]).mean()), floor)
        return bool(seen) and abs(float(added.mean())) >= LEAST / 2 * level

    def _fit(self, today: int) -> Shape:
        days = slice(self.start, today)
        return fit_shape(self._counted(today)[days], self.expected[days], self.off[days])

    def _counted(self, today: int) -> FloatArray:
        """What was measured since the step on the days that have it, `[N, D]`."""
        counted = self.actual.copy()
        counted.reshape(-1)[:self.first_row] = np.nan
        counted[[day for day in range(today) if day in self.apart or not self.ordinary[day]]] = np.nan
        return counted

    def _level(self, today: int) -> None:
        self.shape = self._fit(today)
        has = np.zeros(self.actual.shape, bool)
        has.reshape(-1)[self.first_row:today * self.actual.shape[1]] = True
        has[list(self.apart)] = False
        added = self.shape.added(self.expected, self.off)
        self.levelled = np.where(has, self.actual - added, np.where(self._since(today), self.actual, self.levelled))

    def _since(self, today: int) -> BoolArray:
        since = np.zeros(self.actual.shape, bool)
        since.reshape(-1)[self.first_row:] = True
        return since

    @property
    def worked_only(self) -> bool:
        """Whether days off were seen, and are as before."""
        off = self.type_off[self.start:] & np.isfinite(self.expected[self.start:]).any(1)
        if self.shape is None or not off.any():
            return False
        worked, rested = (self._share(self.off[self.start:] == kind) for kind in (False, True))
        return abs(rested) < LEAST / 2 <= abs(worked)

    @property
    def share(self) -> float:
        """What the step adds as a share of what was forecast on the days that have it."""
        days = self.off[self.start:]
        return self._share(~days if self.worked_only else np.ones_like(days))

    def _share(self, where: BoolArray) -> float:
        assert self.shape is not None
        expected = self.expected[self.start:]
        added = self.shape.added(expected, self.off[self.start:])
        counted = where & np.isfinite(expected)
        return float(added[counted].sum() / np.abs(expected[counted]).sum()) if counted.any() else 0.0


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0
