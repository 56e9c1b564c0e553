"""The verb `review`: how good the forecasts of a station were as they were issued."""

import logging
from collections.abc import Sequence
from datetime import date

import pandas as pd

from wattcast.contracts import HORIZON_DAYS, TOTAL
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.evaluation.counted import Which, counted_rows
from wattcast.evaluation.issued import (
    Observed,
    accuracy_rows,
    as_accuracy,
    issues_to_judge,
    judged_steps,
)
from wattcast.evaluation.issued_scores import StationReview
from wattcast.evaluation.rule_scores import RuleScore, score_rule
from wattcast.evaluation.rules import Rule
from wattcast.store.base import Issue, StationStore
from wattcast.store.joining import ACCURACY_KEY
from wattcast.timegrid import days_later, midnight, station_horizon

log = logging.getLogger("wattcast")

DAYS = 28
"""How many days are reviewed unless told otherwise. [days]"""
BEFORE = HORIZON_DAYS + 2
"""Days before the first one whose measurements are needed: last week's values, and a part of a day. [days]"""


def review_station(station: StationStore, *, days: int = DAYS, which: Which = "last",
                   rules: Sequence[Rule] = ()) -> StationReview:
    """How the forecasts did on the last `days` that are measured, as far as they are over.

    What is found is kept: only days that have no row yet are judged, and those whose measured values have changed.

    Args:
        station: what is kept of it.
        days: whole days, up to the midnight before the newest measurement ends.
        which: of several issues of an origin the last one in time, or the first.
        rules: grid codes to grade the total power by, where the station has a capacity.

    Raises:
        DataError: what is kept is damaged.
    """
    # What was found out about forecasts outlives them.
    issues = station.issues() or _issues_of(station.accuracy())
    if not issues:
        return _nothing(station, "no forecast was issued")
    data = _measured(station, issues[-1][0], days)
    if data is None:
        return _nothing(station, "nothing that was measured is kept: 'wattcast ingest' brings it")
    end = midnight(data.end)
    first = days_later(end, -days)
    observed = Observed.of(data)
    rows = counted_rows(_up_to_date(station, data, observed, first), which)
    judged = rows[rows["steps"] >= observed.enough].reset_index(drop=True)
    graded, told = _graded(station, data, observed, judged, rules)
    return StationReview(station.station_id, judged, (first, end), graded,
                         (*_notes(rows, judged, issues, observed, first, which), *told))


def _issues_of(rows: pd.DataFrame) -> tuple[Issue, ...]:
    """The forecasts that rows were found out about, by origin and issue."""
    pairs = zip(rows["origin"], rows["issued"].astype(object).where(rows["issued"].notna(), None), strict=True)
    return tuple(sorted(set(pairs), key=lambda issue: (issue[0], issue[1] is not None, issue[1] or issue[0])))


def _nothing(station: StationStore, why: str) -> StationReview:
    return StationReview(station.station_id, as_accuracy([]), notes=(why,))


def _measured(station: StationStore, newest: pd.Timestamp, days: int) -> StationData | None:
    """The measurements that a review needs; those of years before are not read.

    Args:
        station: what is kept of it.
        newest: origin of the newest forecast, at which measurements mostly end.
        days: how many are reviewed.
    """
    since = days_later(newest, -days - BEFORE)
    data = station.measurements(since=since)
    if data is None or not data.measured or days_later(midnight(data.end), -days - BEFORE + 1) < since:
        data = station.measurements()
    return data if data is not None and data.measured else None


def _up_to_date(station: StationStore, data: StationData, observed: Observed, first: pd.Timestamp) -> pd.DataFrame:
    """The rows of days from `first` on, those that were missing or have changed made anew and kept."""
    rows, issues = station.accuracy(first), station.issues(days_later(first, -HORIZON_DAYS))
    todo = set(issues_to_judge(issues, rows, observed, station_horizon(data.station), first))
    if not todo:
        return rows
    made = [accuracy_rows(forecast, observed) for forecast in station.forecasts(min(origin for origin, _ in todo))
            if (forecast.origin, forecast.issued) in todo]
    fresh = pd.concat(made, ignore_index=True) if made else as_accuracy([])
    fresh = fresh[fresh["day"] >= first]
    if fresh.empty:
        return rows
    try:
        station.keep_accuracy(fresh)
    except DataError as error:      # a place that may only be read is no reason to fail
        log.warning("what was found is not kept: %s (%s)", error.what, error.found)
        return pd.concat([rows, fresh]).drop_duplicates(list(ACCURACY_KEY), keep="last")
    return station.accuracy(first)


def _graded(station: StationStore, data: StationData, observed: Observed, judged: pd.DataFrame,
            rules: Sequence[Rule]) -> tuple[tuple[RuleScore, ...], tuple[str, ...]]:
    """What the rules make of the days that were judged, and what is to be said of it."""
    capacity, of_total = data.station.capacity, judged[judged["target"] == TOTAL]
    if not rules or of_total.empty:
        return (), ()
    if capacity is None:
        return (), ("not graded: no capacity is known, which grid codes divide by; the station's description gives it "
                    "(data.capacity)",)
    days = set(zip(of_total["origin"], of_total["lead_day"], strict=True))
    counted = _issues_of(of_total)
    found = [judged_steps(forecast, observed, TOTAL) for forecast in station.forecasts(counted[0][0])
             if (forecast.origin, forecast.issued) in counted]
    gone = len(counted) - len(found)
    told = (f"not graded: {gone} of {len(counted)} forecasts, which are no longer kept: rules are graded by step",
            ) if gone else ()
    if not found:
        return (), told
    steps = pd.concat(found)
    steps = steps[[day in days for day in zip(steps["origin"], steps["day"], strict=True)]]
    return tuple(score_rule(rule, station.station_id, steps, capacity) for rule in rules), told


def _notes(rows: pd.DataFrame, judged: pd.DataFrame, issues: Sequence[Issue], observed: Observed, first: pd.Timestamp,
           which: Which) -> list[str]:
    """What is worth knowing of the days that were looked at."""
    if rows.empty:
        return [f"no day of an issued forecast is over: what is measured ends at {observed.end:%Y-%m-%d %H:%M}"]
    notes = []
    if few := rows.loc[rows["steps"] < observed.enough, "day"].nunique():
        notes.append(f"measured for less than half and not counted: {_days(few)}")
    made = {day.date() for day in judged.loc[judged["lead_day"] == 1, "day"]}
    since = max(first, midnight(issues[0][0].tz_convert(first.tz)))
    if missing := sum(day not in made for day in _measured_dates(observed, since)):
        notes.append(f"not forecast one day ahead: {_days(missing)}")
    if several := sum(map(len, _by_origin(issues, first))) - len(_by_origin(issues, first)):
        notes.append(f"of several forecasts of one origin the {which} counts; {several} are left out")
    bare = judged.loc[judged["inside_80"].isna(), "origin"].nunique()
    if bare:
        notes.append(f"{bare} of {judged['origin'].nunique()} forecasts were kept without a band")
    return notes


def _days(count: int) -> str:
    return f"{count} day{'s' if count > 1 else ''}"


def _measured_dates(observed: Observed, since: pd.Timestamp) -> list[date]:
    """Those from `since` on that are over and measured enough to be judged."""
    rows = observed.frame.loc[(observed.index >= since) & (observed.index < midnight(observed.end))]
    measured = rows.notna().any(axis=1).groupby(pd.DatetimeIndex(rows.index).date).sum()
    return list(measured.index[measured >= observed.enough])


def _by_origin(issues: Sequence[Issue], first: pd.Timestamp) -> list[list[Issue]]:
    found: dict[pd.Timestamp, list[Issue]] = {}
    for issue in issues:
        if issue[0] >= first:
            found.setdefault(issue[0], []).append(issue)
    return list(found.values())
