"""Year, month and day in columns of their own, and minutes beside hours: one column of dates and one of clocks."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wattcast.data.filenames import date_in
from wattcast.data.schema import recognise, spelt

DATE, CLOCK = "date", "time of day"
"""What the columns are called that are put together."""

DATES = (DATE, "datum", "日期", "day", "fecha", "dato", "дата", "tarih", "日付", "年月日", "날짜", "数据日期",
         "采集日期", "统计日期", "start_date", "from_date", "read_date", "reading_date", "local_date", "ab_datum")
"""What a column is called that may hold the day alone."""

_PARTS = {"year": ("year", "yyyy", "yr", "jahr", "année", "año", "年", "年份"),
          "month": ("month", "monat", "mois", "mes", "月", "月份"),
          "day": ("day", "tag", "jour", "día", "日"), "hour": ("hour", "stunde", "heure", "hora", "小时", "时"),
          "minute": ("minute", "minuten", "min", "分", "分钟")}


def date_of_all(file: Path, header: Sequence[str]) -> str | None:
    """The day of all rows of a file that has hours, or numbers of intervals, and no date: that of its name."""
    known = {recognise(name) for name in header}
    return date_in(file) if "clock" in known and "time" not in known and DATE not in put_together(header) else None


def _found(header: Sequence[str]) -> dict[str, str]:
    """The names of the columns by their part."""
    return {part: name for part, names in _PARTS.items() for name in header if spelt(name, *names)}


def put_together(header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The columns that are made, each with those that it is made of; none if another column tells the time."""
    found = _found(header)
    times = [name for name in header if recognise(name) == "time"]
    made: dict[str, tuple[str, ...]] = {}
    if {"year", "month", "day"} <= set(found) and set(times) <= {found["day"]} and DATE not in header:
        made[DATE] = (found["year"], found["month"], found["day"])
    dated = made or (times and all(spelt(name, *DATES) for name in times))
    if {"hour", "minute"} <= set(found) and dated and CLOCK not in header:
        made[CLOCK] = (found["hour"], found["minute"])
    return made


def parts_of(made: Sequence[str], header: Sequence[str]) -> tuple[str, ...]:
    """The columns that some were made of, from a header that has both."""
    origin = put_together([name for name in header if name not in (DATE, CLOCK)])
    return tuple(part for name in made for part in origin.get(name, ()))


def with_parts_together(frame: pd.DataFrame, made: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """The frame with these columns as texts; missing where a part is no whole number."""
    for name, parts in made.items():
        numbers = frame[list(parts)].apply(pd.to_numeric, errors="coerce")
        whole = numbers.notna().all(axis=1) & (numbers % 1 == 0).all(axis=1)
        texts = numbers.where(whole, 0).astype("int64").astype("str").apply(lambda column: column.str.zfill(2))
        joined = texts[parts[0]].str.cat([texts[part] for part in parts[1:]], sep="-" if name == DATE else ":")
        frame = frame.assign(**{name: joined.where(whole)})
    return frame
