"""The measurements that a station's models were trained on and those that came in since, so that an update needs only
the new rows.

    models/<station>/history/measurements.parquet
    models/<station>/history/weather_forecasts.parquet    where there are issued ones
"""

from pathlib import Path

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError
from wattcast.store.files import written_aside

MEASUREMENTS, FORECASTS = "measurements.parquet", "weather_forecasts.parquet"


def save_history(folder: Path, data: StationData) -> None:
    """Replace what is kept by `data`. The forecasts go first: killed in between, some are there ahead of their rows.

    Raises:
        DataError: the place cannot be written to.
    """
    if data.vintages is None:
        (folder / FORECASTS).unlink(missing_ok=True)
    else:
        with written_aside(folder / FORECASTS) as aside:
            data.vintages.table.to_parquet(aside)
    with written_aside(folder / MEASUREMENTS) as aside:
        data.frame.to_parquet(aside)


def load_history(folder: Path, station: Station) -> StationData | None:
    """What is kept, for the station as its model knows it; None where nothing is, or of other columns.

    Raises:
        DataError: a file is damaged.
    """
    if not (folder / MEASUREMENTS).exists():
        return None
    frame = _read(folder / MEASUREMENTS)
    if tuple(frame.columns) != station.columns:
        return None
    forecasts = folder / FORECASTS
    return StationData(station, frame, WeatherVintages(_read(forecasts)) if forecasts.exists() else None)


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged", found=str(error).splitlines()[0],
                        hint="delete it and give the whole history once") from None
