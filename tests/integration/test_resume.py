"""`kill -9` in the middle of training, then the same command again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

EPOCHS = 4
COMMAND = (sys.executable, "-m", "wattcast.cli", "train")


def results(models: Path) -> dict[str, bytes]:
    version = models / "plant" / "versions" / "v0001"
    return {name: (version / name).read_bytes() for name in ("model.safetensors", "metrics.json")}


@pytest.fixture
def flags(plant: Path, tiny: tuple[str, ...]) -> tuple[str, ...]:
    return ("--data", str(plant), *tiny, "--set", f"training.epochs={EPOCHS}", "--set", "training.batches_per_epoch=8")


def test_killed_training__continues_and_ends_as_if_undisturbed(flags, place: Path) -> None:
    killed, whole = place / "killed", place / "whole"
    with subprocess.Popen([*COMMAND, *flags, "--models-dir", str(killed)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as first:
        for line in first.stderr:
            if line.startswith("epoch 2/"):
                first.send_signal(signal.SIGKILL)
                break
    assert first.returncode == -signal.SIGKILL
    assert not list(killed.rglob("manifest.json"))

    second, undisturbed = (subprocess.run([*COMMAND, *flags, "--models-dir", str(models)], capture_output=True,
                                          text=True, check=True) for models in (killed, whole))
    assert "epoch 1/" not in second.stderr
    assert f"epoch {EPOCHS}/{EPOCHS}" in second.stderr
    assert "continuing" not in undisturbed.stderr
    assert "epoch 1/" in undisturbed.stderr
    assert results(killed) == results(whole)
    assert not (killed / "plant" / "training").exists()
    assert f"after {EPOCHS} epochs" in second.stdout
    assert "continuing the interrupted training" in second.stderr
