"""From a path and a description to stations: one cleaned table each, and what was found in it."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Station
from wattcast.data import weather
from wattcast.data.assembly import Forecasts, RawStation, assemble
from wattcast.data.columns import Columns, resolve
from wattcast.data.contents import Contents, contents_of, own_files
from wattcast.data.files import (
    Kept,
    columns_of,
    elsewhere,
    forecast_table,
    has_power,
    issued_files,
    left_out,
    newest_that_fits,
    nothing_kept,
    power_in_one,
    read_files,
    require_no_power,
    shape_of,
    total_power,
    without_measurements,
)
from wattcast.data.folders import forecast_files, month_files
from wattcast.data.frames import as_table, with_columns
from wattcast.data.ids import to_ids
from wattcast.data.plants import Verdict, groups_by_station, parts_of, tell_stations
from wattcast.data.quality import QualityReport
from wattcast.data.schema import DataConfig, StationData
from wattcast.data.tables import Table, require_exists, stem
from wattcast.errors import DataError, listing, nearest

logger = logging.getLogger("wattcast")

FRAME = "data frame"

Wanted = Callable[[Path], bool]
"""Which of a folder's files are to be read."""


def _every(_: Path) -> bool:
    return True


def _nobody(_: str) -> None:
    return None


@dataclass(frozen=True)
class Known:
    """What is known of stations before their files are opened.

    Attributes:
        names: of all; what is called after one is its own.
        station: as its measurements are kept; None where none are. It tells the columns of files without power.
    """

    names: frozenset[str] = frozenset()
    station: Callable[[str], Station | None] = _nobody


NOBODY = Known()


def _kept(known: Known, station_id: str) -> Kept:
    return nothing_kept if known is NOBODY else partial(known.station, station_id)


def _no_files(_: str) -> tuple[Path, ...]:
    return ()


@dataclass(frozen=True)
class Source:
    """Measurements of one or more stations, made by `open_source` and `open_frame`.

    `name` is for messages; `note` tells how the stations were told apart; `files` are those that a station's rows and
    issued weather forecasts are read from; `folder` is what the files of a folder were taken for (`data.folder`).
    """

    name: str
    config: DataConfig
    station_ids: tuple[str, ...]
    load: Callable[[str], RawStation]
    note: str | None = None
    files: Callable[[str], tuple[Path, ...]] = field(default=_no_files)
    folder: Literal["stations", "one"] | None = None

    def read(self, station_id: str | None = None, *, whole: bool = True,
             tell: bool = True) -> tuple[StationData, QualityReport]:
        """One station's cleaned data, and what was found in it.

        Args:
            station_id: one of `station_ids`; may be left out if the configuration names it or there is only one.
            whole: its rows are all that there is; otherwise power may be missing from them.
            tell: log what was taken for what and which columns are ignored, which the report says, too.

        Raises:
            DataError: there is no such station, or its data cannot be used.
        """
        station_id = self._choose(station_id or self.config.station)
        data, report = assemble(self.load(station_id), station_id, self.config, whole=whole)
        for note in report.notes if tell else ():
            logger.info("station %s: %s", station_id, note)
        if report.ignored and tell:
            logger.info("station %s: columns without a role are ignored: %s", station_id, ", ".join(report.ignored))
        return data, report

    def _choose(self, station_id: str | None) -> str:
        if station_id is None:
            if len(self.station_ids) > 1:
                raise DataError(f"{self.name} holds {len(self.station_ids)} stations", found=listing(self.station_ids),
                                hint="name one of them in the configuration, data.station, or give only its rows"
                                if self.name == FRAME else
                                "choose one with --station" + (f"; {self.note}" if self.note else ""))
            station_id = self.station_ids[0]
        if station_id not in self.station_ids:
            close = nearest(station_id, self.station_ids)
            single = ("correct data.station, or leave it out" if self.name == FRAME else
                      "leave --station out, or name the station under data.station")
            raise DataError(f"{self.name} has no station {station_id!r}", found=listing(self.station_ids, limit=40),
                            hint=f"did you mean {close}?" if close else
                            "choose one of these" if len(self.station_ids) > 1 else single)
        # Its models get a folder of this name.
        if station_id in ("", ".", "..") or any(sign in station_id for sign in "/\\:\0\r\n"):
            raise DataError(f"the station id {station_id!r} cannot be the name of a folder",
                            expected="no path separators", hint="give the station another id")
        return station_id


def open_source(path: Path, config: DataConfig, wanted: Wanted = _every, known: Known = NOBODY) -> Source:
    """The stations of a file, of a folder of files, each a station or all parts of one, or of folders for each.

    Args:
        path: of the file or the folder.
        config: how it is described.
        wanted: of a folder, the files that are read; all tell what is a station of its own. A station that has none of
            them is left out.
        known: what is known of stations.

    Raises:
        DataError: the path is missing, holds no station, or its columns do not fit the configuration.
    """
    require_exists(path)
    if path.is_dir():
        return _open_folder(path, config, wanted, known)
    return _of_one_table(str(path), [path], config.station or stem(path), path, config, known)


def files_in(path: Path, config: DataConfig, known: Collection[str] = ()) -> tuple[Path, ...]:
    """The files that `open_source` reads measurements or weather forecasts from; `known` are stations.

    Raises:
        DataError: the path is missing, or holds none.
    """
    require_exists(path)
    return contents_of(path, config, known).files if path.is_dir() else (path,)


def _open_folder(path: Path, config: DataConfig, wanted: Wanted, known: Known) -> Source:
    found = contents_of(path, config, known.names)
    if found.mixed:
        return _of_all(found, config, wanted, known)
    if found.stations:
        return _of_folders(path, found.stations, config, wanted, known)
    if found.nested:
        told = f"{len(found.nested)} folders in {path.name} are stations"
        return replace(_of_files(path, Verdict(found.nested, told), config, wanted, known), folder=None)
    files = list(found.files)
    plants = _plants(path, files, config, known)
    if plants.stations:
        return _of_files(path, plants, config, wanted, known)
    notes = _notes(path, plants, known)
    return _of_one_table(str(path), list(filter(wanted, files)), config.station or path.resolve().name, path, config,
                         known, notes, files)


def _notes(path: Path, plants: Verdict, known: Known) -> tuple[str, ...]:
    # Who takes in a folder for many stations tells once, by `Contents.unseen`, what is not read of it.
    return tuple(filter(None, (plants.note, left_out(path) if known is NOBODY else None)))


def _of_all(found: Contents, config: DataConfig, wanted: Wanted, known: Known) -> Source:
    """The stations of a folder with several kinds of contents, of which some are known."""
    groups = _groups(found.loose, config, known)
    files = {name: [*found.nested.get(name, ()), *groups.get(name, ())] for name in (*found.nested, *groups)}
    beside = _of_files(found.path, Verdict(files, None, parts_of(groups)), config, wanted, known)
    folders = _of_folders(found.path, found.stations, config, wanted, known)

    def load(chosen: str) -> RawStation:
        if chosen in folders.station_ids and chosen in beside.station_ids:
            raise DataError(f"station {chosen} has files in a folder of the predecessor's kind and others beside it",
                            found=listing(beside.files(chosen)), hint="keep them in one place, or take them in one "
                            "after the other")
        return (folders if chosen in folders.station_ids else beside).load(chosen)

    def all_files(chosen: str) -> tuple[Path, ...]:
        return tuple(file for source in (folders, beside) if chosen in source.station_ids
                     for file in source.files(chosen))

    ids = tuple(dict.fromkeys((*folders.station_ids, *beside.station_ids)))
    return Source(str(found.path), config, ids, load, files=all_files, folder="stations")


def _of_folders(path: Path, stations: dict[str, Path], config: DataConfig, wanted: Wanted, known: Known) -> Source:
    """The predecessor's."""
    own = {name: tuple(filter(wanted, own_files(folder))) for name, folder in stations.items()}
    ids = tuple(name for name, files in own.items() if files)
    return Source(str(path), config, ids, partial(_from_folder, stations, config, wanted, known), files=own.__getitem__)


def _of_files(path: Path, plants: Verdict, config: DataConfig, wanted: Wanted, known: Known) -> Source:
    """Stations with files of their own."""
    every = {name: tuple(filter(wanted, files)) for name, files in (plants.stations or {}).items()}
    stations = {name: files for name, files in every.items() if files}
    notes = _notes(path, plants, known)

    def load(chosen: str) -> RawStation:
        files, every = stations[chosen], (plants.stations or {})[chosen]
        source = str(files[0]) if len(files) == 1 else f"{path}, station {chosen}"
        if chosen in plants.parts:
            require_no_power(files, chosen, config)
        made = _raw(source, files, every, config, _kept(known, chosen), _issued_forecasts(path, config))
        _require_single(made)
        return replace(made, notes=notes)

    return Source(str(path), config, tuple(stations), load, plants.note, stations.__getitem__, "stations")


def _require_single(raw: RawStation) -> None:
    """Nothing, unless a column tells several stations apart where all rows are one's."""
    column = raw.columns.station
    ids = [] if column is None else to_ids(raw.table.frame[column], raw.table.place).dropna().unique()
    if len(ids) > 1:
        raise DataError(f"{raw.source} is one station's, as it lies, and its column {column!r} names {len(ids)}",
                        found=listing(sorted(map(str, ids))),
                        hint="give it by itself, with --data or as a place of nightly.inbox")


def _raw(source: str, files: Sequence[Path], every: Sequence[Path], config: DataConfig, kept: Kept,
         forecasts: Forecasts | None) -> RawStation:
    """The rows of a station's files, and the forecasts that were issued, which may lie in some of them; `every` is as
    the others of `read_files`."""
    issued = [] if kept is nothing_kept else issued_files(files, config)
    station = kept() if issued else None
    if station is None:
        table, columns = read_files(files, config, source, every, kept)
        return RawStation(source, table, columns, forecasts)
    rest = [file for file in files if file not in issued]
    table, columns = (read_files(rest, config, source, every, kept) if rest else
                      without_measurements(issued[0], station, config))
    return RawStation(source, table, columns, partial(weather.read_issued_tables, issued, config=config))


def _of_one_table(name: str, files: Sequence[Path], station_id: str, path: Path, config: DataConfig, known: Known,
                  notes: tuple[str, ...] = (), others: Sequence[Path] = ()) -> Source:
    """The station or stations of some files' rows; `others` are as `read_files` has them."""
    if known is not NOBODY and path.resolve().name != station_id:
        require_no_power(files, station_id, config)
    made = _raw(name, files, others, config, _kept(known, station_id), _issued_forecasts(path, config))
    table, columns = made.table, made.columns
    source = _source(name, table, columns, station_id, made.forecasts, config, notes)
    folder: Literal["one"] | None = "one" if path.is_dir() and columns.station is None else None
    return replace(source, files=lambda _: tuple(files), folder=folder)


def open_frame(frame: pd.DataFrame, config: DataConfig) -> Source:
    """The stations of a data frame; times, or stations and times, may be its index.

    Raises:
        DataError: the frame is empty, repeats a column, has levels of columns, or does not fit the configuration.
    """
    frame = with_columns(frame, config, FRAME)
    header, wide = list(frame.columns), shape_of(list(frame.columns), config)
    columns = resolve(header if wide is None else wide.header(header), config, f"the {FRAME}",
                      elsewhere=elsewhere(config))
    used = (*columns.used, *(wide.slots if wide else ()))
    table = as_table(frame[[name for name in header if name in used]], FRAME)
    table = table if wide is None else wide.long(table)
    return _source(FRAME, table, columns, config.station or "station", _issued_forecasts(Path(), config), config)


def _source(name: str, table: Table, columns: Columns, station_id: str, forecasts: Forecasts | None,
            config: DataConfig, notes: tuple[str, ...] = ()) -> Source:
    """The stations of a table; `station_id` is the name of the one station if no column tells them apart."""
    if columns.station is None:
        return Source(name, config, (station_id,), lambda _: RawStation(name, table, columns, forecasts, notes))
    rows = _rows_by_station(table, columns.station)
    return Source(name, config, tuple(rows), lambda chosen: RawStation(
        f"{name}, station {chosen}", table.take(rows[chosen]), columns, forecasts, notes))


def _from_folder(stations: dict[str, Path], config: DataConfig, wanted: Wanted, known: Known,
                 station_id: str) -> RawStation:
    folder = stations[station_id]
    every, kept = month_files(folder), _kept(known, station_id)
    issued = {file: day for file, day in forecast_files(folder).items() if wanted(file)}
    # Weather that comes alone belongs to rows that are there, or to what is kept.
    months = [file for file in every if wanted(file)] or (newest_that_fits(every, config) if every else [])
    station = None if months else kept()
    if months:
        table, columns = read_files(months, config, str(months[0] if len(months) == 1 else folder), every, kept)
    elif station is not None:
        table, columns = without_measurements(next(iter(issued)), station, config)
    else:
        raise DataError(f"{folder} has weather forecasts and no measurements", expected=f"{folder.name}/data/data-"
                        f"{folder.name}-YYYY-MM.csv", hint="take its measurements in first")
    daily = partial(weather.read_daily_files, issued, config=config) if issued else None
    return RawStation(str(folder), table, columns, daily or _issued_forecasts(folder, config))


def _plants(path: Path, files: list[Path], config: DataConfig, known: Known) -> Verdict:
    """Whether the files are stations of their own; never if a column tells the stations apart."""
    files = [file for file in files if file.stat().st_size > 0 or config.folder == "stations"]
    columns = [columns_of(file, config) for file in files] if len(files) > 1 and config.folder is None else []
    if any(each is not None and each.station for each in columns):
        return Verdict(None)
    if alone := power_in_one(files, columns, config):
        return Verdict(None, f"{len(files)} files are parts of one station, as only {alone} has power (data.folder)")
    groups = _groups(files, config, known)
    return tell_stations(path, files, groups, config.folder, config.station, partial(total_power, config=config))


def _groups(files: Sequence[Path], config: DataConfig, known: Known) -> dict[str, list[Path]]:
    return groups_by_station(files, known.names, partial(has_power, config=config), growing=known is not NOBODY)


def _rows_by_station(table: Table, column: str) -> dict[str, npt.NDArray[np.intp]]:
    ids = to_ids(table.frame[column], table.place)
    nameless = ids.index[ids.isna()]
    if len(nameless):
        raise DataError(f"{table.place(int(nameless[0]))}: the column {column!r} does not say which station it is",
                        found=f"{len(nameless)} rows without a station")
    rows = ids.groupby(ids).indices
    return {name: np.asarray(rows[name], dtype=np.intp) for name in sorted(map(str, rows))}


def _issued_forecasts(path: Path, config: DataConfig) -> Forecasts | None:
    file = forecast_table(path, config)
    return None if file is None else partial(weather.read_issued_table, file, config=config)
