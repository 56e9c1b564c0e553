"""CSV and its relatives: the sign between cells, the decimal sign, and where the column names stand."""

import csv
import io
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.data.decimals import (
    has_decimal_commas,
    may_have_point_groups,
    plain_numbers,
    require_no_point_groups,
)
from wattcast.data.encodings import encoding_of
from wattcast.data.head import Head, find_head
from wattcast.data.packed import open_binary
from wattcast.errors import DataError, NoRowsError

DELIMITERS = (",", ";", "\t", "|")
BLANKS = r"\s+"
"""What stands between cells where none of these does …"""
ALIKE = 0.9
"""… and this share of the rows then has as many of them as there are names. [share]"""
SAMPLE = 1 << 16
"""So many characters tell how a file is laid out. [characters]"""
LINES = 200
"""And at most so many of their lines. [lines]"""

NUMBER = re.compile(r"\s*[-+−]?[\d.,]*\d[\d.,]*\s*")
FORMULA = r"""^\s*(?:="([^"]*)"|'([^']*))\s*$"""


@dataclass(frozen=True)
class FileOptions:
    """What a user says of files: the sheet, rows before the column names, the decimal sign; and names columns have."""

    sheet: str | None = None
    skip_rows: int | None = None
    decimal: str | None = None
    known: frozenset[str] = frozenset()


AS_FOUND = FileOptions()


@dataclass(frozen=True)
class Layout:
    """How a text file is written; `commas` tells that numbers with a comma are likely."""

    encoding: str
    delimiter: str
    head: Head
    commas: bool

    @property
    def skipped(self) -> list[int]:
        """The lines that hold neither names nor values."""
        row = self.head.row
        return [*range(row), *range(row + 1, row + 1 + self.head.between)]


def layout_of(path: Path, options: FileOptions) -> Layout:
    """How the file is written.

    Raises:
        DataError: it cannot be read, or is no text in a known encoding.
    """
    status = path.stat()
    return _layout(path, (status.st_mtime_ns, status.st_size), options)


@lru_cache(maxsize=64)
def _layout(path: Path, _version: tuple[int, int], options: FileOptions) -> Layout:
    encoding = encoding_of(path)
    with open_binary(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
        lines = text.read(SAMPLE).splitlines()[:LINES]
        text.detach()
    heads = {}
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
        except csv.Error:
            continue
        heads[delimiter] = (rows, find_head(rows, options.known, options.skip_rows))
    if not any(head.sure for _, head in heads.values()):
        rows = [line.split() for line in lines]
        blank = (rows, find_head(rows, options.known, options.skip_rows))
        if not heads or (blank[1].sure and _fit(*blank)[-1] > ALIKE):
            heads[BLANKS] = blank
    delimiter = max(heads, key=lambda sign: _fit(*heads[sign]))
    rows, head = heads[delimiter]
    commas = options.decimal == "," or (
        delimiter != "," and any(has_decimal_commas(row) for row in rows[head.row + 1 + head.between:]))
    return Layout(encoding, delimiter, head, commas)


def _fit(rows: list[list[str]], head: Head) -> tuple[bool, bool, float]:
    """How well a sign between cells explains the lines: a known name alone in its cell, names that are no numbers, then
    rows as long as the names. Names that stand in one cell explain nothing."""
    names = rows[head.row] if head.row < len(rows) else []
    below = [row for row in rows[head.row + 1 + head.between:] if row]
    alike = sum(len(row) == len(names) for row in below) / max(len(below), 1)
    if len(names) < 2:
        return False, False, 0.0
    return head.sure, not any(NUMBER.fullmatch(name) for name in names), 0.1 + alike


def text_header(path: Path, options: FileOptions) -> list[str]:
    """The names of the columns.

    Raises:
        DataError: the file is empty or damaged.
    """
    return [str(name) for name in _read(path, layout_of(path, options), nrows=0).columns]


def read_text(path: Path, texts: Collection[str], options: FileOptions) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """All cells as numbers where they are, and what was taken for what; rows that are blank are kept.

    Args:
        texts: columns that stay text as written.

    Raises:
        DataError: the file is empty or damaged, or commas may mean two things.
    """
    layout = layout_of(path, options)
    # All columns are parsed: with `usecols` pandas does not notice a row that has more cells than the header.
    frame = _read(path, layout, dtype=str if layout.commas else dict.fromkeys(texts, str))
    numbers = [name for name in frame.columns if name not in texts]
    if layout.delimiter == ",":
        _require_whole_numbers(frame, numbers, path)
    pointed = options.decimal is None and not layout.commas and layout.delimiter != ","
    if pointed and may_have_point_groups(frame[numbers]):
        frame = _read(path, layout, dtype=str)
        require_no_point_groups(frame, numbers, path.name)
    frame, note = plain_numbers(frame, numbers, options.decimal, path.name)
    if note and not layout.commas and layout.delimiter != ",":
        # Commas only further down: numbers with a point may be thousands.
        frame, note = plain_numbers(_read(path, layout, dtype=str), numbers, options.decimal, path.name)
    return frame, (note,) if note else ()


def _require_whole_numbers(frame: pd.DataFrame, numbers: Collection[str], path: Path) -> None:
    """Nothing, unless decimals stand in a column without a name, as commas before decimals were taken for those between
    cells.

    Raises:
        DataError: with the first number that was cut.
    """
    for name, behind in pairwise(frame.columns):
        cells = frame[[name, behind]]
        if behind.startswith("Unnamed: ") and name in numbers and all(
                pd.api.types.is_integer_dtype(kind) for kind in cells.dtypes) and (cells[behind] >= 0).all():
            first, rest = cells.iloc[0] if len(cells) else (0, 0)
            raise DataError(f"{path.name}: the column behind {name!r} has no name and holds whole numbers, as if they "
                            "were decimals", found=f"{first},{rest} in the first row",
                            expected="a name for each column, and points before decimals where commas part the cells",
                            hint="export with semicolons between the cells; or give that column a name")


def _read(path: Path, layout: Layout, **options: Any) -> pd.DataFrame:
    if layout.head.names is not None:
        options["names"] = [name or f"Unnamed: {number}" for number, name in enumerate(layout.head.names)]
    with open_binary(path) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame: pd.DataFrame = pd.read_csv(
                    file, encoding=layout.encoding, sep=layout.delimiter, skiprows=layout.skipped, index_col=False,
                    header=0, skip_blank_lines=False, low_memory=False, skipinitialspace=True, **options)
        except pd.errors.EmptyDataError:
            raise empty(path) from None
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is cut or damaged: it begins as {layout.encoding} and does not go on so",
                            found=f"{error.reason} at byte {error.start}", hint="get the file again") from None
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            longer = isinstance(error, pd.errors.ParserWarning)
            raise DataError(f"{path} is not well-formed CSV", found="rows with more cells than there are column names"
                            if longer else str(error).strip(),
                            expected="as many cells in every row as there are column names",
                            hint="put texts and numbers that contain a comma in double quotes, or use another sign "
                                 "between cells") from None
    return _without_formulas(frame.rename(columns=str.strip))


def _without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without what keeps a spreadsheet from changing a cell: `="007"` and an apostrophe before it."""
    bare = {}
    for name in frame.columns:
        cells = frame[name]
        if pd.api.types.is_string_dtype(cells.dtype) and cells.dropna().head(1).str.match(FORMULA).any():
            bare[name] = cells.str.replace(FORMULA, r"\1\2", regex=True)
    return frame.assign(**bare).rename(columns=lambda name: re.sub(FORMULA, r"\1\2", name))


def empty(path: Path) -> NoRowsError:
    """What to say of a file without content."""
    return NoRowsError(f"{path} is empty", expected="a line with the column names, then a row for each interval")
