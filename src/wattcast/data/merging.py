"""A history and what came in since: rows that follow, rows that came late, rows that were corrected."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast.data.quality import Finding
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.data.weather_scales import in_units_of
from wattcast.errors import DataError, listing
from wattcast.timegrid import parse_step, regular_index

MOVED = 0.05
"""A row is rewritten if its power moves by more than this share of the largest. [share]"""


@dataclass(frozen=True, eq=False)
class Merged:
    """The longer history, and what became of the rows that came in.

    `appended` rows follow the last measured one, `late` rows fill a gap before it, `corrected` rows were there with
    another power; `first_corrected` and `last_corrected` are the first and the last of these. `rewritten` is the share
    of the measured rows whose power moved by more than a rounding or a late reading explains. `converted` tells of
    weather that came in another unit.
    """

    data: StationData
    appended: int
    late: int
    corrected: int
    rewritten: float
    first_corrected: pd.Timestamp | None = None
    last_corrected: pd.Timestamp | None = None
    converted: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"appended": self.appended, "late": self.late, "corrected": self.corrected}

    def notes(self) -> list[str]:
        """What is worth telling, in plain words."""
        notes = [str(found) for found in self.converted]
        if self.late:
            notes.append(f"{self.late} rows came late and were filled in")
        if self.corrected:
            notes.append(f"{self.corrected} rows between {self.first_corrected:%Y-%m-%d %H:%M} and "
                         f"{self.last_corrected:%Y-%m-%d %H:%M} were corrected")
        return notes


def merge(old: StationData, new: StationData) -> Merged:
    """`old` with every cell that `new` knows; a cell that is empty in `new` stays what it was, and gaps stay gaps.

    Raises:
        DataError: the two do not have the same columns, or their steps do not lie on one grid.
    """
    if old.station.columns != new.station.columns:
        raise DataError(f"the new data of station {new.station.id} has other columns than its history",
                        found=listing(new.station.columns), expected=listing(old.station.columns),
                        hint="describe it as the history was described, or train again with 'wattcast train'")
    step = parse_step(old.station.step)
    if new.station.step != old.station.step or (new.frame.index[0] - old.frame.index[0]) % step != pd.Timedelta(0):
        raise DataError(f"the new data of station {new.station.id} is not on the grid of its history",
                        found=f"steps of {new.station.step} from {new.frame.index[0]}",
                        expected=f"steps of {old.station.step} counted from {old.frame.index[0]}")
    index = regular_index(min(old.frame.index[0], new.frame.index[0]), max(old.frame.index[-1], new.frame.index[-1]),
                          step)
    came_in, converted = in_units_of(old.frame, new.frame, old.station)
    before, after = old.frame.reindex(index), came_in.reindex(index)
    frame = after.where(after.notna(), before).astype(old.frame.dtypes.to_dict())
    targets = list(old.station.targets)
    was, now = before[targets].to_numpy(np.float64), frame[targets].to_numpy(np.float64)
    came = np.isnan(was) & ~np.isnan(now)
    follows = np.asarray(index >= old.end)
    changed = (~np.isnan(was) & ~np.isclose(was, now, rtol=1e-6, atol=1e-9)).any(axis=1)
    times = index[changed]
    moved = (np.abs(now - was) > MOVED * np.nanmax(np.abs(was), axis=0)).any(axis=1)
    known = np.isfinite(was).any(axis=1)
    data = StationData(old.station, frame, _merge_vintages(old.vintages, new.vintages))
    return Merged(data, int((came.any(axis=1) & follows).sum()), int((came.any(axis=1) & ~follows).sum()),
                  int(changed.sum()), float(moved[known].mean()),
                  times.min() if len(times) else None, times.max() if len(times) else None, tuple(converted))


def _merge_vintages(old: WeatherVintages | None, new: WeatherVintages | None) -> WeatherVintages | None:
    if old is None or new is None:
        return old or new
    table = pd.concat([old.table, new.table])
    return WeatherVintages(table[~table.index.duplicated(keep="last")].sort_index())
