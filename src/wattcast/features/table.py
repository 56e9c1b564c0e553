"""What leaves the feature pipeline: one regular table of columns, and the issued weather forecasts on its grid."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.features.slots import weather_slots
from wattcast.features.weather import ColumnEncoder


@dataclass(frozen=True)
class VintageTable:
    """V issued weather forecasts on the grid of a feature table, whose first row is position 0.

    Attributes:
        issued: `[V]`, ascending: the first grid position at or after the instant of issue, so an origin o may use
            vintage v if `issued[v] <= o`; negative before the table, T or more after it.
        start: `[V]`, grid position of the vintage's first row.
        values: `[V, S, len(weather_columns)]`, NaN where neither the vintage nor an earlier one says anything: what a
            newer one leaves out is what the newest before it said.
    """

    issued: NDArray[np.int64]
    start: NDArray[np.int64]
    values: NDArray[np.float32]

    def locate(self, origins: NDArray[np.int64],
               rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Where `values` tells what was known of grid rows at each origin, by the newest forecast that covers them.

        Args:
            origins: `[N]` grid positions.
            rows: `[N, M]` grid positions.

        Returns:
            vintage `[N]` and step `[N, M]`, positions that exist; and where the forecast reaches the row, `[N, M]`.
        """
        newest = np.searchsorted(self.issued, origins, side="right") - 1
        vintage = np.maximum(newest, 0)
        step = rows - self.start[vintage][:, None]
        inside = (step >= 0) & (step < self.values.shape[1]) & (newest >= 0)[:, None]
        return vintage, step.clip(0, self.values.shape[1] - 1), inside

    def read_at(self, origins: NDArray[np.int64]) -> Self:
        """The same for these origins `[N]`, without the forecasts that are the newest one at none of them."""
        read = np.unique((np.searchsorted(self.issued, origins, side="right") - 1).clip(0))
        return replace(self, issued=self.issued[read], start=self.start[read], values=self.values[read])

    def as_of(self, origins: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """What it says, `[N, M, len(weather_columns)]`, NaN where nothing; arguments as in `locate`."""
        vintage, step, inside = self.locate(origins, rows)
        return np.where(inside[..., None], self.values[vintage[:, None], step], np.float32(np.nan))


@dataclass(frozen=True)
class FeatureTable:
    """T regular steps of C targets, K known-future and P past-only columns, all in their units, NaN where missing.

    `weather_columns` are the positions in `known` of what comes from the station's own known-future columns and is
    replaced by `vintages` where those exist, at origins before the position `own_from`: from there on the rows
    themselves tell what is known of their weather, as a view's future does. `clear_sky` is what an open sky would
    give [W/m²], for photovoltaics of which no irradiance is known.
    """

    index: pd.DatetimeIndex
    targets: NDArray[np.float32]            # [T, C]
    known: NDArray[np.float32]              # [T, K]
    past: NDArray[np.float32]               # [T, P]
    known_names: tuple[str, ...]
    past_names: tuple[str, ...]
    weather_columns: tuple[int, ...]
    vintages: VintageTable | None = None
    own_from: int = np.iinfo(np.int64).max
    clear_sky: NDArray[np.float32] | None = None     # [T]

    @cached_property
    def row_digests(self) -> NDArray[np.uint64]:
        """A number for each row `[T]`: another one where targets, known or past columns differ."""
        return digests_of(np.concatenate([self.targets, self.known, self.past], 1))

    @cached_property
    def ahead_digests(self) -> NDArray[np.uint64]:
        """The same of what is read of a row that lies ahead: its known columns, but for weather that issued forecasts
        tell."""
        rows = self.known if self.vintages is None else np.delete(self.known, self.weather_columns, 1)
        return digests_of(rows)

    def ending(self, end: int, length: int) -> Self:
        """The last `length` of the rows before `end`, whose own weather is known whatever was issued."""
        rows = slice(end - length, end)
        return replace(self, index=self.index[rows], targets=self.targets[rows], known=self.known[rows],
                       past=self.past[rows], vintages=None,
                       clear_sky=None if self.clear_sky is None else self.clear_sky[rows])

    @cached_property
    def slots(self) -> dict[str, int]:
        """Which of the weather columns fills each slot (`features.slots`), by its place among them."""
        return weather_slots([self.known_names[column] for column in self.weather_columns])


MIXING = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""By which SplitMix64 spreads bits (Steele et al., OOPSLA 2014). [odd 64-bit numbers]"""


def digests_of(rows: NDArray[np.float32]) -> NDArray[np.uint64]:
    """A number for each of `rows` `[T, F]`, from its bits and their places."""
    pairs = np.zeros((len(rows), rows.shape[1] + rows.shape[1] % 2), np.float32)
    pairs[:, :rows.shape[1]] = rows
    bits: NDArray[np.uint64] = pairs.view(np.uint64)                                              # [T, F / 2]
    step, first, second = map(np.uint64, MIXING)
    mixed = np.add(bits, step * np.arange(1, bits.shape[1] + 1, dtype=np.uint64), dtype=np.uint64)
    for shift, factor in ((30, first), (27, second), (31, np.uint64(1))):
        mixed = np.multiply(np.bitwise_xor(mixed, np.right_shift(mixed, np.uint64(shift))), factor, dtype=np.uint64)
    digests: NDArray[np.uint64] = mixed.sum(axis=1, dtype=np.uint64)
    return digests


def vintages_on_grid(table: pd.DataFrame, first: pd.Timestamp, step: pd.Timedelta,
                     encoder: ColumnEncoder) -> VintageTable:
    """Issued forecasts as arrays; a stamp between two steps belongs to the step it falls in.

    Two forecasts issued within one step become one, in which the later one counts first. If there are none, one that
    says nothing and is never known stands for them, so that the weather is masked.

    Args:
        table: MultiIndex (`issued`, `time`), sorted.
        first: the instant of grid position 0.
        step: grid step.
        encoder: of the station's known-future columns.
    """
    issued_at, time = (pd.DatetimeIndex(table.index.get_level_values(level)) for level in (0, 1))
    if table.empty:
        never = np.array([np.iinfo(np.int64).max])
        return VintageTable(never, np.zeros(1, np.int64), np.full((1, 1, len(encoder.names)), np.nan, np.float32))
    _, begins, vintage = np.unique(issued_at.asi8, return_index=True, return_inverse=True)
    position = _whole_steps(time - first, step)
    start = np.minimum.reduceat(position, begins)
    reach = np.maximum.accumulate(np.maximum.reduceat(position, begins)) + 1
    values = np.full((len(begins), int((reach - start).max()), len(encoder.names)), np.nan, np.float32)
    values[vintage, position - start[vintage]] = encoder.encode(table)
    _take_over(values, start)
    issued = -_whole_steps(first - issued_at[begins], step)
    latest = np.append(issued[1:] != issued[:-1], True)
    return VintageTable(issued[latest], start[latest], values[latest])


def _take_over(values: NDArray[np.float32], start: NDArray[np.int64]) -> None:
    """Fill what a vintage `[S, W]` leaves out with what the one before knew, which had been filled itself."""
    length = values.shape[1]
    for number, shift in enumerate(np.diff(start), start=1):
        begin, before = max(0, -int(shift)), max(0, int(shift))
        count = length - max(begin, before)
        if count > 0:
            own, known = values[number, begin:begin + count], values[number - 1, before:before + count]
            np.copyto(own, known, where=np.isnan(own))


def _whole_steps(duration: pd.TimedeltaIndex, step: pd.Timedelta) -> NDArray[np.int64]:
    return np.asarray(duration // step, np.int64)
