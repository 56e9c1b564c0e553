import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Kind, Location
from wattcast.features.solar import clear_sky

DAY, ORIGIN = 24, 72 * 24
RULES = ("performance-ratio", "recency-quadratic", "same-sun")
AHEAD = slice(ORIGIN, ORIGIN + 7 * DAY)


def off(made: np.ndarray, wanted: np.ndarray) -> float:
    """Mean absolute error as a share of the mean."""
    return float(np.abs(made - wanted).mean() / wanted.mean())


@pytest.mark.parametrize(("name", "error"), list(zip(RULES, (0.03, 0.03, 0.1), strict=True)))
@pytest.mark.parametrize("unit", [1.0, 0.0036, 3600.0])
def test_power_that_is_a_share_of_the_sun__is_found(name, error, unit, said, sun) -> None:
    """In whatever unit the irradiance is."""
    assert off(said(name, Kind.PV, 0.05 * sun, irradiance=unit * sun), 0.05 * sun[AHEAD]) < error


@pytest.mark.parametrize(("name", "error"), list(zip(RULES, (0.03, 0.1, 0.15), strict=True)))
def test_a_fifth_of_the_strings_lost__is_followed_within_weeks(name, error, said, sun) -> None:
    power = 0.05 * sun
    power[ORIGIN - 20 * DAY:] *= 0.8
    made = said(name, Kind.PV, power, irradiance=sun)
    assert off(made, power[AHEAD]) < error


def test_panels_that_give_less_of_a_strong_sun__are_a_curve(said, sun) -> None:
    power = 0.05 * sun * (1 - 0.3 * sun / 1000)
    bent, straight = (off(said(name, Kind.PV, power, irradiance=sun), power[AHEAD])
                      for name in ("recency-quadratic", "performance-ratio"))
    assert bent < 0.03
    assert straight > 2 * bent


def test_mornings_in_the_shade__are_known_by_their_hour(said, sun) -> None:
    shade = np.where(np.tile(np.arange(DAY), 80) < 9, 0.3, 1.0)
    assert off(said("same-sun", Kind.PV, 0.05 * sun * shade, irradiance=sun), (0.05 * sun * shade)[AHEAD]) < 0.1


@pytest.mark.parametrize("name", RULES)
def test_sun_that_nobody_forecasts__is_the_usual_day(name, said, sun) -> None:
    unknown = sun.copy()
    unknown[ORIGIN:] = np.nan
    made = said(name, Kind.PV, 0.05 * sun, irradiance=unknown).reshape(7, DAY)
    days = {"performance-ratio": 10, "recency-quadratic": 30, "same-sun": 45}[name]
    usual = (0.05 * sun)[ORIGIN - days * DAY:ORIGIN].reshape(days, DAY).mean(0)
    np.testing.assert_allclose(made, np.broadcast_to(usual, (7, DAY)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", RULES)
def test_night__is_dark(name, said, sun) -> None:
    made = said(name, Kind.PV, 0.05 * sun, irradiance=sun).reshape(7, DAY)
    np.testing.assert_allclose(made[:, :6], 0, atol=1e-3)


@pytest.mark.parametrize("name", RULES)
def test_unmeasured_days__count_for_nothing(name, said, sun) -> None:
    power, gaps = 0.05 * sun, np.arange(len(sun)) // DAY % 3 == 0
    gaps[ORIGIN:] = False
    holed = np.where(gaps, np.nan, power)
    assert off(said(name, Kind.PV, holed, irradiance=sun), power[AHEAD]) < 0.1


@pytest.fixture
def growing() -> np.ndarray:
    """W/m² of an open sky at Shanghai in spring `[80 · 24]`."""
    index = pd.date_range("2025-03-03", periods=80 * DAY, freq="1h", tz="Asia/Shanghai")
    return clear_sky(index, Location(latitude=31.23, longitude=121.47), pd.Timedelta(hours=1)).astype(float)


def test_days_that_grow__are_followed_and_not_only_repeated(said, growing) -> None:
    made, repeated = (off(said(name, Kind.PV, 0.05 * growing), 0.05 * growing[AHEAD])
                      for name in ("clear-sky", "usual-day-14"))
    assert made < 0.02
    assert repeated > 2 * made


def test_clouds_and_lost_strings__stay_in_the_index(said, growing) -> None:
    made = said("clear-sky", Kind.PV, 0.03 * growing)
    assert made == pytest.approx(0.6 * said("clear-sky", Kind.PV, 0.05 * growing))
    assert (made >= 0).all()


@pytest.mark.parametrize(("kind", "weather"), [(Kind.PV, ("irradiance",)), (Kind.LOAD, ()), (Kind.WIND, ())])
def test_open_sky__is_for_plants_alone_whose_irradiance_is_not_known(kind, weather, said, sun) -> None:
    with pytest.raises(AssertionError):
        said("clear-sky", kind, 0.05 * sun, **dict.fromkeys(weather, sun))
