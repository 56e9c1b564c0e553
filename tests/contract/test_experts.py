"""What every expert keeps to, on one made-up works with weather and two targets."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig, StationData
from wattcast.experts.base import Asked, Expert, Kept, Lesson
from wattcast.experts.table import EXPERTS
from wattcast.settings import build_settings
from wattcast.training import boosting
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared, prepare
from wattcast.windows.dataset import WindowDataset

UNFITTED = {expert.name: dict(vars(expert)) for expert in EXPERTS}
FITTED: dict[str, Expert] = {}
NAMES = [expert.name for expert in EXPERTS if expert.name != "weeks-mean"]
"""All but the one that other lags have."""


@pytest.fixture(scope="module")
def data(plant: Path) -> StationData:
    return open_source(plant, DataConfig()).read("plant")[0]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return build_settings({"model": {"d_model": 16, "n_layers": 1, "patch_len": 48},
                           "training": {"epochs": 1, "batches_per_epoch": 2, "batch_size": 4, "members": 1},
                           "windows": {"validation_origins": 3}}).recipe()


@pytest.fixture(scope="module")
def prepared(data: StationData, recipe: Recipe) -> Prepared:
    return prepare(data, recipe)


@pytest.fixture(scope="module")
def fitted(prepared: Prepared, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Expert]:
    """An expert by name, fitted once."""
    folder = tmp_path_factory.mktemp("fits")

    def find(name: str) -> Expert:
        if name not in FITTED:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(boosting, "ROUNDS", 10)
                made = next(each for each in EXPERTS if each.name == name).fit(Lesson(prepared, recipe, folder))
            assert made is not None
            FITTED[name] = made
        return FITTED[name]

    yield find
    FITTED.clear()


def windows(prepared: Prepared, recipe: Recipe) -> WindowDataset:
    return prepared.windows_until(len(prepared.table.index), recipe)


def said(expert: Expert, prepared: Prepared, recipe: Recipe, *origins: int) -> np.ndarray:
    return expert.forecast(Asked(windows(prepared, recipe), np.asarray(origins), prepared.scalers.targets))


@pytest.mark.parametrize("name", NAMES)
def test_forecast__is_finite_and_in_the_targets_units(name, fitted, prepared, recipe) -> None:
    made = said(fitted(name), prepared, recipe, 3000, 4000, 5000)
    assert made.shape == (3, 672, 2)
    assert made.dtype == np.float64
    assert np.isfinite(made).all()
    usual = np.nanmean(prepared.table.targets, 0)
    assert (np.abs(made.mean((0, 1)) - usual) < 0.7 * usual).all()


@pytest.mark.parametrize("name", NAMES)
def test_forecast__of_an_origin_does_not_depend_on_the_others(name, fitted, prepared, recipe) -> None:
    together = said(fitted(name), prepared, recipe, 3000, 4000, 5000)
    backwards = said(fitted(name), prepared, recipe, 5000, 4000, 3000)[::-1]
    alone = said(fitted(name), prepared, recipe, 4000)[0]
    np.testing.assert_allclose(together, backwards, rtol=1e-6)
    np.testing.assert_allclose(together[1], alone, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", ["as it is", "as judged"])
def test_forecast__knows_nothing_that_was_measured_after_its_origin(name, variant, fitted, prepared, recipe) -> None:
    expert = fitted(name) if variant == "as it is" else fitted(name).as_judged()
    targets, past = prepared.table.targets.copy(), prepared.table.past.copy()
    targets[4000:] = 7 * targets[4000:] + 1000
    past[4000:] = -99
    other = replace(prepared, table=replace(prepared.table, targets=targets, past=past))
    np.testing.assert_array_equal(said(expert, other, recipe, 4000), said(expert, prepared, recipe, 4000))


@pytest.mark.parametrize("name", NAMES)
def test_stored__is_the_same_when_it_is_read_again(name, fitted, prepared, recipe, tmp_path) -> None:
    expert = fitted(name)
    for file, content in expert.files().items():
        (tmp_path / file).write_bytes(content)
    again = next(each for each in EXPERTS if each.name == name).load(
        Kept(tmp_path, recipe, Lesson(prepared, recipe, tmp_path).sizes, ()))
    assert again is not None
    np.testing.assert_array_equal(said(again, prepared, recipe, 4000), said(expert, prepared, recipe, 4000))


@pytest.mark.parametrize("name", NAMES)
def test_fit__leaves_the_one_that_was_asked_as_it_was(name, fitted) -> None:
    made, unfitted = fitted(name), next(each for each in EXPERTS if each.name == name)
    assert vars(unfitted) == UNFITTED[name]
    assert vars(made) != UNFITTED[name]


def test_names__are_unique_and_those_that_learn_come_first() -> None:
    names = [expert.name for expert in EXPERTS]
    assert len(set(names)) == len(names)
    learned = [expert.learned for expert in EXPERTS]
    assert learned == sorted(learned, reverse=True)
