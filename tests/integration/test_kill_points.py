"""`kill -9` at every write of a command: whatever is left, the registry loads and its champion forecasts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from wattcast.cli import main

QUICK = ("--set", "training.epochs=1", "--set", "training.batches_per_epoch=1", "--set", "finetune.finetune_epochs=1",
         "--set", "finetune.finetune_batches=1")
TOLERANT = ("--set", "finetune.gate_margin=0", "--set", "finetune.guard_tolerance=99", "--set",
            "finetune.coverage_tolerance=1")


@pytest.fixture(scope="module")
def two_versions(plant: Path, tiny: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models folder after two trainings on all but the last four weeks, and a forecast."""
    models = tmp_path_factory.mktemp("kills") / "models"
    shared = ("--data", str(plant), "--models-dir", str(models))
    for seed in (0, 1):
        assert main(["train", *shared, *tiny, *QUICK[:4], "--until", "2025-04-01 00:00", "--set",
                     f"training.seed={seed}"]) == 0
    return models


@pytest.mark.parametrize(("command", "writes"), [
    (("train", "--data", "{plant}", "{tiny}", *QUICK, "--set", "training.seed=2"), 12),
    (("finetune", "--data", "{plant}", *QUICK), 14),
    (("models", "promote", "v0001", "--station", "plant"), 5),
    (("models", "rollback", "--station", "plant"), 5),
], ids=["train", "finetune", "promote", "rollback"])
def test_kill__at_every_write_leaves_a_registry_that_forecasts(two_versions, plant, tiny, command, writes) -> None:
    words = [word for given in command for word in (tiny if given == "{tiny}" else (given.format(plant=plant),))]
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("kill_points.py")), str(two_versions), "plant",
                           str(plant), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == [], done.stderr
    assert found["kills"] >= writes
    assert found["code"] in (0, 3)
