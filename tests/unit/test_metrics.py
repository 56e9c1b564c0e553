import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wattcast import metrics
from wattcast.errors import WattcastError

ACTUAL = np.array([100.0, 200.0, np.nan, -50.0, 0.0])
FORECAST = np.array([110.0, 180.0, 999.0, -40.0, 5.0])
POINTWISE = (metrics.mae, metrics.rmse, metrics.bias, metrics.wape, metrics.mape, metrics.accuracy)

finite = st.integers(-10**7, 10**7).map(lambda thousandths: thousandths / 1000)


@pytest.mark.parametrize(("measure", "expected"), [
    (metrics.mae, 45 / 4),
    (metrics.rmse, math.sqrt((100 + 400 + 100 + 25) / 4)),
    (metrics.bias, (10 - 20 + 10 + 5) / 4),
    (metrics.wape, 45 / 350),
    (metrics.mape, (0.1 + 0.1) / 2),
    (metrics.accuracy, 0.9),
])
def test_measures__known_values_with_a_missing_step(measure, expected):
    assert measure(ACTUAL, FORECAST) == pytest.approx(expected)


@pytest.mark.parametrize("measure", POINTWISE)
def test_measures__nothing_measured_is_nan(measure):
    assert math.isnan(measure(np.full(3, np.nan), np.ones(3)))


def test_percentages__no_power_is_nan_and_never_infinite():
    assert math.isnan(metrics.wape(np.zeros(4), np.ones(4)))
    assert math.isnan(metrics.mape(np.array([0.0, -3.0]), np.ones(2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("measure", POINTWISE)
def test_measures__incomplete_forecast_is_an_error_even_where_nothing_was_measured(measure, bad):
    with pytest.raises(WattcastError, match="missing values") as error:
        measure(np.array([1.0, np.nan, 3.0]), np.array([1.0, bad, 3.0]))
    assert "1 of 3" in str(error.value)


def test_measures__shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="shape"):
        metrics.mae(np.ones(4), np.ones(1))


def test_nmae__is_mae_over_capacity():
    assert metrics.nmae(ACTUAL, FORECAST, 450.0) == pytest.approx(0.025)
    with pytest.raises(ValueError, match="capacity"):
        metrics.nmae(ACTUAL, FORECAST, 0.0)


def test_skill__perfect_equal_worse_and_undefined():
    assert metrics.skill(0.0, 4.0) == 1.0
    assert metrics.skill(4.0, 4.0) == 0.0
    assert metrics.skill(6.0, 4.0) == -0.5
    assert math.isnan(metrics.skill(1.0, 0.0))


def test_pinball__weighs_under_and_over_forecast_by_the_level():
    quantiles = np.array([[8.0, 12.0], [np.pi, np.pi]])
    loss = metrics.pinball(np.array([10.0, np.nan]), quantiles, (0.1, 0.9))
    assert loss == pytest.approx((0.1 * 2 + (1 - 0.9) * 2) / 2)
    late = metrics.pinball(np.array([10.0]), np.array([[4.0]]), (0.9,))
    early = metrics.pinball(np.array([10.0]), np.array([[16.0]]), (0.9,))
    assert late == pytest.approx(5.4)
    assert early == pytest.approx(0.6)


@pytest.mark.parametrize("quantiles", [np.ones(3), np.ones((3, 3)), np.ones((2, 2))])
def test_pinball__shapes_that_do_not_fit_are_refused(quantiles):
    with pytest.raises(ValueError, match=r"shape|levels"):
        metrics.pinball(np.ones(3), quantiles, (0.1, 0.9))


def test_pinball__incomplete_quantiles_are_an_error():
    with pytest.raises(WattcastError, match="missing values"):
        metrics.pinball(np.ones(2), np.array([[1.0, np.nan], [1.0, 1.0]]), (0.1, 0.9))


def test_coverage__bounds_count_as_inside_and_missing_steps_do_not_count():
    actual = np.array([1.0, 2.0, 3.0, np.nan, 4.5])
    assert metrics.coverage(actual, np.full(5, 1.0), np.full(5, 3.0)) == pytest.approx(3 / 4)
    assert math.isnan(metrics.coverage(np.array([np.nan]), np.zeros(1), np.ones(1)))


@settings(max_examples=40)
@given(hnp.arrays(np.float64, 17, elements=finite), hnp.arrays(np.float64, 17, elements=finite),
       hnp.arrays(np.bool_, 17))
def test_measures__missing_steps_are_as_good_as_absent(actual, forecast, missing):
    gappy = np.where(missing, np.nan, actual)
    for measure in POINTWISE:
        expected = measure(actual[~missing], forecast[~missing])
        assert measure(gappy, forecast) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=40)
@given(hnp.arrays(np.float64, 13, elements=finite), hnp.arrays(np.float64, 13, elements=finite))
def test_measures__relations_between_them(actual, forecast):
    mae = metrics.mae(actual, forecast)
    assert abs(metrics.bias(actual, forecast)) <= mae + 1e-9
    assert mae <= metrics.rmse(actual, forecast) + 1e-9
    assert metrics.pinball(actual, forecast[:, None], (0.5,)) == pytest.approx(mae / 2)


def test_nrmse__is_over_the_capacity() -> None:
    assert metrics.nrmse([1.0, 2, np.nan], [1.0, 6, 9], 40) == pytest.approx(8 ** 0.5 / 40)
    with pytest.raises(ValueError, match="capacity"):
        metrics.nrmse([1.0], [1.0], 0)


def test_mase__is_scaled_by_the_naive_error_of_the_training_data() -> None:
    history = [1.0, 2, 4, np.nan, 9, 6]
    # Two apart: |4 − 1|, |9 − 4|; the pairs with the gap do not count.
    assert metrics.seasonal_error(history, 2) == pytest.approx(4)
    assert metrics.mase([1.0, 2], [3.0, 2], metrics.seasonal_error(history, 2)) == pytest.approx(0.25)
    assert np.isnan(metrics.seasonal_error(history, 9))
    assert np.isnan(metrics.mase([1.0], [2.0], metrics.seasonal_error([3.0, 3, 3], 1)))
