from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.schema import DataConfig, StationData
from wattcast.errors import ConfigError, InputError, NoRowsError
from wattcast.store.base import Store, TakenIn
from wattcast.store.memory import MemoryStore
from wattcast.workflows.description import station_to_read
from wattcast.workflows.job import Job
from wattcast.workflows.rows import Reach, read_rows
from wattcast.workflows.stored import stored_rows

ZONE = "Asia/Shanghai"


def data(station_id: str, end: pd.Timestamp, days: int = 300) -> StationData:
    index = pd.date_range(end=end, periods=24 * days, freq="1h", name="time")
    return StationData(Station(id=station_id, step="1h", timezone=ZONE), pd.DataFrame(
        {TOTAL: np.arange(len(index), dtype=float)}, index=index))


@pytest.fixture
def store() -> Store:
    store = MemoryStore()
    for name in ("north", "south"):
        store.station(name).replace_measurements(data(name, pd.Timestamp("2025-04-30 23:00", tz=ZONE), 30))
    store.station("described").describe({})
    return store


def test_rows__of_the_station_that_is_named(store: Store) -> None:
    found, report = stored_rows(store, "south", DataConfig())
    assert (found.station.id, report.station_id, report.rows, report.findings) == ("south", "south", 720, ())
    assert report.measured_days == 30
    assert stored_rows(store, None, DataConfig(station="north"))[0].station.id == "north"


def test_rows__one_must_be_named_of_several_and_exist(store: Store) -> None:
    with pytest.raises(ConfigError, match="holds rows of 2 stations") as several:
        stored_rows(store, None, DataConfig())
    assert several.value.found == "north, south"
    for name in ("described", "nort"):
        with pytest.raises(NoRowsError, match=f"no rows of station {name} are stored") as absent:
            stored_rows(store, name, DataConfig())
        assert "wattcast ingest" in absent.value.hint
    with pytest.raises(NoRowsError, match="no rows of any station"):
        stored_rows(MemoryStore(), None, DataConfig())


def test_rows__what_is_said_of_the_station_counts(store: Store) -> None:
    said = stored_rows(store, "north", DataConfig(kind="pv", capacity=600, horizon="2d"))[0].station
    assert (said.kind, said.capacity, said.horizon) == (Kind.PV, 600, "2d")
    assert stored_rows(store, "north", DataConfig(kind=None))[0].station.kind is Kind.LOAD


def test_report__tells_what_was_found_when_rows_came_in_last(store: Store) -> None:
    gap = {"kind": "gap", "column": None, "count": 3, "first": "2025-04-01T00:00:00+08:00", "last": None,
           "action": "left empty"}
    for name, findings in (("a.csv", ()), ("b.csv", (gap,))):
        store.station("north").note_taken_in(TakenIn(name, 1, "0", pd.Timestamp(0, tz="UTC"), {}, findings))
    report = stored_rows(store, "north", DataConfig())[1]
    assert [found.to_dict() for found in report.findings] == [gap]
    assert "b.csv" in report.notes[0]


def test_job__without_data_is_of_what_is_stored(store: Store) -> None:
    assert Job(None, "all", store=store).station_ids() == ("north", "south")
    assert Job(None, "south", store=store).station_ids() == ("south",)
    assert station_to_read(Job(None, "south", store=store), None) == "south"
    assert Job(None, store=store).read("north")[0].station.id == "north"
    with pytest.raises(ConfigError, match="2 stations"):
        station_to_read(Job(None, store=store), None)
    with pytest.raises(InputError, match="no data is given"):
        _ = Job(None, store=store).source


def test_job__describes_rows_as_they_were_described(store: Store, tmp_path: Path) -> None:
    kept, told = store.station("north"), stored_rows(store, "north", DataConfig())[1]
    assert Job(None, store=store).description(kept, told)["horizon"] == "7d"
    kept.describe({"targets": {TOTAL: "kw"}})
    assert Job(None, store=store).description(kept, told) == {"targets": {TOTAL: "kw"}}
    assert Job(tmp_path, store=store).description(kept, told)["targets"] == {}


@pytest.mark.parametrize(("days_ago", "days"), [(0, 150), (120, 150), (900, 300)])
def test_reach__is_before_the_newest_row_wherever_that_is_found(days_ago: int, days: int) -> None:
    store, now = MemoryStore(), pd.Timestamp.now(ZONE).floor("1h")
    history = data("works", now - pd.Timedelta(days=days_ago))
    kept = store.station("works")
    kept.replace_measurements(history)
    job, reach = Job(None, store=store), Reach(pd.Timedelta(days=150), now)
    found = read_rows(job, kept, history.station, reach)
    assert len(found.data.frame) == pytest.approx(24 * days, abs=2)
    assert found.end == history.end
    assert len(read_rows(job, kept, history.station).data.frame) == 300 * 24
