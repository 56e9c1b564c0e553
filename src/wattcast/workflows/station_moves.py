"""The verbs `stations remove` and `stations copy`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wattcast.errors import ConfigError, DataError
from wattcast.store.base import Store
from wattcast.store.copying import copy_station
from wattcast.workflows.many import Outcome, each_station
from wattcast.workflows.stored import station_in


@dataclass(frozen=True)
class Removed:
    """A station with what it occupied, by what it held [bytes]; `gone` says whether that has gone."""

    station_id: str
    sizes: Mapping[str, int]
    gone: bool

    def words(self) -> str:
        parts = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in self.sizes.items() if size)
        return f"{sum(self.sizes.values()) / 1e6:.1f} MB ({parts or 'a description alone'})"

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "removed": self.gone, "sizes": dict(self.sizes)}


def remove_station(store: Store, station_id: str, *, sure: bool) -> Removed:
    """Remove all that is kept of a station, or say what would go unless it is `sure`.

    Raises:
        DataError: nothing is kept of it; the message names the nearest station.
    """
    kept = station_in(store, station_id)
    sizes = kept.sizes()
    if sure:
        kept.remove()
    return Removed(station_id, sizes, sure)


@dataclass(frozen=True)
class Copied:
    """What a station has in both stores (`store.copying.counts`)."""

    station_id: str
    counts: Mapping[str, int]

    def words(self) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count) or "a description alone"

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, **self.counts}


def copy_stations(source: Store, target: Store, station_id: str | None = None) -> Iterator[Outcome[Copied]]:
    """Copy a station, or all of them and then what became of runs.

    Raises:
        ConfigError: both are the same store.
        DataError: nothing is kept of the station, or of any.
    """
    if source.place == target.place:
        raise ConfigError("both stores are the same", found=target.place, hint="name another one with --to")
    if station_id is not None:
        station_in(source, station_id)
    names = source.stations() if station_id is None else (station_id,)
    if not names:
        raise DataError(f"nothing is kept in {source.place}", hint="name the store that is to be copied with --store")
    yield from each_station(names, lambda name: Copied(name, copy_station(source.station(name), target.station(name))))
    if station_id is None:
        for run in source.runs():
            target.keep_run(run)
