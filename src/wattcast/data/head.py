"""Where a sheet's column names stand, and whether a row of units follows them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from wattcast.data.schema import recognise

FARTHEST = 40
"""Column names are looked for in so many rows at the beginning."""

UNITS = frozenset([
    "w", "kw", "mw", "gw", "wh", "kwh", "mwh", "gwh", "va", "kva", "mva", "var", "kvar", "mvar", "kvarh", "v", "kv",
    "a", "ka", "hz", "%", "c", "°c", "℃", "degc", "k", "f", "°f", "℉", "degf", "m/s", "km/h", "mph", "kn", "w/m2",
    "w/m²", "kw/m2", "kw/m²", "j/m2", "j/m²", "kj/m2", "kj/m²", "wh/m2", "wh/m²", "mj/m2", "mj/m²",
    "pa", "hpa", "kpa", "mbar", "bar", "mm", "l/m2", "l/m²", "°", "deg", "h", "min", "s", "eur/mwh",
    "€/mwh", "eur/kwh", "€/kwh", "ct/kwh", "元/kwh", "瓦", "千瓦", "兆瓦", "万千瓦", "度", "千瓦时", "兆瓦时",
    "摄氏度", "米/秒"])
"""What stands in a row of units, in lower case and without brackets."""


@dataclass(frozen=True)
class Head:
    """The position of the row with the column names, and the units below it by position; none if there is no such row.

    `sure` tells that one of the names is known.
    """

    row: int
    units: tuple[str, ...] | None
    sure: bool


def find_head(rows: Sequence[Sequence[str]], known: frozenset[str] = frozenset(), skip: int | None = None) -> Head:
    """Where the column names stand.

    Args:
        rows: the first rows of a sheet, as texts.
        known: names that columns have; others are recognised.
        skip: the number of rows before the names, if it is known.
    """
    def is_named(row: Sequence[str]) -> bool:
        return any(cell in known or recognise(cell) == "time" for cell in map(str.strip, row))

    def _has_times_below(position: int) -> bool:
        """Not so of a line such as `Date,2025-05-01` among those before the names."""
        column = next(number for number, cell in enumerate(rows[position]) if is_named([cell]))
        below = [row for row in rows[position + 1:position + 4] if any(cell.strip() for cell in row)]
        if below and _units(below[0]) is not None:
            below = below[1:]
        return not below or (len(below[0]) > column and bool(re.search(r"\d", below[0][column])))

    filled = [position for position, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if skip is not None:
        filled = [position for position in filled if position >= skip]
    if not filled:
        return Head(skip or 0, None, sure=False)
    width = Counter(len(rows[position]) for position in filled[1:]).most_common(1)[0][0] if filled[1:] else 0
    named = [] if skip is not None else [
        position for position in filled[:FARTHEST] if len(rows[position]) > 1 and is_named(rows[position])]
    fitting = [position for position in named if len(rows[position]) == width and _has_times_below(position)]
    if not named and skip is None and len(rows[filled[0]]) < 2 <= width:
        fitting = [position for position in filled if len(rows[position]) == width]
    row = (*fitting, *named, filled[0])[0]
    following = next((position for position in filled if position > row), None)
    units = None if following is None else _units(rows[following])
    return Head(row, units, sure=is_named(rows[row]))


def unit_in(cell: str) -> str | None:
    """The unit that a cell names, without brackets; None if it is none."""
    bare = re.sub(r"^[\[(]\s*(.*?)\s*[\])]$", r"\1", cell.strip())
    return bare if bare.casefold() in UNITS else None


def _units(cells: Sequence[str]) -> tuple[str, ...] | None:
    """The units by position, empty texts beside them; None if the row is one of values."""
    units = [unit_in(cell) for cell in cells]
    others = [cell for cell, unit in zip(cells, units, strict=True) if unit is None]
    if not any(units) or any(re.search(r"\d", cell) for cell in others):
        return None
    return tuple(unit or "" for unit in units)
