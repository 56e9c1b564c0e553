"""The loop of a search: what ends a trial, what is recorded, what the user is told, and what is chosen."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState

import wattcast.tuning.trials as module
from wattcast.errors import ConfigError, DataError, WattcastError
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.objective import Objective
from wattcast.tuning.plan import Plan
from wattcast.tuning.progress import SearchProgress
from wattcast.tuning.search import SearchResult, search, study_name
from wattcast.tuning.space import search_space
from wattcast.tuning.study import PRICE, REASON, asked_for

SPACE = {"d_model": [16, 32, 48, 64], "n_layers": [1, 2, 3], **{
    key: [value] for key, value in {
        "d_ff_ratio": 2.0, "drop_rate": 0.2, "d_state": 4, "d_conv": 3, "expand": 1.5, "patch_len": 24,
        "stride_ratio": 1.0, "batch_size": 4, "lr": 0.01, "power_weight": 1.0, "not_use_power_weight": 1.0}.items()}}


@pytest.fixture
def searched(data, recipe, tmp_path) -> Callable[..., SearchResult]:
    def run(on_search: Callable[[SearchProgress | str], None] | None = None, **config: object) -> SearchResult:
        return search(data, recipe, TuningConfig(**{"n_trials": 16, "space": SPACE, **config}), tmp_path, on_search)
    return run


def states(found: SearchResult) -> list[str]:
    """How each training ended, however many trials it went on as."""
    return [trial.state.name.lower() for trial in asked_for(found.trials)]


def test_search__prefers_what_is_better_and_trains_that(searched, pretended, recipe) -> None:
    pretended(lambda values: 1 / values["d_model"])
    found = searched()
    assert len(states(found)) == 16
    assert found.recipe.model.d_model == 64
    assert found.trials[found.choice.number].params["d_model"] == 64
    assert found.recipe.training == recipe.training
    assert found.recipe.recipe_hash() != recipe.recipe_hash()
    assert "better than today's configuration, better in 1 of 1 weeks that no trial was scored" in found.choice.verdict


def test_search__that_finds_nothing_better_keeps_today_s(searched, pretended, recipe) -> None:
    pretended(lambda values: values["d_model"] / 100)
    found = searched()
    assert found.choice.number == 0
    assert found.recipe.recipe_hash() == recipe.recipe_hash()
    assert "it is kept" in found.choice.verdict


def test_tie__is_today_s(searched, pretended) -> None:
    pretended(lambda _: 0.5)
    found = searched(n_trials=8)
    assert found.choice.number == 0
    assert found.choice.confirmations == ()


@pytest.mark.parametrize("pruner", ["median", "hyperband", "successive_halving"])
def test_pruner__is_fed_and_stops_what_is_behind(searched, pretended, pruner) -> None:
    pretended(lambda values: values["d_model"] / 100 + values["n_layers"] / 1000)
    found = searched(n_trials=24, pruner=pruner)
    pruned = [trial for trial in found.trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert all(0 < len(trial.intermediate_values) <= 4 for trial in pruned)
    assert all(trial.user_attrs[REASON].startswith(("behind the others after epoch", "the values of trial",
                                                    "set aside after epoch")) for trial in pruned)
    assert min(trial.value for trial in found.trials if trial.state == TrialState.COMPLETE) <= min(
        min(trial.intermediate_values.values()) for trial in pruned)


def test_pruner__switched_off_stops_none(searched, pretended) -> None:
    pretended(lambda values: values["d_model"] / 100)
    assert states(searched(optuna_pruning=False)) == ["complete"] * 16


def test_pruner__stops_a_real_training(searched) -> None:
    found = searched(n_trials=7, sampler="random", search_origins=2, space={
        **SPACE, "d_model": [16], "n_layers": [1], "d_state": [4, 8], "lr": [1e-9, 1e-8, 1e-7, 0.005, 0.01, 0.02]})
    pruned = [trial for trial in found.trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert any(len(trial.intermediate_values) < 4 for trial in pruned)
    assert found.recipe.training.lr > 1e-7


def test_same_values__are_not_trained_twice(searched, pretended) -> None:
    trained = []

    def loss(values: dict[str, float]) -> float:
        trained.append(values["d_model"])
        return 1 / values["d_model"]
    pretended(loss)
    told: list[SearchProgress | str] = []
    found = searched(told.append, space={**SPACE, "d_model": [16, 32], "n_layers": [1]}, n_trials=6)
    assert set(trained) == {16, 32}
    assert [trial.value for trial in found.trials if trial.state == TrialState.COMPLETE] == [
        1 / trial.params["d_model"] for trial in found.trials if trial.state == TrialState.COMPLETE]
    assert sum("twin" in trial.user_attrs for trial in found.trials) == 4
    assert len(found.choice.confirmations) == 2
    assert found.trials[found.choice.number].params["d_model"] == 32
    assert any(at.said == "the values and score of trial 0" for at in told[1:])


def test_failing_trial__is_recorded_and_the_search_goes_on(searched, pretended, monkeypatch) -> None:
    pretended(lambda values: 1 / values["d_model"])
    honest = Objective.train

    def train(self: Objective, values: dict[str, float], *arguments: object, **options: object) -> float:
        if values["d_model"] == 48:
            raise RuntimeError("the card fell out")
        if values["d_model"] == 32:
            raise DataError("no such thing", found="nothing", hint="look again")
        return honest(self, values, *arguments, **options)

    monkeypatch.setattr(Objective, "train", train)
    found = searched()
    reasons = {trial.params["d_model"]: trial.user_attrs[REASON] for trial in found.trials
               if trial.state == TrialState.FAIL}
    assert reasons == {48: "RuntimeError: the card fell out", 32: "no such thing, found: nothing"}
    assert len(states(found)) == 16
    assert found.recipe.model.d_model == 64


def test_today_s_failure__lets_another_be_chosen(searched, pretended) -> None:
    def loss(values: dict[str, float]) -> float:
        if values["d_model"] == 16:
            raise MemoryError
        return values["d_model"] / 100
    pretended(loss)
    found = searched()
    assert states(found)[0] == "fail"
    assert found.trials[0].user_attrs[REASON] == "MemoryError: MemoryError"
    assert found.recipe.model.d_model == 32
    assert "could not be trained" in found.choice.verdict


def test_all_trials_failing__is_an_error_with_the_first_reason(searched, pretended) -> None:
    pretended(lambda _: 1 / 0)
    with pytest.raises(WattcastError, match="no trial of the search succeeded") as caught:
        searched(n_trials=3)
    assert "ZeroDivisionError: division by zero" in str(caught.value)


def test_memory__hopeless_trials_are_pruned_before_they_start(searched, pretended) -> None:
    pretended(lambda values: 1 / values["d_model"])
    found = searched(n_trials=4, memory_limit=1e-6)
    assert states(found) == ["complete", "pruned", "pruned", "pruned"]
    assert all("GiB of memory" in trial.user_attrs[REASON] for trial in found.trials[1:])
    assert all(not trial.intermediate_values for trial in found.trials[1:])
    assert found.choice.number == 0


def test_dear_configurations__are_not_even_drawn_where_a_limit_is_given(searched, pretended) -> None:
    pretended(lambda values: 1 / values["d_model"])
    # A trial of today's takes 5.3 ms; those that may be tried are at most 2 % dearer.
    found = searched(trial_epochs=4, trial_timeout=5.44e-3, n_trials=12, optuna_pruning=False,
                     space={**SPACE, "lr": [0.001, 0.002, 0.004, 0.008]})
    assert states(found) == ["complete"] * 12
    tried = {(trial.params["d_model"], trial.params["n_layers"]) for trial in found.trials}
    assert len(tried) > 1
    assert not tried & {(64, 3), (64, 2), (48, 3)}
    assert found.stopped == ""


def test_nothing_fits__ends_the_search_after_today_s_and_says_so(searched) -> None:
    found = searched(n_trials=3, trial_timeout=1e-9, search_origins=2)
    assert states(found) == ["complete"]
    assert found.stopped == ("2 of 3 trials were not started: no configuration of the space fits into the 1e-09 s that "
                             "a trial may take")


def test_trial__that_turns_out_dear_when_timed_is_not_started(searched, pretended, monkeypatch) -> None:
    pretended(lambda values: 1 / values["d_model"])
    # Operations were counted as few, but the machine is a million times slower with them.
    monkeypatch.setattr(Objective, "seconds_per_window",
                        lambda _, values, **__: 1e-4 * (1e6 if values.get("d_model") == 48 else 1))
    told: list[SearchProgress | str] = []
    found = searched(told.append, n_trials=8, optuna_timeout=60)
    dear = [trial for trial in found.trials if trial.params["d_model"] == 48]
    assert dear
    assert all(trial.state == TrialState.PRUNED and trial.user_attrs[PRICE] > 1000 for trial in dear)
    assert not any(trial.intermediate_values for trial in dear)
    assert all("s that are left of optuna_timeout" in trial.user_attrs[REASON] for trial in dear)
    assert len(states(found)) == 8
    assert any(isinstance(at, SearchProgress) and at.said.startswith("not started, ") for at in told)


def test_shape__is_timed_once_for_all_its_trials_and_all_calls(searched, pretended, monkeypatch) -> None:
    pretended(lambda values: 1 / values["d_model"])
    timed: list[dict[str, float]] = []

    def time_it(self: Objective, values: dict[str, float], **_: object) -> float:
        timed.append(dict(values))
        return 1e-4 * self.times_today(values)

    monkeypatch.setattr(Objective, "seconds_per_window", time_it)
    space = {**SPACE, "d_model": [16, 32], "n_layers": [1], "lr": [0.001, 0.002, 0.004]}
    searched(space=space, n_trials=4)
    searched(space=space, n_trials=7)
    shapes = [values["d_model"] for values in timed if values]
    assert sorted(shapes) == sorted(set(shapes))


def test_load__that_slows_everything_makes_no_trial_too_dear(searched, pretended, monkeypatch) -> None:
    pretended(lambda values: 1 / values["d_model"])
    calls = []

    def ever_slower(self: Objective, values: dict[str, float], *, of_processor: bool = False) -> float:
        calls.append(of_processor)
        return 1e-4 * (1 + (len(calls) - 1) // 2) * self.times_today(values)

    monkeypatch.setattr(Objective, "seconds_per_window", ever_slower)
    found = searched(n_trials=12, trial_timeout=0.02)
    assert calls == [False] + [True] * (len(calls) - 1)   # a plan by both clocks, prices by the processor's
    assert len(calls) > 12
    assert not any("may" in trial.user_attrs.get(REASON, "") for trial in found.trials)


def test_started_trial__is_never_stopped_by_the_clock(searched, pretended) -> None:
    def slow(values: dict[str, float]) -> float:
        time.sleep(0.02)
        return values["d_model"] / 100
    pretended(slow)
    found = searched(n_trials=3, optuna_pruning=False, trial_timeout=0.01, optuna_timeout=60)
    assert states(found) == ["complete"] * 3


def test_plan__is_the_same_for_all_trials_and_when_the_search_goes_on(searched, pretended, monkeypatch) -> None:
    pretended(lambda values: 1 / values["d_model"])
    plans = set()
    honest = Objective.train

    def train(self: Objective, values: dict[str, float], plan: Plan, *arguments: object, **options: object) -> float:
        plans.add(plan)
        return honest(self, values, plan, *arguments, **options)

    monkeypatch.setattr(Objective, "train", train)
    # 48 windows are a training. A tenth of a millisecond would be none of them: it is a batch of each epoch at least.
    told: list[SearchProgress | str] = []
    found = searched(told.append, n_trials=6, optuna_timeout=60, trial_timeout=1e-4)
    monkeypatch.setattr(Objective, "seconds_per_window", lambda *_, **__: 1e-9)
    again = searched(n_trials=8, optuna_timeout=60, trial_timeout=1e-4)
    assert plans == {found.plan} == {again.plan}
    assert (found.plan.epochs, found.plan.windows, found.plan.ends) == (4, 4, (1, 4))
    assert told[0].startswith("each trial sees 4 windows and the best third go on, to 16 (33 % of a training's) in ")


def test_timeout__starts_no_more_trials_and_the_next_call_goes_on(searched, pretended) -> None:
    def slow(values: dict[str, float]) -> float:
        time.sleep(0.02)
        return 1 / values["d_model"]
    pretended(slow)
    short = searched(optuna_timeout=1e-3)
    assert (len(states(short)), short.stopped) == (1, "15 of 16 trials were not started: optuna_timeout is over")
    whole = searched(optuna_timeout=60)
    assert (len(states(whole)), whole.stopped) == (16, "")


def interrupted_at(count: int, runs: list[dict[str, float]]) -> Callable[[dict[str, float]], float]:
    """A loss that notes what it is asked for in `runs` and is interrupted the `count`-th time."""
    def loss(values: dict[str, float]) -> float:
        runs.append(values)
        if len(runs) == count:
            raise KeyboardInterrupt
        return 1 / values["d_model"]
    return loss


def test_interrupt__ends_the_search_and_the_next_call_tries_the_trial_again(searched, pretended) -> None:
    runs: list[dict[str, float]] = []
    pretended(interrupted_at(7, runs))
    with pytest.raises(KeyboardInterrupt):
        searched()
    interrupted = runs[-1]
    found = searched()
    assert len(states(found)) == 16
    again = [trial.params for trial in found.trials if "again" in trial.user_attrs]
    assert again == [interrupted]


def test_interrupt__of_the_first_trial_leaves_something_to_compare_with(searched, pretended) -> None:
    pretended(interrupted_at(1, []))
    with pytest.raises(KeyboardInterrupt):
        searched()
    found = searched(confirm=1, memory_limit=1e-6)
    assert [trial.state.name for trial in found.trials][:3] == ["FAIL", "COMPLETE", "PRUNED"]
    assert found.choice.today == (1, 1 / 16)
    assert found.choice.number == 1


def test_progress__tells_of_epochs_and_of_trials(searched, pretended) -> None:
    pretended(lambda values: values["d_model"] / 100)
    said: list[SearchProgress | str] = []
    found = searched(said.append)
    sentence, *told = said
    assert sentence.startswith("each trial sees 12 windows and the best third go on, to 48 (as many as a training of a "
                               "network) in 4 epochs; ")
    ends = [at for at in told if at.epoch is None]
    assert [at.number for at in ends] == list(range(len(found.trials)))
    assert ends[-1].finished == 16
    assert ends[-1].pruned == states(found).count("pruned") > 0
    assert (ends[-1].today, ends[-1].best) == (0.16, (0, 0.16))
    assert ends[0].said == "score 0.1600"
    assert ends[1].said == "set aside after epoch 1, stage 1 of 2"
    assert any(at.said.startswith("going on from trial ") for at in ends)
    assert ends[-1].seconds_left == 0
    assert [at.epoch.epoch for at in told if at.epoch and at.number == 0] == [1, 2, 3, 4]


@pytest.mark.parametrize("change", [{"sampler_seed": 1}, {"sampler": "random"}, {"trial_epochs": 2},
                                    {"search_origins": 5}, {"fidelity": "low"}, {"pruner": "hyperband"},
                                    {"space": {"d_model": [99]}}, {"trial_timeout": 3}])
def test_study_name__another_search_is_another_study(data, recipe, change) -> None:
    def name(config: TuningConfig) -> str:
        return study_name(data, recipe, config, search_space(recipe, config.space, targets=2))

    assert name(TuningConfig(**change)) != name(TuningConfig())
    changed = TuningConfig(n_trials=7, optuna_timeout=9, confirm=1, memory_limit=1, enable_hyperopt=True)
    assert name(changed) == name(TuningConfig())


def test_folder__that_cannot_be_written_to(data, recipe, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot write the search's progress"):
        search(data, recipe, TuningConfig(n_trials=2), tmp_path / "file")


def test_older_studies__do_not_fill_the_disk(data, recipe, tmp_path, pretended) -> None:
    pretended(lambda values: 1 / values["d_model"])
    for seed in range(5):
        search(data, recipe, TuningConfig(n_trials=2, space=SPACE, sampler_seed=seed), tmp_path)
        for path in tmp_path.rglob("*"):
            os.utime(path, (1e9 + seed, 1e9 + seed))
    assert len(list(tmp_path.iterdir())) == 3
    # One that goes on is kept, and with it the two newest.
    found = search(data, recipe, TuningConfig(n_trials=3, space=SPACE, sampler_seed=2), tmp_path)
    assert len(states(found)) == 3


def test_space__with_nothing_in_it(searched) -> None:
    with pytest.raises(ConfigError, match="nothing to search"):
        searched(space={**SPACE, "d_model": [16], "n_layers": [1]})


def test_others_at_work__are_waited_for(searched, pretended, monkeypatch) -> None:
    """The last trial is another process's; when that process turns out dead, this one does the trial."""
    pretended(lambda values: 1 / values["d_model"])
    waits = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    answers = iter([True, True, False])
    monkeypatch.setattr(module.SharedStudy, "others_at_work", lambda _: next(answers))
    assert len(states(searched(n_trials=2))) == 2
    assert waits == [module.WAIT] * 2
