"""How weights are learned, whatever network they belong to: what is decayed, and how the learning rate runs."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

WARM_UP = 0.05
"""Share of the steps over which the learning rate rises; then it falls along a cosine to a twentieth."""

UNDECAYED = ("bias", "norm.weight", "norms.0.weight", "norms.1.weight", "A_log", ".D")


def optimizer_of(parameters: Iterable[tuple[str, nn.Parameter]], lr: float, weight_decay: float) -> torch.optim.AdamW:
    """Over those that need a gradient; biases, norms and the scan's own constants (A_log, D, the step's bias) are not
    to be drawn to zero."""
    learning = [(name, value) for name, value in parameters if value.requires_grad]
    kept = [value for name, value in learning if name.endswith(UNDECAYED)]
    decayed = [value for name, value in learning if not name.endswith(UNDECAYED)]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": kept, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr, weight_decay=weight_decay, fused=True)


def learned(module: nn.Module, loss: Tensor, optimizer: torch.optim.Optimizer, schedule: LambdaLR,
            largest_gradient: float) -> None:
    """One step of a module's weights along the gradient of a loss, its norm clipped, and one of the schedule."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(module.parameters(), largest_gradient)
    optimizer.step()
    schedule.step()


def rate(step: int, steps: int) -> float:
    """The share of the learning rate at its peak that holds in a step, of so many."""
    progress = min(1.0, (step + 1) / max(1, steps))
    if progress < WARM_UP:
        return progress / WARM_UP
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))
