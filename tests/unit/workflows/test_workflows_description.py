from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import wattcast.workflows.job as jobs
from wattcast.contracts import Kind, Location, Station
from wattcast.errors import ConfigError, DataError
from wattcast.settings import load_settings
from wattcast.store.bundle_folder import load_folder
from wattcast.store.disk import DiskStore
from wattcast.store.registry import Registry
from wattcast.workflows.description import as_trained, station_to_read
from wattcast.workflows.job import Job

STATION = Station(
    id="steel", known_future=("outside", "code"), past_only=("blind",), categorical=("code",), kind=Kind.LOAD,
    capacity=610, location=Location(latitude=34.9, longitude=127.7, country="KR"), timezone="Asia/Seoul", step="1h",
    horizon="2d")
DESCRIPTION = ("time={column: when, timezone: Asia/Seoul, step: 1h}", "targets={total_active_power: usage}",
               "known_future=[outside, code]", "past_only=[blind]", "categorical=[code]", "horizon=2d", "capacity=610",
               "location={latitude: 34.9, longitude: 127.7, country: KR}", "valid_range={usage: [0, 700]}",
               "flat_line=null")


@pytest.fixture
def registry(trained_models: Path, tmp_path: Path) -> Registry:
    """A station that was described, its kind found from its rows."""
    model = load_folder(trained_models / "plant" / "versions" / "v0001")
    registry = Registry(tmp_path / "models", "steel")
    description = load_settings(assignments=DESCRIPTION).data.model_dump(mode="json")
    registry.promote(registry.add(replace(model, station=STATION), {}, description=description))
    return registry


def described(registry: Registry, *assignments: str) -> Job:
    rows = registry.root.with_name("rows.csv")
    rows.write_text("when,usage,outside,code,blind\n2025-03-01 00:00,200,11,a,7\n")
    job = Job(rows, None, load_settings(assignments=assignments), DiskStore(registry.root))
    return as_trained(job, registry, "v0001")


def test_as_trained__nothing_said_keeps_all(registry) -> None:
    job = described(registry)
    data = job.settings.data
    assert (job.station, data.station, data.kind, data.capacity) == ("steel", "steel", Kind.LOAD, 610)
    assert (data.targets, data.known_future, data.past_only) == (
        {"total_active_power": "usage"}, ("outside", "code"), ("blind",))
    assert (data.time.column, data.time.timezone, data.time.step) == ("when", "Asia/Seoul", "1h")
    assert data.location == STATION.location
    assert (data.valid_range, data.flat_line, data.horizon) == ({"usage": (0, 700)}, None, "2d")


@pytest.mark.parametrize("assignments", [
    DESCRIPTION, ("kind=load", "capacity=610.0"), ("time.step=60min", "horizon=48h"), ("kind=null", "capacity=null"),
    ("known_future=[code, outside]",), ("location.country=KR",), ("location={latitude: 34.9, longitude: 127.7}",),
])
def test_as_trained__the_same_said_again_changes_nothing(registry, assignments: tuple[str, ...]) -> None:
    assert described(registry, *assignments).settings.data == described(registry).settings.data


@pytest.mark.parametrize(("assignment", "found", "expected"), [
    ("kind=pv", "kind: pv", "kind: load"),
    ("capacity=700", "capacity: 700.0", "capacity: 610.0"),
    ("location.longitude=121.5", "location.longitude: 121.5", "location.longitude: 127.7"),
    ("location.country=CN", "location.country: CN", "location.country: KR"),
    ("time.timezone=Asia/Shanghai", "time.timezone: Asia/Shanghai", "time.timezone: Asia/Seoul"),
    ("time.step=30min", "time.step: 30min", "time.step: 1h"),
    ("horizon=7d", "horizon: 7d", "horizon: 2d"),
    ("targets={total_active_power: kw}", "targets: {'total_active_power': 'kw'}",
     "targets: {'total_active_power': 'usage'}"),
    ("valid_range={usage: [0, 900]}", "valid_range: {'usage': [0.0, 900.0]}", "valid_range: {'usage': [0.0, 700.0]}"),
    ("past_only=[]", "past_only: []", "past_only: ['blind']"),
])
def test_as_trained__another_station_is_refused_with_both_values(registry, assignment, found, expected) -> None:
    with pytest.raises(ConfigError, match="the model v0001 of station steel was trained with other values") as caught:
        described(registry, assignment)
    key = f"data.{assignment.partition('=')[0]}"
    assert key in caught.value.what
    assert (caught.value.found, caught.value.expected) == (found, expected)
    assert f"leave out {key} to keep the model's, or train again" in caught.value.hint


def test_as_trained__every_difference_is_named(registry) -> None:
    with pytest.raises(ConfigError) as caught:
        described(registry, "capacity=700", "kind=pv")
    assert caught.value.found == "kind: pv; capacity: 700.0"


@pytest.mark.parametrize(("assignment", "key", "value"), [
    ("time.column=ts", "time", "ts"), ("flat_line=3h", "flat_line", "3h"),
    ("station_column=id", "station_column", "id"),
])
def test_as_trained__how_a_file_is_read_may_differ(registry, assignment, key, value) -> None:
    found = getattr(described(registry, assignment).settings.data, key)
    assert (found.column if key == "time" else found) == value


def test_as_trained__a_model_that_was_not_described_knows_its_station(registry, tmp_path) -> None:
    version = registry.add(registry.load("v0001"), {})
    job = Job(tmp_path, None, load_settings(assignments=("targets={total_active_power: kw}",)),
              DiskStore(registry.root))
    data = as_trained(job, registry, version).settings.data
    assert (data.targets, data.capacity, data.time.step) == ({"total_active_power": "kw"}, 610, "1h")
    assert data.known_future == ("outside", "code")
    with pytest.raises(ConfigError, match=r"data\.capacity"):
        as_trained(replace(job, settings=load_settings(assignments=("capacity=5",))), registry, version)


def test_as_trained__a_file_of_many_stations_is_not_opened_for_each(trained_models, tmp_path, seed_table,
                                                                    monkeypatch) -> None:
    model = load_folder(trained_models / "plant" / "versions" / "v0001")
    names = ("north", "south", "west")
    for name in names:
        registry = Registry(tmp_path / "models", name)
        registry.add(replace(model, station=STATION.model_copy(update={"id": name, "step": "15min"})), {})
    pd.concat([seed_table(name, 2) for name in names]).to_csv(tmp_path / "all.csv", index=False)
    honest, opened = jobs.open_source, []
    monkeypatch.setattr(jobs, "open_source", lambda *given: opened.append(given) or honest(*given))
    job = Job(tmp_path / "all.csv", "all", load_settings(assignments=("time.timezone=Asia/Seoul",)),
              DiskStore(tmp_path / "models"))
    for name in job.station_ids():
        data, _ = as_trained(job, job.store.station(name).versions, "v0001").read(name)
        assert (data.station.id, data.station.capacity) == (name, 610)
    assert len(opened) == 2         # as it is given, and as it was described: not once more for each


def test_station_to_read__named_or_the_only_one(tmp_path, seed_table) -> None:
    for name, stations in (("one.csv", ["north"]), ("two.csv", ["north", "south"])):
        pd.concat([seed_table(station, 2) for station in stations]).to_csv(tmp_path / name, index=False)
    assert station_to_read(Job(tmp_path / "two.csv", "south"), "west") == "west"
    assert station_to_read(Job(tmp_path / "two.csv", "south"), None) == "south"
    assert station_to_read(Job(tmp_path / "one.csv"), None) == "north"
    with pytest.raises(DataError, match="holds 2 stations"):
        station_to_read(Job(tmp_path / "two.csv"), None)


def test_station_to_read__rows_that_only_a_model_understands(tmp_path, seed_table, registry) -> None:
    seed_table("north", 2).rename(columns={"total_active_power": "usage"}).drop(
        columns="station_ref_id").assign(output=1.0).to_csv(tmp_path / "rows.csv", index=False)
    job = Job(tmp_path / "rows.csv", store=DiskStore(registry.root))
    assert station_to_read(job, None) == "steel"
    with pytest.raises(DataError, match="total active power"):
        station_to_read(Job(tmp_path / "rows.csv", store=DiskStore(tmp_path / "none")), None)
