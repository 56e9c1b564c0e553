"""How the forecasts that were issued lately did against last week's values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.data.schema import StationData
from wattcast.evaluation.scorecard import number
from wattcast.forecasting.config import ForecastConfig
from wattcast.store.base import IssuedForecast
from wattcast.timegrid import DAY, WallGrid, at_rows, followed_clock, parse_step, steps_per_day

FEWEST = 3
"""Issued forecasts below which nothing is said. [forecasts]"""


@dataclass(frozen=True)
class Record:
    """Issued forecasts of a target on the days of them that have passed.

    Attributes:
        target: which one.
        issues: how many were compared, from as many origins.
        worse: how many of them were worse than last week's values by more than the margin.
        error: mean absolute error of what was issued, in the target's unit.
        last_week: that of last week's values at the same time, all known at the origins.
        first: the oldest origin.
    """

    target: str
    issues: int
    worse: int
    error: float
    last_week: float
    first: pd.Timestamp

    @property
    def lost(self) -> bool:
        """Whether most were worse, and they are so together."""
        return self.issues >= FEWEST and 2 * self.worse > self.issues and self.error > self.last_week

    def sentence(self) -> str:
        return (f"{self.target}: {self.worse} of the last {self.issues} issued forecasts, since {self.first:%Y-%m-%d}, "
                f"were worse than last week's values (mean absolute error {number(self.error)} against "
                f"{number(self.last_week)}): 'wattcast finetune', or 'wattcast models rollback' if it began with a new "
                "version")

    def to_dict(self) -> dict[str, Any]:
        return {"target": self.target, "issues": self.issues, "worse": self.worse, "mae": self.error,
                "mae_last_week": self.last_week, "since": self.first.isoformat()}


def records(kept: Iterable[IssuedForecast], data: StationData, origin: pd.Timestamp, version: str,
            config: ForecastConfig) -> list[Record]:
    """One for each target of which an issued forecast can be compared.

    The version's own count, if there are enough of them, so that one which has just been promoted is not long blamed
    for another's.

    Args:
        kept: what was issued.
        data: with the measurements; those before `origin` count.
        origin: of the new forecast.
        version: that makes it.
        config: how far back to look, and the margin.
    """
    if data.frame.index[0] >= origin:
        return []
    recent = [made for made in kept if judged_from(origin, config) <= made.origin < origin]
    own = [made for made in recent if made.version == version]
    judged = own if len(own) >= FEWEST else recent
    if not judged:
        return []
    return [record for target in data.station.targets if (record := _record(judged, data, target, origin, config))]


def judged_from(origin: pd.Timestamp, config: ForecastConfig) -> pd.Timestamp:
    """The first origin whose forecasts are compared when one is made at `origin`."""
    return origin - config.judge_days * DAY


def _record(judged: list[IssuedForecast], data: StationData, target: str, origin: pd.Timestamp,
            config: ForecastConfig) -> Record | None:
    step = parse_step(data.station.step)
    day, actual = steps_per_day(step), data.frame.loc[data.frame.index < origin, target]
    index = pd.DatetimeIndex(actual.index)
    grid = WallGrid.of(followed_clock(index, data.station.by_wall_clock), step)
    compared: list[tuple[pd.Timestamp, float, float, int]] = []
    for made in judged:
        if target not in made.table:
            continue
        times = made.table.index
        rows = grid.rows_before(grid.slots - 7 * day, index.searchsorted(made.origin))
        last_week = pd.Series(at_rows(actual.to_numpy(np.float64), rows), index)
        both = pd.DataFrame({
            "made": (made.table[target] - actual.reindex(times)).abs().to_numpy(),
            "naive": (last_week.reindex(times) - actual.reindex(times)).abs().to_numpy()}).dropna()
        if 2 * len(both) >= day:
            compared.append((made.origin, float(both["made"].mean()), float(both["naive"].mean()), len(both)))
    if not compared:
        return None
    steps = sum(each[3] for each in compared)
    error, naive = (sum(each[place] * each[3] for each in compared) / steps for place in (1, 2))
    worse = sum(made > (1 + config.judge_margin) * naive for _, made, naive, _ in compared)
    return Record(target, len(compared), worse, error, naive, compared[0][0])
