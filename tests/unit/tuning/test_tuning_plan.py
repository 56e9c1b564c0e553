from dataclasses import replace

import numpy as np
import pytest

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan, duration, mean_price, percentage, plan_trials

TRAINING = {"epochs": 30, "windows": 1280, "largest_batch": 512, "scored": 0}
"""Today's: 38 400 windows."""
PRICES = np.asarray([1.0, 2.0, 4.0, 8.0, 16.0, 64.0])
"""Of the space, in those of today's."""


def plan(window: float, prices: np.ndarray = PRICES, **config: object) -> Plan:
    return plan_trials(TuningConfig(**config), window=window, prices=prices, **TRAINING)


def test_plan__of_a_fast_machine_is_a_whole_training_and_draws_all_alike() -> None:
    found = plan(1e-6, n_trials=5)
    assert (found.epochs, found.windows, found.share, found.even) == (30, 1280, 1.0, 64)
    assert found.times == pytest.approx(PRICES.mean())
    assert [found.how_often(times) for times in PRICES] == [1.0] * 6


def test_plan__of_a_slower_one_has_fewer_epochs_then_shorter_ones_and_draws_what_is_dear_more_seldom() -> None:
    found = [plan(window, n_trials=100) for window in (2e-4, 2e-3, 2e-2)]
    windows = [each.epochs * each.windows for each in found]
    assert windows == sorted(windows, reverse=True)
    assert windows[-1] == 9 * 512
    assert found[-1].even < 1.1
    assert [replace(found[-1], even=1.0).how_often(times) for times in (0.5, 1, 2, 4)] == [1, 1, 1 / 4, 1 / 16]
    assert all(each.average <= 36 for each in found[:-1])


def test_mean_price__counts_what_is_drawn() -> None:
    assert mean_price(np.asarray([1.0, 2.0]), 1.0) == pytest.approx((1 + 2 / 4) / (1 + 1 / 4))
    assert mean_price(np.asarray([1.0, 2.0]), 2.0) == 1.5


def test_plan__of_epochs_that_are_given_does_not_depend_on_the_machine() -> None:
    for window in (1e-6, 1e-2, 9.0):
        found = plan(window, trial_epochs=4)
        assert (found.epochs, found.windows, found.share) == (4, 1280, 4 / 30)


def test_low_fidelity__is_a_third_of_the_usual_and_lets_more_trials_fit() -> None:
    usual, low = (plan(0.1, fidelity=fidelity) for fidelity in ("usual", "low"))
    assert (usual.ends, low.ends) == ((1, 3, 9), (1, 3))
    assert low.windows == usual.windows == 512
    config = TuningConfig()
    assert usual.fitting(config) < low.fitting(config) < 100
    assert usual.fitting(config, usual.low) == pytest.approx(low.fitting(config), abs=2)


def test_stages__cost_what_a_third_of_each_costs() -> None:
    found = Plan(9, 90, 0.1, 30, 0.1, halving=True, even=1.0, times=2.0, low=1.0)
    assert found.ends == (1, 3, 9)
    # An epoch takes 10 s of today's configuration, whose trial goes to its end.
    assert found.today == pytest.approx(90)
    assert found.average == pytest.approx(2 * 10 * (1 + 2 / 3 + 6 / 9))
    assert replace(found, halving=False).average == pytest.approx(180)
    assert replace(found, halving=False).ends == (9,)


def test_fitting__counts_today_s_and_what_is_left_after_it() -> None:
    found = Plan(9, 90, 0.1, 30, 0.1, halving=True, even=1.0, times=3.0, low=35.0)
    assert found.average == pytest.approx(70)
    config = TuningConfig(n_trials=100, optuna_timeout=90 + 7.5 * 70)
    assert found.fitting(config) == 8
    assert found.fitting(config, found.low) == 16
    assert found.fitting(TuningConfig(n_trials=5, optuna_timeout=1e6)) == 5
    assert found.fitting(TuningConfig(n_trials=5, optuna_timeout=1)) == 1


def test_five_trials__are_over_within_five_minutes_by_their_prices() -> None:
    for window in (1e-4, 1e-3, 5e-3):
        found = plan(window, n_trials=5)
        assert found.today + 4 * found.average <= 5 * 60 + found.today


def test_words__say_what_a_trial_is_and_how_many_fit() -> None:
    found = plan(0.02)
    assert found.in_words(TuningConfig()) == (
        "each trial sees 512 windows and the best third go on, to 4608 (12 % of a training's) in 9 epochs; today's "
        "configuration takes about 92.2 s, those that are drawn 1.5 times as long; about 98 of 100 trials fit in 60 "
        "min; 100 with --fidelity low")
    assert replace(found, times=4.0).in_words(TuningConfig(fidelity="low")).endswith("37 of 100 trials fit in 60 min")
    assert plan(1e-5, optuna_pruning=False).in_words(TuningConfig()).startswith(
        "each trial sees 38400 windows (as many as a training of a network) in 30 epochs; ")


@pytest.mark.parametrize(("share", "text"), [(0, "none"), (0.5, "50 %"), (0.02, "2 %"), (0.0135, "1.4 %"),
                                             (0.0005, "0.05 %"), (1, "100 %")])
def test_percentage__of_little_has_decimals(share: float, text: str) -> None:
    assert percentage(share) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.5, "0.5 s"), (91.23, "91.2 s"), (119, "119 s"), (120, "2 min"),
                                               (3600, "60 min")])
def test_duration__in_seconds_or_minutes(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_handful_of_trials__are_short_rather_than_many_minutes() -> None:
    """Where the time for one is less than nine epochs take, those of five trials have three at least."""
    few, many = (plan(2e-2, n_trials=trials) for trials in (5, 6))
    assert few.ends == (few.epochs,)
    assert 3 <= few.epochs < 9 <= many.epochs
