"""A zone and a longitude that cannot belong together are told; those of the world as it is are not."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Location, Station
from wattcast.data.places import far_from_country, light_in_the_dark, unlike_name, wrong_zone


def doubt(timezone: str, longitude: float | None, month: int = 1) -> str | None:
    station = Station(id="s", timezone=timezone, location=Location(latitude=35.0, longitude=longitude))
    times = pd.date_range(f"2025-{month:02d}-03", periods=96, freq="15min", tz=timezone)
    found = wrong_zone(station, times)
    assert {(each.kind, each.count, each.first, each.last) for each in found} <= {("place", 96, times[0], times[-1])}
    return found[0].action if found else None


@pytest.mark.parametrize("month", [1, 7])
@pytest.mark.parametrize(("timezone", "longitude"), [
    ("Asia/Shanghai", 73.6), ("Asia/Shanghai", 134.8), ("Europe/Madrid", -9.2), ("Europe/Warsaw", 24.1),
    ("America/Adak", -176.6), ("America/Argentina/Buenos_Aires", -73.5), ("Pacific/Kiritimati", -157.4),
    ("Pacific/Apia", -171.8), ("Pacific/Chatham", -176.5), ("Asia/Kolkata", 68.2), ("Asia/Kathmandu", 85.3),
    ("America/Nuuk", -51.7), ("Antarctica/Vostok", 106.8), ("UTC", -0.1), ("Etc/GMT-1", 5.1), ("Etc/GMT-8", 120.3)])
def test_zones_of_the_world__are_silent(timezone: str, longitude: float, month: int) -> None:
    assert doubt(timezone, longitude, month) is None


@pytest.mark.parametrize(("timezone", "longitude", "said"), [
    ("Asia/Shanghai", 5.1, "the zone Asia/Shanghai is at UTC+8 h, the sun over the longitude 5.1 at +0.3 h"),
    ("Asia/Shanghai", -120.3, "the longitude -120.3 at -8.0 h"),
    ("Europe/Berlin", 120.3, "the zone Europe/Berlin is at UTC+1 h"),
    ("UTC", 116.4, "the zone UTC is at UTC+0 h, the sun over the longitude 116.4 at +7.8 h"),
    ("Asia/Kolkata", -77.2, "UTC+5.5 h"), ("America/New_York", 74.0, "UTC-5 h")])
def test_what_cannot_be__names_both_and_the_settings(timezone: str, longitude: float, said: str) -> None:
    action = doubt(timezone, longitude)
    assert action is not None
    assert said in action
    assert "data.time.timezone" in action
    assert "data.location" in action


def test_no_place__nothing_to_say() -> None:
    assert doubt("Asia/Shanghai", None) is None


@pytest.mark.parametrize(("name", "timezone", "told"), [
    ("MTU (CET/CEST)", "Asia/Shanghai", "CET/CEST"), ("Zeit [MEZ]", "America/New_York", "MEZ"),
    ("Time (EST)", "Europe/Berlin", "EST"), ("MTU (CET/CEST)", "Europe/Berlin", None),
    ("Zeit (MESZ)", "Europe/Paris", None),
    ("Time (CET)", "Etc/GMT-1", None), ("time", "Asia/Shanghai", None), ("BEST time", "Asia/Shanghai", None),
    ("Time (CST)", "Asia/Shanghai", None)])
def test_zone_in_a_name__that_the_station_is_not_in(name: str, timezone: str, told: str | None) -> None:
    times = pd.date_range("2025-03-03", periods=4, freq="15min", tz=timezone)
    found = unlike_name((name, None), Station(id="s", timezone=timezone), times)
    assert [each.action.partition(",")[0] for each in found] == (
        [] if told is None else [f"the name of their column says {told}"])


def far(timezone: str, latitude: float, longitude: float, country: str | None = None) -> str | None:
    place = Location(latitude=latitude, longitude=longitude, country=country)
    times = pd.date_range("2025-03-03", periods=4, freq="15min", tz=timezone)
    found = far_from_country(Station(id="s", timezone=timezone, location=place), times)
    return found[0].action if found else None


@pytest.mark.parametrize(("timezone", "latitude", "longitude", "country", "said"), [
    ("Africa/Casablanca", -5.37, 35.57, None, "are latitude and longitude swapped?"),
    ("Europe/Berlin", 13.4, 52.5, None, "are latitude and longitude swapped?"),
    ("Etc/GMT", -5.37, 35.57, "MA", "are latitude and longitude swapped?"),
    ("Asia/Shanghai", -31.2, 121.5, "CN", "is the sign of the latitude wrong?"),
    ("Australia/Sydney", 33.9, 151.2, "AU", "is the sign of the latitude wrong?"),
    ("America/New_York", 40.7, 74.0, "US", "sign of the longitude wrong?"),
    ("Asia/Tokyo", 35.7, -139.7, "JP", "sign of the longitude wrong?"),
    ("Europe/Paris", 0.0, 0.0, "FR", "data.location, 0, 0, is 5,438 km from every city"),
])
def test_place__far_from_its_country_is_told(timezone: str, latitude: float, longitude: float, country: str | None,
                                             said: str) -> None:
    action = far(timezone, latitude, longitude, country)
    assert action is not None
    assert said in action


@pytest.mark.parametrize(("timezone", "latitude", "longitude", "country"), [
    ("Asia/Kolkata", 23.7, 68.5, "IN"), ("Asia/Kolkata", 8.1, 77.5, "IN"), ("Asia/Shanghai", 39.5, 76.0, "CN"),
    ("Asia/Shanghai", 53.5, 122.3, "CN"), ("Asia/Shanghai", 18.2, 109.5, "CN"), ("Indian/Reunion", -21.1, 55.5, "FR"),
    ("Europe/Lisbon", 38.7, 9.1, "PT"), ("Africa/Kinshasa", -11.7, 27.5, "CD"), ("Asia/Riyadh", 17.0, 42.6, "SA"),
    ("Africa/Algiers", 19.6, 5.8, "DZ"), ("Asia/Vladivostok", 43.1, 131.9, "RU"),
    ("America/Nuuk", 76.5, -68.8, "GL"), ("Australia/Perth", -31.9, 115.9, None), ("Etc/GMT-8", -31.2, 121.5, None),
    ("Pacific/Honolulu", 19.7, -155.1, "US"), ("Atlantic/Canary", 28.1, -15.4, "ES")])
def test_place__at_the_end_of_its_country_is_silent(timezone: str, latitude: float, longitude: float,
                                                    country: str | None) -> None:
    assert far(timezone, latitude, longitude, country) is None


def plant(late: float, kind: Kind = Kind.PV, latitude: float | None = 31.2, column: str = TOTAL) -> list[str]:
    """What is said of a plant in Shanghai whose times are `late` by some hours."""
    times = pd.date_range("2025-01-06", periods=96 * 7, freq="15min", tz="Asia/Shanghai")
    hours = times.hour + times.minute / 60
    power = pd.Series(np.where((hours > 7) & (hours < 17), np.sin((hours - 7) / 10 * np.pi), 0) * 400, times)
    station = Station(id="s", kind=kind, location=Location(latitude=latitude, longitude=121.4))
    frame = power.shift(freq=pd.Timedelta(hours=late)).rename(column).rename_axis("time").to_frame()
    return [each.action for each in light_in_the_dark(frame, station)]


@pytest.mark.parametrize("late", [-8, -3, 3, 8])
def test_light_in_the_dark__is_told_with_the_settings(late: float) -> None:
    said, = plant(late)
    assert "% of it lies where the sun is down at 31.2, 121.4" in said
    assert "data.time.timezone" in said
    assert "data.location" in said


@pytest.mark.parametrize("late", [-1, 0, 0.25, 1])
def test_light_in_the_dark__a_summer_s_hour_is_none(late: float) -> None:
    assert plant(late) == []


def test_light_in_the_dark__not_of_a_load_or_without_a_place() -> None:
    assert plant(8, kind=Kind.LOAD) == []
    assert plant(8, latitude=None) == []
    assert plant(8, kind=Kind.LOAD, column="temp") == []


@pytest.mark.parametrize("column", ["ghi", "Radiation", "总辐照度"])
def test_light_in_the_dark__irradiance_of_any_station(column: str) -> None:
    assert len(plant(-8, kind=Kind.LOAD, column=column)) == 1
    assert plant(0, kind=Kind.LOAD, column=column) == []


def test_light_in_the_dark__of_issued_forecasts() -> None:
    times = pd.date_range("2025-01-06", periods=48, freq="1h", tz="Asia/Shanghai")
    index = pd.MultiIndex.from_product([times[:2], times], names=["issued", "time"])
    ghi = pd.DataFrame({"ghi": np.where((index.get_level_values("time").hour + 8) % 24 == 12, 500.0, 0)}, index=index)
    station = Station(id="s", location=Location(latitude=31.2, longitude=121.4))
    found, = light_in_the_dark(ghi, station)
    assert (found.kind, found.column, found.count) == ("place", "ghi", 4)
