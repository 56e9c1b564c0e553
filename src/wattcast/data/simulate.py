"""A made-up virtual-power-plant station: a business park with offices, two-shift workshops and a photovoltaic roof.

Its files have the predecessor's form. It is a station to try things on, with a fault of every common kind, not a claim.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import HORIZON_DAYS, Location
from wattcast.data.simulated_days import day_codes
from wattcast.data.simulated_weather import (
    PER_HOUR,
    FloatArray,
    Weather,
    autoregressive,
    forecast_weather,
    local_hour,
    simulate_weather,
)

DEMO_LOCATION = Location(latitude=31.0, longitude=120.0, country="CN")
"""Where the station stands; its clock noon is the sun's."""

PER_DAY = 24 * PER_HOUR
HORIZON = HORIZON_DAYS * PER_DAY

_OFFICE_ACTIVITY = np.asarray([np.nan, 1.0, 0.3, 0.18, 0.1])
_WORKSHOP_ACTIVITY = np.asarray([np.nan, 1.0, 0.65, 0.4, 0.2])
"""Share of a workday's activity by code."""


def simulate_station(folder: Path, *, station_id: str = "demo-vpp", start: str = "2025-01-01", days: int = 365,
                     seed: int = 0, timezone: str = "Asia/Shanghai", truth: bool = False) -> Path:
    """Write a station's history and the weather forecasts that were issued each midnight.

    Args:
        folder: the root, made if need be; the station's own folder `folder/station_id` must not hold another one.
        station_id: name of the station's folder.
        start: first day.
        days: length of the history, which ends at a midnight. Forecasts are issued for that midnight, too.
        seed: the same seed gives the same files.
        timezone: of the local times that are written.
        truth: also write `folder/truth.csv` (`time, load, meter`), what happens in the seven days after the history.

    Returns:
        The root.
    """
    rng = np.random.default_rng(seed)
    first = pd.Timestamp(start, tz=timezone)
    midnights = pd.date_range(first, periods=days + 1, freq="D")
    end = int((midnights[-1] - first) / pd.Timedelta(hours=1)) * PER_HOUR
    table, weather = _station(first, end + HORIZON, rng)
    calendar, power = table[["quarter", "holiday", "is_peak"]], table[["load", "meter"]]
    history = table.iloc[:end]
    issued = pd.DatetimeIndex(table.index).get_indexer(midnights).astype(np.int64)

    station = folder / station_id
    _write_history(station / "data", station_id, _with_faults(history, days))
    _write_forecasts(station / "forcaster", station_id, calendar, issued, forecast_weather(weather, issued, rng))
    if truth:
        _naive(power.iloc[end:]).to_csv(folder / "truth.csv", lineterminator="\n")
    return folder


def simulate_power(*, start: str, days: int, seed: int = 0, timezone: str = "Asia/Shanghai") -> pd.DataFrame:
    """What `simulate_station` writes of the past, before a sensor breaks: indexed by local time.

    Columns are the predecessor's: `quarter, holiday, is_peak`, the weather's, `load` (undispatchable) and `meter` [kW].
    """
    first = pd.Timestamp(start, tz=timezone)
    hours = int((first + pd.DateOffset(days=days) - first) / pd.Timedelta(hours=1))
    return _naive(_station(first, hours * PER_HOUR, np.random.default_rng(seed))[0])


def _station(first: pd.Timestamp, steps: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Weather]:
    """Calendar, weather and power of the station, `steps` rows, and the weather as it was before it was rounded."""
    index = pd.date_range(first, periods=steps, freq=pd.Timedelta(hours=1) / PER_HOUR, name="time")
    weather = simulate_weather(index, rng)
    calendar = _calendar_columns(index)
    part, total = _power(index, calendar["holiday"].to_numpy(), weather, rng)
    power = pd.DataFrame({"load": part.round(2), "meter": total.round(2)}, index=index)
    return pd.concat([calendar.assign(**weather.columns()), power], axis=1), weather


def _calendar_columns(index: pd.DatetimeIndex) -> pd.DataFrame:
    hour, midnight = local_hour(index), index.tz_localize(None).normalize()
    days = pd.date_range(midnight[0], midnight[-1], freq="D")
    return pd.DataFrame({
        "quarter": (hour * PER_HOUR).astype(np.int64),
        "holiday": day_codes(days, "CN")[(midnight - days[0]).days.to_numpy()],
        "is_peak": (((hour >= 8) & (hour < 11)) | ((hour >= 18) & (hour < 21))).astype(np.int64),
    }, index=index)


def _power(index: pd.DatetimeIndex, codes: NDArray[np.int64], weather: Weather,
           rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """The undispatchable part and the total [kW], each `[T]`.

    The sun on the roof cannot be dispatched either, so it counts with the undispatchable part, which stays at or above
    zero; what can be dispatched, the offices' climate and half of their other use, is never negative.
    """
    steps, hour = len(index), local_hour(index)
    office = _OFFICE_ACTIVITY[codes] * _office_shape(hour) * np.where(index.day_of_week == 4, 0.93, 1.0)
    workshop = _WORKSHOP_ACTIVITY[codes] * _workshop_shape(hour)
    orders = np.repeat(autoregressive(steps // PER_DAY + 2, 6, rng), PER_DAY)[:steps]
    level = 1 + 0.04 * np.arange(steps) / (365 * PER_DAY) + 0.015 * autoregressive(steps, 40 * PER_DAY, rng)
    wobble = 1 + 0.03 * autoregressive(steps, 3 * PER_HOUR, rng)
    fixed = 210 + 90 * office + 480 * workshop * (1 + 0.06 * orders)
    flexible = 25 + 90 * office + _climate(weather.temperature, office)
    roof = _photovoltaic(index, weather, rng)
    part = np.clip(fixed * level * wobble - roof, 0, None)
    return part, part + flexible * level * (1 + 0.04 * autoregressive(steps, 2 * PER_HOUR, rng))


def _between(hour: FloatArray, opens: float, closes: float, ramp: float) -> FloatArray:
    inside: FloatArray = 1 / (1 + np.exp(-(hour - opens) / ramp)) / (1 + np.exp((hour - closes) / ramp))
    return inside


def _office_shape(hour: FloatArray) -> FloatArray:
    return _between(hour, 8.2, 18.0, 0.4) * (1 - 0.25 * _between(hour, 12, 13.3, 0.15))


def _workshop_shape(hour: FloatArray) -> FloatArray:
    return 0.25 + 0.75 * _between(hour, 6.5, 22.3, 0.3) * (1 - 0.3 * _between(hour, 11.6, 12.6, 0.12))


def _climate(temperature: FloatArray, office: FloatArray) -> FloatArray:
    """Cooling above 23 °C and heating below 13 °C [kW]; the building follows the air with hours of delay."""
    indoor = pd.Series(temperature).ewm(halflife=4 * PER_HOUR).mean().to_numpy()
    need: FloatArray = 17 * np.clip(indoor - 23, 0, None) ** 1.15 + 9 * np.clip(13 - indoor, 0, None)
    return need * (0.18 + 0.82 * office)


def _photovoltaic(index: pd.DatetimeIndex, weather: Weather, rng: np.random.Generator) -> FloatArray:
    """Yield of 260 kW of modules [kW]: the sun's elevation (solar declination by Cooper 1969), clouds, passing gaps."""
    latitude = np.deg2rad(DEMO_LOCATION.latitude or 0.0)
    declination = np.deg2rad(23.45) * np.sin(2 * np.pi * (284 + index.day_of_year.to_numpy()) / 365)
    centre = np.deg2rad(15 * (local_hour(index) + 0.5 / PER_HOUR - 12))
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(centre)
    cloud = weather.cloud
    gaps = 1 + 0.5 * cloud * (1 - cloud) * autoregressive(len(index), 0.7 * PER_HOUR, rng)
    power: FloatArray = 260 * np.clip(sine, 0, None) ** 1.15 * (1 - 0.78 * cloud ** 2) * np.clip(gaps, 0, None)
    return power


def _with_faults(table: pd.DataFrame, days: int) -> pd.DataFrame:
    """A temperature sensor that says "no value" for half a day, and an outage of seven hours without any row."""
    table = table.copy()
    broken = int(0.35 * days) * PER_DAY + PER_DAY // 2
    table.loc[table.index[broken:broken + PER_DAY // 2], "temperature"] = 6553.5
    outage = int(0.6 * days) * PER_DAY + 9 * PER_HOUR
    return table.drop(table.index[outage:outage + 7 * PER_HOUR])


def _write_history(folder: Path, station_id: str, table: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    local = _naive(table)
    for month, rows in local.groupby(pd.DatetimeIndex(local.index).strftime("%Y-%m")):
        rows.to_csv(folder / f"data-{station_id}-{month}.csv", lineterminator="\n")


def _write_forecasts(folder: Path, station_id: str, calendar: pd.DataFrame, issued: NDArray[np.int64],
                     forecasts: Weather) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    local, columns = _naive(calendar), forecasts.columns()
    for version, first in enumerate(issued):
        table = local.iloc[first:first + HORIZON].assign(**{name: values[version] for name, values in columns.items()})
        table.to_csv(folder / f"forcaster-{station_id}-{table.index[0]:%Y-%m-%d}.csv", lineterminator="\n")


def _naive(table: pd.DataFrame) -> pd.DataFrame:
    """Indexed by local time without an offset, as the predecessor writes it."""
    return table.tz_localize(None)
