"""A station is described once, for its training: what comes later needs no `--config`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from wattcast.cli import main
from wattcast.store.registry import Registry

CONFIG = """
station: park
time: {column: when, timezone: Asia/Tokyo, step: 1h}
targets: {total_active_power: kw}
known_future: [outside]
kind: wind
capacity: 1300
location: {latitude: 43, longitude: 141, country: JP}
"""
TRAINED_DAYS, ALL_DAYS = 30, 51
QUICK = ("--set", "finetune.finetune_epochs=1", "--set", "finetune.finetune_batches=1")


def rows(seed_table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    table = seed_table("park", days=ALL_DAYS, step="1h")
    return pd.DataFrame({"when": table["ts"], "kw": table["total_active_power"], "outside": table["temp"]})


@pytest.fixture(scope="module")
def described(seed_table, tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the description, the rows of the training, all rows, and the models."""
    folder = tmp_path_factory.mktemp("described")
    (folder / "park.yaml").write_text(CONFIG)
    rows(seed_table).iloc[:TRAINED_DAYS * 24].to_csv(folder / "old.csv", index=False)
    rows(seed_table).to_csv(folder / "all.csv", index=False)
    assert main(["train", "--data", str(folder / "old.csv"), "--config", str(folder / "park.yaml"), "--models-dir",
                 str(folder / "models"), *tiny, "--set", "model.patch_len=12"]) == 0
    return folder


@pytest.fixture
def here(described: Path, place: Path) -> Path:
    return Path(shutil.copytree(described, place, dirs_exist_ok=True))


def test_forecast__without_the_description_is_the_same(cli, here: Path) -> None:
    made = []
    for flags in (("--config", "park.yaml"), (), ("--station", "park"), ("--set", "data.capacity=1300")):
        done = cli("forecast", "--data", "all.csv", *flags)
        assert done.code == 0, done.err
        made.append((here / "forecast.csv").read_bytes())
    assert len(set(made)) == 1
    table = pd.read_csv(here / "forecast.csv")
    assert (len(table), table["station_id"].iloc[0]) == (168, "park")
    assert table.filter(like="total_active_power").to_numpy().max() <= 1300


def test_finetune__without_the_description_keeps_it_in_the_new_version(cli, here: Path) -> None:
    done = cli("finetune", "--data", "all.csv", *QUICK)
    gate = json.loads((here / "models" / "park" / "gate.json").read_text())["gate"]
    assert done.code == (0 if gate["promoted"] else 3)
    assert cli("forecast", "--data", "all.csv").code == 0
    first, second = (Registry(here / "models", "park").manifest(name) for name in ("v0001", "v0002"))
    assert first["station"] == second["station"]
    told = {**first["description"], "station": "park"}
    told["time"] |= {"daylight_saving": True}       # what the data showed
    assert told == second["description"]


@pytest.mark.parametrize("verb", ["forecast", "finetune"])
@pytest.mark.parametrize(("assignment", "facts"), [
    ("data.capacity=900", ("data.capacity", "capacity: 900.0", "capacity: 1300.0")),
    ("data.kind=load", ("data.kind", "kind: load", "kind: wind")),
    ("data.time.timezone=Asia/Shanghai", ("data.time.timezone", "Asia/Shanghai", "Asia/Tokyo")),
])
def test_another_station__is_refused_with_both_values(cli, here: Path, verb: str, assignment: str,
                                                      facts: tuple[str, ...]) -> None:
    before = sorted((here / "models").rglob("*"))
    done = cli(verb, "--data", "all.csv", "--set", assignment)
    assert done.code == 2
    for fact in (*facts, "v0001 of station park", "train again with 'wattcast train'"):
        assert fact in done.err
    assert sorted((here / "models").rglob("*")) == before
    assert not (here / "forecast.csv").exists()
