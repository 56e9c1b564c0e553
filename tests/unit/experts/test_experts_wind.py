import numpy as np
import pytest

from wattcast.contracts import Kind

DAY, DAYS, ORIGIN = 24, 80, 72 * 24
AHEAD = slice(ORIGIN, ORIGIN + 7 * DAY)
RANDOM = np.random.default_rng(3)
WIND = (8 + np.convolve(RANDOM.normal(0, 2.5, DAYS * DAY + 11), np.ones(12) / 12 ** 0.5, "valid")).clip(0)
POWER = 100 / (1 + np.exp(9 - WIND))


def error(made: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(made - wanted).mean() / wanted.mean())


@pytest.mark.parametrize("name", ["power-curve", "same-wind"])
@pytest.mark.parametrize("unit", [1.0, 3.6])
def test_power_curve__is_found(name, unit, said) -> None:
    made = said(name, Kind.WIND, POWER, wind_speed=unit * WIND)
    assert error(made, POWER[AHEAD]) < 0.15
    assert error(np.full(7 * DAY, POWER.mean()), POWER[AHEAD]) > 0.5


def test_turbines_that_stand_still__are_followed(said) -> None:
    fewer = POWER.copy()
    fewer[ORIGIN - 25 * DAY:] *= 0.6
    assert error(said("power-curve", Kind.WIND, fewer, wind_speed=WIND), fewer[AHEAD]) < 0.2


def test_same_wind__knows_the_wake_of_one_direction(said) -> None:
    direction = np.repeat(RANDOM.choice([10.0, 190.0], DAYS * 2), 12)
    waked = np.where(direction < 90, 0.5, 1.0) * POWER
    curve, same = (error(said(name, Kind.WIND, waked, wind_speed=WIND, wind_direction=direction), waked[AHEAD])
                   for name in ("power-curve", "same-wind"))
    assert same < 0.8 * curve


@pytest.mark.parametrize("name", ["power-curve", "same-wind"])
def test_wind_that_nobody_forecasts__is_the_usual_day(name, said) -> None:
    unknown = WIND.copy()
    unknown[ORIGIN:] = np.nan
    days = {"power-curve": 30, "same-wind": 60}[name]
    made = said(name, Kind.WIND, POWER, wind_speed=unknown).reshape(7, DAY)
    usual = POWER[ORIGIN - days * DAY:ORIGIN].reshape(days, DAY).mean(0)
    np.testing.assert_allclose(made, np.broadcast_to(usual, (7, DAY)), rtol=1e-4)
