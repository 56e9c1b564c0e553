"""What becomes of trials when processes share a study, die, or come back."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from opened_study import PLAN, SPACE, TODAY, anything, finish, never, opened
from optuna.trial import FrozenTrial, TrialState

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan
from wattcast.tuning.stages import ASIDE, BEGAN, STAGE
from wattcast.tuning.study import (
    AGAIN,
    DEAR,
    INTERRUPTED,
    REASON,
    WORKER,
    NothingFits,
    SharedStudy,
    asked_for,
)


def left_by_a_dead_process(folder: Path, trials: int = 1) -> None:
    """A process claims trials and is killed with all it holds."""
    process = multiprocessing.get_context("fork").Process(target=_claim_and_die, args=(folder, trials),
                                                            daemon=True)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def _claim_and_die(folder: Path, trials: int) -> None:
    study = opened(folder).__enter__()
    for _ in range(trials):
        study.claim(anything, never)
    os.kill(os.getpid(), signal.SIGKILL)


def test_first_trial__is_today_s_configuration(tmp_path) -> None:
    with opened(tmp_path) as study:
        trial = study.claim(anything, never)
        assert (trial.number, trial.params) == (0, TODAY)
        assert trial.user_attrs[WORKER]["pid"] == os.getpid()


def test_n_trials__is_the_total_of_all_that_ended_whatever_their_end(tmp_path) -> None:
    for _ in range(2):
        with opened(tmp_path) as study:
            finish(study, 1.0)
            study.give_up(study.claim(anything, never), TrialState.PRUNED, "slow")
            study.give_up(study.claim(anything, never), TrialState.FAIL, "broken")
    with opened(tmp_path) as study:
        assert study.claim(anything, never) is None
        assert [trial.state.name for trial in study.trials()] == ["COMPLETE", "PRUNED", "FAIL"] * 2
    with opened(tmp_path, n_trials=7) as study:
        assert study.claim(anything, never).number == 6


def test_dead_process__its_trial_is_tried_again_and_counts_once(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as study:
        assert [finish(study, 1.0) for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        assert study.claim(anything, never) is None
        dead, again, *_ = study.trials()
        assert dead.state == TrialState.FAIL
        assert (dead.user_attrs[REASON], dead.user_attrs[INTERRUPTED]) == ("its process ended", True)
        assert (again.params, again.user_attrs[AGAIN]) == (TODAY, 0)
    assert not list((tmp_path / "workers").iterdir())


def test_dead_process__a_trial_that_kills_twice_is_a_failure(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as study:
        assert [finish(study, 1.0) for _ in range(5)] == [2, 3, 4, 5, 6]
        assert study.claim(anything, never) is None
        assert "for the second time" in study.trials()[1].user_attrs[REASON]


def test_dead_process__two_find_its_trial_and_one_takes_it(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as one, opened(tmp_path) as other:
        assert [one.claim(anything, never).number, other.claim(anything, never).number] == [1, 2]
        assert [trial.user_attrs.get(AGAIN) for trial in one.trials()] == [None, 0, None]


def test_living_process__keeps_its_trial(tmp_path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        mine = one.claim(anything, never)
        assert other.claim(anything, never).number == 1
        assert other.others_at_work()
        one.complete(mine, 1.0)
        assert one.trials()[0].state == TrialState.COMPLETE


def test_two_processes__never_start_more_than_wanted(tmp_path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        claimed = [study.claim(anything, never) for _ in range(4) for study in (one, other)]
        assert [trial.number for trial in claimed if trial] == [0, 1, 2, 3, 4, 5]
        assert claimed[6:] == [None, None]


def test_interrupted_search__suggests_what_an_undisturbed_one_does(tmp_path) -> None:
    def tried(study: SharedStudy) -> list[dict[str, float]]:
        return [trial.params for trial in study.trials() if not trial.user_attrs.get(INTERRUPTED)]

    def run(study: SharedStudy, count: int) -> None:
        for _ in range(count):
            trial = study.claim(anything, never)
            study.complete(trial, trial.params["lr"] + trial.params["n_layers"])

    with opened(tmp_path / "whole", n_trials=16) as whole:
        run(whole, 16)
        expected = tried(whole)
    folder = tmp_path / "killed"
    for count in (3, 9, 2):
        with opened(folder, n_trials=16) as killed:
            run(killed, count)
        # The next trial is one that this process will never end.
        with opened(folder, n_trials=16) as killed:
            killed.claim(anything, never)
    with opened(folder, n_trials=16) as killed:
        run(killed, 2)
        assert killed.claim(anything, never) is None
        assert tried(killed) == expected
        assert len(killed.trials()) == 19


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_sampler__its_seed_decides(tmp_path, sampler: str) -> None:
    found = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        with opened(tmp_path / name, n_trials=15, sampler=sampler, sampler_seed=seed) as study:
            for number in range(15):
                finish(study, 1.0 / (1 + number))
            found.append([trial.params for trial in study.trials()])
    assert found[0] == found[1] != found[2]


def test_best__of_two_alike_is_the_earlier(tmp_path) -> None:
    with opened(tmp_path) as study:
        for value in (2.0, 1.0, 1.0):
            finish(study, value)
        assert study.best().number == 1


def test_plan__is_made_once_and_kept(tmp_path) -> None:
    made = []

    def plan() -> Plan:
        made.append(len(made))
        return replace(PLAN, epochs=4 + len(made))

    for _ in range(2):
        with SharedStudy(tmp_path, TuningConfig(), SPACE, TODAY, plan) as study:
            assert study.plan == replace(PLAN, epochs=5)
    assert made == [0]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_claim__hands_out_only_what_fits_and_leaves_no_trial_of_the_rest(tmp_path, sampler: str) -> None:
    asked = []

    def fits(values) -> bool:
        asked.append(dict(values))
        return values["n_layers"] == 4 and values["d_model"] == 16

    with opened(tmp_path, n_trials=12, sampler=sampler) as study:
        for number in range(12):
            trial = study.claim(fits, never)
            assert trial.number == number
            assert number == 0 or (trial.params["n_layers"], trial.params["d_model"]) == (4, 16)
            study.complete(trial, trial.params["lr"] + number / 100)
        assert len(study.trials()) == 12
    assert len(asked) > 50
    assert all(values.keys() == SPACE.keys() for values in asked)


def test_claim__where_nothing_fits_leaves_the_study_as_it_was(tmp_path) -> None:
    with opened(tmp_path) as study:
        finish(study, 1.0)
        with pytest.raises(NothingFits):
            study.claim(lambda _: False, never)
        assert [trial.state for trial in study.trials()] == [TrialState.COMPLETE]
        assert finish(study, 1.0) == 1


def test_claim__of_a_queue_asks_nobody_what_fits(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as study:
        assert study.claim(lambda _: False, never).params == TODAY


def test_refused_trial__does_not_count_and_another_is_drawn(tmp_path) -> None:
    with opened(tmp_path, n_trials=3) as study:
        finish(study, 1.0)
        refused = study.claim(anything, never)
        study.refuse(refused, "it would take a year")
        assert [finish(study, 1.0), finish(study, 1.0)] == [2, 3]
        assert study.claim(anything, never) is None
        dear = study.trials()[1]
        assert (dear.state, dear.user_attrs[DEAR], dear.user_attrs[REASON]) == (
            TrialState.PRUNED, True, "it would take a year")
        assert [trial.number for trial in asked_for(study.trials())] == [0, 2, 3]
        # Not the same values once more.
        assert study.trials()[2].params != dear.params


def aside(study: SharedStudy, *values: float) -> int:
    """Claim a trial, report its scores, and set it aside after its stage."""
    trial = study.claim(anything, always)
    assert trial is not None
    for epoch, value in enumerate(values, study.begin(trial, study.stage(trial)) + 1):
        trial.report(value, epoch)
    (study.work_folder(trial) / "last.ckpt").touch()
    study.set_aside(trial, "enough for now")
    return trial.number


def always(*_: object) -> bool:
    return True


def test_best_third__goes_on_under_a_new_number_from_its_own_folder(tmp_path) -> None:
    with opened(tmp_path, n_trials=9) as study:
        finish(study, 1.0)
        assert [aside(study, value) for value in (5.0, 3.0, 4.0)] == [1, 2, 3]
        trial = study.claim(anything, always)
        assert (trial.number, trial.params) == (4, study.trials()[2].params)
        assert (trial.user_attrs[BEGAN], trial.user_attrs[STAGE]) == (2, 1)
        assert study.work_folder(trial) == tmp_path / "trials" / "2"
        assert study.begin(trial, 1) == 1
        study.complete(trial, 2.0)
        # One of three has gone on: the next is a new one, however good those are that were set aside.
        assert study.claim(anything, always).number == 5
        assert len(asked_for(study.trials())) == 5


def test_trial_that_may_not_go_on__lets_a_new_one_begin(tmp_path) -> None:
    asked = []
    with opened(tmp_path, n_trials=9) as study:
        finish(study, 1.0)
        for value in (5.0, 3.0, 4.0):
            aside(study, value)
        trial = study.claim(anything, lambda trial, stage, last: bool(asked.append((trial.number, stage, last))))
        assert (trial.number, STAGE in trial.user_attrs) == (4, False)
        assert asked == [(2, 1, False)]


def test_trial_whose_turn_comes_at_last__goes_on_when_no_other_is_to_begin(tmp_path) -> None:
    def at_last(_: FrozenTrial, __: int, last: bool) -> bool:
        return last

    with opened(tmp_path, n_trials=5) as study:
        finish(study, 1.0)
        for value in (5.0, 3.0, 4.0):
            aside(study, value)
        new = study.claim(anything, at_last)
        assert (new.number, STAGE in new.user_attrs) == (4, False)
        study.give_up(new, TrialState.FAIL, "broken")
        trial = study.claim(anything, at_last)
        assert (trial.number, trial.user_attrs[BEGAN]) == (5, 2)


def test_last_trials__one_goes_on_even_of_two(tmp_path) -> None:
    with opened(tmp_path, n_trials=3) as study:
        finish(study, 1.0)
        aside(study, 5.0)
        aside(study, 3.0)
        trial = study.claim(anything, always)
        assert (trial.number, trial.user_attrs[BEGAN]) == (3, 2)
        study.complete(trial, 2.0)
        assert study.claim(anything, always) is None


def test_checkpoints__of_those_that_cannot_go_on_are_removed(tmp_path) -> None:
    with opened(tmp_path, n_trials=4) as study:
        finish(study, 1.0)
        for value in (5.0, 3.0, 4.0):
            aside(study, value)
        assert [path.name for path in (tmp_path / "trials").iterdir()] == ["2"]
        trial = study.claim(anything, always)
        study.complete(trial, 2.0)
        assert not list((tmp_path / "trials").iterdir())


def test_more_trials_than_before__one_without_its_checkpoint_begins_anew(tmp_path) -> None:
    with opened(tmp_path, n_trials=4) as study:
        finish(study, 1.0)
        for value in (5.0, 3.0, 4.0):
            aside(study, value)
        study.complete(study.claim(anything, always), 2.0)
    with opened(tmp_path, n_trials=7) as study:
        for value in (6.0, 7.0, 8.0):
            aside(study, value)
        trial = study.claim(anything, always)
        assert trial.user_attrs[BEGAN] == 3
        assert study.begin(trial, 1) == 0


def test_killed_while_it_went_on__goes_on_again_in_the_same_folder(tmp_path) -> None:
    with opened(tmp_path, n_trials=4) as study:
        finish(study, 1.0)
        for value in (5.0, 3.0, 4.0):
            aside(study, value)
        study.claim(anything, always)
        (tmp_path / "trials" / "2" / "last.ckpt").write_text("epoch 2")
    with opened(tmp_path, n_trials=4) as study:
        trial = study.claim(anything, always)
        assert (trial.number, trial.user_attrs[AGAIN], trial.user_attrs[BEGAN], trial.user_attrs[STAGE]) == (5, 4, 2, 1)
        assert (study.work_folder(trial) / "last.ckpt").read_text() == "epoch 2"
        study.complete(trial, 2.0)
        assert study.claim(anything, always) is None
        assert [each.number for each in asked_for(study.trials())] == [0, 1, 5, 3]


def test_killed_between_queue_and_start__the_trial_is_in_the_queue(tmp_path) -> None:
    with opened(tmp_path, n_trials=4) as study:
        finish(study, 1.0)
        for value in (5.0, 3.0, 4.0):
            aside(study, value)
        study.study.enqueue_trial(study.trials()[2].params, user_attrs={BEGAN: 2, STAGE: 1})
    with opened(tmp_path, n_trials=4) as study:
        trial = study.claim(anything, never)
        assert (trial.number, study.stage(trial)) == (4, 1)
        study.set_aside(trial, "enough")
        assert study.trials()[4].user_attrs[ASIDE] == 1


def test_two_processes__never_go_on_with_the_same_trial(tmp_path) -> None:
    with opened(tmp_path, n_trials=7) as one, opened(tmp_path, n_trials=7) as other:
        finish(one, 1.0)
        for study, value in zip((one, other) * 3, (5.0, 3.0, 4.0, 2.0, 6.0, 7.0), strict=True):
            aside(study, value)
        went_on = [trial.user_attrs[BEGAN] for trial in one.trials() if STAGE in trial.user_attrs]
        claimed = [study.claim(anything, always) for study in (one, other)]
        went_on += [trial.user_attrs[BEGAN] for trial in claimed if trial is not None and STAGE in trial.user_attrs]
        assert len(went_on) == len(set(went_on))
        assert 2 <= len(went_on) <= 3


def test_opening__clears_away_what_was_trained_for_nothing(tmp_path) -> None:
    with opened(tmp_path) as study:
        finish(study, 1.0)
    left = tmp_path / "trials" / "0"
    left.mkdir()
    (left / "last.ckpt").write_bytes(b"0" * 1000)
    with opened(tmp_path) as one:
        assert not left.exists()
        mine = one.claim(anything, never)
        with opened(tmp_path):
            assert one.work_folder(mine).is_dir()
