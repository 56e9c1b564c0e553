"""A station that was only taken in: verbs say of it what they say with `--data`."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from wattcast.cli import main
from wattcast.data.schema import StationData
from wattcast.finetune.attempt import attempt
from wattcast.settings import load_settings
from wattcast.store.disk import DiskStore
from wattcast.workflows.job import Job
from wattcast.workflows.train import fit_history, train

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


@pytest.mark.parametrize("updating", [False, True])
def test_train__what_came_in_meanwhile_is_not_lost(both_ways, place, tiny, monkeypatch, *, updating: bool) -> None:
    """A training takes an hour; a correction in that hour counts, and the update that follows learns from it."""
    store = DiskStore(Path(shutil.copytree(both_ways[1], place / "models")))
    kept = store.station("plant")
    data = kept.measurements()
    at = data.frame.index[-1500]
    corrected = data.frame.loc[[at]].assign(total_active_power=data.frame["total_active_power"].loc[at] + 1.5)
    learned_from = []

    def fitted(*given):
        made = fit_history(*given)
        kept.append_measurements(StationData(data.station, corrected), received=pd.Timestamp("2025-05-01", tz="UTC"))
        return made

    def attempted(champion, data, *given, **told):
        learned_from.append(data.frame["total_active_power"].loc[at])
        return attempt(champion, data, *given, **told)

    monkeypatch.setattr("wattcast.workflows.train.fit_history", fitted)
    monkeypatch.setattr("wattcast.workflows.train.search_history", lambda *_, **__: None)
    monkeypatch.setattr("wattcast.workflows.finetune.attempt", attempted)
    settings = load_settings(assignments=[*tiny[1::2], *NOTHING_KEPT[1::2],
                                          f"finetune.incremental_training={updating}".lower()])
    train(Job(None, "plant", settings, store), "plant", search=updating)
    now = kept.measurements().frame["total_active_power"].loc[at]
    assert now == corrected["total_active_power"].iloc[0]
    assert learned_from == [now] * updating
