"""What leaves the feature pipeline: one regular table of columns, and the issued weather forecasts on its grid."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.features.weather import ColumnEncoder


@dataclass(frozen=True)
class VintageTable:
    """V issued weather forecasts on the grid of a feature table, whose first row is position 0.

    Attributes:
        issued: `[V]`, ascending: the first grid position at or after the instant of issue, so an origin o may use
            vintage v if `issued[v] <= o`; negative before the table, T or more after it.
        start: `[V]`, grid position of the vintage's first row.
        values: `[V, S, len(weather_columns)]`, NaN where a vintage says nothing.
    """

    issued: NDArray[np.int64]
    start: NDArray[np.int64]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class FeatureTable:
    """T regular steps of C targets, K known-future and P past-only columns, all in their units, NaN where missing.

    `weather_columns` are the positions in `known` of what comes from the station's own known-future columns and is
    replaced by `vintages` where those exist.
    """

    index: pd.DatetimeIndex
    targets: NDArray[np.float32]            # [T, C]
    known: NDArray[np.float32]              # [T, K]
    past: NDArray[np.float32]               # [T, P]
    known_names: tuple[str, ...]
    past_names: tuple[str, ...]
    weather_columns: tuple[int, ...]
    vintages: VintageTable | None = None


def vintages_on_grid(table: pd.DataFrame, first: pd.Timestamp, step: pd.Timedelta,
                     encoder: ColumnEncoder) -> VintageTable:
    """Issued forecasts as arrays; a stamp between two steps belongs to the step it falls in.

    Of two forecasts issued within one step the later one counts.

    Args:
        table: MultiIndex (`issued`, `time`), sorted.
        first: the instant of grid position 0.
        step: grid step.
        encoder: of the station's known-future columns.
    """
    issued_at, time = (pd.DatetimeIndex(table.index.get_level_values(level)) for level in (0, 1))
    issued = -_whole_steps(first - issued_at, step)
    instants = issued_at.asi8
    latest = instants == instants[np.searchsorted(issued, issued, side="right") - 1]
    position, issued = _whole_steps(time - first, step)[latest], issued[latest]
    distinct, begins, vintage = np.unique(issued, return_index=True, return_inverse=True)
    start = np.minimum.reduceat(position, begins) if len(begins) else position
    offset = position - start[vintage]
    values = np.full((len(distinct), int(offset.max(initial=-1)) + 1, len(encoder.names)), np.nan, np.float32)
    values[vintage, offset] = encoder.encode(table.loc[latest])
    return VintageTable(distinct, start, values)


def _whole_steps(duration: pd.TimedeltaIndex, step: pd.Timedelta) -> NDArray[np.int64]:
    return np.asarray(duration // step, np.int64)
