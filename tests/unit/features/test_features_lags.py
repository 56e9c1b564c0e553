"""Seasonal lags: tell-tale numbers say which week a value came from."""

import numpy as np
import pytest

from wattcast.errors import ConfigError
from wattcast.features.lags import lag_names, seasonal_lags

WEEK = 7 * 24


def weeks_of_hundreds() -> np.ndarray:
    """`[5 weeks, 2]`: the total of week 1 in the 100s, week 2 in the 200s …; the part a tenth of it."""
    total = np.concatenate([100 * (week + 1) + np.arange(WEEK) / 10 for week in range(5)])
    return np.stack([total, total / 10], 1).astype(np.float32)


def test_lags__come_from_the_right_week() -> None:
    lags = seasonal_lags(weeks_of_hundreds(), (1, 3), WEEK)
    assert lags.shape == (5 * WEEK, 2, 2)
    assert lags.dtype == np.float32
    step = 4 * WEEK + 5                                    # in the 500s
    np.testing.assert_allclose(lags[step, 0], [400.5, 200.5])
    np.testing.assert_allclose(lags[step, 1], [40.05, 20.05])


def test_lags__missing_where_the_value_is_or_before_the_first_row() -> None:
    targets = weeks_of_hundreds()
    targets[7, 0] = np.nan
    lags = seasonal_lags(targets, (1, 9), WEEK)
    assert np.isnan(lags[:WEEK, :, 0]).all()
    assert np.isnan(lags[WEEK + 7, 0, 0])
    assert np.isfinite(lags[WEEK + 7, 1, 0])
    assert np.isnan(lags[..., 1]).all()                    # nine weeks back reaches before five weeks of rows


def test_lags__over_the_horizon_use_no_row_of_the_horizon() -> None:
    targets = weeks_of_hundreds()
    disturbed = targets.copy()
    disturbed[4 * WEEK:] = -1e6
    np.testing.assert_array_equal(seasonal_lags(targets, (1, 2), WEEK), seasonal_lags(disturbed, (1, 2), WEEK))


@pytest.mark.parametrize("week", [0, -1])
def test_lags__below_a_week_are_refused(week: int) -> None:
    with pytest.raises(ConfigError, match="a week or more"):
        seasonal_lags(weeks_of_hundreds(), (1, week), WEEK)


def test_names__one_target_after_the_other() -> None:
    assert lag_names(("total_active_power", "not_use_power"), (1, 4)) == (
        "total_active_power_lag_1w", "total_active_power_lag_4w", "not_use_power_lag_1w", "not_use_power_lag_4w")
