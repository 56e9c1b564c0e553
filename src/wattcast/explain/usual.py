"""What is usual at a station, told by its own last weeks: power, weather, calendar, and how far the last days ran off.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.timegrid import followed_clock, slots_of_day

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

DAYS = 28
"""Before an origin, that tell what is usual: each weekday four times."""

AROUND = 3
"""Days before and after a day over which its level is taken: one day alone is mostly chance."""

RIDGE = 0.1
"""Held against the few days from which a level is told apart from the weather, per day, in standard deviations."""

BOUNDS = (0.2, 5.0)
"""A level beyond them says that something else is wrong."""


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
    def of(cls, index: pd.DatetimeIndex, kind: Kind, step: pd.Timedelta, rows: int, day: int) -> "Clock":
        clock = followed_clock(index, kind)
        weekday = np.asarray(clock.dayofweek, np.int64) if kind is Kind.LOAD else np.zeros(len(index), np.int64)
        return cls(slots_of_day(clock, step), weekday, rows, day)

    def usual(self, values: FloatArray, counted: BoolArray, *, weekdays: bool = True) -> FloatArray:
        """The mean at the same time over the last weeks, for each row `[T + H, F]`; NaN where nothing was ever known.

        Of the same weekday; where that was not measured, of days worked or not; else of all days.

        Args:
            values: `[T, F]`, NaN where not known.
            counted: `[T]`, the rows that may tell what is usual.
            weekdays: whether weekdays differ.
        """
        recent = np.arange(self.rows) >= self.rows - DAYS * self.day
        rows = np.flatnonzero(recent & counted)
        rows = rows if len(rows) else np.flatnonzero(recent)
        weekend = self.weekday >= 5
        keys = [self.weekday * self.day + self.slot, weekend * self.day + self.slot] if weekdays else []
        found = np.full((len(self.slot), values.shape[1]), np.nan)
        for key in (*keys, self.slot, np.zeros_like(self.slot)):
            found = np.where(np.isnan(found), _means(values[rows], key[rows], int(key.max()) + 1)[key], found)
        return found


def _means(values: FloatArray, key: IntArray, count: int) -> FloatArray:
    """The mean of the `values` `[N, F]` of each key `[count, F]`; NaN where it has none."""
    known = np.isfinite(values)
    number, total = (np.stack([np.bincount(key, column, minlength=count) for column in of.T], 1)
                     for of in (known.astype(np.float64), np.where(known, values, 0.0)))
    return np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)


@dataclass(frozen=True, eq=False)
class Levels:
    """How far each of the last N days ran above or below what its type of day and its weather would have made of it.

    Attributes:
        by_day: `[N, C]`: a factor for targets that are `proportional`, else what is added, in the target's unit.
        proportional: `[C]`; what may be negative has no meaningful factor.
        day: steps of a day.
    """

    by_day: FloatArray
    proportional: BoolArray
    day: int

    @classmethod
    def of(cls, power: FloatArray, usual: FloatArray, weather: FloatArray, counted: BoolArray, day: int) -> "Levels":
        """Of rows whose last day ends with the last row.

        Args:
            power: `[T, C]`, NaN where not measured.
            usual: `[T, C]`.
            weather: `[T, W]`, its distance from the usual, NaN where not known.
            counted: `[T]`, rows on ordinary days.
            day: steps of a day.
        """
        number = len(power) // day
        power, usual, weather, counted = (of[len(of) - number * day:].reshape(number, day, *of.shape[1:])
                                          for of in (power, usual, weather, counted))
        known = np.isfinite(power) & np.isfinite(usual)
        ran, expected = (np.where(known, of, 0.0).sum(1) / known.sum(1).clip(min=1) for of in (power, usual))
        told = (known.mean(1) >= 0.5) & counted.all(1)[:, None]                                     # [N, C]
        expected = expected + _by_weather(ran - expected, _daily(weather), told)
        proportional = ~((np.nan_to_num(usual) < 0) | (np.nan_to_num(power) < 0)).any((0, 1))
        by_day = np.stack([_level(*parts) for parts in zip(ran.T, expected.T, told.T, proportional, strict=True)], 1)
        return cls(by_day, proportional, day)

    def flattened(self, power: FloatArray) -> FloatArray:
        """The power `[T, C]` as if every day had run at the usual level."""
        levels = np.repeat(self.by_day, self.day, 0)
        first = len(power) - len(levels)
        last = power[first:]
        flat = np.where(self.proportional, last / np.where(self.proportional, levels, 1.0), last - levels)
        return np.concatenate([power[:first], flat])

    def moved(self, power: FloatArray, known: FloatArray, came: FloatArray) -> FloatArray:
        """The power `[T, C]` at the level that `came` `[C]` instead of the one that was `known` `[C]`."""
        return np.where(self.proportional, power * (came / np.where(self.proportional, known, 1.0)),
                        power + (came - known))


def _daily(weather: FloatArray) -> FloatArray:
    """The mean of each day `[N, W]` in standard deviations; 0 where it is not known."""
    known = np.isfinite(weather)
    means = np.where(known, weather, 0.0).sum(1) / known.sum(1).clip(min=1)
    deviation = means.std(0)
    return np.divide(means - means.mean(0), deviation, out=np.zeros_like(means), where=deviation > 0)


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
    least = 0.05 * float(np.abs(ran).mean())
    sure = near.any(1) & (usual > least) & (mean > 0)
    return np.where(sure, np.divide(mean, usual, out=np.ones_like(mean), where=sure), 1.0).clip(*BOUNDS)
