"""What becomes of what is kept when more comes in: rules that all stores share."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import Station
from wattcast.data.merging import merge
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.store.base import ACCURACY, CORRECTIONS, StationStore
from wattcast.store.mornings import lasting

ACCURACY_KEY = ("day", "lead_day", "target", "origin", "issued")
"""A row of accuracy is replaced by another one of the same."""
ACCURACY_ORDER = ("day", "lead_day", "target", "issued")


@dataclass(frozen=True, eq=False)
class Joined:
    """A longer history, what became of the rows that came in, and the cells that were corrected (`CORRECTIONS`)."""

    data: StationData
    rows: Mapping[str, int]
    corrections: pd.DataFrame


def joined(kept: StationData | None, came_in: StationData, received: pd.Timestamp) -> Joined:
    """`kept` with every cell that `came_in` knows.

    Corrections are told of what is measured, not of weather: that of the next days is another one each day.

    Raises:
        DataError: other columns, another step.
    """
    if kept is None:
        rows = {"appended": int(came_in.measured_rows.sum()), "late": 0, "corrected": 0}
        return Joined(came_in, rows, no_corrections())
    kept = as_asked(kept, kept.station.model_copy(update={"timezone": came_in.station.timezone})) or kept
    merged = merge(kept, came_in)
    data = StationData(came_in.station, merged.data.frame, merged.data.vintages)
    return Joined(data, merged.to_dict(), _corrected(kept, data, received))


def forget(kept: StationStore) -> None:
    """Keep no longer what rows that come in make untrue, before they are kept: after a kill it is worked out again."""
    said = kept.recall()
    if len(left := lasting(said)) < len(said):
        kept.keep_recall(left)


def no_corrections() -> pd.DataFrame:
    """A table without rows, with the columns `CORRECTIONS` in the types that rows have."""
    return pd.DataFrame({"received": pd.DatetimeIndex([], tz="UTC"), "time": pd.DatetimeIndex([], tz="UTC"),
                         "column": pd.Series([], dtype="str"), "before": np.zeros(0), "after": np.zeros(0)},
                        columns=list(CORRECTIONS))


def _corrected(kept: StationData, data: StationData, received: pd.Timestamp) -> pd.DataFrame:
    station, found = data.station, []
    columns = [name for name in (*station.targets, *station.past_only) if name not in station.categorical]
    after = data.frame.loc[kept.frame.index]
    for name in columns:
        was, now = (frame[name].to_numpy(np.float64) for frame in (kept.frame, after))
        moved = np.isfinite(was) & np.isfinite(now) & ~np.isclose(was, now, rtol=1e-6, atol=1e-9)
        found.append(pd.DataFrame({"received": received.tz_convert(station.timezone), "time": after.index[moved],
                                   "column": name, "before": was[moved], "after": now[moved]}))
    rows = [each for each in found if len(each)]
    return pd.concat(rows, ignore_index=True)[list(CORRECTIONS)] if rows else no_corrections()


def noted(kept: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Corrections with new ones; what is the last that was noted of a cell is not noted twice, as after a kill."""
    if kept.empty or new.empty:
        return kept if new.empty else new
    zone = new["time"].dt.tz
    kept = kept.assign(received=kept["received"].dt.tz_convert(zone), time=kept["time"].dt.tz_convert(zone))
    last = kept.drop_duplicates(["time", "column"], keep="last")
    same = new.merge(last, on=["time", "column", "before", "after"], how="left", suffixes=("", "_kept"))
    fresh = new[same["received_kept"].isna().to_numpy()]
    return pd.concat([kept, fresh], ignore_index=True) if len(fresh) else kept


def no_accuracy() -> pd.DataFrame:
    """A table without rows, with the columns `ACCURACY`."""
    return pd.DataFrame(columns=list(ACCURACY))


def with_accuracy(kept: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of accuracy with new ones, which replace those of the same day, lead day, target, origin and issue."""
    if rows.empty:
        return kept
    zone = pd.DatetimeIndex(rows["day"]).tz
    both = pd.concat([_in_zone(each, zone) for each in (kept, rows) if len(each)], ignore_index=True)
    return both.drop_duplicates(list(ACCURACY_KEY), keep="last").sort_values(
        list(ACCURACY_ORDER), kind="stable", ignore_index=True, na_position="first")


def _in_zone(rows: pd.DataFrame, zone: object) -> pd.DataFrame:
    times = {name: pd.to_datetime(rows[name], utc=True).dt.tz_convert(zone) for name in ("day", "origin", "issued")}
    return rows.reindex(columns=list(ACCURACY)).assign(**times)


def since_day(rows: pd.DataFrame, since: pd.Timestamp | None) -> pd.DataFrame:
    """Rows of accuracy of days that begin at `since` or later; all if None."""
    return rows if since is None or rows.empty else rows[rows["day"] >= since].reset_index(drop=True)


def as_asked(data: StationData, station: Station | None, since: pd.Timestamp | None = None) -> StationData | None:
    """A whole history as `StationStore.measurements` hands it out."""
    known = station or data.station
    if tuple(data.frame.columns) != known.columns:
        return None
    frame = data.frame.tz_convert(known.timezone)
    vintages = None if data.vintages is None else data.vintages.table
    if since is not None:
        frame = frame[frame.index >= since]
        if vintages is not None:
            issued = vintages.index.get_level_values("issued")
            before = issued[issued < since]
            vintages = vintages[issued >= (before.max() if len(before) else since)]
    if vintages is None:
        return StationData(known, frame)
    for level in ("issued", "time"):
        vintages = vintages.tz_convert(known.timezone, level=level)
    return StationData(known, frame, WeatherVintages(vintages))
