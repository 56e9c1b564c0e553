"""`wattcast stations`: what stations are is said once."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from wattcast.store.disk import DiskStore
from wattcast.store.open import open_store

pytestmark = pytest.mark.usefixtures("place")


def test_stations__added_again_and_changed(cli) -> None:
    Path("all.yaml").write_text("kind: pv\nstations: [{station: roof, capacity: 50}, {station: field}]")
    first = cli("stations", "add", "--config", "all.yaml")
    assert first.code == 0
    assert "station roof is new: kind: pv, capacity: 50.0" in first.out
    assert "station field is new: kind: pv" in first.out
    assert "station roof is as it was" in cli("stations", "add", "--config", "all.yaml").out
    changed = cli("stations", "add", "--station", "roof", "--set", "data.capacity=60", "--json")
    assert json.loads(changed.out) == [{"station": "roof", "state": "changed", "notes": [],
                                        "changes": [{"key": "data.capacity", "was": 50.0, "now": 60.0}]}]
    kept = DiskStore(Path("models")).station("roof").description()
    assert kept == {"station": "roof", "kind": "pv", "capacity": 60.0}


@pytest.mark.usefixtures("models")
def test_stations__a_contradiction_to_a_model_is_refused_and_the_others_are_kept(cli) -> None:
    Path("all.yaml").write_text("kind: wind\nstations: [{station: plant}, {station: field}]")
    done = cli("stations", "add", "--config", "all.yaml")
    assert done.code == 2
    assert "station plant: the model v0001 of station plant was trained with other values of data.kind" in done.err
    store = DiskStore(Path("models"))
    assert store.station("plant").description() is None
    assert store.station("field").description() == {"station": "field", "kind": "wind"}


@pytest.mark.usefixtures("models")
def test_stations__listed_and_shown(cli) -> None:
    assert "nothing is kept in nowhere yet" in cli("stations", "list", "--store", "nowhere").out
    assert cli("stations", "add", "--station", "field", "--set", "data.kind=wind").code == 0
    field, plant = json.loads(cli("stations", "list", "--json").out)
    assert (field["station"], field["kind"], field["rows"], field["newest"]) == ("field", "wind", 0, None)
    assert (plant["station"], plant["kind"], plant["champion"]) == ("plant", "load", "v0001")
    assert plant["rows"] > 5000
    assert plant["bytes"] > 1000
    table = cli("stations", "list").out
    assert all(word in table for word in ("field", "wind", "plant", "v0001", "Asia/Shanghai", "MB"))
    shown = json.loads(cli("stations", "show", "--station", "plant").out)
    assert (shown["champion"], shown["corrections"], shown["files"]) == ("v0001", 0, [])
    missed = cli("stations", "show", "--station", "plnt")
    assert missed.code == 2
    assert "did you mean plant?" in missed.err


@pytest.mark.usefixtures("models")
def test_stations__without_rows_are_left_out_with_a_word(cli, caplog) -> None:
    assert cli("stations", "add", "--station", "roof", "--set", "data.kind=pv").code == 0
    done = cli("check", "--station", "all")
    assert done.code == 0
    assert "no rows of roof are stored in models: left out" in done.err + caplog.text


@pytest.mark.parametrize("station", ["../x", "a/b", "x" * 300, ".."])
def test_stations__ids_stay_in_their_place(cli, station: str) -> None:
    assert cli("stations", "add", "--station", station, "--set", "data.kind=pv").code == 2
    assert not Path("models").exists()
    assert [path.name for path in Path("..").iterdir()] == ["place"]


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("store", ["models", "sqlite:///kept.db"])
def test_stations__removed_only_with_yes(cli, store: str) -> None:
    if store != "models":
        assert cli("stations", "copy", "--to", store).code == 0
    cli("stations", "add", "--station", "field", "--set", "data.kind=wind", "--store", store)
    given = ("stations", "remove", "plant", "--store", store)
    kept = cli(*given)
    assert kept.code == 2
    assert "nothing was removed of station plant" in kept.err
    assert "versions" in kept.err
    assert " MB" in kept.err
    assert open_store(store).stations() == ("field", "plant")
    assert "did you mean plant?" in cli("stations", "remove", "plamt", "--yes", "--store", store).err
    done = cli(*given, "--yes")
    assert done.code == 0
    assert "removed station plant" in done.out
    assert open_store(store).stations() == ("field",)
    assert cli(*given, "--yes").code == 2


@pytest.mark.usefixtures("models")
def test_stations__copied_to_a_database_and_back_forecast_the_same(cli) -> None:
    places = ("models", "sqlite:///kept.db", "back")
    for source, target in pairwise(places):
        for _ in range(2):
            done = cli("stations", "copy", "--store", source, "--to", target)
            assert done.code == 0, done.err
            assert "1 versions" in done.out
            assert f"1 of 1 stations of {source} are in {target}" in done.out
    said = []
    for place in places:
        assert cli("forecast", "--store", place, "--dry-run", "--out", "made.csv").code == 0
        said.append(Path("made.csv").read_bytes())
    assert len(set(said)) == 1
    assert (Path("back/plant/bi_mamba.pth").read_bytes() == Path("models/plant/bi_mamba.pth").read_bytes())
    told = json.loads(cli("stations", "copy", "--to", "back", "--station", "plant", "--json").out)
    assert told[0]["versions"] == 1


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("flags", "words"), [
    (("--to", "models"), "both stores are the same"), (("--to", "b", "--station", "plamt"), "did you mean plant?"),
    (("--store", "nowhere", "--to", "b"), "nothing is kept in nowhere")])
def test_stations__what_cannot_be_copied(cli, flags: tuple[str, ...], words: str) -> None:
    done = cli("stations", "copy", *flags)
    assert done.code == 2
    assert words in done.err
    assert not Path("b").exists()
