"""`wattcast tune`: from data to a promoted version, killed and shared searches, and what it may not see."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from processes import Started, started

from wattcast.cli_exits import ENDED

SPACE = """
tuning:
  trial_epochs: 1
  search_origins: 2
HYPEROPT_SPACE = {
    'd_model': [16, 24], 'd_ff_ratio': [2.0], 'n_layers': [1], 'drop_rate': [0.2], 'd_state': [4, 8], 'd_conv': [3],
    'expand': [1.5], 'patch_len': [48], 'stride_ratio': [1.0], 'batch_size': [8],
    'lr': [1e-3, 2e-2], 'power_weight': [1.0, 1.2], 'not_use_power_weight': [0.5, 1.0],
}
"""


@pytest.fixture
def flags(plant: Path, tiny: tuple[str, ...], place: Path) -> tuple[str, ...]:
    """Data, a tiny network and a small space."""
    (place / "search.yaml").write_text(SPACE)
    return ("--data", str(plant), "--config", str(place / "search.yaml"), *tiny)


def results(place: Path, models: str = "models") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((place / models / "plant" / "hyperopt_results.json").read_text())
    return content


def journal(place: Path, models: str = "models") -> Path:
    found: Path = next((place / models / "plant" / "search").glob("*/journal.log"))
    return found


def test_tune__trains_what_was_found_and_promotes_it(cli, flags, place) -> None:
    # Today's learning rate is one that learns nothing: whatever else is tried is better than the mean of the weeks,
    # from which a network without weather starts.
    done = cli("tune", *flags, "--set", "training.lr=1e-9", "--set", "features.weather=false", "--n_trials", "4")
    assert done.code == 0, done.err
    found = results(place)
    assert found["n_trials"] == 4
    assert found["best_trial"] != 0
    assert found["best_params"]["lr"] > 1e-9
    manifest = json.loads(cli("models", "show", "--station", "plant").out)
    assert manifest["search"] == {"recipe_hash": found["recipe_hash"], "study": found["study"],
                                  "trial": found["best_trial"]}
    assert manifest["recipe_hash"] == manifest["search"]["recipe_hash"]
    for key, value in found["best_params"].items():
        section = "model" if key in manifest["recipe"]["model"] else "training"
        assert manifest["recipe"][section][key] == value
    assert manifest["recipe"]["training"]["epochs"] == 2
    folder = place / "models" / "plant"
    assert (folder / "versions" / "v0001" / "hyperopt_results.json").read_text() == (
        folder / "hyperopt_results.json").read_text()
    assert (folder / "hyperopt_history.png").stat().st_size > 0
    text = " ".join(done.out.split())
    assert "better than today's configuration" in text
    assert "that no trial was scored on, both trained in full" in text
    assert (folder / "search.html").read_text().count("<svg") == 2
    assert "v0001 is the champion" in text
    assert "trial 3: " in done.err
    assert "4 of 4 done" in done.err


def test_search_only__trains_nothing_and_train_goes_on_with_it(cli, flags, place) -> None:
    done = cli("tune", *flags, "--search-only", "--json", "--n_trials", "2")
    told = json.loads(done.out)
    assert told["n_trials"] == 2
    assert Path(told["journal"]) == journal(place).relative_to(place)
    assert not (place / "models" / "plant" / "versions").exists()
    before = results(place)["trials"]
    done = cli("train", *flags, "--set", "enable_hyperopt=true", "--set", "n_trials=2")
    assert done.code == 0
    assert results(place)["trials"] == before
    manifest = json.loads(cli("models", "show", "--station", "plant").out)
    assert manifest["search"]["study"] == told["study"]
    # Without it nothing is searched, and the version says so.
    assert cli("train", *flags).code == 0
    assert json.loads(cli("models", "show", "--station", "plant").out)["search"] is None


def test_search__sees_nothing_of_the_weeks_that_are_kept(cli, seed_table, flags, place) -> None:
    table = seed_table("plant", days=40)
    kept = table["ts"] >= "2025-04-03"
    found = []
    for name, change in (("one", 0.0), ("other", 500.0)):
        table.assign(total_active_power=table["total_active_power"] + change * kept,
                     temp=table["temp"] + change / 50 * kept).to_csv(f"{name}.csv", index=False)
        assert cli("tune", *flags, "--data", f"{name}.csv", "--search-only", "--n_trials", "3",
                   "--models-dir", name).code == 0
        found.append(results(place, name))
    values = [[(trial["params"], trial["value"], trial["intermediate"]) for trial in each["trials"]] for each in found]
    assert values[0] == values[1]
    assert found[0]["study"] == found[1]["study"]
    for each in (row for result in found for row in result["comparison"]["trials"]):
        del each["seconds"]
    assert found[0]["comparison"] == found[1]["comparison"]


def search(flags: tuple[str, ...], *more: str) -> Started:
    """A search in a process of its own, which does not outlive the test however that ends."""
    return started(("tune", *flags, "--search-only", *more))


def hold(pid: int, study: Path) -> None:
    """Stop a process in the middle of a trial, and where it holds none of the study's locks: everybody would wait."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)
        with suppress(Timeout), FileLock(study / "study.lock", timeout=0):
            if not (study / "journal.log.lock").is_symlink() and at_a_trial(study / "journal.log"):
                return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)


def at_a_trial(path: Path) -> bool:
    """Whether anybody is; the journal, which nobody writes, is read without a lock."""
    storage = JournalStorage(JournalFileBackend(str(path)))
    return any(trial.state is TrialState.RUNNING for study in storage.get_all_studies()
               for trial in storage.get_all_trials(study._study_id))


@pytest.mark.usefixtures("place")
def test_search__told_to_end_ends_and_begins_no_other_trial(flags) -> None:
    """Lightning hears a signal that comes while it trains, and forgets it when a trial is over."""
    with search(flags, "--n_trials", "30") as told:
        told.read_until("trial 0:")
        os.kill(told.pid, signal.SIGTERM)
        code, _, said = told.ended()
    assert code == ENDED
    assert "trial 3:" not in said


def require_success(*processes: Started) -> None:
    for process in processes:
        code, _, said = process.ended()
        assert code == 0, said


def test_killed_search__keeps_every_trial_and_the_total(cli, flags, place) -> None:
    with search(flags, "--n_trials", "4") as first:
        first.read_until("trial 1:")
        first.kill()
    assert first.process.exitcode == -signal.SIGKILL
    killed = journal(place).read_bytes()
    second = cli("tune", *flags, "--search-only", "--n_trials", "4")
    assert second.code == 0
    assert journal(place).read_bytes().startswith(killed)
    assert not [line for line in second.err.splitlines() if line.startswith(("trial 0:", "trial 1:"))]
    assert "4 of 4 done" in second.err
    trials = results(place)["trials"]
    interrupted = [trial for trial in trials if trial["reason"] == "its process ended"]
    assert results(place)["n_trials"] == 4 == len(trials) - len(interrupted)
    # A trial whose process was killed before it could sign it is nobody's.
    assert len({trial["worker"] for trial in trials if trial["worker"]}) == 2


def test_two_processes__share_a_search_and_leave_each_other_s_trials_alone(flags, place) -> None:
    with search(flags, "--n_trials", "4") as one, search(flags, "--n_trials", "4") as other:
        require_success(one, other)
    trials = results(place)["trials"]
    assert results(place)["n_trials"] == len(trials) == 4
    assert not any(trial["reason"] == "its process ended" for trial in trials)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nothing tells here that a process is held")
def test_held_process__keeps_its_trial_while_the_other_does_the_rest(flags, place) -> None:
    with search(flags, "--n_trials", "3") as held:
        held.read_until("trial 0:")
        hold(held.pid, journal(place).parent)
        with search(flags, "--n_trials", "3") as other:
            other.read_until("trial 2:")
            time.sleep(0.7)
            assert other.running, "it must wait for the other's trial"
            os.kill(held.pid, signal.SIGCONT)
            require_success(other, held)
    trials = results(place)["trials"]
    assert len(trials) == 3
    assert {trial["state"] for trial in trials} <= {"complete", "pruned"}
    assert len({trial["worker"] for trial in trials}) == 2


def test_tune__with_too_little_history_says_so(cli, seed_table, flags) -> None:
    seed_table("plant", days=28).to_csv("short.csv", index=False)
    done = cli("tune", *flags, "--data", "short.csv", "--n_trials", "2")
    assert done.code == 2
    assert "too little history to search on" in done.err


def test_wrong_space__exits_with_2_and_names_the_key(cli: Callable[..., Any], plant, place) -> None:
    (place / "wrong.yaml").write_text("HYPEROPT_SPACE = {'dmodel': [64]}\n")
    done = cli("tune", "--data", plant, "--config", "wrong.yaml")
    assert done.code == 2
    assert "tuning.space" in done.err
    assert "did you mean 'd_model'" in done.err
