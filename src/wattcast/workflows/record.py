"""How the forecasts that were issued lately did against last week's values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from wattcast.data.schema import StationData
from wattcast.evaluation.counted import counted_forecasts
from wattcast.evaluation.issued import Observed, accuracy_rows
from wattcast.evaluation.issued_scores import pooled
from wattcast.evaluation.scorecard import number
from wattcast.forecasting.config import ForecastConfig
from wattcast.store.base import IssuedForecast
from wattcast.timegrid import DAY

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

    def sentence(self, *, unmodelled: bool = False) -> str:
        """How that was, and what to do; of a station without a model another reason says that."""
        then = "" if unmodelled else (": 'wattcast finetune', or 'wattcast models rollback' if it began with a new "
                                      "version")
        return (f"{self.target}: {self.worse} of the last {self.issues} issued forecasts, since {self.first:%Y-%m-%d}, "
                f"were worse than last week's values (mean absolute error {number(self.error)} against "
                f"{number(self.last_week)}){then}")

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
    first = judged_from(origin, config)
    if data.frame.index[0] >= origin or data.frame.index[-1] < first:
        return []
    recent = counted_forecasts(made for made in kept if first <= made.origin < origin)
    own = [made for made in recent if made.version == version]
    judged = own if len(own) >= FEWEST else recent
    if not judged:
        return []
    observed = Observed.of(data, origin, first)
    rows = [accuracy_rows(made, observed, whole=False) for made in judged]
    return [record for target in data.station.targets if (record := _record(rows, target, observed.enough, config))]


def judged_from(origin: pd.Timestamp, config: ForecastConfig) -> pd.Timestamp:
    """The first origin whose forecasts are compared when one is made at `origin`."""
    return origin - config.judge_days * DAY


def _record(rows: list[pd.DataFrame], target: str, enough: int, config: ForecastConfig) -> Record | None:
    """Of the rows of each forecast; one of which too few steps can be compared does not count."""
    of_target = [made[made["target"] == target] for made in rows]
    judged = [made for made in of_target if made["compared"].sum() >= enough]
    if not judged:
        return None
    scores, together = [pooled(made) for made in judged], pooled(pd.concat(judged))
    worse = sum(each.compared_mae > (1 + config.judge_margin) * each.last_week for each in scores)
    first = min(made["origin"].iloc[0] for made in judged)
    return Record(target, len(scores), worse, together.compared_mae, together.last_week, first)
