"""The time of a night: when it counts as begun, and how much is left until its deadline."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import pandas as pd

from wattcast.errors import ConfigError
from wattcast.timegrid import days_later

CLOCK, MINUTES = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)"), re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class NightClock:
    """A clock that stood at `now` when it was made.

    Attributes:
        now: when the night counts as begun; forecasts are made as of then.
        deadline: when all has to be done; None where there is none.
        tick: seconds that pass.
    """

    now: pd.Timestamp
    deadline: pd.Timestamp | None = None
    tick: Callable[[], float] = time.monotonic
    begun: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begun", self.tick())

    @property
    def elapsed(self) -> float:
        """Seconds since the night began."""
        return self.tick() - self.begun

    @property
    def left(self) -> float:
        """Seconds until the deadline, below zero once it has passed; without one they have no end."""
        return inf if self.deadline is None else (self.deadline - self.now).total_seconds() - self.elapsed

    def time(self) -> pd.Timestamp:
        """What it shows, to the second."""
        return (self.now + pd.Timedelta(seconds=self.elapsed)).floor("s")


def parse_deadline(text: str | None, now: pd.Timestamp) -> pd.Timestamp | None:
    """A deadline such as `06:00`, by the clock of `now`, or `90`, in minutes from then.

    Of the days on which the clock shows that time the nearest counts: a night that begins at 22:00 has until the next
    morning, and one that begins at 07:00, as the computer was off, is late already.

    Raises:
        ConfigError: neither a time of day nor minutes.
    """
    if text is None:
        return None
    clock = CLOCK.fullmatch(text.strip())
    if clock is None:
        if not MINUTES.fullmatch(text.strip()):
            raise ConfigError(f"{text!r} is not a deadline",
                              expected="a time of day such as 06:00, or minutes such as 90")
        return now + pd.Timedelta(minutes=float(text))
    on_the_day = (_at(days_later(now, days), int(clock[1]), int(clock[2])) for days in (-1, 0, 1))
    return min(on_the_day, key=lambda time: abs(time - now))


def _at(day: pd.Timestamp, hour: int, minute: int) -> pd.Timestamp:
    """That time of the day; the instant of the change where clocks leave it out, the first where they show it twice."""
    wall = day.tz_localize(None).normalize() + pd.Timedelta(hours=hour, minutes=minute)
    return wall.tz_localize(day.tz, ambiguous=True, nonexistent="shift_forward")
