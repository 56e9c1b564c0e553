"""The weather of a made-up place, and the forecasts of it whose error grows with lead."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
PER_HOUR = 4
"""Of 15 minutes: weather is made by the hour and drawn out to them. [steps]"""
FORECAST_HOURS = 168
"""How far an issued weather forecast reaches: the seven days of the horizon. [hours]"""

TEXT_OF_CODE = {100: "晴", 101: "多云", 104: "阴", 305: "小雨", 306: "中雨", 400: "小雪"}
"""The codes and texts of the weather service that the predecessor's files come from."""


@dataclass(frozen=True)
class Weather:
    """Air temperature [°C], cloudiness and wind as unbounded standard scores [-]; arrays of any equal shape."""

    temperature: FloatArray
    cloudiness: FloatArray
    windiness: FloatArray

    @property
    def cloud(self) -> FloatArray:
        """Covered share of the sky [-]."""
        return 1 / (1 + np.exp(-1.7 * self.cloudiness))

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """As a weather service writes them: whole °C, %, km/h, a code and its text."""
        cloud = self.cloud
        humidity = np.clip(45 + 40 * cloud - 0.8 * (self.temperature - 17) + 4 * self.windiness, 15, 100)
        code = np.select([self.cloudiness > 1.7, self.cloudiness > 1.2, cloud > 0.75, cloud > 0.3],
                         [306, np.where(self.temperature < 1, 400, 305), 104, 101], default=100)
        return {
            "text": np.vectorize(TEXT_OF_CODE.__getitem__)(code), "code": code,
            "temperature": np.rint(self.temperature), "humidity": np.rint(humidity),
            "windSpeed": np.rint(11 * np.exp(0.4 * self.windiness)), "cloud": np.rint(100 * cloud),
        }


def autoregressive(steps: int, memory: float, rng: np.random.Generator, *shape: int) -> FloatArray:
    """A stationary AR(1) process of unit variance, `[steps, *shape]`, whose correlation is 1/e after `memory` steps."""
    keep = np.exp(-1 / memory)
    values = rng.normal(size=(steps, *shape))
    values[1:] *= np.sqrt(1 - keep ** 2)
    for step in range(1, steps):
        values[step] += keep * values[step - 1]
    return values


def simulate_weather(index: pd.DatetimeIndex, rng: np.random.Generator) -> Weather:
    """Seasons, a daily cycle that clouds flatten, spells of warm and cold: `[T]` on a local quarter-hourly index."""
    steps, per_day = len(index), 24 * PER_HOUR
    hourly = steps // PER_HOUR + 2
    cloudiness = _quarter_hours(autoregressive(hourly, 16, rng))[:steps]
    windiness = _quarter_hours(autoregressive(hourly, 10, rng))[:steps]
    spells = autoregressive(steps // per_day + 3, 3.5, rng)
    spell = np.interp(np.arange(steps) / per_day, np.arange(len(spells)), spells)
    season = -np.cos(2 * np.pi * (index.day_of_year.to_numpy() - 22) / 365.25)
    cycle = np.cos(2 * np.pi * (local_hour(index) - 15) / 24)
    clear = 1 / (1 + np.exp(1.7 * cloudiness))
    temperature = 17 + 11.5 * season + 3.2 * spell + (1.5 + 4 * clear) * cycle
    return Weather(temperature, cloudiness, windiness)


def forecast_weather(truth: Weather, issued: NDArray[np.int64], rng: np.random.Generator) -> Weather:
    """Seven-day forecasts `[V, 672]` issued at the positions `issued` `[V]` of `truth` `[T]`.

    The error is correlated from hour to hour, and its standard deviation grows with the square root of the lead.
    """
    lead = np.arange(FORECAST_HOURS + 1)
    growth = np.sqrt((lead + 4) / 24)[:, None]
    rows = issued[:, None] + np.arange(FORECAST_HOURS * PER_HOUR)

    def wrong(values: FloatArray, error_after_a_day: float) -> FloatArray:
        error = error_after_a_day * growth * autoregressive(len(lead), 30, rng, len(issued))
        return np.asarray(values[rows] + _quarter_hours(error).T)

    return Weather(wrong(truth.temperature, 0.9), wrong(truth.cloudiness, 0.35), wrong(truth.windiness, 0.3))


def local_hour(index: pd.DatetimeIndex) -> FloatArray:
    """Hours since local midnight."""
    return np.asarray(index.hour + index.minute / 60, np.float64)


def _quarter_hours(hourly: FloatArray) -> FloatArray:
    """`[N, …]` at full hours to `[4·(N − 1), …]` at quarters, linearly in between."""
    part = (np.arange(PER_HOUR) / PER_HOUR).reshape(1, -1, *[1] * (hourly.ndim - 1))
    quarters = hourly[:-1, None] * (1 - part) + hourly[1:, None] * part
    return quarters.reshape(-1, *hourly.shape[1:])
