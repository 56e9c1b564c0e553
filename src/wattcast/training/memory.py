"""What training a configuration takes in memory, and what there is."""

import sys
from pathlib import Path

import torch
from torch import Tensor

from wattcast.model.power import PowerNetwork
from wattcast.windows.dataset import Batch, network_inputs

GIB = 2**30
COPIES = 8
"""Of the parameters: themselves, gradients, two moments of AdamW, the average, and three while a checkpoint is read."""
PASSING = 1.4
"""Peak of the forward and backward pass relative to the saved activations: gradients come while they go.

With these two the estimate was between 5 % below and 19 % above the growth of the peak resident memory in seven sizes
from 180 MiB to 1.5 GiB (CPU, scan `numba`).
"""


def training_memory(network: PowerNetwork, batch: Batch, batch_size: int) -> float:
    """Bytes that training takes at its peak.

    One window is sent through the network: what autograd saves for the way back (activations and the states that the
    scan keeps) grows with the batch, what belongs to the parameters (gradients, AdamW, averaged copy) does not.

    Args:
        network: of the configuration, with real weights.
        batch: one window.
        batch_size: windows in a batch.
    """
    parameters = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes()
                  for value in network.parameters()}
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    inputs = network_inputs(batch)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        network.train()(**inputs)
    windows = sum(value.untyped_storage().nbytes() for value in inputs.values())
    return batch_size * (PASSING * sum(saved.values()) + windows) + COPIES * sum(parameters.values())


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
