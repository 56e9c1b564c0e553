"""A load whose level steps about the night in which clocks change: what was added goes by the clock on the wall."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Forecast, Kind, Station
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.settings import build_settings
from wattcast.timegrid import station_horizon

TARGET, ZONE = "total_active_power", "Europe/Berlin"
STATION = Station(id="works", kind=Kind.LOAD, timezone=ZONE, step="1h")
RECIPE = build_settings({
    "model": {"d_model": 16, "n_layers": 1, "patch_len": 24, "drop_rate": 0.0},
    "training": {"epochs": 2, "batches_per_epoch": 6, "batch_size": 8, "members": 1,
                 "boosted_trees": False, "base_windows": 0},
    "windows": {"validation_origins": 8},
}).recipe()


def at(day: str) -> pd.Timestamp:
    return pd.Timestamp(day, tz=ZONE)


INDEX = pd.date_range(at("2025-06-23"), at("2025-11-24"), freq="1h", inclusive="left", name="time")
"""Clocks go back on Sunday, 26 October."""

LEARNED = at("2025-10-06")
WORKED = INDEX.day_of_week.to_numpy() < 5
ON = (INDEX.hour >= 7) & (INDEX.hour < 18) & WORKED
NOON = (INDEX.hour >= 10) & (INDEX.hour < 13) & WORKED
POWER = 250 + 450 * ON + np.convolve(np.random.default_rng(5).normal(0, 8, len(INDEX) + 3), np.ones(4) / 2, "valid")


def forecast(forecaster: NetworkForecaster, power: np.ndarray, origin: pd.Timestamp) -> Forecast:
    data = StationData(STATION, pd.DataFrame({TARGET: power}, index=INDEX))
    return forecaster.forecast(HorizonView(data, origin, station_horizon(STATION)))


@pytest.fixture(scope="module")
def forecaster() -> NetworkForecaster:
    data = StationData(STATION, pd.DataFrame({TARGET: POWER}, index=INDEX))
    fitted = NetworkForecaster(RECIPE).fit(HorizonView(data, LEARNED, station_horizon(STATION)))
    assert fitted.model is not None
    return NetworkForecaster.of(fitted.model)


def test_what_was_added_at_noon_before_the_change__is_added_at_noon_after_it(forecaster) -> None:
    power = POWER + 600.0 * NOON * (at("2025-10-20") <= INDEX)
    for day in ("2025-10-24", "2025-10-25", "2025-10-26", "2025-10-27", "2025-10-28"):
        made, plain = (forecast(forecaster, each, at(day)).table[TARGET] for each in (power, POWER))
        added = (made - plain).groupby(made.index.hour).mean()[lambda mean: mean.abs() > 100]
        assert added.index.tolist() == [10, 11, 12], day


@pytest.mark.parametrize("start", ["2025-10-22", "2025-10-24", "2025-10-27", "2025-10-29"])
def test_step_about_the_change__is_called_on_the_third_day_that_shows_it(forecaster, start) -> None:
    """It begins on a Monday, a Wednesday or a Friday, and a third is added on days off, too."""
    power = POWER * np.where(at(start) <= INDEX, 1.35, 1.0)
    third = at(start) + pd.DateOffset(days=3)
    assert forecast(forecaster, power, at(start) + pd.DateOffset(days=1)).steps == ()
    (step,) = forecast(forecaster, power, third).steps
    assert step.since == at(start)
    assert step.share == pytest.approx(0.35, abs=0.06)


def test_nothing_changed_but_the_clocks__no_step_is_seen(forecaster) -> None:
    for day in range(10, 35, 3):        # each looks at all days before it, too
        assert forecast(forecaster, POWER, LEARNED + pd.DateOffset(days=day)).steps == ()
