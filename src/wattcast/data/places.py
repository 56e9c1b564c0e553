"""Whether a station's time zone can be where the station is said to stand."""

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.quality import Finding, found_at

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
