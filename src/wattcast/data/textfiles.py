"""CSV and its relatives: the encoding, the sign between cells, the decimal sign, and where the column names stand."""

import codecs
import csv
import io
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.data.decimals import has_decimal_commas, plain_numbers
from wattcast.data.head import Head, find_head
from wattcast.data.packed import open_binary
from wattcast.data.power_names import power_like
from wattcast.data.schema import recognise
from wattcast.errors import DataError, NoRowsError

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 1 << 16
"""So many characters tell how a file is laid out. [characters]"""
LINES = 200
"""And at most so many of their lines. [lines]"""

EASTERN = ("gb18030", "cp932", "cp949", "big5")
"""Encodings of spreadsheets in China, Japan, Korea and Taiwan, the likeliest first."""
HEAD_LINES = 40
"""Within so many lines names of columns are looked for. [lines]"""

LETTERS = frozenset("°²³µ·±´€–—‘’“”«»§ºª½¼×").union(map(chr, range(0xC0, 0xFF)))
"""What a text in Windows-1252 has beside ASCII."""
NUMBER = re.compile(r"\s*[-+−]?[\d.,]*\d[\d.,]*\s*")


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
        units = [] if self.head.units is None else [self.head.row + 1]
        return [*range(self.head.row), *units]


def layout_of(path: Path, options: FileOptions) -> Layout:
    """How the file is written.

    Raises:
        DataError: it cannot be read, or is no text in a known encoding.
    """
    status = path.stat()
    return _layout(path, (status.st_mtime_ns, status.st_size), options)


@lru_cache(maxsize=64)
def _layout(path: Path, _version: tuple[int, int], options: FileOptions) -> Layout:
    encoding = _encoding(path)
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
    delimiter = max(heads, key=lambda sign: _fit(*heads[sign]), default=",")
    rows, head = heads[delimiter]
    if head.units is not None and lines[head.row + 1:head.row + 2] == [""]:
        head = Head(head.row, None, head.sure)
    commas = options.decimal == "," or (
        delimiter != "," and any(has_decimal_commas(row) for row in rows[head.row + 1:]))
    return Layout(encoding, delimiter, head, commas)


def _fit(rows: list[list[str]], head: Head) -> tuple[bool, bool, float]:
    """How well a sign between cells explains the lines: a known name alone in its cell, names that are no numbers, then
    rows as long as the names. Names that stand in one cell explain nothing."""
    names = rows[head.row] if head.row < len(rows) else []
    below = [row for row in rows[head.row + 1:] if row]
    alike = sum(len(row) == len(names) for row in below) / max(len(below), 1)
    if len(names) < 2:
        return False, False, 0.0
    return head.sure, not any(NUMBER.fullmatch(name) for name in names), 0.1 + alike


def _encoding(path: Path) -> str:
    """Told by all of the file: UTF-8, UTF-16, Windows-1252 (spreadsheets in Europe) or one of `EASTERN`.

    Raises:
        DataError: it is none of these.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with open_binary(path) as file:
        start = file.read(SAMPLE)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if start[1:200:2].count(0) > 50 or (len(start) < 200 and start[1::2].count(0) * 4 > len(start)):
            return "utf-16-le"
        try:
            decoder.decode(start)
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8-sig"
    with open_binary(path) as file:
        content = file.read()
    chinese, western = _decodes(content, "gb18030"), _decodes(content, "cp1252")
    if western and set(re.findall(r"[^\x00-\x7f]", content.decode("cp1252"))) <= LETTERS and not (
            chinese and _is_chinese(content)):
        return "cp1252"
    # Any of them reads most texts of the others, as nonsense: names of columns that say something decide.
    told = {encoding: _known_names(content[:SAMPLE].decode(encoding, errors="ignore")) for encoding in EASTERN
            if _decodes(content, encoding)}
    likeliest = max(told, key=lambda encoding: told[encoding], default=None)
    if likeliest is not None and (chinese or told[likeliest]):
        return likeliest
    raise DataError(f"{path} is not text in UTF-8, UTF-16, Windows-1252, GB 18030, Shift JIS, EUC-KR or Big5",
                    hint="save the file as CSV in UTF-8")


def _known_names(text: str) -> int:
    """How many of the first lines' cells are names, in other letters than ASCII, that say time, power or weather."""
    cells = {cell.strip() for line in text.splitlines()[:HEAD_LINES] for cell in re.split(r"[,;\t|]", line)}
    return sum(recognise(cell) is not None or power_like(cell) for cell in cells if not cell.isascii())


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(content: bytes) -> bool:
    """Whether the signs beyond ASCII are mostly those of everyday Chinese; accents read so give rare ones."""
    signs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", content)
    usual = [sign for sign in signs if (0xB0 <= sign[0] <= 0xD7 or 0xA1 <= sign[0] <= 0xA3) and sign[1] >= 0xA1]
    return 2 * len(usual) > len(signs)


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
    frame, note = plain_numbers(frame, numbers, options.decimal, path.name)
    if note and not layout.commas and layout.delimiter != ",":
        # Commas only further down: numbers with a point may be thousands.
        frame, note = plain_numbers(_read(path, layout, dtype=str), numbers, options.decimal, path.name)
    return frame, (note,) if note else ()


def _read(path: Path, layout: Layout, **options: Any) -> pd.DataFrame:
    with open_binary(path) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame: pd.DataFrame = pd.read_csv(
                    file, encoding=layout.encoding, sep=layout.delimiter, skiprows=layout.skipped, index_col=False,
                    skip_blank_lines=False, low_memory=False, skipinitialspace=True, **options)
        except pd.errors.EmptyDataError:
            raise empty(path) from None
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is cut or damaged: it begins as {layout.encoding} and does not go on so",
                            found=f"{error.reason} at byte {error.start}", hint="get the file again") from None
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise DataError(f"{path} is not well-formed CSV", found=str(error).strip(),
                            expected="as many cells in every row as there are column names",
                            hint="put texts that contain a comma in double quotes") from None
    return frame.rename(columns=str.strip)


def empty(path: Path) -> NoRowsError:
    """What to say of a file without content."""
    return NoRowsError(f"{path} is empty", expected="a line with the column names, then a row for each interval")
