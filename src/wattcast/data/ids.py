"""Ids of stations: texts as they were written, also where a spreadsheet or a data frame made numbers of them."""

from collections.abc import Callable
from decimal import Decimal

import pandas as pd

from wattcast.data.values import NO_VALUE
from wattcast.errors import DataError

EXACT = 2**53
"""Up to here a floating point number is the whole number that it was made of. [number]"""

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
