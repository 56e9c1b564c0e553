"""Files that tell the time of day alone, of the date in their names."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.tables import Table
from wattcast.data.times import CLOCK

_DATE = re.compile(r"(?<!\d)(?:(?P<year>(?:19|20)\d{2})[-_.]?(?P<month>0[1-9]|1[0-2])[-_.]?(?P<day>0[1-9]|[12]\d|3[01])"
                   r"|(?P<day_first>0[1-9]|[12]\d|3[01])\.(?P<then>0[1-9]|1[0-2])\.(?P<last>(?:19|20)\d{2}))(?!\d)")


def with_file_dates(table: Table, time: str) -> Table:
    """The table with the dates of its files' names before its times, if these are times of day and all names have one.

    Args:
        time: the column with the times, as texts.
    """
    cells = table.frame[time]
    if not cells.head(1).astype("str").str.fullmatch(CLOCK).all():
        return table
    cells = cells.astype("str")
    dates = [date_in(file) for file in table.files]
    if None in dates or not cells.dropna().str.fullmatch(CLOCK).all():
        return table
    of_row = pd.Series(np.array(dates, dtype=object)[table.file_of(table.frame.index)], table.frame.index, dtype="str")
    return replace(table, frame=table.frame.assign(**{time: of_row + " " + cells.str.strip()}), notes=(
        *table.notes, f"{time!r} holds times of day, of the dates in the names of the files"))


def date_in(file: Path) -> str | None:
    """The day that a file's name tells, as `2025-05-20`; None if it tells none, or several."""
    found = {f"{match['year'] or match['last']}-{match['month'] or match['then']}-{match['day'] or match['day_first']}"
             for match in _DATE.finditer(file.name)}
    return found.pop() if len(found) == 1 else None
