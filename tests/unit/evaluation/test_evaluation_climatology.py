import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Horizon, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.evaluation.climatology import Climatology
from wattcast.evaluation.horizon_view import HorizonView

HOUR = pd.Timedelta("1h")


def station(start: str, days: int, step: str = "1h") -> StationData:
    """The value tells its month (hundreds), hour (tens of thousandths) and the day of the month."""
    index = pd.date_range(start, periods=days * (pd.Timedelta("1D") // pd.Timedelta(step)), freq=step, tz="UTC",
                          name="time")
    values = 100.0 * index.month + index.day + index.hour / 100
    return StationData(Station(id="s", step=step, timezone="UTC"), pd.DataFrame({TOTAL: values}, index=index))


def forecast_at(data: StationData, fit: str, origin: str, steps: int = 48) -> pd.DataFrame:
    horizon = Horizon(steps, pd.Timedelta(data.station.step))
    fitted = Climatology().fit(HorizonView(data, pd.Timestamp(fit, tz="UTC"), horizon))
    return fitted.forecast(HorizonView(data, pd.Timestamp(origin, tz="UTC"), horizon)).table


def test_climatology__is_the_mean_of_the_month_at_that_hour() -> None:
    table = forecast_at(station("2023-01-01", 730), "2024-03-01", "2024-04-30")
    # Only April 2023 was before the fit, and only May 2023: days 1 … 30 and 1 … 31.
    assert table[TOTAL].iloc[7] == pytest.approx(400 + 15.5 + 0.07)
    assert table[TOTAL].iloc[24 + 7] == pytest.approx(500 + 16 + 0.07)


def test_climatology__band_is_the_spread_of_that_month() -> None:
    table = forecast_at(station("2023-01-01", 365), "2023-12-01", "2023-12-01")
    assert (table[quantile_column(TOTAL, 0.5)] == table[TOTAL]).all()
    inside = forecast_at(station("2023-01-01", 730), "2024-01-01", "2024-04-10")
    low, high = (inside[quantile_column(TOTAL, level)].iloc[0] for level in (0.1, 0.9))
    assert (low, high) == (pytest.approx(400 + np.quantile(np.arange(1, 31), 0.1)),
                           pytest.approx(400 + np.quantile(np.arange(1, 31), 0.9)))


def test_climatology__a_month_never_seen_takes_its_hour_of_all_months() -> None:
    data = station("2023-01-01", 70)
    table = forecast_at(data, "2023-03-01", "2023-03-01")
    known = data.frame[TOTAL][: 59 * 24]
    assert table[TOTAL].iloc[5] == pytest.approx(known[known.index.hour == 5].mean())


def test_climatology__an_hour_never_measured_takes_the_mean() -> None:
    data = station("2023-01-01", 70)
    frame = data.frame[data.frame.index.hour != 5].reindex(data.frame.index)
    table = forecast_at(StationData(data.station, frame), "2023-02-20", "2023-02-20")
    assert np.isfinite(table.to_numpy()).all()
    assert table[TOTAL].iloc[5] == pytest.approx(frame[TOTAL][: 50 * 24].mean())
    assert table[TOTAL].iloc[6] != table[TOTAL].iloc[5]
