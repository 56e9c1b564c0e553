"""When a source's rows begin: its times read, and taken back by one interval where they tell the end of it."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wattcast.data.clocks import ENDING, join
from wattcast.data.offsets import Told, at_offsets
from wattcast.data.quality import Finding
from wattcast.data.schema import TimeConfig
from wattcast.data.timeforms import MIDNIGHT
from wattcast.data.times import as_written, localize, zone_named
from wattcast.errors import DataError
from wattcast.timegrid import in_words

FINEST = pd.Timedelta(minutes=5)
"""Of intervals that are shorter a last minute is no sign of anything."""
LAST = tuple(map(pd.Timedelta, ("1min", "1s", "1ms")))
"""How long before its end an interval may be said to end."""


@dataclass(frozen=True)
class Starts:
    """The instants at which the rows begin, in their order; `naive` tells that no offset was written, `notes` what was
    taken for what."""

    index: pd.DatetimeIndex
    naive: bool
    findings: list[Finding]
    notes: tuple[str, ...] = ()


def starts_of(frame: pd.DataFrame, named: tuple[str, str | None, str | None], config: TimeConfig,
              place: Callable[[int], str], *, group: pd.Index | None = None, shifts: bool = True) -> Starts:
    """As `read_starts`, of a table.

    Args:
        named: its columns of times, of the time of day and of the distance from UTC; the last may be missing.
    """
    time, clock, offset = named
    return read_starts(frame[time], None if clock is None else frame[clock], config, place,
                       offsets=None if offset is None else frame.get(offset), group=group, shifts=shifts)


def read_starts(cells: pd.Series, clocks: pd.Series | None, config: TimeConfig, place: Callable[[int], str], *,
                offsets: pd.Series | None = None, group: pd.Index | None = None, shifts: bool = True) -> Starts:
    """The times of a table.

    Args:
        cells: the column of times, or of dates beside `clocks`.
        clocks: the time of day, where it has a column of its own.
        offsets: the distance from UTC, where it has one; it counts if the times do not tell it themselves.
        place: where the row with a label of the index stands.
        group: rows of one group follow each other in time.
        shifts: whether times that end an interval are taken back to its start.

    Raises:
        DataError: a cell is no time, or may be read in two ways.
    """
    joined = None if clocks is None else join(cells, clocks, place, config.stamp, config.timezone)
    texts = cells if joined is None else joined.cells
    written, form = as_written(texts, place, config.day_first)
    placed = _placed(written, (cells.name,) if clocks is None else (cells.name, clocks.name), offsets, config.timezone)
    written, timezone = placed.index, placed.zone
    notes = [note for note in (form, joined.note if joined else None, placed.note) if note]
    written, closing = _of_the_next_day(written) if shifts else (written, None)
    if shifts and closing is None and config.stamp is None:
        written, closing = _rounded_up(written)
    if closing:
        notes.append(closing)
    naive = written.tz is None or (joined is not None and joined.counted)
    index, findings = (localize(written, timezone, group) if written.tz is None
                       else (written.tz_convert(timezone), list[Finding]()))
    if not shifts or len(index) < 2:
        return Starts(index.tz_convert(config.timezone), naive, findings, tuple(notes))
    by_form = joined.ends if joined else None
    ends, reason = (True, None) if closing and config.stamp is None else _ends(texts, written, by_form, config, place)
    if ends:
        span = usual_spacing(index)
        index, findings = _taken_back(written, index, findings, span, timezone)
        notes += [f"{reason}: taken back by {in_words(span)}"] if reason else []
    elif ends is None:
        notes += _proposal(index)
    return Starts(index.tz_convert(config.timezone), naive, findings, tuple(notes))


def _placed(written: pd.DatetimeIndex, names: Iterable[Hashable], offsets: pd.Series | None, timezone: str) -> Told:
    """Times that tell no distance from UTC, as the names of their columns tell it, or else a column beside them."""
    named = next((name for name in names if zone_named(name)), None)
    if written.tz is None and named is not None:
        return Told(written.tz_localize(zone_named(named)), timezone,
                    f"the times are {zone_named(named)}, as the name {named!r} says")
    if written.tz is None and offsets is not None:
        return at_offsets(written, offsets, timezone)
    return Told(written, timezone, "")


def _ends(texts: pd.Series, written: pd.DatetimeIndex, by_form: bool | None, config: TimeConfig,
          place: Callable[[int], str]) -> tuple[bool | None, str | None]:
    """Whether the times end their interval, None where nothing tells; and how one knows."""
    if by_form is not None:
        return by_form, None
    if config.stamp is not None:
        return config.stamp == "end", None
    if ENDING.search(str(texts.name)):
        return True, f"the times end their interval, as the name {texts.name!r} says"
    midnight = np.asarray((written.hour == 0) & (written.minute == 0))
    late = texts.iloc[midnight].astype("str").str.contains(MIDNIGHT)
    if len(late) and late.all():
        return True, "days end at 24:00, so the times end their interval (data.time.stamp)"
    _require_one_midnight(late, written[midnight], place)
    return None, None


def _require_one_midnight(late: pd.Series, midnights: pd.DatetimeIndex, place: Callable[[int], str]) -> None:
    """Nothing, unless some days end at 24:00 and others begin at 00:00, as files of a logger before and after another
    setting do: their times mean the end of the interval in some rows and its start in others.

    A first row at 00:00, or both midnights of each day, are of one form.

    Args:
        late: whether each midnight is written as 24:00, with the labels of the rows.
        midnights: the instants.

    Raises:
        DataError: with a row of each form.
    """
    ending = np.asarray(late)
    alone = ~ending & ~midnights.isin(midnights[ending]) & np.asarray(midnights != midnights.min())
    if not ending.any() or not alone.any():
        return
    first, other = (late.index[mask][0] for mask in (ending, alone))
    raise DataError(f"{place(int(other))}: some days end at 24:00 and others begin at 00:00, so the times may end "
                    "their interval in some rows and start it in others",
                    found=f"24:00 in {int(ending.sum())} rows, the first {place(int(first))}; 00:00 of other days in "
                          f"{int(alone.sum())}", expected="times that all tell the start, or all the end",
                    hint="take files of different forms in one after the other, or shift the rows of one form by an "
                         "interval; if all mean the same: --set data.time.stamp=start or end")


def _of_the_next_day(written: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, str | None]:
    """Midnights that stand behind the last interval of their own date as the midnight after it, and what was done.

    All of them have to: `05-20 23:45`, `05-20 00:00`, `05-21 00:15`.
    """
    wall = written.tz_localize(None)
    span, day = usual_spacing(wall), pd.Timedelta(days=1)
    midnight = np.asarray(wall == wall.normalize())
    if not midnight.any() or not pd.Timedelta(0) < span < day or day % span:
        return written, None
    for order in (slice(None), slice(None, None, -1)):       # a file may begin with its newest row
        since = np.diff(wall[order].as_unit("us").asi8, prepend=0)
        if (since[midnight[order]] == -((day - span) // pd.Timedelta("1us"))).all():
            return written + day * midnight.astype(int), (
                "a midnight stands behind the last interval of its own date: it is that of the next day, and the times "
                f"end their interval: taken back by {in_words(span)} (data.time.stamp)")
    return written, None


def _rounded_up(written: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, str | None]:
    """Times that name the last minute or second of an interval (00:14:59, 23:59) as the end of it, and what was done.

    All of them have to, or else just those before a midnight that no row names.
    """
    wall = written.tz_localize(None)
    span = usual_spacing(wall)
    if len(written) < 3 or span < FINEST or pd.Timedelta(days=1) % span:
        return written, None
    since = (wall - wall.normalize()) % span
    for last in LAST:
        early = np.asarray(since == span - last)
        if early.all():
            return written + last, (f"all times lie {in_words(last)} before a multiple of {in_words(span)}: they end "
                                    f"their interval, which starts {in_words(span)} before (data.time.stamp)")
        midnight = np.asarray(wall == wall.normalize())
        if early.any() and not midnight.any() and (early == np.asarray(since != pd.Timedelta(0))).all() and (
                (wall[early] + last) == (wall[early] + last).normalize()).all():
            return written + last * early.astype(int), (
                f"days end {in_words(last)} before midnight, so the times end their interval: taken back by "
                f"{in_words(span)} (data.time.stamp)")
    return written, None


def usual_spacing(index: pd.DatetimeIndex) -> pd.Timedelta:
    """The most frequent time from one row to the next; zero if all are the same."""
    apart = np.diff(np.unique(index.as_unit("us").asi8))
    spans, counts = np.unique(apart, return_counts=True)
    return pd.Timedelta(int(spans[counts.argmax()]) if len(spans) else 0, unit="us")


def _taken_back(written: pd.DatetimeIndex, index: pd.DatetimeIndex, findings: list[Finding], span: pd.Timedelta,
                timezone: str) -> tuple[pd.DatetimeIndex, list[Finding]]:
    """One interval earlier: of the clock or of absolute time, whichever fits the changes of the clock better.

    A meter that numbers hours goes by the clock (the hour from 02:00 to 03:00 ends at 3 twice), a logger that writes
    the time now and then by absolute time.
    """
    absolute = index - span
    if written.tz is not None:
        return absolute, findings
    wall, found = localize(written - span, timezone)
    if _troubles(wall, found) < _troubles(absolute, findings):
        return wall, found
    shifted = [replace(each, first=each.first - span, last=each.last - span) for each in findings
               if each.first is not None and each.last is not None]
    return absolute, shifted


def _troubles(index: pd.DatetimeIndex, findings: list[Finding]) -> int:
    """Rows that share their stamp with another, or have one that does not exist."""
    return int(index.duplicated().sum()) + sum(each.count for each in findings if "left out" in each.action)


def _proposal(index: pd.DatetimeIndex) -> list[str]:
    """The times may end their interval where the data begins one step after a midnight and ends at one."""
    first, last, span = index.min(), index.max(), usual_spacing(index)
    if last - first < pd.Timedelta(days=1) or not pd.Timedelta(0) < span <= pd.Timedelta(hours=1):
        return []
    if first - first.normalize() != span or last != last.normalize():
        return []
    return [f"the first row is stamped {in_words(span)} after midnight, the last at midnight: taken for the start of "
            "the interval; if the times tell its end, set data.time.stamp to end, else to start"]
