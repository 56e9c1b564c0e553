"""`kill -9` at every write of a command: whatever is left, the registry loads and its champion forecasts.

What a kill leaves on the disk is what is there at that instant, so a copy of it is taken before each rename that makes
a write count; one kill of each kind is a real one.
"""

import hashlib
import json
import os
import shutil
import signal
from itertools import count
from pathlib import Path

import pandas as pd
import pytest
from processes import Started

from wattcast.cli import main
from wattcast.store.disk_station import HISTORY
from wattcast.store.history import load_history
from wattcast.store.registry import Registry

QUICK = ("--set", "training.epochs=1", "--set", "training.batches_per_epoch=1", "--set", "finetune.finetune_epochs=1",
         "--set", "finetune.finetune_batches=1")
TOLERANT = ("--set", "finetune.gate_margin=0", "--set", "finetune.guard_tolerance=99", "--set",
            "finetune.coverage_tolerance=1")
SPACE = ("--set", "tuning.space={d_model: [16, 24], d_ff_ratio: [2.0], n_layers: [1], drop_rate: [0.2], d_state: [16], "
         "d_conv: [3], expand: [1.5], patch_len: [48], stride_ratio: [1.0], batch_size: [8], lr: [0.001], "
         "power_weight: [1.0], not_use_power_weight: [1.0]}")
COMMANDS = {
    "train": (("train", "--data", "{plant}", "{tiny}", *QUICK, "--set", "training.seed=2"), 12),
    "tune": (("tune", "--data", "{plant}", "{tiny}", *QUICK, *SPACE, "--n_trials", "2"), 12),
    "finetune": (("finetune", "--data", "{plant}", *QUICK, *TOLERANT), 12),
    "promote": (("models", "promote", "v0001", "--station", "plant"), 5),
    "rollback": (("models", "rollback", "--station", "plant"), 5),
}
"""Each command that changes what is kept, and how many writes it has at least."""
def killed_at(write: int, words: list[str]) -> None:
    """A command that is killed before so many writes count."""
    honest, left = os.replace, count(write, -1)

    def replace(source: str | Path, target: str | Path) -> None:
        if next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        honest(source, target)

    os.replace = replace
    main(words)


@pytest.fixture(scope="module")
def two_versions(plant: Path, tiny: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models folder after two trainings on all but the last four weeks."""
    models = tmp_path_factory.mktemp("kills") / "models"
    for seed in (0, 1):
        assert main(["train", "--data", str(plant), "--models-dir", str(models), *tiny, *QUICK[:4], "--until",
                     "2025-04-01 00:00", "--set", f"training.seed={seed}"]) == 0
    return models


def words_of(name: str, plant: Path, tiny: tuple[str, ...]) -> list[str]:
    return [word for given in COMMANDS[name][0]
            for word in (tiny if given == "{tiny}" else (given.replace("{plant}", str(plant)),))]


def content(models: Path) -> str:
    """A name for what a forecast is made from."""
    digest = hashlib.sha256()
    for path in [*sorted((models / "plant").glob("versions/v*/*")), models / "plant" / "registry.json"]:
        digest.update(str(path.relative_to(models)).encode() + path.read_bytes())
    return digest.hexdigest()


def require_done(done, name: str, models: Path) -> None:
    """The command came to its end, and its exit code says what the gate decided, if it was asked."""
    refused = name == "finetune" and not json.loads((models / "plant" / "gate.json").read_text())["gate"]["promoted"]
    assert done.code == (3 if refused else 0)


def require_usable(cli, models: Path, plant: Path, seen: set[str]) -> str:
    """The champion and its history load, every version is whole, and a forecast is made; a name for all that."""
    registry = Registry(models, "plant")
    history = load_history(registry.folder / HISTORY, registry.load().station)
    assert history is not None
    assert len(history.frame) > 2000
    if (name := content(models)) in seen:
        return name
    seen.add(name)
    for version in registry.versions():
        registry.load(version.name)
    assert cli("forecast", "--data", plant, "--models-dir", models, "--out", "made.csv").code == 0
    assert len(pd.read_csv("made.csv")) == 672
    return name


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """What was seen to forecast; all commands begin with the same."""
    return set()


@pytest.mark.parametrize("name", COMMANDS)
def test_kill__at_every_write_leaves_a_registry_that_forecasts(cli, two_versions, plant, tiny, place, monkeypatch, seen,
                                                               name: str) -> None:
    models = Path(shutil.copytree(two_versions, place / "models"))
    honest, left = os.replace, []

    def replace(source: str | Path, target: str | Path) -> None:
        left.append(shutil.copytree(models, place / f"killed-{len(left)}"))
        honest(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        require_done(cli(*words_of(name, plant, tiny), "--models-dir", models), name, models)
    assert len(left) >= COMMANDS[name][1]
    assert len({require_usable(cli, killed, plant, seen) for killed in (*left, models)}) > 1


@pytest.mark.parametrize("name", ["finetune", "promote"])
def test_real_kill__then_the_same_command_again(cli, two_versions, plant, tiny, place, seen,
                                                    name: str) -> None:
    models = Path(shutil.copytree(two_versions, place / "models"))
    words = [*words_of(name, plant, tiny), "--models-dir", str(models)]
    with Started(killed_at, COMMANDS[name][1] - 2, words) as killed:
        assert killed.ended()[0] == -signal.SIGKILL
    require_usable(cli, models, plant, seen)
    require_done(cli(*words), name, models)
    require_usable(cli, models, plant, seen)
