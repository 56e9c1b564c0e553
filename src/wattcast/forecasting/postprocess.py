"""Physical limits of a forecast, each named when it changes something."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import ADJUSTABLE, PART, QUANTILES, TOTAL, Kind, Station, quantile_column
from wattcast.data.limits import KeptLimits
from wattcast.features.solar import is_night
from wattcast.timegrid import parse_step

FloatArray = NDArray[np.float64]
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
        names, index, values = list(table.columns), pd.DatetimeIndex(table.index), table.to_numpy(np.float64)
        for limit in (self._zero, self._capacity, self._night, self._part_of_total):
            limited, sentence = limit(values, names, index)
            changed = int((limited != values).any(axis=1).sum())
            if changed:
                notes.append(f"{sentence}: {changed} of {len(table)} steps")
            values = limited
        columns = dict(zip(names, values.T, strict=True))
        if PART in self.station.targets:
            columns[ADJUSTABLE] = columns[TOTAL] - columns[PART]
        return pd.DataFrame(columns, index=table.index), notes

    def _zero(self, values: FloatArray, names: list[str], _: pd.DatetimeIndex) -> tuple[FloatArray, str]:
        kept = {column for target in self.nonnegative for column in target_columns(target)}
        lowest = np.asarray([0.0 if name in kept else -np.inf for name in names])
        return np.maximum(values, lowest), "kept at or above zero, as in the training data"

    def _capacity(self, values: FloatArray, _: list[str], __: pd.DatetimeIndex) -> tuple[FloatArray, str]:
        capacity = self.station.capacity
        if capacity is None:
            return values, ""
        return values.clip(-capacity, capacity), f"{CAPACITY} of {capacity:g}"

    def _night(self, values: FloatArray, _: list[str], index: pd.DatetimeIndex) -> tuple[FloatArray, str]:
        station = self.station
        if station.kind is not Kind.PV or not station.location.has_coordinates:
            return values, ""
        dark = is_night(index, station.location, parse_step(station.step))
        return np.where(dark[:, None], 0.0, values), "set to zero at night, when the sun is below the horizon"

    def _part_of_total(self, values: FloatArray, names: list[str], _: pd.DatetimeIndex) -> tuple[FloatArray, str]:
        if PART not in self.station.targets or not self.part_of_total:
            return values, ""
        limited = values.copy()
        for part, total in zip(target_columns(PART), target_columns(TOTAL), strict=True):
            place = names.index(part)
            limited[:, place] = np.minimum(values[:, place], values[:, names.index(total)])
        return limited, f"{PART} kept at or below {TOTAL}"
