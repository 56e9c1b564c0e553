import numpy as np
import pytest

from wattcast.forecasting.calibrate import PAIRS, calibrated, distances, fit_factors, lag_distances

DAY, DAYS = 12, 7
STEPS = DAY * DAYS


def errors(origins: int, size: float | np.ndarray, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (origins, STEPS)) * size


def ones(origins: int) -> np.ndarray:
    return np.ones((origins, STEPS, 2))


def share_inside(actual: np.ndarray, quantiles: np.ndarray, pair: int) -> float:
    return float(((actual >= quantiles[..., 3 - pair]) & (actual <= quantiles[..., 5 + pair])).mean())


def test_factors__are_the_quantiles_of_the_errors() -> None:
    factors = fit_factors(errors(900, 5.0), np.zeros((900, STEPS)), ones(900), DAY, days=1e6)
    assert factors.shape == (DAYS, len(PAIRS))
    np.testing.assert_allclose(factors.mean(0), [5 * 0.2533, 5 * 0.5244, 5 * 0.8416, 5 * 1.2816], rtol=0.03)


@pytest.mark.parametrize("pair", range(len(PAIRS)))
def test_calibrated_bands__hold_their_share_of_other_errors(pair) -> None:
    median = np.full((400, STEPS), 70.0)
    factors = fit_factors(70 + errors(400, 3.0), median, ones(400), DAY, days=1e6)
    bands = calibrated(median, ones(400), factors, DAY)
    assert share_inside(70 + errors(400, 3.0, seed=1), bands, pair) == pytest.approx(PAIRS[pair], abs=0.02)


def test_calibrated_bands__follow_the_distances() -> None:
    """At night, where the network is sure of itself, bands stay narrow; and they may be wider above than below."""
    night = np.tile(np.where(np.arange(DAY) < 4, 0.01, 1.0), DAYS)
    distance = np.broadcast_to(np.stack([night, 2 * night], -1), (50, STEPS, 2))
    factors = fit_factors(errors(50, night), np.zeros((50, STEPS)), distance, DAY, days=50)
    bands = calibrated(np.zeros((50, STEPS)), distance, factors, DAY)
    np.testing.assert_allclose(bands[:, 0], 0.01 * bands[:, 4])
    np.testing.assert_allclose(bands[..., 8], -2 * bands[..., 0])


def test_calibrated__keeps_the_median_and_never_crosses() -> None:
    rng = np.random.default_rng(0)
    median, distance = rng.normal(0, 9, (11, STEPS)), rng.gamma(1.0, 2.0, (11, STEPS, 2))
    bands = calibrated(median, distance, fit_factors(rng.normal(0, 9, (11, STEPS)), median, distance, DAY, 14), DAY)
    np.testing.assert_array_equal(bands[..., 4], median)
    assert (np.diff(bands, axis=-1) >= 0).all()


def test_bands__do_not_inherit_the_bias_of_the_validation_weeks() -> None:
    factors = fit_factors(errors(200, 1.0) + 4, np.zeros((200, STEPS)), ones(200), DAY, days=1e6)
    bands = calibrated(np.zeros((1, STEPS)), ones(1), factors, DAY)
    np.testing.assert_allclose(bands[..., 0], -bands[..., 8])
    assert bands[0, 0, 8] > 4


def test_fewer_days__wider_bands() -> None:
    made = [fit_factors(errors(60, 1.0), np.zeros((60, STEPS)), ones(60), DAY, days) for days in (14, 33, 1e6)]
    assert (made[0][:, -1] > made[1][:, -1]).all()
    assert (made[1][:, -1] > made[2][:, -1]).all()


def test_lead_days__have_their_own_factors_drawn_to_the_common_ones() -> None:
    growing = np.repeat(np.arange(1.0, DAYS + 1), DAY)
    few, many = (fit_factors(errors(80, growing), np.zeros((80, STEPS)), ones(80), DAY, days)[:, -1]
                 for days in (14, 1e4))
    assert (np.diff(many) > 0.8).all()
    assert (np.diff(few) > 0).all()
    assert np.ptp(few) < np.ptp(many) / 2


def test_unmeasured__a_lead_day_takes_the_others_and_nothing_at_all_leaves_the_distances() -> None:
    actual = errors(40, 2.0)
    actual[:, DAY:2 * DAY] = np.nan
    factors = fit_factors(actual, np.zeros((40, STEPS)), ones(40), DAY, days=1e6)
    np.testing.assert_allclose(factors[1], np.delete(factors, 1, 0).mean(0), rtol=0.1)
    nothing = fit_factors(np.full((3, STEPS), np.nan), np.zeros((3, STEPS)), ones(3), DAY, days=14)
    np.testing.assert_array_equal(nothing, 1.0)


def quantiles(below: float, above: float) -> np.ndarray:
    row = np.concatenate([np.linspace(-below, 0, 5), np.linspace(0, above, 5)[1:]])
    return np.broadcast_to(100 + row, (1, STEPS, 9))


def test_distances__are_the_network_s_where_the_weeks_are_as_restless_as_it_says() -> None:
    lags = np.broadcast_to(np.asarray([95.0, 105.0]), (1, STEPS, 2))                       # standard deviation 5
    np.testing.assert_allclose(distances(quantiles(5, 5), lags, 0.1), 5.0)
    skewed = distances(quantiles(2, 6), lags, 0.1)
    np.testing.assert_allclose(skewed[..., 1], 3 * skewed[..., 0])


def test_distances__are_smaller_after_calm_weeks() -> None:
    calm = np.broadcast_to(np.asarray([100 - 5 / 8, 100 + 5 / 8]), (1, STEPS, 2))
    np.testing.assert_allclose(distances(quantiles(5, 5), calm, 0.1), 5 / 2)


def test_distances__without_different_weeks_are_the_network_s_and_never_zero() -> None:
    equal = np.full((1, STEPS, 4), 100.0)
    np.testing.assert_allclose(distances(quantiles(5, 5), equal, 0.1), 5.0)
    np.testing.assert_allclose(distances(quantiles(0, 0), equal, 0.1), 0.1)


def test_lag_distances__are_as_wide_as_the_weeks_lie_apart_at_the_time_of_day() -> None:
    apart = np.zeros(STEPS)
    apart[np.arange(STEPS) % DAY == 1] = 5.0                     # each day's second step, and nothing at night
    apart[:DAY] *= np.sqrt(STEPS // DAY)                          # all of it on the first day: the days' mean counts
    apart[DAY:] = 0.0
    lags = np.stack([100 - apart, 100 + apart], -1)[None]
    found = lag_distances(lags, DAY, 0.1)
    assert found.shape == (1, STEPS, 2)
    np.testing.assert_allclose(found[0, np.arange(STEPS) % DAY == 1], 5.0)
    np.testing.assert_allclose(found[0, np.arange(STEPS) % DAY != 1], 0.1)
