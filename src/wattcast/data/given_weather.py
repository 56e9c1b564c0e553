"""Weather that is given with a forecast: a file, a folder of daily files, or a data frame."""

import logging
from pathlib import Path

import pandas as pd

from wattcast.contracts import Station
from wattcast.data import weather
from wattcast.data.frames import with_columns
from wattcast.data.quality import Finding
from wattcast.data.schema import DataConfig, WeatherVintages
from wattcast.data.tables import require_exists
from wattcast.errors import DataError, listing

logger = logging.getLogger("wattcast")

WEATHER_FRAME = "frame of the weather"


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
