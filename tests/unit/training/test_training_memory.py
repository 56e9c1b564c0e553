import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.model.power import PowerNetwork
from wattcast.settings import build_settings
from wattcast.training import memory
from wattcast.training.fit import input_sizes, prepare
from wattcast.training.memory import COPIES, free_memory, training_memory
from wattcast.windows.dataset import Batch, WindowDataset

HOURS = 5 * 7 * 24


def built(**model: object) -> tuple[PowerNetwork, Batch]:
    """A small network of two targets by the hour, and one window."""
    recipe = build_settings({"model": {"d_model": 16, "n_layers": 1, "patch_len": 24, "d_state": 4, **model},
                             "windows": {"validation_origins": 9, "lookback_days": 7}}).recipe()
    index = pd.date_range("2025-03-03", periods=HOURS, freq="1h", tz="Asia/Shanghai", name="time")
    total = 500 + 100 * np.sin(index.hour.to_numpy() / 4)
    station = Station(id="works", targets=(TOTAL, PART), step="1h")
    ready = prepare(StationData(station, pd.DataFrame({TOTAL: total, PART: 300 - 0.3 * total}, index=index)), recipe)
    network = PowerNetwork(recipe.model, input_sizes(ready.table, ready.shape, recipe))
    return network, WindowDataset(ready.table, ready.scalers, ready.shape).batch(np.asarray([400]))


def needed(batch_size: int, **model: object) -> float:
    """Bytes for a batch size and other sizes of the network."""
    return training_memory(*built(**model), batch_size)


def test_training_memory__grows_with_the_batch_by_what_a_window_takes() -> None:
    fixed = 2 * needed(4) - needed(8)
    assert needed(16) == pytest.approx(fixed + 4 * (needed(8) - needed(4)))
    assert 0 < fixed < needed(4)


def test_training_memory__without_windows_is_the_parameters_and_their_copies() -> None:
    parameters = sum(value.numel() * value.element_size() for value in built()[0].parameters())
    assert needed(0) == COPIES * parameters


@pytest.mark.parametrize("larger", [{"d_model": 32}, {"n_layers": 2}, {"d_state": 64}, {"stride_ratio": 0.25},
                                    {"expand": 3.0}, {"d_ff_ratio": 4.0}])
def test_training_memory__every_size_counts(larger) -> None:
    assert needed(8, **larger) > 1.005 * needed(8)


def test_training_memory__counts_the_states_that_the_scan_keeps() -> None:
    # One state of N numbers for each of 2·E channels every 16 tokens; here each direction keeps one.
    more = needed(8, d_state=128) - needed(8, d_state=64) - (needed(0, d_state=128) - needed(0, d_state=64))
    assert more >= 8 * 4 * 64 * 2 * 24


def test_free_memory__of_this_machine_is_less_than_it_has(monkeypatch) -> None:
    free = free_memory(on_gpu=False)
    if free is None:
        pytest.skip("this system does not say what is free")
    assert 2**20 < free < 2**50
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1234, 5678))
    assert free_memory(on_gpu=True) == 1234
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert free_memory(on_gpu=False) is None
