"""Files that were not taken in, and the days that they held, as long as these have not come otherwise.

A file that is overwritten is refused no more; that its rows never came would be told by nobody.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.contracts import TOTAL
from wattcast.data.days import MONTH, WEEK
from wattcast.data.files import times_in
from wattcast.data.folders import forecast_files
from wattcast.data.schema import StationData
from wattcast.errors import DataError, WattcastError, listing
from wattcast.store.base import Store
from wattcast.timegrid import DAY, midnight, parse_step
from wattcast.workflows.intake_sources import name_below
from wattcast.workflows.kept_descriptions import config_of
from wattcast.workflows.known_files import KnownFiles
from wattcast.workflows.many import outcome_of

REFUSED = "refused"
"""Where the record of a run tells of the files that were not taken in, by station."""
TOLD_FOR = MONTH
"""For how long days that do not come are told of: what forecasts look back on is no longer. [days]"""
COME = 0.5
"""A day has come once so many of its steps are measured. [share]"""

Entry = Mapping[str, Any]


class RefusedFiles:
    """Those of one `ingest`, and why, by station.

    The predecessor's weather forecasts are none: of these others will come.

    Args:
        path: where the files are.
        known: what is known of them.
    """

    def __init__(self, path: Path, known: KnownFiles) -> None:
        self._path, self._known = path, known
        self.by_station: dict[str, dict[Path, str]] = {}

    def note(self, station_id: str, files: Mapping[Path, str]) -> None:
        """Files of a station, and why each is not taken in."""
        measured = {file: why for file, why in files.items()
                    if file not in forecast_files(file.resolve().parent.parent)}
        if measured:
            self.by_station.setdefault(station_id, {}).update(measured)

    def note_new(self, station_id: str, error: DataError) -> None:
        """All that is new of a station."""
        self.note(station_id, dict.fromkeys(self._known.new_of(station_id), error.what))

    def note_waiting(self, files: Mapping[Path, str]) -> None:
        """Files that are not whole, of the stations that they are called like: by the next time they may be others."""
        for file, why in files.items():
            for station_id in self._known.called_like(file):
                self.note(station_id, {file: f"it {why}"})

    def left_out(self, why: Mapping[Path, str]) -> dict[str, str]:
        """What to tell of each station that has some of these files, by why they are left out."""
        told = {station_id: "; ".join(f"{name_below(file, self._path)} is left out: {why[file]}"
                                      for file in own if file in why)
                for station_id, own in self.by_station.items()}
        return {station_id: words for station_id, words in told.items() if words}

    def to_dict(self, described: Callable[[str], Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """What is kept of them in the record of the run; `described` says how a station's rows are."""
        return {station_id: [self._entry(file, why, described, station_id) for file, why in files.items()]
                for station_id, files in self.by_station.items()}

    def _entry(self, file: Path, why: str, described: Callable[[str], Mapping[str, Any]],
               station_id: str) -> dict[str, Any]:
        times = None
        with suppress(WattcastError):       # a description that is damaged does not tell how times are written
            times = times_in(file, config_of(described(station_id)))
        first, last = (None, None) if times is None else (times.min().isoformat(), times.max().isoformat())
        return {"file": name_below(file, self._path), "sha256": self._known.hashes.get(file, ""),
                "first": first, "last": last, "why": why}


def missed(runs: Iterable[Mapping[str, Any]], store: Store, now: pd.Timestamp) -> dict[str, list[str]]:
    """Sentences about files of which days have not come, by station; not about those that were refused as of `now`,
    which is told with them.

    Args:
        runs: of `ingest` and nights, oldest first, as they were kept.
        store: with the stations.
        now: as of when.
    """
    came: dict[tuple[str, str, str], tuple[pd.Timestamp, Entry]] = {}
    again: dict[tuple[str, str, str], pd.Timestamp] = {}
    for run in runs:
        for station_id, entries in run.get(REFUSED, {}).items():
            for each in entries:
                key = station_id, each["file"], each["sha256"]
                came.setdefault(key, (pd.Timestamp(run["received"]), each))
                again[key] = pd.Timestamp(run["received"])
    of_station: dict[str, list[tuple[pd.Timestamp, Entry]]] = {}
    for key, (received, each) in came.items():
        if now - TOLD_FOR * DAY <= received and again[key] < now:
            of_station.setdefault(key[0], []).append((received, each))
    # Damage to what is kept of a station is told by its forecast.
    found = {name: outcome_of(name, lambda name: list(_sentences(store, name, of_station[name], now))).result
             for name in of_station}
    return {name: sentences for name, sentences in found.items() if sentences}


def _sentences(store: Store, station_id: str, entries: list[tuple[pd.Timestamp, Entry]],
               now: pd.Timestamp) -> Iterator[str]:
    station = store.station(station_id)
    taken = {file.sha256 for file in station.taken_in()}
    data = station.measurements(since=now - (TOLD_FOR + WEEK) * DAY)
    if data is None:
        return
    for received, each in entries:
        days = [] if each["sha256"] in taken else _absent(data, received, each, now)
        if not days:
            continue
        came = f"{each['file']}, which came on {received.tz_convert(data.station.timezone):%Y-%m-%d}, was not taken in"
        which = (f"its rows of {listing(days)} have not come since" if each["first"] else
                 f"which days it held is not known; of the week before, {listing(days)} has not come")
        yield f"{came} ({each['why']}): {which}"


def _absent(data: StationData, received: pd.Timestamp, told: Entry, now: pd.Timestamp) -> list[str]:
    """The days that a file held, or of the week before it came, that have passed and not come."""
    zone, step = data.station.timezone, parse_step(data.station.step)
    first, last = ((pd.Timestamp(told[end]).tz_convert(zone) for end in ("first", "last")) if told["first"] else
                   (received.tz_convert(zone) - WEEK * DAY, received.tz_convert(zone) - DAY))
    oldest = midnight((now - (TOLD_FOR + WEEK) * DAY).tz_convert(zone))
    measured = data.frame.index[data.frame[TOTAL].notna().to_numpy()]
    days = []
    for day in pd.date_range(max(midnight(first), oldest), midnight(min(last, now.tz_convert(zone))), freq="D"):
        begin, end = midnight(day), midnight(day + pd.Timedelta("36h"))
        steps = measured.searchsorted(end) - measured.searchsorted(begin)
        if end <= now and steps < COME * ((end - begin) / step):
            days.append(f"{begin:%Y-%m-%d}")
    return days
