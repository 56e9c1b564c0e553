"""Several files of one station that tell of the same time: they have to tell the same, unless later ones correct."""

import numpy as np
import pandas as pd

from wattcast.data.quality import times_of
from wattcast.data.tables import Table
from wattcast.errors import DataError

ALIKE = 1e-6
"""Values that differ by less than this share are the same, written with fewer digits. [share]"""


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
                 "--set data.folder=stations")
