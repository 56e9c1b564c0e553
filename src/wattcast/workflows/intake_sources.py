"""What there is to take in: which files are whole and new, which stations they hold, and how each is to be read."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from wattcast.data.files import columns_of, has_power
from wattcast.data.plants import called_after, groups_by_name, groups_by_station, new_name, shared_name
from wattcast.data.reader import NOBODY, Known, Source, files_in, open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import ConfigError, DataError, InputError, listing
from wattcast.workflows.job import OF_ONE_STATION
from wattcast.workflows.kept_descriptions import config_of

Description = Mapping[str, Any]
"""Keys of the section `data`, flat."""
WAITS = 3600.0
"""A file that is cut and was not changed for so long is not being written any more. [seconds]"""


@dataclass(eq=False)
class Sources:
    """The stations of a path, opened once for every way in which they are described.

    Attributes:
        path: a file or a folder.
        wanted: of a folder, the files that are read.
        stations: what is known of them.
    """

    path: Path
    wanted: Callable[[Path], bool]
    stations: Known = NOBODY
    _opened: dict[str, Source] = field(default_factory=dict)

    def open(self, config: DataConfig) -> Source:
        """As `reader.open_source`."""
        how = config.model_dump_json(exclude=OF_ONE_STATION)
        found = self._opened.get(how)
        # A single station may have its name from the description.
        if found is None or (len(found.station_ids) < 2 and found.config.station != config.station):
            found = self._opened[how] = open_source(self.path, config, self.wanted, self.stations)
        return found


def named_like(files: Sequence[Path], path: Path, known: Iterable[str]) -> str | None:
    """The known station that a single file, or a folder whose files are parts of one, is named after."""
    known = frozenset(known)
    if path.is_dir() and path.resolve().name in known:
        return path.resolve().name
    return called_after(files[0], known) if len(groups_by_name(files)) == 1 else None


def opened(sources: Sources, given: Description, known: Mapping[str, Description],
           station_id: str | None) -> Source:
    """The path, with the stations that it holds.

    A path that cannot be understood by what is given is read as a known station's files are.

    Args:
        sources: of the path.
        given: what is said of the data now.
        known: how the stations are described that are known.
        station_id: the one that is meant, if it was named.

    Raises:
        InputError: it cannot be understood, or has no such station.
    """
    if station_id is not None:
        source = sources.open(config_of({**known.get(station_id, {}), **given, "station": station_id}))
        return _with(source, station_id)
    config = _with_names(sources, given, known)
    try:
        return sources.open(config)
    except InputError:
        found = _as_known(sources, given, known)
        if found is None:
            raise
        return found


def _with(source: Source, station_id: str) -> Source:
    if station_id not in source.station_ids:
        raise ConfigError(f"{source.name} has no station {station_id!r}", found=listing(source.station_ids, limit=40),
                          hint="choose one of these with --station, or leave it out")
    return source


def unlike(source: Source, station_id: str) -> DataError:
    """What to tell of a station that a path holds, but not as it is described."""
    return DataError(f"read as station {station_id} is described, {source.name} has no rows of it",
                     found=listing(source.station_ids, limit=40),
                     hint=f"see 'wattcast stations show --station {station_id}'; 'wattcast stations add' describes it "
                          "otherwise")


def _with_names(sources: Sources, given: Description, known: Mapping[str, Description]) -> DataConfig:
    """What is given, and what the names of the files say if stations are known: whose they are, and that they are
    stations of their own."""
    config = config_of(given)
    files = files_in(sources.path, config, known)
    if config.station is None and (name := named_like(files, sources.path, known)):
        # Whatever its files were before, what lies in a folder of its own is its.
        one = {"folder": "one"} if sources.path.is_dir() and sources.path.resolve().name == name else {}
        return config_of({**known[name], **one, **given, "station": name})
    if config.station is not None:
        return config
    if not sources.path.is_dir():
        return config_of({**given, "station": new_name(files[0])}) if _of_one(files, config) else config
    if config.folder is not None:
        return config
    beside = [file for file in files if file.parent == sources.path]
    if len(beside) > 1 and (name := shared_name(beside)) and all(_of_one([file], config) for file in beside):
        return config_of({**given, "folder": "stations", "station": name})
    groups = groups_by_station(beside, frozenset(known), partial(has_power, config=config), growing=True)
    told = set(known) & set(groups) or len(groups) < len(groups_by_name(beside))
    return config_of({**given, "folder": "stations"}) if told or _of_one(beside, config) else config


def _of_one(files: Sequence[Path], config: DataConfig) -> bool:
    """Whether there is a single file, and no column in it tells stations apart."""
    return len(files) == 1 and (columns := columns_of(files[0], config)) is not None and columns.station is None


def _as_known(sources: Sources, given: Description, known: Mapping[str, Description]) -> Source | None:
    """A path that is written as those of some known stations; None if it is not. Others that it holds may be written
    otherwise: each is opened by its own description."""
    # Not by what is kept of it: any weather could be that of the only station that there is.
    strangers = Sources(sources.path, sources.wanted)
    ways: dict[str, list[str]] = {}
    for name, description in known.items():
        config = config_of({**description, **given})
        ways.setdefault(config.model_dump_json(exclude=OF_ONE_STATION), []).append(name)
    for names in ways.values():
        # Who has no column of stations is the only one that is written so.
        config = config_of({**known[names[0]], **given, "station": names[0]})
        try:
            source = strangers.open(config)
        except InputError:
            continue
        if set(source.station_ids) & set(names) and (len(source.station_ids) > 1 or len(names) == 1):
            return source
    return None


def name_below(file: Path, path: Path) -> str:
    """What a file is called in what is kept of it: its place below the path, or its name. A link is called like
    itself, wherever it leads. Bytes that are no UTF-8 are told as `\\xe9`, so that every store can keep the name."""
    place = next((root for root in (path, path.resolve()) if root.is_dir() and file.is_relative_to(root)), file.parent)
    return os.fsencode(file.relative_to(place)).decode("utf-8", "backslashreplace")


def readable(files: Sequence[Path], read: Callable[[Sequence[Path]], object],
             ) -> tuple[list[Path], dict[Path, DataError]]:
    """Those of some files that can be read, and why the others cannot: found by halves, so that a few wrong ones among
    thousands cost little."""
    try:
        read(files)
    except DataError as error:
        if len(files) == 1:
            return [], {files[0]: error}
    else:
        return list(files), {}
    half = len(files) // 2
    (first, wrong), (second, others) = readable(files[:half], read), readable(files[half:], read)
    return [*first, *second], {**wrong, **others}


def cut_for_good(waiting: Mapping[Path, str]) -> list[DataError]:
    """What to tell of files that are not whole, for the reason that is given, and that nobody writes to any more."""
    return [DataError(f"{file} {why}", found=f"not changed for {WAITS / 3600:g} h or longer", expected="a whole file",
                      hint="copy it again; if nothing is missing, end its last line with a line break")
            for file, why in waiting.items() if _age(file) > WAITS]


def _age(file: Path) -> float:
    """How long ago it was changed [seconds]; one that has gone meanwhile, or got another name, is as good as new."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
