"""Stations whose numbers tell where they come from: the hundreds are the week, the rest is the slot."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData

DATA = Path(__file__).parents[4] / "shared" / "data"
START = "2025-03-03"


def tell_tale(weeks: int, step: str = "1h", timezone: str = "Asia/Shanghai", two_targets: bool = False,
              known_future: tuple[str, ...] = ()) -> StationData:
    """Week w (from 1) holds 1000·(w + 1) plus the slot of the week; weather is 0.5 plus the number of the row."""
    per_week = pd.Timedelta(days=7) // pd.Timedelta(step)
    index = pd.date_range(START, periods=weeks * per_week, freq=pd.Timedelta(step), tz=timezone, name="time")
    row = np.arange(len(index))
    columns = {TOTAL: 1000.0 * (row // per_week + 2) + row % per_week}
    if two_targets:
        columns[PART] = columns[TOTAL] / 4
    columns |= dict.fromkeys(known_future, row + 0.5)
    station = Station(id="tell-tale", targets=(TOTAL, PART) if two_targets else (TOTAL,), known_future=known_future,
                      timezone=timezone, step=step)
    return StationData(station, pd.DataFrame(columns, index=index))


@pytest.fixture
def make_station():
    return tell_tale


@pytest.fixture(scope="session")
def measured():
    """Real stations by name; the test is skipped where the data is not there."""
    def read(name: str, column: str, factor: float, timezone: str, step: str = "15min") -> StationData:
        path = DATA / f"{name}.csv.gz"
        if not path.exists():
            pytest.skip(f"the measured data set {name} is not here")
        table = pd.read_csv(path, usecols=["time", column], parse_dates=["time"]).set_index("time")
        index = table.index.tz_localize(timezone) if table.index.tz is None else table.index.tz_convert(timezone)
        values = (table[column] * factor).set_axis(index)
        regular = pd.date_range(index[0], index[-1], freq=pd.Timedelta(step), name="time")
        frame = values.reindex(regular).rename(TOTAL).to_frame()
        return StationData(Station(id=name, timezone=timezone, step=step), frame)
    return read
