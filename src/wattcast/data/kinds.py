"""What a station is, where nobody says it: a photovoltaic plant, or a load.

Taken for photovoltaic is only what nothing but the sun explains: dark hours that are the night's, days that swell and
fade, and no working week. Whatever leaves a doubt is a load: of a plant that is taken for a load the forecast is a
little worse, a works that is taken for a plant loses its nights.

The first four weeks decide, and if they leave it open (a shop that opens from nine to four in winter), the weeks that
follow, four by four, up to a year: nothing later than what decides can change what a station is taken for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Kind, Location
from wattcast.data.quality import Assumption
from wattcast.data.sun import solar_position

BLOCK, LONGEST = pd.Timedelta(days=28), pd.Timedelta(days=364)
"""The kind is told from growing parts of the history, each longer by the first of these, up to the second."""
NOTHING = 0.01
"""Power up to this share of the peak is none. [share]"""
DARK, NIGHT_HOURS = 0.98, 4
"""The darkest hours of the day, of which this share of the readings must be without power. [share, hours]"""
SELDOM, FORTNIGHT = 0.02, 14
"""An hour of the day that is measured on fewer than this share of the days, of so many at least, is one of those that
never are. [share, days]"""
NOON = (9, 16)
"""Hours between which the middle of the mean day of a plant lies."""
DOWN = -4.0
"""Degrees of elevation below which no cell yields anything."""
FEWEST_WEEKS, FREE = 3, 0.1
"""A weekday is free if, over these weeks at least, it exceeds another day in less than this share of the pairs …
[weeks, share]"""
MANY_WEEKS, LESS, FAR = 12, 0.85, 2.0
"""… and brings less than this share of another day over so many weeks; or, as four Saturdays may be overcast, lies
below the others by so many of their deviations. [weeks, share, deviations]"""
HARDLY, HALF = 0.02, 0.5
"""The same two shares where the days look like the sun's. [share]"""
FLAT = 0.75
"""A day whose early and late hours bring this share of its middle does not swell and fade as the sun does. [share]"""
STEADY = 0.08
"""Days that differ by less than this share do not depend on clouds. [share]"""
LIGHT, LIT = 0.5, 0.9
"""Of the readings while the sun stands above this share of the day's highest, this share must show power. [share]"""
SEASONS, ALWAYS_LIT = 3.0, 0.97
"""Hours by which the day's length must have changed before the seasons alone say that it is the sun, and the share of
readings that must then show power. [hours, share]"""

HOUR = pd.Timedelta(hours=1)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Days:
    """Mean power by hour `[D, 24]` of local time, with their dates; NaN where nothing was measured.

    Of a station that is `silent` at night, of which certain hours are never measured, zero in these.
    """

    power: Floats
    dates: pd.DatetimeIndex
    peak: float
    silent: bool

    @property
    def profile(self) -> Floats:
        """The mean day, from the hour that is opposite to its middle, so that its bright hours are together."""
        return np.roll(self._mean, 12 - self.middle)

    @property
    def middle(self) -> int:
        """The hour around which the power of the mean day lies."""
        angle = float(np.angle(np.sum(self._mean.clip(0) * np.exp(2j * np.pi * np.arange(24) / 24))))
        return round(angle / (2 * np.pi) * 24) % 24

    @property
    def _mean(self) -> Floats:
        known = np.isfinite(self.power)
        mean: Floats = np.where(known, self.power, 0).sum(0) / np.maximum(known.sum(0), 1)
        return mean

    @property
    def energy(self) -> pd.Series:
        """Each day's mean power, of days that were measured to the full but for a few hours."""
        known = np.isfinite(self.power).sum(1) >= 20
        return pd.Series(np.nanmean(self.power[known], 1), self.dates[known])


def infer_kind(power: pd.Series, location: Location) -> tuple[Kind, Assumption]:
    """What a station is taken for, and why.

    Args:
        power: total power at tz-aware instants, in any order, NaN where not measured.
        location: where it stands; with coordinates the sun there must explain the dark hours.
    """
    reason = "nothing was measured"
    for part in _growing(power.dropna().sort_index()):
        kind, reason = _verdict(part, location)
        if kind is not None:
            return kind, _assumption(kind, reason)
    return Kind.LOAD, _assumption(Kind.LOAD, reason)


def _assumption(kind: Kind, reason: str) -> Assumption:
    words = {Kind.PV: "a photovoltaic plant", Kind.LOAD: "a load"}
    return Assumption("kind", str(kind), f"taken for {words[kind]}: {reason}", "data.kind")


def _growing(power: pd.Series) -> Iterator[pd.Series]:
    if power.empty:
        return
    first, last = power.index[0], power.index[-1]
    end = first
    while end <= last and end - first < LONGEST:
        end += BLOCK
        yield power[power.index < end]


def _verdict(power: pd.Series, location: Location) -> tuple[Kind | None, str]:
    """None for the kind where these weeks leave it open."""
    days = _days(power)
    if not days.peak > 0:
        return None, "no power above zero was measured"
    night = _night_readings(power, days, location)
    if not len(night) or np.mean(np.abs(night) <= NOTHING * days.peak) < DARK:
        return Kind.LOAD, "it has power at night"
    sunlike = _edges(days.profile) < FLAT and _differ(days.energy) > STEADY
    if (weekday := _free_day(days, *((HARDLY, HALF) if sunlike else (FREE, LESS)))) is not None:
        return Kind.LOAD, f"it rests at night and on {weekday}s, as people do"
    lit = _lit_share(power, days, location) if location.has_coordinates else None
    if lit is not None and lit < LIT:
        return Kind.LOAD, "it rests at night and also while the sun stands high"
    if sunlike:
        nights = "not measured" if days.silent else "dark"
        return Kind.PV, f"its nights are {nights}, its days swell, fade and differ as sunshine does, weekends too"
    if lit is not None and lit > ALWAYS_LIT and _change_of_day_length(power, location) > SEASONS:
        return Kind.PV, "its dark hours are the night's in all seasons measured, weekends too"
    return None, "its nights are dark, but its days look like working hours"


def _days(power: pd.Series) -> _Days:
    wall = pd.DatetimeIndex(power.index).tz_localize(None)
    dates = wall.normalize().unique()
    hourly = power.groupby([wall.normalize(), wall.hour]).mean()
    table = hourly.reindex(pd.MultiIndex.from_product([dates, range(24)])).to_numpy(np.float64).reshape(-1, 24)
    # Inverters that sleep write no rows.
    never = np.isfinite(table).mean(0) < SELDOM
    silent = len(dates) >= FORTNIGHT and int(never.sum()) >= NIGHT_HOURS
    if silent:
        table = np.where(never & np.isnan(table), 0.0, table)
    return _Days(table, dates, float(power.quantile(0.98)), silent)


def _night_readings(power: pd.Series, days: _Days, location: Location) -> Floats:
    """Readings while the sun is down; without a place those of the hours farthest from the middle of the mean day.

    Days whose middle is not around noon are a night's work: a reading without end stands for them."""
    if location.has_coordinates:
        hours = _hours(power)
        each = hours.unique()
        ends = [solar_position(times, location)["elevation"].to_numpy() for times in (each, each + HOUR)]
        night = np.asarray(power[hours.isin(each[np.maximum(*ends) < DOWN])], dtype=np.float64)
        return night if len(night) or not days.silent else np.zeros(1)
    middle = days.middle
    if not NOON[0] <= middle <= NOON[1]:
        return np.full(1, np.inf)
    night = days.power[:, [(middle + 12 + shift) % 24 for shift in range(-NIGHT_HOURS // 2, NIGHT_HOURS // 2)]]
    return night[np.isfinite(night)]


def _free_day(days: _Days, free_share: float, less: float) -> str | None:
    """The weekday that stays behind the others, if there is one."""
    energy = days.energy
    weekday = pd.DatetimeIndex(energy.index).day_of_week
    for free in range(7):
        rest, other = energy[weekday == free].to_numpy(), energy[weekday != free].to_numpy()
        # Two free days a week are as little as each other.
        other = other[other > np.quantile(other, 0.2)] if len(other) else other
        if len(rest) < FEWEST_WEEKS or not len(other):
            continue
        above = np.mean(rest[:, None] > other[None]) + 0.5 * np.mean(rest[:, None] == other[None])
        usual, little = float(np.median(other)), float(np.median(rest))
        deviation = float(np.subtract(*np.quantile(other, [0.75, 0.25]))) / 1.35
        far = len(rest) >= MANY_WEEKS or usual - little > FAR * deviation
        if above < free_share and far and little < less * usual:
            return ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[free]
    return None


def _lit_share(power: pd.Series, days: _Days, location: Location) -> float:
    """Of the readings while the sun stands high, on days with any power, the share that shows some."""
    hours = _hours(power)
    each = hours.unique()
    elevation = solar_position(each + HOUR / 2, location)["elevation"].set_axis(each).reindex(hours)
    sine = np.sin(np.deg2rad(elevation.to_numpy()))
    day = pd.DatetimeIndex(power.index).tz_localize(None).normalize()
    highest = pd.Series(sine).groupby(day).transform("max").to_numpy()
    active = pd.Series(power.to_numpy()).groupby(day).transform("max").to_numpy() > 0.1 * days.peak
    high = active & (sine > LIGHT * highest) & (highest > 0)
    return float(np.mean(power.to_numpy()[high] > NOTHING / 4 * days.peak)) if high.any() else 0.0


def _hours(power: pd.Series) -> pd.DatetimeIndex:
    """The hour that each reading is in, in UTC, where none is repeated."""
    return pd.DatetimeIndex(power.index).tz_convert("UTC").floor("h")


def _edges(profile: Floats) -> float:
    """Mean power of the first and last quarter of the bright hours against that of their middle half."""
    bright = np.flatnonzero(profile > 0.02 * profile.max())
    hours = profile[bright[0]:bright[-1] + 1]
    if len(hours) < 4:
        return 1.0
    quarter = max(1, len(hours) // 4)
    return float(np.mean(np.r_[hours[:quarter], hours[-quarter:]]) / hours[quarter:-quarter].mean())


def _differ(energy: pd.Series) -> float:
    """Mean change from day to day against the mean day."""
    mean = energy.mean()
    return float(energy.diff().abs().mean() / mean) if len(energy) > 1 and mean > 0 else np.inf


def _change_of_day_length(power: pd.Series, location: Location) -> float:
    days = pd.DatetimeIndex(power.index).normalize().unique()[::7]
    hours = [int((solar_position(pd.date_range(day, periods=96, freq="15min"), location)["elevation"] > 0).sum()) / 4
             for day in days]
    return max(hours) - min(hours)
