import time
from collections.abc import Callable

import pytest

from wattcast.errors import ConfigError
from wattcast.nightly.night_zone import zone_of_night
from wattcast.settings import load_settings
from wattcast.store.base import Store
from wattcast.store.memory import MemoryStation, MemoryStore


@pytest.fixture
def store() -> Callable[..., Store]:
    """One that keeps a station for each of these zones; None for one whose zone nobody said."""
    def make(*zones: str | None) -> Store:
        store = MemoryStore()
        for number, zone in enumerate(zones):
            store.station(f"s{number}").describe({"kind": "load"} if zone is None else {"time": {"timezone": zone}})
        return store
    return make


@pytest.mark.parametrize(("said", "expected"), [
    ((), "Europe/Berlin"), (("data.time.step=1h",), "Europe/Berlin"),
    (("data.time.timezone=Asia/Tokyo",), "Asia/Tokyo"),
    (("data.time.timezone=Asia/Tokyo", "nightly.night_zone=UTC"), "UTC")])
def test_zone__is_the_night_s_own_else_the_data_s_else_most_stations(store, said: tuple[str, ...],
                                                                     expected: str) -> None:
    assert zone_of_night(load_settings(None, said), store("Asia/Tokyo", "Europe/Berlin", "Europe/Berlin")) == expected


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the computer's zone cannot be set")
def test_zone__of_stations_whose_zone_nobody_said(store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert zone_of_night(load_settings(), store(None)) == "Asia/Shanghai"

    def damaged(_: object) -> None:
        raise ValueError("no JSON")
    one = store("Europe/Berlin")
    monkeypatch.setattr(MemoryStation, "description", damaged)
    monkeypatch.setenv("TZ", "XXX-5:30")
    time.tzset()
    try:
        assert zone_of_night(load_settings(), one) == zone_of_night(load_settings(), MemoryStore()) == "+05:30"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_zone__refuses_what_is_none(store) -> None:
    with pytest.raises(ConfigError, match="'Mars/X' is not a time zone"):
        zone_of_night(load_settings(None, ["nightly.night_zone=Mars/X"]), store())
