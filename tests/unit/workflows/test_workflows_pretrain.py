"""The verb `pretrain`, on a corpus of two made-up sources."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stored_stations import stored_station
from wattcast.experts.pretrained import Pretrained
from wattcast.store.disk import DiskStore
from wattcast.training import pretrain as module
from wattcast.training import samples
from wattcast.training.base_model import FILE, MANIFEST, Base
from wattcast.workflows.pretrain import WORK, _against_start

pytestmark = pytest.mark.usefixtures("small_day_network")


CORPUS = """
sources:
  - {name: one, file: one.parquet, licence: MIT, may_ship: true, windows: 8}
  - {name: two, file: two.parquet, licence: private, may_ship: false, windows: 8, zone: Europe/Berlin}
"""


@pytest.fixture
def corpus(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(module.pretrain, "__kwdefaults__", {**module.pretrain.__kwdefaults__, "steps": 3})
    random = np.random.default_rng(0)
    times = pd.date_range("2025-01-06", periods=50 * 24, freq="1h")
    for name in ("one", "two"):
        pd.DataFrame({"station": name[0], "time": times, "power": 9 + random.normal(size=len(times))}).to_parquet(
            tmp_path / f"{name}.parquet")
    (tmp_path / "corpus.yaml").write_text(CORPUS)
    return tmp_path / "corpus.yaml"


def test_pretrain__writes_a_base_and_says_what_of(cli, corpus, tmp_path) -> None:
    run = cli("pretrain", "--corpus", corpus, "--out", tmp_path / "base")
    assert run.code == 0, run.err
    assert sorted(path.name for path in (tmp_path / "base").iterdir()) == [FILE, MANIFEST]
    assert "2 stations from 2 sources" in run.out
    assert "may not be given to others, because of two" in run.out
    assert run.err.splitlines()[-1].startswith("5/5 ")
    manifest = Base.load(tmp_path / "base").manifest
    assert [source["licence"] for source in manifest["sources"]] == ["MIT", "private"]
    assert not manifest["may_ship"]


def test_pretrain__prints_the_manifest_as_json(cli, corpus, tmp_path) -> None:
    run = cli("pretrain", "--corpus", corpus, "--out", tmp_path / "base", "--seed", 3, "--json")
    told = json.loads(run.out)
    assert told["manifest"]["seed"] == 3
    assert told["bytes"] > 0


def test_pretrain__learns_from_the_sources_of_several_files_untested(cli, corpus, tmp_path) -> None:
    whole = cli("pretrain", "--corpus", corpus, "--out", tmp_path / "whole")
    head, one, two = CORPUS.strip().splitlines()
    for name, line in {"one": one, "two": two}.items():
        (tmp_path / f"{name}.yaml").write_text(f"{head}\n{line}\n")
    files = [part for name in ("one", "two") for part in ("--corpus", tmp_path / f"{name}.yaml")]
    run = cli("pretrain", *files, "--out", tmp_path / "parts", "--untested")
    assert (whole.code, run.code) == (0, 0), run.err
    assert run.err.splitlines()[-1].startswith("3/3 ")
    assert (tmp_path / "parts" / FILE).read_bytes() == (tmp_path / "whole" / FILE).read_bytes()
    sources = Base.load(tmp_path / "parts").manifest["sources"]
    assert [(source["name"], source["never_seen"]) for source in sources] == [("one", None), ("two", None)]


def test_pretrain__refuses_a_file_that_is_given_twice(cli, corpus, tmp_path) -> None:
    run = cli("pretrain", "--corpus", corpus, "--corpus", corpus, "--out", tmp_path / "base")
    assert run.code == 2
    assert "one, two" in run.err
    assert not (tmp_path / "base").exists()


def test_pretrain__goes_on_after_the_sources_that_were_done(cli, corpus, tmp_path, monkeypatch) -> None:
    (tmp_path / "two.parquet").rename(tmp_path / "away")
    (tmp_path / "two.parquet").write_bytes(b"no Parquet")
    run = cli("pretrain", "--corpus", corpus, "--out", tmp_path / "base")
    assert run.code == 2
    assert "the source two cannot be read" in run.err
    assert [path.name.partition("-")[0] for path in (tmp_path / "base" / WORK).iterdir()] == ["one"]
    (tmp_path / "away").rename(tmp_path / "two.parquet")
    drawn, draw = [], samples.draw_samples
    monkeypatch.setattr(samples, "draw_samples", lambda source, *rest: drawn.append(source.name) or draw(source, *rest))
    assert cli("pretrain", "--corpus", corpus, "--out", tmp_path / "base").code == 0
    assert drawn == ["two"]


@pytest.mark.parametrize(("text", "words"), [
    ("sources: []", "is wrong at sources"),
    (CORPUS.replace("two.parquet", "three.parquet"), "are missing"),
    (CORPUS.replace("Europe/Berlin", "Europe/Berlim"), "is not a time zone"),
])
def test_pretrain__of_a_wrong_corpus_is_an_error(text, words, cli, corpus, tmp_path) -> None:
    corpus.write_text(text)
    run = cli("pretrain", "--corpus", corpus, "--out", tmp_path / "base")
    assert run.code == 2
    assert words in run.err


def test_pretrain__to_where_nothing_can_be_written_is_an_error_at_once(cli, corpus, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    run = cli("pretrain", "--corpus", corpus, "--out", tmp_path / "file" / "base")
    assert run.code == 2
    assert "cannot write" in run.err


@pytest.fixture
def store(corpus, tmp_path) -> DiskStore:       # noqa: ARG001 - it makes the runs short
    """Four stations of which one is too short."""
    kept = DiskStore(tmp_path / "models")
    for name, days in {"a": 60, "b": 60, "c": 70, "d": 20}.items():
        kept.station(name).replace_measurements(stored_station(name, days))
    return kept


def test_pretrain__learns_from_the_stations_of_a_store(cli, store, tmp_path) -> None:
    run = cli("pretrain", "--store", store.root, "--out", tmp_path / "base")
    assert run.code == 0, run.err
    assert f"3 of 4 stations in {store.root} are learned from" in run.err
    assert "left out: d, station d has too little data" in run.err
    assert "of a core, an estimate" in run.err
    assert run.err.splitlines()[-1].startswith("7/7 ")
    base = Base.load(tmp_path / "base")
    assert not base.manifest["may_ship"]
    assert [source["stations"] for source in base.manifest["sources"]] == [["a"], ["b"], ["c"]]
    assert all(source["never_seen"]["base"] > 0 for source in base.manifest["sources"])
    assert list(base.manifest["left_out"]) == ["d"]
    assert base.learned_until("a") == stored_station("a", 60).end - pd.Timedelta(days=21)
    assert base.learned_until("d") is None


def test_pretrain__of_a_store_goes_on_where_it_was_interrupted(cli, store, tmp_path, monkeypatch) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert cli("pretrain", "--store", store.root, "--out", whole).code == 0
    drawn, draw = [], samples.draw_samples

    def interrupted(source, *rest) -> samples.Samples:
        if source.name == "store-3":
            raise KeyboardInterrupt
        return draw(source, *rest)

    monkeypatch.setattr(samples, "draw_samples", interrupted)
    assert cli("pretrain", "--store", store.root, "--out", parts).code != 0
    monkeypatch.setattr(samples, "draw_samples",
                        lambda source, *rest: drawn.append(source.name) or draw(source, *rest))
    assert cli("pretrain", "--store", store.root, "--out", parts).code == 0
    assert drawn == ["store-3"]
    assert (parts / FILE).read_bytes() == (whole / FILE).read_bytes()


def test_pretrain__of_a_store_beside_files(cli, store, corpus, tmp_path) -> None:
    run = cli("pretrain", "--corpus", corpus, "--store", store.root, "--out", tmp_path / "base", "--untested")
    assert run.code == 0, run.err
    sources = Base.load(tmp_path / "base").manifest["sources"]
    assert [source["name"] for source in sources] == ["one", "two", "store-1", "store-2", "store-3"]
    assert "without the drawing from files" in run.err
    corpus.write_text(CORPUS.replace("name: one", "name: store-2"))
    run = cli("pretrain", "--corpus", corpus, "--store", store.root, "--out", tmp_path / "base")
    assert run.code == 2
    assert "store-2" in run.err


def test_pretrain__until_a_time_sees_nothing_of_later(cli, store, corpus, tmp_path) -> None:
    def made(name: str) -> bytes:
        run = cli("pretrain", "--corpus", corpus, "--store", store.root, "--out", tmp_path / name, "--untested",
                  "--until", "2025-02-20")
        assert run.code == 0, run.err
        return (tmp_path / name / FILE).read_bytes()

    before = made("before")
    for name in ("a", "b", "c"):
        data = store.station(name).measurements()
        data.frame.loc["2025-02-20":] *= 7
        store.station(name).replace_measurements(data)
    for name in ("one", "two"):
        rows = pd.read_parquet(tmp_path / f"{name}.parquet")
        rows.loc[rows.time >= "2025-02-20", "power"] *= 7
        rows.to_parquet(tmp_path / f"{name}.parquet")
    assert made("after") == before


def test_pretrain__of_nothing_at_all_is_an_error(cli, store, tmp_path) -> None:
    for given, words in (((), "nothing is given to learn from"),
                         (("--store", tmp_path / "absent"), "no rows of any station are stored"),
                         (("--store", store.root, "--until", "2025-01-20"), "nothing can be learned from any"),
                         (("--store", store.root, "--until", "soon"), "is not a time")):
        run = cli("pretrain", *given, "--out", tmp_path / "base")
        assert run.code == 2
        assert words in run.err
        assert not (tmp_path / "base").exists()
        assert not (tmp_path / "absent").exists()


def test_pretrain__of_a_store_alone_begins_as_the_base_that_ships(cli, store, corpus, tmp_path, monkeypatch) -> None:
    assert cli("pretrain", "--corpus", corpus, "--out", tmp_path / "start").code == 0
    start = Base.load(tmp_path / "start")
    monkeypatch.setattr(Pretrained, "loaded", start)
    run = cli("pretrain", "--store", store.root, "--out", tmp_path / "base")
    assert run.code == 0, run.err
    assert "of the error of the base that ships" in run.out
    told = Base.load(tmp_path / "base").manifest
    assert told["start"] == start.manifest["files"][FILE]
    assert told["sources"][0]["never_seen"]["start"] > 0
    run = cli("pretrain", "--store", store.root, "--corpus", corpus, "--out", tmp_path / "both", "--untested")
    assert run.code == 0, run.err
    assert Base.load(tmp_path / "both").manifest["start"] is None


@pytest.mark.parametrize(("told", "words"), [({"base": 0.5, "start": 1.0}, ["stations that were left out: 0.500"]),
                                             ({"base": 1.0, "start": 1.0}, ["nothing is gained"]), ({"base": 1.0}, [])])
def test_outcome__says_what_is_gained(told, words) -> None:
    said = _against_start([{"never_seen": told}, {"never_seen": None}])
    assert len(said) == len(words)
    assert all(word in line for word, line in zip(words, said, strict=True))
