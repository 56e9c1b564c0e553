"""Made-up stations that tests keep in stores."""

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData


def stored_station(name: str, days: int) -> StationData:
    """Works that begin at eight, hourly; stations of other names have other noise."""
    times = pd.date_range("2025-01-06", periods=days * 24, freq="1h", tz="Europe/Berlin", name="time")
    worked = (times.day_of_week < 5) & (times.hour >= 8) & (times.hour < 18)
    noise = np.random.default_rng([*name.encode()]).normal(0, 4, len(times))
    station = Station(id=name, step="1h", timezone="Europe/Berlin")
    return StationData(station, pd.DataFrame({TOTAL: 20 + 80 * worked + noise}, index=times))
