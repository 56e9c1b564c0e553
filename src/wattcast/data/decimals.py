"""Numbers with decimal commas and signs between thousands, rewritten with a point before decimals and nothing else."""

from collections.abc import Collection

import pandas as pd

from wattcast.errors import DataError

BLANKS = r"(?<=\d)[ '’\u00a0\u202f](?=\d{3}(?:\D|$))"
"""What stands between thousands and nowhere else."""

_SIGN = r"^\s*[-+−]?"
COMMA = _SIGN + r"\d[\d.]*,\d+(?:[eE][-+]?\d+)?\s*$"
"""One comma, perhaps after points or before an exponent."""
ONE_GROUP = _SIGN + r"[1-9]\d{0,2},\d{3}\s*$"
"""A number to which a comma may be either."""
THOUSANDS_COMMA = _SIGN + r"[1-9]\d{0,2}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})\s*$"
POINT_GROUPS = _SIGN + r"[1-9]\d{0,2}(?:\.\d{3})+\s*$"
POINT_GROUPS_COMMA = _SIGN + r"[1-9]\d{0,2}(?:\.\d{3})+,\d+\s*$"
POINT = _SIGN + r"\d*\.\d+\s*$"


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
    texts = {name: frame[name].astype("str").str.replace(BLANKS, "", regex=True)
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
        grouped = cells.str.contains(_SIGN + r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\s*$", na=False)
        return cells.mask(grouped, cells.str.replace(",", "", regex=False)) if grouped.any() else cells
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
    numbers = pd.to_numeric(cells.str.replace("−", "-", regex=False), errors="coerce")
    return cells if (numbers.isna() & cells.notna()).any() else numbers
