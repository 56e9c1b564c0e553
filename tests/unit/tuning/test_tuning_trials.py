"""Searches that are killed: whenever it happens, the next call ends as if it had not happened."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from opened_study import PLAN, opened
from optuna.trial import TrialState

from wattcast.errors import ConfigError
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.confirm import Choice
from wattcast.tuning.objective import Objective
from wattcast.tuning.search import SearchResult, search
from wattcast.tuning.stages import began, newest, scores
from wattcast.tuning.study import PRICE, asked_for
from wattcast.tuning.trials import DEAREST, TrialLoop

SPACE = {"d_model": [16, 32, 48, 64], "n_layers": [1, 2], "lr": [0.001, 0.01, 0.1], **{key: [value] for key, value in {
    "d_ff_ratio": 2.0, "drop_rate": 0.2, "d_state": 4, "d_conv": 3, "expand": 1.5, "patch_len": 24, "stride_ratio": 1.0,
    "batch_size": 4, "power_weight": 1.0, "not_use_power_weight": 1.0}.items()}}
CONFIG = TuningConfig(n_trials=7, space=SPACE)


def loss(values: dict[str, float]) -> float:
    return 1 / values["d_model"] + values["lr"] / 100 + values["n_layers"] / 1000


def ended(found: SearchResult) -> tuple[list[Any], Choice]:
    """What each training came to, whatever the numbers of its trials, and what was chosen."""
    made, newest_ = scores(found.trials), newest(found.trials)
    trainings = [(trial.params, trial.state, made[number]) for number, trial in newest_.items()]
    return trainings, found.trials[found.choice.number].params


def killed(run: Callable[[], object]) -> None:
    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def undisturbed(data, recipe, tmp_path, pretended) -> SearchResult:
    pretended(loss)
    return search(data, recipe, CONFIG, tmp_path / "undisturbed")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_killed_again_and_again__ends_as_if_it_had_not_been(data, recipe, tmp_path, undisturbed, monkeypatch) -> None:
    honest = Objective.train
    epochs: list[int] = []

    def train(self: Objective, values: dict[str, float], *rest: object, on_epoch: Callable[..., None]) -> float:
        def count(record: object) -> None:
            epochs.append(1)
            if len(epochs) == 3:        # its checkpoint is written, and nobody was told
                die()
            on_epoch(record)

        return honest(self, values, *rest, on_epoch=count)

    run = partial(search, data, recipe, CONFIG, tmp_path / "killed")
    with monkeypatch.context() as dying:
        dying.setattr(Objective, "train", train)
        for _ in range(4):
            killed(run)
    found = run()
    assert ended(found) == ended(undisturbed)
    assert sum(trial.state == TrialState.FAIL for trial in found.trials) == 4
    assert len(asked_for(found.trials)) == 7


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_killed_in_the_comparison__goes_on_with_it(data, recipe, tmp_path, undisturbed, monkeypatch) -> None:
    honest = Objective.train_in_full
    trained: list[dict[str, float]] = []

    def in_full(self: Objective, values: dict[str, float], folder: Path, **options: object) -> np.ndarray:
        if values["d_model"] != 16:
            die()
        return honest(self, values, folder, **options)

    def noted(self: Objective, values: dict[str, float], folder: Path, **options: object) -> np.ndarray:
        trained.append(dict(values))
        return honest(self, values, folder, **options)

    run = partial(search, data, recipe, CONFIG, tmp_path / "killed")
    with monkeypatch.context() as dying:
        dying.setattr(Objective, "train_in_full", in_full)
        killed(run)
    monkeypatch.setattr(Objective, "train_in_full", noted)
    found = run()
    # Today's was done before, and is not done again, nor is anything by a further call.
    compared = found.choice.confirmations[1:]
    assert trained == [found.trials[each.number].params for each in compared]
    assert ended(found) == ended(undisturbed)
    assert ended(run()) == ended(found)
    assert len(trained) == len(compared) >= 1
    assert not list((found.folder / "full").iterdir())


@pytest.mark.parametrize(("failing", "d_model", "said"), [
    (lambda values: values["d_model"] == 16, 64, "today's configuration could not be trained in full (astray); trial "),
    (lambda values: values["d_model"] != 16, 16, "what was found could not be trained in full (astray): today's"),
])
def test_training_in_full__that_fails_leaves_the_other(data, recipe, tmp_path, pretended, monkeypatch, failing, d_model,
                                                       said) -> None:
    pretended(lambda values: 1 / values["d_model"])
    honest = Objective.train_in_full

    def in_full(self: Objective, values: dict[str, float], folder: Path, **options: object) -> np.ndarray:
        if failing(values):
            raise ConfigError("astray", hint="lower training.lr")
        return honest(self, values, folder, **options)

    monkeypatch.setattr(Objective, "train_in_full", in_full)
    config = TuningConfig(n_trials=4, space={**SPACE, "d_model": [16, 64]})
    found = search(data, recipe, config, tmp_path)
    assert found.recipe.model.d_model == d_model
    assert found.choice.verdict.startswith(said)


def test_stages__are_priced_and_the_best_third_go_to_the_end(undisturbed) -> None:
    went = [trial for trial in newest(undisturbed.trials).values() if trial.state == TrialState.COMPLETE]
    assert 2 <= len(went) - 1 <= 4
    others = [trial for trial in newest(undisturbed.trials).values() if trial not in went]
    assert min(trial.value for trial in went[1:]) <= min(loss(trial.params) for trial in others)
    assert all(trial.user_attrs[PRICE] > 0 for trial in asked_for(undisturbed.trials))
    for trial in went[1:]:
        first = undisturbed.trials[began(trial)]
        assert list(first.intermediate_values) == [1]
        assert list(trial.intermediate_values) == [1, 2, 3, 4]
        # Three epochs are left of four, the first of which was made before.
        assert trial.user_attrs[PRICE] == pytest.approx(3 * first.user_attrs[PRICE], rel=0.1)


def test_handful_of_trials__are_all_trained_to_the_end(data, recipe, tmp_path, pretended) -> None:
    """The seed's five: three of them at least are to be complete."""
    pretended(loss)
    found = search(data, recipe, TuningConfig(n_trials=5, space=SPACE), tmp_path)
    assert found.plan.ends == (found.plan.epochs,)
    assert [trial.state for trial in asked_for(found.trials)].count(TrialState.COMPLETE) >= 4


def test_price__too_high_is_corrected_by_what_was_taken(data, recipe, tmp_path, pretended, monkeypatch) -> None:
    pretended(loss)
    monkeypatch.setattr(Objective, "seconds_per_window",
                        lambda self, values, **_: self.times_today(values) if values else 1.0)
    told: list[Any] = []
    found = search(data, recipe, TuningConfig(n_trials=5, space=SPACE, optuna_timeout=9), tmp_path, told.append)
    # Today's, which takes 53 s by its price and nothing in truth, lets the others fit.
    assert len(asked_for(found.trials)) == 5
    assert "about 1 of 5 trials fit in 9 s" in told[0]


@pytest.mark.parametrize(("times", "goes_on", "at_last"), [(0.9, True, True), (1.1, False, True), (9, False, False)])
def test_going_on__waits_where_it_is_dear_and_others_are_to_be_begun(tmp_path, times, goes_on, at_last) -> None:
    objective = SimpleNamespace(shape=lambda _: "a shape", times_today=lambda _: times)
    with opened(tmp_path, optuna_timeout=PLAN.seconds(1.0, PLAN.epochs) / DEAREST) as study:
        loop = TrialLoop(study, objective, time.monotonic() + study.config.optuna_timeout, None)
        trial = study.study.ask(study.distributions)
        assert loop._may_go_on(trial, 1, False) == goes_on
        assert loop._may_go_on(trial, 1, True) == at_last
