import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Kind, Station
from wattcast.explain.usual import Clock, Days, Levels

DAY, ROWS = 24, 42 * 24
INDEX = pd.date_range("2025-03-03", periods=ROWS + 7 * DAY, freq="1h", tz="Asia/Shanghai")
EVERY, NO_WEATHER = np.ones(ROWS, bool), np.empty((ROWS, 0))


def clock(kind: Kind = Kind.LOAD) -> Clock:
    return Clock.of(INDEX, Station(id="s", kind=kind), pd.Timedelta("1h"), ROWS, DAY)


def by_weekday() -> np.ndarray:
    """A power of its own for each weekday and hour."""
    return (100.0 * (1 + INDEX.day_of_week) + INDEX.hour).to_numpy(np.float64)[:, None].copy()


def test_usual__of_a_load_is_that_of_the_weekday() -> None:
    np.testing.assert_allclose(clock().usual(by_weekday()[:ROWS], EVERY, "weekday"), by_weekday())


def test_usual__of_a_plant_is_that_of_the_hour() -> None:
    hour = INDEX.hour.to_numpy(np.float64)[:, None]
    np.testing.assert_allclose(clock(Kind.PV).usual(hour[:ROWS], EVERY, "weekday"), hour)


def test_usual__of_a_weekday_that_was_not_measured_is_that_of_its_type() -> None:
    power = by_weekday()[:ROWS]
    power[INDEX[:ROWS].day_of_week == 2] = np.nan
    found = clock().usual(power, EVERY, "weekday")
    wednesday = found[np.asarray(INDEX.day_of_week == 2)]
    np.testing.assert_allclose(wednesday[:DAY, 0], (100 + 200 + 400 + 500) / 4 + np.arange(DAY))


def test_usual__counts_only_the_rows_that_may_tell() -> None:
    power, counted = by_weekday()[:ROWS], EVERY.copy()
    power[-DAY:], counted[-DAY:] = 9999.0, False
    np.testing.assert_allclose(clock().usual(power, counted, "weekday"), by_weekday())


def test_usual__of_nothing_is_nothing() -> None:
    assert np.isnan(clock().usual(np.full((ROWS, 1), np.nan), EVERY, "weekday")).all()
    assert clock().usual(NO_WEATHER, EVERY, "none").shape == (len(INDEX), 0)


def days(power: np.ndarray, usual: np.ndarray, weather: np.ndarray = NO_WEATHER, counted: np.ndarray = EVERY) -> Days:
    return Days.of(power, usual, weather, counted, DAY)


def test_levels__of_a_load_that_has_stepped_flatten_it() -> None:
    usual = np.full((ROWS, 1), 100.0)
    power = usual.copy()
    power[-10 * DAY:] *= 1.5
    levels = Levels.of(days(power, usual))
    assert levels.by_day[-1, 0] == pytest.approx(1.5)
    assert levels.by_day[0, 0] == pytest.approx(1.0)
    np.testing.assert_allclose(levels.flattened(power)[-6 * DAY:], 100.0)
    np.testing.assert_allclose(levels.moved(power, np.asarray([1.5]), np.asarray([3.0])), 2 * power)


def test_levels__of_a_net_load_are_amounts() -> None:
    usual = np.where(np.arange(ROWS) % 2, 100.0, -100.0)[:, None]
    levels = Levels.of(days(usual + 7, usual))
    np.testing.assert_allclose(levels.by_day, 7.0)
    np.testing.assert_allclose(levels.flattened(usual + 7), usual)
    np.testing.assert_allclose(levels.moved(usual, np.asarray([7.0]), np.asarray([9.0])), usual + 2)


def test_days__that_do_not_count_have_no_level_of_their_own() -> None:
    usual, power, counted = np.full((ROWS, 1), 100.0), np.full((ROWS, 1), 100.0), EVERY.copy()
    power[-DAY:], counted[-DAY:] = 20.0, False
    np.testing.assert_allclose(Levels.of(days(power, usual, counted=counted)).by_day, 1.0)


def test_weather__is_no_level() -> None:
    usual = np.full((ROWS, 1), 100.0)
    warmer = np.repeat(np.random.default_rng(0).normal(0, 5, ROWS // DAY), DAY)[:, None]
    warmer[-5 * DAY:] = 10.0
    found = days(usual + 2 * warmer, usual, warmer)
    assert np.abs(Levels.of(found).by_day - 1).max() < 0.05
    assert np.abs(found.at_usual_weather(usual + 2 * warmer) - 100).mean() < 5
