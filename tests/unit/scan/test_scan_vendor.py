"""The adapter to mamba_ssm, over a stand-in that computes what the package documents, in its own layout."""

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from wattcast.scan import reference, vendor


def selective_scan_fn(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None = None,
                      z: Tensor | None = None, delta_bias: Tensor | None = None,
                      delta_softplus: bool = False) -> Tensor:
    """mamba_ssm's signature: u, delta, z `[B, E, L]`, B and C `[B, N, L]`; scans forward."""
    assert all(tensor.is_contiguous() for tensor in (u, delta, B, C))
    assert z is not None
    assert delta_bias is not None
    delta = delta + delta_bias[:, None]
    delta = functional.softplus(delta) if delta_softplus else delta
    state, outputs = torch.zeros(u.shape[0], *A.shape), []
    for t in range(u.shape[2]):
        state = torch.exp(delta[:, :, t, None] * A) * state + (delta * u)[:, :, t, None] * B[:, None, :, t]
        outputs.append((state * C[:, None, :, t]).sum(-1))
    y = torch.stack(outputs, 2)
    return (y if D is None else y + D[:, None] * u) * functional.silu(z)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mamba_ssm", "mamba_ssm.ops", "mamba_ssm.ops.selective_scan_interface"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["mamba_ssm.ops.selective_scan_interface"].selective_scan_fn = selective_scan_fn  # type: ignore[attr-defined]


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("gate", ["silu", "mamba_plus"])
def test_selective_scan__is_the_references(direction: Any, gate: Any) -> None:
    lead = (2,) if direction == "both" else ()
    sizes = ((2, 9, 5), (2, 9, 5), (5, 3), (2, 9, 3), (2, 9, 3), (5,), (2, 9, 5), (5,))
    u, delta, A, *rest = (torch.randn(*lead, *size) for size in sizes)
    inputs = (u, delta, -A.exp(), *rest)
    torch.testing.assert_close(vendor.selective_scan(*inputs, direction, gate),
                               reference.selective_scan(*inputs, direction, gate))


def test_causal_conv__is_the_references() -> None:
    x, weight, bias = torch.randn(2, 9, 5), torch.randn(5, 4), torch.randn(5)
    torch.testing.assert_close(vendor.causal_conv(x, weight, bias, "backward"),
                               reference.causal_conv(x, weight, bias, "backward"))
