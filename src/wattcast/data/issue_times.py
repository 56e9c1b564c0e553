"""Whether weather forecasts can have been issued when their table says so: what was issued after its time is never
used, what is for a time beyond every horizon neither, and what reaches a few hours leaves a week without weather."""

import pandas as pd

from wattcast.data.quality import Finding, times_of
from wattcast.data.schema import WeatherVintages
from wattcast.errors import DataError
from wattcast.timegrid import in_words

FARTHEST = pd.Timedelta(days=16)
"""No weather forecast reaches further; forecasts of power reach 7 days. [days]"""
MOST = 0.5
"""Share of the rows that cannot be used from which on it is told; analyses of the hours before the issue lie in many
tables. [share]"""
TOO_SHORT = pd.Timedelta(days=1)
"""Where no forecast reaches so far ahead the column of the issue is likely another one, such as the time at which a row
was written. [days]"""


def require_usable(vintages: WeatherVintages, step: pd.Timedelta, source: str) -> list[Finding]:
    """What to say of rows that no forecast of power can use, if they are most, or of forecasts that are all too short.

    Args:
        step: how long the interval of a row is.
        source: what to call the station's rows in messages.

    Raises:
        DataError: no row can be used.
    """
    issued, times = pd.DatetimeIndex(vintages.table.index.get_level_values("issued")), times_of(vintages.table)
    past, far = times + step <= issued, times > issued + FARTHEST
    useless = past | far
    if not useless.mean() > MOST:
        return _too_short(times, times + step - issued)
    why, rows = ("are for times before their issue", past) if past.sum() >= far.sum() else (
        f"are for times more than {in_words(FARTHEST)} after their issue", far)
    first = int(rows.argmax())
    example = f"issued {issued[first]:%Y-%m-%d %H:%M} for {times[first]:%Y-%m-%d %H:%M}"
    if useless.all():
        raise DataError(f"the weather forecasts of {source} {why}, so none can be used", found=example,
                        expected="for each row when its forecast was issued, before the time that it is for",
                        hint="name the column of the issue under data.weather_forecasts.issued, and compare the time "
                             "zones of both columns; weather without times of issue goes beside the power")
    return [Finding("issued", None, int(rows.sum()), times[rows].min(), times[rows].max(),
                    f"rows of weather forecasts that {why} ({example}): never used; is the column of the issue right?")]


def _too_short(times: pd.DatetimeIndex, ahead: pd.TimedeltaIndex) -> list[Finding]:
    if not len(ahead) or ahead.max() >= TOO_SHORT:
        return []
    return [Finding("issued", None, len(times), times.min(), times.max(),
                    f"weather forecasts end {in_words(ahead.max())} after their issue at the latest, and the rest of "
                    "each horizon is without weather: is the column of the issue right?")]
