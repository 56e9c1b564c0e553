import pytest

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan, percentage, plan_trials

TRAINING = {"epochs": 30, "windows": 1280, "largest_batch": 512, "scored": 16}
"""Today's: 38 400 windows."""


def plan(window: float, **config: object) -> Plan:
    return plan_trials(TuningConfig(**config), window=window, **TRAINING)


def test_plan__of_a_fast_machine_is_a_whole_training() -> None:
    # 100 s a trial, a third of it for today's: 0.8 ms a window.
    assert plan(8e-4, n_trials=5) == Plan(30, 1280, 1.0, 16, 8e-4)


def test_plan__of_a_slower_one_has_fewer_epochs_and_then_shorter_ones() -> None:
    assert plan(2e-3, n_trials=5) == Plan(13, 1280, 13 / 30, 16, 2e-3)
    # 3 333 windows are less than eight of a training's epochs: they are cut down to the largest batch.
    assert plan(1e-2, n_trials=5) == Plan(6, 512, 6 * 512 / 38400, 16, 1e-2)
    assert plan(1e-2, n_trials=100) == Plan(2, 512, 2 * 512 / 38400, 16, 1e-2)


def test_plan__is_one_batch_at_least() -> None:
    assert plan(9.0) == Plan(1, 512, 512 / 38400, 16, 9.0)


def test_plan__of_epochs_that_are_given_does_not_depend_on_the_machine() -> None:
    for window in (1e-6, 1e-2, 9.0):
        found = plan(window, trial_epochs=4)
        assert (found.epochs, found.windows, found.share) == (4, 1280, 4 / 30)


@pytest.mark.parametrize("window", [1e-5, 1e-3, 4e-3, 1e-2, 2e-2, 4e-2])
@pytest.mark.parametrize("n_trials", [2, 5, 30, 100])
def test_limit__lets_all_trials_together_take_what_there_is(window: float, n_trials: int) -> None:
    config = TuningConfig(n_trials=n_trials, optuna_timeout=3600)
    found = plan(window, n_trials=n_trials)
    whole = n_trials * config.seconds_per_trial
    assert whole <= min(3600, 100 * n_trials) + 1e-6
    # One batch may take longer than a trial should.
    longest = max(whole, n_trials * found.today)
    assert found.today + (n_trials - 1) * found.limit(config) <= longest * (1 + 1e-9)
    assert found.limit(config) >= found.today


def test_five_trials__are_over_within_ten_minutes_by_their_prices() -> None:
    config = TuningConfig(n_trials=5)
    found = plan(0.03, n_trials=5)
    assert found.today + 4 * found.limit(config) <= 500


def test_trial_timeout__is_the_limit_where_it_is_given() -> None:
    found = plan(1e-2, trial_timeout=33.0, n_trials=7)
    assert found.limit(TuningConfig(trial_timeout=33.0)) == 33.0
    assert found.today <= 11.5


def test_seconds__count_what_is_scored_too() -> None:
    assert Plan(4, 12, 1.0, 6, 0.5).seconds(0.25) == 4 * (12 + 2) * 0.25
    assert Plan(4, 12, 1.0, 6, 0.5).today == 28


def test_words__say_what_a_trial_is_and_how_many_fit() -> None:
    assert plan(1e-2, n_trials=5).in_words(TuningConfig(n_trials=5), 0.123) == (
        "each trial sees 3072 windows (8 % of a training's) in 6 epochs; today's configuration takes about 31 s, 12 % "
        "of the configurations in the space fit into the 117 s that a trial may take")


@pytest.mark.parametrize(("share", "text"), [(0, "none"), (0.5, "50 %"), (0.02, "2 %"), (0.0135, "1.4 %"),
                                             (0.0005, "0.05 %"), (1, "100 %")])
def test_percentage__of_little_has_decimals(share: float, text: str) -> None:
    assert percentage(share) == text
