"""When days show a step of level, and what they have in common."""

import numpy as np
import pytest

from wattcast.forecasting.steps import (
    KNOWN_DAYS,
    USUAL_AT_LEAST,
    biases,
    fit_shape,
    is_step,
    latest_days,
    usual_difference,
)

DAY = 48
PROFILE = 200 + 300 * np.clip(np.sin((np.arange(DAY) - 14) * np.pi / 24), 0, None)
"""Night at 200, noon at 500."""

CALM = np.tile([0.03, -0.03, 0.01], 5)
"""Days that were forecast well: usually 4 % off, 1.48 times the median."""


def days(count: int, off: tuple[int, ...] = (), rest: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """What was expected on so many days, of which some are off, and which steps are."""
    is_off = np.isin(np.arange(count), off)
    expected = np.where(is_off[:, None], rest * PROFILE, PROFILE) * (1 + 0.05 * np.arange(count)[:, None])
    return expected, np.broadcast_to(is_off[:, None], expected.shape)


def test_biases__are_shares_of_what_was_expected() -> None:
    expected = np.full((4, DAY), 400.0)
    actual = expected + np.asarray([[100.0], [-40.0], [0.0], [80.0]])
    actual[2, :] = np.nan
    actual[3, DAY // 4:] = np.nan
    np.testing.assert_allclose(biases(actual, expected, 0.0), [0.25, -0.1, np.nan, np.nan])
    actual[3, :3 * DAY // 4] = 480
    assert biases(actual, expected, 0.0)[3] == pytest.approx(0.2)


def test_biases__of_a_day_at_zero_are_shares_of_the_least_level() -> None:
    assert biases(np.full((1, DAY), 30.0), np.zeros((1, DAY)), 120.0).tolist() == [0.25]
    assert np.isfinite(biases(np.zeros((1, DAY)), np.zeros((1, DAY)), 0.0)).all()


def test_usual_difference__is_not_moved_by_a_few_flukes_and_not_known_from_a_few_days() -> None:
    assert usual_difference(CALM) == pytest.approx(1.4826 * 0.03)
    assert usual_difference(np.append(CALM, [-0.9, 4.0])) == pytest.approx(1.4826 * 0.03)
    assert usual_difference(CALM * 0) == USUAL_AT_LEAST
    assert usual_difference(np.append(CALM[:KNOWN_DAYS - 1], [np.nan] * 20)) == np.inf


def test_latest_days__are_the_latest_of_all_and_the_latest_worked_ones_within_a_week() -> None:
    """Days 4, 5, 11 and 12 are off; day 9 says nothing."""
    off = np.isin(np.arange(14), [4, 5, 11, 12])
    telling = np.arange(14) != 9

    def latest(count: int) -> list[list[int]]:
        return [found.tolist() for found in latest_days(telling[:count], off[:count])]

    assert latest(14) == [[11, 12, 13], [8, 10, 13]]
    assert latest(13) == [[10, 11, 12], [7, 8, 10]]
    assert latest(4) == [[1, 2, 3], [1, 2, 3]]
    assert latest(2) == []
    few = np.isin(np.arange(14), [3, 9, 13])
    assert latest_days(few, off) == []


@pytest.mark.parametrize(("shares", "found"), [
    ([0.35, 0.30, 0.38], True), ([-0.4, -0.38, -0.41], True), ([0.17, 0.18, 0.15], True),
    ([0.35, 0.01, 0.02], False), ([0.35, 0.36, 0.02], False), ([0.35, -0.35, 0.35], False),
    ([0.09, 0.12, 0.12], False), ([0.11, 0.12, 0.12], False), ([0.2, 0.2, 0.9], False), ([2.4, 2.5, 2.4], False)])
def test_step__is_three_days_alike_and_far_from_usual(shares, found) -> None:
    assert is_step(np.asarray(shares), usual_difference(CALM), CALM) is found


def test_step__is_not_called_where_days_were_as_far_off_before_or_nothing_is_known() -> None:
    shares = np.asarray([0.35, 0.3, 0.38])
    usual = usual_difference(CALM)
    assert not is_step(shares, 5 * usual, 5 * CALM)
    assert not is_step(shares, usual_difference(CALM[:3]), CALM[:3])
    assert not is_step(shares, usual, np.append(CALM, np.full(7, 0.3)))
    assert is_step(shares, usual, np.append(CALM, np.full(7, -0.1)))
    assert is_step(shares, usual, np.full(7, np.nan))


def test_shape__of_all_power_a_third_more_is_that_share_on_every_day() -> None:
    expected, off = days(3)
    shape = fit_shape(1.35 * expected, expected, off)
    for kind in (False, True):
        rested = 0.4 * PROFILE[None]
        np.testing.assert_allclose(shape.added(rested, np.full_like(rested, kind, bool)), 0.35 * rested, rtol=1e-6)


def test_shape__of_a_line_that_runs_while_power_is_high_leaves_nights_and_days_off() -> None:
    expected, off = days(3)
    shape = fit_shape(np.where(expected > 350, expected + 120, expected), expected, off)
    added = shape.added(expected, off)
    np.testing.assert_allclose(added[:, 24:28], 120, atol=25)
    np.testing.assert_allclose(added[:, :10], 0, atol=25)
    rested = np.full((1, DAY), 180.0)
    assert np.abs(shape.added(rested, rested > 0)).max() < 30


def test_shape__of_a_line_in_a_shift_of_a_flat_load_is_by_time_of_day() -> None:
    expected = np.full((4, DAY), 300.0) + np.random.default_rng(0).normal(0, 3, (4, DAY))
    shift = (np.arange(DAY) >= 12) & (np.arange(DAY) < 28)
    shape = fit_shape(expected + 90 * shift, expected, np.zeros_like(expected, bool))
    added = shape.added(expected, np.zeros_like(expected, bool))
    np.testing.assert_allclose(added[:, 14:26], 90, atol=8)
    np.testing.assert_allclose(added[:, np.r_[0:10, 30:DAY]], 0, atol=8)


def test_shape__of_what_was_closed_is_of_worked_days_until_a_day_off_has_shown_it() -> None:
    expected, off = days(3)
    rested, is_off = 0.5 * PROFILE[None], np.ones((1, DAY), bool)
    np.testing.assert_array_equal(fit_shape(0.6 * expected, expected, off).added(rested, is_off), 0)
    expected, off = days(4, off=(3,))
    np.testing.assert_allclose(fit_shape(0.6 * expected, expected, off).added(rested, is_off), -0.4 * rested, rtol=1e-6)
    for count in (4, 5):
        expected, off = days(count, off=(3, 4))
        same = np.where(off, expected, 0.6 * expected)
        shape = fit_shape(same, expected, off)
        np.testing.assert_array_equal(shape.added(rested, is_off), 0)
        np.testing.assert_allclose(shape.added(PROFILE[None], ~is_off), -0.4 * PROFILE[None], rtol=1e-6)


def test_shape__of_unmeasured_days_adds_nothing_that_is_not_a_number() -> None:
    expected, off = days(3)
    for actual in (np.full_like(expected, np.nan), np.where(np.arange(DAY) < 5, np.nan, 1.3 * expected)):
        assert np.isfinite(fit_shape(actual, expected, off).added(expected, off)).all()
    nothing = np.zeros_like(expected)
    assert np.isfinite(fit_shape(nothing, nothing, off).added(nothing, off)).all()


def test_days_after_a_jump_to_another_unit__are_no_step() -> None:
    shares, calm = np.asarray([1.5, 1.4, 1.5]), np.zeros(7)
    jumped = np.asarray([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.2])
    assert is_step(shares, 0.05, calm)
    assert not is_step(shares, 0.05, jumped)
    assert is_step(shares, 0.05, -jumped)


@pytest.mark.parametrize(("fluke", "days_ago", "found"), [(-0.8, 1, False), (-0.8, 7, False), (-0.8, 8, True),
                                                          (-0.4, 1, True), (0.8, 1, True)])
def test_days_after_a_fluke__that_forecasts_lean_to_are_no_step(fluke, days_ago, found) -> None:
    before = CALM.copy()
    before[-days_ago] = fluke
    assert is_step(np.asarray([0.19, 0.17, 0.2]), usual_difference(CALM), before) is found
