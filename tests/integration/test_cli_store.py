"""Verbs on a store: without `--data` they work on what is kept, and the place is named in one flag."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from wattcast.cli import main
from wattcast.store.disk import DiskStore

NOW = ("--now", "2025-04-30 00:10")


@pytest.mark.usefixtures("models")
def test_forecast__without_data_is_the_one_with_the_whole_history(cli, plant: Path) -> None:
    assert cli("forecast", "--data", plant, *NOW, "--dry-run", "--out", "given.csv").code == 0
    told = json.loads(cli("forecast", *NOW, "--out", "stored.csv", "--json").out)
    pd.testing.assert_frame_equal(pd.read_csv("stored.csv"), pd.read_csv("given.csv"))
    assert (told["station"], told["ground"]["rows_given"]) == ("plant", None)
    *_, made = DiskStore(Path("models")).station("plant").forecasts()
    assert made.version == "v0001"
    assert {"total_active_power", "total_active_power_q10", "not_use_power_q90"} <= set(made.table)
    assert made.notes == tuple(told["notes"])


@pytest.mark.usefixtures("models")
def test_verbs__without_data_work_on_what_is_stored(cli) -> None:
    checked = cli("check")
    assert checked.code == 0
    assert "station plant" in checked.out
    assert cli("finetune", "--if-needed").code == 0
    explained = cli("explain", "--at", "2025-04-29 00:00", "--json", "-")
    assert json.loads(explained.out)["version"] == "v0001"
    assert cli("backtest", "--first-origin", "2025-04-20", "--origins", "1", "--models", "seasonal-naive").code == 0


def test_train__without_data_learns_what_is_stored_and_keeps_its_description(cli, trained_models, tiny, place) -> None:
    shutil.copytree(trained_models / "plant" / "history", place / "models" / "plant" / "history")
    DiskStore(Path("models")).station("plant").describe({"station": "plant", "targets": {}})
    assert cli("train", *tiny, "--set", "training.epochs=1").code == 0
    manifest = json.loads(cli("models", "show", "--station", "plant").out)
    assert manifest["description"] == {"station": "plant", "targets": {}}
    assert manifest["data_hash"] == json.loads(
        (trained_models / "plant" / "versions" / "v0001" / "manifest.json").read_text())["data_hash"]


@pytest.mark.parametrize("words", [
    ("check",), ("train",), ("tune",), ("forecast",), ("explain",), ("backtest", "--first-origin", "2025-04-20"),
    ("forecast", "--station", "all")])
@pytest.mark.usefixtures("place")
def test_verbs__without_data_where_nothing_is_stored_say_what_to_do(cli, words: tuple[str, ...]) -> None:
    done = cli(*words)
    assert done.code == 2
    assert "wattcast ingest" in done.err
    assert "no rows of any station are stored in models" in done.err
    assert not Path("models").exists()


def test_store__is_named_by_either_flag_and_not_by_both(cli, models: Path, place: Path) -> None:
    shutil.move(models, place / "kept")
    for flags in (("--store", "kept"), ("--store", "disk:kept"), ("--models-dir", "kept")):
        assert "v0001" in cli("models", "list", "--station", "plant", *flags).out
    both = cli("models", "list", "--store", "kept", "--models-dir", "kept")
    assert both.code == 2
    assert "contradict" in both.err


@pytest.mark.usefixtures("place")
def test_store__of_an_unknown_kind_is_refused_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["models", "list"], ["forecast"]):
        assert main([*words, "--store", "mysql://me:hunter2@host/db"]) == 2
        told = capsys.readouterr()
        assert "no store of the kind 'mysql'" in told.err
        assert "hunter2" not in told.err + told.out


@pytest.mark.parametrize("name", ["sqlite:///kept.db", "postgresql://me:secret@host/kept", "postgres://host/kept",
                                  "disk:kept", "memory:"])
def test_models_dir__of_another_kind_of_store_is_refused(cli, place: Path, name: str) -> None:
    done = cli("stations", "add", "--station", "north", "--set", "data.kind=load", "--models-dir", name)
    assert done.code == 2
    assert "use --store" in done.err
    assert "secret" not in done.err
    assert list(place.iterdir()) == []
