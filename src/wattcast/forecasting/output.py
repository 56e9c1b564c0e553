"""The file that users load elsewhere: one row for each quarter-hour of the horizon."""

from pathlib import Path

import pandas as pd

from wattcast.contracts import ADJUSTABLE, Forecast, Station
from wattcast.errors import ConfigError
from wattcast.forecasting.postprocess import target_columns
from wattcast.store.files import written_aside

SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""Kinds of tables that are written; more are read."""

DECIMALS = 4
"""Of what is filed. [decimals]"""


def forecast_table(forecast: Forecast, station: Station) -> pd.DataFrame:
    """`station_id, origin, time, lead`, then each target with its quantiles, then `adjustable_power`; a row a step.

    Times are written the way the station's source wrote them: local without an offset, or with one.
    """
    columns = [column for target in station.targets for column in target_columns(target)]
    if ADJUSTABLE in forecast.table:
        columns.append(ADJUSTABLE)
    table = forecast.table[columns].round(DECIMALS)
    times, origin = pd.DatetimeIndex(table.index), forecast.origin
    if station.naive_time:
        times, origin = times.tz_localize(None), origin.tz_localize(None)
    table = table.reset_index(drop=True)
    for name, values in (("lead", range(1, len(table) + 1)), ("time", times.astype(str)), ("origin", str(origin)),
                         ("station_id", forecast.station_id)):
        table.insert(0, name, values)
    return table


def require_table_name(path: Path) -> None:
    """Nothing, unless the file's name does not say what kind of table it is to be.

    Raises:
        ConfigError: it has another ending, or none.
    """
    if path.name.lower().endswith(SUFFIXES):
        return
    raise ConfigError(f"cannot write {path}: its name does not end as that of a table",
                      found=path.suffix or "no ending", expected=" or ".join(SUFFIXES),
                      hint="give another name with --out")


def write_forecasts(tables: list[pd.DataFrame], path: Path) -> None:
    """All tables one below the other: CSV, gzipped CSV or Parquet by the name's ending.

    Raises:
        DataError: the place cannot be written to.
    """
    table = pd.concat(tables, ignore_index=True)
    packed = {"method": "gzip", "mtime": 0}     # without the time of writing: the same forecast, the same file
    with written_aside(path) as aside:
        ending = path.suffix.lower()
        if ending == ".parquet":
            table.to_parquet(aside, index=False)
        else:
            table.to_csv(aside, index=False, compression=packed if ending == ".gz" else None)
