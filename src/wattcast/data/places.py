"""Whether a station's time zone and country can be where it is said to stand, and the sun be up when there is light."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL, Kind, Location, Station
from wattcast.data.cities import cities_near
from wattcast.data.quality import Finding, found_at, times_of
from wattcast.data.schema import recognise
from wattcast.data.sun import solar_position
from wattcast.data.timewords import ZONES
from wattcast.timegrid import DAY, parse_step

APART = 5.0
"""Hours between a zone's clock and the sun beyond which one of both is wrong. Western China keeps the time of Beijing
3 hours from the sun, and no zone of the world is further from it than the 4 hours of the Aleutians in summer."""

FAR = 2500.0
"""From every city that a zone of its country is named after, nothing of that country lies so far: India, which has one,
ends 2,000 km from it. [km]"""
RADIUS = 6371.0
"""Of the earth. [km]"""

DARK = -6.0
"""Below this elevation of the sun there is no light that a plant could generate by: the end of civil dusk. [degrees]"""
MOST_DARK = 0.05
"""Share of a plant's energy, and of irradiance, that never lies in the dark: noise and moonlight are far less.
[share]"""
LIGHT = ("irradiance", "ghi", "dni", "dhi", "radiation")
"""Quantities that there are by day alone."""
LATEST = 60
"""Days at the end of the data by which it is told. [days]"""


def light_in_the_dark(frame: pd.DataFrame, station: Station) -> list[Finding]:
    """A finding for each column that tells sunshine while the sun is down at the station's place: irradiance, and the
    power of a photovoltaic plant, of whose nights the forecast is zero, so that times in another zone would leave the
    mornings or the evenings of each day without power.

    Args:
        frame: columns by our names; its index is, or has a level, `time`: the start of each step.
    """
    place = station.location
    columns = [name for name in frame.columns if recognise(name) in LIGHT or (
        name == TOTAL and station.kind == Kind.PV)]
    if not columns or place.latitude is None or place.longitude is None or frame.empty:
        return []
    latest = frame.loc[np.asarray(times_of(frame) >= times_of(frame).max() - LATEST * DAY), columns].clip(lower=0)
    times = times_of(latest).unique()
    elevation = solar_position(times + parse_step(station.step) / 2, place)["elevation"].to_numpy()
    dark = times_of(latest).isin(times[elevation < DARK])
    findings: list[Finding] = []
    for name in columns:
        light = latest[name].to_numpy(np.float64)
        share = np.nansum(light[dark]) / np.nansum(light) if np.nansum(light) > 0 else 0.0
        if share > MOST_DARK:
            findings += found_at("place", name, times_of(latest)[dark & (light > 0)],
                                 f"{share:.0%} of it lies where the sun is down at {place.latitude:g}, "
                                 f"{place.longitude:g}: are the times in {station.timezone} (data.time.timezone), and "
                                 "is data.location right? Used as they are")
    return findings


def wrong_zone(station: Station, times: pd.DatetimeIndex) -> list[Finding]:
    """A finding where the zone's offset from UTC and the longitude's are too far apart.

    Args:
        times: tz-aware, in the station's zone.
    """
    longitude = station.location.longitude
    if longitude is None or not len(times):
        return []
    # With daylight saving time the clock is another hour ahead: the nearer of both ends of the data counts.
    ahead = {end.utcoffset() / pd.Timedelta(hours=1) for end in (times[0], times[-1])}
    sun = longitude / 15
    # Around the date line a zone may be a whole day from its sun.
    offset = min(ahead, key=lambda hours: _apart(hours, sun))
    if _apart(offset, sun) <= APART:
        return []
    return found_at("place", None, times, f"the zone {station.timezone} is at UTC{offset:+.3g} h, the sun over the "
                    f"longitude {longitude:g} at {sun:+.1f} h: one of data.time.timezone and data.location is wrong, "
                    "perhaps the sign; used as they are")


def far_from_country(station: Station, times: pd.DatetimeIndex) -> list[Finding]:
    """A finding where a station's coordinates are far from its country and from the city of its time zone.

    Args:
        times: the rows'.
    """
    place, cities = station.location, cities_near(station)
    if place.latitude is None or place.longitude is None or not cities or not len(times):
        return []
    north, east = place.latitude, place.longitude
    distance = _kilometres(north, east, cities)
    if distance <= FAR:
        return []
    others = {"are latitude and longitude swapped": (east, north), "is the sign of the latitude wrong": (-north, east),
              "is the sign of the longitude wrong": (north, -east)}
    why = next((why for why, (latitude, longitude) in others.items()
                if abs(latitude) <= 90 and _kilometres(latitude, longitude, cities) <= FAR), "is it right")
    return found_at("place", None, times, f"data.location, {north:g}, {east:g}, is {distance:,.0f} km from every city "
                    f"that a time zone of its country is named after: {why}? Used as it is")


def _kilometres(latitude: float, longitude: float, cities: Sequence[Location]) -> float:
    """To the nearest of them, by the haversine formula."""
    north, east = np.deg2rad(latitude), np.deg2rad(longitude)
    norths = np.deg2rad(np.array([city.latitude for city in cities], np.float64))
    easts = np.deg2rad(np.array([city.longitude for city in cities], np.float64))
    half = np.sin((norths - north) / 2) ** 2 + np.cos(north) * np.cos(norths) * np.sin((easts - east) / 2) ** 2
    return float(2 * RADIUS * np.arcsin(np.sqrt(half.min())))


def _apart(one: float, other: float) -> float:
    """Hours between two clocks, whatever their days."""
    return abs((one - other + 12) % 24 - 12)


def unlike_name(names: Iterable[str | None], station: Station, times: pd.DatetimeIndex) -> list[Finding]:
    """A finding where the name of a column of times tells a zone whose clock the station's never shows.

    Args:
        names: of the columns that tell the time.
        times: tz-aware, in the station's zone.
    """
    told = [zone for name in names if name for zone in re.findall(r"(?<![A-Za-z])[A-Z]{3,4}(?![A-Za-z])", name)
            if zone in ZONES]
    shown = {pd.Timestamp(year=2025, month=month, day=15, tz=station.timezone).utcoffset() / pd.Timedelta(hours=1)
             for month in (1, 7)}
    if not told or not len(times) or shown & {float(ZONES[zone]) for zone in told}:
        return []
    return found_at("place", None, times, f"the name of their column says {'/'.join(told)}, and they are taken for "
                    f"times of {station.timezone}: set data.time.timezone to the zone they are in")
