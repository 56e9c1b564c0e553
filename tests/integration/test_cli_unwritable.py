"""Places that cannot be written to: one clear message, exit code 2, nothing half-written.

Tests may run as root, whom permissions do not stop: a file stands in the way.
"""

import errno
import os
from pathlib import Path

import pytest


@pytest.fixture
def in_the_way(place: Path) -> Path:
    (place / "file").write_text("I was here first")
    return Path("file")


@pytest.mark.usefixtures("models")
def test_unwritable_forecast(refused, plant, in_the_way) -> None:
    for out in (in_the_way / "forecast.csv", in_the_way / "deep" / "forecast.parquet", "models"):
        refused("forecast", "--data", plant, "--out", out, facts=(f"cannot write {out}", "--out"))


def test_unwritable_models(refused, plant, tiny, in_the_way) -> None:
    for models in (in_the_way, in_the_way / "models"):
        refused("train", "--data", plant, *tiny, "--models-dir", models, facts=("cannot write", "file", "--models-dir"))


@pytest.mark.parametrize("flag", ["--json", "--report"])
def test_unwritable_backtest(refused, plant, in_the_way, flag: str) -> None:
    refused("backtest", "--data", plant, "--first-origin", "2025-04-20", "--models", "seasonal-naive", flag,
            in_the_way / "result", facts=("cannot write file/result",))


@pytest.mark.usefixtures("models")
def test_full_disk(refused, plant, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    refused("forecast", "--data", plant, facts=("cannot write forecast.csv", "No space left on device"))


@pytest.mark.parametrize("size", [0, 20_000])
def test_full_disk__while_a_training_is_under_way(refused, plant, tiny, files_of_at_most, size: int) -> None:
    with files_of_at_most(size):
        refused("train", "--data", plant, *tiny,
                facts=("cannot write the training's progress to models/plant/", "make room there"))
