"""Which origins train and which validate, decided before any window is cut."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from wattcast.contracts import Config
from wattcast.errors import DataError

MINIMUM_DAYS = 21
"""A week to validate on, a week to learn and a week of history before it. [days]"""

IntArray = NDArray[np.int64]


class WindowsConfig(Config):
    """How the history is cut into windows."""

    lookback_days: int = Field(14, ge=7, le=56, description="history that the network reads, in days")
    validation_share: float = Field(0.12, gt=0, lt=0.5, description="share of the days kept for validation")
    validation_origins: int = Field(64, ge=1, description="how many origins validate, spread evenly")


@dataclass(frozen=True)
class Split:
    """Positions on the grid. An origin o forecasts rows o … o + H − 1 from the rows before o.

    Rows from `train_limit` on are targets of validation only: a training window that reaches over it has those target
    steps masked, so that the last weeks before the limit are used for the short leads. No validation window reaches
    over `validation_limit`.
    """

    train_origins: IntArray
    train_limit: int
    validation_origins: IntArray
    validation_limit: int


def split_origins(rows: int, first_measured: int, horizon: int, day: int, config: WindowsConfig) -> Split:
    """Split `rows` of history (all of it before the last known instant) into training and validation origins.

    Args:
        rows: length of the history.
        first_measured: position of the first measured target row.
        horizon: steps of a forecast.
        day: steps per day.
        config: shares and counts.

    Raises:
        DataError: fewer than 21 days.
    """
    days = (rows - first_measured) / day
    if days < MINIMUM_DAYS:
        raise DataError("there is too little history to train on", found=f"{days:.1f} days before the training's end",
                        expected=f"at least {MINIMUM_DAYS} days",
                        hint="add older data; until then 'wattcast forecast' forecasts without a model")
    span = int(min(max(14 * day, config.validation_share * days * day), (rows - first_measured) // 3))
    span = max(span, horizon)
    limit = rows - span
    # A day of history before the first origin and a day of targets after the last: less teaches nothing.
    train = np.arange(first_measured + day, limit - day + 1, dtype=np.int64)
    return Split(train, limit, spread_origins(limit, rows, horizon, config.validation_origins), rows)


def spread_origins(first: int, end: int, horizon: int, count: int) -> IntArray:
    """At most `count` origins from position `first` on, evenly spread, whose horizons end by position `end`."""
    origins = np.arange(first, end - horizon + 1, dtype=np.int64)
    return np.unique(origins[np.linspace(0, len(origins) - 1, min(count, len(origins))).round().astype(np.int64)])
