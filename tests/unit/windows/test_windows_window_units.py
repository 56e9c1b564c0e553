"""What is known of a step in its window's own units: where each input comes from, and what it must not depend on."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Location, Station
from wattcast.data.schema import StationData
from wattcast.timegrid import parse_step, steps_per_day
from wattcast.training.samples import station_windows
from wattcast.windows.window_units import DAYS, INPUTS, WindowUnits, lately_in_units, window_units

FIRST = "2025-03-03"         # a Monday
LENGTH = 55


@pytest.fixture
def told() -> Callable[..., WindowUnits]:
    """`told(power, origin, step="1h", kind=…, temperature=…)`: what is known at a day of 55 days from a Monday on."""
    def ask(power: np.ndarray, day: float, *, step: str = "1h", kind: Kind = Kind.LOAD, zone: str = "Asia/Shanghai",
            **weather: np.ndarray) -> WindowUnits:
        index = pd.date_range(FIRST, periods=len(power), freq=parse_step(step), tz=zone, name="time")
        station = Station(id="s", known_future=tuple(weather), kind=kind, step=step, timezone=zone,
                          location=Location(country="DE"))
        windows = station_windows(StationData(station, pd.DataFrame({TOTAL: power, **weather}, index=index)))
        origins = np.asarray([round(day * steps_per_day(parse_step(step)))])
        return window_units(windows, origins, lately_in_units(windows, origins))
    return ask


def column(units: WindowUnits, name: str) -> np.ndarray:
    return units.inputs[0, :, 0, INPUTS.index(name)]


def in_units(units: WindowUnits, name: str) -> np.ndarray:
    return column(units, name) * units.deviation.item() + units.mean.item()


def weeks() -> np.ndarray:
    """Week 1 in the 100s, week 2 in the 200s …, the day of the week in the tens, the hour behind the point."""
    day = np.repeat(np.arange(LENGTH), 24)
    return 100.0 * (1 + day // 7) + 10 * (day % 7) + np.tile(np.arange(24), LENGTH) / 100


def test_seasonal__inputs_are_what_was_measured_then(told) -> None:
    units = told(weeks(), 35.0)
    tuesday_at_5 = 24 + 5
    found = {name: in_units(units, name)[tuesday_at_5] for name in INPUTS}
    expected = {"lag_1w": 510.05, "lag_2w": 410.05, "lag_3w": 310.05, "lag_4w": 210.05, "lag_mean": 360.05,
                "lag_mean_same_type": 360.05, "lag_median": 360.05, "yesterday": 560.05, "profile_7": 530.05,
                "usual_14": 470.05, "usual_28": 370.05, "adjusted": 370.05}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=2e-3)
    assert units.mean.item() == pytest.approx(np.mean(weeks()[7 * 24:35 * 24]))
    assert units.reference[0, tuesday_at_5, 0] == pytest.approx(column(units, "adjusted")[tuesday_at_5])


def test_calendar__is_that_of_the_step(told) -> None:
    units = told(weeks(), 35 + 6 / 24)
    assert column(units, "hour")[:3].tolist() == [6, 7, 8]
    assert column(units, "weekday")[[0, 17, 18]].tolist() == [0, 0, 1]
    assert column(units, "lead")[:2] == pytest.approx([0.5 / 24, 1.5 / 24])
    assert column(units, "day_off")[[0, 5 * 24]].tolist() == [0, 1]


def test_lags__of_a_holiday_are_told_apart_by_their_days_type(told) -> None:
    """Easter Monday 2025 is 21 April: its four Mondays before were worked."""
    units = told(weeks(), 44.0)
    easter = slice(5 * 24, 6 * 24)
    assert (column(units, "day_off")[easter] == 1).all()
    assert (column(units, "day_off_a_week_before")[easter] == 0).all()
    assert np.isnan(column(units, "lag_mean_same_type")[easter]).all()
    assert np.isfinite(column(units, "lag_mean")[easter]).all()


@pytest.mark.parametrize("power", [0.001, 1e6])
def test_inputs__depend_neither_on_unit_nor_on_offset(power, told) -> None:
    noise = np.random.default_rng(0).normal(0, 5, LENGTH * 24)
    here, there = told(weeks() + noise, 33.25), told(power * (weeks() + noise), 33.25)
    np.testing.assert_allclose(here.inputs, there.inputs, rtol=1e-3, atol=1e-3)
    shifted = told(weeks() + noise + 1e4, 33.25)
    same = [place for place, name in enumerate(INPUTS) if name not in ("zero", "zeros")]
    np.testing.assert_allclose(here.inputs[..., same], shifted.inputs[..., same], rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize(("step", "times"), [("15min", 4), ("5min", 12)])
def test_inputs__at_a_finer_step_are_those_of_the_hours(step, times, told) -> None:
    hourly, finer = told(weeks(), 33.0), told(np.repeat(weeks(), times), 33.0, step=step)
    names = [name for name in INPUTS if name not in ("lead", "hour", "error_1d")]
    for name in names:
        np.testing.assert_allclose(column(finer, name)[::times], column(hourly, name), rtol=1e-3, atol=1e-3,
                                   err_msg=name)


@pytest.mark.parametrize(("step", "steps"), [("1d", 1), ("6h", 4), ("30min", 48)])
def test_steps__of_any_length_are_told(step, steps, told) -> None:
    power = np.random.default_rng(0).normal(50, 9, LENGTH * steps)
    units = told(power, 34.0, step=step)
    assert units.inputs.shape == (1, 7 * steps, 1, len(INPUTS))
    assert units.reference.isfinite().all()


def test_correction__and_back_is_the_power(told) -> None:
    units = told(weeks() + np.random.default_rng(0).normal(0, 5, LENGTH * 24), 33.0)
    power = units.reference + 7.0
    assert np.allclose(units.in_units(units.correction(power)), power)


@pytest.mark.parametrize(("power", "says"), [(np.full(LENGTH * 24, 42.0), 42), (np.zeros(LENGTH * 24), 0),
                                             (np.full(LENGTH * 24, np.nan), 0)])
def test_window__without_variation_or_measurements_says_its_mean_whatever_is_corrected(power, says, told) -> None:
    units = told(power, 33.0)
    said = units.in_units(units.reference + 3)
    assert np.allclose(said, says)


def test_window__of_one_day_tells_what_it_has(told) -> None:
    power = weeks()
    power[:33 * 24] = np.nan
    units = told(power, 34.0)
    assert units.reference.isfinite().all()
    assert np.isnan(column(units, "lag_1w")[:6 * 24]).all()
    assert np.isfinite(column(units, "yesterday")).all()
    assert column(units, "measured")[0] == pytest.approx(1 / DAYS)


def test_weather__that_moves_the_power_adjusts_the_usual_day(told) -> None:
    warm = np.repeat(np.random.default_rng(0).normal(20, 5, LENGTH), 24)
    units = told(100 + 4 * warm, 33.0, temperature=warm)
    said, right = in_units(units, "adjusted"), (100 + 4 * warm)[33 * 24:40 * 24]
    assert np.abs(said - right).mean() < 0.2 * np.abs(in_units(units, "usual_28") - right).mean()
    assert (column(units, "explained") > 0.9).all()


def test_plants__know_no_days_off(told) -> None:
    units = told(weeks(), 33.0, kind=Kind.PV)
    assert (column(units, "day_off") == 0).all()
    assert np.isnan(column(units, "off_against_worked")).all()
    assert (column(units, "kind") == 1).all()


@pytest.mark.parametrize("origin", [32.0, 24.5])
def test_days__with_a_change_of_clocks_are_read_by_the_wall(origin, told) -> None:
    """Clocks in Berlin went forward on 30 March 2025, day 27: what repeats at eight in the morning still does."""
    index = pd.date_range(FIRST, periods=LENGTH * 24, freq="1h", tz="Europe/Berlin")
    power = index.hour.to_numpy() + 100.0
    units = told(power.astype(float), origin, zone="Europe/Berlin")
    place = round(origin * 24)
    right = power[place:place + 7 * 24]
    for name in ("lag_1w", "yesterday", "usual_28", "hour"):
        said = column(units, name) + 100 if name == "hour" else in_units(units, name)
        known = np.isfinite(said)
        assert known.mean() > 0.9
        assert said[known] == pytest.approx(right[known], abs=1e-3)
