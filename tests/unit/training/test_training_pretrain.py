"""From made-up stations to a base: that a run goes on, what it tells, and what the base then knows."""

import numpy as np
import pytest
from stations_to_learn import corpus_file, source, two_sources

from wattcast.errors import DataError
from wattcast.training import samples
from wattcast.training.pretrain import Price, _said, errors_of, pretrain
from wattcast.training.samples import draw_samples
from wattcast.windows.window_units import INPUTS

pytestmark = pytest.mark.usefixtures("small_day_network")


FEW = 6


def test_pretrain__tells_what_it_learned_from_and_how_it_does_where_it_never_was(tmp_path) -> None:
    told = []
    base = pretrain(two_sources(tmp_path).sources, seed=0, work=tmp_path / "work", steps=FEW,
                    progress=lambda *part: told.append(part))
    assert [(done, total) for done, total, _ in told] == [(part, 5) for part in range(1, 6)]
    sources = {each["name"]: each for each in base.manifest["sources"]}
    assert {name: each["stations"] for name, each in sources.items()} == {"one": ["a", "b"], "two": ["c", "d"]}
    assert all(each["licence"] == "MIT" and each["never_seen"]["base"] > 0 for each in sources.values())
    assert base.manifest["may_ship"]


def test_pretrain__is_the_same_again_and_after_an_interruption(tmp_path, monkeypatch) -> None:
    sources = two_sources(tmp_path).sources
    first = pretrain(sources, seed=0, work=tmp_path / "first", steps=FEW)

    def interrupted(done: int, *_: object) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(sources, seed=0, work=tmp_path / "second", steps=FEW, progress=interrupted)
    drawn = []
    draw = samples.draw_samples
    monkeypatch.setattr(samples, "draw_samples", lambda each, *rest: drawn.append(each.name) or draw(each, *rest))
    assert pretrain(sources, seed=0, work=tmp_path / "second", steps=FEW).files() == first.files()
    assert drawn == ["two"]


@pytest.mark.parametrize("parts", [1, 3, 4])
def test_pretrain__goes_on_after_any_part(parts, tmp_path) -> None:
    sources = two_sources(tmp_path).sources

    def interrupted(done: int, *_: object) -> None:
        if done == parts:
            raise KeyboardInterrupt

    whole = pretrain(sources, seed=0, work=tmp_path / "whole", steps=FEW)
    with pytest.raises(KeyboardInterrupt):
        pretrain(sources, seed=0, work=tmp_path / "work", steps=FEW, progress=interrupted)
    assert pretrain(sources, seed=0, work=tmp_path / "work", steps=FEW).files() == whole.files()


def test_pretrain__beats_the_rules_at_stations_of_its_kind(tmp_path) -> None:
    sources = (source(corpus_file(tmp_path, "abcdef"), windows=80),)
    base = pretrain(sources, seed=0, work=tmp_path / "work", steps=150)
    unseen = draw_samples(source(corpus_file(tmp_path, "xyz", days=70), windows=20), 5)
    inputs, corrections = unseen.rows()
    found = errors_of(inputs, corrections, _said(base.network, unseen))
    assert found["base"] < found["lag_1w"]
    assert found["base"] < 1.02 * found["adjusted"]


def test_errors__stand_on_the_same_steps_for_all() -> None:
    inputs = np.full((2, len(INPUTS)), np.nan, np.float32)
    inputs[:, INPUTS.index("adjusted")] = 1.0
    inputs[0, INPUTS.index("lag_1w")] = 3.0
    found = errors_of(inputs, np.asarray([1.0, 1.0], np.float32), np.asarray([1.0, 0.5]))
    assert found == {"base": 0.25, "lag_1w": 1.0, "yesterday": 1.0, "lag_mean": 1.0, "adjusted": 1.0,
                     "against_best_rule": 0.25}


def test_manifest__tells_until_when_was_learned_from_each_station(tmp_path) -> None:
    sources = two_sources(tmp_path).sources
    base = pretrain(sources, seed=0, work=tmp_path / "work", steps=FEW, tested=False)
    ends = {data.station.id.partition("/")[2]: data.end for each in sources for data in each.stations()}
    assert {name: base.learned_until(name) for name in ends} == ends
    assert base.learned_until("z") is None


def test_price__grows_with_stations_and_with_what_is_left_out(tmp_path) -> None:
    price = Price.of(source(corpus_file(tmp_path)).stations(), 40)
    assert price.drawing > 0
    assert price.step > 0
    assert price.seconds(2, 96, 3, steps=300, tested=False) == 2 * price.drawing + 300 * price.step
    assert price.seconds(2, 96, 3, steps=300) == 2 * price.drawing + 601 * price.step
    assert price.seconds(2, 96, 3, steps=300, started=True) == 2 * price.drawing + (75 + 75 + 2) * price.step
    with pytest.raises(DataError, match="nothing can be drawn"):
        Price.of(source(corpus_file(tmp_path, days=10)).stations(), 40)


def test_pretrain__begins_as_another_base_and_says_how_that_does(tmp_path) -> None:
    sources = two_sources(tmp_path).sources
    start = pretrain(sources[:1], seed=1, work=tmp_path / "start", steps=FEW)
    made, anew = (pretrain(sources[1:], seed=0, work=tmp_path / "work", steps=FEW, start=each)
                  for each in (start, None))
    assert made.manifest["start"]
    assert anew.manifest["start"] is None
    assert (made.manifest["steps"], anew.manifest["steps"]) == (2, FEW)
    near, far = (sum((value - other).abs().mean() for value, other in zip(
        base.network.parameters(), start.network.parameters(), strict=True)) for base in (made, anew))
    assert near < far / 3
    both = pretrain(sources, seed=0, work=tmp_path / "work", steps=FEW, start=start)
    for each in both.manifest["sources"]:
        told = each["never_seen"]
        assert told["against_start"] == pytest.approx(told["base"] / told["start"], rel=1e-3)
