"""The installed mamba_ssm package as a backend: its compiled scan, unchanged, in our layout and with our gates.

Its tensors are `[B, E, L]` and it scans forward only, so they are transposed, and flipped, on the way in and out. Its
own gate is Mamba's; for Mamba+ the scan runs without D and the gated skip is added here.
"""

import importlib
from typing import Any

import torch
from torch import Tensor

from wattcast.scan import loop
from wattcast.scan.reference import Direction, Gate, over_directions


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                   direction: Direction, gate: Gate) -> Tensor:
    """See `wattcast.scan.selective_scan`, whose shapes these are."""
    compiled: Any = importlib.import_module("mamba_ssm.ops.selective_scan_interface").selective_scan_fn

    def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
             backward: bool) -> Tensor:
        by_step = [tensor.flip(1) if backward else tensor for tensor in (u, delta, B, C, z)]
        u_, delta_, B_, C_, z_ = (tensor.mT.contiguous() for tensor in by_step)                      # [B, E or N, L]
        skip = D.float() if gate == "silu" else None
        out: Tensor = compiled(u_, delta_, A.float(), B_, C_, skip, z=z_, delta_bias=delta_bias.float(),
                               delta_softplus=True).mT                                               # [B, L, E]
        out = out.flip(1) if backward else out
        return out if gate == "silu" else out + torch.sigmoid(-z) * D * u

    return over_directions(scan, (u, delta, A, B, C, D, z, delta_bias), direction)


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor, direction: Direction) -> Tensor:
    """See `wattcast.scan.causal_conv`; mamba_ssm has none of its own, so this is the loop backend's."""
    return loop.causal_conv(x, weight, bias, direction)
