"""Tables with a row for each day and a column for each interval of it, put under each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wattcast.data.columns import SLOT
from wattcast.data.tables import Table
from wattcast.errors import DataError

COUNTS = (24, 48, 96, 144, 288)
"""A day has so many intervals."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::00)?(\s*(?:-|–|~|—|至|to)\s*\d{1,2}:\d{2}(?::00)?)?")
_NUMBER = re.compile(r"(?P<before>\D*?)0*(?P<number>\d+)(?P<behind>\D*)")


@dataclass(frozen=True)
class Wide:
    """The columns of a day's intervals and the time of day that each stands for.

    It is `HH:MM`, or `HH:MM-HH:MM` of those that are numbered, which leave no doubt about their start.
    """

    clocks: dict[str, str]
    value: str

    def header(self, names: Sequence[str]) -> list[str]:
        """The names of the columns of the long table."""
        return [*(name for name in names if name not in self.clocks), SLOT, self.value]

    def long(self, table: Table) -> Table:
        """One row for each interval; those without a value are left out.

        Raises:
            DataError: there is no value at all.
        """
        slots = list(self.clocks)
        others = table.frame.drop(columns=slots)
        count = len(others)
        frame = others.iloc[np.repeat(np.arange(count), len(slots))]
        frame.index = pd.Index((others.index.to_numpy()[:, None] * len(slots) + np.arange(len(slots))).ravel())
        values = table.frame[slots]
        numeric = all(pd.api.types.is_numeric_dtype(kind) for kind in values.dtypes)
        stacked = values.to_numpy(np.float64 if numeric else object).ravel()
        frame = frame.assign(**{SLOT: np.tile(list(self.clocks.values()), count), self.value: stacked})
        frame = frame[frame[self.value].notna()]
        if frame.empty:
            raise DataError(f"{table.files[0]} has no value in its columns {slots[0]!r} to {slots[-1]!r}")
        note = f"a row for each day: its {len(slots)} columns {slots[0]!r} to {slots[-1]!r} are {self.value}, " \
               f"the first at {next(iter(self.clocks.values()))}"
        return replace(table, frame=frame, slots=tuple(slots), notes=(*table.notes, note))


def wide_columns(header: Sequence[str], value: str) -> Wide | None:
    """The columns of a day's intervals, named by clocks or by numbers; None if the table is not of this kind.

    Args:
        value: what their values are called in the long table.
    """
    matches = {name: match for name in header if (match := _CLOCK.fullmatch(name.strip()))}
    if len(matches) in COUNTS and (found := _by_clock(matches)):
        return Wide(found, value)
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for name in header:
        if match := _NUMBER.fullmatch(name.strip()):
            groups.setdefault((match["before"], match["behind"]), {})[name] = int(match["number"])
    for columns in groups.values():
        numbers = list(columns.values())
        if len(numbers) in COUNTS and numbers[0] in (0, 1) and numbers == list(range(numbers[0],
                                                                                       numbers[0] + len(numbers))):
            length = 1440 // len(numbers)
            starts = {name: (number - numbers[0]) * length for name, number in columns.items()}
            clocks = {name: f"{_written(start)}-{_written(start + length)}" for name, start in starts.items()}
            return Wide(clocks, value)
    return None


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
