"""Descriptions of stations in files."""

from pathlib import Path

import pytest

from wattcast.errors import ConfigError
from wattcast.workflows.station_files import assigned, read_stations


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_read_stations__many_with_what_they_share(tmp_path: Path) -> None:
    path = file(tmp_path, "all.yaml", """
kind: load
time: {timezone: Europe/Berlin, column: when}
stations:
  - {station: 007, capacity: 600}
  - {station: south, kind: pv, time: {step: 1h}, location: {latitude: 48.1, longitude: 11.6}}
""")
    north, south = read_stations(path)
    assert (north.station_id, south.station_id) == ("007", "south")
    assert north.description == {"station": "007", "kind": "load", "capacity": 600.0,
                                 "time": {"timezone": "Europe/Berlin", "column": "when"}}
    assert south.description["kind"] == "pv"
    assert south.description["time"] == {"timezone": "Europe/Berlin", "column": "when", "step": "1h"}


def test_read_stations__by_their_ids(tmp_path: Path) -> None:
    path = file(tmp_path, "all.yaml", "kind: pv\nstations: {a: {capacity: 5}, b: }\n")
    assert {each.station_id: each.description.get("capacity") for each in read_stations(path)} == {"a": 5.0, "b": None}


def test_read_stations__a_folder_names_those_that_do_not(tmp_path: Path) -> None:
    file(tmp_path, "north.yaml", "kind: load")
    file(tmp_path, "other.yml", "station: south\ntraining: {epochs: 3}")
    found = read_stations(tmp_path)
    assert [(each.station_id, each.others) for each in found] == [("north", ()), ("south", ("training",))]


@pytest.mark.parametrize(("text", "facts"), [
    ("stations: [{station: a, capasity: 5}]", ("all.yaml: unknown configuration key 'capasity'", "data.capacity")),
    ("stations: [{station: a, kind: wnd}]", ("all.yaml: configuration key 'data.kind' has a wrong value", "wnd")),
    ("stations: [{station: a}, {station: a}]", ("station a is described twice", "all.yaml")),
    ("stations: [{station: a}, {kind: pv}]", ("does not say which station number 2",)),
    ("station: a\nstations: [{kind: pv}]", ("names one station for all",)),
    ("stations: many", ("holds no descriptions",)),
    ("kind: pv", ("does not say which station it describes", "--station")),
    ("station: a\ntime: {zone: Asia/Tokyo}", ("all.yaml: unknown configuration key 'data.time.zone'",)),
])
def test_read_stations__errors_name_the_file_and_what_is_meant(tmp_path: Path, text: str,
                                                               facts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as error:
        read_stations(file(tmp_path, "all.yaml", text))
    for fact in facts:
        assert fact in str(error.value)


def test_assigned__wins_over_files_or_stands_alone(tmp_path: Path) -> None:
    found = read_stations(file(tmp_path, "all.yaml", "stations: [{station: a, capacity: 5}, {station: b}]"))
    assert [each.description["capacity"] for each in assigned(found, None, ["data.capacity=7"])] == [7.0, 7.0]
    assert [each.station_id for each in assigned(found, "b", [])] == ["b"]
    (alone,) = assigned((), "c", ["data.kind=wind"])
    assert (alone.station_id, alone.description["kind"]) == ("c", "wind")
    with pytest.raises(ConfigError, match="not among those"):
        assigned(found, "z", [])
    with pytest.raises(ConfigError, match="nothing is said"):
        assigned((), None, [])
