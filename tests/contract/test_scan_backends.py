"""What every backend of the scan owes: the specification's numbers, gradients too, whatever the shapes and strides."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from wattcast.scan import available_backends, causal_conv, selective_scan

BACKENDS = [status.name for status in available_backends("cpu") if status.usable and status.name != "reference"]
INPUTS = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")
# B, L, E, N: a single step; two; one short of a chunk and one past it; widths that fill no vector; many states.
SHAPES = [(1, 1, 1, 1), (3, 2, 17, 5), (1, 15, 96, 16), (1, 17, 32, 128), (3, 63, 17, 1), (1, 167, 192, 5),
          (3, 167, 96, 16)]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def scan_inputs(shape: tuple[int, int, int, int], direction: str = "forward", seed: int = 0) -> list[Tensor]:
    batch, length, channels, states = shape
    lead = (2,) if direction == "both" else ()
    make = torch.Generator().manual_seed(seed)

    def normal(*sizes: int) -> Tensor:
        return torch.randn(*lead, *sizes, generator=make)
    return [normal(batch, length, channels), normal(batch, length, channels) - 2,
            -normal(channels, states).exp() * states, normal(batch, length, states), normal(batch, length, states),
            normal(channels), normal(batch, length, channels), normal(channels) / 4]


def with_gradients(inputs: list[Tensor], grad: Tensor, **options: Any) -> list[Tensor]:
    leaves = [tensor.detach().requires_grad_() for tensor in inputs]
    out = selective_scan(*leaves, **options)
    return [out.detach(), *torch.autograd.grad(out, leaves, grad)]


def distance(found: Tensor, expected: Tensor) -> float:
    """Relative L2 error."""
    return float((found.double() - expected).norm() / expected.norm().clamp_min(1e-20))


def assert_like_reference(inputs: list[Tensor], **options: Any) -> None:
    grad = torch.randn(inputs[0].shape, generator=torch.Generator().manual_seed(99))
    expected = with_gradients([tensor.double() for tensor in inputs], grad.double(),
                              **options | {"backend": "reference"})
    found = with_gradients(inputs, grad, **options)
    errors = {name: distance(*pair) for name, *pair in zip(("out", *INPUTS), found, expected, strict=True)}
    limits = {name: 1e-6 if name == "out" else 2e-6 for name in errors}
    assert all(errors[name] < limits[name] for name in errors), errors


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("gate", ["silu", "mamba_plus"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_scan__output_and_all_gradients_are_the_references(backend: str, shape: tuple[int, int, int, int], gate: str,
                                                           direction: str) -> None:
    assert_like_reference(scan_inputs(shape, direction), backend=backend, gate=gate, direction=direction)


def test_scan__reads_slices_where_they_lie(backend: str) -> None:
    projected, selected = torch.randn(2, 3, 40, 96), torch.randn(3, 2, 40, 4 + 2 * 5).transpose(0, 1)
    u, z = projected.chunk(2, -1)
    _, B, C = selected.split([4, 5, 5], -1)
    delta = torch.randn(40, 2, 3, 48).movedim(0, 2)
    A, D, bias = -torch.rand(2, 48, 5), torch.randn(2, 1).expand(2, 48), torch.randn(48, 2).mT
    assert_like_reference([u, delta, A, B, C, D, z, bias], backend=backend, direction="both", gate="mamba_plus")


@pytest.mark.parametrize("channels", [24, 64])
def test_scan__takes_tensors_whose_last_axis_is_not_contiguous(backend: str, channels: int) -> None:
    u, delta, A, B, C, D, z, bias = scan_inputs((2, 20, channels, 3))
    inputs = [u.mT.contiguous().mT, delta, A.mT.contiguous().mT, B.mT.contiguous().mT, C, D, z.mT.contiguous().mT, bias]
    assert_like_reference(inputs, backend=backend)
    x, weight, bias = z.mT.contiguous().mT, torch.randn(3, channels).mT, bias[:, None].expand(-1, 2)[:, 1]
    torch.testing.assert_close(causal_conv(x, weight, bias, backend=backend),
                               causal_conv(x, weight, bias, backend="reference"), rtol=1e-5, atol=1e-5)


@pytest.fixture
def poisoned_memory() -> Iterator[None]:
    """New tensors hold NaN until they are written."""
    torch.use_deterministic_algorithms(True)
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("poisoned_memory")
@pytest.mark.parametrize("shape", [(2, 17, 24, 5), (1, 33, 64, 16)], ids=str)
def test_scan__reads_no_memory_that_it_has_not_written(backend: str, shape: tuple[int, int, int, int]) -> None:
    assert_like_reference(scan_inputs(shape, "both"), backend=backend, direction="both", gate="mamba_plus")
    x, weight, bias = torch.randn(2, 9, 24, requires_grad=True), torch.randn(24, 3), torch.randn(24)
    out = causal_conv(x, weight, bias, backend=backend)
    assert out.isfinite().all()
    assert torch.autograd.grad(out.sum(), x)[0].isfinite().all()


@pytest.mark.parametrize("shift", [-1e4, -20.0, 20.0, 1e4])
def test_scan__huge_and_tiny_steps(backend: str, shift: float) -> None:
    inputs = scan_inputs((2, 40, 17, 4))
    inputs[1] = inputs[1] + shift
    assert_like_reference(inputs, backend=backend)


def test_scan__steps_that_overflow_a_float_forget_everything(backend: str) -> None:
    inputs = scan_inputs((1, 5, 16, 2))
    inputs[1] = torch.full_like(inputs[1], 1e30)
    inputs[2] = torch.full_like(inputs[2], -1e30)
    expected = selective_scan(*(tensor.double() for tensor in inputs), backend="reference")
    assert distance(selective_scan(*inputs, backend=backend), expected) < 1e-6


def test_scan__denormal_inputs_count_as_zero_at_most_and_leave_the_processor_as_it_was(backend: str) -> None:
    inputs = scan_inputs((2, 40, 32, 4))
    inputs[0] = torch.full_like(inputs[0], 1e-40)
    assert selective_scan(*inputs, backend=backend).abs().max() < 1e-37
    assert torch.tensor([1e-40]) * 1.0 != 0.0
    assert (torch.full((1 << 20,), 1e-40) * 1.0 != 0.0).all()


@pytest.mark.parametrize("name", INPUTS)
def test_scan__a_missing_value_never_turns_into_a_number(backend: str, name: str) -> None:
    inputs = scan_inputs((2, 20, 17, 4))
    inputs[INPUTS.index(name)].view(-1)[0] = torch.nan
    expected = selective_scan(*inputs, backend="reference").isnan()
    assert expected.any()
    assert torch.equal(selective_scan(*inputs, backend=backend).isnan(), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_scan__half_precision_is_carried_in_float32(backend: str, dtype: torch.dtype) -> None:
    inputs = [tensor.to(dtype) for tensor in scan_inputs((2, 40, 32, 4))]
    out = selective_scan(*inputs, backend=backend)
    expected = selective_scan(*(tensor.double() for tensor in inputs), backend="reference")
    assert out.dtype == dtype
    assert distance(out, expected) < torch.finfo(dtype).eps


def test_scan__autocast_does_not_reach_inside(backend: str) -> None:
    inputs = scan_inputs((2, 40, 32, 4))
    plain = selective_scan(*inputs, backend=backend)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(selective_scan(*inputs, backend=backend), plain)


@settings(max_examples=20)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 70), st.integers(1, 9)),
       gate=st.sampled_from(["silu", "mamba_plus"]), seed=st.integers(0, 1000))
def test_scan__backward_in_time_is_the_mirror_image(shape: tuple[int, int, int, int], gate: Any, seed: int) -> None:
    inputs = scan_inputs(shape, seed=seed)
    mirrored = [tensor.flip(1) if name in ("u", "delta", "B", "C", "z") else tensor
                for name, tensor in zip(INPUTS, inputs, strict=True)]
    for backend in BACKENDS:
        back = selective_scan(*inputs, direction="backward", gate=gate, backend=backend)
        ahead = selective_scan(*mirrored, direction="forward", gate=gate, backend=backend)
        same = {"rtol": 1e-5, "atol": 1e-5} if backend == "loop" else {"rtol": 0, "atol": 0}
        torch.testing.assert_close(back, ahead.flip(1), **same)
        both = selective_scan(*(torch.stack([a, b]) for a, b in zip(mirrored, inputs, strict=True)), direction="both",
                              gate=gate, backend=backend)
        torch.testing.assert_close(both, torch.stack([ahead, back]), **same)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize(("shape", "taps"), [((1, 1, 1), 2), ((3, 2, 17), 4), ((2, 63, 96), 3), ((3, 167, 192), 6),
                                             ((2, 9, 5), 1)], ids=str)
def test_conv__output_and_all_gradients_are_the_references(backend: str, shape: tuple[int, int, int], taps: int,
                                                           direction: Any) -> None:
    torch.manual_seed(7)
    lead = (2,) if direction == "both" else ()
    inputs = [torch.randn(*lead, *shape[:2], 2 * shape[2])[..., shape[2]:], torch.randn(*lead, shape[2], taps),
              torch.randn(*lead, shape[2])]
    grad, results = torch.randn(inputs[0].shape), []
    for name, dtype in (("reference", torch.float64), (backend, torch.float32)):
        leaves = [tensor.to(dtype).requires_grad_() for tensor in inputs]
        out = causal_conv(*leaves, direction=direction, backend=name)
        results.append([out.detach(), *torch.autograd.grad(out, leaves, grad.to(dtype))])
    errors = [distance(found, expected) for expected, found in zip(*results, strict=True)]
    assert errors[0] < 1e-6, errors
    assert max(errors[1:]) < 2e-6, errors


@pytest.mark.parametrize("name", ["reference", "loop"])
@pytest.mark.parametrize("gate", ["silu", "mamba_plus"])
def test_scan__gradients_are_those_of_finite_differences(name: str, gate: Any) -> None:
    length = 18 if name == "loop" else 7        # the loop keeps a state every 16 steps
    inputs = [tensor.double().requires_grad_() for tensor in scan_inputs((1, length, 2, 2), "both")]
    assert torch.autograd.gradcheck(
        lambda *tensors: selective_scan(*tensors, direction="both", gate=gate, backend=name), inputs)
    x, weight, bias = torch.randn(1, 5, 2).double(), torch.randn(2, 3).double(), torch.randn(2).double()
    assert torch.autograd.gradcheck(lambda *tensors: causal_conv(*tensors, direction="backward", backend=name),
                                    [tensor.requires_grad_() for tensor in (x, weight, bias)])


def test_scan__second_derivatives_are_refused_and_not_zero(backend: str) -> None:
    leaves = [tensor.requires_grad_() for tensor in scan_inputs((1, 3, 4, 2))]
    first, = torch.autograd.grad(selective_scan(*leaves, backend=backend).sum(), leaves[0], create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(first.sum(), leaves[1])


class TinyBlock(nn.Module):
    """A Mamba+ block as a model would use the scan; `backend` is no part of its state."""

    def __init__(self, backend: str, channels: int = 24, states: int = 5) -> None:
        super().__init__()
        self.backend, self.sizes = backend, [channels, channels, channels, states, states]
        self.project = nn.Linear(channels, sum(self.sizes))
        self.A_log, self.D = nn.Parameter(torch.rand(channels, states)), nn.Parameter(torch.ones(channels))
        self.bias, self.weight = nn.Parameter(torch.randn(channels)), nn.Parameter(torch.randn(channels, 3))

    def forward(self, tokens: Tensor) -> Tensor:
        u, z, delta, B, C = self.project(tokens).split(self.sizes, -1)
        u = causal_conv(u, self.weight, self.bias, backend=self.backend)
        return selective_scan(u, delta, -self.A_log.exp(), B, C, self.D, z, self.bias, gate="mamba_plus",
                              backend=self.backend)


def test_model__saved_under_one_backend_forecasts_the_same_under_every_other() -> None:
    saved, tokens, outputs = TinyBlock("reference").state_dict(), torch.randn(3, 40, 24), []
    for name in ("reference", *BACKENDS):
        model = TinyBlock(name)
        model.load_state_dict(saved)
        outputs.append(model(tokens))
    for other in outputs[1:]:
        torch.testing.assert_close(other, outputs[0], rtol=1e-5, atol=1e-5)
