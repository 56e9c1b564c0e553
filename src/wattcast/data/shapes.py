"""Tables with a row for each day and a column for each interval of it, put under each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.clocks import DAY_MINUTES
from wattcast.data.columns import CLOCKS, SLOT, column_for
from wattcast.data.dateparts import DATE
from wattcast.data.schema import spelt
from wattcast.data.tables import Table
from wattcast.errors import DataError, listing

COUNTS = (24, 48, 96, 144, 288)
"""A day has so many intervals."""
LONGEST = (25, 50, 100)
"""And so many where there is a column for the hour that the end of daylight saving time adds."""

MOST = 0.95
"""Share of a day's columns from which on it is told that the others are missing. [share]"""
FEWEST_DAYS = 2
"""So many columns that are called after days are a table of days."""

_CLOCK = re.compile(r"(?P<before>\D*?)(?P<hour>\d{1,2})(?:[:.hH](?P<minute>\d{2})(?::00)?\s?(?P<half>[AaPp]\.?[Mm]\.?)?"
                    r"|\s?(?P<hour_half>[AaPp]\.?[Mm]\.?))(?P<end>\s*(?:-|–|~|—|至|to)\s*\d{1,2}:\d{2}(?::00)?)?")
_DIGITS = re.compile(r"(?P<before>\D*?)(?P<hour>[0-2]\d)(?P<minute>[0-5]\d)")
_HOURS = re.compile(r"(\d{1,2})\s*(?:-|–|~|—|至|to)\s*(\d{1,2})")
_DAY = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?: 00:00(?::00)?)?")
_NUMBER = re.compile(r"(?P<before>\D*?)0*(?P<number>\d+)(?P<behind>\D*)")


@dataclass(frozen=True)
class Wide:
    """The columns of a day's intervals by what their values are called, and the time of day that each stands for.

    It is `HH:MM`, or `HH:MM-HH:MM` of those that are numbered, which leave no doubt about their start, or the number
    where there are columns for a day of 25 hours; all values have the same times. Where a column is a day and a row a
    time of day, it is the day, and `slot`, what the column of them is called, the date.
    """

    columns: dict[str, dict[str, str]]
    slot: str = SLOT

    @property
    def slots(self) -> list[str]:
        """All columns of intervals."""
        return [name for columns in self.columns.values() for name in columns]

    def header(self, names: Sequence[str]) -> list[str]:
        """The names of the columns of the long table."""
        return [*(name for name in names if name not in self.slots), self.slot, *self.columns]

    def long(self, table: Table) -> Table:
        """One row for each interval; those without a value are left out.

        Raises:
            DataError: there is no value at all.
        """
        first = next(iter(self.columns.values()))
        others = table.frame.drop(columns=self.slots)
        count = len(others)
        frame = others.iloc[np.repeat(np.arange(count), len(first))]
        frame.index = pd.Index((others.index.to_numpy()[:, None] * len(first) + np.arange(len(first))).ravel())
        frame = frame.assign(**{self.slot: np.tile(list(first.values()), count),
                                **{value: _stacked(table.frame[list(of)]) for value, of in self.columns.items()}})
        if self.slot != SLOT:
            frame = frame.iloc[np.argsort(np.tile(np.arange(len(first)), count), kind="stable")]
        frame = frame[frame[list(self.columns)].notna().any(axis=1)]
        slots = list(first)
        if frame.empty:
            raise DataError(f"{table.files[0]} has no value in its columns {slots[0]!r} to {slots[-1]!r}")
        row = "day" if self.slot == SLOT else "time of day"
        notes = [f"a row for each {row}: its {len(of)} columns {next(iter(of))!r} to {list(of)[-1]!r} are {value}, "
                 f"the first at {next(iter(of.values()))}" for value, of in self.columns.items()]
        return replace(table, frame=frame, slots=tuple(slots), notes=(*table.notes, *notes))


def _stacked(cells: pd.DataFrame) -> npt.NDArray[Any]:
    numeric = all(pd.api.types.is_numeric_dtype(kind) for kind in cells.dtypes)
    stacked: npt.NDArray[Any] = cells.to_numpy(np.float64 if numeric else object).ravel()
    return stacked


def wide_columns(header: Sequence[str], value: str) -> Wide | None:
    """The columns of a day's intervals, named by clocks or by numbers; None if the table is not of this kind.

    Args:
        value: what their values are called in the long table.
    """
    found = day_columns(header)
    if found:
        return Wide({value: next(iter(found.values()))})
    days = {name: name.strip() for name in header if _DAY.fullmatch(name.strip())}
    clock = column_for(header, "clock") or next((name for name in header if spelt(name, *CLOCKS)), None)
    return Wide({value: days}, DATE) if len(days) >= FEWEST_DAYS and clock and DATE not in header else None


def day_columns(header: Sequence[str]) -> dict[str, dict[str, str]]:
    """Columns of a day's intervals and their times of day, by what stands before their numbers (`temp_1`)."""
    if found := _clocks(header):
        return found
    days: dict[str, dict[str, str]] = {}
    for (before, _), columns in _numbered(header).items():
        if list(columns) == sorted(columns):      # as texts: 1, 10, 11
            columns = dict(sorted(columns.items(), key=lambda column: column[1]))
        numbers = list(columns.values())
        if not numbers or numbers[0] not in (0, 1) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            continue
        if len(numbers) in LONGEST:
            days.setdefault(before, {name: str(number) for name, number in columns.items()})
        elif len(numbers) in COUNTS:
            length = 1440 // len(numbers)
            starts = {name: (number - numbers[0]) * length for name, number in columns.items()}
            days.setdefault(before, {name: f"{_written(start)}-{_written(start + length)}"
                                     for name, start in starts.items()})
    return days


def _numbered(header: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Columns and their numbers, by what stands before and behind these."""
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for name in header:
        if match := _NUMBER.fullmatch(name.strip()):
            groups.setdefault((match["before"], match["behind"]), {})[name] = int(match["number"])
    return groups


def require_whole_day(header: Sequence[str]) -> None:
    """Nothing, unless most of the numbered columns of a day are there and some are not.

    Raises:
        DataError: with those that are missing.
    """
    for (before, behind), numbers in _numbered(header).items():
        columns = {number: name for name, number in numbers.items()}
        count = next((count for count in COUNTS if MOST * count <= len(columns) < count), None)
        lowest = min(columns)
        if count is None or lowest > 1 or max(columns) >= lowest + count:
            continue
        missing = [f"{before}{number}{behind}" for number in range(lowest, lowest + count) if number not in columns]
        raise DataError(f"the columns {columns[lowest]!r} to {columns[max(columns)]!r} are not a whole day's",
                        found=f"{len(columns)} of {count}; without {listing(missing, limit=5)}",
                        expected=f"a column for each interval: {', '.join(map(str, COUNTS))} of them",
                        hint="add the missing columns, empty where nothing was measured; if they are none of a day's, "
                             "say which one is the power under data.targets")


def _clocks(header: Sequence[str]) -> dict[str, dict[str, str]]:
    """Columns that are named by clocks, by what stands before these; none if there is no whole day of them."""
    for form in (_CLOCK, _DIGITS, _HOURS):
        groups: dict[str, dict[str, re.Match[str]]] = {}
        for name in header:
            if match := form.fullmatch(name.strip()):
                groups.setdefault(match.groupdict().get("before") or "", {})[name] = match
        found = {before: clocks for before, names in groups.items()
                 if len(names) in COUNTS and (clocks := _by_clock(names))}
        if found:
            return found
    return {}


def _by_clock(clocks: dict[str, re.Match[str]]) -> dict[str, str] | None:
    """The clocks, with a midnight at the end as 24:00; None if they are not equally far apart over a whole day."""
    minutes = list(map(_minute, clocks.values()))
    if minutes[-1] == 0:
        minutes[-1] = DAY_MINUTES
    length = DAY_MINUTES // len(minutes)
    if minutes[0] not in (0, length) or minutes != list(range(minutes[0], minutes[0] + DAY_MINUTES, length)):
        return None
    ranges = all(clock.re is _HOURS or clock.groupdict().get("end") for clock in clocks.values())
    return {name: f"{_written(minute)}-{_written(minute + length)}" if ranges else _written(minute)
            for name, minute in zip(clocks, minutes, strict=True)}


def _minute(clock: re.Match[str]) -> int:
    """Of the day; -1 of no time of day."""
    if clock.re is _HOURS:
        first, last = int(clock[1]), int(clock[2])
        return first * 60 if last == first + 1 else -1
    part = clock.groupdict()
    hour, minute, half = int(part["hour"]), int(part["minute"] or 0), part.get("half") or part.get("hour_half")
    return (hour % 12 + 12 * (half[0] in "Pp") if half else hour) * 60 + minute


def _written(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
