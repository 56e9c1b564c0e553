"""A station's own head on the base's network: taken where validation wants it, and never on another base."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.experts.base import Asked, Kept, Lesson
from wattcast.experts.tuned import Tuned
from wattcast.model.day_network import DayNetwork
from wattcast.settings import build_settings
from wattcast.training import tuned_head
from wattcast.training.base_model import Base
from wattcast.training.base_network import packed
from wattcast.training.prepared import Prepared, prepare
from wattcast.windows.day_tokens import SIZES

DAYS = 70


@pytest.fixture(autouse=True)
def _small(small_day_network: None, monkeypatch: pytest.MonkeyPatch) -> None:     # noqa: ARG001 - it comes first
    monkeypatch.setattr(tuned_head, "STEPS", 60)
    monkeypatch.setattr(tuned_head, "LEARNING_RATE", 5e-3)


def own_base(folder: Path) -> Path:
    """A base that has learned nothing."""
    torch.manual_seed(0)
    folder.mkdir()
    for name, content in Base(packed(DayNetwork(SIZES)), {}).files().items():
        (folder / name).write_bytes(content)
    return folder


def lesson(folder: Path, targets: int = 1, step: str = "1h") -> Lesson:
    """Of a works that grows by two in a hundred each day, which no usual day knows."""
    recipe = build_settings({"model": {"base": str(folder)}, "training": {"base_windows": 100}}).recipe()
    index = pd.date_range("2025-03-03", periods=DAYS * 24, freq="1h", tz="Asia/Shanghai", name="time")
    random = np.random.default_rng(0)
    power = (300 + 100 * (index.day_of_week < 5)) * 1.02 ** (np.arange(len(index)) / 24)
    power = power + random.normal(0, 5, len(index))
    names = (TOTAL, "not_use_power")[:targets]
    frame = pd.DataFrame({name: power / number for number, name in enumerate(names, 1)}, index=index)
    return Lesson(prepare(StationData(Station(id="s", step=step, targets=names), frame), recipe), recipe)


def asked(prepared: Prepared, day: int = 60) -> Asked:
    recipe = build_settings({}).recipe()
    return Asked(prepared.windows_until(len(prepared.table.index), recipe), np.asarray([day * prepared.shape.day]))


def fitted(made: Lesson) -> Tuned:
    expert = Tuned().fit(made)
    assert expert is not None
    return expert


@pytest.mark.parametrize("targets", [1, 2])
def test_fit__finds_a_head_that_is_better_than_that_of_a_base_which_knows_nothing(targets, tmp_path) -> None:
    made = lesson(own_base(tmp_path / "own"), targets)
    expert = fitted(made)
    said = expert.forecast(asked(made.prepared))
    assert said.shape == (1, 7 * 24, targets)
    assert np.isfinite(said).all()
    untouched = expert.base.forecast(asked(made.prepared))
    actual = made.prepared.table.targets[60 * 24:67 * 24]
    assert np.abs(said[0] - actual).mean() < 0.9 * np.abs(untouched[0] - actual).mean()


def test_fit__is_the_same_again(tmp_path) -> None:
    folder = own_base(tmp_path / "own")
    assert fitted(lesson(folder)).weights == fitted(lesson(folder)).weights


def test_fit__without_a_base_is_none(tmp_path) -> None:
    recipe = build_settings({"model": {"base": "none"}}).recipe()
    assert Tuned().fit(Lesson(lesson(tmp_path).prepared, recipe)) is None


def test_fit__that_helps_nowhere_is_none(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("wattcast.training.tuned_head._judged", lambda *_: 1.0)
    assert Tuned().fit(lesson(own_base(tmp_path / "own"))) is None


def kept_of(expert: Tuned, made: Lesson) -> Kept:
    files = {**expert.base.files(), **expert.files()}
    return Kept(files, "v0001", ("base", "base-tuned"), made.recipe, made.sizes, ())


def test_load__forecasts_the_same(tmp_path) -> None:
    made = lesson(own_base(tmp_path / "own"))
    expert = fitted(made)
    again = Tuned().load(kept_of(expert, made))
    assert again is not None
    np.testing.assert_array_equal(again.forecast(asked(made.prepared)), expert.forecast(asked(made.prepared)))
    assert Tuned().load(Kept(expert.base.files(), "v0001", ("base",), made.recipe, made.sizes, ())) is None


def test_forecast__on_another_base_is_that_bases_own(tmp_path) -> None:
    made = lesson(own_base(tmp_path / "own"))
    expert = fitted(made)
    exchanged = replace(expert, digest="of another")
    np.testing.assert_array_equal(exchanged.forecast(asked(made.prepared)),
                                  expert.base.forecast(asked(made.prepared)))


def test_files__keep_the_base_that_the_head_was_learned_on(tmp_path) -> None:
    """A model that is stored again when another base is in its place goes on without its head."""
    made = lesson(own_base(tmp_path / "own"))
    expert = replace(fitted(made), digest="of another")
    again = Tuned().load(kept_of(expert, made))
    assert again is not None
    assert (again.base, again.weights, again.digest) == (expert.base, expert.weights, expert.digest)
    np.testing.assert_array_equal(again.forecast(asked(made.prepared)), expert.base.forecast(asked(made.prepared)))


def test_forecast__knows_nothing_behind_the_origin(tmp_path) -> None:
    made = lesson(own_base(tmp_path / "own"))
    expert = fitted(made)
    before = expert.forecast(asked(made.prepared))
    targets = made.prepared.table.targets.copy()
    targets[60 * 24:] = 7777.0
    later = replace(made.prepared, table=replace(made.prepared.table, targets=targets))
    np.testing.assert_array_equal(expert.forecast(asked(later)), before)
