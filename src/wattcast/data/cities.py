"""Where the cities stand that time zones are named after: roughly, where a station stands that does not say so."""

import re
from functools import cache
from importlib.resources import files

from wattcast.contracts import Location, Station
from wattcast.data.quality import Assumption
from wattcast.data.schema import GLOBAL_IRRADIANCE, recognise

_PLACE = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")
"""Degrees, minutes and perhaps seconds of latitude and longitude, as the tz database writes them (ISO 6709)."""


def place_of(station: Station) -> Location | None:
    """A place with coordinates: the station's own, else that of the city of its time zone, or of its country's first
    zone; None where neither is known, as of a fixed distance from UTC."""
    own = station.location
    if own.has_coordinates:
        return own
    of_zone, of_country = _cities().get(station.timezone), None
    if own.country is not None:
        of_country = next((city for city in _cities().values() if city.country == own.country), None)
    return of_zone if of_zone is not None and own.country in (None, of_zone.country) else of_country


def cities_near(station: Station) -> list[Location]:
    """The city of a station's time zone and those of its country's zones; none of a fixed distance from UTC without a
    country."""
    return [city for zone, city in _cities().items()
            if zone == station.timezone or city.country == station.location.country]


def assumed_place(station: Station) -> list[Assumption]:
    """What is assumed of the days' length, for a photovoltaic plant that does not say where it stands and whose
    irradiance is not known."""
    place, light = place_of(station), [name for name in station.known_future if recognise(name) in GLOBAL_IRRADIANCE]
    if station.location.has_coordinates or place is None or light:
        return []
    where = f"{place.latitude:.1f}, {place.longitude:.1f}"
    return [Assumption("place", where, f"the sun is taken to rise and climb as at {where}, a city of its time zone or "
                       "country", "data.location")]


@cache
def _cities() -> dict[str, Location]:
    """By zone, in the order of the tz database: of a country the zones of most people come first."""
    found = {}
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        country, coordinates, zone = line.split("\t")[:3]
        parts = _PLACE.findall(coordinates)[0]
        found[zone] = Location(latitude=_degrees(*parts[:4]), longitude=_degrees(*parts[4:]), country=country)
    return found


def _degrees(sign: str, degrees: str, minutes: str, seconds: str) -> float:
    size = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    return -size if sign == "-" else size
