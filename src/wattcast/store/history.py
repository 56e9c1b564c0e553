"""The measurements that a station's models were trained on and those that came in since, so that an update needs only
the new rows.

    models/<station>/history/measurements.parquet
    models/<station>/history/weather_forecasts.parquet    where there are issued ones

Both are written in parts of about a month, so that the newest rows can be read alone.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wattcast.contracts import TARGETS, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError
from wattcast.store.files import written_aside
from wattcast.timegrid import parse_step, steps_per_day

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MEASUREMENTS, FORECASTS = "measurements.parquet", "weather_forecasts.parquet"
META = b"wattcast"
PART_DAYS = 31
"""So many days are one part of the file: what is asked for is mostly weeks, and a part is read as a whole. [days]"""
PART_ROWS = 8192
"""Rows of weather forecasts in one part: about a month with one of ten days an hour each day. [rows]"""


def save_history(folder: Path, data: StationData) -> None:
    """Replace what is kept by `data`. The forecasts go first: killed in between, some are there ahead of their rows.

    Raises:
        DataError: the place cannot be written to.
    """
    if data.vintages is None:
        (folder / FORECASTS).unlink(missing_ok=True)
    else:
        _write(folder / FORECASTS, data.vintages.table, {}, PART_ROWS)
    _write(folder / MEASUREMENTS, data.frame, {"station": data.station.model_dump(mode="json")},
           PART_DAYS * steps_per_day(parse_step(data.station.step)))


def _write(path: Path, frame: pd.DataFrame, told: dict[str, Any], rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame)
    meta = {**table.schema.metadata, META: json.dumps(told, ensure_ascii=False).encode()}
    with written_aside(path) as aside:
        pq.write_table(table.replace_schema_metadata(meta), aside, row_group_size=rows, compression="zstd")


def load_history(folder: Path, station: Station | None, since: pd.Timestamp | None = None) -> StationData | None:
    """What is kept, for the station as its model knows it; None where nothing is, or of other columns, or where nothing
    says what the station is.

    Args:
        folder: where it is.
        station: as its model knows it; None for as it was kept, if the file says that.
        since: no rows before it are read, and no weather that was issued before it but the newest.

    Raises:
        DataError: a file is damaged.
    """
    path = folder / MEASUREMENTS
    if not path.exists():
        return None
    with _opened(path) as file:
        station = station or _told_station(file)
        if station is None:
            return None
        frame = (_read(path) if since is None else _newest(file, since)).tz_convert(station.timezone)
    if tuple(frame.columns) != station.columns:
        return None
    if not (folder / FORECASTS).exists():
        return StationData(station, frame)
    with _opened(folder / FORECASTS) as file:
        vintages = _read(folder / FORECASTS) if since is None else _issued_since(file, since)
    for level in ("issued", "time"):
        vintages = vintages.tz_convert(station.timezone, level=level)
    return StationData(station, frame, WeatherVintages(vintages))


@contextmanager
def _opened(path: Path) -> Iterator["pq.ParquetFile"]:
    """A file, to read from; what is wrong with it is told as damage."""
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as content, pq.ParquetFile(content) as file:
            yield file
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _told_station(file: "pq.ParquetFile") -> Station | None:
    told = json.loads((file.schema_arrow.metadata or {}).get(META, b"{}"))
    return Station(**told["station"]) if "station" in told else None


def guessed_station(folder: Path, station_id: str) -> Station:
    """What an early version's file shows of the station, of which nothing else is known."""
    frame = _read(folder / MEASUREMENTS)
    index = pd.DatetimeIndex(frame.index)
    others = tuple(name for name in frame.columns if name not in TARGETS)
    step = index[1] - index[0] if len(index) > 1 else pd.Timedelta("15min")
    return Station(id=station_id, targets=tuple(name for name in frame.columns if name in TARGETS),
                   known_future=others, timezone=str(index.tz), step=f"{step // pd.Timedelta('1min')}min",
                   categorical=tuple(name for name in others if not pd.api.types.is_numeric_dtype(frame[name])))


def _issued_since(file: "pq.ParquetFile", since: pd.Timestamp) -> pd.DataFrame:
    """What was issued from `since` on, and the newest issue before it: other parts are not read."""
    place = file.schema_arrow.get_field_index("issued")
    parts = [file.metadata.row_group(part).column(place).statistics for part in range(file.metadata.num_row_groups)]
    known = [told is not None and told.has_min_max for told in parts]
    if earlier := [part for part, told in enumerate(parts) if not known[part] or pd.Timestamp(told.min) < since]:
        issues = file.read_row_group(earlier[-1], columns=["issued"], use_threads=False).column("issued").to_pandas()
        before = issues[issues < since]
        since = before.max() if len(before) else since
    wanted = [part for part, told in enumerate(parts) if not known[part] or pd.Timestamp(told.max) >= since]
    table = file.read_row_groups(wanted, use_threads=False).to_pandas(use_threads=False)
    return table.iloc[table.index.get_level_values("issued").searchsorted(since):]


def _newest(file: "pq.ParquetFile", since: pd.Timestamp) -> pd.DataFrame:
    """The rows from `since` on: the last parts alone are read."""
    place, count = file.schema_arrow.get_field_index("time"), file.metadata.num_row_groups
    begins = (file.metadata.row_group(part).column(place).statistics for part in range(count - 1, 0, -1))
    later = sum(1 for _ in takewhile(lambda told: told is None or pd.Timestamp(told.min) > since, begins))
    frame = file.read_row_groups(range(count - 1 - later, count), use_threads=False).to_pandas(use_threads=False)
    return frame.iloc[frame.index.searchsorted(since):]


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged", found=str(error).splitlines()[0],
                     hint="delete it and give the whole history once")
