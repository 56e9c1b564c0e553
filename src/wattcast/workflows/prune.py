"""The verb `prune`: what is no longer needed goes, and how much that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattcast.store.base import StationStore
from wattcast.timegrid import parse_duration, parse_time


@dataclass(frozen=True)
class Pruned:
    """What went of a station, or would go.

    Attributes:
        station_id: which station.
        versions: that went, with their bytes.
        forecasts: how many went.
        before: bytes by what they hold (`StationStore.sizes`).
        after: the same afterwards; where nothing was removed, what they would be.
    """

    station_id: str
    versions: Mapping[str, int]
    forecasts: int
    before: Mapping[str, int]
    after: Mapping[str, int]

    @property
    def freed(self) -> int:
        """Bytes."""
        return sum(self.before.values()) - sum(self.after.values())

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "versions": dict(self.versions), "forecasts": self.forecasts,
                "before": {**self.before, "all": sum(self.before.values())},
                "after": {**self.after, "all": sum(self.after.values())}}


def time_before(age: str, now: str | None = None) -> pd.Timestamp:
    """The instant so long before `now`, the clock's time if None.

    Raises:
        ConfigError: not a duration.
        InputError: `now` is no time.
    """
    clock = pd.Timestamp.now("UTC") if now is None else parse_time(now, "UTC")
    return clock - parse_duration(age)


def prune_station(station: StationStore, *, keep: int | None = None, before: pd.Timestamp | None = None,
                  dry_run: bool = False) -> Pruned:
    """Remove versions and forecasts that are no longer needed.

    Args:
        station: what is kept of it.
        keep: how many of the newest versions stay; what an alias points to and what a kept one was fine-tuned from stay
            besides. All if None.
        before: forecasts of origins before it go; none if None.
        dry_run: only say what would go.
    """
    sizes = station.sizes()
    versions = {} if keep is None else station.versions.prune(keep, dry_run=dry_run)
    old = 0 if before is None else sum(origin < before for origin, _ in station.issues())
    if dry_run:
        return Pruned(station.station_id, versions, old, sizes, station.sizes(without=versions, before=before))
    if before is not None and old:
        old = station.remove_forecasts(before)
    return Pruned(station.station_id, versions, old, sizes, station.sizes())
