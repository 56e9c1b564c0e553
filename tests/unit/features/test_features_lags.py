"""Seasonal lags: tell-tale numbers say which week a value came from."""

import numpy as np
import pandas as pd
import pytest

from wattcast.errors import ConfigError
from wattcast.features.lags import lag_names, seasonal_lags
from wattcast.timegrid import WallGrid

WEEK = 7 * 24
HOUR = pd.Timedelta("1h")
GRID = WallGrid.of(pd.date_range("2025-01-06", periods=5 * WEEK, freq=HOUR, tz="Asia/Shanghai"), HOUR)


def weeks_of_hundreds() -> np.ndarray:
    """`[5 weeks, 2]`: the total of week 1 in the 100s, week 2 in the 200s …; the part a tenth of it."""
    total = np.concatenate([100 * (week + 1) + np.arange(WEEK) / 10 for week in range(5)])
    return np.stack([total, total / 10], 1).astype(np.float32)


def test_lags__come_from_the_right_week() -> None:
    lags = seasonal_lags(weeks_of_hundreds(), (1, 3), WEEK, GRID)
    assert lags.shape == (5 * WEEK, 2, 2)
    assert lags.dtype == np.float32
    step = 4 * WEEK + 5                                    # in the 500s
    np.testing.assert_allclose(lags[step, 0], [400.5, 200.5])
    np.testing.assert_allclose(lags[step, 1], [40.05, 20.05])


def test_lags__missing_where_the_value_is_or_before_the_first_row() -> None:
    targets = weeks_of_hundreds()
    targets[7, 0] = np.nan
    lags = seasonal_lags(targets, (1, 9), WEEK, GRID)
    assert np.isnan(lags[:WEEK, :, 0]).all()
    assert np.isnan(lags[WEEK + 7, 0, 0])
    assert np.isfinite(lags[WEEK + 7, 1, 0])
    assert np.isnan(lags[..., 1]).all()                    # nine weeks back reaches before five weeks of rows


def test_lags__over_the_horizon_use_no_row_of_the_horizon() -> None:
    targets = weeks_of_hundreds()
    disturbed = targets.copy()
    disturbed[4 * WEEK:] = -1e6
    plain, other = (seasonal_lags(each, (1, 2), WEEK, GRID) for each in (targets, disturbed))
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("change", ["2024-03-31", "2024-10-27"])
def test_lags__weeks_by_the_clock(by_the_clock, change: str) -> None:
    load = by_the_clock("Europe/Berlin", f"{pd.Timestamp(change) - pd.Timedelta(weeks=2):%Y-%m-%d}", 35, "1h")
    lags = seasonal_lags(load.to_numpy()[:, None], (1, 2), WEEK, WallGrid.of(load.index, HOUR))[:, 0]
    for week in (1, 2):
        known = np.isfinite(lags[:, week - 1])
        # The hour that spring left out has no value a week after it.
        assert known[week * WEEK + 2:].mean() > 0.997
        np.testing.assert_allclose(lags[known, week - 1], load[known], rtol=1e-6)


@pytest.mark.parametrize("week", [0, -1])
def test_lags__below_a_week_are_refused(week: int) -> None:
    with pytest.raises(ConfigError, match="a week or more"):
        seasonal_lags(weeks_of_hundreds(), (1, week), WEEK, GRID)


def test_names__one_target_after_the_other() -> None:
    assert lag_names(("total_active_power", "not_use_power"), (1, 4)) == (
        "total_active_power_lag_1w", "total_active_power_lag_4w", "not_use_power_lag_1w", "not_use_power_lag_4w")
