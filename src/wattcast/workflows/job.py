"""What every verb is told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from wattcast.data.power_names import as_guessed
from wattcast.data.quality import QualityReport
from wattcast.data.reader import Source, open_source
from wattcast.data.schema import StationData
from wattcast.errors import InputError, listing
from wattcast.settings import Settings
from wattcast.store.base import StationStore, Store
from wattcast.store.disk import DiskStore
from wattcast.training.record import EpochRecord
from wattcast.workflows.stored import stations_with_rows, stored_rows

log = logging.getLogger("wattcast")

ALL_STATIONS = "all"
OF_ONE_STATION = {"station", "kind", "capacity", "location"}
"""What a description says of a station, and not of how its source is read."""
OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True)
class Job:
    """What every verb is told: where the data is, which station, the settings, and the store.

    Without `data` the rows that the store has of a station are read. `opened` holds what was read last; the jobs that
    `dataclasses.replace` makes of one share it.
    """

    data: Path | None
    station: str | None = None
    settings: Settings = field(default_factory=Settings)
    store: Store = field(default_factory=lambda: DiskStore(Path("models")))
    opened: dict[str, Source] = field(default_factory=dict, repr=False, compare=False)

    @property
    def all_stations(self) -> bool:
        """Whether every station is meant, also where there is only one."""
        return self.station == ALL_STATIONS

    @cached_property
    def source(self) -> Source:
        """The stations of the data; a file that holds several is read once, however each of them is described.

        Raises:
            InputError: it cannot be read, or none is given.
        """
        if self.data is None:
            raise InputError("no data is given", hint="name it with --data")
        config = self.settings.data
        how = f"{self.data} {config.model_dump_json(exclude=OF_ONE_STATION)}"
        found = self.opened.get(how)
        # A single station may have its name from the description.
        if found is None or len(found.station_ids) == 1:
            self.opened.clear()
            found = self.opened[how] = open_source(self.data, config)
        return replace(found, config=config)

    def read(self, station_id: str | None = None, *, whole: bool = True,
             tell: bool = True) -> tuple[StationData, QualityReport]:
        """A station's data and what was found in it; not the `whole`: a part of it, in which power may be missing.

        With `tell` what the report notes is logged.
        """
        if self.data is None:
            return stored_rows(self.store, station_id or self.station, self.settings.data)
        return self.source.read(station_id or self.station, whole=whole, tell=tell)

    def description(self, kept: StationStore, quality: QualityReport) -> dict[str, Any]:
        """How the rows are described: as the settings say it, or, where no data is given, as the store does; `quality`
        tells what was guessed besides."""
        said = {**self.settings.data.model_dump(mode="json"), "only_power": as_guessed(quality.assumed)}
        return said if self.data is not None else kept.description() or said

    def station_ids(self) -> tuple[str | None, ...]:
        """The stations to work on: all of them for `all`, else the one named or the only one there is. Of a store those
        without rows are left out, which is said."""
        if self.data is None and self.all_stations:
            found = stations_with_rows(self.store)
            known = set(found)
            if rowless := [name for name in self.store.stations() if name not in known]:
                log.warning("no rows of %s are stored in %s: left out; take rows in with 'wattcast ingest'",
                            listing(rowless), self.store.place)
            return found
        return self.source.station_ids if self.all_stations else (self.station,)
