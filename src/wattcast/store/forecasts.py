"""The newest forecasts of a station, kept to be compared with what comes in.

    models/<station>/forecasts/20250430T000000Z.parquet
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wattcast.contracts import TARGETS, Forecast
from wattcast.store.files import written_aside

KEPT = 90
"""How many are kept: a quarter of a year with one a day."""


@dataclass(frozen=True, eq=False)
class KeptForecast:
    """A forecast's medians, and the version that made it."""

    origin: pd.Timestamp
    version: str
    table: pd.DataFrame


def keep_forecast(folder: Path, forecast: Forecast, version: str) -> None:
    """Keep a forecast in place of one from the same origin; the oldest beyond `KEPT` go.

    Raises:
        DataError: the place cannot be written to.
    """
    name = forecast.origin.tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ.parquet")
    with written_aside(folder / name) as aside:
        forecast.table[[name for name in TARGETS if name in forecast.table]].assign(version=version).to_parquet(aside)
    for path in sorted(folder.glob("*.parquet"))[:-KEPT]:
        path.unlink(missing_ok=True)


def kept_forecasts(folder: Path) -> Iterator[KeptForecast]:
    """What is kept, oldest first."""
    for path in sorted(folder.glob("*.parquet")):
        table = pd.read_parquet(path)
        yield KeptForecast(table.index[0], str(table["version"].iloc[0]), table.drop(columns="version"))
