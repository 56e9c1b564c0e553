"""From a path and a description to stations: one cleaned table each, and what was found in it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.contracts import Station
from wattcast.data import weather
from wattcast.data.assembly import Forecasts, RawStation, assemble
from wattcast.data.columns import Columns, resolve
from wattcast.data.folders import forecast_files, month_files, station_folders
from wattcast.data.frames import as_table, with_columns
from wattcast.data.quality import Finding, QualityReport
from wattcast.data.schema import DataConfig, StationData, WeatherVintages
from wattcast.data.tables import SUFFIXES, Table, is_table, read_header, read_table, require_exists, stem
from wattcast.data.values import to_codes
from wattcast.errors import DataError, listing, nearest

logger = logging.getLogger("wattcast")

FRAME, WEATHER_FRAME = "data frame", "frame of the weather"


@dataclass(frozen=True)
class Source:
    """Measurements of one or more stations, made by `open_source` and `open_frame`; `name` is for messages."""

    name: str
    config: DataConfig
    station_ids: tuple[str, ...]
    load: Callable[[str], RawStation]

    def read(self, station_id: str | None = None, *, whole: bool = True) -> tuple[StationData, QualityReport]:
        """One station's cleaned data, and what was found in it.

        Args:
            station_id: one of `station_ids`; may be left out if the configuration names it or there is only one.
            whole: its rows are all that there is; otherwise power may be missing from them.

        Raises:
            DataError: there is no such station, or its data cannot be used.
        """
        station_id = self._choose(station_id or self.config.station)
        data, report = assemble(self.load(station_id), station_id, self.config, whole=whole)
        if report.ignored:
            logger.info("station %s: columns without a role are ignored: %s", station_id, ", ".join(report.ignored))
        return data, report

    def _choose(self, station_id: str | None) -> str:
        if station_id is None:
            if len(self.station_ids) > 1:
                raise DataError(f"{self.name} holds {len(self.station_ids)} stations", found=listing(self.station_ids),
                                hint="name one of them in the configuration, data.station, or give only its rows"
                                if self.name == FRAME else "choose one with --station")
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


def open_source(path: Path, config: DataConfig) -> Source:
    """The stations of a file, of a folder of files (read as one, in the order of their names) or of folders for each.

    Raises:
        DataError: the path is missing, holds no station, or its columns do not fit the configuration.
    """
    require_exists(path)
    stations = station_folders(path) if path.is_dir() else {}
    if stations:
        return Source(str(path), config, tuple(stations), partial(_from_folder, stations, config))
    table, columns = _read(_files(path, config), config, str(path))
    station_id = config.station or (path.resolve().name if path.is_dir() else stem(path))
    return _source(str(path), table, columns, station_id, _issued_forecasts(path, config), config)


def open_frame(frame: pd.DataFrame, config: DataConfig) -> Source:
    """The stations of a data frame; times, or stations and times, may be its index.

    Raises:
        DataError: the frame is empty, repeats a column, has levels of columns, or does not fit the configuration.
    """
    frame = with_columns(frame, config, FRAME)
    columns = resolve(list(frame.columns), config, f"the {FRAME}", elsewhere=_elsewhere(config))
    table = as_table(frame[[name for name in frame.columns if name in columns.used]], FRAME)
    return _source(FRAME, table, columns, config.station or "station", _issued_forecasts(Path(), config), config)


def _source(name: str, table: Table, columns: Columns, station_id: str, forecasts: Forecasts | None,
            config: DataConfig) -> Source:
    """The stations of a table; `station_id` is the name of the one station if no column tells them apart."""
    if columns.station is None:
        return Source(name, config, (station_id,), lambda _: RawStation(name, table, columns, forecasts))
    rows = _rows_by_station(table, columns.station)
    return Source(name, config, tuple(rows), lambda chosen: RawStation(
        f"{name}, station {chosen}", table.take(rows[chosen]), columns, forecasts))


def _from_folder(stations: dict[str, Path], config: DataConfig, station_id: str) -> RawStation:
    folder = stations[station_id]
    table, columns = _read(month_files(folder), config, str(folder))
    issued = forecast_files(folder)
    daily = partial(weather.read_daily_files, issued, config=config) if issued else None
    return RawStation(str(folder), table, columns, daily or _issued_forecasts(folder, config))


def _files(path: Path, config: DataConfig) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [entry for entry in sorted(path.iterdir()) if is_table(entry) and entry != _forecast_table(path, config)]
    if not files:
        raise DataError(f"there is no station in the folder {path}",
                        found=listing(sorted(entry.name for entry in path.iterdir())),
                        expected=f"<id>/data/data-<id>-YYYY-MM.csv, or files that end in {', '.join(SUFFIXES)}")
    return files


def _read(files: list[Path], config: DataConfig, source: str) -> tuple[Table, Columns]:
    """Every file must have what a station cannot do without; other columns may begin in a later one.

    Of several files those without content are left out: one bad night is no reason to read none.
    """
    elsewhere, filled = _elsewhere(config), [file for file in files if file.stat().st_size > 0]
    if filled and len(filled) < len(files):
        logger.warning("%s: %d of %d files have no content and are left out", source, len(files) - len(filled),
                       len(files))
    files = filled or files
    headers = {file: read_header(file) for file in files}
    for file, header in headers.items():
        resolve(header, config, str(file), elsewhere=elsewhere)
    union = list(dict.fromkeys(name for header in headers.values() for name in header))
    columns = resolve(union, config, source, elsewhere=elsewhere)
    return read_table(files, columns.used, columns.texts), columns


def _elsewhere(config: DataConfig) -> tuple[str, ...]:
    """Columns that a separate table of forecasts may have instead."""
    return config.known_future if config.weather_forecasts else ()


def _rows_by_station(table: Table, column: str) -> dict[str, npt.NDArray[np.intp]]:
    ids = to_codes(table.frame[column])
    nameless = ids.index[ids.isna()]
    if len(nameless):
        raise DataError(f"{table.place(int(nameless[0]))}: the column {column!r} does not say which station it is",
                        found=f"{len(nameless)} rows without a station")
    rows = ids.groupby(ids).indices
    return {name: np.asarray(rows[name], dtype=np.intp) for name in sorted(map(str, rows))}


def _forecast_table(path: Path, config: DataConfig) -> Path | None:
    if config.weather_forecasts is None:
        return None
    return (path if path.is_dir() else path.parent) / config.weather_forecasts.path


def _issued_forecasts(path: Path, config: DataConfig) -> Forecasts | None:
    file = _forecast_table(path, config)
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
    issued = path.is_dir() or weather.has_issue_times(path, config)
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
