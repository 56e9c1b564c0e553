import numpy as np
import pytest
import torch

from wattcast.model.power import PowerNetwork
from wattcast.training.fit import input_sizes, prepare
from wattcast.tuning import memory
from wattcast.tuning.memory import COPIES, free_memory, training_memory
from wattcast.tuning.space import with_values
from wattcast.windows.dataset import WindowDataset


@pytest.fixture
def needed(data, recipe):
    """Bytes for a batch size and other values."""
    def estimate(batch_size: int, **values: float) -> float:
        chosen = with_values(recipe, values)
        ready = prepare(data, chosen)
        network = PowerNetwork(chosen.model, input_sizes(ready.table, ready.shape, chosen))
        batch = WindowDataset(ready.table, ready.scalers, ready.shape).batch(np.asarray([400]))
        return training_memory(network, batch, batch_size)
    return estimate


def test_training_memory__grows_with_the_batch_by_what_a_window_takes(needed) -> None:
    fixed = 2 * needed(4) - needed(8)
    assert needed(16) == pytest.approx(fixed + 4 * (needed(8) - needed(4)))
    assert 0 < fixed < needed(4)


def test_training_memory__without_windows_is_the_parameters_and_their_copies(needed, data, recipe) -> None:
    ready = prepare(data, recipe)
    network = PowerNetwork(recipe.model, input_sizes(ready.table, ready.shape, recipe))
    parameters = sum(value.numel() * value.element_size() for value in network.parameters())
    assert needed(0) == COPIES * parameters


@pytest.mark.parametrize("larger", [{"d_model": 32}, {"n_layers": 2}, {"d_state": 64}, {"stride_ratio": 0.25},
                                    {"expand": 3.0}, {"d_ff_ratio": 4.0}])
def test_training_memory__every_size_counts(needed, larger) -> None:
    assert needed(8, **larger) > 1.005 * needed(8)


def test_training_memory__counts_the_states_that_the_scan_keeps(needed) -> None:
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
