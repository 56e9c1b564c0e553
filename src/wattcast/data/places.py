"""Whether a station's time zone can be where the station is said to stand."""

import re
from collections.abc import Iterable

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.quality import Finding, found_at
from wattcast.data.timewords import ZONES

APART = 5.0
"""Hours between a zone's clock and the sun beyond which one of both is wrong. Western China keeps the time of Beijing
3 hours from the sun, and no zone of the world is further from it than the 4 hours of the Aleutians in summer."""


def wrong_zone(station: Station, times: pd.DatetimeIndex) -> list[Finding]:
    """A finding where the zone's offset from UTC and the longitude's are too far apart.

    Args:
        times: tz-aware, in the station's zone.
    """
    longitude = station.location.longitude
    if longitude is None or not len(times):
        return []
    # With daylight saving time the clock is another hour ahead: the nearer of both ends of the data counts.
    ahead = {end.utcoffset() / pd.Timedelta(hours=1) for end in (times[0], times[-1])}
    sun = longitude / 15
    # Around the date line a zone may be a whole day from its sun.
    offset = min(ahead, key=lambda hours: _apart(hours, sun))
    if _apart(offset, sun) <= APART:
        return []
    return found_at("place", None, times, f"the zone {station.timezone} is at UTC{offset:+.3g} h, the sun over the "
                    f"longitude {longitude:g} at {sun:+.1f} h: one of data.time.timezone and data.location is wrong, "
                    "perhaps the sign; used as they are")


def _apart(one: float, other: float) -> float:
    """Hours between two clocks, whatever their days."""
    return abs((one - other + 12) % 24 - 12)


def unlike_name(names: Iterable[str | None], station: Station, times: pd.DatetimeIndex) -> list[Finding]:
    """A finding where the name of a column of times tells a zone whose clock the station's never shows.

    Args:
        names: of the columns that tell the time.
        times: tz-aware, in the station's zone.
    """
    told = [zone for name in names if name for zone in re.findall(r"(?<![A-Za-z])[A-Z]{3,4}(?![A-Za-z])", name)
            if zone in ZONES]
    shown = {pd.Timestamp(year=2025, month=month, day=15, tz=station.timezone).utcoffset() / pd.Timedelta(hours=1)
             for month in (1, 7)}
    if not told or not len(times) or shown & {float(ZONES[zone]) for zone in told}:
        return []
    return found_at("place", None, times, f"the name of their column says {'/'.join(told)}, and they are taken for "
                    f"times of {station.timezone}: set data.time.timezone to the zone they are in")
