"""Where a sheet's column names stand, and what stands between them and the values: units, descriptions, channels."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wattcast.data.schema import recognise

FARTHEST = 40
"""Column names are looked for in so many rows at the beginning."""
MOST_BETWEEN = 4
"""So many rows may stand between the names and the values. [rows]"""
LOGGER = ("timestamp", "ts")
"""What a widespread logger (TOA5) writes in its rows of names and of units, which both could be names of the time."""
LONGEST_UNIT = 12
"""A cell in a row of units that is longer and holds a digit is a time or a value. [signs]"""

UNITS = frozenset([
    "w", "kw", "mw", "gw", "wh", "kwh", "mwh", "gwh", "va", "kva", "mva", "var", "kvar", "mvar", "kvarh", "v", "kv",
    "a", "ka", "hz", "%", "c", "°c", "℃", "degc", "deg c", "k", "f", "°f", "℉", "degf", "deg f", "m/s", "km/h", "mph",
    "kn", "w/m2", "w/m²", "w/m^2", "kw/m2", "kw/m²", "j/m2", "j/m²", "kj/m2", "kj/m²", "wh/m2", "wh/m²", "mj/m2",
    "mj/m²", "pa", "hpa", "kpa", "mbar", "bar", "mm", "l/m2", "l/m²", "°", "deg", "h", "min", "s", "eur/mwh",
    "€/mwh", "eur/kwh", "€/kwh", "ct/kwh", "元/kwh", "瓦", "千瓦", "兆瓦", "万千瓦", "度", "千瓦时", "兆瓦时", "kw·h",
    "mw·h", "kw.h", "mw.h", "kw*h", "千瓦·时", "兆瓦·时", "摄氏度", "米/秒"])
"""What stands in a row of units, in lower case and without brackets."""

Row = Sequence[str]
IsNamed = Callable[[Row], bool]


@dataclass(frozen=True)
class Head:
    """The position of the row with the column names, and what stands below it.

    Attributes:
        row: its position.
        between: how many rows stand between it and the values.
        units: those below the names, by position; None if there is no such row.
        sure: one of the names is known.
        names: put together from two rows, where cells of the upper one were merged; None where the row's own count.
    """

    row: int
    between: int
    units: tuple[str, ...] | None
    sure: bool
    names: tuple[str, ...] | None = None


def find_head(rows: Sequence[Row], known: frozenset[str] = frozenset(), skip: int | None = None) -> Head:
    """Where the column names stand.

    Args:
        rows: the first rows of a sheet, as texts.
        known: names that columns have; others are recognised.
        skip: the number of rows before the names, if it is known.
    """
    def is_named(row: Row) -> bool:
        return any(cell in known or recognise(cell) == "time" for cell in map(str.strip, row))

    filled = [position for position, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if skip is not None:
        filled = [position for position in filled if position >= skip]
    if not filled:
        return Head(skip or 0, 0, None, sure=False)
    width = Counter(len(rows[position]) for position in filled[1:]).most_common(1)[0][0] if filled[1:] else 0
    named = [] if skip is not None else [
        position for position in filled[:FARTHEST] if len(rows[position]) > 1 and is_named(rows[position])]
    fitting = [position for position in named
               if len(rows[position]) == width and _between(rows, position, is_named) is not None]
    if not named and skip is None and len(rows[filled[0]]) < 2 <= width:
        fitting = [position for position in filled if len(rows[position]) == width]
    row = (*fitting, *named, filled[0])[0]
    between = _between(rows, row, is_named)
    if between is None:
        following = next((position for position in filled if position > row), None)
        between = [] if following is None or _units(rows[following]) is None else [following]
    units = next((units for position in between if (units := _units(rows[position])) is not None), None)
    return Head(row, between[-1] - row if between else 0, units, is_named(rows[row]),
                _put_together(rows[row], rows[between[0]]) if between else None)


def _between(rows: Sequence[Row], position: int, is_named: IsNamed) -> list[int] | None:
    """The rows that hold something between the names and the values; None if no time stands below the name of the
    time, as below a line such as `Date,2025-05-01` among those before the names."""
    column = next((number for number, cell in enumerate(rows[position]) if is_named([cell])), None)
    if column is None:
        return None
    found: list[int] = []
    for number in range(position + 1, len(rows)):
        row = rows[number]
        if not any(cell.strip() for cell in row):
            continue
        time = row[column].strip() if len(row) > column else ""
        if _units(row) is None:
            if re.search(r"\d", time):
                return found
            if any(map(_begins_as_number, row)):
                return None
        if len(found) == MOST_BETWEEN or (
                is_named(row) and (rows[position][column].strip().casefold(), time.casefold()) != LOGGER):
            return None
        found.append(number)
    return found


def _begins_as_number(cell: str) -> bool:
    return re.match(r"\s*[-+−(]?[.,]?\d", cell) is not None


def unit_in(cell: str) -> str | None:
    """The unit that a cell names, without brackets; None if it is none."""
    bare = re.sub(r"^[\[(]\s*(.*?)\s*[\])]$", r"\1", cell.strip())
    return bare if bare.casefold() in UNITS else None


def _units(cells: Row) -> tuple[str, ...] | None:
    """The units by position, empty texts beside them; None if the row is one of values."""
    units = [unit_in(cell) for cell in cells]
    others = [cell.strip() for cell, unit in zip(cells, units, strict=True) if unit is None]
    if not any(units) or any(
            _begins_as_number(cell) or (len(cell) > LONGEST_UNIT and re.search(r"\d", cell)) for cell in others):
        return None
    return tuple(unit or "" for unit in units)


def _put_together(upper: Row, lower: Row) -> tuple[str, ...] | None:
    """The names of both rows, where a cell of the upper one reaches over several columns; None where none does."""
    upper, lower = [cell.strip() for cell in upper], [cell.strip() for cell in lower]
    lower += [""] * (len(upper) - len(lower))
    parts = [number for number, name in enumerate(lower[:len(upper)]) if name]
    merged = any(number and not upper[number] and upper[number - 1] for number in parts)
    again = _units(lower) is None and len({upper[number] for number in parts if upper[number]}) < len(
        [number for number in parts if upper[number]])
    if not merged and not again:
        return None
    names: list[str] = []
    above = ""
    for number, name in enumerate(upper):
        above = name or above
        own = f"{above} {lower[number]}".strip() if lower[number] else name
        repeats = sum(own == other or other.startswith(f"{own}.") for other in names)
        names.append(f"{own}.{repeats}" if own and own in names else own)
    return tuple(names)
