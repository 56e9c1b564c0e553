"""Descriptions of stations in a store."""

import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Location, Station
from wattcast.data.quality import Assumption, QualityReport
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import ConfigError, DataError
from wattcast.store.memory import MemoryStore
from wattcast.workflows.description import flat
from wattcast.workflows.kept_descriptions import as_read, config_of, describe, known_description

DATA = StationData(Station(id="works", timezone="Europe/Berlin", step="1h", daylight_saving=False, kind="load"),
                   pd.DataFrame({TOTAL: [1.0]}, index=pd.date_range("2025-03-01", periods=1, tz="Europe/Berlin")))


def report(*assumed: Assumption) -> QualityReport:
    return QualityReport("works", 1, DATA.frame.index[0], DATA.frame.index[0], "1h", 0.0, (), assumed=assumed)


def test_describe__tells_what_is_new_and_what_was_there() -> None:
    station = MemoryStore().station("works")
    first = describe(station, flat({"kind": "pv", "time": {"step": "1h"}}))
    assert (first.state, first.words()) == ("new", "new: kind: pv, time.step: 1h")
    assert describe(station, {"kind": "pv"}).state == "as it was"
    assert describe(station, {"time.step": "60min"}).state == "as it was"
    changed = describe(station, {"capacity": 5.0, "kind": "wind"})
    assert changed.words() == "changed: kind: pv → wind, capacity: 5.0"
    assert station.description() == {"kind": "wind", "time": {"step": "1h"}, "station": "works", "capacity": 5.0}


def test_describe__what_changes_is_so_of_the_stored_rows_too() -> None:
    station = MemoryStore().station("works")
    described = DATA.station.model_copy(update={"location": Location(country="DE")})
    station.replace_measurements(StationData(described, DATA.frame))
    describe(station, {"kind": "load", "location.country": "DE"})
    describe(station, {"kind": "pv", "capacity": 5.0, "location.latitude": 52.5, "limits.nonnegative": True})
    kept = station.measurements()
    assert kept is not None
    assert (kept.station.kind, kept.station.capacity) == (Kind.PV, 5.0)
    assert kept.station.location == Location(latitude=52.5, country="DE")
    assert kept.station.limits.nonnegative is True
    pd.testing.assert_frame_equal(kept.frame, DATA.frame, check_freq=False)


def test_describe__a_capacity_that_the_stored_rows_contradict_changes_nothing() -> None:
    station = MemoryStore().station("works")
    station.replace_measurements(DATA)
    describe(station, {"kind": "load"})
    with pytest.raises(DataError, match=r"most of total_active_power is beyond(?s:.*)data.capacity is 0.001"):
        describe(station, {"capacity": 0.001})
    assert station.description() == {"kind": "load", "station": "works"}
    assert station.measurements().station == DATA.station


def test_describe__what_makes_no_sense_changes_nothing() -> None:
    station = MemoryStore().station("works")
    describe(station, {"kind": "pv"})
    with pytest.raises(ConfigError):
        describe(station, {"targets": {"power": "a"}})
    assert station.description() == {"kind": "pv", "station": "works"}


def test_as_read__what_was_given_and_what_was_assumed() -> None:
    config = config_of({"capacity": 600.0, "time.column": "when"})
    read = as_read(DATA, report(), config, {TOTAL: "kWh"}, "stations")
    assert read == {"station": "works", "kind": "load", "time.timezone": "Europe/Berlin", "time.step": "1h",
                    "horizon": "7d", "unit": "kWh", "folder": "stations", "capacity": 600.0, "time.column": "when",
                    "only_power": False}
    told = report(Assumption("daylight_saving", "false", "", ""), Assumption("sampling", "on_change", "", ""))
    read = as_read(DATA, told, DataConfig(), {}, None)
    assert (read["time.daylight_saving"], read["time.sampling"]) == (False, "on_change")


def test_known_description__is_none_of_a_station_that_nothing_is_known_of() -> None:
    assert known_description(MemoryStore().station("works")) == {}
