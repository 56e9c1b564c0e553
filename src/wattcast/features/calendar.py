"""The calendar as numbers: time of day, weekday, days off and adjusted workdays, the place of a day among days off."""

import csv
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.errors import ConfigError, DataError, nearest

DayKind = Literal["holiday", "workday"]
Overrides = Mapping[date, DayKind]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_TYPE_NAMES = ("is_working_day", "is_public_holiday", "is_adjusted_workday", "is_day_off", "day_before_off",
                  "day_after_off", "off_first", "off_middle", "off_last", "off_elapsed", "off_length")
DAY_NAMES = (*WEEKDAYS, *DAY_TYPE_NAMES)
DAY_TYPES = ("workday", "weekend", "holiday")
MINUTE_NAMES = ("minute_sin_1", "minute_cos_1", "minute_sin_2", "minute_cos_2")
YEAR_NAMES = ("year_sin", "year_cos")

_MARGIN = 31
"""Days looked at on both sides of a table, longer than any run of days off: a day's features do not depend on where the
table begins or ends. [days]"""

_FIRST_NOTICE = 2001
"""The first year of whose Chinese notice `holidays` knows the adjusted workdays. [year]"""


def calendar_names(day_of_year: bool = False) -> tuple[str, ...]:
    """The columns of `calendar_features`."""
    return (*MINUTE_NAMES, *DAY_NAMES, *(YEAR_NAMES if day_of_year else ()))


def calendar_features(index: pd.DatetimeIndex, country: str | None, overrides: Overrides | None = None, *,
                      day_of_year: bool = False) -> pd.DataFrame:
    """Calendar columns of every step, by the local days of a tz-aware index.

    The weekday is one-hot: sine and cosine would make a small network spend its first layer on telling Friday from
    Saturday, neighbours on the circle and the two most different days of a week's load.

    Args:
        index: tz-aware interval starts `[T]`.
        country: ISO 3166 code whose holidays hold; None knows weekends only.
        overrides: days that are set by hand, stronger than the country's.
        day_of_year: add sine and cosine of the season; one year holds each season once, too little to learn from.

    Returns:
        float32 columns `calendar_names(day_of_year)`. `is_public_holiday` includes weekend days between two public
        holidays; `is_adjusted_workday` is a weekend day that is worked; `off_first`, `off_middle`, `off_last` place a
        day within its run of days off, `off_elapsed` counts the days since the run began and `off_length` its days
        [weeks].

    Raises:
        ConfigError: a country without a known calendar.
    """
    local = index.tz_localize(None)
    table, places = _days_of(index, country, overrides)
    minute = 2 * np.pi * ((local - local.normalize()) / pd.Timedelta(days=1)).to_numpy()
    columns = [np.sin(minute), np.cos(minute), np.sin(2 * minute), np.cos(2 * minute)]
    columns += list(table[places].T)
    if day_of_year:
        season = 2 * np.pi * ((local.day_of_year.to_numpy() - 1) / 365.25)
        columns += [np.sin(season), np.cos(season)]
    return pd.DataFrame(np.stack(columns, 1).astype(np.float32), index=index, columns=list(calendar_names(day_of_year)))


def days_off(index: pd.DatetimeIndex, country: str | None, overrides: Overrides | None = None) -> NDArray[np.float32]:
    """The column `is_day_off` of `calendar_features` alone `[T]`; arguments and errors as there."""
    table, places = _days_of(index, country, overrides)
    off: NDArray[np.float32] = table[places, DAY_NAMES.index("is_day_off")].astype(np.float32)
    return off


def day_types(index: pd.DatetimeIndex, country: str | None, overrides: Overrides | None = None) -> NDArray[np.str_]:
    """Which of `DAY_TYPES` every step belongs to `[T]`; an adjusted workday is a workday. Arguments as above.

    Raises:
        ConfigError: a country without a known calendar.
    """
    columns = calendar_features(index, country, overrides)
    workday, weekend, holiday = DAY_TYPES
    names = np.where(columns["is_working_day"] > 0, workday, weekend)
    return np.where(columns["is_public_holiday"] > 0, holiday, names)


def unpublished_years(index: pd.DatetimeIndex, country: str | None) -> tuple[int, ...]:
    """Years of the index for which China has not yet announced its holidays, as far as the `holidays` package knows.

    The package then estimates without a word; a year without a single adjusted workday is such an estimate.
    """
    if country != "CN":
        return ()
    calendar = _national_calendar(country)
    return tuple(year for year in map(int, np.unique(index.year))
                 if year >= _FIRST_NOTICE and not _adjusted_workdays(calendar, year))


def load_overrides(path: Path) -> dict[date, DayKind]:
    """Days set by hand: a CSV with the columns `date,kind[,name]`, kind `holiday` or `workday`.

    Raises:
        DataError: no such file, no such columns, or a line that cannot be read, with its number.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"the holidays file {path} cannot be read", found=error.strerror,
                        hint="correct features.holidays_file or leave it out") from None
    rows = csv.DictReader(_decoded(content).splitlines())
    missing = {"date", "kind"} - set(rows.fieldnames or ())
    if missing:
        raise DataError(f"the holidays file {path} has the wrong first line", found=",".join(rows.fieldnames or ()),
                        expected="date,kind or date,kind,name")
    overrides: dict[date, DayKind] = {}
    for row in rows:
        where = f"line {rows.line_num} of the holidays file {path}"
        day, kind = _parse_day(row["date"], where), _parse_kind(row["kind"], where)
        if overrides.setdefault(day, kind) != kind:
            raise DataError(f"{where} contradicts an earlier line", found=f"{day} as {kind} and as {overrides[day]}")
    return overrides


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")       # what a Chinese spreadsheet program writes


def _parse_day(text: str | None, where: str) -> date:
    for form in ("%Y-%m-%d", "%Y/%m/%d"):
        try:
            return datetime.strptime((text or "").strip(), form).date()
        except ValueError:
            continue
    raise DataError(f"{where} has no date", found=repr(text), expected="for example 2027-02-06")


def _parse_kind(text: str | None, where: str) -> DayKind:
    kind = (text or "").strip().lower()
    if kind not in get_args(DayKind):
        raise DataError(f"{where} has an unknown kind of day", found=repr(text), expected="holiday or workday")
    return cast(DayKind, kind)


def _adjusted_workdays(calendar: Any, year: int) -> list[date]:
    first = date(year, 1, 1)
    calendar.is_working_day(first)                   # the package works a year out only when asked for a day of it
    return [day for day in calendar.weekend_workdays if day.year == year]


@lru_cache(maxsize=8)
def _national_calendar(country: str) -> Any:
    import holidays

    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        similar = nearest(country.upper(), holidays.list_supported_countries())
        raise ConfigError(f"no holidays are known for the country {country!r}",
                          expected="an ISO 3166 code such as CN, KR or NL",
                          hint=f"correct location.country{f' (perhaps {similar})' if similar else ''} or leave it out"
                          ) from None


def _days_of(index: pd.DatetimeIndex, country: str | None,
             overrides: Overrides | None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The table of all days of an index, and which of them each of its stamps lies in `[T]`."""
    days = np.asarray(index.tz_localize(None).to_numpy(), "datetime64[D]").astype(np.int64)
    first, last = (pd.Timestamp(day, unit="D") for day in (days.min() - _MARGIN, days.max() + _MARGIN))
    table = _day_table(pd.date_range(first, last, freq="D"), country, overrides) if overrides else \
        _usual_day_table(first, last, country)
    return table, days - (days.min() - _MARGIN)


@lru_cache(maxsize=32)
def _usual_day_table(first: pd.Timestamp, last: pd.Timestamp, country: str | None) -> NDArray[np.float64]:
    """`_day_table` without days set by hand, which the stations of a country share."""
    table = _day_table(pd.date_range(first, last, freq="D"), country, {})
    table.flags.writeable = False
    return table


def _day_table(days: pd.DatetimeIndex, country: str | None, overrides: Overrides) -> NDArray[np.float64]:
    """`[days, len(DAY_NAMES)]`."""
    weekday = days.day_of_week.to_numpy()
    weekend, working, holiday = _day_kinds(days, country, overrides)
    off = ~working
    before, after = _neighbours(off)
    first, last = off & ~before, off & ~after
    run = np.cumsum(first) * off                                          # number of the run, 0 on working days
    start = np.maximum.accumulate(np.where(first, np.arange(len(off)), 0))
    length = np.bincount(run)[run] * off
    elapsed = (np.arange(len(off)) - start) * off
    columns = [*(weekday[:, None] == np.arange(7)).T, working, holiday | _enclosed(holiday, off), weekend & working,
               off, working & after, working & before, first, off & before & after, last, elapsed / 7, length / 7]
    return np.stack(columns, 1).astype(np.float64)


def _day_kinds(days: pd.DatetimeIndex, country: str | None,
               overrides: Overrides) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each day: is it a weekend's, is it worked, is it a public holiday."""
    if country is None:
        weekend = days.day_of_week.to_numpy() >= 5
        working, holiday = ~weekend, np.zeros(len(days), bool)
    else:
        calendar, dates = _national_calendar(country), days.date
        weekend = np.isin(days.day_of_week.to_numpy(), list(calendar.weekend))
        holiday = np.fromiter((day in calendar for day in dates), bool, len(days))
        working = np.fromiter((calendar.is_working_day(day) for day in dates), bool, len(days))
    for day, kind in overrides.items():
        at = days == pd.Timestamp(day)
        holiday[at], working[at] = kind == "holiday", kind == "workday"
    return weekend, working, holiday


def _neighbours(off: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the day before and the day after each day is off."""
    return np.concatenate([[False], off[:-1]]), np.concatenate([off[1:], [False]])


def _enclosed(holiday: NDArray[np.bool_], off: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Days off with a public holiday on both sides in the same run: the notices count them in, the package does not."""
    return off & _holiday_since_work(holiday, off) & _holiday_since_work(holiday[::-1], off[::-1])[::-1]


def _holiday_since_work(holiday: NDArray[np.bool_], off: NDArray[np.bool_]) -> NDArray[np.bool_]:
    position = np.arange(len(off))
    newest_holiday = np.maximum.accumulate(np.where(holiday, position, -1))
    newest_workday = np.maximum.accumulate(np.where(off, -1, position))
    return newest_holiday > newest_workday
