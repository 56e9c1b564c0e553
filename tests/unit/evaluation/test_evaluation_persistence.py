import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Horizon, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.persistence import Persistence

HOUR = pd.Timedelta("1h")
HORIZON = Horizon(48, HOUR)


def station(values: np.ndarray) -> StationData:
    index = pd.date_range("2025-01-01", periods=len(values), freq=HOUR, tz="UTC", name="time")
    return StationData(Station(id="s", step="1h", timezone="UTC"), pd.DataFrame({TOTAL: values}, index=index))


def test_persistence__holds_the_last_value_however_old() -> None:
    values = np.arange(400.0)
    values[280:300] = np.nan
    data = station(values)
    view = HorizonView(data, data.frame.index[300], HORIZON)
    made = Persistence().fit(view).forecast(view)
    assert made.table[TOTAL].tolist() == [279.0] * 48


def test_persistence__band_is_wider_on_the_second_day() -> None:
    """A random walk strays by the root of the lead: 48 steps reach √3 as far as 24 on the mean of their days."""
    data = station(np.random.default_rng(0).normal(0, 1, 8000).cumsum())
    view = HorizonView(data, data.frame.index[7000], HORIZON)
    table = Persistence().fit(view).forecast(view).table
    width = (table[quantile_column(TOTAL, 0.9)] - table[quantile_column(TOTAL, 0.1)]).to_numpy()
    assert width[24:].mean() / width[:24].mean() == pytest.approx(1.8, abs=0.25)
    assert (table[quantile_column(TOTAL, 0.5)] == table[TOTAL]).all()


def test_persistence__a_single_measured_value_still_forecasts() -> None:
    values = np.full(100, np.nan)
    values[3] = 7.0
    data = station(values)
    view = HorizonView(data, data.frame.index[50], HORIZON)
    table = Persistence().fit(view).forecast(view).table
    assert (table.to_numpy() == 7.0).all()
