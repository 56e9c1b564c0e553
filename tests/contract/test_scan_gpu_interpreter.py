"""The GPU kernels without a GPU: run in Triton's interpreter against the reference, and compiled for two GPUs.

Triton decides when it is first imported whether it interprets, so a test starts a process: this file as a program.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wattcast.scan import gpu, reference

SCANS = {
    "one of each": (1, 1, 1, 1, "forward", "silu"),
    "short series, odd tails": (3, 2, 17, 5, "both", "mamba_plus"),
    "two tiles, three chunks": (1, 35, 40, 16, "backward", "mamba_plus"),
    "both directions": (1, 18, 17, 5, "both", "silu"),
    "a single state, one whole chunk": (2, 16, 9, 1, "forward", "mamba_plus"),
    "most states, two warps": (1, 18, 10, 128, "forward", "silu"),
}
"""Batch, length, channels, states, direction and gate."""
CONVOLUTIONS = {
    "one of each": (1, 1, 1, 1, "forward"),
    "series shorter than the filter": (3, 2, 17, 4, "both"),
    "tails of steps and channels": (1, 63, 96, 4, "both"),
    "widest filter": (2, 33, 5, 6, "backward"),
}
"""Batch, length, channels, taps and direction."""
STEPS = {"far below zero": -12.0, "usual": -4.0, "large": 30.0}
"""Where delta lies before softplus."""
SCAN_NAMES = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")
CONV_NAMES = ("x", "weight", "bias")


def lead(direction: str) -> tuple[int, ...]:
    return (2,) if direction == "both" else ()


def sliced(*shape: int) -> Tensor:
    """A random tensor whose rows lie apart, as a part of a wider one does."""
    return torch.randn(*shape[:-1], 2 * shape[-1] + 3)[..., 1:shape[-1] + 1]


def scan_inputs(batch: int, length: int, channels: int, states: int, direction: str,
                shift: float = -1.0) -> list[Tensor]:
    first = lead(direction)
    by_channel, by_state = (*first, batch, length, channels), (*first, batch, length, states)
    return [sliced(*by_channel), sliced(*by_channel) + shift, -torch.exp(torch.randn(*first, channels, states)),
            sliced(*by_state), sliced(*by_state), torch.randn(*first, channels), sliced(*by_channel),
            torch.randn(*first, channels)]


def conv_inputs(batch: int, length: int, channels: int, taps: int, direction: str) -> list[Tensor]:
    first = lead(direction)
    return [sliced(*first, batch, length, channels), sliced(*first, channels, taps), torch.randn(*first, channels)]


def distance(found: Tensor, true: Tensor) -> float:
    """The relative L2 error; NaN where something was not written."""
    return float((found.double() - true).norm() / true.norm().clamp_min(1e-30))


def compare(function: Callable[..., Tensor], truth: Callable[..., Tensor], tensors: list[Tensor],
            words: tuple[str, ...]) -> list[float]:
    """Errors of the output and of the gradient to each tensor; the truth is computed in float64."""
    inputs = [tensor.detach().requires_grad_() for tensor in tensors]
    exact = [tensor.detach().double().requires_grad_() for tensor in tensors]
    out, true = function(*inputs, *words), truth(*exact, *words)
    weights = torch.randn(out.shape).to(out.dtype)
    gradients = torch.autograd.grad(out, inputs, weights)
    true_gradients = torch.autograd.grad(true, exact, weights.double())
    assert (out.dtype, out.shape) == (inputs[0].dtype, inputs[0].shape)
    assert all(gradient.dtype == tensor.dtype for gradient, tensor in zip(gradients, inputs, strict=True))
    assert torch.equal(out, function(*(tensor.detach() for tensor in tensors), *words))     # nothing kept, nothing else
    return [distance(out, true), *map(distance, gradients, true_gradients)]


def interpret_scans() -> dict[str, list[float]]:
    errors = {name: compare(gpu.selective_scan, reference.selective_scan, scan_inputs(*case[:5]), case[4:])
              for name, case in SCANS.items()}
    for name, shift in STEPS.items():
        inputs = scan_inputs(1, 4, 8, 4, "forward", shift)
        errors[name] = compare(gpu.selective_scan, reference.selective_scan, inputs, ("forward", "silu"))
    return errors


def interpret_convolutions() -> dict[str, list[float]]:
    return {name: compare(gpu.causal_conv, reference.causal_conv, conv_inputs(*case), case[4:])
            for name, case in CONVOLUTIONS.items()}


def interpret_half_precision() -> dict[str, list[float]]:
    """Activations in half precision, parameters in float32."""
    errors = {}
    for word in ("bfloat16", "float16"):
        dtype = getattr(torch, word)
        inputs = scan_inputs(1, 17, 17, 5, "both")
        mixed = [tensor if name in ("A", "D", "delta_bias") else tensor.to(dtype)
                 for name, tensor in zip(SCAN_NAMES, inputs, strict=True)]
        errors[f"scan {word}"] = compare(gpu.selective_scan, reference.selective_scan, mixed, ("both", "mamba_plus"))
        x, *parameters = conv_inputs(1, 20, 17, 4, "both")
        mixed = [x.to(dtype), *parameters]
        errors[f"conv {word}"] = compare(gpu.causal_conv, reference.causal_conv, mixed, ("both",))
    return errors


def interpret() -> dict[str, dict[str, list[float]]]:
    return {"scans": interpret_scans(), "convolutions": interpret_convolutions(),
            "half precision": interpret_half_precision()}


def recorded_launches(sizes: tuple[int, int, int, int], dtype: torch.dtype, gate: str) -> list[tuple[Any, Any, Any]]:
    """What a training step would launch: the kernels, their arguments and their options."""
    from triton.runtime.jit import JITFunction

    launches: list[tuple[Any, Any, Any]] = []
    JITFunction.run = lambda self, *arguments, **options: launches.append((self, arguments, options))
    scan = [tensor.to(dtype).requires_grad_() for tensor in scan_inputs(*sizes, "both")]
    conv = [tensor.to(dtype).requires_grad_() for tensor in conv_inputs(*sizes[:3], 4, "both")]
    gpu.selective_scan(*scan, "both", gate).sum().backward()
    gpu.causal_conv(*conv, "both").sum().backward()
    return launches


def compiled(kernel: Any, arguments: tuple[Any, ...], options: dict[str, Any], capability: int) -> Any:
    """The kernel for such a GPU, specialised as a launch would: ones and multiples of sixteen are known."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    words = {torch.float32: "*fp32", torch.bfloat16: "*bf16", torch.float16: "*fp16"}
    values = dict(zip(kernel.arg_names, arguments, strict=False))
    constants = {name: value for name, value in options.items() if name in kernel.arg_names}
    constants |= {name: value for name, value in values.items() if isinstance(value, int) and value == 1}
    signature = {name: words[value.dtype] if isinstance(value, Tensor) else "i32" for name, value in values.items()}
    aligned = {(place,): [["tt.divisibility", 16]] for place, (name, value) in enumerate(values.items())
               if name not in constants and (value.data_ptr() if isinstance(value, Tensor) else value) % 16 == 0}
    source = ASTSource(kernel, signature | dict.fromkeys(constants, "constexpr"), constexprs=constants, attrs=aligned)
    settings = {name: value for name, value in options.items() if name in ("num_warps", "enable_fp_fusion")}
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=settings)


def compile_for_gpus() -> dict[str, Any]:
    """For each training step and GPU, per kernel: bytes of machine code, atomic operations, directions in its grid."""
    steps: tuple[tuple[tuple[int, int, int, int], torch.dtype, str, int], ...] = (
        ((2, 40, 96, 16), torch.float32, "silu", 90), ((2, 40, 17, 100), torch.bfloat16, "mamba_plus", 80),
        ((1, 1, 1, 1), torch.float16, "silu", 80))
    found: dict[str, Any] = {}
    for sizes, dtype, gate, capability in steps:
        made = [(kernel.__name__, compiled(kernel, arguments, options, capability), options["grid"])
                for kernel, arguments, options in recorded_launches(sizes, dtype, gate)]
        found[f"{sizes} {dtype} {gate} {capability}"] = [
            (name, len(machine.asm["cubin"]), re.findall(r"\b(?:atom|red)\.", machine.asm["ptx"]), grid[1])
            for name, machine, grid in made]
    return found


def run_here(job: str, interpret: str, cache: Path) -> Any:
    """The result of a job of this file in a process of its own, in which unwritten memory holds NaN."""
    environment = os.environ | {"TRITON_INTERPRET": interpret, "TRITON_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, __file__, job], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(errors: dict[str, list[float]], names: tuple[str, ...]) -> None:
    for case, (output, *gradients) in errors.items():
        assert output < 1e-6, f"{case}: output {output:.1e}"
        for name, error in zip(names, gradients, strict=True):
            assert error < 2e-6, f"{case}: gradient to {name} {error:.1e}"


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[float]]]:
    """All errors that Triton's interpreter finds."""
    pytest.importorskip("triton")
    found: dict[str, dict[str, list[float]]] = run_here("interpret", "1", tmp_path_factory.mktemp("triton"))
    return found


def test_selective_scan__agrees_with_reference_and_its_gradients(interpreted: dict[str, Any]) -> None:
    errors = interpreted["scans"]
    assert set(errors) == {*SCANS, *STEPS}
    check(errors, SCAN_NAMES)


def test_causal_conv__agrees_with_reference_and_its_gradients(interpreted: dict[str, Any]) -> None:
    errors = interpreted["convolutions"]
    assert set(errors) == set(CONVOLUTIONS)
    check(errors, CONV_NAMES)


def test_half_precision__states_and_sums_are_float32(interpreted: dict[str, Any]) -> None:
    for case, (output, *gradients) in interpreted["half precision"].items():
        operator, word = case.split()
        last_digit = torch.finfo(getattr(torch, word)).eps      # the interpreter cuts off what a GPU would round
        assert output < last_digit, f"{case}: output {output:.1e}"
        for name, error in zip(SCAN_NAMES if operator == "scan" else CONV_NAMES, gradients, strict=True):
            leaves_in_float32 = name in ("A", "D", "delta_bias", "weight", "bias")
            assert error < (2e-6 if leaves_in_float32 else last_digit), f"{case}: gradient to {name} {error:.1e}"


def test_kernels__compile_for_gpus_in_four_launches_without_atomics(tmp_path: Path) -> None:
    triton = pytest.importorskip("triton")
    if not list(Path(triton.__file__).parent.glob("backends/nvidia/bin/ptxas*")):
        pytest.skip("this triton package has no assembler for NVIDIA GPUs")
    for case, kernels in run_here("compile_for_gpus", "0", tmp_path).items():
        assert [name for name, *_ in kernels] == ["scan_forward", "scan_backward", "conv_forward", "conv_backward"]
        for name, size, atomics, directions in kernels:
            assert size > 0, f"{case}: {name}"
            assert (atomics, directions) == ([], 2), f"{case}: {name}"


def test_unusable_reason__names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton")
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert "TRITON_INTERPRET" in str(gpu.unusable_reason("cpu"))
    assert "xpu" in str(gpu.unusable_reason("xpu"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device" in str(gpu.unusable_reason("cuda:0"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert gpu.unusable_reason(torch.device("cuda", 0)) is None
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert gpu.unusable_reason("cpu") is None
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "not installed" in str(gpu.unusable_reason("cuda"))


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)        # fills unwritten memory with NaN
    print(json.dumps(globals()[sys.argv[1]]()))
