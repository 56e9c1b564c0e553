"""Several rows of one station that tell of the same time: files have to tell the same, unless later ones correct, and
rows of several series are none of one station."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattcast.data.quality import times_of
from wattcast.data.tables import Table
from wattcast.errors import DataError, listing

ALIKE = 1e-6
"""Values that differ by less than this share are the same, written with fewer digits. [share]"""
SEVERAL, FEWEST = 0.25, 48
"""Share of the times, and so many at least, that are there with several values where rows are of several series."""
FEWEST_FORECASTS = 12
"""Half a day of hours: fewer times that a weather file tells differently are corrections. [number]"""
HALF_A_DAY = 12
"""Clocks that go round twice a day show so many hours. [number]"""


def require_agreement(power: pd.DataFrame, table: Table, station_id: str) -> None:
    """Nothing, if rows of different files agree wherever their times are the same.

    Args:
        power: the targets, in the order of the table's rows, indexed by instant.

    Raises:
        DataError: two files tell different values.
    """
    if len(table.files) < 2 or times_of(power).is_unique:
        return
    rows = power.assign(file=table.file_of(table.frame.index))[times_of(power).duplicated(keep=False)]
    # Within a file the later row counts, as everywhere.
    rows = rows.groupby(["time", "file"]).last().reset_index("file")
    for column in power.columns:
        known = rows[rows[column].notna()].groupby(level="time")
        values, files = known[column].agg(["first", "last"]), known["file"].agg(["first", "last"])
        apart = (known[column].max() - known[column].min()) > ALIKE * values.abs().max(axis=1)
        if not apart.any():
            continue
        time = apart.index[np.asarray(apart)][0]
        first, second = (table.files[int(number)].name for number in files.loc[time])
        raise DataError(
            f"{first} and {second} tell different values of {column} for station {station_id}",
            found=f"{values.loc[time, 'first']:g} and {values.loc[time, 'last']:g} at {time:%Y-%m-%d %H:%M}; "
                  f"{int(apart.sum())} times in all",
            expected="the same values wherever files of one station overlap",
            hint="if later files correct earlier ones: --set data.overlap=later; if each file is a station of its own: "
                 "--set data.folder=stations, or make it known by its name first with 'wattcast stations add'")


def require_one_series(power: pd.Series, source: str, ignored: Sequence[str]) -> None:
    """Nothing, unless many times are there several times, with different values: so are meters below each other.

    Args:
        power: a target, in any order, indexed by instant.
        source: what to call it in messages.
        ignored: columns that have no role, one of which may tell the meters apart.

    Raises:
        DataError: with a way to tell them apart.
    """
    known = power.dropna()
    if times_of(known).is_unique:
        return
    of_time = known.groupby(level=0).agg(["min", "max"])
    apart = (of_time["max"] - of_time["min"]) > ALIKE * of_time.abs().max(axis=1)
    if len(known) < FEWEST or apart.sum() < SEVERAL * len(apart):
        return
    _require_clocks(times_of(known), source, ignored)
    if apart.sum() < FEWEST:
        return
    time = of_time.index[np.asarray(apart)][0]
    raise DataError(
        f"{source}: many times are there several times, with different values: the rows are of several series",
        found=f"{of_time.loc[time, 'min']:g} and {of_time.loc[time, 'max']:g} at {time:%Y-%m-%d %H:%M}; "
              f"{int(apart.sum())} of {len(apart)} times",
        expected="a row for each time, or a column that tells the series apart",
        hint=f"name that column{f' ({listing(ignored, limit=5)})' if ignored else ''} under data.station_column and "
             "the series under data.station; if later rows correct earlier ones: --set data.overlap=later")


def require_one_forecast(rows: pd.DataFrame, source: str, others: Sequence[str]) -> None:
    """Nothing, unless many times are there several times, with different values: so is the weather of several places,
    or the members of an ensemble, below each other.

    Args:
        rows: numbers, in any order, indexed by `issued` and `time`.
        source: what to call it in messages.
        others: columns that are not used, one of which may tell the places apart.

    Raises:
        DataError: with a way to tell them apart.
    """
    if rows.index.is_unique:
        return
    for column in rows.select_dtypes("number"):
        of_time = rows[column].dropna().groupby(level=["issued", "time"]).agg(["min", "max"])
        apart = (of_time["max"] - of_time["min"]) > ALIKE * of_time.abs().max(axis=1)
        if apart.sum() < max(FEWEST_FORECASTS, SEVERAL * len(apart)):
            continue
        first = of_time[apart].iloc[0]
        raise DataError(
            f"{source}: many times are there several times, with different values of {column}: the rows are of several "
            "forecasts, places or members",
            found=f"{first['min']:g} and {first['max']:g} at {of_time[apart].index[0][1]:%Y-%m-%d %H:%M}; "
                  f"{int(apart.sum())} of {len(apart)} times", expected="one row for each time",
            hint=f"keep the rows of one{f' (by {listing(others, limit=5)})' if others else ''}, or their mean; when "
                 "each forecast was issued is told by a column 'issued'; if later rows correct earlier ones: "
                 "--set data.overlap=later")


def _require_clocks(times: pd.DatetimeIndex, source: str, ignored: Sequence[str]) -> None:
    """Nothing, unless times are there several times because half of what tells them was not read.

    Raises:
        DataError: they are dates, or hours of which nothing tells whether they are before noon.
    """
    rows = len(times) / times.nunique()
    if rows > HALF_A_DAY and (times == times.normalize()).all():
        raise DataError(f"{source}: the times are dates without a time of day, each in {rows:.4g} rows",
                        found=f"{times[0]:%Y-%m-%d}",
                        expected="a time for each row, or the time of day in a column of its own",
                        hint=f"name that column{f' ({listing(ignored, limit=5)})' if ignored else ''} under "
                             "data.time.clock")
    if times.hour.nunique() == HALF_A_DAY and times.hour.isin(range(HALF_A_DAY + 1)).all():
        raise DataError(f"{source}: each time is there in {rows:.4g} rows, and no hour is after 12: nothing tells "
                        "morning from afternoon", found=f"{times[0]:%Y-%m-%d %H:%M}",
                        expected="hours from 0 to 23, or AM and PM",
                        hint="export the times with 24 hours a day, or with AM and PM")
