"""One base for all stations of a store, through the command line: made, forecast with, and what is said of figures of
weeks that it has learned."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stored_stations import stored_station
from wattcast.store.open import open_store
from wattcast.training import pretrain

pytestmark = pytest.mark.usefixtures("small_day_network")

STORE = "sqlite:///fleet.db"
BASE = ("--set", "model.base=base")


@pytest.fixture
def base(cli: Callable, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Learned in three steps from three stations, whose rows end on 2025-03-27."""
    monkeypatch.setattr(pretrain.pretrain, "__kwdefaults__", {**pretrain.pretrain.__kwdefaults__, "steps": 3})
    with closing(open_store(STORE)) as store:
        for name in "abc":
            store.station(name).replace_measurements(stored_station(name, 80))
    run = cli("pretrain", "--store", STORE, "--out", "base")
    assert run.code == 0, run.err
    assert "3 of 3 stations" in run.err
    return place / "base"


def test_pretrain__makes_a_base_that_forecasts_the_store(cli: Callable, base: Path) -> None:
    run = cli("forecast", "--store", STORE, "--station", "all", *BASE, "--json", "--now", "2025-03-27")
    assert run.code == 0, run.err
    assert base.is_dir()
    assert [each["station"] for each in json.loads(run.out)] == ["a", "b", "c"]
    run = cli("backtest", "--store", STORE, "--station", "a", *BASE, "--first-origin", "2025-03-12", "--models", "base",
              "--json", "late.json")
    assert run.code == 0, run.err
    assert "flatter" not in run.out
    assert "notes" not in json.loads(Path("late.json").read_text())


def test_backtest__of_weeks_that_the_base_has_learned_says_so(cli: Callable, base: Path) -> None:
    assert base.is_dir()
    run = cli("backtest", "--store", STORE, "--station", "a", *BASE, "--first-origin", "2025-02-24", "--origins", 2,
              "--models", "untrained", "--json", "told.json", "--report", "told.html")
    assert run.code == 0, run.err
    said = "the base in use has learned from station a until 2025-03-06 00:00: figures of earlier weeks flatter it"
    assert said in run.out.replace("\n", " ")
    assert json.loads(Path("told.json").read_text())["notes"] == [said]
    assert said in Path("told.html").read_text()
    without = cli("backtest", "--store", STORE, "--station", "a", "--first-origin", "2025-02-24", "--origins", 1,
                  "--models", "untrained")
    assert "flatter" not in without.out


def test_train__on_weeks_that_the_base_has_learned_says_so(cli: Callable, base: Path, tiny: tuple[str, ...]) -> None:
    assert base.is_dir()
    small = (*tiny, "--set", "model.patch_len=24")
    run = cli("train", "--store", STORE, "--station", "a", *BASE, *small, "--until", "2025-03-10", "--json")
    assert run.code == 0, run.err
    told = json.loads(run.out)
    assert told["notes"][-1].startswith("the base in use has learned from station a until 2025-03-06")
    assert told["evaluation"]["notes"] == told["notes"][-1:]
    run = cli("train", "--store", STORE, "--station", "b", *BASE, *small, "--json")
    assert "notes" not in json.loads(run.out)["evaluation"]
