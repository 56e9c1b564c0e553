"""The rows that a forecast rests on: those given, and the stored history that they belong to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.contracts import Station
from wattcast.data.merging import merge
from wattcast.data.quality import QualityReport, often
from wattcast.data.schema import StationData
from wattcast.errors import DataError, EmptyColumnError, NoRowsError, listing
from wattcast.store.base import StationStore
from wattcast.timegrid import in_words, parse_step
from wattcast.workflows.job import Job
from wattcast.workflows.stored import no_rows, stored_data

RECENT = pd.Timedelta(days=2)
"""What was found in rows as old as that or older was told by earlier runs."""
TOLD = ("flat_line", "out_of_range", "repeated", "duplicate", "corrected")
"""Kinds of findings that are worth telling with a forecast."""


@dataclass(frozen=True)
class Span:
    """Measured rows: how many, the first and the last."""

    rows: int
    first: pd.Timestamp
    last: pd.Timestamp

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M}"

    def to_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "first": self.first.isoformat(), "last": self.last.isoformat()}


@dataclass(frozen=True, eq=False)
class Rows:
    """A station's rows and where they come from.

    Attributes:
        data: all of them, in the grid of the history.
        given: the measured ones that were given; None where there were none.
        stored: the measured ones, of those that were read, that only the stored history has; None where there are none.
        end: where those given end, or the history where none were given: the origin unless told otherwise.
        notes: what is worth telling of them.
    """

    data: StationData
    given: Span | None
    stored: Span | None
    end: pd.Timestamp
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Reach:
    """What of a stored history is to be read: rows from `length` before `until`, or before the newest one if that is
    older."""

    length: pd.Timedelta
    until: pd.Timestamp


def read_rows(job: Job, kept: StationStore, station: Station | None, reach: Reach | None = None,
              since: pd.Timestamp | None = None) -> Rows:
    """What the job's data holds, joined with the station's stored history; cells that are given count. Without data
    the stored history alone.

    An empty file, or one without any power, leaves the history alone. Nothing is written.

    Args:
        job: with its data described.
        kept: what is stored of the station.
        station: as its model knows it; None where there is none, and kind and capacity may have to do.
        reach: what is read where no data is given; all if None.
        since: no stored rows of before are needed, if no data is given and there is no model.

    Raises:
        InputError: the data is wrong; or it is empty, and no history is stored.
    """
    if job.data is None:
        return _stored_alone(job, kept, station, reach, since)
    if station is None:
        return _rows_alone(job, kept.station_id)
    given, report, empty = _given(job, kept.station_id, station)
    given = None if given is None else _in_order(given, station)
    history, notes = _history(kept, given.station if given is not None else station)
    if history is None:
        if empty is not None or given is None:
            raise empty or NoRowsError(f"{job.data} has no rows")
        return Rows(given, _span(given, given.frame.index), None, given.end, (*notes, *_findings(report, given.end)))
    if given is None:
        span = _span(history, history.frame.index)
        assert empty is not None
        return Rows(history, None, span, history.end,
                    (f"nothing was given ({empty.what}): the stored history is used ({span})",))
    data, converted = _joined(given, history)
    spans = _span(given, given.frame.index), _span(data, data.frame.index.difference(_measured(given)))
    end = given.end if given.measured else data.end
    return Rows(data, *spans, end, (*_joining(given, history, *spans), *converted, *_findings(report, end)))


def _stored_alone(job: Job, kept: StationStore, station: Station | None, reach: Reach | None,
                  since: pd.Timestamp | None) -> Rows:
    """What is stored, as the station's model knows it.

    Raises:
        NoRowsError: nothing is.
        DataError: what is stored has other columns, or is damaged.
    """
    if station is None:
        data = stored_data(job.store, kept, job.settings.data, since)
    else:
        found = kept.measurements(station) if reach is None else _within(kept, station, reach)
        if found is None:
            raise no_rows(job.store, kept) if not kept.has_measurements() else DataError(
                f"the rows that are stored of station {kept.station_id} have other columns than its model",
                expected=listing(station.columns), hint="train again with 'wattcast train', or name rows with --data")
        data = found
    return Rows(data, None, _span(data, data.frame.index), _end(data), ())


def _within(kept: StationStore, station: Station, reach: Reach) -> StationData | None:
    """Enough of what is stored; all of it where a target was not measured for so long that its newest reading lies
    before that."""
    data = kept.measurements(station, reach.until - reach.length)
    if data is None:
        return None
    known = data.frame.loc[data.frame.index < reach.until, list(station.targets)].notna()
    if not known.any().all():
        return kept.measurements(station)
    end = known.index[known.any(axis=1).to_numpy()][-1] + parse_step(station.step)
    return data if end >= reach.until else kept.measurements(station, end - reach.length)


def _rows_alone(job: Job, station_id: str) -> Rows:
    """What the job's data holds of a station that nothing is stored of."""
    try:
        data, report = job.read(station_id)
    except EmptyColumnError:
        data, report = job.read(station_id, whole=False)
        if data.station.capacity is None:
            raise
    end = _end(data)
    return Rows(data, _span(data, data.frame.index), None, end, tuple(_findings(report, end)))


def _end(data: StationData) -> pd.Timestamp:
    """Where the measurements end; where none are, the rows."""
    return data.end if data.measured else data.frame.index[-1] + parse_step(data.station.step)


def _given(job: Job, station_id: str, station: Station) -> tuple[StationData | None, QualityReport | None,
                                                                 DataError | None]:
    """The data, what was found in it, and why it holds no power, if that is so."""
    try:
        data, report = job.read(station_id)
    except NoRowsError as error:
        return None, None, error
    except EmptyColumnError as error:
        return *job.read(station_id, whole=False), error
    if data.station.targets != station.targets:
        # A target without a value today is left out; to be joined with a history, it has to be there.
        return *job.read(station_id, whole=False), None
    return data, report, None


def _in_order(given: StationData, station: Station) -> StationData:
    """The same with its columns in the order of the model's, where they are the same columns."""
    roles = {role: getattr(station, role) for role in ("known_future", "past_only", "categorical")}
    if any(set(getattr(given.station, role)) != set(names) for role, names in roles.items()):
        return given
    ordered = given.station.model_copy(update=roles)
    return StationData(ordered, given.frame[list(ordered.columns)], given.vintages)


def _history(kept: StationStore, station: Station) -> tuple[StationData | None, list[str]]:
    """What is stored, if it fits the station."""
    try:
        history = kept.measurements(station)
    except DataError as error:
        return None, [f"the stored history is not used: {error.what}"]
    return history, []


def _joined(given: StationData, history: StationData) -> tuple[StationData, list[str]]:
    """Both, as the given data's station, and what was converted. Of the weather over the horizon what is given counts:
    rows of a table are no issued forecasts, and would else be hidden behind older ones that are."""
    merged = merge(history, given)
    data = merged.data
    ahead = given.frame.loc[given.frame.index >= data.end, list(given.station.known_future)]
    own = given.vintages is None and ahead.notna().any(axis=None)
    return (StationData(given.station, data.frame, None if own else data.vintages),
            [str(found) for found in merged.converted])


def _measured(data: StationData) -> pd.Index:
    return data.frame.index[data.measured_rows]


def _span(data: StationData, index: pd.Index) -> Span | None:
    times = _measured(data) if index is data.frame.index else _measured(data).intersection(index)
    return Span(len(times), times[0], times[-1]) if len(times) else None


def _joining(given: StationData, history: StationData, own: Span | None, stored: Span | None) -> list[str]:
    if own is None:
        return [f"the rows given have no power: the stored history is used ({stored})"]
    if stored is None:
        return []
    notes = [f"used are the rows given ({own}) and the stored history ({stored})"]
    gap = given.frame.index[0] - history.end
    if gap > pd.Timedelta(0):
        notes.append(f"missing between the stored history and the rows given: {in_words(gap)}, from "
                     f"{history.end:%Y-%m-%d %H:%M} to {given.frame.index[0]:%Y-%m-%d %H:%M}")
    return notes


def _findings(report: QualityReport | None, end: pd.Timestamp) -> list[str]:
    """What cleaning found in the newest rows."""
    return [f"{found.column or 'rows'}: {found.kind}, {often(found.count)} up to {found.last:%Y-%m-%d %H:%M}: "
            f"{found.action}" for found in (report.findings if report else ())
            if found.kind in TOLD and found.last is not None and found.last >= end - RECENT]


def known_share(data: StationData, target: str, origin: pd.Timestamp, steps: int) -> float:
    """Share of the `steps` before the origin in which the target was measured."""
    first = origin - steps * parse_step(data.station.step)
    values = data.frame.loc[(data.frame.index >= first) & (data.frame.index < origin), target]
    return float(np.isfinite(values.to_numpy()).sum() / steps)
