"""Forms in which times are written: ISO, other orders of the date, AM and PM, digits alone, seconds or days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from wattcast.data.timesigns import in_our_years, tidy
from wattcast.data.timewords import ZONES, in_digits, offsets_behind, without_ends, zones_behind
from wattcast.errors import DataError

OFFSET = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|z|[+-]\d{2}(?::?\d{2})?)\s*$"
MIDNIGHT = r"(?<!\d)24:00(?::00(?:\.0+)?)?(?=\s*(?:Z|[+-]\d{2}(?::?\d{2})?)?\s*$)"
"""The end of a day, as meters write it."""

NUMBER = r"\s*\d+(?:[.,]\d+)?(?:[eE]\+?\d+)?\s*"
COMPACT = {8: ("%Y%m%d",), 10: ("%Y%m%d%H", "%y%m%d%H%M"), 12: ("%Y%m%d%H%M", "%y%m%d%H%M%S"), 14: ("%Y%m%d%H%M%S",)}
"""Forms of digits alone, by their number."""
EPOCH_UNITS = {"s": ("seconds", 1), "ms": ("milliseconds", 10**3), "us": ("microseconds", 10**6),
               "ns": ("nanoseconds", 10**9)}
YEARS = (1990, 2100)
"""Numbers are times only where they then lie within these years. [years]"""
TICKS = 7e17
"""Tenths of microseconds since the year 1 stay below this, nanoseconds since 1970 have been above it since 1992.
[number]"""
KEPT = 7
"""A time that was kept as a number with an exponent needs so many digits behind its point to tell a quarter of an hour.
[digits]"""
SERIAL_START = pd.Timestamp("1899-12-30")
"""Day 0 of spreadsheets that count from 1900, so that their numbers from March 1900 on are right."""
ROUND = tuple(map(pd.Timedelta, ("15min", "5min", "1min", "1s")))
"""What a day number with few decimals is rounded to: the coarsest of these that its decimals allow."""
DENSE = 0.5
"""Of dates that may begin with the day or with the year those are right that make the most of the days between the
first and the last; the others make less than this share of it. [share]"""
RARE = 0.4
"""Dates with points begin with the day unless a year before them makes so much more of the days. [share]"""


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
        DataError: it cannot be told where the day, the month and the year stand, only some rows have an offset, or
            numbers have lost digits.
    """
    texts, era = in_our_years(without_ends(texts))
    numbers = _from_numbers(texts, place)
    if numbers is not None:
        return numbers
    times = _parse_iso(texts, place)
    if times.notna().sum() == texts.notna().sum():
        return Parsed(times, era)
    texts, zones = zones_behind(tidy(in_digits(texts.str.normalize("NFKC").str.strip())))
    if zones.notna().all():
        local = parse_texts(texts, place, day_first).times
        words = ", ".join(f"{zone} is UTC{ZONES[zone]:+d}" for zone in sorted(zones.unique()))
        return Parsed((local - pd.to_timedelta(zones.map(ZONES), unit="h")).dt.tz_localize("UTC"),
                      f"the zone stands behind the times: {words}")
    if zones.notna().any():
        raise _some_without(zones.index[zones.isna()], texts, place)
    late = texts.index[texts.str.contains(MIDNIGHT, na=False)]
    if len(late):
        texts = texts.str.replace(MIDNIGHT, "00:00", regex=True)
    times = _parse_iso(texts, place)
    if times.isna().all():
        bare, offsets = offsets_behind(texts)
        if offsets.notna().all():
            times = (_parse_other(bare, times, place, day_first) - offsets).dt.tz_localize("UTC")
    if times.isna().any() and times.dt.tz is None:
        times = _parse_other(texts, times, place, day_first)
    times.loc[late] += pd.Timedelta(days=1)
    return Parsed(times, era)


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


@dataclass(frozen=True)
class _Reading:
    """Times in one order of day, month and year.

    `day_first` is None where one could not take the day for the month, `year_first` where one could not take it for the
    year; `rare` marks an order that hardly anybody uses.
    """

    times: pd.Series
    day_first: bool | None = None
    year_first: bool | None = None
    rare: bool = False


def _parse_other(texts: pd.Series, iso: pd.Series, place: Callable[[int], str], day_first: bool | None) -> pd.Series:
    """The reading that fits the most rows.

    Raises:
        DataError: it can be told in no row where the day, the month and the year stand.
    """
    fractions = pd.to_timedelta(texts.str.extract(r":\d{2}:\d{2}(\.\d+)")[0].astype(float).fillna(0.0), unit="s")
    alike = texts.str.replace(r"(:\d{2}:\d{2})\.\d+", r"\1", regex=True)
    alike = alike.str.replace(r"(?<![:\d])(\d{1,2}:\d{2})(?![:\d])", r"\1:00", regex=True)
    best = [_Reading(iso)]
    for date, clock, reading in _formats(iso):
        if None not in (day_first, reading.day_first) and reading.day_first != day_first:
            continue
        form = f"{date} {clock}".strip()
        if pd.to_datetime(alike.iloc[:50], format=form, errors="coerce").isna().all():
            continue
        times = pd.to_datetime(alike, format=form, errors="coerce")
        # A midnight may be written as a date alone.
        if clock and times.isna().any():
            times = times.fillna(pd.to_datetime(alike, format=date, errors="coerce"))
        better = int(best[0].times.isna().sum()) - int(times.isna().sum())
        found = replace(reading, times=times + fractions.dt.round("us"))
        best = [found] if better > 0 else [*best, found] if better == 0 else best
    best = _following(best)
    _require_one(best, texts, place)
    return best[0].times


def _following(readings: list[_Reading]) -> list[_Reading]:
    """Without those that begin, or end, with the year, if the others make days of it that follow each other."""
    dense = {first: max((_density(each.times) * (RARE if each.rare else 1.0) for each in readings
                         if each.year_first is first), default=0.0) for first in (True, False)}
    return [each for each in readings
            if each.year_first is None or dense[each.year_first] >= DENSE * max(dense.values())]


def _density(times: pd.Series) -> float:
    """Of the days from the first to the last, the share that is there."""
    days = times.dropna().dt.normalize()
    return days.nunique() / (1 + (days.max() - days.min()) / pd.Timedelta(days=1)) if len(days) else 0.0


def _require_one(readings: list[_Reading], texts: pd.Series, place: Callable[[int], str]) -> None:
    """Nothing, unless some tell other times than the first one.

    Raises:
        DataError: with two of them.
    """
    first = readings[0]
    other = next((each for each in readings[1:] if not each.times.equals(first.times)), None)
    if other is None:
        return
    doubtful = (first.times != other.times) & first.times.notna()
    row = texts.index[doubtful][0] if doubtful.any() else texts.index[0]
    told = {each.day_first: each.times.loc[row] for each in (first, other) if each.day_first is not None}
    if first.year_first == other.year_first:
        what, expected = "mean day first or month first", "YYYY-MM-DD HH:MM, or a day above 12 in some row"
    else:
        what, expected = "begin with the day or with the year", "YYYY-MM-DD HH:MM"
    raise DataError(f"{place(int(row))}: the times may {what}", found=repr(texts.loc[row]), expected=expected,
                    hint="; ".join(f"--set data.time.day_first={str(order).lower()} reads it as {time}"
                                   for order, time in sorted(told.items(), reverse=True)))


def _formats(nothing: pd.Series) -> Iterator[tuple[str, str, _Reading]]:
    """Forms of dates and clocks for `strptime`, each with what of it one could take for something else."""
    for clock in ("%H:%M:%S", "%I:%M:%S %p", "%I %p", ""):
        for date in ("%d.%m.%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"):
            yield date, clock, _Reading(nothing)
        for date, separator in product(("%m/%d/%Y", "%d/%m/%Y"), "/-"):
            yield date.replace("/", separator), clock, _Reading(nothing, date.startswith("%d"))
        for date, separator in product(("%m/%d/%y", "%d/%m/%y", "%y/%m/%d"), "/-"):
            yield date.replace("/", separator), clock, _Reading(nothing, date.startswith("%d"), date.startswith("%y"))
        yield "%d.%m.%y", clock, _Reading(nothing, None, year_first=False)
        yield "%y.%m.%d", clock, _Reading(nothing, None, year_first=True, rare=True)


def _from_numbers(texts: pd.Series, place: Callable[[int], str]) -> Parsed | None:
    """Times of a column of numbers; None if it is none, or its numbers can be no times.

    Raises:
        DataError: they lost the digits that tell the minute.
    """
    filled = texts.dropna().str.strip()
    if filled.empty or not filled.iloc[:20].str.fullmatch(NUMBER).any():
        return None
    filled = filled[filled.str.fullmatch(NUMBER)].str.replace(",", ".", regex=False)
    filled = filled.str.replace(r"\.0+$", "", regex=True)
    if 2 * len(filled) <= len(texts):
        return None
    short = filled[filled.str.contains(rf"^\d(?:\.\d{{1,{KEPT - 1}}})?[eE]\+?\d+$")]
    if 2 * len(short) > len(filled):
        raise DataError(f"{place(int(short.index[0]))}: the times in the column {texts.name!r} lost digits, as they "
                        "were kept as numbers", found=repr(short.iloc[0]), expected="times with all their digits",
                        hint="export them as text, or widen the column before saving as CSV")
    for read in (_compact, _epoch, _serial):
        found = read(filled)
        if found is not None:
            return Parsed(found.times.reindex(texts.index), found.note)
    return None


def _compact(texts: pd.Series) -> Parsed | None:
    """`20250520`, `2025052000`, `202505200015`, `20250520001500`, `2505200015`; an hour of 24 is the end of the day."""
    length = len(texts.iloc[0])
    if length not in COMPACT or not (texts.str.len() == length).all():
        return None
    for form in COMPACT[length]:
        hour = form.replace("%Y", "yyyy").replace("%y", "yy").replace("%m", "mm").replace("%d", "dd").find("%H")
        late = texts.str[hour:hour + 2] == "24" if hour >= 0 else pd.Series(False, texts.index)
        midnights = texts.mask(late, texts.str[:hour] + "0" * (length - hour)) if late.any() else texts
        times = pd.to_datetime(midnights, format=form, errors="coerce")
        if times.notna().all() and times.dt.year.between(*YEARS).all():
            return Parsed(times + pd.to_timedelta(late.astype(int), unit="D"))
    return None


def _epoch(texts: pd.Series) -> Parsed | None:
    """Seconds since 1970, or parts of seconds."""
    first, last = (pd.Timestamp(year, 1, 1).timestamp() for year in YEARS)
    numbers = texts.astype(float)
    for unit, (name, factor) in EPOCH_UNITS.items():
        # What would be nanoseconds of the nineties are the ticks of another clock, counted from the year 1.
        if unit == "ns" and (numbers < TICKS).all():
            return None
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
