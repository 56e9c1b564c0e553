"""`kill -9` in the middle of training, then the same command again."""

import signal
from pathlib import Path

import pytest
from processes import started

EPOCHS = 4


def results(models: Path) -> dict[str, bytes]:
    version = models / "plant" / "versions" / "v0001"
    return {name: (version / name).read_bytes() for name in ("model.safetensors", "metrics.json")}


@pytest.fixture
def flags(plant: Path, tiny: tuple[str, ...]) -> tuple[str, ...]:
    return ("--data", str(plant), *tiny, "--set", f"training.epochs={EPOCHS}", "--set", "training.batches_per_epoch=8")


def test_killed_training__continues_and_ends_as_if_undisturbed(cli, flags, place: Path, caplog) -> None:
    killed, whole = place / "killed", place / "whole"
    with started(("train", *flags, "--models-dir", killed)) as first:
        first.read_until("epoch 2/")
        first.kill()
    assert first.process.exitcode == -signal.SIGKILL
    assert not list(killed.rglob("manifest.json"))

    second, undisturbed = (cli("train", *flags, "--models-dir", models) for models in (killed, whole))
    assert (second.code, undisturbed.code) == (0, 0)
    assert "epoch 1/" not in second.err
    assert f"epoch {EPOCHS}/{EPOCHS}" in second.err
    assert "epoch 1/" in undisturbed.err
    assert results(killed) == results(whole)
    assert not (killed / "plant" / "training").exists()
    assert f"after {EPOCHS} epochs" in second.out
    (record,) = [record for record in caplog.records if "continuing the interrupted training" in record.message]
    assert str(killed) in record.message
