"""Numbers with decimal commas and signs between thousands, rewritten with a point before decimals and nothing else."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from wattcast.errors import DataError

BLANKS = r"(?<=\d)[ '’‘ʼ′´`\u00a0\u2007\u2009\u202f](?=\d{3}(?:\D|$))"
"""What stands between thousands and nowhere else."""

MINUS = "−–‐‑﹣－"
"""What programs that set type write for a minus."""
_SIGN = rf"^\s*[-+{MINUS}]?"
COMMA = _SIGN + r"\d[\d.]*,\d+(?:[eE][-+]?\d+)?\s*$"
"""One comma, perhaps after points or before an exponent."""
ONE_GROUP = _SIGN + r"[1-9]\d{0,2},\d{3}\s*$"
"""A number to which a comma may be either."""
THOUSANDS_COMMA = _SIGN + r"[1-9]\d{0,2}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})\s*$"
LAKHS = _SIGN + r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?\s*$"
"""Hundred thousands, as India writes them: `12,34,567.8`."""
POINT_GROUPS = _SIGN + r"[1-9]\d{0,2}(?:\.\d{3})+\s*$"
SEVERAL_GROUPS = _SIGN + r"[1-9]\d{0,2}(?:\.\d{3}){2,}\s*$"
POINT_GROUPS_COMMA = _SIGN + r"[1-9]\d{0,2}(?:\.\d{3})+,\d+\s*$"
HUNDREDS = _SIGN + r"[1-9]\d{2}\s*$"
POINT = _SIGN + r"\d*\.\d+\s*$"
FEWEST = 30
"""So many numbers with a point, all with three digits behind it, beside hundreds without one may be thousands: decimals
end in a zero, which is left out, one time in ten. [number]"""


def has_decimal_commas(cells: Collection[str]) -> bool:
    """Whether one of the cells of a row is a number with a comma in it."""
    return bool(pd.Series(list(cells), dtype="str").str.contains(COMMA).any())


def plain_numbers(frame: pd.DataFrame, columns: Collection[str], decimal: str | None,
                  source: str) -> tuple[pd.DataFrame, str | None]:
    """The frame with numbers that Python reads, and a sentence if a comma was taken for the decimal sign.

    Texts among numbers stay; columns of numbers and of texts without a comma stay as they are.

    Args:
        columns: those that may hold numbers.
        decimal: the sign before decimals, if it is known.
        source: what to call the file in messages.

    Raises:
        DataError: a comma or a point may stand before decimals or between thousands.
    """
    texts = {name: _signs_before(frame[name].astype("str").str.replace(BLANKS, "", regex=True))
             for name in columns if pd.api.types.is_string_dtype(frame[name].dtype)}
    if not texts:
        return frame, None
    sign = decimal or _decimal_sign(texts, source)
    changed = {name: _numbers(_rewritten(cells, sign, decimal, source)) for name, cells in texts.items()}
    note = "numbers have a decimal comma (data.decimal)" if sign == "," and decimal is None else None
    return frame.assign(**changed), note


def _decimal_sign(texts: dict[str, pd.Series], source: str) -> str:
    comma, thousands, doubtful = False, False, None
    for name, cells in texts.items():
        found = cells[cells.str.contains(",", regex=False, na=False)]
        comma = comma or bool((found.str.contains(COMMA) & ~found.str.contains(ONE_GROUP)).any())
        thousands = thousands or bool(found.str.contains(THOUSANDS_COMMA).any())
        either = found[found.str.contains(ONE_GROUP)]
        doubtful = doubtful or ((name, str(either.iloc[0]).strip()) if len(either) else None)
    if comma and thousands:
        raise DataError(f"{source} has commas before decimals and between thousands", found=", ".join(texts),
                        hint="write all numbers in one way")
    if doubtful and not comma and not thousands:
        name, text = doubtful
        raise DataError(f"{source}: the commas in the column {name!r} may stand before decimals or between thousands",
                        found=repr(text), hint=f"--set data.decimal=, reads it as {text.replace(',', '.')}; "
                                               f"--set data.decimal=. reads it as {text.replace(',', '')}")
    return "," if comma else "."


def _rewritten(cells: pd.Series, sign: str, decimal: str | None, source: str) -> pd.Series:
    if sign == ".":
        grouped = cells.str.contains(_SIGN + r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\s*$", na=False) | cells.str.contains(
            LAKHS, na=False)
        cells = cells.mask(grouped, cells.str.replace(",", "", regex=False)) if grouped.any() else cells
        pointed = cells[cells.str.contains(".", regex=False, na=False)]
        # Two points in a number can be no decimal signs, and then no point is one.
        several = pointed.str.contains(SEVERAL_GROUPS).any() and pointed.str.contains(POINT_GROUPS).all()
        return cells.str.replace(".", "", regex=False) if several else cells
    commas = cells.str.contains(COMMA, na=False)
    groups = cells.str.contains(POINT_GROUPS, na=False)
    if groups.any():
        settled = decimal is not None or commas.any()
        other = (cells.str.contains(POINT, na=False) & ~groups).any()
        if other:
            groups &= False
        elif not settled:
            text = str(cells[groups].iloc[0]).strip()
            raise DataError(f"{source}: the points in the column {cells.name!r} may stand before decimals or between "
                            "thousands, while other columns have decimal commas", found=repr(text),
                            hint=f"--set data.decimal=, reads it as {text.replace('.', '')}; for "
                                 f"{text.replace('.', ',')} write it so")
    plain = cells.mask(groups | cells.str.contains(POINT_GROUPS_COMMA, na=False),
                       cells.str.replace(".", "", regex=False))
    return plain.mask(commas, plain.str.replace(",", ".", regex=False))


def _numbers(cells: pd.Series) -> pd.Series:
    """Numbers if all cells are; what is not a number stays for those who know words for no value."""
    numbers = pd.to_numeric(cells, errors="coerce")
    return cells if (numbers.isna() & cells.notna()).any() else numbers


def _signs_before(cells: pd.Series) -> pd.Series:
    """A minus before its number: `−5` and `–5`, and `5-` and `(5)` of bookkeepers."""
    cells = cells.str.replace(rf"^(\s*)[{MINUS}](?=\s*[\d.,])", r"\1-", regex=True)
    return cells.str.replace(r"^\s*(?:\((\d[\d.,]*)\)|(\d[\d.,]*)-)\s*$", r"-\1\2", regex=True)


def may_have_point_groups(frame: pd.DataFrame) -> bool:
    """Whether numbers of a column may be thousands with a point, such as 1.012 beside 987, which only their texts tell.

    Args:
        frame: columns of numbers as they were read.
    """
    for _, column in frame.select_dtypes("float").items():
        size = column.dropna().abs().to_numpy()
        parts = size[size % 1 != 0]
        if len(parts) >= FEWEST and ((parts >= 1) & (parts < 1000)).all() and (size[size % 1 == 0] >= 100).any() and (
                np.abs(parts * 1000 - np.rint(parts * 1000)) < 1e-6).all():
            return True
    return False


def require_no_point_groups(frame: pd.DataFrame, columns: Collection[str], source: str) -> None:
    """Nothing, unless points may stand between thousands in a file where no number has a comma.

    Args:
        frame: all cells as texts.
        columns: those that may hold numbers.
        source: what to call the file in messages.

    Raises:
        DataError: with both readings.
    """
    for name in columns:
        cells = frame[name].dropna()
        pointed = cells[cells.str.contains(".", regex=False)]
        if len(pointed) < FEWEST or not pointed.str.contains(POINT_GROUPS).all() or not cells.str.contains(
                HUNDREDS).any() or pointed.str.contains(SEVERAL_GROUPS).any():
            continue
        text, whole = str(pointed.iloc[0]).strip(), str(cells[cells.str.contains(HUNDREDS)].iloc[0]).strip()
        raise DataError(f"{source}: the points in the column {name!r} may stand before decimals or between thousands",
                        found=f"{text!r} in {len(pointed)} rows, all with three digits behind the point, beside "
                              f"{whole!r}",
                        hint=f"--set data.decimal=, reads it as {text.replace('.', '')}; --set data.decimal=. reads it "
                             f"as {text}")
