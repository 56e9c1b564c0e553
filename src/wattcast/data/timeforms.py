"""Forms in which times are written: ISO, other orders of the date, AM and PM, digits alone, seconds or days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from wattcast.data.timewords import ZONES, in_digits, without_ends, zones_behind
from wattcast.errors import DataError

OFFSET = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|z|[+-]\d{2}(?::?\d{2})?)\s*$"
MIDNIGHT = r"\b24:00(?::00)?\s*$"
"""The end of a day, as meters write it."""

NUMBER = r"\s*\d+(?:[.,]\d+)?(?:[eE]\+?\d+)?\s*"
COMPACT = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Forms of digits alone, by their number."""
EPOCH_UNITS = {"s": ("seconds", 1), "ms": ("milliseconds", 10**3), "us": ("microseconds", 10**6),
               "ns": ("nanoseconds", 10**9)}
YEARS = (1990, 2100)
"""Numbers are times only where they then lie within these years. [years]"""
SERIAL_START = pd.Timestamp("1899-12-30")
"""Day 0 of spreadsheets that count from 1900, so that their numbers from March 1900 on are right."""
ROUND = tuple(map(pd.Timedelta, ("15min", "5min", "1min", "1s")))
"""What a day number with few decimals is rounded to: the coarsest of these that its decimals allow."""


@dataclass(frozen=True)
class Parsed:
    """Times in the order of the cells, NaT where one is none; `note` says what numbers were taken for."""

    times: pd.Series
    note: str | None = None


def parse_texts(texts: pd.Series, place: Callable[[int], str], day_first: bool | None = None) -> Parsed:
    """The reading of a column that fits the most rows.

    Args:
        texts: dtype `str`.
        place: where the row with a label of `texts.index` stands.
        day_first: whether 01/02/2025 is in February; None: as other rows tell.

    Raises:
        DataError: day and month can be told apart in no row, or only some rows have an offset.
    """
    texts = without_ends(texts)
    numbers = _from_numbers(texts)
    if numbers is not None:
        return numbers
    times = _parse_iso(texts, place)
    wrong = texts[times.isna() & texts.notna()]
    if wrong.empty:
        return Parsed(times)
    texts, zones = zones_behind(_tidy(texts))
    if zones.notna().all():
        local = parse_texts(texts, place, day_first).times
        words = ", ".join(f"{zone} is UTC{ZONES[zone]:+d}" for zone in sorted(zones.unique()))
        return Parsed((local - pd.to_timedelta(zones.map(ZONES), unit="h")).dt.tz_localize("UTC"),
                      f"the zone stands behind the times: {words}")
    if zones.notna().any():
        raise _some_without(zones.index[zones.isna()], texts, place)
    late = wrong.index[wrong.str.contains(MIDNIGHT)]
    if len(late):
        texts = texts.str.replace(MIDNIGHT, "00:00", regex=True)
    times = _parse_iso(texts, place)
    if times.isna().any() and times.dt.tz is None:
        times = _parse_other(texts, times, place, day_first)
    times.loc[late] += pd.Timedelta(days=1)
    return Parsed(times)


def _tidy(texts: pd.Series) -> pd.Series:
    """AM and PM in one spelling and behind the clock, UTC as an offset, months in digits, a point before parts of
    seconds; the two hours of a night in autumn, `2A:00` and `2B:00`, by their order."""
    texts = in_digits(texts.str.strip()).str.replace(r"(:\d{2}),(\d+)$", r"\1.\2", regex=True)
    texts = texts.str.replace(r"(?<=\d)[AB](?=:\d{2})", "", regex=True)
    texts = texts.str.replace(r"\s*([AaPp])\.?\s?[Mm]\.?$", r" \1M", regex=True)
    for chinese, latin in (("上午", "AM"), ("下午", "PM")):
        texts = texts.str.replace(rf"\s*{chinese}\s*(\d[\d:]*)$", rf" \1 {latin}", regex=True)
    return texts.str.replace(r"\s*(?:UTC|GMT)\s*(?=[+-]\d{1,2}(?::?\d{2})?$)", "", regex=True).str.replace(
        r"(?<=[\d])([+-])(\d)$", r"\g<1>0\2", regex=True)


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
        raise _some_without(bare.index, texts, place)
    return pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)


def _some_without(rows: pd.Index, texts: pd.Series, place: Callable[[int], str]) -> DataError:
    return DataError(f"{place(int(rows[0]))}: some times have a UTC offset and some have none",
                     found=f"{texts.loc[rows[0]]!r}; {len(rows)} of {len(texts)} rows without one",
                     expected="an offset in every row or in none")


def _parse_other(texts: pd.Series, iso: pd.Series, place: Callable[[int], str], day_first: bool | None) -> pd.Series:
    """The reading that fits the most rows.

    Raises:
        DataError: day and month can be told apart in no row.
    """
    best: list[tuple[bool | None, pd.Series]] = [(None, iso)]
    for order, form in _formats():
        if day_first is not None and order is not None and order != day_first:
            continue
        if pd.to_datetime(texts.iloc[:50], format=form, errors="coerce").notna().any():
            times = pd.to_datetime(texts, format=form, errors="coerce")
            better = int(best[0][1].isna().sum()) - int(times.isna().sum())
            best = [(order, times)] if better > 0 else [*best, (order, times)] if better == 0 else best
    if len(best) > 1 and not best[0][1].equals(best[1][1]):
        readings = dict(reversed(best))
        doubtful = (best[0][1] != best[1][1]) & best[0][1].notna()
        row = texts.index[doubtful][0] if doubtful.any() else texts.index[0]
        raise DataError(f"{place(int(row))}: the times may mean day first or month first", found=repr(texts.loc[row]),
                        expected="YYYY-MM-DD HH:MM, or a day above 12 in some row",
                        hint="; ".join(f"--set data.time.day_first={str(order).lower()} reads it as {times.loc[row]}"
                                       for order, times in readings.items() if order is not None))
    return best[0][1]


def _formats() -> Iterator[tuple[bool | None, str]]:
    """Forms for `strptime`, each with whether the day comes first where one could take it for the month."""
    for clock in ("%H:%M", "%H:%M:%S", "%H时%M分", "%H時%M分", "%I:%M %p", "%I:%M:%S %p", "%I %p", ""):
        for date in ("%Y年%m月%d日", "%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d %b %Y",
                     "%d-%b-%y", "%b %d %Y", "%b %d, %Y"):
            yield None, f"{date} {clock}".strip()
        for date, separator in product(("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"), "/-"):
            yield date.startswith("%d"), f"{date} {clock}".replace("/", separator).strip()


def _from_numbers(texts: pd.Series) -> Parsed | None:
    """Times of a column of numbers; None if it is none, or its numbers can be no times."""
    filled = texts.dropna().str.strip()
    if filled.empty or not filled.iloc[:20].str.fullmatch(NUMBER).any():
        return None
    filled = filled[filled.str.fullmatch(NUMBER)].str.replace(",", ".", regex=False)
    filled = filled.str.replace(r"\.0+$", "", regex=True)
    if 2 * len(filled) <= len(texts):
        return None
    for read in (_compact, _epoch, _serial):
        found = read(filled)
        if found is not None:
            return Parsed(found.times.reindex(texts.index), found.note)
    return None


def _compact(texts: pd.Series) -> Parsed | None:
    """`20250520`, `2025052000`, `202505200015`, `20250520001500`; an hour of 24 is the end of the day."""
    length = len(texts.iloc[0])
    form = COMPACT.get(length)
    if form is None or not (texts.str.len() == length).all():
        return None
    late = texts.str[8:10] == "24"
    if late.any():
        texts = texts.mask(late, texts.str[:8] + "0" * (length - 8))
    times = pd.to_datetime(texts, format=form, errors="coerce")
    if times.isna().any() or not times.dt.year.between(*YEARS).all():
        return None
    return Parsed(times + pd.to_timedelta(late.astype(int), unit="D"))


def _epoch(texts: pd.Series) -> Parsed | None:
    """Seconds since 1970, or parts of seconds."""
    first, last = (pd.Timestamp(year, 1, 1).timestamp() for year in YEARS)
    numbers = texts.astype(float)
    for unit, (name, factor) in EPOCH_UNITS.items():
        if numbers.between(first * factor, last * factor).all():
            whole = texts.str.isdecimal().all()
            exact = texts.astype("int64") if whole else (numbers * (10**6 / factor)).round().astype("int64")
            times = pd.to_datetime(exact, unit=unit if whole else "us", utc=True).dt.as_unit("us")
            return Parsed(times, f"the times are {name} since 1970, UTC")
    return None


def _serial(texts: pd.Series) -> Parsed | None:
    """Days since 1900, as spreadsheets count."""
    numbers = texts.astype(float)
    if not numbers.between(*((pd.Timestamp(year, 1, 1) - SERIAL_START).days for year in YEARS)).all():
        return None
    exact = SERIAL_START + pd.to_timedelta((numbers * 86_400e6).round(), unit="us")
    decimals = int(texts.str.partition(".")[2].str.len().max())
    doubt = pd.Timedelta(days=10.0 ** -decimals) + pd.Timedelta("500ms")
    for unit in ROUND:
        rounded = exact.dt.round(unit)
        if unit == ROUND[-1] or (np.abs(rounded - exact) <= doubt).all():
            break
    return Parsed(rounded, "the times are a spreadsheet's day numbers, counted from 1900")
