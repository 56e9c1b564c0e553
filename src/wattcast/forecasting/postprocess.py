"""Physical limits of a forecast, each named when it changes something."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import ADJUSTABLE, PART, QUANTILES, TOTAL, Kind, Station, quantile_column
from wattcast.data.limits import KeptLimits
from wattcast.features.solar import is_night
from wattcast.timegrid import parse_step

CAPACITY = "kept within the capacity"


def usual(note: str) -> bool:
    """Whether a limit's sentence tells what is so every day, as at night: a forecast beyond the capacity is not."""
    return not note.startswith(CAPACITY)


def target_columns(target: str) -> list[str]:
    """The median's column and the quantiles' columns of a target."""
    return [target, *(quantile_column(target, level) for level in QUANTILES)]


@dataclass(frozen=True)
class Limits:
    """What a station's power cannot be.

    Attributes:
        station: its kind, capacity [unit of the target] and place.
        nonnegative: targets that are never below zero.
        part_of_total: whether the part stays within the total.
    """

    station: Station
    nonnegative: tuple[str, ...]
    part_of_total: bool = False

    @classmethod
    def of(cls, station: Station, kept: KeptLimits) -> "Limits":
        """The limits that a station's history keeps to."""
        return cls(station, kept.nonnegative, kept.part_of_total)

    def apply(self, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """`table` `[H, columns]` within its limits, and a sentence for each limit that changed steps."""
        notes: list[str] = []
        limits: list[Callable[[pd.DataFrame], tuple[pd.DataFrame, str]]] = [
            self._zero, self._capacity, self._night, self._part_of_total]
        for limit in limits:
            limited, sentence = limit(table)
            changed = int((limited != table).any(axis=1).sum())
            if changed:
                notes.append(f"{sentence}: {changed} of {len(table)} steps")
            table = limited
        if PART in self.station.targets:
            table = table.assign(**{ADJUSTABLE: table[TOTAL] - table[PART]})
        return table, notes

    def _zero(self, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        columns = [column for target in self.nonnegative for column in target_columns(target)]
        return table.assign(**table[columns].clip(lower=0.0)), "kept at or above zero, as in the training data"

    def _capacity(self, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        capacity = self.station.capacity
        if capacity is None:
            return table, ""
        return table.clip(lower=-capacity, upper=capacity), f"{CAPACITY} of {capacity:g}"

    def _night(self, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        station = self.station
        if station.kind is not Kind.PV or not station.location.has_coordinates:
            return table, ""
        dark = is_night(pd.DatetimeIndex(table.index), station.location, parse_step(station.step))
        return (table.mask(np.broadcast_to(dark[:, None], table.shape), 0.0),
                "set to zero at night, when the sun is below the horizon")

    def _part_of_total(self, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
        if PART not in self.station.targets or not self.part_of_total:
            return table, ""
        limited = {part: np.minimum(table[part], table[total])
                   for part, total in zip(target_columns(PART), target_columns(TOTAL), strict=True)}
        return table.assign(**limited), f"{PART} kept at or below {TOTAL}"
