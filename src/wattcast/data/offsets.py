"""The distance from UTC in a column of its own, beside times that do not tell it."""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

import pandas as pd

from wattcast.data.schema import UTC_OFFSETS, recognise, spelt
from wattcast.data.times import localize
from wattcast.data.timewords import ZONES
from wattcast.errors import listing

UNITS = {"h": (14, 0.25), "min": (840, 15), "s": (50_400, 900)}
"""The largest distance of a zone, and what all are multiples of, in each unit that bare numbers may have.
[unit: largest, smallest]"""
FARTHEST = dt.timedelta(hours=14)
"""No zone is farther from UTC."""

_WRITTEN = re.compile(r"(?:UTC|GMT)?\s*(?P<sign>[+\-−])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?::00)?",
                      re.IGNORECASE)


def offset_column(header: Sequence[str], used: Collection[str]) -> str | None:
    """The column that may tell the times' distance from UTC, unless it is used otherwise."""
    return next((name for name in header if name not in used and recognise(name) == "offset"), None)


@dataclass(frozen=True)
class Told:
    """Local times, which are instants where `index` has a zone; else the zone whose clock they follow; and what was
    taken for what."""

    index: pd.DatetimeIndex
    zone: str
    note: str


def at_offsets(written: pd.DatetimeIndex, cells: pd.Series, timezone: str) -> Told:
    """What a column says of the distance of local times from UTC.

    Args:
        written: without a zone, in the order of the rows.
        cells: texts `+08:00`, `UTC+8`, `CEST`, `Europe/Berlin` in all rows; numbers where the name is sure.
        timezone: of rows without one, as those of another file beside this one.
    """
    texts = cells.astype("str").str.strip().where(cells.notna())
    words, named = texts.dropna().unique(), f"the column {cells.name!r}"
    zone, distances = _zone(words), _distances(words, sure=spelt(str(cells.name), *UTC_OFFSETS))
    bare = texts.isna().to_numpy()
    rest = f"; {bare.sum()} rows without one go by data.time.timezone" if bare.any() else ""
    if zone == timezone or (zone is not None and not bare.any()):
        return Told(written, zone, f"{named} tells whose clock the times follow: {zone}{rest}")
    if not distances:
        return Told(written, timezone, f"{named} tells no distance from UTC that is known: the times go by "
                    "data.time.timezone")
    told = f"{named} tells the times' distance from UTC: {listing(sorted(distances), limit=4)}{rest}"
    if len(set(distances.values())) == 1 and not bare.any():
        return Told(written.tz_localize(dt.timezone(next(iter(distances.values())))), timezone, told)
    instants = (written - pd.TimedeltaIndex(texts.map(distances))).to_series(index=range(len(written)))
    instants[bare] = localize(written[bare], timezone)[0].tz_convert("UTC").tz_localize(None)
    return Told(pd.DatetimeIndex(instants, name=written.name).tz_localize("UTC"), timezone, told)


def _distances(words: Iterable[str], *, sure: bool) -> dict[str, dt.timedelta]:
    """Of each word the distance from UTC; nothing if one tells none."""
    found: dict[str, dt.timedelta] = {}
    numbers = pd.to_numeric(pd.Series(list(words)), errors="coerce")
    unit = _unit(numbers) if sure and numbers.notna().all() else None
    # CST alone means several zones; beside CDT it is America's.
    abbreviations = ZONES | {"Z": 0} | ({"CST": -6} if "CDT" in words else {})
    for word, number in zip(words, numbers, strict=True):
        match = _WRITTEN.fullmatch(word)
        if match:
            size = int(match["hours"]) * 60 + int(match["minutes"] or 0)
            found[word] = dt.timedelta(minutes=size if match["sign"] == "+" else -size)
        elif unit is not None:
            found[word] = pd.Timedelta(number, unit=unit).to_pytimedelta()
        elif word.upper() in abbreviations:
            found[word] = dt.timedelta(hours=abbreviations[word.upper()])
        else:
            return {}
    return found if all(abs(each) <= FARTHEST for each in found.values()) else {}


def _unit(numbers: pd.Series) -> str | None:
    """Of bare numbers; None if they are no distances in any."""
    return next((unit for unit, (largest, smallest) in UNITS.items()
                 if (numbers.abs() <= largest).all() and (numbers % smallest == 0).all()), None)


def _zone(words: Iterable[str]) -> str | None:
    """The one zone that all rows name."""
    names = list(words)
    return names[0] if len(names) == 1 and "/" in names[0] and names[0] in available_timezones() else None
