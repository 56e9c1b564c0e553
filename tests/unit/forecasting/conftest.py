"""A station of sixty days, and its model as if that had learned the first rows only."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig, StationData
from wattcast.experts.trained import TrainedModel
from wattcast.store.bundle_folder import load_folder


@pytest.fixture(scope="module")
def data(plant: Path) -> StationData:
    return open_source(plant, DataConfig()).read("plant")[0]


@pytest.fixture(scope="module")
def having_learned(trained_models: Path, data: StationData) -> Callable[[int], TrainedModel]:
    """The model as if it had learned so many rows."""
    trained = load_folder(trained_models / "plant" / "versions" / "v0001")
    return lambda rows: replace(trained, span=(trained.span[0], data.frame.index[rows - 1]))
