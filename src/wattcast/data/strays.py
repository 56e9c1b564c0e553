"""Rows of a file that are none of its data: names that stand there again, comments, sums and signatures at its end,
sums of a day, and a last row that was cut off while it was written."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.ids import to_ids
from wattcast.data.tables import Table
from wattcast.errors import DataError, NoRowsError, listing

END, FEWEST = 10, 12
"""So many rows at the end of a file may be something else, if the file has so many rows to tell what is usual.
[rows]"""
USUAL = 0.1
"""Times are written in forms that at least this share of the rows in the most frequent one have. [share]"""
DATE = r"\d+[-/.年]\d+[-/.月]\d+日?"
MIDNIGHT_OF = rf"^({DATE})[T ]\s*0?0:00(?::00(?:\.0+)?)?\s*(?:[Zz]|[+-]\d{{2}}:?\d{{2}})?$"
"""A date alone, and one with the clock of its first instant."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Texts:
    """What the rows' times look like `[T]`, of all files at once: a folder may hold hundreds of small ones.

    Attributes:
        shapes: the same number for times that are written in the same form.
        lengths: in signs.
        names: the column's name stands there again.
        comments: it begins as a comment.
        dates: it holds a date.
        others: another column has a value.
    """

    shapes: npt.NDArray[np.intp]
    lengths: npt.NDArray[np.int64]
    names: Mask
    comments: Mask
    dates: Mask
    others: Mask

    @classmethod
    def of(cls, frame: pd.DataFrame, time: str) -> "_Texts":
        texts = frame[time].astype("str").fillna("").str.strip(" \t\0\ufeff")
        shapes = texts.str.replace(r"\d+(?:[.,]\d+)?", "9", regex=True).str.replace(r"[^\W\d_]+", "a", regex=True)
        return cls(pd.factorize(shapes)[0], texts.str.len().to_numpy(np.int64), (texts == time).to_numpy(),
                   texts.str.startswith("#").to_numpy(),
                   texts.str.contains(r"\d+[-/.年]\d+[-/.月]\d+").to_numpy(),
                   frame.drop(columns=[time]).notna().any(axis=1).to_numpy())

    def take(self, rows: npt.NDArray[np.intp]) -> "_Texts":
        return _Texts(*(getattr(self, each.name)[rows] for each in fields(self)))


def without_strays(table: Table, time: str, station: str | None = None) -> Table:
    """The table without such rows, and with a note for each file that has some.

    Args:
        time: the column with the times, as texts: what is no time in the middle of a file is left for an error.
        station: the column that tells stations apart, if there is one.

    Raises:
        DataError: names in the middle of a file are others than at its beginning.
        NoRowsError: there is no other row.
    """
    if not pd.api.types.is_string_dtype(table.frame[time].dtype) or table.slots:
        return table
    stray, notes = np.zeros(len(table.frame), dtype=bool), []
    texts, of_file = _Texts.of(table.frame, time), table.file_of(table.frame.index)
    for file in np.unique(of_file):
        rows = np.flatnonzero(of_file == file)
        _require_same_names(table, rows[texts.names[rows]])
        found = _strays(texts.take(rows))
        found |= _sums_of_days(table.frame.iloc[rows], time, station)
        if station is not None and not found[-1] and _is_cut(table.frame.iloc[rows], time, station):
            found[-1] = True
        if found.any():
            stray[rows[found]] = True
            places = [table.place(int(label)) for label in table.frame.index[rows[found]]]
            notes.append(f"no rows of data, left out: {listing(places, limit=5)}")
    if stray.all():
        raise NoRowsError(f"{table.files[0]} has no row of data: all of them are comments or remarks",
                          found=repr(str(table.frame[time].iloc[0])), expected="a time at the beginning of each row")
    return replace(table.take(~stray), notes=(*table.notes, *notes)) if stray.any() else table


def _require_same_names(table: Table, rows: npt.NDArray[np.intp]) -> None:
    """Nothing, unless names that stand in a file again are others, so that what follows means something else.

    Raises:
        DataError: the line, and the names.
    """
    for row in rows:
        there = table.frame.iloc[row].dropna().astype("str").str.strip(" \ufeff")
        # Of a name that comes twice, or is put together from two rows, only a part stands there.
        other = {name: text for name, text in there.items() if text not in str(name)}
        if other:
            raise DataError(f"{table.place(int(table.frame.index[row]))}: the names of the columns stand there again, "
                            "and others than before",
                            found=", ".join(f"{text!r} for {name!r}" for name, text in other.items()),
                            expected="the same columns from the first line to the last",
                            hint="make two files of it, each with its own names")


def _strays(texts: _Texts) -> Mask:
    """Which rows of one file are none of its data."""
    count = len(texts.shapes)
    body = max(count - END, FEWEST) if count > FEWEST else count
    usual = np.bincount(texts.shapes[:body], minlength=texts.shapes.max() + 1)
    known = (usual > USUAL * usual.max())[texts.shapes]
    # A midnight may be written as a date alone, and a time in another form is for an error.
    unlike = ~known & ~(texts.dates & texts.others)
    stray: Mask = texts.names | texts.comments
    # What stands above and below names in a file, such as a title and units, stands there again.
    for row in map(int, np.flatnonzero(texts.names)):
        for step in (-1, 1):
            beside = row + step
            while 0 <= beside < count and unlike[beside] and not texts.names[beside]:
                stray[beside] = True
                beside += step
    last, lengths = count - 1, texts.lengths[known][:-1]
    if not texts.others[last] and len(lengths) and texts.lengths[last] < lengths.min():
        unlike[last] = True
    for row in range(last, body - 1, -1):
        if not (unlike[row] or stray[row]):
            break
        stray[row] = True
    return stray


def _sums_of_days(frame: pd.DataFrame, time: str, station: str | None) -> Mask:
    """Rows of a date alone whose midnight another row tells with its clock: they tell something of the whole day."""
    texts = frame[time].astype("str").fillna("").str.strip()
    alone = texts.str.fullmatch(DATE)
    if not alone.any() or alone.all():
        return np.zeros(len(frame), dtype=bool)
    parts = pd.DataFrame({"date": texts.str.extract(MIDNIGHT_OF)[0].where(~alone, texts),
                          "station": "" if station is None else frame[station].astype("str")})
    midnights = pd.MultiIndex.from_frame(parts[parts["date"].notna() & ~alone])
    return np.asarray(alone & pd.MultiIndex.from_frame(parts).isin(midnights))


def _is_cut(frame: pd.DataFrame, time: str, station: str) -> bool:
    """Whether the last row ends in its id."""
    if frame.drop(columns=[time, station]).iloc[-1].notna().any():
        return False
    ids = to_ids(frame[station], str)
    written, before = ids.iloc[-1], ids.iloc[:-1].dropna().unique()
    return pd.isna(written) or (written not in before and any(each.startswith(written) for each in before))
