"""Forecasts without any training, from no history at all to ten weeks."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, QUANTILES, TOTAL, Kind, Location, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting.readied import history_rows
from wattcast.forecasting.untrained import UntrainedForecaster
from wattcast.settings import build_settings
from wattcast.timegrid import DAY, station_horizon

RECIPE = build_settings({}).recipe()
ORIGIN = pd.Timestamp("2025-06-02", tz="Asia/Shanghai")
STEPS = ("5min", "10min", "15min", "30min", "1h", "1D")


def station_data(days: int, step: str = "1h", kind: Kind = Kind.LOAD, *, after: int = 8,
                 **station: object) -> StationData:
    """So many days before the origin, and some after it; a works rests on weekends, a plant follows its irradiance."""
    index = pd.date_range(ORIGIN - days * DAY, ORIGIN + after * DAY, freq=step, inclusive="left", name="time")
    rng = np.random.default_rng(0)
    hour, clear = index.hour.to_numpy() + index.minute.to_numpy() / 60, rng.uniform(0.2, 1, days + after)
    sun = 900 * clear[(index - index[0]).days] * np.sin((hour - 6) * np.pi / 12).clip(0)
    works = 300 + 100 * (hour > 7) * (index.day_of_week < 5) + rng.normal(0, 5, len(index))
    power = works if kind is Kind.LOAD else 0.1 * sun
    frame = pd.DataFrame({TOTAL: power, "irradiance": sun}, index=index)
    return StationData(Station(id="s", known_future=("irradiance",), kind=kind, step=step, **station), frame)


def forecast(data: StationData, **options: str) -> pd.DataFrame:
    view = HorizonView(data, ORIGIN, station_horizon(data.station), **options)
    return UntrainedForecaster(RECIPE).fit(view).forecast(view).table


def error(data: StationData, made: pd.DataFrame) -> float:
    return float((made[TOTAL] - data.frame[TOTAL].reindex(made.index)).abs().mean())


@pytest.mark.parametrize("kind", [Kind.LOAD, Kind.PV, Kind.WIND])
@pytest.mark.parametrize("days", [1, 2, 3, 7, 14, 21, 70])
def test_every_history__gives_a_forecast_with_its_quantiles_in_order(days, kind) -> None:
    made = forecast(station_data(days, kind=kind))
    assert len(made) == 7 * 24
    quantiles = made[[quantile_column(TOTAL, level) for level in QUANTILES]].to_numpy()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= -1e-9).all()
    np.testing.assert_allclose(made[TOTAL], quantiles[:, 4])


@pytest.mark.parametrize("days", [1, 2, 9])
@pytest.mark.parametrize("late", [1, 3])
def test_rows_that_are_late__are_read_from_the_first_one_on(days: int, late: int) -> None:
    whole = station_data(days + late)
    cut = StationData(whole.station, whole.frame[whole.frame.index < ORIGIN - late * DAY])
    view = HorizonView(cut, ORIGIN, station_horizon(cut.station))
    assert history_rows(view) == 24 * (days + late)
    assert np.isfinite(forecast(cut).to_numpy()).all()


@pytest.mark.parametrize("step", STEPS)
def test_every_step__is_forecast(step) -> None:
    made = forecast(station_data(30, step))
    assert len(made) == 7 * DAY // pd.Timedelta(step)
    assert np.isfinite(made.to_numpy()).all()


def test_more_history__is_not_worse() -> None:
    two, many = (error(data, forecast(data)) for data in (station_data(2), station_data(42)))
    assert many < 0.7 * two
    assert many < 10                    # a works' weekends are known by then


def test_plant__follows_its_weather_and_its_usual_days_without_any() -> None:
    data = station_data(40, kind=Kind.PV)
    told, untold = error(data, forecast(data)), error(data, forecast(data, weather="none"))
    assert told < 0.15 * data.frame[TOTAL].mean()
    assert untold > 2 * told


def test_nothing_after_the_origin__is_known() -> None:
    data = station_data(40, kind=Kind.PV)
    later = data.frame.copy()
    later.loc[ORIGIN:, TOTAL] = later.loc[ORIGIN:, TOTAL] * 9 + 500
    pd.testing.assert_frame_equal(forecast(StationData(data.station, later)), forecast(data))


def test_shorter_history__has_wider_bands() -> None:
    widths = [float((made[quantile_column(TOTAL, 0.9)] - made[quantile_column(TOTAL, 0.1)]).mean())
              for made in (forecast(station_data(days, kind=Kind.WIND)) for days in (1, 4, 60))]
    assert widths[0] > widths[1] > widths[2]


def test_bands__hold_about_what_they_promise() -> None:
    held = []
    for days in range(40, 60):
        data = station_data(days, after=days % 7 + 8)
        made = forecast(data)
        actual = data.frame[TOTAL].reindex(made.index)
        low, high = (made[quantile_column(TOTAL, level)] for level in (0.1, 0.9))
        held.append(((actual >= low) & (actual <= high)).mean())
    assert 0.7 < np.mean(held) < 0.92


@pytest.mark.parametrize("kind", [Kind.LOAD, Kind.PV, Kind.WIND])
@pytest.mark.parametrize("place", [Location(), Location(latitude=31.0, longitude=121.0, country="CN")])
def test_no_history__is_kind_and_capacity_with_wide_bands(kind, place) -> None:
    data = station_data(3, kind=kind, capacity=500.0, location=place)
    empty = data.frame.assign(**{TOTAL: np.nan})
    made = forecast(StationData(data.station, empty))
    assert np.isfinite(made.to_numpy()).all()
    assert ((made >= 0) & (made <= 500)).all(axis=None)
    assert (made[quantile_column(TOTAL, 0.9)] - made[quantile_column(TOTAL, 0.1)]).max() > 250
    by_hour = made[TOTAL].groupby(made.index.hour).mean()
    assert (by_hour[1] == 0) == (kind is Kind.PV)


def test_no_history_and_no_capacity__says_what_to_do() -> None:
    data = station_data(3)
    with pytest.raises(DataError) as caught:
        forecast(StationData(data.station, data.frame.assign(**{TOTAL: np.nan})))
    assert "data.capacity" in str(caught.value.hint)


def test_one_rule_alone__is_that_rule_and_an_error_where_it_is_for_others() -> None:
    data = station_data(40, kind=Kind.PV)
    view = HorizonView(data, ORIGIN, station_horizon(data.station))
    made = UntrainedForecaster(RECIPE, "performance-ratio").forecast(view)
    assert made.model == "performance-ratio"
    assert error(data, made.table) < 0.1 * data.frame[TOTAL].mean()
    with pytest.raises(DataError, match="power-curve has nothing to say of station s"):
        UntrainedForecaster(RECIPE, "power-curve").forecast(view)


def test_second_target_that_was_never_measured__is_by_capacity() -> None:
    data = station_data(20, capacity=600.0)
    station = data.station.model_copy(update={"targets": (TOTAL, PART)})
    made = forecast(StationData(station, data.frame.assign(**{PART: np.nan})))
    assert np.isfinite(made.to_numpy()).all()
    assert (made[PART] == 0.45 * 600).all()


@pytest.mark.parametrize("told", [{}, {"capacity": 600.0}])
def test_target_not_measured_for_long__is_by_capacity_or_an_error_that_says_so(told: dict[str, float]) -> None:
    """Alone, and beside one that is measured."""
    data = station_data(80, **told)
    gone = data.frame[TOTAL].where(data.frame.index < ORIGIN - 75 * DAY)
    alone = StationData(data.station, data.frame.assign(**{TOTAL: gone}))
    two = data.station.model_copy(update={"targets": (TOTAL, PART)})
    for target, each in ((TOTAL, alone), (PART, StationData(two, data.frame.assign(**{PART: gone})))):
        if told:
            assert (forecast(each)[target] == 0.45 * 600).all()
        else:
            with pytest.raises(DataError, match=f"{target} has no measured value in the 70 days before 2025-06-02"):
                forecast(each)
