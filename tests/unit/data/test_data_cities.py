"""Where a station stands that does not say so."""

import pytest

from wattcast.contracts import Kind, Location, Station
from wattcast.data.cities import assumed_place, place_of


def plant(zone: str, **told: object) -> Station:
    columns = told.pop("columns", ())
    return Station(id="s", kind=Kind.PV, timezone=zone, known_future=columns, location=Location(**told))


@pytest.mark.parametrize(("zone", "country", "latitude", "longitude"), [
    ("Europe/London", "GB", 51.5, -0.1), ("Europe/London", None, 51.5, -0.1), ("Australia/Sydney", None, -33.9, 151.2),
    ("Asia/Shanghai", "CN", 31.2, 121.5), ("Antarctica/Syowa", None, -69.0, 39.6),
    ("Etc/GMT-8", "CN", 31.2, 121.5),       # the zone of most people comes first
    ("Europe/Berlin", "ES", 40.4, -3.7)])   # the country counts where the two differ
def test_place__is_that_of_the_zone_s_city_or_the_country_s(zone, country, latitude, longitude) -> None:
    place = place_of(plant(zone, country=country))
    assert place.latitude == pytest.approx(latitude, abs=0.1)
    assert place.longitude == pytest.approx(longitude, abs=0.1)


def test_place__that_was_given_counts() -> None:
    own = plant("Asia/Shanghai", latitude=38.5, longitude=100.0, country="CN")
    assert place_of(own) == own.location
    assert assumed_place(own) == []


def test_place__is_unknown_where_nothing_tells_a_country() -> None:
    assert place_of(plant("Etc/GMT-8")) is None
    assert assumed_place(plant("UTC")) == []


def test_assumption__is_told_where_it_counts() -> None:
    assumption, = assumed_place(plant("Europe/London", columns=("temperature",)))
    assert (assumption.what, assumption.value, assumption.setting) == ("place", "51.5, -0.1", "data.location")
    assert assumed_place(plant("Europe/London", columns=("ghi",))) == []
