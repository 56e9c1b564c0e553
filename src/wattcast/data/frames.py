"""A data frame as if it had been read from a file: one name a column, times and ids in columns."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.dateparts import put_together, with_parts_together
from wattcast.data.schema import NAMELESS_INDEX, QUANTITIES, DataConfig, recognise
from wattcast.data.tables import Table
from wattcast.errors import DataError, listing

NAMES = {"time": NAMELESS_INDEX[0], **{part: QUANTITIES[part].aliases[0] for part in ("issued", "station")}}
"""What an index may hold, and what that is called as a column if the index has no name that tells."""


def with_columns(frame: pd.DataFrame, config: DataConfig, source: str) -> pd.DataFrame:
    """The frame with what its index holds as columns, and rows numbered from 0.

    Times may be the index; times and stations may be two levels of it. An index that is neither is left out. Year,
    month, day, hour and minute in columns of their own are put together.

    Args:
        frame: left as it is.
        config: names the columns of times and stations, if their names do not tell.
        source: what to call it in messages.

    Raises:
        DataError: columns in levels, an index of which it cannot be told what it holds, or a repeated column.
    """
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(f"the {source} has columns in {frame.columns.nlevels} levels",
                        found=listing(frame.columns, limit=5), expected="one name a column",
                        hint="join the levels, df.columns = df.columns.map('_'.join), or take one, df['load']; several "
                             "stations belong under each other, with a column that tells them apart")
    levels = _levels(frame.index, config, source)
    cells = frame.rename(columns=str).reset_index(drop=True)
    if levels:
        cells = pd.concat([pd.DataFrame(levels), cells], axis=1)
    if not cells.columns.is_unique:
        raise DataError(f"the {source} has several columns of one name",
                        found=listing(cells.columns[cells.columns.duplicated()].unique()),
                        hint="an index that holds times counts as a column" if levels else None)
    return with_parts_together(cells, put_together(list(cells.columns)))


def _levels(index: pd.Index, config: DataConfig, source: str) -> dict[str, pd.Index]:
    """What the index holds, by the name of the column that it becomes.

    Raises:
        DataError: it has several levels, and not those of stations and times.
    """
    levels = [index.get_level_values(at) for at in range(index.nlevels)]
    parts = [_part(level, config) for level in levels]
    if parts == [None]:
        return {}
    if len(levels) == 2 and None in parts and "time" in parts:
        parts = [part or "station" for part in parts]
    if len(levels) > 1 and (None in parts or "time" not in parts or len(set(parts)) < len(parts)):
        there = (f"{name or 'one without a name'} ({level.dtype})"
                 for name, level in zip(index.names, levels, strict=True))
        raise DataError(f"the index of the {source} has {len(levels)} levels that are not stations and times",
                        found=listing(there), expected="times, or ids of stations and times",
                        hint="make columns of them with df.reset_index()")
    names = [str(level.name) if _named(level, config) else NAMES[str(part)]
             for level, part in zip(levels, parts, strict=True)]
    return {name: level.to_timestamp() if isinstance(level, pd.PeriodIndex) else level
            for name, level in zip(names, levels, strict=True)}


def _part(level: pd.Index, config: DataConfig) -> str | None:
    """What of `NAMES` a level of an index holds, by its name or its values; None if neither tells."""
    return _named(level, config) or ("time" if isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) else None)


def _named(level: pd.Index, config: DataConfig) -> str | None:
    if level.name is None:
        return None
    described = {config.time.column: "time", config.station_column: "station"}
    part = described.get(str(level.name)) or recognise(str(level.name))
    return part if part in NAMES else None


def as_table(frame: pd.DataFrame, source: str) -> Table:
    """The rows of a frame with columns, without those that are blank.

    Raises:
        DataError: there are none.
    """
    frame = frame.dropna(how="all")
    if frame.empty:
        raise DataError(f"the {source} has no rows")
    return Table(frame, (Path(source),), np.zeros(1, dtype=np.int64))
