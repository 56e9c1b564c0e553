"""Dates in the names of files: what of a name is one, and of which day the rows are that tell the time of day alone."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.tables import Table
from wattcast.data.times import CLOCK

_YEAR, _MONTH, _DAY = r"(?:19|20)\d{2}", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_TIME = r"[-_. T]?(?:[01]\d|2[0-3])(?:[-_.:h]?[0-5]\d){0,2}Z?(?![-_.]?\d)"
DATE = re.compile(rf"(?<!\d)(?:{_DAY}(?P<sign>[-.]){_MONTH}(?P=sign))?{_YEAR}"
                  rf"(?:[-_.]?(?:0?[1-9]|1[0-2])(?:[-_.]?(?:0?[1-9]|[12]\d|3[01])(?:{_TIME})?)?)?(?!\d)")
"""What of a file's name is a date, or a year or a month alone, and says nothing of whose file it is."""
_WHOLE_DAY = re.compile(rf"(?<!\d)(?:(?P<year>{_YEAR})[-_.]?(?P<month>{_MONTH})[-_.]?(?P<day>{_DAY})"
                        rf"|(?P<day_first>{_DAY})\.(?P<then>{_MONTH})\.(?P<last>{_YEAR}))(?!\d)")
"""Stricter than `DATE`, as the rows get their date from it: two digits for month and day, and dots where days come
first, as 05-06-2025 may be in May."""


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
             for match in _WHOLE_DAY.finditer(file.name)}
    return found.pop() if len(found) == 1 else None
