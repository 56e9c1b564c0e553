"""What a stored model knows of its station: later data is read as the data of its training was."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wattcast.contracts import Station
from wattcast.data.schema import DataConfig
from wattcast.errors import ConfigError, InputError, listing
from wattcast.store.base import Versions
from wattcast.timegrid import parse_horizon, parse_step
from wattcast.workflows.job import Job
from wattcast.workflows.stored import only_station

ROLES = ("known_future", "past_only", "categorical")
NESTED = ("time", "location", "limits")


def station_to_read(job: Job, station_id: str | None) -> str:
    """The station that is meant: the one named, or the only one in the data; without data the only one stored.

    Where the data cannot be understood by itself, it is the only station that has a model: that may know how.

    Raises:
        InputError: there are several, or none.
    """
    named = station_id or job.station or job.settings.data.station
    if named:
        return named
    if job.data is None:
        return only_station(job.store)
    try:
        found = job.source.station_ids
    except InputError:
        trained = job.store.trained_stations()
        if len(trained) != 1:
            raise
        return trained[0]
    return found[0] if len(found) == 1 else job.read()[0].station.id


def as_trained(job: Job, versions: Versions, version: str) -> Job:
    """The job with its data described as it was for the training of `version`.

    What the settings say of how the file is to be read counts (`station_column`, `time.column`, `weather_forecasts`,
    `flat_line`, `missing_values`): another file may be written otherwise. What they say of the station must be what the
    model knows of it.

    Raises:
        ConfigError: it is not; the message names both.
        BundleError: the version is not there, or damaged.
    """
    given = flat(job.settings.data.model_dump(mode="json", exclude_unset=True))
    manifest = versions.manifest(version)
    station, description = Station(**manifest["station"]), flat(manifest["description"] or {})
    known = known_of(manifest, given)
    require_as_trained(given, known, station.id, version)
    # A column is not guessed to be the power where another one was known to be it.
    read = {"only_power": False, **description, "station": station.id, **given, **known}
    data = DataConfig.model_validate(nested(read))
    return replace(job, station=station.id, settings=job.settings.model_copy(update={"data": data}))


def require_as_trained(given: Mapping[str, Any], known: Mapping[str, Any], station_id: str, version: str) -> None:
    """Nothing, unless a description says something else of a station than its model knows.

    Args:
        given: the description, flat.
        known: of `known_of`.
        station_id: the station.
        version: that was trained so.

    Raises:
        ConfigError: the message names both.
    """
    differing = [key for key, value in known.items() if given.get(key) is not None
                 and meaning(key, given[key]) != meaning(key, value)]
    if differing:
        names = listing(f"data.{key}" for key in differing)
        raise ConfigError(f"the model {version} of station {station_id} was trained with other values of {names}",
                          found=_pairs(given, differing), expected=_pairs(known, differing),
                          hint=f"leave out {names} to keep the model's, or train again with 'wattcast train'")


def known_of(manifest: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the version of a manifest knows of its station, flat, by the keys of `data`; `given` is what is said of it
    now."""
    description = flat(manifest["description"] or {})
    return _known(Station(**manifest["station"]), description,
                  described=bool(given.get("targets") or description.get("targets")))


def _known(station: Station, description: Mapping[str, Any], *, described: bool) -> dict[str, Any]:
    """What the model knows of the station itself, by the keys of `data`.

    Args:
        station: as the model knows it.
        description: with which it was trained, flat.
        described: whether targets are named, then or now, and with them every column that has a part.
    """
    facts = station.model_dump(mode="json", include={"kind", "capacity", "horizon", "location"})
    known = flat({**facts, "time": {"timezone": station.timezone, "step": station.step,
                                     "daylight_saving": station.daylight_saving}})
    if described:
        known |= station.model_dump(mode="json", include=set(ROLES))
    else:
        known |= {key: description[key] for key in ROLES if key in description}
    if description.get("targets"):
        known["targets"] = description["targets"]
    if "valid_range" in description:
        known["valid_range"] = description["valid_range"]
    return known


def meaning(key: str, value: Any) -> Any:
    """What two spellings of one value share: the order of columns and the unit of a duration say nothing."""
    if value is None:
        return None
    if key in ROLES:
        return sorted(value)
    spelled: dict[str, Callable[[str], Any]] = {"time.step": parse_step, "horizon": parse_horizon}
    return spelled[key](value) if key in spelled else value


def _pairs(values: Mapping[str, Any], keys: list[str]) -> str:
    return "; ".join(f"{key}: {'none' if values[key] is None else values[key]}" for key in keys)


def flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """`{"time": {"step": "1h"}}` as `{"time.step": "1h"}`."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        inside = key in NESTED and isinstance(value, Mapping)
        found |= {f"{key}.{name}": inner for name, inner in value.items()} if inside else {key: value}
    return found


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"time.step": "1h"}` as `{"time": {"step": "1h"}}`."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        section, dot, name = key.partition(".")
        if dot:
            tree.setdefault(section, {})[name] = value
        else:
            tree[key] = value
    return tree
