"""How good a forecast was as it was issued: each of its days against what was measured, beside last week's values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from zlib import crc32

import numpy as np
import pandas as pd

from wattcast import metrics
from wattcast.contracts import Horizon, quantile_column
from wattcast.data.schema import StationData
from wattcast.metrics import FloatArray
from wattcast.store.base import ACCURACY, Issue, IssuedForecast
from wattcast.timegrid import (
    DAY,
    WallGrid,
    at_rows,
    followed_clock,
    horizon_index,
    lead_days,
    midnight,
    parse_step,
    steps_per_day,
)

WEEK_DAYS = 7
"""Days that last week's values lie back. [days]"""
ENOUGH = 0.5
"""Share of a day's steps that have to be measured for the day to be judged. [share]"""


@dataclass(frozen=True, eq=False)
class Observed:
    """The measured targets of a station, laid out to be compared with what was issued.

    Attributes:
        frame: the targets `[T, C]`, NaN where not measured; nothing at or after `end`.
        grid: its rows by the clock that the station follows.
        step: from one row to the next.
        end: the instant up to which days count as over.
    """

    frame: pd.DataFrame
    grid: WallGrid
    step: pd.Timedelta
    end: pd.Timestamp

    @classmethod
    def of(cls, data: StationData, until: pd.Timestamp | None = None, first: pd.Timestamp | None = None) -> Self:
        """What was measured, before `until` if that is given.

        Args:
            data: with the measurements.
            until: None for their end.
            first: forecasts from earlier origins are not going to be compared.

        Raises:
            ValueError: there are no rows by then.
        """
        frame = data.frame[list(data.station.targets)]
        frame = frame if until is None else frame.loc[frame.index < until]
        frame = frame if first is None else frame.loc[frame.index >= first - (WEEK_DAYS + 1) * DAY]
        if frame.empty:
            raise ValueError(f"station {data.station.id}: there is no row before {until}")
        step = parse_step(data.station.step)
        clock = followed_clock(pd.DatetimeIndex(frame.index), data.station.by_wall_clock)
        return cls(frame, WallGrid.of(clock, step), step, data.end if until is None else until)

    @property
    def index(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.frame.index)

    @property
    def enough(self) -> int:
        """How many measured steps a day needs to be judged."""
        return int(np.ceil(ENOUGH * steps_per_day(self.step)))

    def by_its_clock(self, forecast: IssuedForecast) -> pd.DatetimeIndex:
        """The times of a forecast by the station's clock."""
        return pd.DatetimeIndex(forecast.table.index).tz_convert(self.index.tz)

    def values(self, target: str, times: pd.DatetimeIndex, origin: pd.Timestamp) -> tuple[FloatArray, FloatArray]:
        """What was measured at `times`, and a week before them by the clock: only rows before `origin`, as nothing else
        was known there. Both `[H]`, NaN where there is none."""
        measured = self.frame[target].to_numpy(np.float64)
        rows = self.index.get_indexer(times)
        before = self.grid.rows_before(self.grid.slots[rows] - WEEK_DAYS * steps_per_day(self.step),
                                       np.asarray(self.index.searchsorted(origin)))
        return at_rows(measured, rows), at_rows(measured, np.where(rows < 0, -1, before))


@dataclass(frozen=True)
class _Day:
    """A day of a horizon: how many days ahead, its steps, the midnight of the date it begins on, where it ends."""

    ahead: int
    steps: slice
    date: pd.Timestamp
    end: pd.Timestamp


def _days(times: pd.DatetimeIndex, step: pd.Timedelta) -> list[_Day]:
    days = lead_days(times)
    first = np.flatnonzero(np.diff(days, prepend=-1))
    return [_Day(int(days[start]) + 1, slice(start, stop), midnight(times[start]), times[stop - 1] + step)
            for start, stop in zip(first, [*first[1:], len(times)], strict=True)]


def accuracy_rows(forecast: IssuedForecast, observed: Observed, *, whole: bool = True) -> pd.DataFrame:
    """A row with the columns `ACCURACY` for each day of the forecast and each target of which something was measured.

    Args:
        forecast: as it was issued.
        observed: what came.
        whole: only days that are over; otherwise what there is of the last one counts, too.
    """
    times = observed.by_its_clock(forecast)
    days = [day for day in _days(times, observed.step) if not whole or day.end <= observed.end]
    found = []
    for target in (name for name in observed.frame if name in forecast.table):
        actual, last_week = observed.values(target, times, forecast.origin)
        made = forecast.table[target].to_numpy(np.float64)
        band, known = _band(forecast.table, target), np.isfinite(actual) & np.isfinite(made)
        for day in days:
            scored = day.steps.start + np.flatnonzero(known[day.steps])
            if len(scored):
                found.append({
                    "day": day.date, "lead_day": day.ahead, "target": target, "origin": forecast.origin,
                    "issued": forecast.issued, "version": forecast.version,
                    **_scores(actual[scored], made[scored], last_week[scored], None if band is None else band[scored]),
                    "checksum": _checksum(actual[day.steps], last_week[day.steps])})
    return as_accuracy(found)


def judged_steps(forecast: IssuedForecast, observed: Observed, target: str) -> pd.DataFrame:
    """A row a step `[H]`, as rules are scored by: origin, day ahead (`day`), time, actual (NaN where not measured),
    median."""
    times = observed.by_its_clock(forecast)
    return pd.DataFrame({
        "origin": forecast.origin, "day": lead_days(times) + 1, "time": times,
        "actual": observed.values(target, times, forecast.origin)[0], "median": forecast.table[target].to_numpy()})


def as_accuracy(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table with the columns `ACCURACY`; of none an empty one."""
    return pd.DataFrame(list(rows), columns=list(ACCURACY))


def _band(table: pd.DataFrame, target: str) -> FloatArray | None:
    """The ends of the 80 % band `[H, 2]`; None where only the median was kept."""
    ends = [quantile_column(target, level) for level in (0.1, 0.9)]
    return table[ends].to_numpy(np.float64) if set(ends) <= set(table.columns) else None


def _scores(actual: FloatArray, made: FloatArray, last_week: FloatArray, band: FloatArray | None) -> dict[str, Any]:
    known = np.isfinite(last_week)
    return {
        "steps": len(actual), "mae": metrics.mae(actual, made), "rmse": metrics.rmse(actual, made),
        "actual_size": float(np.abs(actual).mean()), "compared": int(known.sum()),
        "compared_mae": metrics.mae(actual[known], made[known]),
        "last_week": metrics.mae(actual[known], last_week[known]),
        "inside_80": float("nan") if band is None else metrics.coverage(actual, band[:, 0], band[:, 1]),
        "forecast_mean": float(made.mean()), "actual_mean": float(actual.mean())}


def _checksum(*values: FloatArray) -> int:
    """Of both, every NaN the same."""
    return crc32(np.where(np.isnan(values), np.nan, values).tobytes())


def issues_to_judge(issues: Iterable[Issue], rows: pd.DataFrame, observed: Observed, horizon: Horizon,
                    first: pd.Timestamp) -> list[Issue]:
    """The forecasts with a day that is over and has no row yet, or one made of other measured values than those of now.

    Args:
        issues: of what is kept.
        rows: that are kept, from `first` on.
        observed: what was measured, from a week before `first` on at least.
        horizon: of the forecasts.
        first: days that begin before it do not matter.
    """
    told: dict[Issue, dict[tuple[str, int], int]] = {}
    for row in rows.itertuples():
        told.setdefault(_issue(row.origin, row.issued), {})[row.target, row.lead_day] = row.checksum
    wanted: dict[pd.Timestamp, dict[tuple[str, int], int]] = {}
    found = []
    for origin, issued in issues:
        if origin not in wanted:
            wanted[origin] = _checksums(origin, observed, horizon, first)
        known = told.get(_issue(origin, issued), {})
        if any(known.get(key) != checksum for key, checksum in wanted[origin].items()):
            found.append(_issue(origin, issued))
    return found


def _issue(origin: pd.Timestamp, issued: pd.Timestamp | None) -> Issue:
    return origin, None if pd.isna(issued) else issued


def _checksums(origin: pd.Timestamp, observed: Observed, horizon: Horizon,
               first: pd.Timestamp) -> dict[tuple[str, int], int]:
    """By target and day ahead, of the days that are over and of which something was measured."""
    times = horizon_index(origin.tz_convert(observed.index.tz), horizon)
    days = [day for day in _days(times, observed.step) if day.end <= observed.end and day.date >= first]
    found = {}
    for target in observed.frame:
        actual, last_week = observed.values(str(target), times, origin)
        for day in days:
            if np.isfinite(actual[day.steps]).any():
                found[str(target), day.ahead] = _checksum(actual[day.steps], last_week[day.steps])
    return found
