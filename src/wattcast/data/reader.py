"""From a path and a description to stations: one cleaned table each, and what was found in it."""

import logging
from collections.abc import Callable, Sequence
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
from wattcast.data.files import (
    columns_of,
    dated_files,
    elsewhere,
    forecast_table,
    left_out,
    newest_that_fits,
    power_in_one,
    read_files,
    shape_of,
    tables_in,
    total_power,
)
from wattcast.data.folders import forecast_files, month_files, station_folders
from wattcast.data.frames import as_table, with_columns
from wattcast.data.ids import to_ids
from wattcast.data.plants import Verdict, tell_stations
from wattcast.data.quality import Finding, QualityReport
from wattcast.data.schema import DataConfig, StationData, WeatherVintages
from wattcast.data.tables import SUFFIXES, Table, require_exists, stem
from wattcast.errors import DataError, listing, nearest

logger = logging.getLogger("wattcast")

FRAME, WEATHER_FRAME = "data frame", "frame of the weather"

Wanted = Callable[[Path], bool]
"""Which of a folder's files are to be read."""


def _every(_: Path) -> bool:
    return True


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


def open_source(path: Path, config: DataConfig, wanted: Wanted = _every) -> Source:
    """The stations of a file, of a folder of files, each a station or all parts of one, or of folders for each.

    Args:
        path: of the file or the folder.
        config: how it is described.
        wanted: of a folder, the files that are read; all tell what is a station of its own. A station that has none of
            them is left out.

    Raises:
        DataError: the path is missing, holds no station, or its columns do not fit the configuration.
    """
    require_exists(path)
    if path.is_dir():
        return _open_folder(path, config, wanted)
    return _of_one_table(str(path), [path], config.station or stem(path), path, config)


def files_in(path: Path, config: DataConfig) -> tuple[Path, ...]:
    """The files that `open_source` reads measurements or the predecessor's weather forecasts from.

    Raises:
        DataError: the path is missing, or holds none.
    """
    require_exists(path)
    if not path.is_dir():
        return (path,)
    if stations := station_folders(path):
        return tuple(file for folder in stations.values() for file in _own_files(folder))
    nested = _nested(path, config)
    return tuple(file for files in nested.values() for file in files) if nested else tuple(_files(path, config))


def _open_folder(path: Path, config: DataConfig, wanted: Wanted) -> Source:
    if stations := station_folders(path):
        own = {name: tuple(filter(wanted, _own_files(folder))) for name, folder in stations.items()}
        ids = tuple(name for name, files in own.items() if files)
        return Source(str(path), config, ids, partial(_from_folder, stations, config, wanted), files=own.__getitem__)
    if nested := _nested(path, config):
        told = f"{len(nested)} folders in {path.name} are stations"
        return replace(_of_files(path, Verdict(nested, told), config, wanted), folder=None)
    files = _files(path, config)
    plants = _plants(path, files, config)
    if plants.stations:
        return _of_files(path, plants, config, wanted)
    notes = tuple(filter(None, (plants.note, left_out(path))))
    return _of_one_table(str(path), list(filter(wanted, files)), config.station or path.resolve().name, path, config,
                         notes, files)


def _nested(path: Path, config: DataConfig) -> dict[str, list[Path]]:
    """The folders that are stations, where no tables lie beside them, and they are not called after dates."""
    nested = {entry.name: tables_in(entry, config) for entry in sorted(path.iterdir()) if entry.is_dir()}
    nested = {name: files for name, files in nested.items() if files}
    if config.folder == "stations":
        return {} if nested and tables_in(path, config) else nested
    return {} if nested and dated_files(path, config) else nested


def _of_files(path: Path, plants: Verdict, config: DataConfig, wanted: Wanted) -> Source:
    """Stations with files of their own."""
    every = {name: tuple(filter(wanted, files)) for name, files in (plants.stations or {}).items()}
    stations = {name: files for name, files in every.items() if files}
    notes = tuple(filter(None, (plants.note, left_out(path))))

    def load(chosen: str) -> RawStation:
        files = stations[chosen]
        source = str(files[0]) if len(files) == 1 else f"{path}, station {chosen}"
        table, columns = read_files(files, config, source, (plants.stations or {})[chosen])
        return RawStation(source, table, columns, _issued_forecasts(path, config), notes)

    return Source(str(path), config, tuple(stations), load, plants.note, stations.__getitem__, "stations")


def _of_one_table(name: str, files: Sequence[Path], station_id: str, path: Path, config: DataConfig,
                  notes: tuple[str, ...] = (), others: Sequence[Path] = ()) -> Source:
    """The station or stations of some files' rows; `others` are as `read_files` has them."""
    table, columns = read_files(files, config, name, others)
    source = _source(name, table, columns, station_id, _issued_forecasts(path, config), config, notes)
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


def _own_files(folder: Path) -> tuple[Path, ...]:
    """All that the predecessor keeps of a station."""
    return (*month_files(folder), *forecast_files(folder))


def _from_folder(stations: dict[str, Path], config: DataConfig, wanted: Wanted, station_id: str) -> RawStation:
    folder = stations[station_id]
    every = month_files(folder)
    # Weather that comes alone belongs to rows that are there.
    months = [file for file in every if wanted(file)] or newest_that_fits(every, config)
    table, columns = read_files(months, config, str(months[0] if len(months) == 1 else folder), every)
    issued = {file: day for file, day in forecast_files(folder).items() if wanted(file)}
    daily = partial(weather.read_daily_files, issued, config=config) if issued else None
    return RawStation(str(folder), table, columns, daily or _issued_forecasts(folder, config))


def _files(path: Path, config: DataConfig) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = dated_files(path, config)
    if not files:
        raise DataError(f"there is no station in the folder {path}",
                        found=listing(sorted(entry.name for entry in path.iterdir())),
                        expected=f"<id>/data/data-<id>-YYYY-MM.csv, or files that end in {', '.join(SUFFIXES)}")
    return files


def _plants(path: Path, files: list[Path], config: DataConfig) -> Verdict:
    """Whether the files are stations of their own; never if a column tells the stations apart."""
    files = [file for file in files if file.stat().st_size > 0 or config.folder == "stations"]
    columns = [columns_of(file, config) for file in files] if len(files) > 1 and config.folder is None else []
    if any(each is not None and each.station for each in columns):
        return Verdict(None)
    if alone := power_in_one(files, columns, config):
        return Verdict(None, f"{len(files)} files are parts of one station, as only {alone} has power (data.folder)")
    return tell_stations(path, files, config.folder, config.station, partial(total_power, config=config))


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


def read_weather(path: Path, station: Station, config: DataConfig) -> pd.DataFrame | WeatherVintages:
    """Weather for a forecast: a file with times and any known-future columns, or a folder of daily files.

    Returns:
        `[T, columns]` indexed by `time`, only the steps that the file has; `WeatherVintages` if it tells when the
        forecasts were issued.

    Raises:
        DataError: the path is missing, or none of its columns is a known-future one of the station.
    """
    require_exists(path)
    issued = path.is_dir() or weather.has_issue_times(path, station, config)
    if path.is_dir():
        table, findings = weather.read_daily_files(_daily_files(path, station), station, config)
    elif issued:
        table, findings = weather.read_issued_table(path, station, config)
    else:
        table, findings = weather.read_plain_table(path, station, config)
    return _told(str(path), table, findings, issued)


def weather_from_frame(frame: pd.DataFrame, station: Station, config: DataConfig) -> pd.DataFrame | WeatherVintages:
    """The same from a data frame; times, or their issue and times, may be its index.

    Raises:
        DataError: the frame is empty or cannot be used, or has none of the station's known-future columns.
    """
    (table, findings), issued = weather.read_frame(with_columns(frame, config, WEATHER_FRAME), WEATHER_FRAME, station,
                                                   config)
    return _told(f"the {WEATHER_FRAME}", table, findings, issued)


def _told(source: str, table: pd.DataFrame, findings: list[Finding], issued: bool) -> pd.DataFrame | WeatherVintages:
    for found in findings:
        logger.warning("%s: %s, %d times: %s", source, found.column or "files", found.count, found.action)
    return WeatherVintages(table) if issued else table.droplevel("issued")


def known_weather(weather: pd.DataFrame | WeatherVintages, origin: pd.Timestamp, source: str) -> pd.DataFrame:
    """What of a forecast's weather was known at the origin.

    Raises:
        DataError: all of it was issued later.
    """
    table = weather.as_of(origin) if isinstance(weather, WeatherVintages) else weather
    if table is None:
        raise DataError(f"no weather forecast in {source} was issued before {origin}",
                        hint="give an older one, or forecast without weather (--no-weather)")
    return table


def _daily_files(path: Path, station: Station) -> dict[Path, str]:
    folder = path / "forcaster" if (path / "forcaster").is_dir() else path
    files = weather.daily_files(folder, station.id)
    if not files:
        raise DataError(f"there is no weather forecast in {folder}", expected=f"forcaster-{station.id}-YYYY-MM-DD.csv",
                        found=listing(sorted(entry.name for entry in folder.iterdir())))
    return files
