"""One scan and one convolution for every device: picks the backend, says which and why, and refuses to guess."""

import importlib
import importlib.util
import logging
import os
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from wattcast.errors import ConfigError, MissingExtraError
from wattcast.scan import loop, operators, reference, vendor
from wattcast.scan.arguments import check_conv, check_scan, check_word
from wattcast.scan.reference import Direction, Gate

log = logging.getLogger("wattcast")

PREFERRED = {"cuda": ("triton", "mamba_ssm"), "cpu": ("numba",)}
"""For each kind of device the backends that `auto` tries before the loop, which runs everywhere."""
PURPOSES = {
    "triton": "GPU kernels, both directions in one launch",
    "mamba_ssm": "the installed mamba_ssm package",
    "numba": "vector kernels for this processor",
    "loop": "plain torch with its own backward pass; runs everywhere, slowly",
    "reference": "plain torch, step by step, to check the others",
}
BACKENDS = tuple(PURPOSES)
OLDEST_NUMBA = (0, 62)
"""The first whose LLVM writes pointers as the kernels' entry does. [version]"""
VARIABLE = "WATTCAST_SCAN"
"""The environment variable that names the backend where the caller leaves the choice open."""


@dataclass(frozen=True)
class BackendStatus:
    """Whether a backend can run, and why or why not."""

    name: str
    usable: bool
    reason: str


def implementation(name: str) -> Any:
    """What runs a backend: something with the functions `selective_scan` and `causal_conv` of `reference`."""
    if name == "triton":
        return importlib.import_module("wattcast.scan.gpu")
    return {"mamba_ssm": vendor, "numba": operators.numba, "loop": loop, "reference": reference}[name]


def is_installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None


def numba_version() -> tuple[int, ...]:
    """Major and minor version of the installed Numba."""
    return tuple(int(number) for number in version("numba").split(".")[:2])


def obstacle(name: str, device: str, dtype: torch.dtype) -> str | None:
    """What keeps a backend with kernels of its own from running, or None."""
    packages = {"triton": ("triton",), "mamba_ssm": ("mamba_ssm",), "numba": ("numba", "llvmlite")}[name]
    kind = "cpu" if name == "numba" else "cuda"
    if device != kind and not (name == "triton" and os.environ.get("TRITON_INTERPRET") == "1"):
        return f"runs on {kind} only, the tensors are on {device}"
    if missing := [package for package in packages if not is_installed(package)]:
        return f"the package {missing[0]} is not installed"
    if name == "numba" and numba_version() < OLDEST_NUMBA:
        return f"Numba {'.'.join(map(str, OLDEST_NUMBA))} or newer is needed"
    if dtype == torch.float64:
        return "computes in float32, the tensors are float64"
    if name == "triton":
        reason: str | None = implementation(name).unusable_reason(device)
        return reason
    return None


def verify(name: str, device: str, dtype: torch.dtype) -> BackendStatus:
    """Whether a backend can run tensors of `dtype` on a kind of device."""
    if name in ("loop", "reference"):
        return BackendStatus(name, True, PURPOSES[name])
    reason = obstacle(name, device, dtype)
    return BackendStatus(name, reason is None, reason or PURPOSES[name])


def available_backends(device: torch.device | str = "cpu") -> list[BackendStatus]:
    """Every backend with its verdict for float32 tensors on `device`."""
    return [verify(name, torch.device(device).type, torch.float32) for name in BACKENDS]


def resolve_backend(backend: str = "auto", *, device: torch.device | str = "cpu",
                    dtype: torch.dtype = torch.float32) -> str:
    """The name of the backend that runs `backend` for tensors of `dtype` on `device`.

    `auto` stands for the one that the environment variable WATTCAST_SCAN names, else for the first that can run.

    Raises:
        ConfigError: the backend is unknown, or cannot run here.
        MissingExtraError: it needs a package that is not installed.
    """
    choice = os.environ.get(VARIABLE, "auto") if backend == "auto" else backend, torch.device(device).type, dtype
    if choice not in _chosen:
        _chosen[choice] = choose(*choice)
    return _chosen[choice]


_chosen: dict[tuple[str, str, torch.dtype], str] = {}


def choose(wanted: str, device: str, dtype: torch.dtype) -> str:
    """`resolve_backend` once the environment is read; raises as it does. Happens, and is logged, once for each choice.
    """
    check_word("scan backend", wanted, ("auto", *BACKENDS))
    candidates = (*PREFERRED.get(device, ()), "loop") if wanted == "auto" else (wanted,)
    statuses = [verify(name, device, dtype) for name in candidates]
    chosen = next((status for status in statuses if status.usable), statuses[0])
    if not chosen.usable:
        if chosen.name == "mamba_ssm" and not is_installed("mamba_ssm"):
            raise MissingExtraError("mamba_ssm", extra="mamba", purpose="the scan backend mamba_ssm")
        raise ConfigError(f"the scan backend {wanted} cannot run here", found=chosen.reason,
                          hint=f"choose another one, or auto, or unset {VARIABLE}")
    if not torch.compiler.is_compiling():
        log.info("scan: %s on %s (%s)", chosen.name, device, chosen.reason)
    return chosen.name


def selective_scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, delta_bias: Tensor,
                   *, direction: Direction = "forward", gate: Gate = "silu", backend: str = "auto") -> Tensor:
    """The selective scan of Mamba with its skip and gate, differentiable in all eight tensors.

    With Δ = softplus(delta + delta_bias) and h before the first step 0:
        h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t u_t,    y_t = <C_t, h_t>
        gate "silu" (Mamba): (y + D u) · silu(z);    gate "mamba_plus" (Mamba+): y · silu(z) + (1 − σ(z)) · D u

    Args:
        u, delta, z: `[B, L, E]`.
        A: `[E, N]`, negative.
        B, C: `[B, L, N]`.
        D, delta_bias: `[E]`.
        direction: "backward" scans from the last step to the first; "both" takes every tensor with a leading axis of
            two, the first scanned forward and the second backward, as in `[2, B, L, E]` and `[2, E, N]`.
        gate: how z acts.
        backend: see `resolve_backend`.

    Returns:
        A tensor like u. States are float32 (float64 for float64 tensors) whatever the tensors' precision.

    Raises:
        ConfigError: the direction, the gate or the backend is unknown, or the backend cannot run.
        ValueError: shapes or devices do not fit together.

    References:
        A. Gu, T. Dao, arXiv:2312.00752; A. Liang et al., arXiv:2404.15772.
    """
    check_scan(u, delta, A, B, C, D, z, delta_bias, direction, gate)
    chosen = implementation(resolve_backend(backend, device=u.device, dtype=u.dtype))
    with torch.autocast(u.device.type, enabled=False):
        out: Tensor = chosen.selective_scan(u, delta, A, B, C, D, z, delta_bias, direction, gate)
    return out


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor, *, direction: Direction = "forward",
                backend: str = "auto") -> Tensor:
    """Depth-wise convolution that looks back in the direction of the scan, with SiLU; differentiable in all tensors.

    Forward: silu(bias + Σ_j weight[:, K − 1 − j] x_{t−j}), zeros before the first step; "backward" is its mirror image,
    with x_{t+j}.

    Args:
        x: `[B, L, E]`.
        weight: `[E, K]`, K at most 8.
        bias: `[E]`.
        direction: as in `selective_scan`, with the leading axis for "both".
        backend: see `resolve_backend`.

    Returns:
        A tensor like x.

    Raises:
        ConfigError: the direction or the backend is unknown, or the backend cannot run.
        ValueError: shapes or devices do not fit together.
    """
    check_conv(x, weight, bias, direction)
    chosen = implementation(resolve_backend(backend, device=x.device, dtype=x.dtype))
    with torch.autocast(x.device.type, enabled=False):
        out: Tensor = chosen.causal_conv(x, weight, bias, direction)
    return out
