"""Which files need not be read again: those whose every station has taken them in."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wattcast.data.plants import called_after
from wattcast.data.reader import Source
from wattcast.store.base import Store
from wattcast.workflows.intake_sources import name_below
from wattcast.workflows.many import outcome_of

HOLDS = "holds"
"""Where the record of a run says of each file, by its hash, which stations' rows it has."""


class KnownFiles:
    """The whole files of a path, known by their bytes (SHA-256).

    Of each file the runs tell which stations it holds, whether or not these took it in; each station tells what it
    took in. A file is known where the two agree, so that one station's fault, or one that was left out, hides no rows.

    Args:
        path: where they are.
        files: that are whole.
        store: that is asked.
        runs: earlier ones, as they were kept.
        named: the only station that is meant; None for all.
        stations: that are known; a file that is called like one of them may be its own.
    """

    def __init__(self, path: Path, files: Iterable[Path], store: Store, runs: Iterable[Mapping[str, Any]],
                 named: str | None, stations: frozenset[str]) -> None:
        self._path, self._store, self._named, self._stations = path, store, named, stations
        looked_at = {file: found for file in files if (found := _hash_and_size(file)) is not None}
        self.hashes = {file: digest for file, (digest, _) in looked_at.items()}
        self.sizes = {file: size for file, (_, size) in looked_at.items()}
        self.held: dict[str, set[str]] = {}
        self._before: dict[str, set[str]] = {}
        self._noted: dict[str, set[str]] = {}
        for run in runs:
            for digest, names in run.get(HOLDS, {}).items():
                self._before.setdefault(digest, set()).update(names)

    def is_known(self, file: Path) -> bool:
        """Whether all of its rows are kept that are meant."""
        digest = self.hashes.get(file, "")
        held = self._before.get(digest, set())
        meant = {self._named} & held if self._named is not None else held and held | self.called_like(file)
        return bool(meant) and all(digest in self._noted_for(name) for name in meant)

    def is_wanted(self, file: Path) -> bool:
        """Whether it is whole and has something new."""
        return file in self.hashes and not self.is_known(file)

    def of_known(self, station_id: str) -> int:
        """How many known files have rows of a station."""
        return sum(1 for file, digest in self.hashes.items()
                   if station_id in self._before.get(digest, ()) and self.is_known(file))

    def new_of(self, station_id: str) -> list[Path]:
        """Files with something new that have rows of a station, or are called like it."""
        return [file for file, digest in self.hashes.items() if self.is_wanted(file) and (
            station_id in self.held.get(digest, ()) or station_id in self.called_like(file))]

    def stations(self) -> set[str]:
        """Whose rows known files have."""
        found = {name for file, digest in self.hashes.items() if self.is_known(file) for name in self._before[digest]}
        return found if self._named is None else found & {self._named}

    def note(self, source: Source) -> None:
        """Which stations the files of a source hold."""
        for name in source.station_ids:
            for file in source.files(name):
                if file in self.hashes:
                    self.held.setdefault(self.hashes[file], set()).add(name)

    def _noted_for(self, station_id: str) -> set[str]:
        if station_id not in self._noted:
            # Damaged, it is that station's fault, which is told when its rows are to be taken in.
            noted = outcome_of(station_id, lambda name: taken_in(self._store, name)).result
            self._noted[station_id] = noted or set()
        return self._noted[station_id]

    def called_like(self, file: Path) -> set[str]:
        """Known stations that its name, or a folder that it lies in, says: two stations may send the same bytes."""
        folders = (self._path.resolve().name, *Path(name_below(file, self._path)).parts[:-1])
        said = (called_after(file, self._stations), *(folders if self._path.is_dir() else ()))
        return {name for name in said if name is not None and name in self._stations}


def taken_in(store: Store, station_id: str) -> set[str]:
    """Hashes of the files that a station took in.

    Raises:
        DataError: what is kept of them is damaged.
    """
    return {file.sha256 for file in store.station(station_id).taken_in()}


def _hash_and_size(file: Path) -> tuple[str, int] | None:
    """Of its bytes; None where it is no longer there: it comes again under the name that it has now."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest(), content.tell()
    except FileNotFoundError:
        return None
