"""Descriptions of stations in a store: what was given, what had to be assumed when rows first came, what changed since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattcast.data.cleaning import require_possible
from wattcast.data.power_names import as_guessed
from wattcast.data.quality import QualityReport
from wattcast.data.schema import DataConfig, StationData
from wattcast.store.base import StationStore
from wattcast.workflows.description import flat, known_of, meaning, nested, require_as_trained
from wattcast.workflows.stored import as_said

NEW, CHANGED, SAME = "new", "changed", "as it was"


@dataclass(frozen=True)
class Change:
    """A key of a description: what it was, None if it was not said, and what it is."""

    key: str
    was: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.key}: {_word(self.was)} → {_word(self.now)}" if self.was is not None else (
            f"{self.key}: {_word(self.now)}")

    def to_dict(self) -> dict[str, Any]:
        return {"key": f"data.{self.key}", "was": self.was, "now": self.now}


@dataclass(frozen=True)
class Described:
    """What became of a station's description: `new`, `changed` or `as it was`; `notes` tell what is no part of it."""

    station_id: str
    state: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    def words(self) -> str:
        told = ", ".join(map(str, self.changes))
        return f"{self.state}: {told}" if told else self.state

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "state": self.state, "notes": list(self.notes),
                "changes": [change.to_dict() for change in self.changes]}


def known_description(station: StationStore) -> dict[str, Any]:
    """How a station is described, flat: as it is kept, else as its champion was trained; empty if neither is there."""
    kept = station.description()
    if kept is not None:
        return flat(kept)
    champion = station.versions.champion()
    if champion is None:
        return {}
    manifest = station.versions.manifest(champion)
    return {**flat(manifest["description"] or {}), **known_of(manifest, {})}


def describe(station: StationStore, given: Mapping[str, Any], notes: tuple[str, ...] = ()) -> Described:
    """Keep what is said of a station; what is not said stays as it is. Its stored rows are then those of the station as
    it is described now.

    Args:
        station: whose.
        given: keys of the section `data`, flat.
        notes: to be told with it.

    Raises:
        ConfigError: together they make no sense, or contradict a stored model.
        DataError: most of the stored power is beyond what the station can have now.
    """
    given = {**given, "station": station.station_id}
    require_as_models(station, given)
    with station.locked():
        before = station.description()
        kept = {} if before is None else flat(before)
        now = {**kept, **given}
        changes = tuple(Change(key, kept.get(key), value) for key, value in now.items()
                        if key != "station" and meaning(key, kept.get(key)) != meaning(key, value))
        if before is None or changes:
            # Rows first: after a kill between both the same words are a change still.
            _describe_rows(station, config_of(now))
            station.describe(nested(now))
    return Described(station.station_id, NEW if before is None else CHANGED if changes else SAME, changes, notes)


def _describe_rows(station: StationStore, config: DataConfig) -> None:
    data = station.measurements()
    if data is None or (own := as_said(data.station, config)) == data.station:
        return
    require_possible(data.frame, own, config, "the stored rows")
    station.replace_measurements(StationData(own, data.frame, data.vintages))


def require_as_models(station: StationStore, given: Mapping[str, Any]) -> None:
    """Nothing, unless a flat description contradicts the station's champion.

    Raises:
        ConfigError: it does.
    """
    champion = station.versions.champion()
    if champion is not None:
        known = known_of(station.versions.manifest(champion), given)
        require_as_trained(given, known, station.station_id, champion)


def config_of(description: Mapping[str, Any]) -> DataConfig:
    """The configuration that a flat description says.

    Raises:
        ConfigError: it makes no sense.
    """
    return DataConfig.model_validate(nested(description))


def as_read(data: StationData, report: QualityReport, config: DataConfig, units: Mapping[str, str],
            folder: str | None) -> dict[str, Any]:
    """A flat description by which later rows are read as these were: what was given, and what was taken for granted.

    What follows from the history each time, such as the limits of forecasts, is left to it.

    Args:
        data: as it was read.
        report: with what was assumed.
        config: by which it was read.
        units: of the targets, as far as the source tells.
        folder: what the files beside each other were taken for.
    """
    given = flat(config.model_dump(mode="json", exclude_unset=True))
    station = data.station
    read: dict[str, Any] = {"station": station.id, "kind": str(station.kind), "time.timezone": station.timezone,
                            "time.step": station.step, "horizon": station.horizon}
    values = {assumption.what: assumption.value for assumption in report.assumed}
    if "daylight_saving" in values:
        read["time.daylight_saving"] = station.daylight_saving
    if not config.targets:
        read["only_power"] = as_guessed(report.assumed)
    if "sampling" in values:
        read["time.sampling"] = values["sampling"]
    if station.location.country is not None:
        read["location.country"] = station.location.country
    if units:
        read["unit"] = dict(units) if len(set(units.values())) > 1 else next(iter(units.values()))
    if folder is not None:
        read["folder"] = folder
    return {**read, **{key: value for key, value in given.items() if value is not None}}


def _word(value: Any) -> str:
    return "none" if value is None else str(value)
