"""The file that users load elsewhere: one row for each quarter-hour of the horizon."""

from collections.abc import Iterable
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
    return as_filed(forecast.table[columns], forecast.station_id, naive_time=station.naive_time,
                    origins=forecast.origin, leads=range(1, len(forecast.table) + 1))


def as_filed(values: pd.DataFrame, station_id: str, *, naive_time: bool, origins: pd.Timestamp | pd.Series,
             leads: Iterable[int]) -> pd.DataFrame:
    """Values of one station by time as they are written: `station_id, origin, time, lead` before them.

    Args:
        values: `[H, columns]`, rounded here.
        station_id: whose.
        naive_time: without an offset.
        origins: of all of them, or of each.
        leads: of each, from 1.
    """
    table, times, of = values.round(DECIMALS), pd.DatetimeIndex(values.index), pd.Series(origins, index=values.index)
    if naive_time:
        times, of = times.tz_localize(None), of.dt.tz_localize(None)
    table = table.reset_index(drop=True)
    for name, column in (("lead", list(leads)), ("time", times.astype(str)), ("origin", of.map(str).to_numpy()),
                         ("station_id", station_id)):
        table.insert(0, name, column)
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
