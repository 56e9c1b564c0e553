"""Raw cells from text files, workbooks and Parquet, with every row's place in its file for error messages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from wattcast.data.dateparts import DATE, date_of_all, put_together, with_parts_together
from wattcast.data.packed import content_name, open_binary
from wattcast.data.spreadsheets import read_sheet, sheet_header, sheet_names
from wattcast.data.textfiles import AS_FOUND, FileOptions, empty, layout_of, read_text, text_header
from wattcast.errors import DataError, NoRowsError, listing, nearest

TEXTS = (".csv", ".tsv", ".txt")
BOOKS = (".xlsx", ".xlsm")
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".zip", *BOOKS, ".parquet")
OLD_BOOKS = (".xls", ".xlsb", ".ods", ".numbers")
"""Workbooks that have to be saved in another form first."""
OTHER_ARCHIVES = (".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".tgz", ".tar.gz")
OTHER_FORMS = (*OLD_BOOKS, ".jsonl", ".ndjson", ".feather", ".h5", ".hdf5", ".nc", ".dat", ".prn", ".tab", ".csv.bz2",
               ".csv.xz", ".csv.zst", ".7z", ".rar")
"""What else may hold a table and is not read."""
SAVE_IT = "open it and save it as .xlsx or CSV"

FIRST_ROW = ("row", 1)


@dataclass(frozen=True)
class Table:
    """Rows of one or more files under each other; `frame` keeps the row numbers by which `place` finds them again.

    `first` names each file's first row of values as it is counted there (`line 2`), `units` the units that stood below
    the column names; `notes` tell what was taken for what. With `slots` each row of the files became as many rows, one
    for each of these columns.
    """

    frame: pd.DataFrame
    files: tuple[Path, ...]
    starts: npt.NDArray[np.int64]
    first: tuple[tuple[str, int], ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()

    def file_of(self, rows: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The position in `files` of the rows with these labels."""
        numbers = np.asarray(rows) // max(len(self.slots), 1)
        return np.asarray(np.searchsorted(self.starts, numbers, side="right") - 1, dtype=np.int64)

    def place(self, row: int) -> str:
        """`data.csv, line 17` for a label of `frame.index` (`row 16` where there are no lines)."""
        file = int(self.file_of(row))
        number, slot = divmod(row, len(self.slots)) if self.slots else (row, None)
        word, first = self.first[file] if self.first else FIRST_ROW
        cell = "" if slot is None else f", column {self.slots[slot]!r}"
        return f"{self.files[file].name}, {word} {number - int(self.starts[file]) + first}{cell}"

    def take(self, positions: npt.ArrayLike) -> "Table":
        """Only the rows at these positions (or where a mask is true)."""
        return replace(self, frame=self.frame.iloc[np.asarray(positions)])


def is_table(path: Path) -> bool:
    """Whether it is a file of a kind that can be read."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES) and not _is_passing(path)


def is_other_form(path: Path) -> bool:
    """Whether it is a file that may hold a table in a form that is not read."""
    return path.is_file() and path.name.lower().endswith(OTHER_FORMS) and not _is_passing(path)


def _is_passing(path: Path) -> bool:
    """Whether a file is hidden, or what a program leaves beside one that is open."""
    return path.name.startswith((".", "~$"))


def stem(path: Path) -> str:
    """The file's name without `.csv`, `.csv.gz`, `.xlsx` …"""
    suffix = max((end for end in SUFFIXES if path.name.lower().endswith(end)), key=len, default="")
    return path.name[:len(path.name) - len(suffix)]


def require_exists(path: Path) -> None:
    """Nothing, unless the path leads nowhere.

    Raises:
        DataError: there is no such file or folder.
    """
    if path.exists():
        return
    siblings = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
    close = nearest(path.name, siblings)
    raise DataError(f"{path} does not exist", found=listing(siblings) if siblings else f"no folder {path.parent}",
                    hint=f"did you mean {path.parent / close}?" if close else "check the path")


def read_header(path: Path, options: FileOptions = AS_FOUND) -> list[str]:
    """The names of a file's columns, then of those that are put together from several (`dateparts`).

    Raises:
        NoRowsError: the file is empty.
        DataError: it is missing, damaged or of an unknown kind.
        MissingExtraError: the package that reads files of this kind is not installed.
    """
    header = _own_header(path, options)
    return [*header, *put_together(header), *([DATE] if date_of_all(path, header) else [])]


def sheets_of(path: Path) -> list[str]:
    """The names of a workbook's sheets; none of another file.

    Raises:
        DataError: as `read_header`.
        MissingExtraError: as `read_header`.
    """
    return sheet_names(path) if _kind(path) in BOOKS else []


def _own_header(path: Path, options: FileOptions) -> list[str]:
    kind = _kind(path)
    if kind in BOOKS:
        return sheet_header(path, options)
    return _parquet_header(path) if kind == ".parquet" else text_header(path, options)


def _kind(path: Path) -> str:
    """`.csv`, `.xlsx` …, of what is inside.

    Raises:
        NoRowsError: the file is empty.
        DataError: it is missing or of an unknown kind, or an archive does not hold one file of a known kind.
    """
    require_exists(path)
    if not is_table(path):
        name = path.name.lower()
        raise DataError(f"{path} is not a table that can be read",
                        expected=f"a file that ends in {', '.join(SUFFIXES)}",
                        hint=SAVE_IT if name.endswith(OLD_BOOKS) else
                        "unpack it" if name.endswith(OTHER_ARCHIVES) else "make a CSV file of it")
    if path.stat().st_size == 0:
        raise empty(path)
    name = content_name(path)
    kind = next((end for end in (*TEXTS, *BOOKS, ".parquet") if name.endswith(end)), None)
    if kind is None:
        raise DataError(f"{path} holds {name}, which is not a table that can be read",
                        expected=f"a file that ends in {', '.join((*TEXTS, *BOOKS))}")
    return kind


def read_table(paths: Sequence[Path], columns: Collection[str], texts: Collection[str],
               options: FileOptions = AS_FOUND) -> Table:
    """The files' rows in the order given, without those that are blank; a column that a file lacks is empty there.

    Args:
        columns: those to keep.
        texts: those of them that stay text as written (codes, ids, times).

    Raises:
        NoRowsError: none has a row.
        DataError: a file is missing, empty or damaged.
        MissingExtraError: the package that reads files of this kind is not installed.
    """
    parts = [_read_cells(path, columns, texts, options) for path in paths]
    starts = np.cumsum([0, *(len(part.frame) for part in parts)])
    for part, start in zip(parts, starts[:-1], strict=True):
        part.frame.index = pd.RangeIndex(start, start + len(part.frame))
    filled = [part.frame for part in parts if len(part.frame)]
    frame = (filled[0] if len(filled) == 1 else pd.concat(filled)).dropna(how="all") if filled else pd.DataFrame()
    if frame.empty:
        raise NoRowsError(f"{paths[0]} has column names but no rows")
    units = _units(paths, parts, frame)
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return Table(frame, tuple(paths), starts[:-1], tuple(part.first for part in parts), units, tuple(notes))


@dataclass(frozen=True)
class _Cells:
    """One file's rows, and what `Table` tells of it."""

    frame: pd.DataFrame
    first: tuple[str, int]
    units: dict[str, str]
    notes: tuple[str, ...]


def _units(paths: Sequence[Path], parts: Sequence[_Cells], columns: Collection[str]) -> dict[str, str]:
    """The units below the names of some columns, of all files together.

    Raises:
        DataError: two files tell different ones.
    """
    found: dict[str, tuple[str, Path]] = {}
    for path, part in zip(paths, parts, strict=True):
        for name, unit in part.units.items():
            first, file = found.setdefault(name, (unit, path))
            if name in columns and unit.casefold() != first.casefold():
                raise DataError(f"{file.name} and {path.name} tell different units below the column {name!r}",
                                found=f"{first} and {unit}", expected="files of one station in one unit",
                                hint="convert the values of one of them, and its unit")
    return {name: unit for name, (unit, _) in found.items() if name in columns}


def _read_cells(path: Path, columns: Collection[str], texts: Collection[str], options: FileOptions) -> _Cells:
    kind = _kind(path)
    if kind == ".parquet":
        header = _parquet_header(path)
        made = _made(header, columns)
        needed = {*columns, *(part for parts in made.values() for part in parts)}
        frame = with_parts_together(_read_parquet(path, [name for name in header if name in needed]), made)
        frame, notes = _with_date(frame, path, header)
        return _Cells(frame[[name for name in frame.columns if name in columns]], FIRST_ROW, {}, notes)
    if kind in BOOKS:
        frame, head, notes = read_sheet(path, texts, options)
    else:
        frame, notes = read_text(path, texts, options)
        head = layout_of(path, options).head
    header = list(frame.columns)
    frame = with_parts_together(frame, _made(header, columns))
    frame, told = _with_date(frame, path, header)
    notes = (*notes, *told)
    first = head.row + 2 + head.between
    units = {name: unit for name, unit in zip(header, head.units or (), strict=False) if unit}
    if head.row:
        notes = (*notes, f"the column names are in line {head.row + 1}")
    if units:
        found = ", ".join(f"{name} [{unit}]" for name, unit in units.items())
        notes = (*notes, f"the row below the column names holds units: {found}")
    if head.names:
        notes = (*notes, f"column names in two rows are put together: {listing(map(repr, header), limit=5)}")
    elif head.between and not units:
        notes = (*notes, f"what stands between the column names and the values is left out: lines {head.row + 2} to "
                         f"{first - 1}")
    return _Cells(frame[[name for name in frame.columns if name in columns]],
                  ("row" if kind in BOOKS else "line", first), units, notes)


def _with_date(frame: pd.DataFrame, path: Path, header: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The frame with the day that the file's name tells, where it is that of all rows, and that it was so."""
    if (date := date_of_all(path, header)) is None:
        return frame, ()
    filled = frame.notna().any(axis=1)
    return frame.assign(**{DATE: pd.Series(date, frame.index, dtype="str").where(filled)}), (
        "the dates are those in the names of the files",)


def _made(header: Sequence[str], columns: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Those of the columns asked for that are put together from several, and from which."""
    return {name: parts for name, parts in put_together(header).items() if name in columns}


def _read_parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        # Without the metadata an index comes back as the column it was.
        with open_binary(path) as file:
            frame: pd.DataFrame = pq.read_table(file, columns=columns).to_pandas(ignore_metadata=True)
    except (OSError, ValueError) as error:
        raise _unreadable_parquet(path, error) from None
    return frame


def _parquet_header(path: Path) -> list[str]:
    try:
        with open_binary(path) as file:
            return [str(name) for name in pq.read_schema(file).names]
    except (OSError, ValueError) as error:
        raise _unreadable_parquet(path, error) from None


def _unreadable_parquet(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be read as Parquet", found=(str(error).splitlines() or [type(error).__name__])[0])
