"""What training a configuration takes in memory, what there is, and what is said where it runs out."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from wattcast.errors import MemoryLimitError
from wattcast.model.ensemble import Network
from wattcast.windows.dataset import Batch, network_inputs

GIB = 2**30
COPIES = 8
"""Of the parameters: themselves, gradients, two moments of AdamW, the average, and three while a checkpoint is read.
[copies]"""
PASSING = 1.4
"""Peak of the forward and backward pass relative to the saved activations: gradients come while they go.

With these two the estimate was between 5 % below and 19 % above the growth of the peak resident memory in seven sizes
from 180 MiB to 1.5 GiB (CPU, scan `numba`). [times]
"""
TOGETHER = GIB
"""Bytes that the windows of one pass may take; a batch of more goes in parts.

Today's configuration takes 0.3 GiB; larger passes were no faster.
"""


@dataclass(frozen=True)
class Footprint:
    """Bytes that training takes at its peak: `window` for each window that goes through at once, `fixed` besides."""

    window: float
    fixed: float

    def at_once(self, batch_size: int) -> int:
        """Windows of a batch that go through the network together: all, or a power of two that `TOGETHER` holds.

        It depends on the configuration only and not on what is free: dropout is drawn part by part.
        """
        fitting = int(max(1.0, TOGETHER / self.window))
        return batch_size if fitting >= batch_size else 2 ** (fitting.bit_length() - 1)

    def needed(self, batch_size: int) -> float:
        """Bytes with batches of this size."""
        return self.at_once(batch_size) * self.window + self.fixed


def footprint(network: Network, batch: Batch) -> Footprint:
    """What training a network takes in memory.

    One window is sent through it: what autograd saves for the way back (activations and the states that the scan
    keeps) grows with the windows, what belongs to the parameters (gradients, AdamW, averaged copy) does not.

    Args:
        network: of the configuration, with real weights, where it trains.
        batch: one window, anywhere.
    """
    parameters = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes()
                  for value in network.parameters()}
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    device = next(network.parameters()).device
    inputs = {name: value.to(device) for name, value in network_inputs(batch).items()}
    with torch.random.fork_rng(devices=[]), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        network(**inputs)
    windows = sum(value.untyped_storage().nbytes() for value in inputs.values())
    return Footprint(PASSING * sum(saved.values()) + windows, COPIES * sum(parameters.values()))


def free_memory(on_gpu: bool) -> float | None:
    """Bytes that are free where training runs; None where the system does not say."""
    if on_gpu:
        return float(torch.cuda.mem_get_info()[0])
    if not sys.platform.startswith("linux"):
        return None
    available = next(1024 * int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines()
                     if line.startswith("MemAvailable"))
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):      # no control group, or one without a limit
        return float(available)
    return float(min(available, limit - used))


OUT_OF_MEMORY = re.compile(
    r"out of memory|alloc_failed|(can't|cannot|could not|unable to|failed to) allocate|not enough memory|bad_alloc",
    re.IGNORECASE)
"""Torch's own allocators, CUDA's libraries, the system and C++; not "illegal memory access" or "memory format"."""
ACCELERATOR = re.compile(r"\b(CUDA|CUBLAS|CUDNN|HIP|XPU|MPS)(_|\b)", re.IGNORECASE)
ON_GPU = ("end other programs on it ('nvidia-smi' lists them), or train on the CPU "
          "(--set training.accelerator=cpu), or make the network smaller: ")


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, by whichever of the ways in which torch says so."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or OUT_OF_MEMORY.search(str(error)) is not None


@contextmanager
def memory_limit() -> Iterator[None]:
    """Turns the many ways in which memory runs out into one error that says what to do.

    Raises:
        MemoryLimitError: memory ran out within the block.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        on_gpu = isinstance(error, torch.OutOfMemoryError) or ACCELERATOR.search(str(error)) is not None
        raise MemoryLimitError(
            "memory ran out while training" + (" on the accelerator" if on_gpu else ""),
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            hint=(ON_GPU if on_gpu else "") + "lower training.batch_size first (--set training.batch_size=16), then "
                 "model.d_model or windows.lookback_days") from error
