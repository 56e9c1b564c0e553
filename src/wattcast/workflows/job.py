"""What every verb is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from wattcast.data.quality import QualityReport
from wattcast.data.reader import Source, open_source
from wattcast.data.schema import StationData
from wattcast.settings import Settings
from wattcast.training.trained import EpochRecord

ALL_STATIONS = "all"
OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True)
class Job:
    """What every verb is told: where the data is, which station, the settings, where models are kept."""

    data: Path
    station: str | None = None
    settings: Settings = field(default_factory=Settings)
    models_dir: Path = Path("models")

    @property
    def all_stations(self) -> bool:
        """Whether every station is meant, also where there is only one."""
        return self.station == ALL_STATIONS

    @cached_property
    def source(self) -> Source:
        return open_source(self.data, self.settings.data)

    def read(self, station_id: str | None = None) -> tuple[StationData, QualityReport]:
        return self.source.read(station_id or self.station)

    def station_ids(self) -> tuple[str | None, ...]:
        """The stations to work on: all of them for `all`, else the one named or the only one there is."""
        return self.source.station_ids if self.all_stations else (self.station,)
