"""The verbs `forecasts list` and `forecasts show`: what was issued, as it was issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattcast.contracts import ADJUSTABLE, HORIZON_DAYS, PART, TARGETS, TOTAL
from wattcast.errors import DataError, InputError, listing
from wattcast.evaluation.counted import counted_forecasts, days_ahead
from wattcast.forecasting.output import as_filed
from wattcast.forecasting.postprocess import target_columns
from wattcast.store.base import IssuedForecast, StationStore
from wattcast.timegrid import parse_time

NAMED = 6
"""How many origins an error names."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A forecast as it was issued, or the days of several that lay as far ahead.

    Attributes:
        station_id: whose.
        table: as `forecast.csv` is written.
        forecast: the one that it is; None of several.
        days: how many days ahead they were forecast; None of a single one.
    """

    station_id: str
    table: pd.DataFrame
    forecast: IssuedForecast | None = None
    days: int | None = None

    def to_dict(self) -> dict[str, Any]:
        told = {"lead_days": self.days} if self.forecast is None else described(self.forecast)
        notes = {} if self.forecast is None else {"notes": list(self.forecast.notes)}
        return {"station": self.station_id, **told, **notes, "steps": self.table.to_dict(orient="records")}


def described(forecast: IssuedForecast) -> dict[str, Any]:
    """Plain values for a line of the list; null where that was not noted."""
    return {"origin": forecast.origin.isoformat(), "issued": _told(forecast.issued), "version": forecast.version,
            "weather": forecast.weather, "weather_issued": _told(forecast.weather_issued),
            "quality": forecast.quality, "fallback": forecast.fallback, "steps": len(forecast.table),
            "notes": len(forecast.notes)}


def _told(time: pd.Timestamp | None) -> str | None:
    return None if time is None else time.isoformat()


def issued_forecasts(station: StationStore, since: str | None = None) -> list[IssuedForecast]:
    """What was issued, by origin and then by issue.

    Args:
        station: what is kept of it.
        since: the first origin, as a person writes it, by the clock of the station.

    Raises:
        InputError: not a time.
    """
    return list(station.forecasts(None if since is None else _time(station, since)))


def _time(station: StationStore, text: str) -> pd.Timestamp:
    """An instant by the clock of the station's newest forecast."""
    newest = station.issues()[-1:]
    zones = [str(made.origin.tz) for origin, _ in newest for made in station.forecasts(origin)]
    return parse_time(text, zones[0] if zones else "UTC")


def show_forecast(station: StationStore, *, issue: int = 1, at: str | None = None) -> Shown:
    """One forecast, whole.

    Args:
        station: what is kept of it.
        issue: 1 is the newest, 2 the one before; of those of the origin `at`, if that is given.
        at: the origin.

    Raises:
        DataError: there is none, or none of that origin.
        InputError: `at` is no time.
    """
    issues = station.issues()
    if not issues:
        raise _none(station)
    wanted = issues if at is None else [each for each in issues if each[0] == _time(station, at)]
    if not wanted:
        zone = _time(station, str(at)).tz
        known = (f"{origin.tz_convert(zone):%Y-%m-%d %H:%M}" for origin, _ in issues[::-1])
        raise DataError(f"station {station.station_id} has no issued forecast from {at}",
                        found=f"origins {listing(known, NAMED)}",
                        hint=f"wattcast forecasts list --station {station.station_id}")
    if issue > len(wanted):
        raise DataError(f"--issue {issue}: station {station.station_id} has {len(wanted)} issued forecasts"
                        f"{'' if at is None else f' from {at}'}")
    origin, issued = wanted[-issue]
    found = next((made for made in station.forecasts(origin) if (made.origin, made.issued) == (origin, issued)), None)
    if found is None:
        raise DataError(f"the forecast of station {station.station_id} from {origin} is damaged",
                        hint=f"--issue {issue + 1} shows the one before")
    steps = range(1, len(found.table) + 1)
    return Shown(station.station_id, _as_filed(station, found.table, found.origin, steps), found)


def show_days_ahead(station: StationStore, days: int, since: str | None = None) -> Shown:
    """Of each step what was forecast so many days ahead (`evaluation.counted.days_ahead`): of an origin what counts.

    Args:
        station: what is kept of it.
        days: 1 to 7.
        since: the first origin.

    Raises:
        DataError: nothing was forecast so far ahead.
        InputError: other days, or `since` is no time.
    """
    if not 1 <= days <= HORIZON_DAYS:
        raise InputError(f"--lead-days {days} is not possible", expected=f"1 to {HORIZON_DAYS}")
    counted = counted_forecasts(issued_forecasts(station, since))
    told = days_ahead(counted, days)
    if told.empty:
        raise _none(station) if not counted else DataError(
            f"station {station.station_id} was never forecast {days} days ahead")
    return Shown(station.station_id, _as_filed(station, told, told["origin"], told["lead"].astype(int)), days=days)


def _none(station: StationStore) -> DataError:
    return DataError(f"no issued forecast of station {station.station_id} is kept in {station.place}",
                     hint="'wattcast forecast' issues one, unless --dry-run is given")


def _as_filed(station: StationStore, table: pd.DataFrame, origins: pd.Timestamp | pd.Series,
              leads: Sequence[int] | pd.Series) -> pd.DataFrame:
    """With the columns in the order of `forecast.csv`; forecasts of early versions have medians only."""
    columns = [name for target in TARGETS for name in target_columns(target) if name in table]
    values = table[columns]
    if {TOTAL, PART} <= set(columns):
        values = values.assign(**{ADJUSTABLE: values[TOTAL] - values[PART]})
    return as_filed(values, station.station_id, naive_time=_naive(station), origins=origins, leads=leads)


def _naive(station: StationStore) -> bool:
    """Whether the station's times are written without an offset, as its source wrote them."""
    champion = station.versions.champion()
    return True if champion is None else bool(station.versions.manifest(champion)["station"]["naive_time"])
