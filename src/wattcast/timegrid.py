"""Arithmetic on a regular grid of time: steps, horizons, origins, time zones. Nobody else adds minutes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import HORIZON_DAYS, Horizon, Station
from wattcast.errors import ConfigError, InputError

DAY = pd.Timedelta(days=1)
USUAL_STEPS = tuple(map(pd.Timedelta, ("1min", "5min", "10min", "15min", "20min", "30min", "1h", "2h", "3h", "4h", "6h",
                                       "8h", "12h", "24h")))
IntArray = NDArray[np.int64]


def parse_duration(text: str) -> pd.Timedelta:
    """A duration above zero such as `7d`, `12h` or `15min`.

    Raises:
        ConfigError: not a duration, or none above zero.
    """
    wrong = ConfigError(f"{text!r} is not a duration above zero", expected="for example 15min, 12h or 7d")
    try:
        # pandas is about to stop taking the small letter for days.
        duration = pd.Timedelta(re.sub(r"(?<=\d)\s*d\b", "D", text.strip()))
    except ValueError:
        raise wrong from None
    # pandas takes a number alone for nanoseconds.
    if not duration > pd.Timedelta(0) or not re.search("[a-zµ:]", text, re.IGNORECASE):
        raise wrong
    return duration


def in_words(duration: pd.Timedelta) -> str:
    """`15min`, `7h` or `59 days 3h`, without parts that are zero."""
    parts = duration.components
    words = [f"{parts.days} day{'s' if parts.days != 1 else ''}" if parts.days else "",
             f"{parts.hours}h" if parts.hours else "", f"{parts.minutes}min" if parts.minutes else "",
             f"{parts.seconds}s" if parts.seconds else ""]
    return " ".join(filter(None, words)) or "0s"


@lru_cache(maxsize=64)
def parse_step(text: str) -> pd.Timedelta:
    """A step such as `15min` or `1h`.

    Raises:
        ConfigError: not a duration, or one that does not divide a day.
    """
    step = parse_duration(text)
    if not divides_day(step):
        raise ConfigError(f"step {text!r} does not divide a day", expected="for example 15min, 10min or 1h")
    return step


def divides_day(span: pd.Timedelta) -> bool:
    """Whether a day is a whole number of such spans."""
    return bool(DAY % span == pd.Timedelta(0))


def step_of_at_least(span: pd.Timedelta) -> pd.Timedelta:
    """The shortest usual step that is not shorter than `span`; a day for longer ones."""
    return next((step for step in USUAL_STEPS if step >= span), DAY)


def steps_per_day(step: pd.Timedelta) -> int:
    """96 for 15 minutes."""
    return int(DAY // step)


def parse_horizon(text: str) -> pd.Timedelta:
    """How far ahead a forecast reaches: one to seven whole days, such as `7d` or `48h`.

    Raises:
        ConfigError: another duration.
    """
    horizon = parse_duration(text)
    if horizon % DAY != pd.Timedelta(0) or horizon > HORIZON_DAYS * DAY:
        raise ConfigError(f"a horizon of {text!r} is not possible", expected=f"whole days, 1d to {HORIZON_DAYS}d")
    return horizon


def slots_of_day(index: pd.DatetimeIndex, step: pd.Timedelta) -> NDArray[np.int64]:
    """The number of each stamp's step within its local day `[T]`, from 0."""
    wall = index.tz_localize(None)
    return np.asarray((wall - wall.normalize()) // step, dtype=np.int64)


def hours_and_weekdays(first: pd.Timestamp, step: pd.Timedelta,
                       count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hour of the day, with its fraction, and weekday, Monday 0, of so many stamps from `first` on, by its clock."""
    wall = pd.date_range(first, periods=count, freq=step).tz_localize(None)
    hour = (wall - wall.normalize()) / pd.Timedelta(hours=1)
    return np.asarray(hour, np.float64), np.asarray(wall.day_of_week, np.float64)


def station_horizon(station: Station) -> Horizon:
    """How far ahead the station is forecast: 672 steps for seven days of 15 minutes."""
    step = parse_step(station.step)
    return Horizon(int(parse_horizon(station.horizon) // step), step)


def horizon_index(origin: pd.Timestamp, horizon: Horizon) -> pd.DatetimeIndex:
    """The stamps of leads 1 … `horizon.steps`, the first one the origin itself."""
    return pd.date_range(origin, periods=horizon.steps, freq=horizon.step, name="time")


def regular_index(first: pd.Timestamp, last: pd.Timestamp, step: pd.Timedelta) -> pd.DatetimeIndex:
    """Every stamp from `first` to `last`, both included, equally far apart in absolute time, DST changes or not."""
    return pd.date_range(first, last, freq=step, name="time")


def parse_time(text: str, timezone: str) -> pd.Timestamp:
    """An instant as a person writes it; without an offset it is local time.

    Raises:
        InputError: not a time, one that may begin with the day or with the month, a time of day alone, or one that a
            DST change leaves out or repeats.
    """
    if re.match(r"\s*\d{1,2}[-/.:]", text):
        raise InputError(f"{text!r} is not a time in {timezone}", found="it lacks the date, or may begin with the "
                         "day or with the month", expected="for example 2025-06-01 00:00")
    try:
        time = pd.Timestamp(text)
        # pandas takes these for the clock of the machine, whatever its zone.
        if time is pd.NaT or text.strip().casefold() in ("now", "today"):
            raise ValueError("no time")
        return time.tz_localize(timezone) if time.tzinfo is None else time.tz_convert(timezone)
    except (ValueError, TypeError) as error:
        raise InputError(f"{text!r} is not a time in {timezone}", found=str(error),
                         expected="for example 2025-06-01 00:00") from None


def midnight(time: pd.Timestamp) -> pd.Timestamp:
    """The start of the local day; where a DST change leaves it out, what comes after."""
    return time.tz_localize(None).normalize().tz_localize(time.tz, nonexistent="shift_forward", ambiguous=True)


def require_on_grid(time: pd.Timestamp, step: pd.Timedelta) -> pd.Timestamp:
    """`time` itself, if local midnight is a whole number of steps away.

    Raises:
        InputError: the time lies between two steps.
    """
    since_midnight = time.tz_localize(None) - time.tz_localize(None).normalize()
    if since_midnight % step != pd.Timedelta(0):
        raise InputError(f"{time} lies between two steps of {in_words(step)}",
                         hint="give a time on the grid, such as a full hour")
    return time


def rolling_origins(first: pd.Timestamp, every: pd.Timedelta, last: pd.Timestamp, count: int | None = None, *,
                    step: pd.Timedelta | None = None) -> Iterator[pd.Timestamp]:
    """`first`, `first + every`, … up to `last` (included) and at most `count` of them.

    Whole days go by the clock on the wall, so that what begins at midnight stays there (`days_later`, with `step`);
    any other duration by absolute time.
    """
    whole = every % DAY == pd.Timedelta(0)
    made, origin = 0, first
    while origin <= last and (count is None or made < count):
        yield origin
        made += 1
        origin = days_later(first, made * int(every // DAY), step) if whole else origin + every


def followed_clock(index: pd.DatetimeIndex, by_wall_clock: bool) -> pd.DatetimeIndex:
    """The stamps by the clock that a station goes by (`Station.by_wall_clock`): that on the wall, or one that is never
    changed."""
    return index if by_wall_clock else index.tz_convert("UTC")


@dataclass(frozen=True, eq=False)
class WallGrid:
    """The rows of a regular grid by the clock on the wall, whose slots are as long as a step.

    A row has the slot that it begins nearest to, the earlier one of two: after a change of half an hour, full hours
    begin at half past. Where clocks go forward some slots have no row. Where they go back several rows have one slot,
    and the first of them stands for it: whoever knows another one knows the first. Without a change slot s is row s.

    Attributes:
        slots: `[T]`, of every row; that of row 0 is 0.
        lowest: the first slot that has a row; below 0 where clocks went back soon after row 0.
        first: `[S]`, the first row of each slot from `lowest` on, -1 where there is none.
    """

    slots: IntArray
    lowest: int
    first: IntArray

    @classmethod
    def of(cls, index: pd.DatetimeIndex, step: pd.Timedelta, *, before: int = 0, after: int = 0) -> Self:
        """The grid of an index, with so many rows more before it and after it; row 0 is the first of them."""
        wall = pd.date_range(index[0] - before * step, periods=before + len(index) + after, freq=step).tz_localize(None)
        nearest = -np.asarray((step / 2 - (wall - wall[0].normalize())) // step, np.int64)
        slots = nearest - nearest[0]
        taken, rows = np.unique(slots, return_index=True)
        first = np.full(taken[-1] - taken[0] + 1, -1, np.int64)
        first[taken - taken[0]] = rows
        return cls(slots, int(taken[0]), first)

    def rows(self, slots: IntArray) -> IntArray:
        """The rows that stand for `slots`, -1 where there is none."""
        place = slots - self.lowest
        inside = (place >= 0) & (place < len(self.first))
        return np.where(inside, self.first[place.clip(0, len(self.first) - 1)], -1)

    def rows_before(self, slots: IntArray, origins: IntArray) -> IntArray:
        """The same, and -1 where the row is not before `origins`, rows in a shape that spreads over that of `slots`."""
        rows = self.rows(slots)
        return np.where(rows < origins, rows, -1)

    def lead_days(self, origins: IntArray, rows: IntArray, per_day: int, steps: int) -> IntArray:
        """The day, from 0, of forecasts of so many `steps` from `origins` that `rows` lie in; shapes that broadcast.

        Days go from the origin's time to the same time. There are as many as the steps have whole days: over a DST
        change one has 23 or 25 hours, and an hour that is left over belongs to the last one.
        """
        return ((self.slots[rows] - self.slots[origins]) // per_day).clip(0, (steps - 1) // per_day)

    def by_slot(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The `values` `[T, …]` of the rows that stand for the slots from `lowest` on `[S, …]`, NaN where none does."""
        return at_rows(values, self.first)


def at_rows(values: NDArray[np.float64], rows: IntArray) -> NDArray[np.float64]:
    """The `values` `[T, …]` of some rows, in the shape of `rows` and then the values' own; NaN where a row is -1."""
    known = (rows >= 0).reshape(*rows.shape, *[1] * (values.ndim - 1))
    return np.where(known, values[rows], np.nan)


def days_later(time: pd.Timestamp, days: int, step: pd.Timedelta | None = None) -> pd.Timestamp:
    """The same time on the wall so many days later, or earlier for less than 0.

    What a DST change leaves out is what comes after, of what it repeats the first is taken. With a `step` the result
    lies whole steps away, nearest to that; half an hour's change is nothing to steps of an hour.
    """
    if not days:
        return time
    naive = time.tz_localize(None) + days * DAY
    wall = naive.tz_localize(time.tz, nonexistent="shift_forward", ambiguous=True)
    if step is None:
        return wall
    change = wall - time - days * DAY
    steps = -int((step / 2 - abs(change)) // step)
    return time + days * DAY + (steps if change > pd.Timedelta(0) else -steps) * step


def lead_days(index: pd.DatetimeIndex) -> IntArray:
    """The day of the forecast, from 0, that each stamp of a horizon lies in `[H]`, by the clock on the wall."""
    step = index[1] - index[0] if len(index) > 1 else DAY
    return _lead_days(index[0].isoformat(), str(index.tz), step, len(index))


@lru_cache(maxsize=64)
def _lead_days(first: str, zone: str, step: pd.Timedelta, steps: int) -> IntArray:
    """The stations of a region have the same horizon."""
    index = pd.date_range(pd.Timestamp(first).tz_convert(zone), periods=steps, freq=step)
    rows = np.arange(steps)
    days = WallGrid.of(index, step).lead_days(rows[:1], rows, steps_per_day(step), steps)
    days.flags.writeable = False
    return days
