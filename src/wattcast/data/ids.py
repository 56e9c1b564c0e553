"""Ids of stations: texts as they were written, also where a spreadsheet or a data frame made numbers of them."""

import re
from collections.abc import Callable
from decimal import Decimal

import pandas as pd

from wattcast.data.values import NO_VALUE
from wattcast.errors import DataError, InputError

EXACT = 2**53
"""Up to here a floating point number is the whole number that it was made of. [number]"""

LONGEST = 255
"""Of an id, as UTF-8: no file system takes a longer name. [bytes]"""
RESERVED = ".wattcast"
"""No station's id: what a store keeps of all stations is called so."""

BLANK = " \t\r\n\u00a0\u3000\u200b\ufeff"
"""What may stand around an id and is no part of it."""


def to_ids(cells: pd.Series, place: Callable[[int], str]) -> pd.Series:
    """Texts (dtype `str`) without blanks around them, missing where a cell is empty or says so.

    `7.0` is 7, as it was a number once; `007` stays.

    Args:
        cells: one column; its name is used in messages.
        place: where the row with a label of `cells.index` stands.

    Raises:
        DataError: an id was made a number that is too large to keep its digits.
    """
    positions, distinct = pd.factorize(cells.astype("str"))
    texts = pd.Series(distinct, dtype="str").str.strip(BLANK).str.replace(r'^="(.*)"$', r"\1", regex=True)
    numbers = texts.str.fullmatch(r"-?\d+\.0*|-?\d(?:\.\d+)?[eE]\+\d+|-?\d\.\d+[eE]\d+").fillna(False).astype(bool)
    for code in texts.index[numbers]:
        whole = _whole(texts[code])
        if whole is None:
            row = int(cells.index[int((positions == code).argmax())])
            raise DataError(f"{place(row)}: the station id in the column {cells.name!r} lost digits, as it was kept as "
                            "a number", found=str(texts[code]), expected="the id as text, with all its digits",
                            hint="export it as text; in a data frame read it with dtype str")
        texts[code] = whole
    texts = texts.mask(texts.str.lower().isin(NO_VALUE))
    return pd.Series(texts.array.take(positions, allow_fill=True), index=cells.index, name=cells.name)


def _whole(text: str) -> str | None:
    """The digits of a whole number that is written as a fraction or with an exponent; None if some are lost."""
    if "e" not in text.lower():
        digits = text.partition(".")[0]
        return None if abs(int(digits)) > EXACT else digits
    number = Decimal(text)
    written = len(number.as_tuple().digits) - 1
    shown = int(text.lower().partition("e")[2])
    return None if written < shown or number != int(number) or abs(number) > EXACT else str(int(number))


def windows_refuses(name: str) -> bool:
    """Whether Windows takes a name for a device or another name, or not at all."""
    device = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name, re.IGNORECASE)
    return device is not None or re.search(r'[<>:"|?*\x00-\x1f]|[. ]$', name) is not None


def require_id(station_id: str) -> str:
    """The id, unless nothing can be kept under it: it would not stay in its place, or no file can be called so.

    Raises:
        InputError: it is empty, `.`, `..`, holds a slash or a character that no name can hold, or is too long.
    """
    hint = "rename the station in the data"
    shown = repr(station_id if len(station_id) <= LONGEST else f"{station_id[:40]}…")
    if station_id in ("", ".", "..", RESERVED) or any(mark in station_id for mark in "/\\\0"):
        raise InputError(f"station id {shown} cannot be a folder's name", hint=hint)
    try:
        length = len(station_id.encode("utf-8"))
    except UnicodeEncodeError:
        raise InputError(f"station id {shown} cannot be a folder's name: it is no valid text",
                         hint=f"{hint}, or the file or folder that it is called after") from None
    if length > LONGEST:
        raise InputError(f"station id {shown} is too long", found=f"{length} bytes", expected=f"at most {LONGEST}",
                         hint=hint)
    return station_id
