from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattcast.forecasting.blend import PULL, TOLERATED, choose_weights, prior_weights

RNG = np.random.default_rng(0)
ACTUAL = 500 + RNG.normal(0, 50, (30, 96))
TWO_OF_FOUR = prior_weights([True, True, False, False])


def off(*sizes: float) -> np.ndarray:
    """Four candidates that miss `ACTUAL` by independent errors of these sizes."""
    return np.stack([ACTUAL + np.random.default_rng(7 + number).normal(0, size, ACTUAL.shape)
                     for number, size in enumerate(sizes)], -1)


@pytest.mark.parametrize("best", range(4))
def test_one_far_better_than_the_rest__is_used_alone(best) -> None:
    forecasts = off(*(1.0 if number == best else 400.0 for number in range(4)))
    np.testing.assert_array_equal(choose_weights(forecasts, ACTUAL, weeks=5, prior=TWO_OF_FOUR), np.eye(4)[best])


def test_prior_weights__what_has_learned_in_its_parts_and_the_rest_in_equal_ones() -> None:
    np.testing.assert_allclose(prior_weights([1.0, 3.0, 0.0, 0.0]), [0.2, 0.6, 0.1, 0.1])


def test_errors_that_cancel__are_blended() -> None:
    forecasts = np.stack([ACTUAL + 300, ACTUAL + 290, ACTUAL + 30, ACTUAL - 30], -1)
    weights = choose_weights(forecasts, ACTUAL, weeks=50, prior=TWO_OF_FOUR)
    assert error_of(forecasts, weights) < 1
    np.testing.assert_allclose(weights, [0, 0, 0.5, 0.5], atol=0.12)
    opposed = np.stack([ACTUAL + 300, ACTUAL - 290, ACTUAL + 30, ACTUAL - 30], -1)
    assert error_of(opposed, choose_weights(opposed, ACTUAL, weeks=50, prior=TWO_OF_FOUR)) < 3


def test_weights__are_as_good_as_any_in_tenths() -> None:
    """Every blend in tenths of four was tried before; none may have a smaller error plus pull."""
    forecasts = off(30, 40, 50, 35) + np.asarray([20, -30, 5, -10])
    prior, weeks = TWO_OF_FOUR, 3.0
    unit = min(error_of(forecasts, prior), *(error_of(forecasts, each) for each in np.eye(4)))

    def cost(weights: np.ndarray) -> float:
        return error_of(forecasts, weights) + PULL / weeks * unit * ((weights - prior) ** 2).sum()

    tenths = [np.asarray(each) / 10 for each in product(range(11), repeat=4) if sum(each) == 10]
    assert cost(choose_weights(forecasts, ACTUAL, weeks, prior=prior)) < min(map(cost, tenths)) * 1.002


def test_weights__are_hundredths_that_sum_to_one() -> None:
    weights = choose_weights(off(30, 40, 50, 60), ACTUAL, weeks=3, prior=prior_weights([True, False, False, False]))
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights * 100, np.round(weights * 100))
    assert (np.diff(weights) <= 0).all()
    assert weights[0] > weights[2] > 0


def test_few_weeks__stay_nearer_to_equal_parts_of_what_has_learned() -> None:
    """The simple forecast in the third place has happened to be the best for a while."""
    forecasts = off(60, 60, 20, 60)
    none, few, many = (choose_weights(forecasts, ACTUAL, weeks, prior=TWO_OF_FOUR) for weeks in (0.01, 1, 500))
    np.testing.assert_allclose(none, [0.4, 0.4, 0.1, 0.1], atol=0.011)
    assert many[2] > few[2] > 0.1
    assert many[0] < few[0] < 0.4


def test_without_trees__few_weeks_stay_nearer_to_the_network() -> None:
    prior = prior_weights([True, False, False])
    weights = choose_weights(off(60, 20, 60), ACTUAL, weeks=0.01, prior=prior)
    np.testing.assert_allclose(weights, [0.8, 0.1, 0.1], atol=0.011)


def test_another_prior__is_kept_where_all_are_as_good() -> None:
    assumed = np.asarray([0.1, 0.0, 0.7, 0.2])
    same = np.repeat((ACTUAL + 20)[..., None], 4, axis=-1)
    np.testing.assert_allclose(choose_weights(same, ACTUAL, weeks=3, prior=assumed), assumed)


def test_unmeasured_steps__do_not_count() -> None:
    gaps = ACTUAL.copy()
    gaps[:, ::2] = np.nan
    forecasts = off(5, 300, 300, 300)
    forecasts[:, ::2, 0] = 99_999
    assert choose_weights(forecasts, gaps, weeks=5, prior=TWO_OF_FOUR)[0] == 1
    nothing = np.full_like(ACTUAL, np.nan)
    np.testing.assert_array_equal(choose_weights(forecasts, nothing, weeks=5, prior=TWO_OF_FOUR), [1, 0, 0, 0])


def error_of(forecasts: np.ndarray, weights: np.ndarray) -> float:
    return float(np.abs(forecasts @ weights - ACTUAL[:len(forecasts)]).mean())


@pytest.mark.parametrize("weeks", [1, 2, 3])
def test_last_weeks_values_far_better_than_what_has_learned__get_the_shares(weeks) -> None:
    """A load rose by a third: network and trees miss it by that, the same slot a week before by noise alone."""
    forecasts = np.stack([ACTUAL * 0.74, ACTUAL * 0.72, ACTUAL + off(10)[..., 0] - ACTUAL, ACTUAL * 0.8], -1)
    weights = choose_weights(forecasts, ACTUAL, weeks, prior=TWO_OF_FOUR)
    assert weights[2] >= 0.9
    assert error_of(forecasts, weights) <= (1 + TOLERATED) * error_of(forecasts, np.eye(4)[2])


def test_one_that_errs_by_58_per_cent_less__leaves_the_learned_ones_little() -> None:
    """By one-sided errors, which no blend makes cancel; two weeks to choose by."""
    forecasts = np.stack([ACTUAL - 100, ACTUAL - 100, ACTUAL - 42, ACTUAL - 100], -1)
    weights = choose_weights(forecasts, ACTUAL, weeks=2, prior=TWO_OF_FOUR)
    assert weights[2] >= 0.8
    assert error_of(forecasts, weights) < 1.25 * 42


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(2, 6), weeks=st.floats(0.05, 60), same_sign=st.booleans(),
       shares=st.integers(0, 2**16))
def test_no_prior__holds_a_blend_far_above_its_best_candidate(seed, count, weeks, same_sign, shares) -> None:
    rng = np.random.default_rng(seed)
    sizes = 10 ** rng.uniform(-2, 3, count)
    noise = rng.normal(0, 1, (40, count)) * sizes
    actual = 500 + rng.normal(0, 50, 40)
    forecasts = actual[:, None] + (np.abs(noise) if same_sign else noise)
    prior = np.random.default_rng(shares).dirichlet(np.full(count, 0.3))
    weights = choose_weights(forecasts, actual, weeks, prior=prior)
    best = np.abs(forecasts - actual[:, None]).mean(0).min()
    assert weights.sum() == pytest.approx(1)
    assert np.abs(forecasts @ weights - actual).mean() <= best * (1 + TOLERATED / min(weeks, 1)) + 1e-5


@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.sampled_from([0.0, 1e-9, 1.0, 1e6]), min_size=2, max_size=9),
       twins=st.booleans(), weeks=st.sampled_from([0.1, 2.0, 300.0]))
def test_candidates_that_say_the_same_or_the_truth__are_blended_without_complaint(seed, sizes, twins, weeks) -> None:
    rng = np.random.default_rng(seed)
    actual = 500 + rng.normal(0, 50, 60)
    noise = rng.normal(0, 1, (60, 1 if twins else len(sizes)))
    weights = choose_weights(actual[:, None] + noise * sizes, actual, weeks, prior=np.full(len(sizes), 1 / len(sizes)))
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert np.abs((actual[:, None] + noise * sizes) @ weights - actual).mean() <= 3.6 * min(sizes) + 1e-6


def test_a_perfect_candidate__is_used_alone_whatever_is_assumed() -> None:
    forecasts = np.stack([ACTUAL + 5, ACTUAL - 300, ACTUAL], -1)
    weights = choose_weights(forecasts, ACTUAL, weeks=0.2, prior=np.asarray([1.0, 0.0, 0.0]))
    np.testing.assert_array_equal(weights, [0, 0, 1])
