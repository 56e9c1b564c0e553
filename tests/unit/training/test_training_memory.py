import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.errors import MemoryLimitError
from wattcast.model.power import PowerNetwork
from wattcast.settings import build_settings
from wattcast.training import memory
from wattcast.training.memory import COPIES, Footprint, footprint, free_memory, memory_limit
from wattcast.training.prepared import input_sizes, prepare
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
    found = footprint(*built(**model))
    return batch_size * found.window + found.fixed


def test_footprint__of_a_window_is_not_that_of_the_parameters() -> None:
    found = footprint(*built())
    assert 0 < found.fixed < 4 * found.window


def test_footprint__leaves_the_network_and_the_random_numbers_alone() -> None:
    network, batch = built()
    network.encoder.eval()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    footprint(network, batch)
    assert torch.equal(torch.get_rng_state(), before)
    assert network.training
    assert not network.encoder.training
    assert all(value.grad is None for value in network.parameters())


@pytest.mark.parametrize(("window", "batch_size", "at_once"), [
    (0.01, 32, 32), (0.01, 64, 64), (0.01, 100, 100), (0.01, 101, 64), (0.01, 512, 64), (0.4, 512, 2), (0.6, 512, 1),
    (3.0, 512, 1), (3.0, 1, 1)])
def test_at_once__is_the_batch_or_what_a_gib_holds(window: float, batch_size: int, at_once: int) -> None:
    found = Footprint(window * memory.GIB, memory.GIB)
    assert found.at_once(batch_size) == at_once
    assert found.needed(batch_size) == pytest.approx((at_once * window + 1) * memory.GIB)


def test_footprint__without_windows_is_the_parameters_and_their_copies() -> None:
    parameters = sum(value.numel() * value.element_size() for value in built()[0].parameters())
    assert needed(0) == COPIES * parameters


@pytest.mark.parametrize("larger", [{"d_model": 32}, {"n_layers": 2}, {"d_state": 64}, {"stride_ratio": 0.25},
                                    {"expand": 3.0}, {"d_ff_ratio": 4.0}])
def test_footprint__every_size_counts(larger) -> None:
    assert needed(8, **larger) > 1.005 * needed(8)


def test_footprint__counts_the_states_that_the_scan_keeps() -> None:
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


@pytest.mark.parametrize("error", [
    MemoryError(), MemoryError("Unable to allocate 3.2 TiB for an array"), RuntimeError("std::bad_alloc"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to "
                 "allocate 4480000000000 bytes. Error code 12 (Cannot allocate memory)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to "
                 "allocate 44 bytes."),
])
def test_memory_limit__of_the_computer_says_what_to_lower(error: Exception) -> None:
    with pytest.raises(MemoryLimitError, match=r"^memory ran out while training\n") as caught, memory_limit():
        raise error
    assert "lower training.batch_size first" in str(caught.value)
    assert "nvidia-smi" not in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.6 GiB"),
    torch.OutOfMemoryError("Allocation on device"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), RuntimeError("HIP out of memory. Tried to allocate 2 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
])
def test_memory_limit__of_an_accelerator_names_what_else_there_is(error: Exception) -> None:
    with pytest.raises(MemoryLimitError, match="ran out while training on the accelerator") as caught, memory_limit():
        raise error
    said = str(caught.value)
    assert "nvidia-smi" in said
    assert "training.accelerator=cpu" in said
    assert said.index("training.accelerator=cpu") < said.index("training.batch_size")


@pytest.mark.parametrize("error", [
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("Unsupported memory format. Supports only ChannelsLast"),
    RuntimeError("cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned, memory is elsewhere"),
    RuntimeError("out of resource: shared memory, Required: 114688, Hardware limit: 101376"),
    RuntimeError("unsupported operation: some elements of the input tensor refer to a single memory location"),
    ValueError("out of memory"),
])
def test_memory_limit__of_other_errors_is_none(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, memory_limit():
        raise error
    assert caught.value is error
