"""Verbs on a store in a database do what they do on a folder, to the last digit, and never show a password."""

import contextlib
import io
import json
import logging
from pathlib import Path

import pytest

from postgres import PASSWORD
from wattcast.cli import main

QUICK = ("--set", "training.epochs=1", "--set", "training.batches_per_epoch=1", "--set", "finetune.finetune_epochs=1",
         "--set", "finetune.finetune_batches=1")

def story(data: Path, tiny: tuple[str, ...], store: object, folder: Path) -> tuple[list[object], str]:
    """A station's life in a store: what came of it, and all that was printed."""
    printed = io.StringIO()

    def run(*words: object) -> int:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            return main([str(word) for word in (*words, "--store", store)])

    made = [run("train", "--data", data / "north.csv", *tiny, *QUICK),
            run("finetune", "--data", data / "later.csv", *QUICK),
            run("forecast", "--now", "2025-04-20 00:10", "--out", folder / "made.csv"),
            (folder / "made.csv").read_text(),
            run("models", "promote", "v0002", "--station", "north"),
            run("models", "rollback", "--station", "north"),
            run("models", "show", "--station", "north")]
    manifest = json.loads(printed.getvalue()[printed.getvalue().index("{\n"):])
    return [*made, manifest["parent"], manifest["data_hash"], manifest["files"]], printed.getvalue()


@pytest.fixture(scope="module")
def in_a_folder(trained_north, tiny, tmp_path_factory) -> list[object]:
    folder = tmp_path_factory.mktemp("folder")
    return story(trained_north, tiny, folder / "models", folder)[0]


def test_train_finetune_forecast__as_in_a_folder(in_a_folder, trained_north, tiny, place, database_url, tmp_path,
                                                 monkeypatch, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with monkeypatch.context() as patch:
        patch.setenv("WATTCAST_CACHE_DIR", str(tmp_path / "cache"))     # of kernels, too, which are loaded by now
        made, printed = story(trained_north, tiny, database_url, place)
    assert not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))
    assert made == in_a_folder
    assert [made[0], made[2], *made[4:7]] == [0] * 5
    assert "v0001 is the champion" in printed
    assert [path.name for path in place.iterdir()] == ["made.csv"]
    assert PASSWORD not in printed + caplog.text


def test_database__out_of_reach_or_with_nothing_in_it(refused, plant, tmp_path: Path) -> None:
    for words in (("forecast", "--data", plant), ("train", "--data", plant), ("models", "list")):
        message = refused(*words, "--store", f"postgresql://me:{PASSWORD}@127.0.0.1:1/stations",
                          facts=("postgresql://me@127.0.0.1:1/stations cannot be reached", "start the server"))
        assert PASSWORD not in message
    refused("models", "show", "--station", "plant", "--store", f"sqlite:///{tmp_path / 'none.db'}",
            facts=("station plant has no trained model in sqlite:///",))
    assert not (tmp_path / "none.db").exists()
