"""What the contract of stores is tried with: kinds of stores, and rows, forecasts and accuracy to keep."""

import copy

import numpy as np
import pandas as pd

from wattcast.contracts import QUANTILES, TOTAL, Station, quantile_column
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.store.base import ACCURACY, IssuedForecast, StationStore

KINDS = ("memory", "disk", "sqlite", "postgresql")

ZONE = "Asia/Shanghai"
STATION = Station(id="plant", known_future=("warm", "code"), past_only=("reactive",), categorical=("code",), step="1h",
                  timezone=ZONE, capacity=500.0)
MARCH = pd.Timestamp("2025-03-01", tz=ZONE)
HOUR, DAY = pd.Timedelta("1h"), pd.Timedelta("1D")


def rows(first: pd.Timestamp, count: int, level: float = 200.0, station: Station = STATION,
         issues: tuple[pd.Timestamp, ...] = ()) -> StationData:
    """Hourly rows that count up, with weather of two days for each issue."""
    index = pd.date_range(first, periods=count, freq="1h", name="time")
    frame = pd.DataFrame({TOTAL: level + np.arange(count), "warm": 7.5,
                          "code": pd.array((["晴", None, "雨"] * count)[:count], dtype="str"),
                          "reactive": level / 10}, index=index)[list(station.columns)]
    if not issues:
        return StationData(station, frame)
    pairs = [(issue, issue + lead * HOUR) for issue in issues for lead in range(48)]
    table = pd.DataFrame({"warm": np.arange(len(pairs)) / 7}, index=pd.MultiIndex.from_tuples(
        pairs, names=["issued", "time"]))
    return StationData(station, frame, WeatherVintages(table))


def same(found: StationData | None, expected: StationData) -> None:
    assert found is not None
    assert found.station == expected.station
    pd.testing.assert_frame_equal(found.frame, expected.frame, check_freq=False)
    assert (found.vintages is None) == (expected.vintages is None)
    if found.vintages and expected.vintages:
        pd.testing.assert_frame_equal(found.vintages.table, expected.vintages.table)


def forecast(origin: pd.Timestamp, issued: pd.Timestamp | None = MARCH, value: float = 300.0,
             **told: object) -> IssuedForecast:
    index = pd.date_range(origin, periods=168, freq="1h", name="time")
    power = value + np.sin(np.arange(168)) / 3
    table = pd.DataFrame({TOTAL: power} | {quantile_column(TOTAL, level): power + level for level in QUANTILES},
                         index=index)
    return IssuedForecast(origin, "v0001", table, issued, **told)


def accuracy(day: pd.Timestamp, mae: float, lead: int = 1, issued: pd.Timestamp | None = MARCH) -> pd.DataFrame:
    row = {**dict.fromkeys(ACCURACY, 0.5), "day": day, "lead_day": lead, "target": TOTAL,
           "origin": day - (lead - 1) * DAY, "issued": issued, "version": "v0001", "steps": 24, "mae": mae,
           "compared": 20, "checksum": 2**32 - 1}
    return pd.DataFrame([row])[list(ACCURACY)]


def append_and_correct(kept: StationStore) -> StationData:
    """Two days, of which a value is corrected a day later; what is kept in the end."""
    data = rows(MARCH, 48, issues=(MARCH,))
    changed = copy.deepcopy(data)
    changed.frame.iloc[0, 0] = 777.0
    for each, day in ((data, 0), (changed, 1)):
        kept.append_measurements(each, received=MARCH + day * DAY)
    return changed
