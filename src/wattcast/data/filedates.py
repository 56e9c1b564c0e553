"""Files that tell the time of day alone, of the date in their names."""

from dataclasses import replace

import numpy as np
import pandas as pd

from wattcast.data.filenames import date_in
from wattcast.data.tables import Table
from wattcast.data.times import CLOCK


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
