"""Which of the rows that are kept of a station stay there when a model is trained from the start."""

import pandas as pd

from wattcast.data.merging import MOVED, merge
from wattcast.data.schema import StationData
from wattcast.store.base import StationStore
from wattcast.timegrid import parse_step

LARGE, OTHER_SIZE = 0.99, 3.5
"""By how much this quantile of the power may differ between two parts of a station's history: summer and winter differ
by less, two units and quarter-hours' energy taken for power by more. [quantile, times]"""
OTHER_ROWS = 0.5
"""Share of the rows known to both whose power may have moved: a corrected meter is another meter."""


def extend_history(kept: StationStore, data: StationData) -> str:
    """Keep `data` and what is kept already, where both have a value that of `data`.

    Older rows that do not fit it go: of other columns or steps, from another meter or in another unit.

    Returns:
        What became of rows that are not in `data`; empty if there were none.

    Raises:
        DataError: the place cannot be written to, or what is kept is damaged.
    """
    before = kept.measurements(data.station)
    if before is None:
        # Perhaps there was one of other columns.
        replaced = kept.has_measurements()
        kept.replace_measurements(data)
        return "the history that was kept had other columns and is replaced" if replaced else ""
    if not _on_one_grid(before, data):
        kept.replace_measurements(data)
        return "the history that was kept had other steps and is replaced"
    outside = before.frame.loc[~before.frame.index.isin(data.frame.index)]
    own = int(outside[list(data.station.targets)].notna().any(axis=1).sum())
    if not (alike_in_size(before, data) and share_moved(before, data) < OTHER_ROWS):
        kept.replace_measurements(data)
        return f"{own} older rows that were kept are of another size and are left out" if own else ""
    kept.replace_measurements(merge(before, data).data)
    return f"{own} rows that were kept before stay in the history" if own else ""


def _on_one_grid(kept: StationData, data: StationData) -> bool:
    step, index = parse_step(data.station.step), kept.frame.index
    return bool((index[0] - data.frame.index[0]) % step == pd.Timedelta(0)) and (
        len(index) < 2 or bool(index[1] - index[0] == step))


def alike_in_size(kept: StationData, data: StationData) -> bool:
    """Whether the power of both is about as large."""
    targets = list(data.station.targets)
    ratios = kept.frame[targets].abs().quantile(LARGE) / data.frame[targets].abs().quantile(LARGE)
    return not ((ratios > OTHER_SIZE) | (ratios < 1 / OTHER_SIZE)).any()


def share_moved(kept: StationData, data: StationData) -> float:
    """Of the rows that both know, those whose power is another one; 0 where there are none."""
    targets = list(data.station.targets)
    before, now = kept.frame[targets], data.frame[targets]
    both = before.reindex(now.index)
    moved = ((both - now).abs() > MOVED * before.abs().max()).any(axis=1)
    known = both.notna().any(axis=1) & now.notna().any(axis=1)
    return float(moved[known].mean()) if known.any() else 0.0
