"""Descriptions of stations in files: one each, many in a folder, or many in one file with what they share at its top.

    kind: load                          # of all of them
    time: {timezone: Europe/Berlin}
    stations:
      - {station: north, capacity: 600}
      - {station: south, time: {step: 1h}}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wattcast.configfile import read_config
from wattcast.errors import ConfigError, listing
from wattcast.settings import build_settings, load_settings, settings_tree
from wattcast.workflows.description import NESTED

SECTION, LIST = "data", "stations"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class StationFile:
    """What a file says of a station: the keys of the section `data` that it gives, as plain values.

    `others` are sections of settings that stand beside it and are no part of a description.
    """

    station_id: str
    description: dict[str, Any]
    file: Path
    others: tuple[str, ...] = ()


def read_stations(path: Path, station_id: str | None = None) -> tuple[StationFile, ...]:
    """The stations that a file, or the files of a folder, describe.

    Args:
        path: a YAML file, or a folder of such; there a file that does not name its station is called like it.
        station_id: the station of a file that does not name it.

    Raises:
        ConfigError: a key that there is not, a value that cannot be, a station twice or without a name; the message
            names the file.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))
        if not files:
            raise ConfigError(f"no station is described in {path}", expected=f"files that end in {listing(SUFFIXES)}",
                              found=listing(sorted(entry.name for entry in path.iterdir())))
        found = [station for file in files for station in _of_file(file, file.stem)]
    else:
        found = list(_of_file(path, station_id))
    seen: dict[str, Path] = {}
    for station in found:
        if station.station_id in seen:
            raise ConfigError(f"station {station.station_id} is described twice",
                              found=listing(dict.fromkeys((seen[station.station_id], station.file))),
                              hint="keep one of them")
        seen[station.station_id] = station.file
    return tuple(found)


def assigned(stations: Sequence[StationFile], station_id: str | None,
             assignments: Sequence[str]) -> tuple[StationFile, ...]:
    """The stations with what `--set` says of each of them; the one that is named if no file describes any.

    Raises:
        ConfigError: nothing is said, or something that cannot be.
    """
    given = load_settings(assignments=assignments).data.model_dump(mode="json", exclude_unset=True)
    name = station_id or given.get("station")
    if not stations:
        if name is None or not given:
            raise ConfigError("nothing is said of any station", expected="--config FILE, or --station ID with --set",
                              hint="for example: --station north --set data.kind=pv --set data.capacity=600")
        return (StationFile(name, {**given, "station": name}, Path("--set")),)
    if station_id is not None and station_id not in {each.station_id for each in stations}:
        raise ConfigError(f"station {station_id} is not among those that are described",
                          found=listing(each.station_id for each in stations), hint="leave --station out")
    return tuple(replace(each, description=_together(each.description, given)) for each in stations
                 if station_id in (None, each.station_id))


def _of_file(file: Path, station_id: str | None) -> Iterator[StationFile]:
    content = read_config(file)
    several = content.pop(LIST, None)
    shared = _settings(file, content)
    if several is None:
        yield _station(file, shared, station_id)
        return
    if "station" in shared.get(SECTION, {}):
        raise ConfigError(f"{file} names one station for all that it lists", found=shared[SECTION]["station"],
                          hint="leave out station at the top")
    for number, own in enumerate(_listed(file, several), start=1):
        yield _station(file, _together(shared, _settings(file, own)), None, f"number {number} of its stations")


def _listed(file: Path, several: Any) -> list[Mapping[str, Any]]:
    """The stations' own keys, from a list or from keys by their ids."""
    if isinstance(several, Mapping):
        several = [{"station": name, **(own or {})} for name, own in several.items() if isinstance(own or {}, Mapping)]
    if not isinstance(several, list) or not all(isinstance(own, Mapping) for own in several):
        raise ConfigError(f"{file}: {LIST} holds no descriptions", expected="- {station: north, kind: load}")
    return several


def _settings(file: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return settings_tree(content)
    except ConfigError as error:
        raise _in_file(file, error) from None


def _together(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What is shared, and a station's own values where both say something."""
    together = dict(shared)
    for key, value in own.items():
        before = together.get(key)
        if key in (SECTION, *NESTED) and isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _together(before, value)
        together[key] = value
    return together


def _station(file: Path, tree: Mapping[str, Any], station_id: str | None, which: str = "it describes") -> StationFile:
    try:
        data = build_settings(tree).data
    except ConfigError as error:
        raise _in_file(file, error) from None
    name = data.station or station_id
    if name is None:
        raise ConfigError(f"{file} does not say which station {which}", found=listing(tree.get(SECTION, {})),
                          expected="station: its id", hint="add it, or name it with --station")
    others = tuple(section for section in tree if section != SECTION)
    return StationFile(name, {**data.model_dump(mode="json", exclude_unset=True), "station": name}, file, others)


def _in_file(file: Path, error: ConfigError) -> ConfigError:
    """The same, naming the file."""
    return ConfigError(f"{file}: {error.what}", found=error.found, expected=error.expected, hint=error.hint)
