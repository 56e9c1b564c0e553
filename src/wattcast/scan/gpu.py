"""The GPU backend: prepares tensors for the Triton kernels and launches them, both directions at once.

Verified against the reference in Triton's interpreter, and compiled for compute capabilities 8.0 and 9.0. Unmeasured on
a GPU: neither its results nor its speed have been seen on one.

Reads float32, bfloat16 and float16 where they lie, whatever their strides; states and sums are float32.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from wattcast.scan.arguments import first_backward, stacked
from wattcast.scan.operators import register_conv, register_scan
from wattcast.scan.reference import Direction, Gate

CHUNK = 16
"""Steps between the states that are kept: memory for L/16 + 16 of the L states of a series while it goes backward."""
TILE = 512
"""States of one warp, sixteen per thread. A program is one warp unless its eight channels have more than that.
[states]"""
CONV_TILE = {"BLOCK_T": 32, "BLOCK_E": 64}
"""Steps and channels of one program of the convolution. [steps, channels]"""


def unusable_reason(device: torch.device | str) -> str | None:
    """Why this backend cannot run tensors on `device`; None if it can."""
    if importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    kind = torch.device(device).type
    if kind == "cpu":
        interpreted = os.environ.get("TRITON_INTERPRET") == "1"
        return None if interpreted else "runs on a GPU; on a CPU only in Triton's interpreter (TRITON_INTERPRET=1)"
    if kind != "cuda":
        return f"runs on CUDA devices, the tensors are on {kind}"
    return None if torch.cuda.is_available() else "no CUDA device is present"


def launch(name: str, grid: tuple[int, int], *arguments: Any, **options: Any) -> None:
    """Runs a kernel on the GPU of its tensors. Triton is first imported here."""
    from wattcast.scan import triton_kernels

    with torch.cuda.device_of(arguments[0]):  # type: ignore[no-untyped-call]
        getattr(triton_kernels, name)[grid](*arguments, enable_fp_fusion=True, **options)


def sizes(tensor: Tensor, direction: str) -> tuple[int, int, int, int]:
    """Directions, batch, length and channels of a tensor `[(2,) B, L, E]`."""
    return (2 if direction == "both" else 1, *tensor.shape[-3:])


def located(tensors: Sequence[Tensor], direction: str) -> list[Any]:
    """Tensors `[(2,) B, L, n]` as the kernels take them: each with its strides over directions, series and steps."""
    rows = [tensor if tensor.stride(-1) == 1 else tensor.contiguous() for tensor in tensors]
    return [argument for tensor in stacked(rows, direction) for argument in (tensor, *tensor.stride()[:3])]


def scan_tile(A: Tensor) -> dict[str, int]:
    """What one program of the scan holds: so many channels, and their states rounded up to a power of two."""
    block_n = 1 << (A.shape[-1] - 1).bit_length()
    block_e = max(8, min(64, TILE // block_n))
    return {"N": A.shape[-1], "BLOCK_E": block_e, "BLOCK_N": block_n, "CHUNK": CHUNK,
            "num_warps": max(1, block_e * block_n // TILE)}


def kept_shape(u: Tensor, A: Tensor, direction: str) -> tuple[int, ...]:
    """The shape of the states that the forward pass keeps, those before each chunk of steps."""
    directions, batch, length, channels = sizes(u, direction)
    return directions, batch, -(-length // CHUNK), channels, A.shape[-1]


def contiguous(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Tensors without an axis of time, which are small, as the kernels take them."""
    return [tensor.contiguous() for tensor in tensors]


def scan_forward(tensors: Sequence[Tensor], direction: str, gate: str, keep: bool) -> tuple[Tensor, Tensor]:
    """The scan's output, and the states that its backward pass starts from (empty unless `keep`)."""
    u, delta, A, B, C, D, z, delta_bias = tensors
    directions, batch, length, channels = sizes(u, direction)
    tile = scan_tile(A)
    out = torch.empty_like(u, memory_format=torch.contiguous_format)
    kept = u.new_empty(kept_shape(u, A, direction) if keep else 0, dtype=torch.float32)
    launch("scan_forward", (batch * -(-channels // tile["BLOCK_E"]), directions),
           *located((u, delta, B, C, z), direction), *contiguous((A, D, delta_bias)), out, kept,
           batch, length, channels,
           MAMBA_PLUS=gate == "mamba_plus", KEEP=keep, FIRST_BACKWARD=first_backward(direction), **tile)
    return out, kept


def scan_backward(grad: Tensor, tensors: Sequence[Tensor], kept: Tensor, direction: str, gate: str) -> list[Tensor]:
    """The gradients to the eight inputs of the scan, given that to its output."""
    u, delta, A, B, C, D, z, delta_bias = tensors
    directions, batch, length, channels = sizes(u, direction)
    tile, states = scan_tile(A), A.shape[-1]
    tiles = -(-channels // tile["BLOCK_E"])
    du, ddelta, dz = (torch.empty_like(tensor, memory_format=torch.contiguous_format) for tensor in (u, delta, z))
    dB, dC = (kept.new_empty(directions, batch, tiles, length, states) for _ in range(2))
    dA = kept.new_empty(directions, batch, channels, states)
    dD, dbias = (kept.new_empty(directions, batch, channels) for _ in range(2))
    scratch = kept.new_empty(directions, batch, tiles, CHUNK, tile["BLOCK_E"], tile["BLOCK_N"])
    launch("scan_backward", (batch * tiles, directions),
           *located((u, delta, B, C, z, grad), direction), *contiguous((A, D, delta_bias)), kept, scratch,
           du, ddelta, dz, dB, dC, dA, dD, dbias, batch, length, channels,
           MAMBA_PLUS=gate == "mamba_plus", FIRST_BACKWARD=first_backward(direction), **tile)
    gradients = (du, ddelta, dA.sum(1), dB.sum(2), dC.sum(2), dD.sum(1), dz, dbias.sum(1))
    return [gradient.to(tensor.dtype).view(tensor.shape) for gradient, tensor in zip(gradients, tensors, strict=True)]


def conv_grid(x: Tensor, direction: str) -> tuple[int, int]:
    """Programs of the convolution: over series and tiles, and over directions."""
    directions, batch, length, channels = sizes(x, direction)
    return batch * -(-length // CONV_TILE["BLOCK_T"]) * -(-channels // CONV_TILE["BLOCK_E"]), directions


def conv_forward(tensors: Sequence[Tensor], direction: str) -> Tensor:
    """The convolution's output."""
    x, weight, bias = tensors
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    launch("conv_forward", conv_grid(x, direction), *located((x,), direction), *contiguous((weight, bias)), out,
           *sizes(x, direction)[1:], TAPS=weight.shape[-1], FIRST_BACKWARD=first_backward(direction), **CONV_TILE)
    return out


def conv_backward(grad: Tensor, tensors: Sequence[Tensor], direction: str) -> list[Tensor]:
    """The gradients to the three inputs of the convolution, given that to its output."""
    x, weight, bias = tensors
    directions, batch, length, channels = sizes(x, direction)
    taps, blocks = weight.shape[-1], -(-length // CONV_TILE["BLOCK_T"])
    dx = torch.empty_like(x, memory_format=torch.contiguous_format)
    dweight = x.new_empty(directions, batch, blocks, taps, channels, dtype=torch.float32)
    dbias = x.new_empty(directions, batch, blocks, channels, dtype=torch.float32)
    launch("conv_backward", conv_grid(x, direction), *located((x, grad), direction), *contiguous((weight, bias)),
           dx, dweight, dbias, batch, length, channels,
           TAPS=taps, FIRST_BACKWARD=first_backward(direction), **CONV_TILE)
    gradients = (dx, dweight.sum((1, 2)).mT.contiguous(), dbias.sum((1, 2)))
    return [gradient.to(tensor.dtype).view(tensor.shape) for gradient, tensor in zip(gradients, tensors, strict=True)]


def kernels() -> Any:
    """This module, whose functions the operators call."""
    return sys.modules[__name__]


SCAN, CONV = register_scan("triton", kernels), register_conv("triton", kernels)


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                   direction: Direction, gate: Gate) -> Tensor:
    """See `wattcast.scan.selective_scan`, whose shapes these are."""
    tensors = (u, delta, A, B, C, D, z, delta_bias)
    keep = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    out: Tensor = SCAN(*tensors, direction, gate, keep)[0]
    return out


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor, direction: Direction) -> Tensor:
    """See `wattcast.scan.causal_conv`, whose shapes these are."""
    out: Tensor = CONV(x, weight, bias, direction)
    return out
