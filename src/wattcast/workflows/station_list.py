"""The stations of a store and what is kept of each, for `wattcast stations`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattcast.errors import InputError, listing, nearest
from wattcast.store.base import Store
from wattcast.workflows.kept_descriptions import known_description
from wattcast.workflows.many import Outcome, each_station


@dataclass(frozen=True)
class StationLine:
    """What is kept of a station, in a line.

    Attributes:
        station_id: which one.
        kind: load, pv or wind; None where it was not said and no rows came yet.
        timezone: as `kind`.
        rows: that were measured.
        newest: where the measurements end; None where there are none.
        champion: the version in use, if there is one.
        size: what is kept occupies [bytes].
    """

    station_id: str
    kind: str | None
    timezone: str | None
    rows: int
    newest: pd.Timestamp | None
    champion: str | None
    size: int

    def age(self, now: pd.Timestamp) -> pd.Timedelta | None:
        return None if self.newest is None else now - self.newest

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "kind": self.kind, "timezone": self.timezone, "rows": self.rows,
                "newest": None if self.newest is None else self.newest.isoformat(), "champion": self.champion,
                "bytes": self.size}


def list_stations(store: Store) -> Iterator[Outcome[StationLine]]:
    """A line for each station, or why there is none."""
    return each_station(store.stations(), lambda station_id: station_line(store, station_id))


def station_line(store: Store, station_id: str) -> StationLine:
    """What a list of stations tells of one.

    Raises:
        InputError: what is kept of it is damaged.
    """
    station = store.station(station_id)
    described, data = known_description(station), station.measurements()
    measured = data is not None and data.measured
    rows = 0 if data is None else int(data.measured_rows.sum())
    kind = str(data.station.kind) if data is not None else described.get("kind")
    zone = data.station.timezone if data is not None else described.get("time.timezone")
    return StationLine(station_id, kind, zone, rows, data.end if data is not None and measured else None,
                       station.versions.champion(), sum(station.sizes().values()))


def show_station(store: Store, station_id: str) -> dict[str, Any]:
    """All that is known of a station, ready for JSON.

    Raises:
        InputError: nothing is kept of it.
    """
    known = store.stations()
    if station_id not in known:
        close = nearest(station_id, known)
        raise InputError(f"nothing is kept of station {station_id} in {store.place}", found=listing(known, limit=40),
                         hint=f"did you mean {close}?" if close else "'wattcast stations add' or 'wattcast ingest'")
    station = store.station(station_id)
    files, corrections = station.taken_in(), station.corrections()
    return {**station_line(store, station_id).to_dict(), "description": station.description(),
            "files": [{"name": file.name, "sha256": file.sha256, "received": file.received.isoformat(),
                       "rows": dict(file.rows), "findings": list(file.findings)} for file in files],
            "corrections": len(corrections), "sizes": dict(station.sizes())}
