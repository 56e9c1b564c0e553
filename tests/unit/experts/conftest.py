"""Small stations whose power follows from sun or wind by a rule that the tests know, and what experts say of them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.experts.base import Asked
from wattcast.experts.table import IN_CONTEXT
from wattcast.settings import build_settings
from wattcast.training.prepared import prepare

DAY, DAYS = 24, 80
ORIGIN = 72 * DAY


@pytest.fixture
def said() -> Callable[..., np.ndarray]:
    """`said("same-sun", Kind.PV, power, irradiance=…)`: an expert's forecast `[7 · 24]` from 72 days of hours."""
    def ask(name: str, kind: Kind, power: np.ndarray, **weather: np.ndarray) -> np.ndarray:
        index = pd.date_range("2025-03-03", periods=DAYS * DAY, freq="1h", tz="Asia/Shanghai", name="time")
        station = Station(id="s", known_future=tuple(weather), kind=kind, step="1h")
        data = StationData(station, pd.DataFrame({TOTAL: power, **weather}, index=index))
        recipe = build_settings({"features": {"calendar": True}}).recipe()
        windows = prepare(data, recipe).windows_until(ORIGIN, recipe)
        expert = next(each for each in IN_CONTEXT if each.name == name)
        return expert.forecast(Asked(windows, np.asarray([ORIGIN])))[0, :, 0]
    return ask


@pytest.fixture
def sun() -> np.ndarray:
    """W/m² `[80 · 24]`, every day another."""
    hour = np.tile(np.arange(DAY), DAYS)
    clear = np.repeat(np.random.default_rng(1).uniform(0.2, 1, DAYS), DAY)
    return 1000 * clear * np.sin((hour - 6) * np.pi / 12).clip(0)
