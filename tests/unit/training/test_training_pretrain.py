"""From made-up stations to a base: what is drawn of them, that a run goes on, and what the base then knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Kind
from wattcast.data.corpus import Corpus, Source, corpus_stations
from wattcast.errors import DataError
from wattcast.training import pretrain as module
from wattcast.training.base_trees import PARAMETERS, Base
from wattcast.training.pretrain import Samples, draw_samples, errors_of, kept_samples, pretrain
from wattcast.windows.window_units import INPUTS

DAY = 24


@pytest.fixture(autouse=True)
def _few_leaves(monkeypatch) -> None:
    monkeypatch.setitem(PARAMETERS, "num_leaves", 7)
    monkeypatch.setitem(PARAMETERS, "min_data_in_leaf", 20)


def corpus_file(folder: Path, names: str = "ab", days: int = 60) -> Path:
    """Works that begin at eight, of other sizes; what was there before is replaced."""
    random = np.random.default_rng(0)
    times = pd.date_range("2025-01-06", periods=days * DAY, freq="1h")
    worked = (times.day_of_week < 5) & (times.hour >= 8) & (times.hour < 18)
    tables = [pd.DataFrame({"station": name, "time": times,
                            "power": 10.0 ** (place % 3) * (20 + 80 * worked + random.normal(0, 4, len(times)))})
              for place, name in enumerate(names)]
    path = folder / "works.parquet"
    pd.concat(tables).to_parquet(path)
    return path


def source(path: Path, name: str = "works", **more: object) -> Source:
    return Source.model_validate({"name": name, "file": str(path), "licence": "MIT", "may_ship": True, "windows": 12,
                                  **more})


def test_samples__are_steps_of_windows_of_every_station(tmp_path) -> None:
    drawn = draw_samples(source(corpus_file(tmp_path)), 0)
    assert drawn.stations == ("a", "b")
    assert drawn.inputs.shape == (len(drawn.corrections), len(INPUTS))
    assert 0.5 * 24 * module.STEPS < len(drawn.corrections) < 1.5 * 24 * module.STEPS
    assert np.isfinite(drawn.corrections).all()


def test_samples__are_made_harder_in_part(tmp_path) -> None:
    drawn = draw_samples(source(corpus_file(tmp_path), windows=60), 0)
    measured, zero = (drawn.inputs[:, INPUTS.index(name)] for name in ("measured", "zero"))
    assert 0.05 < (measured < 0.9).mean() < 0.6
    assert 0.01 < (zero > 0).mean() < 0.3           # turned over: the power is below zero


def test_samples__of_a_station_do_not_depend_on_the_others(tmp_path) -> None:
    path = corpus_file(tmp_path)
    both, alone = draw_samples(source(path), 0), draw_samples(source(path, leave_out=["b"]), 0)
    np.testing.assert_array_equal(both.corrections[:len(alone.corrections)], alone.corrections)
    other = draw_samples(source(path), 1)
    assert len(other.corrections) != len(both.corrections) or (other.corrections != both.corrections).any()


def test_samples__know_nothing_that_was_measured_after_their_origin(tmp_path) -> None:
    [data] = corpus_stations(source(corpus_file(tmp_path, "a")))
    origin, later = 40 * DAY, data.frame.copy()
    later.iloc[origin:] = 7777.0
    found = []
    for frame in (data.frame, later):
        windows = module.station_windows(replace(data, frame=frame))
        lately = module.lately_in_units(windows, np.asarray([origin]))
        found.append(module.window_units(windows, np.asarray([origin]), lately))
    # The history's scales are other ones: what is read is the same to their rounding.
    np.testing.assert_allclose(found[0].inputs, found[1].inputs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("days", [5, 8, 20])
def test_samples__of_too_short_histories_are_an_error(days, tmp_path) -> None:
    path = corpus_file(tmp_path, days=days)
    with pytest.raises(DataError, match="holds nothing to learn from"):
        draw_samples(source(path), 0)


def test_kept__samples_are_read_again_and_made_anew_for_another_seed_or_file(tmp_path, monkeypatch) -> None:
    work = tmp_path / "work"
    first = kept_samples(source(corpus_file(tmp_path)), 0, work)
    monkeypatch.setattr(module, "draw_samples", lambda *_: pytest.fail("drawn again"))
    again = kept_samples(source(tmp_path / "works.parquet"), 0, work)
    np.testing.assert_array_equal(again.inputs, first.inputs)
    assert again.stations == first.stations
    for seed, names in ((1, "ab"), (0, "abc")):
        with pytest.raises(pytest.fail.Exception):
            kept_samples(source(corpus_file(tmp_path, names)), seed, work)


def test_kept__samples_that_are_damaged_are_drawn_again(tmp_path) -> None:
    work = tmp_path / "work"
    first = kept_samples(source(corpus_file(tmp_path)), 0, work)
    [path] = work.iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    np.testing.assert_array_equal(kept_samples(source(tmp_path / "works.parquet"), 0, work).inputs, first.inputs)


def two_sources(folder: Path) -> Corpus:
    path = corpus_file(folder, "abcd")
    return Corpus(sources=(source(path, "one", leave_out=["c", "d"]), source(path, "two", leave_out=["a", "b"])))


def test_pretrain__tells_what_it_learned_from_and_how_it_does_where_it_never_was(tmp_path) -> None:
    told = []
    base = pretrain(two_sources(tmp_path), seed=0, work=tmp_path / "work", rounds=10,
                    progress=lambda *part: told.append(part))
    assert [(done, total) for done, total, _ in told] == [(part, 5) for part in range(1, 6)]
    sources = {each["name"]: each for each in base.manifest["sources"]}
    assert {name: each["stations"] for name, each in sources.items()} == {"one": ["a", "b"], "two": ["c", "d"]}
    assert all(each["licence"] == "MIT" and each["never_seen"]["base"] > 0 for each in sources.values())
    assert base.manifest["may_ship"]


def test_pretrain__is_the_same_again_and_after_an_interruption(tmp_path, monkeypatch) -> None:
    corpus = two_sources(tmp_path)
    first = pretrain(corpus, seed=0, work=tmp_path / "first", rounds=10)

    def interrupted(done: int, *_: object) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(corpus, seed=0, work=tmp_path / "second", rounds=10, progress=interrupted)
    drawn = []
    draw = module.draw_samples
    monkeypatch.setattr(module, "draw_samples", lambda each, seed: drawn.append(each.name) or draw(each, seed))
    assert pretrain(corpus, seed=0, work=tmp_path / "second", rounds=10).files() == first.files()
    assert drawn == ["two"]


def test_pretrain__beats_the_rules_at_stations_of_its_kind(tmp_path) -> None:
    corpus = Corpus(sources=(source(corpus_file(tmp_path, "abcdef"), windows=80),))
    base = pretrain(corpus, seed=0, work=tmp_path / "work", rounds=60)
    assert isinstance(base, Base)
    unseen = draw_samples(source(corpus_file(tmp_path, "xyz", days=70), windows=20), 5)
    found = errors_of(unseen, np.asarray(base.booster.predict(unseen.inputs)))
    assert found["base"] < found["lag_1w"]
    assert found["base"] < 1.02 * found["adjusted"]


def test_errors__stand_on_the_same_steps_for_all() -> None:
    inputs = np.full((2, len(INPUTS)), np.nan, np.float32)
    inputs[:, INPUTS.index("adjusted")] = 1.0
    inputs[0, INPUTS.index("lag_1w")] = 3.0
    found = errors_of(Samples(inputs, np.asarray([1.0, 1.0], np.float32), ()), np.asarray([1.0, 0.5]))
    assert found == {"base": 0.25, "lag_1w": 1.0, "yesterday": 1.0, "lag_mean": 1.0, "adjusted": 1.0,
                     "against_best_rule": 0.25}


def test_kinds__only_loads_are_turned_over(tmp_path) -> None:
    drawn = draw_samples(source(corpus_file(tmp_path), kind=Kind.PV, windows=60), 0)
    assert (drawn.inputs[:, INPUTS.index("zero")] < 0).all()
