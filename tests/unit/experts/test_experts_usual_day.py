import numpy as np
import pytest

from wattcast.contracts import Kind

DAY, DAYS, ORIGIN = 24, 80, 72 * 24
HOURS = np.tile(np.arange(DAY), DAYS).astype(float)
WEEKDAY = np.arange(DAYS * DAY) // DAY % 7
"""The series begins on a Monday; its seventy-second day is a Wednesday."""


@pytest.mark.parametrize("days", [14, 28])
def test_load__repeats_workdays_and_days_off_apart(days, said) -> None:
    power = np.where(WEEKDAY < 5, 100 + HOURS, 20.0)
    np.testing.assert_allclose(said(f"usual-day-{days}", Kind.LOAD, power), power[ORIGIN:ORIGIN + 7 * DAY], rtol=1e-5)


def test_window__is_the_last_days_and_no_more(said) -> None:
    power = np.where(np.arange(DAYS * DAY) < ORIGIN - 14 * DAY, 200.0, 100.0)
    assert said("usual-day-14", Kind.LOAD, power) == pytest.approx(100)
    assert said("usual-day-28", Kind.LOAD, power).mean() == pytest.approx(150, rel=0.02)


def test_plant__has_days_of_one_type(said) -> None:
    power = np.where(WEEKDAY < 5, 10.0, 3.0)
    assert said("usual-day-14", Kind.WIND, power, wind_speed=HOURS) == pytest.approx(8)


def test_weather_adjusted__stays_near_what_was_measured_in_a_weather_never_seen(said) -> None:
    rain = np.random.default_rng(0).uniform(0, 0.3, DAYS * DAY)
    power = 100 + 30 * np.sin(HOURS / 4) + np.random.default_rng(1).normal(0, 3, DAYS * DAY)
    rain[ORIGIN:] = 80.0
    made = said("weather-adjusted-28", Kind.LOAD, power, rain=rain)
    room = power[ORIGIN - 28 * DAY:ORIGIN].std()
    assert made.min() >= power[:ORIGIN].min() - 1.2 * room
    assert made.max() <= power[:ORIGIN].max() + 1.2 * room


def test_weather_adjusted__adds_what_the_weather_makes_of_it(said) -> None:
    heat = np.repeat(np.random.default_rng(0).normal(0, 5, DAYS), DAY)
    power = 100 + HOURS + 2 * heat
    made = said("weather-adjusted-28", Kind.LOAD, power, temperature=heat)
    plain = said("usual-day-28", Kind.LOAD, power, temperature=heat)
    wanted = power[ORIGIN:ORIGIN + 7 * DAY]
    assert np.abs(made - wanted).mean() < 0.25 * np.abs(plain - wanted).mean()
