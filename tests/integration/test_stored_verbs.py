"""A station that was only taken in: verbs say of it what they say with `--data`."""

import json
from pathlib import Path

import pytest

from wattcast.cli import main

NOTHING_KEPT = ("--set", "evaluation.holdout_weeks=0")


@pytest.fixture(scope="module")
def both_ways(plant: Path, tiny: tuple[str, ...], tmp_path_factory) -> tuple[Path, Path]:
    """The store after a training with `--data`, and one of a station that was only taken in."""
    given, stored = (tmp_path_factory.mktemp(name) / "models" for name in ("given", "stored"))
    assert main(["train", "--data", str(plant), "--store", str(given), *tiny, *NOTHING_KEPT]) == 0
    assert main(["ingest", "--data", str(plant), "--store", str(stored), "--still", "0"]) == 0
    assert main(["train", "--store", str(stored), *tiny, *NOTHING_KEPT]) == 0
    return given, stored


def test_train__without_data_is_the_same(both_ways) -> None:
    given, stored = (json.loads((folder / "plant/versions/v0001/manifest.json").read_text()) for folder in both_ways)
    for key in ("data_hash", "files", "station", "selection", "span"):
        assert given[key] == stored[key], key


def test_forecast__without_data_is_the_same_file(cli, both_ways, plant) -> None:
    said = []
    for folder, flags in zip(both_ways, (("--data", plant), ()), strict=True):
        made = folder / "made.csv"
        assert cli("forecast", *flags, "--store", folder, "--out", made, "--now", "2025-05-01 00:30").code == 0
        said.append(made.read_text())
    assert said[0] == said[1]


def test_check__without_data_tells_the_same_findings(cli, both_ways, plant) -> None:
    given, stored = (json.loads(cli("check", *flags, "--json").out) for flags in (
        ("--data", plant), ("--store", both_ways[1])))
    for key in ("station", "step", "first", "last", "measured_days", "findings"):
        assert given[key] == stored[key], key
