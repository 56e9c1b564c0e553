"""Descriptions of stations in a store."""

import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.quality import Assumption, QualityReport
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import ConfigError
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
