"""What is usual at a station, told by its own last weeks: power, weather, calendar, and how far the last days ran off.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Kind, Station
from wattcast.timegrid import followed_clock, slots_of_day

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

DAYS = 28
"""Before an origin, that tell what is usual: each weekday four times. [days]"""

AROUND = 3
"""Days before and after a day over which its level is taken: one day alone is mostly chance."""

RIDGE = 0.1
"""Held against the few days from which a level is told apart from the weather, per day, in standard deviations.
[standard deviations]"""

BOUNDS = (0.2, 5.0)
"""A level beyond them says that something else is wrong. [times]"""

LEAST = 0.05
"""A day expected below that share of the mean has no meaningful factor. [share]"""


@dataclass(frozen=True, eq=False)
class Clock:
    """When rows `[T + H]` are, as their station takes it, the first T of them before the origin.

    Attributes:
        slot: of the day, from 0.
        weekday: Monday is 0; always 0 for a plant, whose days are all alike.
        rows: T.
        day: slots of a day.
    """

    slot: IntArray
    weekday: IntArray
    rows: int
    day: int

    @classmethod
    def of(cls, index: pd.DatetimeIndex, station: Station, step: pd.Timedelta, rows: int, day: int) -> "Clock":
        clock = followed_clock(index, station.by_wall_clock)
        load = station.kind is Kind.LOAD
        weekday = np.asarray(clock.day_of_week, np.int64) if load else np.zeros(len(index), np.int64)
        return cls(slots_of_day(clock, step), weekday, rows, day)

    def usual(self, values: FloatArray, counted: BoolArray, by: Literal["weekday", "type", "none"]) -> FloatArray:
        """The mean at the same time over the last weeks, for each row `[T + H, F]`; NaN where nothing was ever known.

        Args:
            values: `[T, F]`, NaN where not known.
            counted: `[T]`, the rows that may tell what is usual.
            by: over which days: the same weekday, those within the week or at its end, or all; where none of them was
                measured, over more of them.
        """
        recent = np.arange(self.rows) >= self.rows - DAYS * self.day
        rows = np.flatnonzero(recent & counted)
        rows = rows if len(rows) else np.flatnonzero(recent)
        weekend = self.weekday >= 5
        keys = {"weekday": (self.weekday * self.day + self.slot, weekend * self.day + self.slot),
                "type": (weekend * self.day + self.slot,), "none": ()}[by]
        found = np.full((len(self.slot), values.shape[1]), np.nan)
        for key in (*keys, self.slot, np.zeros_like(self.slot)):
            found = np.where(np.isnan(found), _means(values[rows], key[rows], int(key.max()) + 1)[key], found)
        return found


def _means(values: FloatArray, key: IntArray, count: int) -> FloatArray:
    """The mean of the `values` `[N, F]` of each key `[count, F]`; NaN where it has none."""
    known = np.isfinite(values)
    number, total = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    np.add.at(number, key, known)
    np.add.at(total, key, np.where(known, values, 0.0))
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


@dataclass(frozen=True, eq=False)
class Days:
    """The last N whole days of a history, each as a mean over what was measured of it.

    Attributes:
        ran: `[N, C]`.
        usual: `[N, C]`, what is usual at the same steps.
        by_weather: `[N, C]`, what the weather of the day adds to that.
        told: `[N, C]`, days of a usual type of which enough was measured.
        proportional: `[C]`; what may be negative has no meaningful factor.
        day: steps of a day.
    """

    ran: FloatArray
    usual: FloatArray
    by_weather: FloatArray
    told: BoolArray
    proportional: BoolArray
    day: int

    @classmethod
    def of(cls, power: FloatArray, usual: FloatArray, weather: FloatArray, counted: BoolArray, day: int) -> "Days":
        """Of rows whose last day ends with the last row.

        Args:
            power: `[T, C]`, NaN where not measured.
            usual: `[T, C]`.
            weather: `[T, W]`, its distance from the usual, NaN where not known.
            counted: `[T]`, rows on ordinary days.
            day: steps of a day.
        """
        number = len(power) // day
        power, usual, weather = (of[len(of) - number * day:].reshape(number, day, of.shape[1])
                                 for of in (power, usual, weather))
        counted = counted[len(counted) - number * day:].reshape(number, day)
        known: BoolArray = np.isfinite(power) & np.isfinite(usual)
        ran, expected = (np.where(known, of, 0.0).sum(1) / known.sum(1).clip(min=1) for of in (power, usual))
        told = np.asarray(known.mean(1) >= 0.5) & np.asarray(counted.all(1))[:, None]               # [N, C]
        measured = np.nan_to_num(power).reshape(-1, power.shape[2])
        # A plant's meter may be slightly below zero at night.
        proportional = np.asarray(measured.min(0, initial=0) >= -LEAST * measured.max(0, initial=0))
        return cls(ran, expected, _by_weather(ran - expected, _daily(weather), told), told, proportional, day)

    def less(self, power: FloatArray, part: FloatArray) -> FloatArray:
        """The power `[T, C]` without a part `[N, C]` of each day: a factor for proportional targets, else an amount."""
        parts = np.repeat(part, self.day, 0)
        first = len(power) - len(parts)
        last = power[first:]
        without = np.where(self.proportional, last / np.where(self.proportional, parts, 1.0), last - parts)
        whole: FloatArray = np.concatenate([power[:first], without])
        return whole

    def at_usual_weather(self, power: FloatArray) -> FloatArray:
        """The power `[T, C]` as it would have been, had every day's weather been as usual."""
        factor = np.divide(self.usual + self.by_weather, self.usual, out=np.ones_like(self.usual),
                           where=self.usual > LEAST * np.abs(self.ran).mean(0)).clip(*BOUNDS)
        return self.less(power, np.where(self.proportional, factor, self.by_weather))


@dataclass(frozen=True, eq=False)
class Levels:
    """How far each of the last N days ran above or below what its type of day and its weather would have made of it.

    Attributes:
        by_day: `[N, C]`: a factor for targets that are proportional, else what is added, in the target's unit.
        days: of which these are the levels.
    """

    by_day: FloatArray
    days: Days

    @classmethod
    def of(cls, days: Days) -> "Levels":
        columns = zip(days.ran.T, (days.usual + days.by_weather).T, days.told.T, days.proportional, strict=True)
        return cls(np.stack([_level(*parts) for parts in columns], 1), days)

    def flattened(self, power: FloatArray) -> FloatArray:
        """The power `[T, C]` as if every day had run at the usual level."""
        return self.days.less(power, self.by_day)

    def moved(self, power: FloatArray, known: FloatArray, came: FloatArray) -> FloatArray:
        """The power `[T, C]` at the level that `came` `[C]` instead of the one that was `known` `[C]`."""
        proportional = self.days.proportional
        moved: FloatArray = np.where(proportional, power * (came / np.where(proportional, known, 1.0)),
                                     power + (came - known))
        return moved


def _daily(weather: FloatArray) -> FloatArray:
    """The mean of each day `[N, W]` in standard deviations; 0 where it is not known."""
    known = np.isfinite(weather)
    means = np.where(known, weather, 0.0).sum(1) / known.sum(1).clip(min=1)
    deviation = means.std(0)
    scaled: FloatArray = np.divide(means - means.mean(0), deviation, out=np.zeros_like(means), where=deviation > 0)
    return scaled


def _by_weather(distance: FloatArray, weather: FloatArray, told: BoolArray) -> FloatArray:
    """What of the days' `distance` `[N, C]` from usual their `weather` `[N, W]` explains (ridge regression)."""
    explained = np.zeros_like(distance)
    for target, days in enumerate(told.T):
        if days.sum() < 2 or not weather.shape[1]:
            continue
        inputs = weather[days] - weather[days].mean(0)
        values = distance[days, target] - distance[days, target].mean()
        squares = inputs.T @ inputs + RIDGE * len(values) * np.eye(inputs.shape[1])
        explained[:, target] = (weather - weather[days].mean(0)) @ np.linalg.solve(squares, inputs.T @ values)
    return explained


def _level(ran: FloatArray, expected: FloatArray, told: BoolArray, proportional: bool) -> FloatArray:
    """Of each day `[N]`, over the days around it that tell; as usual where there are none."""
    days = np.arange(len(ran))
    near = (np.abs(days[:, None] - days) <= AROUND) & told                                          # [N, N]
    count = near.sum(1).clip(min=1)
    mean, usual = near @ ran / count, near @ expected / count
    if not proportional:
        return np.asarray(mean - usual, np.float64)
    least = LEAST * float(np.abs(ran).mean())
    sure = near.any(1) & (usual > least) & (mean > 0)
    return np.where(sure, np.divide(mean, usual, out=np.ones_like(mean), where=sure), 1.0).clip(*BOUNDS)
