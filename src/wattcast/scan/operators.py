"""The kernels as torch functions: differentiable, and operators that `torch.compile` calls without looking inside."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from wattcast.scan.reference import Direction, Gate

SCAN = "Tensor u, Tensor delta, Tensor A, Tensor B, Tensor C, Tensor D, Tensor z, Tensor delta_bias"
CONV = "Tensor x, Tensor weight, Tensor bias"


def define(name: str, signature: str, compute: Callable[..., Any], shapes: Callable[..., Any]) -> Any:
    """The operator `wattcast::<name>`: `compute` gives its results, `shapes` tensors like them without computing any.

    The plain registration is used and not `torch.library.custom_op`, which reads torch's compiler on the first call.
    """
    qualified = f"wattcast::{name}"
    torch.library.define(qualified, signature)
    torch.library.impl(qualified, "CompositeExplicitAutograd", compute)
    torch.library.register_fake(qualified, shapes)
    return getattr(torch.ops.wattcast, name).default


def separately(compute: Callable[..., Sequence[Tensor]]) -> Callable[..., list[Tensor]]:
    """The same results, none of which is a view of another: operators must not return those."""
    def computed(*arguments: Any) -> list[Tensor]:
        return [each.clone(memory_format=torch.contiguous_format) if each._is_view() else each
                for each in compute(*arguments)]
    return computed


def register_scan(name: str, kernels: Callable[[], Any]) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that scans, and is the operator `wattcast::<name>_scan` under `torch.compile`.

    Args:
        name: of the backend.
        kernels: imports the module that computes the scan; called on first use.
    """
    def scan(*arguments: Any) -> tuple[Tensor, Tensor]:
        *tensors, direction, gate, keep = arguments
        results: tuple[Tensor, Tensor] = kernels().scan_forward(tensors, direction, gate, keep)
        return results

    def scan_shapes(*arguments: Any) -> tuple[Tensor, Tensor]:
        u, A, (direction, _, keep) = arguments[0], arguments[2], arguments[8:]
        kept = kernels().kept_shape(u, A, direction) if keep else (0,)
        return u.new_empty(u.shape), u.new_empty(kept, dtype=torch.float32)

    def scan_backward(grad: Tensor, *arguments: Any) -> Sequence[Tensor]:
        *tensors, kept, direction, gate = arguments
        gradients: Sequence[Tensor] = kernels().scan_backward(grad, tensors, kept, direction, gate)
        return gradients

    def remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.save_for_backward(*inputs[:8], output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)
        ctx.direction, ctx.gate = inputs[8:10]

    def differentiate(backward: Callable[..., Sequence[Tensor]], ctx: Any, grad: Tensor,
                      _no_grad: None) -> tuple[Tensor | None, ...]:
        return (*backward(grad, *ctx.saved_tensors, ctx.direction, ctx.gate), None, None, None)

    operator = define(f"{name}_scan", f"({SCAN}, str direction, str gate, bool keep) -> (Tensor, Tensor)", scan,
                      scan_shapes)
    backward = define(
        f"{name}_scan_backward",
        f"(Tensor grad, {SCAN}, Tensor kept, str direction, str gate) -> ({', '.join(['Tensor'] * 8)})",
        separately(scan_backward), lambda _grad, *inputs: [each.new_empty(each.shape) for each in inputs[:8]])
    return differentiable(operator, scan, backward, scan_backward, remember, differentiate)


def register_conv(name: str, kernels: Callable[[], Any]) -> Callable[..., Tensor]:
    """A function that convolves, and is the operator `wattcast::<name>_conv` under `torch.compile`.

    Args:
        name: of the backend.
        kernels: imports the module that computes the convolution; called on first use.
    """
    def conv(x: Tensor, weight: Tensor, bias: Tensor, direction: str) -> Tensor:
        result: Tensor = kernels().conv_forward((x, weight, bias), direction)
        return result

    def conv_backward(grad: Tensor, x: Tensor, weight: Tensor, bias: Tensor, direction: str) -> Sequence[Tensor]:
        gradients: Sequence[Tensor] = kernels().conv_backward(grad, (x, weight, bias), direction)
        return gradients

    def remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        del output
        ctx.save_for_backward(*inputs[:3])
        ctx.direction = inputs[3]

    def differentiate(backward: Callable[..., Sequence[Tensor]], ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return (*backward(grad, *ctx.saved_tensors, ctx.direction), None)

    operator = define(f"{name}_conv", f"({CONV}, str direction) -> Tensor", conv, lambda x, *_: x.new_empty(x.shape))
    backward = define(
        f"{name}_conv_backward", f"(Tensor grad, {CONV}, str direction) -> (Tensor, Tensor, Tensor)",
        separately(conv_backward), lambda _grad, *inputs: [each.new_empty(each.shape) for each in inputs[:3]])
    return differentiable(operator, conv, backward, conv_backward, remember, differentiate)


def differentiable(operator: Any, compute: Callable[..., Any], backward_operator: Any,
                   compute_backward: Callable[..., Any], remember: Callable[..., None],
                   differentiate: Callable[..., Any]) -> Callable[..., Any]:
    """Makes an operator differentiable, once. Returns it, or the same without it where nothing is being compiled.

    Torch takes a tenth of a millisecond longer to call an operator than a plain autograd function.
    """
    @once_differentiable
    def through_operator(ctx: Any, *grads: Tensor) -> Any:
        return differentiate(backward_operator, ctx, *grads)

    class Direct(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *arguments: Any) -> Any:
            results = compute(*arguments)
            remember(ctx, arguments, results)
            return results

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *grads: Tensor) -> Any:
            return differentiate(compute_backward, ctx, *grads)

    def call(*arguments: Any) -> Any:
        if torch.compiler.is_compiling():
            return operator(*arguments)
        if torch.is_grad_enabled():
            return Direct.apply(*arguments)  # type: ignore[no-untyped-call]
        return compute(*arguments)

    torch.library.register_autograd(operator, through_operator, setup_context=remember)
    return call


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
