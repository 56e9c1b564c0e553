"""What every verb is told."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from wattcast.data.quality import QualityReport
from wattcast.data.reader import Source, open_source
from wattcast.data.schema import StationData
from wattcast.settings import Settings
from wattcast.training.record import EpochRecord

ALL_STATIONS = "all"
OF_ONE_STATION = {"station", "kind", "capacity", "location"}
"""What a description says of a station, and not of how its source is read."""
OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True)
class Job:
    """What every verb is told: where the data is, which station, the settings, where models are kept.

    `opened` holds what was read last; the jobs that `dataclasses.replace` makes of one share it.
    """

    data: Path
    station: str | None = None
    settings: Settings = field(default_factory=Settings)
    models_dir: Path = Path("models")
    opened: dict[str, Source] = field(default_factory=dict, repr=False, compare=False)

    @property
    def all_stations(self) -> bool:
        """Whether every station is meant, also where there is only one."""
        return self.station == ALL_STATIONS

    @cached_property
    def source(self) -> Source:
        """The stations of the data; a file that holds several is read once, however each of them is described."""
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
        return self.source.read(station_id or self.station, whole=whole, tell=tell)

    def station_ids(self) -> tuple[str | None, ...]:
        """The stations to work on: all of them for `all`, else the one named or the only one there is."""
        return self.source.station_ids if self.all_stations else (self.station,)
