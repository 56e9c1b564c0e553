from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_works import ORIGIN, PER_DEGREE, WORKED, view_of, works

from wattcast.contracts import TOTAL
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.explain.miss import Miss, miss
from wattcast.explain.miss_words import miss_sentences, miss_to_dict
from wattcast.explain.words import Unit
from wattcast.timegrid import station_horizon

ADJUSTED = {"weather-adjusted-28": 1.0}


def missed(forecaster, made, day: int = 1, weather: pd.DataFrame | None = None, origin=ORIGIN) -> Miss:
    view = HorizonView(made.data, origin, station_horizon(made.data.station), future_weather=weather)
    return miss(forecaster, view, made.data, day)


def error(found: Miss) -> np.ndarray:
    return found.actual - found.median


def test_parts__add_up_to_the_error_that_was_made(with_shares, made) -> None:
    forecaster = with_shares({"network": 0.5, "base": 0.5})
    found = missed(forecaster, made, 2)
    np.testing.assert_allclose(sum(found.parts.values()), error(found), rtol=0, atol=1e-9)
    filed = forecaster.forecast(view_of(made)).table[TOTAL].to_numpy()[found.steps]
    np.testing.assert_array_equal(found.median[:, 0], filed)


def test_weather_forecast__that_was_too_cold_is_told(with_shares, made) -> None:
    forecast = made.data.frame.loc[made.data.frame.index >= ORIGIN, ["temperature"]] - 5
    found = missed(with_shares(ADJUSTED, simple_only=True), made, weather=forecast)
    assert found.parts["weather_forecast"].mean() == pytest.approx(5 * PER_DEGREE, rel=0.15)
    assert np.abs(found.parts["rest"]).mean() < 2


def test_weather_forecast__that_was_right_is_no_part(with_shares, made) -> None:
    assert not missed(with_shares(ADJUSTED, simple_only=True), made).parts["weather_forecast"].any()


def test_level__that_stepped_after_the_origin_is_told(with_shares) -> None:
    made, forecaster = works(level=1.3, since=14, weather=0.0), with_shares({"usual-day-28": 1.0}, simple_only=True)
    found = missed(forecaster, made, origin=ORIGIN - pd.Timedelta(days=14))
    # The days before it count as well: four of the seven around it have stepped.
    assert found.parts["level"].mean() == pytest.approx(error(found).mean() * 4 / 7, rel=0.15)


def test_day_type__of_a_day_that_ran_like_one_off_is_told(with_shares, made) -> None:
    frame, first = made.data.frame.copy(), ORIGIN + pd.Timedelta(hours=8)
    frame.loc[(frame.index >= first) & (frame.index < first + pd.Timedelta(hours=10)), TOTAL] -= WORKED
    forecaster = with_shares({"usual-day-28": 1.0}, simple_only=True)
    quiet = works(weather=0.0)
    frame[TOTAL] -= made.by_weather
    found = missed(forecaster, replace(quiet, data=StationData(quiet.data.station, frame)))
    assert found.off is True
    assert found.parts["day_type"].sum() == pytest.approx(-10 * WORKED, rel=0.15)
    assert "ran like a day off" in miss_sentences(found, 0, Unit("kW", 1.0), "en")[0]


def test_bands__tell_what_lay_inside(with_shares, made) -> None:
    found = missed(with_shares(ADJUSTED, simple_only=True), made)
    assert found.inside.shape == (24, 1)
    assert found.lately == (None,)
    assert miss_to_dict(found)["targets"][TOTAL]["steps_inside_band"] == found.inside.sum()


def test_gaps__are_left_out(with_shares, made) -> None:
    frame = made.data.frame.copy()
    frame.loc[(frame.index >= ORIGIN) & (frame.index < ORIGIN + pd.Timedelta(hours=6)), TOTAL] = np.nan
    found = missed(with_shares(ADJUSTED, simple_only=True), replace(made, data=StationData(made.data.station, frame)))
    told = miss_to_dict(found)["targets"][TOTAL]
    assert told["steps_measured"] == 18
    assert sum(told["parts"].values()) == pytest.approx(told["error"], abs=1e-9)


def test_day_without_measurements__is_an_error(with_shares, made) -> None:
    frame = made.data.frame.copy()
    frame.loc[frame.index >= ORIGIN + pd.Timedelta(days=3), TOTAL] = np.nan
    with pytest.raises(DataError, match="nothing was measured on 2025-05-04"):
        missed(with_shares(ADJUSTED), replace(made, data=StationData(made.data.station, frame)), 5)


def test_sentences__tell_the_error_in_both_languages(with_shares, made) -> None:
    forecast = made.data.frame.loc[made.data.frame.index >= ORIGIN, ["temperature"]] - 5
    found = missed(with_shares(ADJUSTED, simple_only=True), made, weather=forecast)
    why, band = miss_sentences(found, 0, Unit("kW", 1.0), "en")
    assert why.startswith("Wednesday 2025-04-30: measured ")
    assert "% above the forecast of" in why
    assert "weather forecast +" in why
    assert band.endswith("of 24 steps lay inside the 80 % band.")
    why, band = miss_sentences(found, 0, Unit("kW", 1.0), "zh")
    assert "气象预报 +" in why
    assert "24 个时段中有" in band
