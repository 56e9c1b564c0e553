"""Made-up sites by the dozen, for what learns from many stations: the kinds of which too few are published.

Offices, schools, shops, works of one to three shifts, machines that run now and then, homes and car parks' lights: each
with its own hours, holidays, closures, level and disturbances. Unlike `data.simulate` they claim to be no particular
place, and their weather stays hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import TOTAL, Location, Station
from wattcast.data.schema import StationData
from wattcast.data.simulated_days import HOLIDAY, WORKDAY, day_codes
from wattcast.data.simulated_weather import FloatArray, autoregressive

PLACES = (("CN", "Asia/Shanghai", 0.4), ("US", "America/Chicago", 0.15), ("GB", "Europe/London", 0.1),
          ("DE", "Europe/Berlin", 0.1), ("AU", "Australia/Sydney", 0.1), ("KR", "Asia/Seoul", 0.15))
"""Country, time zone and share of the sites. China's long holidays and worked weekends stand in no other source."""
SWAPPED = 0.8
"""Share of the sites that work on weekends that are worked in exchange for a holiday."""
LONG = 4
"""Public holidays in a row around which works may close for longer. [days]"""
DAYS = 400
"""History of a made-up site: a year, and what the windows at its beginning look back to. [days]"""
ROOF = 0.2
"""Share of the sites that have photovoltaics behind the meter."""


@dataclass(frozen=True)
class _Clock:
    """A site's time, hourly, `[T]`: number and hour of the day, weekday, day of the year, whether it is a public
    holiday, and whether it is a weekend's that is worked."""

    day: NDArray[np.int64]
    hour: FloatArray
    weekday: FloatArray
    season: FloatArray
    holiday: NDArray[np.bool_]
    swapped: NDArray[np.bool_]

    @classmethod
    def of(cls, index: pd.DatetimeIndex, country: str) -> "_Clock":
        midnight = index.tz_localize(None).normalize()
        days = pd.date_range(midnight[0], midnight[-1], freq="D")
        day = np.asarray((midnight - midnight[0]).days, np.int64)
        codes = day_codes(days, country)
        hour, weekday, season = (np.asarray(of, np.float64) for of in (index.hour, index.day_of_week,
                                                                       index.day_of_year))
        return cls(day, hour, weekday, season, (codes == HOLIDAY)[day],
                   ((codes == WORKDAY) & (days.day_of_week > 4))[day])

    def between(self, opens: float, closes: float, ramp: float) -> FloatArray:
        """1 while it is open, 0 while it is closed, in between for about `ramp` hours."""
        inside: FloatArray = 1 / (1 + np.exp((opens - self.hour) / ramp)) / (1 + np.exp((self.hour - closes) / ramp))
        return inside

    def peak(self, hour: float, width: float) -> FloatArray:
        return np.asarray(np.exp(-((self.hour - hour) / width) ** 2))


def simulated_sites(source: str, count: int) -> list[StationData]:
    """So many sites, hourly over 400 days, always the same; a site does not depend on how many there are."""
    return [_site(f"{source}/{number:03d}", np.random.default_rng([20250101, number])) for number in range(count)]


def _site(name: str, rng: np.random.Generator) -> StationData:
    country, zone, _ = PLACES[rng.choice(len(PLACES), p=[share for *_, share in PLACES])]
    first = pd.Timestamp("2023-01-01", tz=zone) + pd.Timedelta(days=int(rng.integers(365)))
    index = pd.date_range(first, periods=24 * DAYS, freq="1h", name="time")
    clock = _Clock.of(index, country)
    activity = _SHAPES[rng.choice(list(_SHAPES))](clock, rng) * _closed(rng)
    base = rng.uniform(0.05, 1.2) * rng.choice([1, 1, 0.3])
    season = 1 + rng.uniform(-0.4, 0.4) * np.cos(2 * np.pi * (clock.season - rng.uniform(0, 30)) / 365)
    orders = np.repeat(np.exp(rng.uniform(0, 0.2) * autoregressive(DAYS, rng.uniform(2, 20), rng)), 24)
    power = base * season + activity * orders + _climate(clock, activity, rng)
    power = power * _level(rng) * np.exp(rng.uniform(0.01, 0.15) * autoregressive(24 * DAYS, rng.uniform(1, 6), rng)
                                         + rng.uniform(0, 0.08) * rng.normal(size=24 * DAYS))
    if rng.random() < ROOF:
        power = power - _roof(clock, rng)
    station = Station(id=name, location=Location(country=country), timezone=zone, step="1h")
    return StationData(station, pd.DataFrame({TOTAL: 10 ** rng.uniform(0, 4) * power}, index=index))


def _days(clock: _Clock, rng: np.random.Generator, *, open_on_weekends: bool = False) -> FloatArray:
    """How much of a working day's activity there is on each day."""
    saturday, sunday = ((rng.uniform(0.7, 1.2), rng.uniform(0.3, 1.1)) if open_on_weekends else
                        (rng.choice([0, 0.1, 0.3, 0.6]), rng.choice([0, 0, 0.05, 0.2])))
    weekday = np.where(clock.swapped & (rng.random() < SWAPPED), 0, clock.weekday)
    share = np.select([weekday == 5, weekday == 6, weekday == 4], [saturday, sunday, rng.uniform(0.8, 1)], 1.0)
    share = np.where(clock.holiday, share * rng.choice([0, 0.1, 0.4, 1]), share)
    return np.asarray(share * _around_long_holidays(clock, rng))


def _around_long_holidays(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    """What is left of the activity in the days before and after: who travels home leaves early and returns late."""
    off = clock.holiday[np.unique(clock.day, return_index=True)[1]].astype(int)
    change = np.diff(np.pad(off, 1))
    before, after, left = rng.integers(0, 5), rng.integers(0, 10), rng.choice([1, 1, 0.8, 0.5])
    activity = np.ones(len(off))
    for first, end in zip(np.flatnonzero(change > 0), np.flatnonzero(change < 0), strict=True):
        if end - first >= LONG:
            activity[max(first - before, 0):first] = left
            activity[end:end + after] = left
    return activity[clock.day]


def _opening(clock: _Clock, rng: np.random.Generator, closes: tuple[float, float]) -> FloatArray:
    open_now = clock.between(rng.uniform(5, 9.5), rng.uniform(*closes), rng.uniform(0.2, 1.2))
    return open_now * (1 - rng.uniform(0, 0.35) * clock.peak(rng.uniform(11.5, 13.5), 0.8))


def _office(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    return _days(clock, rng) * _opening(clock, rng, (16.0, 20.0))


def _shop(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    return _days(clock, rng, open_on_weekends=True) * _opening(clock, rng, (17.0, 23.0))


def _school(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    begins = rng.uniform(160, 190)
    term = np.where((clock.season > begins) & (clock.season < begins + rng.uniform(40, 80)), rng.uniform(0.1, 0.5), 1.0)
    return term * _days(clock, rng) * _opening(clock, rng, (14.0, 18.0))


def _shifts(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    begins, count = rng.uniform(5, 7), rng.integers(1, 4)
    hours = [(begins + 8 * shift) % 24 for shift in range(count)]
    # A shift that goes beyond midnight is two parts of a day.
    worked = sum((clock.between(hour, hour + 8, 0.25) + clock.between(hour - 24, hour - 16, 0.25)
                  - 0.2 * clock.peak((hour + 4) % 24, 0.4) for hour in hours), np.zeros_like(clock.hour))
    return _days(clock, rng) * np.clip(worked, 0, 1.2)


def _batches(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    lasts = int(rng.integers(3, 9))
    running = np.repeat(rng.random(len(clock.hour) // lasts + 1) < rng.uniform(0.3, 0.7), lasts)[:len(clock.hour)]
    return _days(clock, rng) * running * (0.6 + 0.4 * _opening(clock, rng, (15.0, 22.0)))


def _home(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    day = 0.4 + rng.uniform(0.2, 0.6) * clock.peak(rng.uniform(6.5, 9), 1.3) + clock.peak(rng.uniform(17.5, 21), 2)
    return np.asarray((day - 0.3 * clock.peak(3, 2)) * np.where(clock.weekday < 5, 1, rng.uniform(0.9, 1.3)))


def _lights(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    """Of a car park: dusk and dawn move with the season."""
    half = 6 + rng.uniform(0.5, 2) * np.cos(2 * np.pi * (clock.season - 172) / 365)
    dark = 1 - 1 / (1 + np.exp((12 - half - clock.hour) / 0.3)) / (1 + np.exp((clock.hour - 12 - half) / 0.3))
    return np.asarray(rng.uniform(0.2, 1) * dark + rng.uniform(0, 0.8) * _office(clock, rng))


_SHAPES: dict[str, Callable[[_Clock, np.random.Generator], FloatArray]] = {
    "office": _office, "shop": _shop, "school": _school, "shifts": _shifts, "batches": _batches, "home": _home,
    "lights": _lights}


def _closed(rng: np.random.Generator) -> FloatArray:
    """What is left of the activity: works' holidays and outages, up to three times."""
    left = np.ones(DAYS)
    for begins in rng.integers(DAYS, size=rng.integers(4)):
        left[begins:begins + rng.integers(2, 15)] = rng.choice([0, 0.2, 0.5])
    return np.repeat(left, 24)


def _level(rng: np.random.Generator) -> FloatArray:
    """It drifts, and now and then it steps: a machine comes or goes."""
    level = np.exp(rng.uniform(0, 0.15) * autoregressive(24 * DAYS, 24 * rng.uniform(20, 60), rng))
    for begins in rng.integers(24 * DAYS, size=rng.poisson(1)):
        level[begins:] *= rng.choice([0.6, 0.8, 0.9, 1.1, 1.25, 1.5])
    return level


def _climate(clock: _Clock, activity: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Cooling and heating by a temperature [°C] that nobody is told."""
    temperature = (12 - 12 * np.cos(2 * np.pi * (clock.season - 20) / 365) + 5 * np.sin((clock.hour - 9) * np.pi / 12)
                   + 4 * autoregressive(len(clock.hour), 60, rng))
    cooling = rng.choice([0, 0.02, 0.05]) * np.clip(temperature - rng.uniform(17, 23), 0, None)
    heating = rng.choice([0, 0.01, 0.03]) * np.clip(rng.uniform(8, 16) - temperature, 0, None)
    return np.asarray((cooling + heating) * (0.3 + 0.7 * activity))


def _roof(clock: _Clock, rng: np.random.Generator) -> FloatArray:
    """Photovoltaics: the sun's elevation (solar declination by Cooper 1969) and clouds."""
    declination = np.deg2rad(23.45) * np.sin(2 * np.pi * (284 + clock.season) / 365)
    latitude, angle = np.deg2rad(rng.uniform(25, 55)), np.deg2rad(15 * (clock.hour + 0.5 - 12))
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    cloud = 1 / (1 + np.exp(-1.5 * autoregressive(len(clock.hour), 10, rng)))
    return np.asarray(rng.uniform(0.3, 2.5) * np.clip(sine, 0, None) * (1 - 0.8 * cloud))
