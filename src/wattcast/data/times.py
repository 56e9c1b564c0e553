"""Cells to instants: formats, offsets, daylight saving time."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pandas as pd

from wattcast.data.quality import Finding, found_at
from wattcast.errors import DataError, listing

OFFSET = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|z|[+-]\d{2}(?::?\d{2})?)\s*$"
MIDNIGHT = r"\b24:00(?::00)?\s*$"
"""The end of a day, as meters write it."""


def to_instants(cells: pd.Series, timezone: str, place: Callable[[int], str],
                group: pd.Index | None = None) -> tuple[pd.DatetimeIndex, bool, list[Finding]]:
    """One column of times.

    Args:
        cells: texts or times; its name is used in messages.
        timezone: of times without an offset, and of the result.
        place: where the row with a label of `cells.index` stands.
        group: rows of one group follow each other in time; matters only for an hour that occurs twice.

    Returns:
        The instants in the order of the rows, whether they were written without an offset, and what DST did to them.

    Raises:
        DataError: a cell is no time, or may mean day or month first, or only some have an offset.
    """
    times = cells if pd.api.types.is_datetime64_any_dtype(cells.dtype) else _parse(cells.astype("str"), place)
    _require_all(times, cells, place)
    index = pd.DatetimeIndex(times, name="time").as_unit("us")
    if index.tz is not None:
        return index.tz_convert(timezone), False, []
    index, findings = _localize(index, timezone, group)
    return index, True, findings


def _parse(texts: pd.Series, place: Callable[[int], str]) -> pd.Series:
    times = _parse_iso(texts, place)
    wrong = texts[times.isna() & texts.notna()]
    if wrong.empty:
        return times
    late = wrong.index[wrong.str.contains(MIDNIGHT)]
    if len(late):
        texts = texts.str.replace(MIDNIGHT, "00:00", regex=True)
        times = _parse_iso(texts, place)
    if times.isna().any() and times.dt.tz is None:
        times = _parse_other(texts, times, place)
    times.loc[late] += pd.Timedelta(days=1)
    return times


def _parse_iso(texts: pd.Series, place: Callable[[int], str]) -> pd.Series:
    """NaT where a text is in another format.

    Raises:
        DataError: only some rows have an offset.
    """
    try:
        return pd.to_datetime(texts, format="ISO8601", errors="coerce")
    except ValueError:  # several offsets, or rows without one
        bare = texts[texts.notna() & ~texts.str.contains(OFFSET, na=False)]
    if len(bare):
        raise DataError(f"{place(int(bare.index[0]))}: some times have a UTC offset and some have none",
                        found=f"{bare.iloc[0]!r}; {len(bare)} of {len(texts)} rows without one",
                        expected="an offset in every row or in none")
    return pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)


def _parse_other(texts: pd.Series, iso: pd.Series, place: Callable[[int], str]) -> pd.Series:
    """The reading that fits the most rows.

    Raises:
        DataError: day and month can be told apart in no row.
    """
    best = [iso]
    for form in _formats():
        if pd.to_datetime(texts.iloc[:50], format=form, errors="coerce").notna().any():
            times = pd.to_datetime(texts, format=form, errors="coerce")
            better = int(best[0].isna().sum()) - int(times.isna().sum())
            best = [times] if better > 0 else [*best, times] if better == 0 else best
    if len(best) > 1 and not best[0].equals(best[1]):
        raise DataError(f"{place(int(texts.index[0]))}: the times may mean day first or month first",
                        found=repr(texts.iloc[0]), expected="YYYY-MM-DD HH:MM")
    return best[0]


def _formats() -> Iterator[str]:
    for clock in ("%H:%M", "%H:%M:%S"):
        yield f"%Y年%m月%d日 {clock}"
        yield f"%d.%m.%Y {clock}"
        yield from (f"{date} {clock}".replace("/", separator)
                    for date, separator in product(("%m/%d/%Y", "%d/%m/%Y"), "/-"))


def _require_all(times: pd.Series, cells: pd.Series, place: Callable[[int], str]) -> None:
    wrong = cells[times.isna()].astype("str")
    if len(wrong):
        raise DataError(f"{place(int(wrong.index[0]))}: the column {cells.name!r} should hold times",
                        found=f"{wrong.iloc[0]!r}; in {len(wrong)} rows: {listing(map(repr, wrong.unique()), limit=5)}",
                        expected="for example 2025-06-01 00:15 or 2025/06/01 00:15, in one form throughout")


def _localize(times: pd.DatetimeIndex, timezone: str,
              group: pd.Index | None) -> tuple[pd.DatetimeIndex, list[Finding]]:
    """Local times to instants; an hour that occurs twice goes by order of appearance."""
    plain = times.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    if not plain.hasnans:
        return plain, []
    moved = times.tz_localize(timezone, ambiguous="NaT", nonexistent="shift_forward")
    ambiguous = np.asarray(moved.isna())
    nonexistent = np.asarray(plain.isna()) & ~ambiguous
    rows = pd.DataFrame({"group": 0 if group is None else group, "time": times})[ambiguous]
    first = np.ones(len(times), dtype=bool)
    first[ambiguous] = rows.groupby(["group", "time"]).cumcount().to_numpy() == 0
    index = times.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
    return index, [
        *found_at("dst", None, index[ambiguous],
                  "local times of an hour that occurs twice: taken in their order, one alone as the first"),
        *found_at("dst", None, index[nonexistent],
                  "local times of an hour that is left out: moved to its end; if the meter does not follow daylight "
                  "saving time, set data.time.timezone to a fixed offset such as Etc/GMT-1"),
    ]
