"""What becomes of trials when processes share a study, die, or come back."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from optuna.trial import TrialState

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan
from wattcast.tuning.study import AGAIN, DEAR, INTERRUPTED, JOURNAL, REASON, WORKER, NothingFits, SharedStudy, counts

SPACE = {"d_model": (16, 32, 64), "lr": (0.001, 0.01), "n_layers": (1, 2, 3, 4)}
TODAY = {"d_model": 32, "lr": 0.01, "n_layers": 1}
PLAN = Plan(4, 12, 1.0, 3, 0.001)


def opened(folder: Path, **config: object) -> SharedStudy:
    return SharedStudy(folder, TuningConfig(**{"n_trials": 6, "confirm": 2, **config}), SPACE, TODAY, lambda: PLAN)


def anything(_: object) -> bool:
    return True


def finish(study: SharedStudy, value: float) -> int:
    """Claim a trial and end it well."""
    trial = study.claim(anything)
    assert trial is not None
    (study.work_folder / "best.pt").write_text(str(value))
    study.complete(trial, value)
    return trial.number


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
        study.claim(anything)
    os.kill(os.getpid(), signal.SIGKILL)


def test_first_trial__is_today_s_configuration(tmp_path) -> None:
    with opened(tmp_path) as study:
        trial = study.claim(anything)
        assert (trial.number, trial.params) == (0, TODAY)
        assert trial.user_attrs[WORKER]["pid"] == os.getpid()


def test_n_trials__is_the_total_of_all_that_ended_whatever_their_end(tmp_path) -> None:
    for _ in range(2):
        with opened(tmp_path) as study:
            finish(study, 1.0)
            study.give_up(study.claim(anything), TrialState.PRUNED, "slow")
            study.give_up(study.claim(anything), TrialState.FAIL, "broken")
    with opened(tmp_path) as study:
        assert study.claim(anything) is None
        assert [trial.state.name for trial in study.trials()] == ["COMPLETE", "PRUNED", "FAIL"] * 2
    with opened(tmp_path, n_trials=7) as study:
        assert study.claim(anything).number == 6


def test_dead_process__its_trial_is_tried_again_and_counts_once(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as study:
        assert [finish(study, 1.0) for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        assert study.claim(anything) is None
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
        assert study.claim(anything) is None
        assert "for the second time" in study.trials()[1].user_attrs[REASON]


def test_dead_process__two_find_its_trial_and_one_takes_it(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as one, opened(tmp_path) as other:
        assert [one.claim(anything).number, other.claim(anything).number] == [1, 2]
        assert [trial.user_attrs.get(AGAIN) for trial in one.trials()] == [None, 0, None]


def test_living_process__keeps_its_trial(tmp_path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        mine = one.claim(anything)
        assert other.claim(anything).number == 1
        assert other.others_at_work()
        (one.work_folder / "best.pt").touch()
        one.complete(mine, 1.0)
        assert one.trials()[0].state == TrialState.COMPLETE


def test_two_processes__never_start_more_than_wanted(tmp_path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        claimed = [study.claim(anything) for _ in range(4) for study in (one, other)]
        assert [trial.number for trial in claimed if trial] == [0, 1, 2, 3, 4, 5]
        assert claimed[6:] == [None, None]


def test_interrupted_search__suggests_what_an_undisturbed_one_does(tmp_path) -> None:
    def tried(study: SharedStudy) -> list[dict[str, float]]:
        return [trial.params for trial in study.trials() if not trial.user_attrs.get(INTERRUPTED)]

    def run(study: SharedStudy, count: int) -> None:
        for _ in range(count):
            trial = study.claim(anything)
            (study.work_folder / "best.pt").touch()
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
            killed.claim(anything)
    with opened(folder, n_trials=16) as killed:
        run(killed, 2)
        assert killed.claim(anything) is None
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


def test_weights__of_the_best_few_and_of_trial_0_are_kept(tmp_path) -> None:
    with opened(tmp_path) as study:
        for value in (5.0, 3.0, 4.0, 2.0):
            finish(study, value)
        assert {path.name for path in (tmp_path / "weights").iterdir()} == {"0.pt", "1.pt", "3.pt"}
        assert study.weights(3).read_text() == "2.0"
        assert [trial.number for trial in study.best(3)] == [3, 1, 2]


def test_best__of_two_alike_is_the_earlier(tmp_path) -> None:
    with opened(tmp_path) as study:
        for value in (2.0, 1.0, 1.0):
            finish(study, value)
        assert [trial.number for trial in study.best(2)] == [1, 2]


def test_journal__a_half_line_at_its_end_is_cut_off(tmp_path) -> None:
    with opened(tmp_path) as study:
        finish(study, 5.0)
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + b'{"op_code": 4, "worker_')
    with opened(tmp_path) as study:
        assert study.trials()[0].value == 5.0
        assert finish(study, 4.0) == 1
    assert (tmp_path / JOURNAL).read_bytes().startswith(whole)


def test_journal__a_lock_that_a_dead_process_left_is_taken(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("wattcast.tuning.study.GRACE", 3)
    monkeypatch.chdir(tmp_path)
    with opened(Path("study")) as study:
        finish(study, 5.0)
    # What Optuna's lock looks like between taking and giving back.
    Path("study", f"{JOURNAL}.lock").symlink_to(Path("study", JOURNAL).resolve())
    with opened(Path("study")) as study:
        assert finish(study, 4.0) == 1


def test_journal__is_one_that_optuna_opens_by_itself(tmp_path) -> None:
    with opened(tmp_path) as study:
        finish(study, 5.0)
    code = ("import optuna, sys; from optuna.storages.journal import JournalFileBackend as B\n"
            "s = optuna.storages.JournalStorage(B(sys.argv[1]))\n"
            "print([(x.study_name, len(optuna.load_study(study_name=x.study_name, storage=s).trials))"
            " for x in optuna.get_all_study_summaries(s)])")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / JOURNAL)], capture_output=True, text=True,
                          check=True)
    assert done.stdout.strip() == str([(tmp_path.name, 1)])


def test_plan__is_made_once_and_kept(tmp_path) -> None:
    made = []

    def plan() -> Plan:
        made.append(len(made))
        return Plan(4 + len(made), 12, 0.5, 3, 0.25)

    for _ in range(2):
        with SharedStudy(tmp_path, TuningConfig(), SPACE, TODAY, plan) as study:
            assert study.plan == Plan(5, 12, 0.5, 3, 0.25)
    assert made == [0]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_claim__hands_out_only_what_fits_and_leaves_no_trial_of_the_rest(tmp_path, sampler: str) -> None:
    asked = []

    def fits(values) -> bool:
        asked.append(dict(values))
        return values["n_layers"] == 4 and values["d_model"] == 16

    with opened(tmp_path, n_trials=20, sampler=sampler) as study:
        for number in range(20):
            trial = study.claim(fits)
            assert trial.number == number
            assert number == 0 or (trial.params["n_layers"], trial.params["d_model"]) == (4, 16)
            (study.work_folder / "best.pt").touch()
            study.complete(trial, trial.params["lr"] + number / 100)
        assert len(study.trials()) == 20
    assert len(asked) > 100
    assert all(values.keys() == SPACE.keys() for values in asked)


def test_claim__where_nothing_fits_leaves_the_study_as_it_was(tmp_path) -> None:
    with opened(tmp_path) as study:
        finish(study, 1.0)
        with pytest.raises(NothingFits):
            study.claim(lambda _: False)
        assert [trial.state for trial in study.trials()] == [TrialState.COMPLETE]
        assert finish(study, 1.0) == 1


def test_claim__of_a_queue_asks_nobody_what_fits(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    with opened(tmp_path) as study:
        assert study.claim(lambda _: False).params == TODAY


def test_refused_trial__does_not_count_and_another_is_drawn(tmp_path) -> None:
    with opened(tmp_path, n_trials=3) as study:
        finish(study, 1.0)
        refused = study.claim(anything)
        study.refuse(refused, "it would take a year")
        assert [finish(study, 1.0), finish(study, 1.0)] == [2, 3]
        assert study.claim(anything) is None
        dear = study.trials()[1]
        assert (dear.state, dear.user_attrs[DEAR], dear.user_attrs[REASON]) == (
            TrialState.PRUNED, True, "it would take a year")
        assert [counts(trial) for trial in study.trials()] == [True, False, True, True]
        # Not the same values once more.
        assert study.trials()[2].params != dear.params


def test_opening__clears_away_what_dead_processes_were_training(tmp_path) -> None:
    left_by_a_dead_process(tmp_path)
    (left,) = (path for path in (tmp_path / "workers").iterdir() if path.is_dir())
    (left / "last.ckpt").write_bytes(b"0" * 1000)
    with opened(tmp_path) as one:
        assert not left.exists()
        one.claim(anything)
        with opened(tmp_path):
            assert one.work_folder.is_dir()
