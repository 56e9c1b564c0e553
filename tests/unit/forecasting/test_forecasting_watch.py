"""One target's days, one after the other: a forecast that knows all but the step."""

import numpy as np
import pytest

from wattcast.forecasting.watch import Watch

DAY, WEEK, DAYS = 24, 7, 42
FIRST = 14
"""Of the days on which a step may begin; a Monday."""

RNG = np.random.default_rng(3)
WORKED = np.arange(DAYS) % WEEK < 5
EXPECTED = np.where(WORKED[:, None], 300 + 200 * ((np.arange(DAY) > 7) & (np.arange(DAY) < 18)), 280.0)
USUAL = EXPECTED * RNG.normal(1, 0.02, (DAYS, 1)) + RNG.normal(0, 5, EXPECTED.shape)
AHEAD = np.stack([EXPECTED[(np.arange(DAYS) + lead) % DAYS] for lead in range(WEEK)], 1)

UP = np.full(EXPECTED.shape, 0.35)


def since(day: int, end: int = DAYS) -> np.ndarray:
    return ((np.arange(DAYS) >= day) & (np.arange(DAYS) < end))[:, None]


def watched(actual: np.ndarray, today: int = DAYS, ahead: np.ndarray = AHEAD,
            ordinary: np.ndarray | None = None) -> Watch:
    """What is known after having looked at each day up to `today`."""
    off = np.broadcast_to(~WORKED[:, None], actual.shape)
    watch = Watch(actual, off, np.ones(DAYS, bool) if ordinary is None else ordinary, FIRST)
    for day in range(FIRST + 3, today + 1):
        watch.look(day, ahead)
    return watch


@pytest.mark.parametrize("start", range(FIRST, FIRST + 7))
def test_a_third_more__is_called_after_three_days(start) -> None:
    actual = USUAL * (1 + UP * since(start))
    assert not watched(actual, start + 2).stepped
    watch = watched(actual, start + 3)
    assert watch.shape is not None
    assert not watch.over
    assert watch.first_row == start * DAY
    assert watch.share == pytest.approx(0.35, abs=0.04)
    assert not watch.worked_only
    np.testing.assert_allclose(watch.levelled[:start + 3], USUAL[:start + 3], atol=25)
    later = watched(actual)
    assert later.first_row == start * DAY
    assert later.share == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize("start", range(FIRST, FIRST + 7))
def test_line_closed_on_worked_days__is_called_after_three_of_them_and_leaves_days_off(start) -> None:
    actual = USUAL * (1 - 0.4 * since(start) * WORKED[:, None])
    third = int(np.flatnonzero(WORKED & since(start)[:, 0])[2])
    assert not watched(actual, third).stepped
    for today in (third + 1, third + 2, third + 3, third + 6, DAYS):
        watch = watched(actual, today)
        assert watch.shape is not None
        assert not watch.over
        assert watch.share == pytest.approx(-0.4, abs=0.04)
        np.testing.assert_allclose(watch.shape.off.added(EXPECTED[:1]), 0, atol=9)
    assert watch.worked_only


@pytest.mark.parametrize("size", [0.35, -0.4, -0.8, 1.5])
@pytest.mark.parametrize("length", [1, 2])
def test_fluke_of_a_day_or_two__is_none(size, length) -> None:
    for start in range(FIRST, FIRST + 7):
        watch = watched(USUAL * (1 + size * since(start, start + length)))
        assert not watch.stepped
        assert watch.shape is None


def test_nothing_changed__nothing_is_called() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        actual = EXPECTED * rng.normal(1, 0.08, (DAYS, 1)) + rng.normal(0, 20, EXPECTED.shape)
        assert not watched(actual).stepped


def test_week_of_standstill__is_over_the_day_after_and_taken_out_of_the_history() -> None:
    start, end = FIRST + 2, FIRST + 9
    actual = USUAL * (1 - 0.8 * since(start, end))
    assert not watched(actual, end).over
    first = watched(actual, end + 1)
    assert first.over
    assert first.shape is not None
    last = watched(actual)
    assert (last.stepped, last.shape, last.over) == (True, None, False)
    np.testing.assert_allclose(last.levelled[start + 3:end], EXPECTED[start + 3:end], atol=60)
    np.testing.assert_array_equal(last.levelled[end:], actual[end:])


def test_one_day_as_before__is_not_followed_and_the_step_goes_on_after_it() -> None:
    start, fluke = FIRST, FIRST + 9
    actual = USUAL * (1 + UP * since(start) * ~since(fluke, fluke + 1))
    after, later = watched(actual, fluke + 1), watched(actual, fluke + 2)
    assert (after.over, later.over) == (True, False)
    assert later.shape is not None
    assert later.share == pytest.approx(0.35, abs=0.03)
    np.testing.assert_array_equal(later.levelled[fluke], actual[fluke])


def test_second_step__begins_anew() -> None:
    actual = USUAL * (1 + UP * since(FIRST) + 0.45 * since(FIRST + 10))
    watch = watched(actual, FIRST + 13)
    assert watch.first_row == (FIRST + 10) * DAY
    assert watch.share == pytest.approx(0.8, abs=0.06)
    np.testing.assert_allclose(watch.levelled[FIRST:FIRST + 13], EXPECTED[FIRST:FIRST + 13], atol=90)


def test_step_within_a_day__begins_there() -> None:
    rows = np.arange(DAYS * DAY).reshape(DAYS, DAY)
    first = (FIRST + 2) * DAY + 15
    watch = watched(USUAL * (1 + 0.35 * (rows >= first)), FIRST + 6)
    assert abs(watch.first_row - first) <= 2


def test_step_that_began_before_the_first_day__is_not_called() -> None:
    """What was learned, and what was not forecast well for long already, is no step of the last weeks."""
    for start in (0, FIRST - 8, FIRST - 5):
        assert not watched(USUAL * (1 + UP * since(start))).stepped


def test_days_unlike_a_week_before__say_nothing() -> None:
    holidays = since(FIRST, FIRST + 5)
    actual = USUAL * (1 - 0.5 * holidays)
    assert watched(actual).stepped
    assert not watched(actual, ordinary=~holidays[:, 0]).stepped


def test_days_hardly_measured__say_nothing_and_stay_unmeasured() -> None:
    actual = USUAL * (1 + UP * since(FIRST))
    actual[FIRST + 1] = np.nan
    actual[FIRST + 2, 5:] = np.nan
    assert not watched(actual, FIRST + 4).stepped
    watch = watched(actual, FIRST + 5)
    assert watch.stepped
    np.testing.assert_array_equal(np.isnan(watch.levelled), np.isnan(actual))


def test_short_horizon__its_days_are_forecast_by_the_latest_that_reach_them() -> None:
    actual = USUAL * (1 + UP * since(FIRST + 4))
    for leads in (1, 2):
        watch = watched(actual, FIRST + 7, AHEAD[:, :leads])
        assert watch.first_row == (FIRST + 4) * DAY
        assert watch.share == pytest.approx(0.35, abs=0.04)


def test_morning__depends_on_the_days_before_alone() -> None:
    actual = USUAL * (1 + UP * since(FIRST + 3))
    changed = actual.copy()
    changed[FIRST + 8:] *= -5
    one, other = (watched(each, FIRST + 8) for each in (actual, changed))
    assert one.shape is not None
    np.testing.assert_array_equal(one.levelled[:FIRST + 8], other.levelled[:FIRST + 8])
    assert (one.first_row, one.share) == (other.first_row, other.share)
