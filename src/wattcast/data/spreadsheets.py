"""Workbooks (.xlsx): one sheet as a table, numbers and times as they are stored."""

import datetime as dt
import io
import re
from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from wattcast.data.decimals import plain_numbers
from wattcast.data.head import Head, find_head
from wattcast.data.packed import open_binary
from wattcast.data.textfiles import FileOptions, empty
from wattcast.data.timewords import MONTHS
from wattcast.errors import DataError, MissingExtraError, listing, nearest

SAMPLE = 200
"""So many of a sheet tell whether and where it has column names. [rows]"""
Row = tuple[Any, ...]


def sheet_header(path: Path, options: FileOptions) -> list[str]:
    """The names of the columns.

    Raises:
        DataError: the file or the sheet cannot be read, or is empty.
        MissingExtraError: the package that reads workbooks is not installed.
    """
    rows, head, _ = _sheet(path, options)
    return list(_names(head.names or rows[head.row]).values())


def read_sheet(path: Path, texts: Collection[str],
               options: FileOptions) -> tuple[pd.DataFrame, Head, tuple[str, ...]]:
    """The cells below the names; where these stand, with the units in the order of the columns; and what was taken for
    what.

    Args:
        texts: columns that become text.

    Raises:
        DataError: the file or the sheet cannot be read, or is empty.
        MissingExtraError: the package that reads workbooks is not installed.
    """
    rows, head, told = _sheet(path, options)
    below = rows[head.row + 1 + head.between:]
    names = _names(head.names or rows[head.row])
    columns = {name: _column([row[position] if position < len(row) else None for row in below], name in texts)
               for position, name in names.items()}
    if head.units is not None:
        head = replace(head, units=tuple(head.units[at] if at < len(head.units) else "" for at in names))
    frame = pd.DataFrame(columns)
    frame, note = plain_numbers(frame, [name for name in columns if name not in texts], options.decimal, path.name)
    return frame, head, tuple(filter(None, (told, note)))


def _sheet(path: Path, options: FileOptions) -> tuple[list[Row], Head, str | None]:
    """A sheet's rows, where its column names stand, and which other sheets were left out."""
    status = path.stat()
    rows, told = _rows(path, (status.st_mtime_ns, status.st_size), options)
    head = _head(rows, options)
    if head.row >= len(rows) or not _names(rows[head.row]):
        raise empty(path)
    return rows, head, told


def _head(rows: list[Row], options: FileOptions) -> Head:
    return find_head([[text or "" for text in map(_text, row)] for row in rows[:SAMPLE]], options.known,
                     options.skip_rows)


def sheet_names(path: Path) -> list[str]:
    """The names of a workbook's sheets.

    Raises:
        DataError: the file cannot be read.
        MissingExtraError: the package that reads workbooks is not installed.
    """
    with closing(_book(path)) as book:
        return list(book.sheetnames)


def _book(path: Path) -> Any:
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError("openpyxl", extra="excel", purpose=f"{path.name}: reading .xlsx") from None
    with open_binary(path) as file:
        content = io.BytesIO(file.read())
    try:
        return openpyxl.load_workbook(content, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read as a workbook", found=str(error) or type(error).__name__,
                        hint="save it as .xlsx or as CSV") from None


@lru_cache(maxsize=2)
def _rows(path: Path, _version: tuple[int, int], options: FileOptions) -> tuple[list[Row], str | None]:
    """All rows of a sheet; the last files read are kept, as the names are read before the values."""
    with closing(_book(path)) as book:
        names = sorted(book.sheetnames, key=lambda name: _is_hidden(book[name]))
        tables = names if options.sheet else [name for name in names if len(names) == 1 or _head(
            _cells(book[name], SAMPLE), options).sure]
        name = options.sheet or (tables or names)[0]
        parts = [] if options.sheet else _parts(book, [each for each in tables if each != name and _is_hidden(
            book[each]) == _is_hidden(book[name])], name, options)
        if name not in names:
            close = nearest(name, names)
            raise DataError(f"{path} has no sheet {name!r}", found=listing(names),
                            hint=f"did you mean {close!r}?" if close else "correct data.sheet")
        rows, told = _cells(book[name]), None
        for part in parts:
            own = _cells(book[part])
            head = _head(own, options)
            rows += own[head.row + 1 + head.between:]
        others = [f"{other}{' (hidden)' if _is_hidden(book[other]) else ''}" for other in names
                  if other != name and other not in parts]
        if not options.sheet and (others or parts):
            read = f"the sheets {listing(map(repr, (name, *parts)))} are" if parts else f"the sheet {name!r} is"
            told = f"{read} read" + (f", {listing(map(repr, others))} left out (data.sheet)" if others else "")
        return rows, told


def _is_hidden(page: Any) -> bool:
    """Whether a sheet is none that who made the workbook shows: it is read only where no other one fits."""
    return getattr(page, "sheet_state", "visible") != "visible"


def _parts(book: Any, others: list[str], first: str, options: FileOptions) -> list[str]:
    """Other sheets that go on where the first one ends: called after months or days as it is, with the same columns."""
    if not _is_date(first):
        return []
    names = {each: _names_of(_cells(book[each], SAMPLE), options) for each in (first, *others) if _is_date(each)}
    return [each for each in others if names.get(each) == names[first]]


def _is_date(sheet: str) -> bool:
    """Whether a sheet is called after a day, a month, a quarter or a year; a number alone may be a plant's."""
    words = re.findall(r"[^\W\d_]+", sheet.casefold())
    return bool(words or re.search(r"(?:19|20)\d{2}", sheet)) and all(
        word in MONTHS or word in ("年", "月", "日", "年度", "q") for word in words)


def _names_of(rows: list[Row], options: FileOptions) -> list[str]:
    head = _head(rows, options)
    return list(_names(head.names or rows[head.row]).values())


def _cells(page: Any, limit: int | None = None) -> list[Row]:
    if not hasattr(page, "iter_rows"):
        return []                         # a chart
    if hasattr(page, "reset_dimensions"):
        page.reset_dimensions()           # some programs write a wrong size into the file
    return [tuple(row) for row in page.iter_rows(max_row=limit, values_only=True)]


def _names(row: Row) -> dict[int, str]:
    """The names by position; a column without one is left out."""
    names: dict[int, str] = {}
    for position, cell in enumerate(row):
        text = (_text(cell) or "").strip()
        if text:
            repeats = sum(name == text or name.startswith(f"{text}.") for name in names.values())
            names[position] = f"{text}.{repeats}" if text in names.values() else text
    return names


def _column(cells: list[Any], as_text: bool) -> pd.Series:
    if as_text or any(isinstance(cell, (str, dt.date, dt.time, dt.timedelta)) for cell in cells):
        return pd.Series([_text(cell) for cell in cells], dtype="str")
    return pd.Series(cells, dtype="float64")


def _text(cell: Any) -> str | None:
    """A cell as it would stand in a CSV; times, which are stored as parts of a day, to the second."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, dt.timedelta):
        minutes = round(cell / dt.timedelta(minutes=1))
        return f"{minutes // 60:02}:{minutes % 60:02}"
    if isinstance(cell, dt.datetime):
        return str(pd.Timestamp(cell).round("s"))
    if isinstance(cell, dt.time):
        return str((pd.Timestamp("2000-01-01") + pd.Timedelta(str(cell))).round("s").time())
    return str(cell)
