"""The CPU backend: prepares tensors for the kernels and runs them. Computes in float32.

Directions, series and blocks of channels are independent tasks. Tensors are read where they lie, whatever their
strides, and a direction that runs backward in time does so by address. Sums over tasks come last, in a fixed order, so
results are the same bit for bit for any number of threads.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from wattcast.scan.arguments import first_backward, stacked
from wattcast.scan.kernels import layout
from wattcast.scan.kernels.launch import run, summed

LOG2_E = 1.4426950408889634
COST = {64: 1.0, 32: 1.05, 16: 1.25}
"""Time per channel for each block width, relative to the widest (measured); wide blocks waste more at the edge."""


def block_width(channels: int) -> int:
    """The width of the blocks into which channels are cut, so that time is least, padding included."""
    return min(COST, key=lambda width: -(-channels // width) * width * COST[width])


def rows(tensor: Tensor, channels: int) -> Tensor:
    """The tensor with its last axis contiguous and padded with zeros to `channels`."""
    if tensor.shape[-1] != channels:
        return functional.pad(tensor, (0, channels - tensor.shape[-1]))
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def unpadded(tensor: Tensor, channels: int) -> Tensor:
    """The tensor without what `rows` added."""
    return tensor if tensor.shape[-1] == channels else tensor[..., :channels].contiguous()


def by_block(matrix: Tensor, channels: int, width: int, factor: float = 1.0) -> Tensor:
    """`[G, E, n]` → factor · `[G, blocks, n, width]`: for each block, rows of its channels; padded with zeros."""
    if matrix.shape[1] != channels:
        matrix = functional.pad(matrix, (0, 0, 0, channels - matrix.shape[1]))
    directions, _, count = matrix.shape
    blocks = matrix.new_empty(directions, channels // width, count, width)
    return torch.mul(matrix.reshape(directions, -1, width, count).mT, factor, out=blocks)


def from_blocks(blocks: Tensor, channels: int) -> Tensor:
    """`[G, blocks, n, width]` → `[G, E, n]`, without the padding."""
    return blocks.mT.flatten(1, 2)[:, :channels]


def per_channel(vector: Tensor, direction: str, channels: int) -> Tensor:
    """`[E]` or `[2, E]` → `[G, 1, 1, E]`, padded with zeros to `channels`."""
    return rows(vector, channels).view(-1 if direction == "both" else 1, 1, 1, channels)


def scan_tensors(tensors: Sequence[Tensor], direction: str, channels: int, width: int) -> list[Tensor]:
    """The scan's inputs in the order of the argument table; decays are for powers of two."""
    *_, D, _, delta_bias = tensors
    u, delta, A, B, C, z = stacked((*tensors[:5], tensors[6]), direction)
    wide = [rows(tensor, channels) for tensor in (u, delta, z)]
    narrow = [tensor if tensor.stride(-1) == 1 else tensor.contiguous() for tensor in (B, C)]
    vectors = [per_channel(tensor, direction, channels) for tensor in (D, delta_bias)]
    return [*wide, *narrow, by_block(A, channels, width, LOG2_E), *vectors]


def kept_shape(u: Tensor, A: Tensor, direction: str) -> tuple[int, ...]:
    """The shape of the states that the forward pass keeps, one set per chunk of steps."""
    directions, width = 2 if direction == "both" else 1, block_width(u.shape[-1])
    return (directions, u.shape[-3], -(-u.shape[-1] // width), -(-u.shape[-2] // layout.CHUNK), A.shape[-1], width)


def scan_forward(tensors: Sequence[Tensor], direction: str, gate: str, keep: bool) -> tuple[Tensor, Tensor]:
    """The scan's output, and the states that its backward pass starts from (empty unless `keep`)."""
    u, A = tensors[0], tensors[2]
    directions, batch, blocks, _, states, width = kept_shape(u, A, direction)
    channels, length = blocks * width, u.shape[-2]
    kept = u.new_empty(kept_shape(u, A, direction) if keep else 0)
    out = u.new_empty(*u.shape[:-1], channels)
    table = layout.ArgumentTable(
        directions * batch * blocks,
        [*scan_tensors(tensors, direction, channels, width), kept if keep else None, *stacked([out], direction)],
        first_backward=first_backward(direction), batch=batch, length=length, blocks=blocks, states=states,
        mamba_plus=gate == "mamba_plus")
    run("scan_forward", width, table, work=out.numel() * states, scratch=states * width)
    return unpadded(out, u.shape[-1]), kept


def scan_backward(grad: Tensor, tensors: Sequence[Tensor], kept: Tensor, direction: str,
                  gate: str) -> tuple[Tensor, ...]:
    """The gradients to the eight inputs of the scan, given that to its output; some are views of one tensor."""
    u = tensors[0]
    directions, batch, blocks, _, states, width = kept.shape
    channels, length, wanted = blocks * width, u.shape[-2], u.shape[-1]
    grads = [u.new_empty(*u.shape[:-1], channels) for _ in range(3)]
    by_step = u.new_empty(directions, batch, blocks, -(-2 * states * length // layout.FOLDED) * layout.FOLDED)
    by_channel = u.new_empty(directions, batch, blocks, states + 2, width)
    table = layout.ArgumentTable(
        directions * batch * blocks,
        [*scan_tensors(tensors, direction, channels, width), kept,
         *stacked([rows(grad, channels), *grads], direction), by_step, by_channel],
        first_backward=first_backward(direction), batch=batch, length=length, blocks=blocks, states=states,
        mamba_plus=gate == "mamba_plus")
    run("scan_backward", width, table, work=3 * u.numel() * states,
        scratch=(layout.CHUNK * layout.BACKWARD_ROWS + states) * width)
    steps = summed(by_step.flatten(0, 1))[:, :2 * states * length].view(*u.shape[:-1], 2, states)
    sums = from_blocks(summed(by_channel.flatten(2)).view(directions, blocks, states + 2, width), wanted)
    sums = sums.view(*u.shape[:-3], wanted, states + 2)
    du, ddelta, dz = (unpadded(tensor, wanted) for tensor in grads)
    return (du, ddelta, sums[..., :states], steps[..., 0, :], steps[..., 1, :], sums[..., states], dz,
            sums[..., states + 1])


def conv_tensors(tensors: Sequence[Tensor], direction: str, channels: int, width: int) -> list[Tensor]:
    """The convolution's inputs in the order of the argument table."""
    x, weight = stacked(tensors[:2], direction)
    return [rows(x, channels), by_block(weight, channels, width), per_channel(tensors[2], direction, channels)]


def conv_sizes(x: Tensor, direction: str) -> tuple[int, int, int, int, int]:
    """Directions, series, steps, blocks of channels and their width."""
    width = block_width(x.shape[-1])
    return 2 if direction == "both" else 1, x.shape[-3], x.shape[-2], -(-x.shape[-1] // width), width


def conv_forward(tensors: Sequence[Tensor], direction: str) -> Tensor:
    """The convolution's output."""
    x, weight, _ = tensors
    directions, batch, length, blocks, width = conv_sizes(x, direction)
    out = x.new_empty(*x.shape[:-1], blocks * width)
    table = layout.ArgumentTable(
        directions * batch * blocks,
        [*conv_tensors(tensors, direction, blocks * width, width), *stacked([out], direction)],
        first_backward=first_backward(direction), batch=batch, length=length, blocks=blocks, states=weight.shape[-1])
    run("conv_forward", width, table, work=out.numel() * weight.shape[-1])
    return unpadded(out, x.shape[-1])


def conv_backward(grad: Tensor, tensors: Sequence[Tensor], direction: str) -> tuple[Tensor, ...]:
    """The gradients to the three inputs of the convolution, given that to its output; two are views of one tensor."""
    x, weight, _ = tensors
    directions, batch, length, blocks, width = conv_sizes(x, direction)
    channels, wanted, taps = blocks * width, x.shape[-1], weight.shape[-1]
    dx, parts = x.new_empty(*x.shape[:-1], channels), x.new_empty(directions, batch, blocks, taps + 1, width)
    table = layout.ArgumentTable(
        directions * batch * blocks,
        [*conv_tensors(tensors, direction, channels, width), *stacked([rows(grad, channels), dx], direction), parts],
        first_backward=first_backward(direction), batch=batch, length=length, blocks=blocks, states=taps)
    run("conv_backward", width, table, work=3 * dx.numel() * taps, scratch=layout.TAPS * width)
    sums = from_blocks(summed(parts.flatten(2)).view(directions, blocks, taps + 1, width), wanted)
    sums = sums.view(*x.shape[:-3], wanted, taps + 1)
    return unpadded(dx, wanted), sums[..., :taps], sums[..., taps]
