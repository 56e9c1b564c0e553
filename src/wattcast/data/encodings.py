"""How a text is encoded, and what is no text although it is called so."""

import codecs
import re
from pathlib import Path

from wattcast.data.packed import open_binary
from wattcast.data.power_names import power_like
from wattcast.data.schema import recognise
from wattcast.errors import DataError

START = 1 << 16
"""So much of a file tells of its names. [bytes]"""
EASTERN = ("gb18030", "cp932", "cp949", "big5")
"""Encodings of spreadsheets in China, Japan, Korea and Taiwan, the likeliest first."""
HEAD_LINES = 40
"""Within so many lines names of columns are looked for. [lines]"""

OTHERWISE = (
    (b"pk\x03\x04", "a workbook or an archive", "call it .xlsx, or .zip if it is an archive"),
    (b"\x1f\x8b", "a packed file", "call it .csv.gz"),
    (b"\xd0\xcf\x11\xe0", "an old workbook", "open it and save it as .xlsx or CSV"),
    *((tag, "a web page", "open it in a spreadsheet and save it as CSV") for tag in (
        b"<!doctype html", b"<html", b"<table", b"<?xml")),
    *((tag, "JSON", "make a CSV file of it, with a time and a value in each row") for tag in (b'{"', b"[{", b"[ {")),
    (b"100,nem12", "a NEM12 file", "make a CSV file of it, with a time and a value in each row"),
    *((tag, "a message between utilities (EDIFACT)", "make a CSV file of it, with a time and a value in each row")
      for tag in (b"una:+", b"unb+")))
"""How files begin that are called CSV and are none, in lower case; what they are; what to do."""
LETTERS = frozenset("°²³µ·±´€–—‘’“”«»§ºª½¼×").union(map(chr, range(0xC0, 0xFF)))
"""What a text in Windows-1252 has beside ASCII."""


def encoding_of(path: Path) -> str:
    """Told by all of the file: UTF-8, UTF-16, UTF-32, Windows-1252 (spreadsheets in Europe) or one of `EASTERN`.

    Raises:
        DataError: it is none of these.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with open_binary(path) as file:
        start = file.read(START)
        _require_text(path, start)
        if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            return "utf-32"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        # Of a text in European letters every second byte is zero.
        for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if 4 * start[first:200:2].count(0) > len(start[:200]):
                return encoding
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
    told = {encoding: _known_names(content[:START].decode(encoding, errors="ignore")) for encoding in EASTERN
            if _decodes(content, encoding)}
    likeliest = max(told, key=lambda encoding: told[encoding], default=None)
    if likeliest is not None and (chinese or told[likeliest]):
        return likeliest
    raise DataError(f"{path} is not text in UTF-8, UTF-16, Windows-1252, GB 18030, Shift JIS, EUC-KR or Big5",
                    found=_first_beyond(content), hint="save the file as CSV in UTF-8")


def _first_beyond(content: bytes) -> str:
    """Where a text stops to be UTF-8, as where two files in different encodings were joined."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[:error.start].count(b"\n") + 1
        return f"no UTF-8 in line {line}"
    return "UTF-8"


def _require_text(path: Path, start: bytes) -> None:
    """Nothing, unless the first bytes are those of a file that is called otherwise.

    Raises:
        DataError: what it is.
    """
    if start and not start.strip(b"\0"):
        raise DataError(f"{path} holds zeros and no text", found=f"{len(start)} bytes at its beginning, all zero",
                        hint="it was never written to its end, as when power fails: get the file again")
    for beginning, kind, hint in OTHERWISE:
        if start.lstrip().lower().startswith(beginning):
            raise DataError(f"{path} is no text but {kind}", found=repr(bytes(start[:8])), hint=hint)


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
