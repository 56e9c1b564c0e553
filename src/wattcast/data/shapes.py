"""Tables with a row for each day and a column for each interval of it, put under each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from wattcast.data.columns import SLOT
from wattcast.data.tables import Table
from wattcast.errors import DataError

COUNTS = (24, 48, 96, 144, 288)
"""A day has so many intervals."""
LONGEST = (25, 50, 100)
"""And so many where there is a column for the hour that the end of daylight saving time adds."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::00)?(\s*(?:-|–|~|—|至|to)\s*\d{1,2}:\d{2}(?::00)?)?")
_NUMBER = re.compile(r"(?P<before>\D*?)0*(?P<number>\d+)(?P<behind>\D*)")


@dataclass(frozen=True)
class Wide:
    """The columns of a day's intervals by what their values are called, and the time of day that each stands for.

    It is `HH:MM`, or `HH:MM-HH:MM` of those that are numbered, which leave no doubt about their start, or the number
    where there are columns for a day of 25 hours; all values have the same times.
    """

    columns: dict[str, dict[str, str]]

    @property
    def slots(self) -> list[str]:
        """All columns of intervals."""
        return [name for columns in self.columns.values() for name in columns]

    def header(self, names: Sequence[str]) -> list[str]:
        """The names of the columns of the long table."""
        return [*(name for name in names if name not in self.slots), SLOT, *self.columns]

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
        frame = frame.assign(**{SLOT: np.tile(list(first.values()), count),
                                **{value: _stacked(table.frame[list(of)]) for value, of in self.columns.items()}})
        frame = frame[frame[list(self.columns)].notna().any(axis=1)]
        slots = list(first)
        if frame.empty:
            raise DataError(f"{table.files[0]} has no value in its columns {slots[0]!r} to {slots[-1]!r}")
        notes = [f"a row for each day: its {len(of)} columns {next(iter(of))!r} to {list(of)[-1]!r} are {value}, "
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
    return Wide({value: next(iter(found.values()))}) if found else None


def day_columns(header: Sequence[str]) -> dict[str, dict[str, str]]:
    """Columns of a day's intervals and their times of day, by what stands before their numbers (`temp_1`)."""
    matches = {name: match for name in header if (match := _CLOCK.fullmatch(name.strip()))}
    if len(matches) in COUNTS and (found := _by_clock(matches)):
        return {"": found}
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for name in header:
        if match := _NUMBER.fullmatch(name.strip()):
            groups.setdefault((match["before"], match["behind"]), {})[name] = int(match["number"])
    days: dict[str, dict[str, str]] = {}
    for (before, _), columns in groups.items():
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


def _by_clock(clocks: dict[str, re.Match[str]]) -> dict[str, str] | None:
    """The clocks, with a midnight at the end as 24:00; None if they are not equally far apart over a whole day."""
    minutes = [int(clock[1]) * 60 + int(clock[2]) for clock in clocks.values()]
    if minutes[-1] == 0:
        minutes[-1] = 1440
    length = 1440 // len(minutes)
    if minutes[0] not in (0, length) or minutes != list(range(minutes[0], minutes[0] + 1440, length)):
        return None
    ranges = all(clock[3] for clock in clocks.values())
    return {name: f"{_written(minute)}-{_written(minute + length)}" if ranges else _written(minute)
            for name, minute in zip(clocks, minutes, strict=True)}


def _written(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
