"""Optuna's file, whatever a crash has left at it."""

import subprocess
import sys
from pathlib import Path

from opened_study import finish, opened

from wattcast.tuning.journal import JOURNAL


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
    monkeypatch.setattr("wattcast.tuning.journal.GRACE", 3)
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
