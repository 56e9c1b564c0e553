import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Horizon, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.lagged_inputs import Calendar, Past, Weather, history_steps
from wattcast.features.weather import ColumnEncoder
from wattcast.timegrid import WallGrid

HOUR = pd.Timedelta("1h")
WEEK, DAY = 168, 24


def past(values: np.ndarray, first: str = "2025-01-06", zone: str = "Asia/Shanghai") -> Past:
    """The rows of some values from a local midnight on, and a week's and an hour's to ask for after them."""
    index = pd.date_range(first, periods=len(values), freq=HOUR, tz=zone)
    return Past.of(values, WallGrid.of(index, HOUR, after=WEEK + 1), HOUR)


def test_inputs__what_is_known_at_the_origin_about_a_step() -> None:
    values = np.arange(6.0 * WEEK)
    origin, lead = 5 * WEEK + 7, 30
    found = past(values).inputs(np.array([origin]), np.array([lead]))[0]
    row = origin + lead - 1
    weeks = [row - week * WEEK for week in (1, 2, 3, 4)]
    # 30 leads ahead the newest known day at the same time is two days back.
    days = [row - 2 * DAY, row - 3 * DAY, row - 4 * DAY]
    assert found.tolist() == [lead, *weeks, np.mean(weeks), *days, origin - 1, origin - 12.5, origin - 84.5]


@pytest.mark.parametrize("lead", [1, 24, 25, 168])
def test_inputs__nothing_from_the_origin_on(lead: int) -> None:
    values = np.random.default_rng(0).normal(0, 1, 6 * WEEK)
    origin = np.array([4 * WEEK + 3])
    later = np.where(np.arange(len(values)) >= origin[0], 1e9, values)
    made = [past(each).inputs(origin, np.array([lead])) for each in (values, later)]
    assert np.isfinite(made[0]).all()
    assert np.array_equal(made[0], made[1])
    assert past(values).inputs(origin, np.array([lead + WEEK]))[0, 1] != made[0][0, 1]


def test_inputs__a_lag_beyond_the_origin_is_missing_not_looked_up() -> None:
    found = past(np.arange(6.0 * WEEK)).inputs(np.array([4 * WEEK]), np.array([WEEK + 5]))[0]
    assert np.isnan(found[1])
    assert found[2] == 4 * WEEK + WEEK + 4 - 2 * WEEK


def test_inputs__gaps_and_the_beginning_are_missing() -> None:
    values = np.arange(3.0 * WEEK)
    values[2 * WEEK - 5:2 * WEEK] = np.nan
    found = past(values).inputs(np.array([2 * WEEK, 1]), np.array([1, 1]))
    assert found[0, -3] == 2 * WEEK - 6
    assert found[0, -2] == np.mean(np.arange(2 * WEEK - 24, 2 * WEEK - 5))
    assert np.isnan(found[1, 1:9]).all()
    assert found[1, -3:].tolist() == [0, 0, 0]


def test_inputs__are_the_same_from_the_last_four_weeks_alone() -> None:
    """What is forecast from is what was learned from."""
    values = np.random.default_rng(0).normal(0, 1, 7 * WEEK)
    rows, origin, leads = history_steps(HOUR), 6 * WEEK + 5, np.arange(1, WEEK + 1)
    whole = past(values).inputs(np.full(WEEK, origin), leads)
    recent = past(values[origin - rows:origin]).inputs(np.full(WEEK, rows), leads)
    assert np.allclose(whole, recent, equal_nan=True)


@pytest.mark.parametrize("change", ["2024-03-31", "2024-10-27"])
def test_inputs__a_load_that_follows_the_clock_is_known_on_either_side_of_a_change(by_the_clock, change: str) -> None:
    first = pd.Timestamp(change) - pd.Timedelta(weeks=6)
    values = by_the_clock("Europe/Berlin", f"{first:%Y-%m-%d}", 70, "1h", "1D").to_numpy()
    lags = past(values, str(first), "Europe/Berlin")
    for hours in range(-200, 336, 7):
        origins, leads = np.full(WEEK, 6 * WEEK + hours), np.arange(1, WEEK + 1)
        found, actual = lags.inputs(origins, leads)[:, 1:9], values[origins + leads - 1]
        known = np.isfinite(found)
        assert known.mean() > 0.97
        assert known[:, 4].all()
        np.testing.assert_allclose(found[known], np.broadcast_to(actual[:, None], found.shape)[known])


def test_calendar__local_time() -> None:
    index = pd.DatetimeIndex(["2024-02-29 23:45"], tz="Asia/Shanghai")
    assert Calendar.of(index).columns.tolist() == [[23 * 60 + 45, 3, 60]]


def station(vintages: bool) -> StationData:
    index = pd.date_range("2025-01-01", periods=100, freq=HOUR, tz="UTC", name="time")
    frame = pd.DataFrame({TOTAL: 1.0, "wind": np.arange(100.0)}, index=index)
    if not vintages:
        return StationData(Station(id="s", step="1h", timezone="UTC", known_future=("wind",)), frame)
    issues = {index[position]: pd.DataFrame({"wind": 1000.0 * position + np.arange(48)},
                                            index=pd.date_range(index[position], periods=48, freq=HOUR, name="time"))
              for position in (0, 12, 24, 36)}
    return StationData(Station(id="s", step="1h", timezone="UTC", known_future=("wind",)), frame,
                       WeatherVintages(pd.concat(issues, names=["issued", "time"])))


def weather_at(vintages: bool, origins: list[int], rows: list[int]) -> list[float]:
    data = station(vintages)
    view = HorizonView(data, data.frame.index[30], Horizon(24, HOUR))
    encoder = ColumnEncoder.fit(("wind",), (), [data.frame])
    return Weather.of(view, encoder).at(np.array(origins), np.array(rows))[:, 0].tolist()


def test_weather__is_the_newest_forecast_issued_by_the_origin() -> None:
    assert weather_at(True, [11, 12, 23, 24], [20, 20, 23, 29]) == [20, 12008, 12011, 24005]
    assert np.isnan(weather_at(True, [11], [60])).all(), "beyond the forecast's end"


def test_weather__what_was_measured_where_nothing_was_issued() -> None:
    assert weather_at(False, [11, 12], [20, 29]) == [20, 29]
