"""A works made of known parts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL, Location, Station
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.timegrid import station_horizon

DAYS, DAY = 90, 24
ORIGIN = pd.Timestamp("2025-04-30", tz="Asia/Shanghai")
"""A Wednesday; the next day is the first of May."""

WORKED, PER_DEGREE, BESIDE = 40.0, 2.0, 5.0
"""What work from eight to six adds, each degree above the usual, and each of two columns that say the same."""


@dataclass(frozen=True)
class Made:
    """The station's data, and what its weather added to each row."""

    data: StationData
    by_weather: np.ndarray


def works(*, level: float = 1.0, since: int = 0, weather: float = 1.0) -> Made:
    """An hourly works with a calendar; at another level since so many days before the origin. From there on it is six
    degrees warmer; the weather counts as much as `weather` says."""
    rng = np.random.default_rng(3)
    index = pd.date_range(ORIGIN - pd.Timedelta(days=DAYS), periods=(DAYS + 7) * DAY, freq="1h", name="time")
    hour, ahead = index.hour.to_numpy(), np.asarray(index >= ORIGIN)
    warmer = np.repeat(rng.normal(0, 4, DAYS + 7), DAY)
    warmer[ahead] = 6.0
    beside = np.repeat(rng.normal(0, 1, DAYS + 7), DAY)
    off = np.asarray(index.day_of_week >= 5)
    for first, last, is_off in (("04-04", "04-06", True), ("04-27", "04-27", False), ("05-01", "05-05", True)):
        off[np.asarray((index >= pd.Timestamp(f"2025-{first}", tz=index.tz))
                       & (index < pd.Timestamp(f"2025-{last}", tz=index.tz) + pd.Timedelta(days=1)))] = is_off
    worked = ~off & (hour >= 8) & (hour < 18)
    by_weather = weather * (PER_DEGREE * warmer + BESIDE * 2 * beside)
    power = 100 + WORKED * worked + by_weather
    power = power * np.where(np.asarray(index >= ORIGIN - pd.Timedelta(days=since)), level, 1.0)
    frame = pd.DataFrame({TOTAL: power, "temperature": 15 + 5 * np.sin(hour * np.pi / 12) + warmer, "alpha": beside,
                          "beta": beside, "gamma": rng.normal(0, 1, len(index))}, index=index)
    station = Station(id="works", known_future=("temperature", "alpha", "beta", "gamma"), step="1h",
                      location=Location(country="CN"))
    return Made(StationData(station, frame), by_weather)


def view_of(made: Made, origin: pd.Timestamp = ORIGIN) -> HorizonView:
    return HorizonView(made.data, origin, station_horizon(made.data.station))
