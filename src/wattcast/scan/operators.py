"""The kernels as torch operators: differentiable once, and opaque to `torch.compile`, which calls them as they are."""

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from wattcast.scan.reference import Direction, Gate

ScanGradients = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
ConvGradients = tuple[Tensor, Tensor, Tensor]


def register_scan(name: str, kernels: Callable[[], Any]) -> Any:
    """The operator `wattcast::<name>_scan`; `kernels` imports the module that computes it, on first use."""

    @torch.library.custom_op(f"wattcast::{name}_scan", mutates_args=())
    def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
             direction: str, gate: str, keep: bool) -> tuple[Tensor, Tensor]:
        tensors = (u, delta, A, B, C, D, z, delta_bias)
        out_and_kept: tuple[Tensor, Tensor] = kernels().scan_forward(tensors, direction, gate, keep)
        return out_and_kept

    @torch.library.custom_op(f"wattcast::{name}_scan_backward", mutates_args=())
    def scan_backward(grad: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor,
                      delta_bias: Tensor, kept: Tensor, direction: str, gate: str) -> ScanGradients:
        inputs = (u, delta, A, B, C, D, z, delta_bias)
        gradients: ScanGradients = tuple(kernels().scan_backward(grad, inputs, kept, direction, gate))
        return gradients

    def shapes(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
               direction: str, gate: str, keep: bool) -> tuple[Tensor, Tensor]:
        del delta, B, C, D, z, delta_bias, gate
        kept = kernels().kept_shape(u, A, direction) if keep else (0,)
        return u.new_empty(u.shape), u.new_empty(kept, dtype=torch.float32)

    def remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.save_for_backward(*inputs[:8], output[1])
        ctx.direction, ctx.gate = inputs[8:10]

    def differentiate(ctx: Any, grad: Tensor, _grad_kept: Tensor) -> tuple[Tensor | None, ...]:
        return (*scan_backward(grad, *ctx.saved_tensors, ctx.direction, ctx.gate), None, None, None)

    scan.register_fake(shapes)
    scan.register_autograd(differentiate, setup_context=remember)
    scan_backward.register_fake(lambda _grad, *inputs: tuple(tensor.new_empty(tensor.shape) for tensor in inputs[:8]))
    return scan


def register_conv(name: str, kernels: Callable[[], Any]) -> Any:
    """The operator `wattcast::<name>_conv`; `kernels` imports the module that computes it, on first use."""

    @torch.library.custom_op(f"wattcast::{name}_conv", mutates_args=())
    def conv(x: Tensor, weight: Tensor, bias: Tensor, direction: str) -> Tensor:
        out: Tensor = kernels().conv_forward((x, weight, bias), direction)
        return out

    @torch.library.custom_op(f"wattcast::{name}_conv_backward", mutates_args=())
    def conv_backward(grad: Tensor, x: Tensor, weight: Tensor, bias: Tensor, direction: str) -> ConvGradients:
        gradients: ConvGradients = tuple(kernels().conv_backward(grad, (x, weight, bias), direction))
        return gradients

    def remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        del output
        ctx.save_for_backward(*inputs[:3])
        ctx.direction = inputs[3]

    def differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return (*conv_backward(grad, *ctx.saved_tensors, ctx.direction), None)

    conv.register_fake(lambda x, *_: x.new_empty(x.shape))
    conv.register_autograd(differentiate, setup_context=remember)
    conv_backward.register_fake(lambda _grad, *inputs: tuple(tensor.new_empty(tensor.shape) for tensor in inputs[:3]))
    return conv


class KernelBackend:
    """A backend whose float32 kernels lie in a module of this package; its two functions are those of `reference`.

    Args:
        name: of the backend.
        module: with `scan_forward`, `scan_backward`, `kept_shape`, `conv_forward` and `conv_backward`.
    """

    def __init__(self, name: str, module: str) -> None:
        def kernels() -> Any:
            return importlib.import_module(module)
        self._scan, self._conv = register_scan(name, kernels), register_conv(name, kernels)

    def selective_scan(self, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor,
                       delta_bias: Tensor, direction: Direction, gate: Gate) -> Tensor:
        """See `wattcast.scan.selective_scan`."""
        tensors = [tensor.float() for tensor in (u, delta, A, B, C, D, z, delta_bias)]
        keep = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
        out: Tensor = self._scan(*tensors, direction, gate, keep)[0]
        return out.to(u.dtype)

    def causal_conv(self, x: Tensor, weight: Tensor, bias: Tensor, direction: Direction) -> Tensor:
        """See `wattcast.scan.causal_conv`."""
        out: Tensor = self._conv(x.float(), weight.float(), bias.float(), direction)
        return out.to(x.dtype)


numba = KernelBackend("numba", "wattcast.scan.cpu")
