"""How others compute the scan and the convolution, behind the signatures of `wattcast.scan`, for comparison only.

Directions are flipped as their authors do it; the Mamba+ gate is plain torch around them.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from mambapy.pscan import pscan
from torch import Tensor
from torch.nn import functional

CHUNK = 16


def with_gate(y: Tensor, u: Tensor, D: Tensor, z: Tensor, gate: str) -> Tensor:
    if gate == "silu":
        return (y + D * u) * functional.silu(z)
    return y * functional.silu(z) + (1 - torch.sigmoid(z)) * D * u


def flipping(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Adds the directions to a function that only runs forward: tensors `[B, L, …]` are flipped on their way."""
    @functools.wraps(function)
    def directed(*tensors: Tensor, direction: str = "forward", backend: str = "auto", **options: Any) -> Tensor:
        del backend
        if direction == "both":
            return torch.stack([directed(*(tensor[index] for tensor in tensors), direction=one, **options)
                                for index, one in enumerate(("forward", "backward"))])
        if direction == "forward":
            return function(*tensors, **options)
        flipped = [tensor.flip(1) if tensor.dim() == 3 else tensor for tensor in tensors]
        return function(*flipped, **options).flip(1)
    return directed


@flipping
def mambapy_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                 gate: str = "silu") -> Tensor:
    """mamba.py: a parallel (Blelloch) scan over materialised `[B, L, E, N]`."""
    delta = functional.softplus(delta + delta_bias)
    states = pscan(torch.exp(delta[..., None] * A), (delta * u)[..., None] * B[:, :, None, :])
    return with_gate((states @ C[..., None]).squeeze(-1), u, D, z, gate)


@flipping
def reference_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                   gate: str = "silu") -> Tensor:
    """What mamba_ssm runs where it has no CUDA: time last, everything materialised, one step at a time."""
    u_, delta_, B_, C_ = (tensor.mT for tensor in (u, delta, B, C))
    delta_ = functional.softplus(delta_ + delta_bias[:, None])
    decay = torch.exp(torch.einsum("bel,en->beln", delta_, A))
    pushed = torch.einsum("bel,bnl,bel->beln", delta_, B_, u_)
    state, outputs = A.new_zeros(u.shape[0], *A.shape), []
    for t in range(u.shape[1]):
        state = decay[:, :, t] * state + pushed[:, :, t]
        outputs.append(torch.einsum("ben,bn->be", state, C_[:, :, t]))
    return with_gate(torch.stack(outputs, 2).mT, u, D, z, gate)


@functools.cache
def compiled_chunk() -> Callable[..., tuple[Tensor, Tensor]]:
    def chunk(state: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> tuple[Tensor, Tensor]:
        outputs = []
        for t in range(u.shape[1]):
            state = torch.exp(delta[:, t, :, None] * A) * state + (delta[:, t] * u[:, t])[..., None] * B[:, t, None, :]
            outputs.append((state * C[:, t, None, :]).sum(-1))
        return state, torch.stack(outputs, 1)
    return torch.compile(chunk, dynamic=False)


@flipping
def compiled_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                  gate: str = "silu") -> Tensor:
    """`torch.compile`, sixteen steps at a time: needs a C++ compiler, and most of a minute before the first result."""
    delta, state, parts = functional.softplus(delta + delta_bias), A.new_zeros(u.shape[0], *A.shape), []
    for part in zip(*(tensor.split(CHUNK, 1) for tensor in (u, delta, B, C)), strict=True):
        state, y = compiled_chunk()(state, *part[:2], A, *part[2:])
        parts.append(y)
    return with_gate(torch.cat(parts, 1), u, D, z, gate)


@flipping
def torch_conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """torch's own depth-wise convolution, with the transposes that it needs."""
    taps = weight.shape[1]
    out = functional.conv1d(x.mT, weight[:, None], bias, padding=taps - 1, groups=weight.shape[0])
    return functional.silu(out[..., :x.shape[1]]).mT
