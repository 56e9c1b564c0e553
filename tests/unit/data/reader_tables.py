"""Tables with tell-tale numbers that the tests of reading have in common, and what must be true of what was read."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL
from wattcast.data.schema import DataConfig, StationData


def stamps(first: str, count: int, every: str = "15min") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq=every, name="time")


def merged(stations: dict[str, int], count: int = 8) -> pd.DataFrame:
    """The seed's file: the total of each station counts up from its number, the part from its tenth."""
    number = np.arange(count)
    frames = [pd.DataFrame({
        "ts": stamps("2025-06-01", count), "station_ref_id": name, "total_active_power": start + number,
        "not_use_power": start / 10 + number, "temp": 20.5 + number / 10, "code": 100, "secret": "x",
    }) for name, start in stations.items()]
    return pd.concat(frames, ignore_index=True)


def described(path: Path, frame: pd.DataFrame, **options: object) -> tuple[Path, DataConfig]:
    frame.to_csv(path)
    return path, DataConfig.model_validate({"targets": {TOTAL: "kw"}, **options})


def table(count: int = 96, first: str = "2025-06-01", every: str = "15min") -> pd.DataFrame:
    return pd.DataFrame({"kw": 200.5 + np.arange(count)}, index=stamps(first, count, every))


def require_contract(data: StationData) -> None:
    """What every part downstream relies on."""
    frame, station = data.frame, data.station
    assert tuple(frame.columns) == station.columns
    assert frame.index.name == "time"
    assert str(frame.index.tz) == station.timezone
    assert set(frame.index[1:] - frame.index[:-1]) <= {pd.Timedelta(station.step)}
    for column in frame:
        assert frame[column].dtype == ("str" if column in station.categorical else np.float64)
