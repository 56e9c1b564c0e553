"""Cells to instants: what was written, offsets, daylight saving time."""

import datetime as dt
import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from wattcast.data.quality import Finding, found_at
from wattcast.data.timeforms import parse_texts
from wattcast.errors import DataError, listing

CLOCK = r"\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?\s*"
"""A time of day without a date."""
HINTS = {
    CLOCK: "write the date before each time, into a column of its own or into the name of the file (2025-06-01)",
    r".*\b(?:CST|IST)\b.*": "this zone's letters mean several zones: take them out, and set data.time.timezone",
    r"\d{2}:\d{2}[.,]\d": "a spreadsheet has kept minutes and seconds alone: give the column the format "
                         "yyyy-mm-dd hh:mm in the file that it was made of, and save that as CSV"}
"""What to do about texts of a form that is no time."""

FORMULAS = "if they hold formulas: open the workbook in a spreadsheet, which works them out, and save it"
BOOK = re.compile(r"\.xls[xm],")
"""Where a row of a workbook stands."""

_ZONE = re.compile(r"(?<![A-Za-z])(?:utc|gmt)\s*(?:(?P<sign>[-+−])\s*(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?)?"
                   r"(?![A-Za-z\d])", re.IGNORECASE)

YEARS = (1950, 2100)
"""Power is measured in these years: others are of another calendar, or a clock that was never set. [years]"""


def to_instants(cells: pd.Series, timezone: str, place: Callable[[int], str], group: pd.Index | None = None,
                day_first: bool | None = None) -> tuple[pd.DatetimeIndex, bool, list[Finding]]:
    """One column of times.

    Args:
        cells: texts, numbers or times; its name is used in messages.
        timezone: of times without an offset, and of the result.
        place: where the row with a label of `cells.index` stands.
        group: rows of one group follow each other in time, forwards or backwards; matters only for an hour that
            occurs twice.
        day_first: whether 01/02/2025 is in February; None: as other rows tell.

    Returns:
        The instants in the order of the rows, whether they were written without an offset, and what DST did to them.

    Raises:
        DataError: a cell is no time, or may mean day or month first, or only some have an offset.
    """
    index, _ = as_written(cells, place, day_first)
    if index.tz is None and (zone := zone_named(cells.name)):
        index = index.tz_localize(zone)
    if index.tz is not None:
        return index.tz_convert(timezone), False, []
    index, findings = localize(index, timezone, group)
    return index, True, findings


def zone_named(column: object) -> dt.timezone | None:
    """The distance to UTC that the name of a column of times tells, as `Time (UTC)` or `UTC+01:00` does."""
    match = _ZONE.search(str(column))
    if match is None:
        return None
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    return dt.timezone((-1 if match["sign"] in ("-", "−") else 1) * dt.timedelta(hours=hours, minutes=minutes))


def as_written(cells: pd.Series, place: Callable[[int], str],
               day_first: bool | None = None) -> tuple[pd.DatetimeIndex, str | None]:
    """The times of a column, without a zone unless they have offsets, and what numbers were taken for.

    Raises:
        DataError: a cell is no time, or may mean day or month first, or only some have an offset.
    """
    note = None
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        times = cells
    else:
        parsed = parse_texts(cells.astype("str"), place, day_first)
        times, note = parsed.times, parsed.note
    _require_all(times, cells, place)
    index = pd.DatetimeIndex(times, name="time").as_unit("us")
    _require_possible(index, cells, place)
    return index, note


def _require_all(times: pd.Series, cells: pd.Series, place: Callable[[int], str]) -> None:
    wrong = cells[times.isna()].astype("str")
    if len(wrong) and wrong.isna().all():
        where = place(int(wrong.index[0]))
        raise DataError(f"{where}: the column {cells.name!r} should hold times",
                        found=f"empty cells in {len(wrong)} rows", expected="a time in every row",
                        hint=FORMULAS if BOOK.search(where) else None)
    if len(wrong):
        raise DataError(f"{place(int(wrong.index[0]))}: the column {cells.name!r} should hold times",
                        found=f"{wrong.iloc[0]!r}; in {len(wrong)} rows: {listing(map(repr, wrong.unique()), limit=5)}",
                        expected="for example 2025-06-01 00:15 or 2025/06/01 00:15, in one form throughout",
                        hint=next((hint for form, hint in HINTS.items() if wrong.str.fullmatch(form).all()), None))


def _require_possible(index: pd.DatetimeIndex, cells: pd.Series, place: Callable[[int], str]) -> None:
    wrong = np.flatnonzero((index.year < YEARS[0]) | (index.year > YEARS[1]))
    if len(wrong):
        first = int(wrong[0])
        raise DataError(f"{place(int(cells.index[first]))}: the column {cells.name!r} holds a time in the year "
                        f"{index[first].year}", found=f"{str(cells.iloc[first])!r}; {len(wrong)} rows of {len(cells)}",
                        expected=f"years from {YEARS[0]} to {YEARS[1]}, of the Gregorian calendar",
                        hint="write dates as YYYY-MM-DD HH:MM")


def localize(times: pd.DatetimeIndex, timezone: str,
             group: pd.Index | None = None) -> tuple[pd.DatetimeIndex, list[Finding]]:
    """Local times to instants; an hour that occurs twice goes by order of appearance, backwards in a group that is
    written newest first."""
    plain = times.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    if not plain.hasnans:
        return plain, []
    moved = times.tz_localize(timezone, ambiguous="NaT", nonexistent="shift_forward")
    ambiguous = np.asarray(moved.isna())
    nonexistent = np.asarray(plain.isna()) & ~ambiguous
    rows = pd.DataFrame({"group": 0 if group is None else group, "time": times})
    backwards = _newest_first(rows)[ambiguous]
    twice = rows[ambiguous].groupby(["group", "time"])
    number = np.where(backwards, twice.cumcount(ascending=False), twice.cumcount())
    first = np.ones(len(times), dtype=bool)
    first[ambiguous] = number == 0
    index = times.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
    return index, [
        *found_at("dst", None, index[ambiguous],
                  "local times of an hour that occurs twice: taken in their order, one alone as the first"),
        *found_at("dst", None, index[nonexistent],
                  "local times of an hour that is left out: moved to its end; if the meter does not follow daylight "
                  "saving time, set data.time.timezone to a fixed offset such as Etc/GMT-1"),
    ]


def _newest_first(rows: pd.DataFrame) -> pd.Series:
    """Whether each row's group is written backwards: more often than not a time is before the one above it."""
    signs = np.sign(rows.groupby("group")["time"].diff() / pd.Timedelta(seconds=1)).fillna(0.0)
    return signs.groupby(rows["group"]).transform("sum") < 0
