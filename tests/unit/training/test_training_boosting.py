import logging
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.errors import ConfigError
from wattcast.features.pipeline import FeaturesConfig
from wattcast.training import boosting as module
from wattcast.training.boosting import StepTrees, Trees, TreeWindows, fit_trees, step_inputs
from wattcast.training.config import Recipe
from wattcast.training.forest import Forest
from wattcast.training.prepared import prepare
from wattcast.windows.dataset import WindowDataset

DAY = 24
TRAINED = 70 * DAY
AT = np.asarray([TRAINED])


def windy(days: int = 90) -> StationData:
    """One target follows the wind, the other the hour; both by known rules."""
    index = pd.date_range("2025-01-01", periods=days * DAY, freq="1h", tz="UTC", name="time")
    random = np.random.default_rng(0)
    wind = random.uniform(0, 10, len(index))
    frame = pd.DataFrame({TOTAL: 3 * wind + random.normal(0, 0.1, len(index)), PART: 5.0 * (index.hour >= 12),
                          "wind": wind}, index=index)
    return StationData(Station(id="s", targets=(TOTAL, PART), known_future=("wind",), step="1h", timezone="UTC"), frame)


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Few trees, from few windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROUNDS", 80)
        patch.setattr(module, "SAMPLES", 10_000)
        patch.setattr(module, "ORIGINS", 150)
        yield


@pytest.fixture(scope="module")
def prepared():
    return prepare(windy(), Recipe(features=FeaturesConfig(calendar=False)))


@pytest.fixture(scope="module")
def dataset(prepared) -> WindowDataset:
    return WindowDataset(prepared.table, prepared.scalers, prepared.shape)


def windows(prepared, limit: int = TRAINED) -> TreeWindows:
    train = WindowDataset(prepared.table, prepared.scalers, prepared.shape, limit=limit)
    validation = WindowDataset(prepared.table, prepared.scalers, prepared.shape, limit=limit + 10 * DAY)
    return TreeWindows(train, np.arange(2 * DAY, limit - DAY), validation, np.arange(limit, limit + 3 * DAY, 12),
                       np.arange(2 * DAY, limit + 9 * DAY))


@pytest.fixture(scope="module")
def trees(prepared) -> Trees:
    made = fit_trees(windows(prepared), hidden_weather=0.2, seed=0)
    assert made is not None
    return made


def test_trees__find_each_target_s_rule(dataset, trees) -> None:
    batch = dataset.batch(np.asarray([TRAINED + 11 * DAY]))
    for part in (trees.judged, trees.newest):
        error = np.abs(part.forecast(batch) - batch["target"].numpy()).mean((0, 1))
        assert (error < 0.2 * batch["target"].numpy().std((0, 1))).all()


def test_trees__do_without_weather_when_it_is_hidden(dataset, trees) -> None:
    batch = dataset.batch(AT)
    batch["known_mask"][:, dataset.shape.lookback:, dataset.weather] = 0
    made = trees.judged.forecast(batch)[..., 0]
    # Nobody knows the wind: the best is near its middle, always.
    assert np.abs(made - np.median(batch["target"].numpy())).mean() < 0.5


def test_inputs__say_what_is_known_of_the_step_and_nothing_of_its_value(dataset) -> None:
    batch = dataset.batch(AT)
    inputs = step_inputs(batch, 1)
    horizon, known = batch["target"].shape[1], batch["known"].shape[2]
    assert inputs.shape == (horizon, 1 + known + batch["anchors"].shape[-1])
    np.testing.assert_array_equal(inputs[:, 0], np.arange(horizon))
    np.testing.assert_array_equal(inputs[:, 1 + known:], batch["anchors"][0, :, 1].numpy())
    batch["target"].fill_(torch.nan)
    np.testing.assert_array_equal(step_inputs(batch, 1), inputs)
    batch["known_mask"][0, -1, 0] = 0
    assert np.isnan(step_inputs(batch, 1)[-1, 1])


def test_fit__sees_no_target_behind_its_limits(prepared) -> None:
    """Other measurements behind the rows of stopping change nothing; other ones before the limit do."""
    later, earlier = prepared.table.targets.copy(), prepared.table.targets.copy()
    later[TRAINED + 10 * DAY:] = 1e6
    earlier[TRAINED - 20 * DAY:TRAINED] *= 2
    made = [fit_trees(windows(replace(prepared, table=replace(prepared.table, targets=targets))), hidden_weather=0.2,
                      seed=0) for targets in (prepared.table.targets, later, earlier)]
    assert made[0] == made[1] != made[2]


def test_fit__rows_behind_the_training_only_stop_the_judged_trees(prepared) -> None:
    """Trees that learned them would forecast a million sometimes; the newest do."""
    targets = prepared.table.targets.copy()
    targets[TRAINED:] = 1e6
    changed = replace(prepared, table=replace(prepared.table, targets=targets))
    made = fit_trees(windows(changed), hidden_weather=0.0, seed=0)
    dataset = WindowDataset(changed.table, changed.scalers, changed.shape)
    batch = dataset.batch(np.asarray([TRAINED + 5 * DAY]))
    assert np.abs(made.judged.forecast(batch)).max() < 10
    assert np.abs(made.newest.forecast(batch)).max() > 10


def test_fit__depends_on_the_seed_alone(prepared, trees) -> None:
    assert fit_trees(windows(prepared), hidden_weather=0.2, seed=0) == trees
    assert fit_trees(windows(prepared), hidden_weather=0.2, seed=1) != trees


def test_fit__without_lightgbm_goes_on_and_says_so(prepared, monkeypatch, caplog) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with caplog.at_level(logging.WARNING, "wattcast"):
        assert fit_trees(windows(prepared), hidden_weather=0.0, seed=0) is None
    assert "LightGBM cannot be loaded" in caplog.text


def test_forecast__without_lightgbm_walks_the_trees_or_says_what_to_do(dataset, trees, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert np.isfinite(StepTrees(trees.judged.texts).forecast(dataset.batch(AT))).all()
    monkeypatch.setattr(Forest, "read", lambda _: None)
    with pytest.raises(ConfigError, match="LightGBM cannot be loaded") as caught:
        StepTrees(trees.judged.texts).forecast(dataset.batch(AT))
    assert "libgomp1" in str(caught.value)
