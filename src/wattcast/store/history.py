"""The measurements that a station's models were trained on and those that came in since, so that an update needs only
the new rows.

    models/<station>/history/measurements.parquet
    models/<station>/history/weather_forecasts.parquet    where there are issued ones
"""

from pathlib import Path

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.merging import MOVED, merge
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError
from wattcast.store.files import written_aside
from wattcast.timegrid import parse_step

LARGE, OTHER_SIZE = 0.99, 3.5
"""By how much this quantile of the power may differ between two parts of a station's history: summer and winter differ
by less, two units and quarter-hours' energy taken for power by more. [quantile, times]"""
OTHER_ROWS = 0.5
"""Share of the rows known to both whose power may have moved: a corrected meter is another meter."""
MEASUREMENTS, FORECASTS = "measurements.parquet", "weather_forecasts.parquet"


def save_history(folder: Path, data: StationData) -> None:
    """Replace what is kept by `data`. The forecasts go first: killed in between, some are there ahead of their rows.

    Raises:
        DataError: the place cannot be written to.
    """
    if data.vintages is None:
        (folder / FORECASTS).unlink(missing_ok=True)
    else:
        with written_aside(folder / FORECASTS) as aside:
            data.vintages.table.to_parquet(aside)
    with written_aside(folder / MEASUREMENTS) as aside:
        data.frame.to_parquet(aside)


def extend_history(folder: Path, data: StationData) -> str:
    """Keep `data` and what is kept already, where both have a value that of `data`.

    Older rows that do not fit it go: of other columns or steps, from another meter or in another unit.

    Returns:
        What became of rows that are not in `data`; empty if there were none.

    Raises:
        DataError: the place cannot be written to, or what is kept is damaged.
    """
    kept = load_history(folder, data.station)
    if kept is None:
        # Perhaps there was one of other columns.
        replaced = (folder / MEASUREMENTS).exists()
        save_history(folder, data)
        return "the history that was kept had other columns and is replaced" if replaced else ""
    if not _on_one_grid(kept, data):
        save_history(folder, data)
        return "the history that was kept had other steps and is replaced"
    outside = kept.frame.loc[~kept.frame.index.isin(data.frame.index)]
    own = int(outside[list(data.station.targets)].notna().any(axis=1).sum())
    if not _alike(kept, data):
        save_history(folder, data)
        return f"{own} older rows that were kept are of another size and are left out" if own else ""
    save_history(folder, merge(kept, data).data)
    return f"{own} rows that were kept before stay in the history" if own else ""


def _on_one_grid(kept: StationData, data: StationData) -> bool:
    step, index = parse_step(data.station.step), kept.frame.index
    return bool((index[0] - data.frame.index[0]) % step == pd.Timedelta(0)) and (
        len(index) < 2 or bool(index[1] - index[0] == step))


def _alike(kept: StationData, data: StationData) -> bool:
    """Whether the power of both is about as large, and about the same where they overlap."""
    targets = list(data.station.targets)
    before, now = kept.frame[targets], data.frame[targets]
    ratios = before.abs().quantile(LARGE) / now.abs().quantile(LARGE)
    if ((ratios > OTHER_SIZE) | (ratios < 1 / OTHER_SIZE)).any():
        return False
    both = before.reindex(now.index)
    moved = ((both - now).abs() > MOVED * before.abs().max()).any(axis=1)
    known = both.notna().any(axis=1) & now.notna().any(axis=1)
    return bool(not known.any() or moved[known].mean() < OTHER_ROWS)


def load_history(folder: Path, station: Station) -> StationData | None:
    """What is kept, for the station as its model knows it; None where nothing is, or of other columns.

    Raises:
        DataError: a file is damaged.
    """
    if not (folder / MEASUREMENTS).exists():
        return None
    frame = _read(folder / MEASUREMENTS).tz_convert(station.timezone)
    if tuple(frame.columns) != station.columns:
        return None
    if not (folder / FORECASTS).exists():
        return StationData(station, frame)
    vintages = _read(folder / FORECASTS)
    for level in ("issued", "time"):
        vintages = vintages.tz_convert(station.timezone, level=level)
    return StationData(station, frame, WeatherVintages(vintages))


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged", found=str(error).splitlines()[0],
                        hint="delete it and give the whole history once") from None
