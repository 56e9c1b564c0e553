"""The newest forecasts of a station as they were issued, kept to be compared with what comes in.

    models/<station>/forecasts/20250430T000000Z_20250430T013005123456Z.parquet      its origin, and when it was issued

What was issued is never overwritten: another forecast of the same origin is another file.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path

import pandas as pd

from wattcast.contracts import TARGETS, Forecast
from wattcast.store.files import written_aside

log = logging.getLogger("wattcast")

KEPT = 90
"""How many are kept: a quarter of a year with one a day. [forecasts]"""

ORIGIN, ISSUED = "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S%fZ"
TOLD = ("version", "issued", "weather", "quality")
"""Columns that say the same in every row."""


@dataclass(frozen=True, eq=False)
class KeptForecast:
    """A forecast's medians, the version that made it, and what it stood on.

    `issued` is None where that was not noted, and so are `weather`, what was known of the horizon (`issued`, `given`,
    `measured`, `none`), and `quality` (`ok`, `degraded`, `stale`).
    """

    origin: pd.Timestamp
    version: str
    table: pd.DataFrame
    issued: pd.Timestamp | None = None
    weather: str | None = None
    quality: str | None = None


def keep_forecast(folder: Path, forecast: Forecast, version: str, *, issued: pd.Timestamp, weather: str,
                  quality: str) -> Path:
    """Keep a forecast beside what was issued before; of the files the oldest beyond `KEPT` go.

    Returns:
        Its file.

    Raises:
        DataError: the place cannot be written to.
    """
    name = f"{_named(forecast.origin)}_{issued.tz_convert('UTC').strftime(ISSUED)}"
    path = next(path for number in count(1) if not (path := folder / f"{name}{_again(number)}.parquet").exists())
    medians = forecast.table[[name for name in TARGETS if name in forecast.table]]
    told = {"version": version, "issued": issued, "weather": weather, "quality": quality}
    with written_aside(path) as aside:
        medians.assign(**told).to_parquet(aside)
    for old in _files(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def kept_forecasts(folder: Path, since: pd.Timestamp | None = None) -> Iterator[KeptForecast]:
    """What is kept, oldest origin first; of an origin only what was issued last. A damaged file is named and left out.

    Args:
        folder: where they are.
        since: the first origin that is asked for; files of earlier ones are not opened. All if None.
    """
    wanted = (path for path in _files(folder) if since is None or _origin(path) >= _named(since))
    for _, files in groupby(wanted, key=_origin):
        kept = [found for found in map(_read, files) if found is not None]
        yield from kept[-1:]


def _files(folder: Path) -> list[Path]:
    """By origin, then by issue; those of earlier versions of the program have no issue in their name."""
    return sorted(folder.glob("[0-9]*.parquet"))


def _named(origin: pd.Timestamp) -> str:
    """In the name of a file: the later, the greater."""
    return f"{origin.tz_convert('UTC'):{ORIGIN}}"


def _origin(path: Path) -> str:
    return path.name.partition("_")[0].removesuffix(".parquet")


def _again(number: int) -> str:
    """Told apart where the same instant issues twice."""
    return "" if number == 1 else f"_{number:03d}"


def _read(path: Path) -> KeptForecast | None:
    try:
        table = pd.read_parquet(path)
        told = {name: table[name].iloc[0] for name in TOLD if name in table}
        return KeptForecast(table.index[0], str(told.pop("version")),
                            table.drop(columns=[name for name in TOLD if name in table]), **told)
    except (OSError, ValueError, LookupError) as error:
        log.warning("the stored forecast %s is damaged and is left out: %s", path, str(error).partition("\n")[0])
        return None
