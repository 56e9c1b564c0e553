import numpy as np
import pytest

from wattcast.forecasting.level import BOUNDS, choose_share, follow, recent_ratio

RNG = np.random.default_rng(0)


def test_ratio__is_measured_over_forecast_where_measured() -> None:
    forecast = np.full((2, 4, 1), 10.0)
    actual = np.stack([np.full((4, 1), 9.0), np.asarray([[12.0], [np.nan], [12.0], [12.0]])])
    np.testing.assert_allclose(recent_ratio(actual, forecast), [[0.9], [1.2]])


@pytest.mark.parametrize("actual", [[np.nan, np.nan, np.nan, 5.0], [np.nan] * 4, [0.0] * 4, [-3.0] * 4])
def test_ratio__is_1_where_it_cannot_be_said(actual) -> None:
    assert recent_ratio(np.asarray(actual)[None, :, None], np.full((1, 4, 1), 10.0)) == 1.0


def test_ratio__of_a_forecast_of_nothing_is_1_and_none_is_without_bounds() -> None:
    assert recent_ratio(np.full((1, 4, 1), 10.0), np.zeros((1, 4, 1))) == 1.0
    assert recent_ratio(np.full((1, 4, 1), 1000.0), np.ones((1, 4, 1))) == BOUNDS[1]
    assert recent_ratio(np.full((1, 4, 1), 1e-9), np.ones((1, 4, 1))) == BOUNDS[0]


def test_follow__goes_the_share_of_the_way() -> None:
    forecast, ratio = np.full((2, 3), 100.0), np.asarray([0.9, 1.2])
    np.testing.assert_allclose(follow(forecast, ratio, 0.5), [[95.0] * 3, [110.0] * 3])
    np.testing.assert_array_equal(follow(forecast, ratio, 0.0), forecast)


def period(lost: float, noise: float = 1.0, told: float | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts of a station that gives `lost` times what they say, and ratios that tell so, or `told`."""
    forecast = RNG.uniform(50, 150, (20, 30))
    return forecast, np.full(20, lost if told is None else told), lost * forecast + RNG.normal(0, noise, forecast.shape)


def test_share__all_of_it_where_the_ratio_tells_the_truth() -> None:
    assert choose_share([period(0.9)]) == 1.0


def test_share__none_where_nothing_changed_or_the_ratio_is_noise() -> None:
    forecast, _, actual = period(1.0, noise=20.0)
    assert choose_share([(forecast, RNG.normal(1, 0.2, 20), actual)]) == 0.0
    assert choose_share([(forecast, np.ones(20), actual)]) == 0.0


def test_share__half_where_it_exaggerates() -> None:
    assert choose_share([period(0.95, told=0.9)]) == 0.5


def test_share__a_new_period_counts_as_much_as_an_old_one() -> None:
    old, new = period(1.0, told=1.02), period(0.8)
    assert choose_share([old]) == 0.0
    assert choose_share([old, new]) > 0.0


def test_share__without_measurements_is_none() -> None:
    forecast = np.ones((2, 3))
    assert choose_share([(forecast, np.full(2, 0.5), np.full((2, 3), np.nan))]) == 0.0
