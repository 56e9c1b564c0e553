"""A date in one column and the time of day in another: clocks, hours, numbers of intervals."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wattcast.data.timeforms import parse_texts
from wattcast.errors import DataError, listing

HOURS = 24
INTERVALS = {48: pd.Timedelta("30min"), 96: pd.Timedelta("15min")}
"""How long the intervals of a day are, by their number."""

ENDING = re.compile(r"(?i:(?:^|[\W_])(?:end|ending|ende)(?:$|[\W_])|^he$|hour ?ending|结束|截止|终止)|"
                    r"(?<=[a-z])End(?:ing)?(?![a-z])")
"""What a column is called that holds the end of an interval."""

_RANGE = r"(\d{1,2}:\d{2}(?::\d{2})?)\s*(?:-|–|~|—|至|to)\s*\d{1,2}:\d{2}(?::\d{2})?"
_HOURS = r"\d{1,2}\s*(?:-|–|~|—|至|to)\s*\d{1,2}"
"""`00-01`, which is the first hour of a day."""
_WORDS = r"^(\d{1,2})\s*(?:h|时|時|点|點|시|Uhr)\s*(?:(\d{2})\s*(?:分|분|min)?)?$"
_BASE = (r"^(?:(?:1899|1900|1970|0001)[-/.]\d{1,2}[-/.]\d{1,2}[ T]|"
         r"\d{1,2}[-/.]\d{1,2}[-/.](?:1899|1900|1970) |0 days )")
"""The day that databases and spreadsheets put before a time of day, where nothing was measured."""
_MIDNIGHT = r"(?:[ T]0?0:00(?::00(?:\.0+)?)?|[ T]12:00(?::00)? ?[Aa][Mm])$"
DAY_MINUTES, DAY_SECONDS = 1440, 86_400
"""A day has so many. [minutes, seconds]"""
MERGED = 0.5
"""Where so many rows have a time of day and no date, it stands in the first row of each day only. [share]"""


@dataclass(frozen=True)
class Joined:
    """Dates with their time of day as texts, or the instants; whether these end their interval, as far as their form
    tells; what was taken for what."""

    cells: pd.Series
    ends: bool | None = None
    note: str | None = None
    counted: bool = False


def join(dates: pd.Series, clocks: pd.Series, place: Callable[[int], str], stamp: str | None = None,
         timezone: str = "UTC") -> Joined:
    """One column of times from two.

    If one of the two tells both by itself, it is taken alone.

    Args:
        dates: texts or times.
        clocks: texts; `00:15`, `12:15 AM`, hours 0 to 23 or 1 to 24, numbers of half or quarter hours, `0015`,
            parts of a day.
        place: where the row with a label of the index stands.
        stamp: `start` or `end` if it is known what the hours tell.
        timezone: of the dates; matters where numbers count the intervals of a day of 23 or 25 hours.

    Raises:
        DataError: a cell tells no time of day, or hours may tell the start or the end.
    """
    dates, merged = _filled_down(dates, clocks)
    times = clocks.astype("str").str.normalize("NFKC").str.strip().str.replace(_BASE, "", regex=True)
    days = _bare_dates(dates)
    if days is None:
        return Joined(dates)
    if times.str.contains(r"\d{4}-\d|\d[/.]\d+[/.]\d|年", na=False).any():
        return Joined(clocks)
    counted = _counted(days, times, place, timezone)
    if counted is None:
        read = _clock(times, place, stamp)
        counted = replace(read, cells=(days + " " + read.cells).rename(dates.name))
    return replace(counted, note="; ".join(filter(None, (merged, counted.note))) or None)


def _filled_down(dates: pd.Series, clocks: pd.Series) -> tuple[pd.Series, str | None]:
    """Dates in all rows, where only the first of each day has one, as merged cells do; and that it was so."""
    empty = dates.isna()
    if not len(empty) or empty.iloc[0] or empty.mean() < MERGED or clocks[empty].isna().any():
        return dates, None
    return dates.ffill(), f"{dates.name!r} tells the date in the first row of each day only: it holds until the next"


def _counted(days: pd.Series, times: pd.Series, place: Callable[[int], str], timezone: str) -> Joined | None:
    """The instants of numbered intervals if the numbers count, on days when clocks change, what there is of the day:
    the hours 1 to 23 and 1 to 25. None where they follow the clock, or no such day tells.
    """
    numbers = pd.to_numeric(times.str.replace(r"\.0+$", "", regex=True), errors="coerce")
    if (numbers % 1 != 0).any() or numbers.min() not in (0, 1):
        return None
    dates = parse_texts(days, place).times
    midnight, next_midnight = ((dates + pd.Timedelta(days=more)).dt.tz_localize(
        timezone, ambiguous=True, nonexistent="shift_forward") for more in (0, 1))
    length = (next_midnight - midnight) / pd.Timedelta(hours=HOURS)
    place_in_day = numbers - numbers.min() + 1
    if (length == 1).all() or (usual := place_in_day[length == 1].max()) not in (HOURS, *INTERVALS):
        return None
    changes = pd.DataFrame({"place": place_in_day, "there": length * usual, "date": dates})[length != 1]
    of_day = changes.groupby("date").agg(
        there=("there", "first"), highest=("place", "max"), distinct=("place", "nunique"), rows=("place", "size"))
    complete = of_day["distinct"].eq(of_day["there"]) & of_day["highest"].eq(of_day["there"])
    by_the_clock = of_day["highest"].gt(of_day["there"]) | of_day["rows"].gt(of_day["distinct"])
    if by_the_clock.any() or not complete.any():
        return None
    starts = midnight + (place_in_day - 1) * (pd.Timedelta(hours=HOURS) / usual)
    return Joined(starts.rename(days.name), False, f"{times.name!r} counts the intervals of a day, "
                  f"{int(of_day['there'].iloc[0])} of them on {of_day.index[0]:%Y-%m-%d}, when clocks change",
                  counted=True)


def _bare_dates(dates: pd.Series) -> pd.Series | None:
    """Texts without a time of day; None if some tell one."""
    if pd.api.types.is_datetime64_any_dtype(dates.dtype):
        return None if (dates != dates.dt.normalize()).any() else dates.dt.strftime("%Y-%m-%d")
    texts = dates.astype("str").str.strip().str.replace(_MIDNIGHT, "", regex=True)
    if texts.str.contains(r"\d:\d{2}", na=False).any():
        return None
    if texts.str.fullmatch(r"\d{5}(?:\.0+)?").all():
        texts = parse_texts(texts, str).times.dt.strftime("%Y-%m-%d")
    return texts


def _clock(texts: pd.Series, place: Callable[[int], str], stamp: str | None) -> Joined:
    """Times of day as `HH:MM`."""
    if texts.str.fullmatch(_RANGE).all():
        return Joined(texts.str.replace(_RANGE, r"\1", regex=True), ends=False)
    if texts.str.fullmatch(_HOURS).all():
        return Joined(_written(texts.str.extract(r"(\d+)")[0].astype(int) * 60), ends=False)
    texts = texts.str.replace(r"(?<=\d)[AB](?=$|:)", "", regex=True)   # the two hours of a night in autumn
    words = texts.str.extract(_WORDS)
    texts = texts.mask(words[0].notna(), words[0] + ":" + words[1].fillna("00"))
    if texts.str.contains(":").all() or texts.str.contains(r"[AaPp]\.?\s?[Mm]\.?$").all():
        return Joined(texts)
    if (pointed := _with_point(texts)) is not None:
        return pointed
    bare = texts.str.replace(r"^[A-Za-z]{1,4}\s*(?=\d)", "", regex=True).str.replace(r"\.0+$", "", regex=True)
    numbers = pd.to_numeric(bare, errors="coerce")
    wrong = texts[numbers.isna() | (numbers < 0)]
    if len(wrong):
        raise DataError(f"{place(int(wrong.index[0]))}: the column {texts.name!r} should hold times of day",
                        found=f"{wrong.iloc[0]!r}; in {len(wrong)} rows: {listing(map(repr, wrong.unique()), limit=5)}",
                        expected="for example 00:15, or hours from 0 to 23 or 1 to 24")
    if (numbers <= 1).all() and (numbers % 1 > 0).any():
        minutes = (numbers * 1440).round().astype(int)
        return Joined(_written(minutes), None, f"{texts.name!r} is a part of the day, as spreadsheets write it")
    if (numbers % 1 == 0).all():
        whole = numbers.astype(int)
        if (bare.str.len() == 4).all() or (whole.max() >= 100 and (whole % 100 < 60).all() and whole.max() <= 2400):
            return Joined(_written(whole // 100 * 60 + whole % 100))
        if (bare.str.len() == 6).all() or (whole.max() > 2400 and (whole % 100 < 60).all() and (
                whole // 100 % 100 < 60).all() and whole.max() <= 240_000):
            return Joined(_written(whole // 10_000 * 60 + whole // 100 % 100))
        if (since := _since_midnight(whole)) is not None:
            return since
        return _hours(whole, texts, stamp) if whole.max() <= HOURS else _intervals(whole, place)
    raise DataError(f"the column {texts.name!r} should hold times of day", found=repr(texts.iloc[0]),
                    expected="for example 00:15, or hours from 0 to 23 or 1 to 24")


def _with_point(texts: pd.Series) -> Joined | None:
    """`13.45` as a clock, `13.75` as hours: whichever makes the minutes of an hour equally far apart."""
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.isna().any() or (numbers % 1 == 0).all() or numbers.max() > HOURS or numbers.nunique() < HOURS:
        return None
    parts = numbers % 1
    for sixtieth, word in ((0.01, "clocks with a point"), (1 / 60, "hours and their parts")):
        minutes = parts / sixtieth
        within = np.unique(minutes.round().astype(int))
        if (np.abs(minutes - minutes.round()) < 0.01).all() and within.max() < 60 and np.ptp(
                np.diff(np.append(within, within[0] + 60))) == 0:
            return Joined(_written((numbers // 1 * 60 + minutes.round()).astype(int)), None,
                          f"{texts.name!r} holds {word}")
    return None


def _since_midnight(numbers: pd.Series) -> Joined | None:
    """Minutes or seconds since midnight; None of what can be numbers of intervals."""
    unit, name = (60, "seconds") if numbers.max() > DAY_MINUTES else (1, "minutes")
    if not max(INTERVALS) < numbers.max() <= DAY_SECONDS or (numbers % (5 * unit) != 0).any():
        return None
    return Joined(_written(numbers // unit), None, f"{numbers.name!r} counts the {name} since midnight")


def _hours(hours: pd.Series, texts: pd.Series, stamp: str | None) -> Joined:
    name = str(hours.name)
    lowest, highest = int(hours.min()), int(hours.max())
    ends = stamp == "end" if stamp else True if lowest > 0 and highest == HOURS else \
        False if lowest == 0 and highest < HOURS else True if ENDING.search(name) or _says_ending(texts) else None
    if ends is None and highest < HOURS:
        raise DataError(f"the hours of the column {name!r} may start or end their hour", found=f"{lowest} to {highest}",
                        hint=f"--set data.time.stamp=start reads {lowest} as {lowest}:00 to {lowest + 1}:00; "
                             f"--set data.time.stamp=end reads it as {lowest - 1}:00 to {lowest}:00")
    note = f"hours {lowest} to {highest} in {name!r} end their hour: {max(lowest, 1)} is " \
           f"{max(lowest, 1) - 1:02}:00 to {max(lowest, 1):02}:00 (data.time.stamp)"
    return Joined(_written(hours * 60), ends, note if ends else None)


def _says_ending(texts: pd.Series) -> bool:
    return bool(texts.str.match(r"HE", case=False).all())


def _intervals(numbers: pd.Series, place: Callable[[int], str]) -> Joined:
    lowest, highest = int(numbers.min()), int(numbers.max())
    count = highest + 1 if lowest == 0 else highest
    if count not in INTERVALS:
        row = int(numbers.index[int(numbers.to_numpy().argmax())])
        raise DataError(f"{place(row)}: the column {numbers.name!r} should number the intervals of a day",
                        found=f"{lowest} to {highest}", expected="0 to 23 or 1 to 24, 48 or 96 in all days")
    length = INTERVALS[count]
    start = (numbers - (0 if lowest == 0 else 1)) * int(length / pd.Timedelta("1min"))
    return Joined(_written(start), False, f"{numbers.name!r} numbers the intervals of a day: {lowest} is 00:00 to "
                                          f"00:{int(length / pd.Timedelta('1min'))}")


def _written(minutes: pd.Series) -> pd.Series:
    """Minutes of the day as `HH:MM`, up to `24:00`."""
    return (minutes // 60).astype("str").str.zfill(2) + ":" + (minutes % 60).astype("str").str.zfill(2)
