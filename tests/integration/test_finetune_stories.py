"""What an update is for, in small: a works that changes, one that does not, and data that is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast import Forecaster

FIRST, CHANGE, DAY = "2025-01-01", 100, 24
NEW_DAYS, FOLLOWING_DAYS = 28, 21
CONFIG = {
    "data": {"targets": {"total_active_power": "power"}, "known_future": ["plan"], "time": {"step": "1h"},
             "kind": "load"},
    "model": {"d_model": 16, "n_layers": 1, "patch_len": 24, "drop_rate": 0.0}, "features": {"calendar": False},
    "training": {"epochs": 12, "batches_per_epoch": 20, "batch_size": 16, "lr": 0.005, "members": 1,
                 "boosted_trees": False, "base_windows": 0},
    "windows": {"validation_origins": 16}, "evaluation": {"holdout_weeks": 0},
}


def works(per_tonne: float) -> pd.DataFrame:
    """Power that follows a plan: 3 kWh a tonne, and from the change on `per_tonne`."""
    rng = np.random.default_rng(4)
    days = CHANGE + NEW_DAYS + FOLLOWING_DAYS
    plan = np.repeat(rng.choice([0, 30, 60, 100], 3 * days), 8)
    energy = np.where(np.arange(len(plan)) < CHANGE * DAY, 3.0, per_tonne)
    time = pd.date_range(FIRST, periods=len(plan), freq="1h")
    return pd.DataFrame({"time": time, "plan": plan, "power": 200 + energy * plan + rng.normal(0, 8, len(plan))})


@pytest.fixture(scope="module")
def trained() -> Forecaster:
    return Forecaster(CONFIG).fit(works(3.0).iloc[:CHANGE * DAY])


@pytest.fixture
def forecaster(trained: Forecaster, tmp_path: Path) -> Forecaster:
    """A copy that knows its history, too."""
    trained.save(tmp_path / "model")
    copy = Forecaster.load(tmp_path / "model")
    copy.settings, copy._history = trained.settings, trained._history
    return copy


def error(forecaster: Forecaster, table: pd.DataFrame, skipped: int = 0) -> float:
    """Mean absolute error over the weeks that follow the new rows, without the first few."""
    first = pd.Timestamp(FIRST) + pd.Timedelta(days=CHANGE + NEW_DAYS)
    errors = []
    for origin in pd.date_range(first, periods=FOLLOWING_DAYS // 7, freq="7D")[skipped:]:
        made = forecaster.predict(table, at=str(origin))["total_active_power"].to_numpy()
        start = (origin - pd.Timestamp(FIRST)) // pd.Timedelta("1h")
        errors.append(np.abs(made - table["power"].to_numpy()[start:start + 168]).mean())
    return float(np.mean(errors))


def new_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[CHANGE * DAY:(CHANGE + NEW_DAYS) * DAY]


def test_regime_change__the_update_is_better_and_forgets_little(forecaster: Forecaster) -> None:
    table = works(4.5)
    # Over the first week the champion still follows the step of level by itself.
    stale = error(forecaster, table, skipped=1)
    decision = forecaster.finetune(new_rows(table))
    assert decision.promoted, decision.reasons
    # The champion's adjusted days follow most of the change by themselves: without them its error is four times this.
    assert stale < 30
    assert error(forecaster, table, skipped=1) < 0.95 * stale
    guard = decision.to_dict()["guard"]["total_active_power"]
    assert guard["candidate"]["mae"] <= 1.05 * guard["champion"]["mae"]


def test_tenth_less__is_followed_and_the_old_weeks_are_forecast_as_well() -> None:
    """By a champion so exact that a tenth is much to it; with the weeks that come in it makes up for some of that."""
    exact = {**CONFIG, "training": {**CONFIG["training"], "epochs": 18, "lr": 0.01}}
    forecaster = Forecaster(exact).fit(works(3.0).iloc[:CHANGE * DAY])
    table = works(3.0)
    table["power"] *= np.where(np.arange(len(table)) < CHANGE * DAY, 1.0, 0.9)
    stale = error(forecaster, table)
    decision = forecaster.finetune(new_rows(table))
    assert decision.promoted, decision.reasons
    assert error(forecaster, table) < 0.95 * stale
    guard = decision.to_dict()["guard"]["total_active_power"]
    assert guard["candidate"]["mae"] <= 1.05 * guard["champion"]["mae"]


def test_nothing_changed__no_promotion_or_no_harm(forecaster: Forecaster) -> None:
    table = works(3.0)
    before = error(forecaster, table)
    decision = forecaster.finetune(new_rows(table))
    assert error(forecaster, table) <= (1.02 if decision.promoted else 1.0) * before


@pytest.mark.parametrize("poison", [lambda x: 1000 * x, lambda x: x / 4, lambda x: 0 * x + 350.0])
def test_wrong_rows__are_rejected_and_the_forecasts_stay(forecaster: Forecaster,
                                                         poison: Callable[[pd.Series], pd.Series]) -> None:
    table = works(3.0)
    before = forecaster.predict(table)
    decision = forecaster.finetune(new_rows(table).assign(power=lambda rows: poison(rows["power"])))
    assert not decision.promoted
    pd.testing.assert_frame_equal(forecaster.predict(table), before)
