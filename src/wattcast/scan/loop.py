"""A torch loop with its own backward pass: the fallback where no kernel can run, on any device and in float64 too.

Autograd through the plain loop keeps every state `[B, L, E, N]`. Here a state is kept every `CHUNK` steps and those in
between are computed again on the way back: the extra memory is 1/CHUNK of that, and one chunk.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from wattcast.scan.reference import Direction, Gate, apply_gate, compute_dtype, over_directions

CHUNK = 16
"""Steps between two states that are kept for the way back: memory against computing again. [steps]"""


def chunks(length: int, backward: bool) -> Iterator[tuple[slice, range]]:
    """The chunks in the order of the scan: their place in time, and the order of the steps inside."""
    for start in range(0, length, CHUNK):
        size = min(CHUNK, length - start)
        if backward:
            yield slice(length - start - size, length - start), range(size - 1, -1, -1)
        else:
            yield slice(start, start + size), range(size)


def chunk_states(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, h: Tensor, order: range) -> tuple[Tensor, Tensor]:
    """Decays and states `[B, chunk, E, N]` of one chunk that begins in state h `[B, E, N]`; delta is positive here."""
    decay = torch.exp(delta[..., None] * A)
    states = (delta * u)[..., None] * B[:, :, None, :]
    for t in order:
        h = states[:, t].addcmul_(decay[:, t], h)
    return decay, states


def gate_gradients(grad: Tensor, y: Tensor, u: Tensor, D: Tensor, z: Tensor,
                   gate: Gate) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients to y, to the skip D·u and to z."""
    s = torch.sigmoid(z)
    silu, silu_slope = z * s, s * (1 + z * (1 - s))
    if gate == "silu":
        return grad * silu, grad * silu, grad * (y + D * u) * silu_slope
    return grad * silu, grad * (1 - s), grad * (y * silu_slope - D * u * s * (1 - s))


class CheckpointedScan(torch.autograd.Function):
    """One direction of the scan; keeps its inputs and the state before each chunk."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor,
                delta_bias: Tensor, backward: bool, gate: Gate) -> Tensor:
        h = u.new_zeros(u.shape[0], *A.shape)
        kept, out = [], u.new_empty(u.shape)
        for part, order in chunks(u.shape[1], backward):
            kept.append(h)
            positive = functional.softplus(delta[:, part] + delta_bias)
            _, states = chunk_states(u[:, part], positive, A, B[:, part], h, order)
            h = states[:, order[-1]].clone()
            y = (states @ C[:, part, :, None]).squeeze(-1)
            out[:, part] = apply_gate(y, u[:, part], D, z[:, part], gate)
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias, *kept)
        ctx.is_backward, ctx.gate = backward, gate
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, A, B, C, D, z, delta_bias, *kept = ctx.saved_tensors
        du, ddelta, dB, dC, dz = (tensor.new_empty(tensor.shape) for tensor in (u, delta, B, C, z))
        dA, dD = torch.zeros_like(A), torch.zeros_like(D)
        carried = torch.zeros_like(kept[0])                                 # ∂loss/∂h from the steps scanned later
        for (part, order), h in reversed(list(zip(chunks(u.shape[1], ctx.is_backward), kept, strict=True))):
            raw, x = delta[:, part] + delta_bias, u[:, part]
            step = functional.softplus(raw)
            decay, states = chunk_states(x, step, A, B[:, part], h, order)
            y = (states @ C[:, part, :, None]).squeeze(-1)
            dy, to_skip, dz[:, part] = gate_gradients(grad[:, part], y, x, D, z[:, part], ctx.gate)
            dD += (to_skip * x).sum((0, 1))
            dC[:, part] = (dy[:, :, None, :] @ states).squeeze(2)
            dh = dy[..., None] * C[:, part, None, :]                        # [B, chunk, E, N]
            for t in reversed(order):
                carried = decay[:, t] * dh[:, t].add_(carried)
            before = torch.empty_like(states)                               # the state before each step
            before[:, order[0]] = h
            before[:, list(order[1:])] = states[:, list(order[:-1])]
            through = before.mul_(decay).mul_(dh)                           # ∂loss/∂decay · decay
            dA += (through * step[..., None]).sum((0, 1))
            along_B = (dh @ B[:, part, :, None]).squeeze(-1)
            dB[:, part] = ((step * x)[:, :, None, :] @ dh).squeeze(2)
            du[:, part] = step * along_B + to_skip * D
            ddelta[:, part] = ((through * A).sum(-1) + x * along_B) * torch.sigmoid(raw)
        return du, ddelta, dA, dB, dC, dD, dz, ddelta.sum((0, 1)), None, None


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                   direction: Direction, gate: Gate) -> Tensor:
    """See `wattcast.scan.selective_scan`, whose shapes these are."""
    def scan(*arguments: Any) -> Tensor:
        out: Tensor = CheckpointedScan.apply(*arguments, gate)  # type: ignore[no-untyped-call]
        return out

    tensors = [tensor.to(compute_dtype(u.dtype)) for tensor in (u, delta, A, B, C, D, z, delta_bias)]
    return over_directions(scan, tensors, direction).to(u.dtype)


def shifted(x: Tensor, steps: int, backward: bool) -> tuple[Tensor, slice]:
    """The part of x `[B, L, E]` that lies `steps` scan steps before some other step, and where those others are."""
    length = x.shape[1]
    if backward:
        return x[:, steps:], slice(0, max(length - steps, 0))
    return x[:, :max(length - steps, 0)], slice(steps, length)


class ShiftAndAddConv(torch.autograd.Function):
    """One direction of the convolution as K shifted products; keeps its inputs and the sum before the SiLU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, backward: bool) -> Tensor:
        total = bias + x * weight[:, -1]
        for steps in range(1, weight.shape[1]):
            source, place = shifted(x, steps, backward)
            total[:, place].addcmul_(source, weight[:, -1 - steps])
        ctx.save_for_backward(x, weight, total)
        ctx.is_backward = backward
        return functional.silu(total)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, total = ctx.saved_tensors
        s = torch.sigmoid(total)
        dtotal = grad * s * (1 + total * (1 - s))
        dx, dweight = x.new_zeros(x.shape), torch.empty_like(weight)
        for steps in range(weight.shape[1]):
            source, place = shifted(x, steps, ctx.is_backward)
            destination, _ = shifted(dx, steps, ctx.is_backward)
            destination.addcmul_(dtotal[:, place], weight[:, -1 - steps])
            dweight[:, -1 - steps] = (source * dtotal[:, place]).sum((0, 1))
        return dx, dweight, dtotal.sum((0, 1)), None


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor, direction: Direction) -> Tensor:
    """See `wattcast.scan.causal_conv`, whose shapes these are."""
    def convolve(*arguments: Any) -> Tensor:
        out: Tensor = ShiftAndAddConv.apply(*arguments)  # type: ignore[no-untyped-call]
        return out

    tensors = [tensor.to(compute_dtype(x.dtype)) for tensor in (x, weight, bias)]
    return over_directions(convolve, tensors, direction).to(x.dtype)
