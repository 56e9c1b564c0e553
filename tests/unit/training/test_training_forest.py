"""The compiled walk through LightGBM's trees gives LightGBM's own numbers, to the last bit."""

from typing import Any

import lightgbm
import numpy as np
import pytest
from numpy.typing import NDArray

from wattcast.training import boosting
from wattcast.training.boosting import sums_of
from wattcast.training.forest import Forest

pytest.importorskip("numba")

WINDOW = 24
FEW = {"objective": "regression_l1", "num_leaves": 31, "min_data_in_leaf": 5, "verbosity": -1, "deterministic": True}


def rows(windows: int, inputs: int, seed: int = 0, unknown: float = 0.2) -> NDArray[np.float32]:
    """Windows of which every second input is the same all over, some values are not known, and some are zero."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(windows, WINDOW, inputs)).astype(np.float32)
    values[..., ::2] = values[:, :1, ::2]
    values[random.random(values.shape) < unknown] = np.nan
    values[random.random(values.shape) < 0.05] = 0.0
    values[0, 0, :3] = np.inf, -np.inf, 1e-40
    return values.reshape(-1, inputs)


def fitted(inputs: NDArray[np.float32], rounds: int = 20, **told: Any) -> lightgbm.Booster:
    values = np.nan_to_num(inputs, nan=0.5, posinf=1.0, neginf=-1.0)
    data = lightgbm.Dataset(inputs, values @ np.arange(1.0, inputs.shape[1] + 1), params={"verbosity": -1})
    return lightgbm.train({**FEW, **told}, data, rounds)


def read(booster: lightgbm.Booster) -> Forest:
    forest = Forest.read(booster.model_to_string())
    assert forest is not None
    return forest


@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_sums__of_unknown_inputs_are_those_of_lightgbm(unknown: float) -> None:
    """Trees that learned from rows without any take what is not known for zero."""
    booster, inputs = fitted(rows(60, 6, unknown=unknown)), rows(50, 6, seed=1, unknown=0.4)
    assert read(booster).zeros.all() == (unknown == 0.0)
    np.testing.assert_array_equal(read(booster).sums(inputs, WINDOW), booster.predict(inputs))


@pytest.mark.parametrize("together", [1, 7, 24, 10_000])
def test_sums__do_not_depend_on_how_many_rows_go_together(together: int) -> None:
    inputs = rows(11, 6)
    booster = fitted(inputs)
    np.testing.assert_array_equal(read(booster).sums(inputs, together), booster.predict(inputs))


def test_sums__of_trees_that_are_leaves_or_as_deep_as_a_row_of_nodes() -> None:
    inputs = rows(30, 6)
    alike = lightgbm.train({**FEW, "min_data_in_leaf": 400}, lightgbm.Dataset(inputs, np.full(len(inputs), 3.0)), 3)
    np.testing.assert_array_equal(read(alike).sums(inputs, WINDOW), alike.predict(inputs))
    deep = fitted(inputs, num_leaves=200, min_data_in_leaf=1, feature_fraction=0.2)
    np.testing.assert_array_equal(read(deep).sums(inputs, WINDOW), deep.predict(inputs))


def test_sums__of_no_rows_and_of_other_inputs() -> None:
    forest = read(fitted(rows(30, 6)))
    assert forest.sums(np.zeros((0, 6), np.float32), WINDOW).shape == (0,)
    with pytest.raises(ValueError, match="6 inputs"):
        forest.sums(np.zeros((4, 5), np.float32), WINDOW)


@pytest.mark.parametrize("told", [
    {"zero_as_missing": True}, {"objective": "regression", "linear_tree": True},
    {"objective": "regression", "reg_sqrt": True}, {"objective": "poisson"},
    {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}],
    ids=["zero_as_missing", "linear", "sqrt", "poisson", "forest of means"])
def test_read__leaves_to_lightgbm_what_it_does_not_know(told: dict[str, Any]) -> None:
    inputs = np.abs(np.nan_to_num(rows(30, 4), posinf=1.0, neginf=1.0))
    booster = fitted(inputs, rounds=5, **told)
    assert Forest.read(booster.model_to_string()) is None
    np.testing.assert_array_equal(sums_of(booster.model_to_string())(inputs, WINDOW), booster.predict(inputs))


def test_read__leaves_splits_of_categories_to_lightgbm() -> None:
    inputs = np.random.default_rng(0).integers(0, 5, (400, 2)).astype(np.float32)
    data = lightgbm.Dataset(inputs, inputs[:, 0] % 2, categorical_feature=[0], params={"verbosity": -1})
    booster = lightgbm.train(FEW, data, 3)
    assert Forest.read(booster.model_to_string()) is None


def test_sums_of__asks_lightgbm_where_the_kernel_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = rows(30, 4)
    booster = fitted(inputs, rounds=5)
    monkeypatch.setattr("wattcast.training.forest.obstacle", lambda *_: "no numba")
    monkeypatch.setattr(boosting, "load_lightgbm", lambda: lightgbm)
    np.testing.assert_array_equal(sums_of(booster.model_to_string())(inputs, WINDOW), booster.predict(inputs))
