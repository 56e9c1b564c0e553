"""The predecessor's folders: `<root>/<id>/data/data-<id>-YYYY-MM.csv` beside `<root>/<id>/forcaster/`."""

import re
from collections.abc import Collection
from pathlib import Path

from wattcast.data.weather import DAILY_FILE, daily_files

MONTH = r"\d{4}-\d{2}\.csv(\.gz)?"


def station_folders(root: Path, known: Collection[str] = ()) -> dict[str, Path]:
    """The stations under `root`, or `root` itself if it is a station's folder, by id; of `known` ones also such as have
    weather forecasts alone."""
    root = root.resolve()
    folders = [root, *sorted(entry for entry in root.iterdir() if entry.is_dir())]
    return {folder.name: folder for folder in folders
            if month_files(folder) or (folder.name in known and has_forecasts(folder))}


def has_forecasts(folder: Path) -> bool:
    """Whether there are weather forecasts of the station that the folder is called like."""
    forecasts = folder / "forcaster"
    found = (DAILY_FILE.fullmatch(entry.name) for entry in forecasts.iterdir()) if forecasts.is_dir() else ()
    return any(match is not None and match["station"] == folder.name for match in found)


def month_files(folder: Path) -> list[Path]:
    """A station's files with measurements, oldest first."""
    pattern = re.compile(rf"data-{re.escape(folder.name)}-{MONTH}")
    data = folder / "data"
    return sorted(path for path in data.iterdir() if pattern.fullmatch(path.name)) if data.is_dir() else []


def forecast_files(folder: Path) -> dict[Path, str]:
    """A station's files with weather forecasts and the days at whose start they were issued."""
    forecasts = folder / "forcaster"
    return daily_files(forecasts, folder.name) if forecasts.is_dir() else {}
