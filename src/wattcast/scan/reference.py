"""The specification: the selective scan and the causal convolution as sequential torch, for autograd to differentiate.

Every other backend must give these numbers, gradients too. Works in any floating dtype; half precisions are computed in
float32.

References:
    A. Gu, T. Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", arXiv:2312.00752 (gate "silu").
    A. Liang et al., "Bi-Mamba+: Bidirectional Mamba for Time Series Forecasting", arXiv:2404.15772 (gate "mamba_plus").
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Direction = Literal["forward", "backward", "both"]
Gate = Literal["silu", "mamba_plus"]


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """The precision in which tensors of `dtype` are computed: float32 for the half precisions, else `dtype` itself."""
    return torch.float32 if dtype in (torch.bfloat16, torch.float16) else dtype


def over_directions(one: Callable[..., Tensor], tensors: Sequence[Tensor], direction: Direction) -> Tensor:
    """What `one(*tensors, backward)` gives for one direction, or for each of the two along the tensors' first axis."""
    if direction == "both":
        return torch.stack([one(*(tensor[index] for tensor in tensors), index == 1) for index in (0, 1)])
    return one(*tensors, direction == "backward")


def apply_gate(y: Tensor, u: Tensor, D: Tensor, z: Tensor, gate: Gate) -> Tensor:
    """What leaves the scan: the states' output y and the skip D·u, gated by z."""
    if gate == "silu":
        return (y + D * u) * functional.silu(z)
    return y * functional.silu(z) + torch.sigmoid(-z) * D * u


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                   direction: Direction, gate: Gate) -> Tensor:
    """See `wattcast.scan.selective_scan`, whose shapes these are."""
    def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
             backward: bool) -> Tensor:
        delta = functional.softplus(delta + delta_bias)                                              # [B, L, E]
        h = u.new_zeros(u.shape[0], *A.shape)                                                        # [B, E, N]
        outputs = [h] * u.shape[1]
        for t in reversed(range(u.shape[1])) if backward else range(u.shape[1]):
            h = torch.exp(delta[:, t, :, None] * A) * h + (delta[:, t] * u[:, t])[..., None] * B[:, t, None, :]
            outputs[t] = (h * C[:, t, None, :]).sum(-1)
        return apply_gate(torch.stack(outputs, dim=1), u, D, z, gate)

    tensors = [tensor.to(compute_dtype(u.dtype)) for tensor in (u, delta, A, B, C, D, z, delta_bias)]
    return over_directions(scan, tensors, direction).to(u.dtype)


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor, direction: Direction) -> Tensor:
    """See `wattcast.scan.causal_conv`, whose shapes these are."""
    def convolve(x: Tensor, weight: Tensor, bias: Tensor, backward: bool) -> Tensor:
        length, taps = x.shape[1], weight.shape[1]
        padded = functional.pad(x, (0, 0, 0, taps - 1) if backward else (0, 0, taps - 1, 0))         # [B, L + K − 1, E]
        newest_last = weight.flip(1) if backward else weight
        products = [padded[:, offset:offset + length] * newest_last[:, offset] for offset in range(taps)]
        return functional.silu(bias + sum(products))

    tensors = [tensor.to(compute_dtype(x.dtype)) for tensor in (x, weight, bias)]
    return over_directions(convolve, tensors, direction).to(x.dtype)
