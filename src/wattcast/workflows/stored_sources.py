"""The stations of a store as something that a base is learned from."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wattcast.contracts import HORIZON_DAYS
from wattcast.data.quality import measured_days
from wattcast.data.schema import StationData
from wattcast.errors import DataError, NoRowsError, WattcastError
from wattcast.timegrid import parse_step, steps_per_day
from wattcast.training.prepared import hash_data
from wattcast.training.samples import MEASURED_AT_LEAST, STEPS, origins_of
from wattcast.training.shapes import history_split
from wattcast.windows.window_units import DAYS
from wattcast.workflows.history import read_history
from wattcast.workflows.job import Job
from wattcast.workflows.many import each_station
from wattcast.workflows.stored import INGEST

FOLDS = 3
"""Parts of a store, each of which is left out once to tell how a base does at stations that it has not seen: as each
costs a third of the learning, all of them cost as much as the base itself. [number]"""
WINDOWS = 64_000
"""Of all stations together at most: so many are seen in the steps that take the base that ships further. 1.1 GB, and as
much again while a part is left out. [windows]"""
MOST = 300
"""Of a station at most: each day of a year or so begins one. [windows]"""
SHOWN = 20
"""Stations that are left out and told of one by one. [stations]"""

_WILD = "too little is left where readings out of all proportion are not used"


@dataclass(frozen=True)
class StoredSource:
    """Implements `data.corpus.StationSource`: some stations of a job's store.

    Attributes:
        name: of this part of the store.
        windows: how many are drawn from each station.
        digests: of what is learned from each, by its name.
        job: store and settings.
        until: nothing measured at or after this time is seen.
    """

    name: str
    windows: int
    digests: Mapping[str, str]
    job: Job
    until: str | None
    licence = "own data"
    attribution = None
    may_ship = False
    sha256 = None

    def described(self) -> dict[str, Any]:
        return {"windows": self.windows, "stations": dict(self.digests)}

    def stations(self) -> Iterator[StationData]:
        return (learned_part(self.job, name, self.until) for name in self.digests)


@dataclass(frozen=True)
class Stored:
    """The stations of a store: the sources that some of them make, and why the others are not used."""

    sources: tuple[StoredSource, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """How many stations are used."""
        return sum(len(source.digests) for source in self.sources)

    def unused(self, learned: Collection[str]) -> dict[str, str]:
        """Why stations are not used, those too of which nothing could be drawn: all but what is `learned`."""
        without = {name: _WILD for source in self.sources for name in source.digests if name not in learned}
        return {**self.left_out, **without}

    def lines(self, place: str) -> list[str]:
        """What is used of the store in that `place`, and what not."""
        said = (f"{self.used} of {self.used + len(self.left_out)} stations in {place} are learned from, up to "
                f"{self.sources[0].windows} windows of each")
        shown = [f"left out: {name}, {why}" for name, why in list(self.left_out.items())[:SHOWN]]
        more = len(self.left_out) - len(shown)
        return [said, *shown, *([f"left out: {more} more; the manifest names them all"] if more else [])]


def stored_sources(job: Job, until: str | None = None) -> Stored:
    """The stations of the job's store that a base can learn from, in `FOLDS` parts.

    Neighbours by name are in one part: meters of one site, which know of each other, are left out together.

    Args:
        job: store and settings, without data.
        until: nothing measured at or after this time is seen.

    Raises:
        NoRowsError: the store is empty.
        DataError: nothing can be learned from any of its stations.
    """
    found = list(each_station(job.store.stations(), lambda name: hash_data(learned_part(job, name, until))))
    if not found:
        raise NoRowsError(f"no rows of any station are stored in {job.store.place}", hint=INGEST)
    digests = {str(each.station_id): each.result for each in found if each.result is not None}
    left_out = {str(each.station_id): _why(each.error) for each in found if each.error is not None}
    if not digests:
        name, why = next(iter(left_out.items()))
        raise DataError(f"nothing can be learned from any of the {len(found)} stations in {job.store.place}",
                        found=f"{name}: {why}",
                        expected="six weeks or more of some, the newest of which are left to choose and evaluate by",
                        hint="take in older rows with 'wattcast ingest'")
    windows = windows_each(len(digests))
    parts = np.array_split(np.asarray(list(digests), object), min(FOLDS, len(digests)))
    return Stored(tuple(StoredSource(f"store-{number}", windows, {name: digests[name] for name in part}, job, until)
                        for number, part in enumerate(parts, 1)), left_out)


def windows_each(stations: int) -> int:
    """How many windows are drawn from each of so many stations."""
    return max(1, min(MOST, WINDOWS // stations))


def learned_part(job: Job, station_id: str, until: str | None) -> StationData:
    """What a base may know of a stored station: the rows that its training would fit networks on.

    The weeks that validate there, and those that are kept to evaluate on, are not seen, so that how the base does in
    them can be told and chosen by.

    Raises:
        InputError: nothing is stored of it, or too little.
    """
    history = read_history(job, station_id, until)
    data = history.data.until(history.end)
    data = data.until(data.end)
    data = data.until(data.frame.index[history_split(data, job.settings.recipe()).train_limit])
    day = steps_per_day(parse_step(data.station.step))
    horizon = day * HORIZON_DAYS
    if horizon < STEPS:
        raise DataError(f"the steps of station {station_id} are too long to learn from", found=data.station.step,
                        expected=f"{STEPS} in {HORIZON_DAYS} days, not {horizon}")
    if not len(origins_of(data.frame[data.station.targets[0]].notna().to_numpy(), day, horizon)):
        raise DataError(f"station {station_id} has too little data to learn from",
                        found=f"{measured_days(data):.1f} days before the weeks that its training validates on",
                        expected=f"{MEASURED_AT_LEAST:.0%} of some {DAYS} days, and {HORIZON_DAYS} days after them")
    return data


def _why(error: WattcastError) -> str:
    return error.what if error.found is None else f"{error.what}: {error.found}"
