"""The verb `ingest`: measurements and weather are taken in once, and later files are read as the first ones were.

A file is known by its bytes (`known_files`). Rows are written first and the file is noted afterwards, so that a kill in
between makes the same file come again: its cells are then what is kept already, and nothing changes.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.assembly import assemble
from wattcast.data.contents import contents_of
from wattcast.data.reader import Known, Source, files_in
from wattcast.data.schema import DataConfig
from wattcast.data.settled import STILL, unfinished
from wattcast.errors import DataError, WattcastError
from wattcast.settings import Settings
from wattcast.store.base import StationStore, Store, TakenIn
from wattcast.workflows.contradictions import require_measured_by
from wattcast.workflows.description import flat
from wattcast.workflows.intake_sources import Description, Sources, cut_for_good, name_below, opened, readable, unlike
from wattcast.workflows.job import ALL_STATIONS, Job
from wattcast.workflows.kept_descriptions import (
    NEW,
    as_read,
    config_of,
    describe,
    known_description,
    require_as_models,
)
from wattcast.workflows.known_files import HOLDS, KnownFiles, taken_in
from wattcast.workflows.many import outcome_of
from wattcast.workflows.new_rows import NewRows, new_rows
from wattcast.workflows.refused_files import REFUSED, RefusedFiles
from wattcast.workflows.station_files import StationFile
from wattcast.workflows.station_intake import StationIntake, counted, how_many
from wattcast.workflows.together import remember

log = logging.getLogger("wattcast")

KIND = "intake"
"""Of what is kept of a run."""


@dataclass(frozen=True)
class ToTakeIn:
    """What `ingest` is told.

    Attributes:
        data: a file or a folder.
        store: where it goes.
        settings: of which the section `data` counts.
        station: the only station that is meant; None, or `all`, for all that there are.
        described: what files say of stations.
        still: how long a file must not have changed [seconds].
        received: when it came; now if None.
        accept: take in what contradicts what is kept, too.
    """

    data: Path
    store: Store
    settings: Settings = field(default_factory=Settings)
    station: str | None = None
    described: Sequence[StationFile] = ()
    still: float = STILL
    received: pd.Timestamp | None = None
    accept: bool = False


class Intake:
    """All that a path holds, looked at once: `station_ids` are to be taken in one after the other.

    Raises:
        InputError: the path cannot be understood.
    """

    all_stations: bool = True
    """For its outcomes a table is shown, however many there are."""

    def __init__(self, told: ToTakeIn) -> None:
        self.told, self.started = told, pd.Timestamp.now("UTC")
        self.received = self.started if told.received is None else told.received
        self._given = flat(told.settings.data.model_dump(mode="json", exclude_unset=True))
        named = None if told.station == ALL_STATIONS else told.station
        self._named: str | None = named or self._given.get("station")
        self._described: dict[str, Description] = {each.station_id: flat(each.description) for each in told.described}
        names = frozenset((*told.store.stations(), *self._described))
        found = contents_of(told.data, told.settings.data, names) if told.data.is_dir() else None
        self.files = files_in(told.data, told.settings.data) if found is None else found.files
        self.unseen = {} if found is None else found.unseen
        self.waiting = unfinished(self.files, told.still)
        self.left_out: dict[Path, DataError] = {}
        self._known_files = KnownFiles(
            told.data, [file for file in self.files if file not in self.waiting], told.store, told.store.runs(KIND),
            self._named, names)
        self._stored = Known(names, self._kept_station)
        self._sources = Sources(told.data, self._known_files.is_wanted, self._stored)
        self._parts: dict[frozenset[Path], Sources] = {}
        self._folder: str | None = None
        self.refused = RefusedFiles(told.data, self._known_files)
        self.refused.note_waiting(self.waiting)
        try:
            self._found = self._stations()
        except DataError as error:
            for station_id in told.store.stations():
                self.refused.note_new(station_id, error)
            self.keep({})
            raise
        self.station_ids = tuple(dict.fromkeys((*self._found, *sorted(self._known_files.stations()), *self._described)))

    @cached_property
    def known(self) -> dict[str, Description]:
        """How the stations are described that are known: as it is kept, and as is said now. One whose description is
        damaged is known by its name, and refused when it is taken in."""
        kept = {name: outcome_of(name, lambda name: known_description(self.told.store.station(name)))
                for name in self.told.store.stations()}
        found = {name: each.result or {} for name, each in kept.items() if each.result or each.error}
        return {name: {**found.get(name, {}), **self._described.get(name, {})} for name in (*found, *self._described)}

    def _description(self, station_id: str) -> Description:
        """As in `known`.

        Raises:
            InputError: what is kept is damaged.
        """
        return {**known_description(self.told.store.station(station_id)), **self._described.get(station_id, {})}

    def _stations(self) -> tuple[str, ...]:
        """Those of files that have something new."""
        if not any(map(self._known_files.is_wanted, self.files)):
            return ()
        source = opened(self._sources, self._given, self.known, self._named)
        self._known_files.note(source)
        self._folder = source.folder
        return source.station_ids if self._named is None else (self._named,)

    def _kept_station(self, station_id: str) -> Station | None:
        """As its measurements are kept."""
        kept = self.told.store.station(station_id).measurements(since=self.received)
        return None if kept is None else kept.station

    def _as_found(self) -> Description:
        """What the files of the folder are for each of its stations, however the files of one were found before."""
        return {} if self._folder is None else {"folder": self._folder}

    def take_in(self, station_id: str) -> StationIntake:
        """What there is of one station: its rows, and what is said of it, also where no rows are new.

        Raises:
            InputError: its rows cannot be read, or they or its description contradict what is kept of it.
        """
        try:
            taken = self._rows_of(station_id)
        except DataError as error:
            self.refused.note_new(station_id, error)
            raise
        if taken.files or station_id not in self._described:
            return taken
        described = describe(self.told.store.station(station_id), self._described[station_id])
        return replace(taken, changes=described.changes, new=described.state == NEW, described=True)

    def _rows_of(self, station_id: str) -> StationIntake:
        station = self.told.store.station(station_id)
        known = self._known_files.of_known(station_id)
        if station_id not in self._found:
            return StationIntake(station_id, known=known)
        config = config_of({**self._description(station_id), **self._given, **self._as_found(), "station": station_id})
        source = self._sources.open(config)
        if station_id not in source.station_ids:
            raise unlike(source, station_id)
        self._known_files.note(source)
        hashes, before = self._known_files.hashes, taken_in(self.told.store, station_id)
        files = [file for file in source.files(station_id) if file in hashes]
        new = [file for file in files if hashes[file] not in before]
        known += len(files) - len(new)
        if not new:
            return StationIntake(station_id, known=known)
        try:
            return self._taken(station, source if len(new) == len(files) else self._part(new).open(config), new, known)
        except DataError:
            good, wrong = readable(new, partial(self._require_good, station, config))
            if not good or not wrong:
                raise
            self.left_out |= wrong
            self.refused.note(station_id, {file: error.what for file, error in wrong.items()})
            return self._taken(station, self._part(good).open(config), good, known)

    def _part(self, files: Sequence[Path]) -> Sources:
        """Of some files only: what came again for another station's sake was corrected since, perhaps."""
        part = frozenset(files)
        return self._parts.setdefault(part, Sources(self.told.data, part.__contains__, self._stored))

    def _require_good(self, station: StationStore, config: DataConfig, files: Sequence[Path]) -> None:
        """Nothing, unless some files cannot be taken in by themselves; of a station of which nothing is kept, their
        rows need not be all that there are.

        Raises:
            DataError: as `new_rows`.
        """
        source = self._part(files).open(config)
        if station.has_measurements():
            self._new_rows(station, source)
        else:
            data, _ = assemble(source.load(station.station_id), station.station_id, config, whole=False)
            if not self.told.accept:
                require_measured_by(data, self.received)

    def _new_rows(self, station: StationStore, source: Source) -> NewRows:
        before = self._description(station.station_id)
        return new_rows(source, self._config(station.station_id, before), before, station.measurements(),
                        self.received, accept=self.told.accept)

    def _config(self, station_id: str, description: Description) -> DataConfig:
        return config_of({**description, **self._given, "station": station_id})

    def _taken(self, station: StationStore, source: Source, files: Sequence[Path], known: int) -> StationIntake:
        station_id = station.station_id
        config = self._config(station_id, self._description(station_id))
        require_as_models(station, flat(config.model_dump(mode="json", exclude_unset=True)))
        new = self._new_rows(station, source)
        described = describe(station, as_read(new.data, new.report, config, new.units, source.folder))
        with station.locked():
            rows = station.append_measurements(new.data, received=self.received)
            findings = tuple(finding.to_dict() for finding in new.report.findings)
            for file in files:
                last = file == files[-1]
                station.note_taken_in(TakenIn(name_below(file, self.told.data), self._known_files.sizes[file],
                                              self._known_files.hashes[file], self.received, rows if last else {},
                                              findings if last else ()))
        self._prepare(station_id)
        return StationIntake(station_id, tuple(name_below(file, self.told.data) for file in files), known, rows,
                             described.changes, described.state == NEW, findings, new.notes)

    def _prepare(self, station_id: str) -> None:
        """Work out now what a forecast without a model rests on, and not when many are asked for. That it cannot be is
        told by the forecast."""
        try:
            remember(Job(None, station_id, self.told.settings, self.told.store), station_id)
        except WattcastError as error:
            log.debug("station %s: its shares are not worked out: %s", station_id, error)

    def keep(self, outcomes: Mapping[str, str]) -> None:
        """Note the run, with what became of each station, and which stations each file holds."""
        held = {digest: sorted(names) for digest, names in self._known_files.held.items()}
        if not held and not self.waiting and not self.refused.by_station:
            return
        ended = pd.Timestamp.now("UTC")
        self.told.store.keep_run({
            "id": f"{self.started:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}", "kind": KIND,
            "started": self.started.isoformat(), "ended": ended.isoformat(), HOLDS: held,
            "waiting": self.told_of_waiting(), "received": self.received.isoformat(),
            REFUSED: self.refused.to_dict(lambda station_id: {**self._description(station_id), **self._given}),
            "stations": dict(outcomes)})

    def told_of_waiting(self) -> dict[str, str]:
        """Files that are not whole, and why."""
        return {name_below(file, self.told.data): why for file, why in self.waiting.items()}

    def told_of_unseen(self) -> list[str]:
        """What is not looked at and perhaps was meant to be, in words."""
        return [f"{name} is not looked at: {why}" for name, why in self.unseen.items()]

    def left_over(self) -> list[DataError]:
        """Files that are cut and that nobody writes to any more, and such as could not be read beside others."""
        wrong = [DataError(f"{name_below(file, self.told.data)} is left out: {error.what}", found=error.found,
                           expected=error.expected, hint=error.hint) for file, error in self.left_out.items()]
        return [*wrong, *cut_for_good(self.waiting)]

    def words(self, taken: Sequence[StationIntake]) -> str:
        """`took in 3 files: 5 stations, 2,880 rows new, 4 late, 2 corrected; 1 file waits`."""
        files = {name for each in taken for name in each.files}
        total: Counter[str] = Counter()
        for each in taken:
            total.update(each.rows)
        stations = sum(1 for each in taken if each.files)
        did = (f"took in {how_many(len(files))}: {stations} station{'' if stations == 1 else 's'}, {counted(total)}"
               if files else "took in nothing new")
        known = sum(map(self._known_files.is_known, self.files)) if not files else 0
        before = f": {how_many(known)} taken in before" if known else ""
        waits = f"; {how_many(len(self.waiting))} wait{'s' if len(self.waiting) == 1 else ''}" if self.waiting else ""
        wrong = f"; {how_many(len(self.left_out))} left out" if self.left_out else ""
        return f"{did}{before}{waits}{wrong}"
