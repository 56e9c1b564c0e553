"""The forecasts of a station as they were issued, whole, kept to be compared with what comes in.

    models/<station>/forecasts/20250430T000000Z_20250430T013005123456Z.parquet      its origin, and when it was issued

What was issued is never overwritten: another forecast of the same origin is another file. What is known of a forecast
besides its table stands in the file's metadata. Files of early versions hold the medians alone, and say the rest in
columns.
"""

import io
import json
import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wattcast.store.base import Issue, IssuedForecast
from wattcast.store.files import json_text, written_aside

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("wattcast")

ORIGIN, ISSUED = "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S%fZ"
TOLD = ("version", "issued", "weather", "quality")
"""Columns of early versions' files that say the same in every row."""
META = b"wattcast"


def packed(forecast: IssuedForecast) -> bytes:
    """A Parquet file: medians as they are, quantiles with seven digits, the rest in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = forecast.table
    schema = _schema(tuple(table.columns), table.index.dtype, table.index.name)
    rows = [*table.to_numpy(np.float64).T, pd.DatetimeIndex(table.index).asi8]
    arrow = pa.Table.from_arrays([
        pa.array(values.astype(np.float32) if field.type == pa.float32() else values, field.type, from_pandas=True)
        for values, field in zip(rows, schema, strict=True)], schema=schema)
    told = {"origin": forecast.origin.isoformat(), "version": forecast.version, "issued": _iso(forecast.issued),
            "weather": forecast.weather, "weather_issued": _iso(forecast.weather_issued),
            "quality": forecast.quality, "fallback": forecast.fallback, "notes": list(forecast.notes)}
    meta = {**arrow.schema.metadata, META: json_text(told, indent=None).encode()}
    file = io.BytesIO()
    pq.write_table(arrow.replace_schema_metadata(meta), file, compression="zstd", use_dictionary=False,
                   use_byte_stream_split=list(table.columns))
    return file.getvalue()


@lru_cache
def _schema(columns: tuple[str, ...], index: Any, name: str | None) -> "pa.Schema":
    """What pandas makes of such a table, which takes longer than to write it."""
    import pyarrow as pa

    like = {column: np.zeros(0, np.float32 if re.search(r"_q\d\d$", column) else np.float64) for column in columns}
    return pa.Schema.from_pandas(pd.DataFrame(like, index=pd.DatetimeIndex([], dtype=index, name=name)))


def unpacked(content: bytes) -> IssuedForecast:
    """What `packed` made, or an early version's file.

    Raises:
        ValueError, LookupError: damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # As a file of its own: what `read_table` does for many files at once takes longer than so small a one.
    arrow = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
    table, meta = arrow.to_pandas(use_threads=False), (arrow.schema.metadata or {}).get(META)
    if meta is None:
        told = {name: table[name].iloc[0] for name in TOLD if name in table}
        return IssuedForecast(table.index[0], str(told.pop("version")),
                              table.drop(columns=[name for name in TOLD if name in table]), **told)
    told = json.loads(meta)
    zone = table.index.tz
    times = {name: _instant(told.pop(name), zone) for name in ("issued", "weather_issued")}
    origin = pd.Timestamp(told.pop("origin")).tz_convert(zone)
    return IssuedForecast(origin, table=table.astype("float64"), **{**told, **times, "notes": tuple(told["notes"])})


def _iso(time: pd.Timestamp | None) -> str | None:
    return None if time is None else time.isoformat()


def _instant(text: str | None, zone: Any) -> pd.Timestamp | None:
    return None if text is None else pd.Timestamp(text).tz_convert(zone)


def keep_forecast(folder: Path, forecast: IssuedForecast) -> Path:
    """Keep a forecast beside what was issued before.

    Returns:
        Its file.

    Raises:
        DataError: the place cannot be written to.
    """
    issued = "" if forecast.issued is None else f"_{forecast.issued.tz_convert('UTC').strftime(ISSUED)}"
    name = f"{_named(forecast.origin)}{issued}"
    path = next(path for number in count(1) if not (path := folder / f"{name}{_again(number)}.parquet").exists())
    with written_aside(path) as aside:
        aside.write_bytes(packed(forecast))
    return path


def kept_forecasts(folder: Path, since: pd.Timestamp | None = None) -> Iterator[IssuedForecast]:
    """What is kept, by origin and then by issue. A damaged file is named and left out.

    Args:
        folder: where they are.
        since: the first origin that is asked for; files of earlier ones are not opened. All if None.
    """
    wanted = (path for path in _files(folder) if since is None or _origin(path) >= _named(since))
    return (found for path in wanted if (found := _read(path)) is not None)


def kept_issues(folder: Path, since: pd.Timestamp | None = None) -> tuple[Issue, ...]:
    """Origin and issue of what is kept, as the names of the files say, in the order of `kept_forecasts`."""
    names = [path.name.removesuffix(".parquet").split("_") for path in _files(folder)]
    return tuple((_instant_of(origin, ORIGIN), _instant_of(more[0], ISSUED) if more and more[0].endswith("Z") else None)
                 for origin, *more in names if since is None or origin >= _named(since))


def _instant_of(name: str, form: str) -> pd.Timestamp:
    return pd.Timestamp(datetime.strptime(name, form), tz="UTC")


def earlier_forecasts(folder: Path, before: pd.Timestamp) -> list[Path]:
    """The files of earlier origins."""
    return [path for path in _files(folder) if _origin(path) < _named(before)]


def remove_forecasts(folder: Path, before: pd.Timestamp) -> int:
    """Remove those of earlier origins; how many went."""
    old = earlier_forecasts(folder, before)
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _files(folder: Path) -> list[Path]:
    """By origin, then by issue; those of early versions have no issue in their name."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if name[0].isdecimal() and name.endswith(".parquet")]


def _named(origin: pd.Timestamp) -> str:
    """In the name of a file: the later, the greater."""
    return f"{origin.tz_convert('UTC'):{ORIGIN}}"


def _origin(path: Path) -> str:
    return path.name.partition("_")[0].removesuffix(".parquet")


def _again(number: int) -> str:
    """Told apart where the same instant issues twice."""
    return "" if number == 1 else f"_{number:03d}"


def _read(path: Path) -> IssuedForecast | None:
    try:
        return unpacked(path.read_bytes())
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("the stored forecast %s is damaged and is left out: %s", path, str(error).partition("\n")[0])
        return None
