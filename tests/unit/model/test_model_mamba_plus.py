"""The Mamba+ block against its equations written out step by step."""

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from wattcast.model.mamba_plus import BiMambaPlus


def block(d_model=6, d_state=5, d_conv=3, expand=1.5, *, seed=0, **options) -> BiMambaPlus:
    torch.manual_seed(seed)
    return BiMambaPlus(d_model, d_state, d_conv, expand, **options).double()


def tokens(batch=2, length=7, width=6) -> Tensor:
    return torch.randn(batch, length, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def written_out(module: BiMambaPlus, direction: int, sequence: Tensor) -> Tensor:
    """One direction, in its own order of tokens, on one sequence `[W, D]`: the equations, one token at a time."""
    weights = {name: value[direction] for name, value in module.named_parameters()}
    inner, width = weights["conv_weight"].shape
    state_size, rank = weights["A_log"].shape[1], weights["dt_proj"].shape[1]
    decay_rate, state = -torch.exp(weights["A_log"]), sequence.new_zeros(inner, state_size)
    recent = [sequence.new_zeros(inner) for _ in range(width)]
    outputs = []
    for token in sequence:
        projected = weights["in_proj"] @ token
        x, z = projected[:inner], projected[inner:]
        recent = [*recent[1:], x]
        x = sum(weights["conv_weight"][:, tap] * recent[tap] for tap in range(width)) + weights["conv_bias"]
        x = x * torch.sigmoid(x)
        selected = weights["x_proj"] @ x
        step = torch.log1p(torch.exp(weights["dt_proj"] @ selected[:rank] + weights["dt_bias"]))
        enter, leave = selected[rank:rank + state_size], selected[rank + state_size:]
        state = torch.exp(step[:, None] * decay_rate) * state + (step * x)[:, None] * enter
        y, kept, gate = state @ leave, weights["D"] * x, torch.sigmoid(z)
        gated = y * z * gate + (1 - gate) * kept if module.gate == "mamba_plus" else (y + kept) * z * gate
        outputs.append(weights["out_proj"] @ gated)
    return torch.stack(outputs)


@pytest.mark.parametrize("gate", ["mamba_plus", "silu"])
@pytest.mark.parametrize("d_conv", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("length", [1, 4, 19])
def test_block__computes_the_written_equations(gate, d_conv, length):
    module, batch = block(d_conv=d_conv, gate=gate), tokens(length=length)
    out = module(batch)
    assert out.shape == (2, *batch.shape)
    for index, sequence in enumerate(batch):
        torch.testing.assert_close(out[0, index], written_out(module, 0, sequence))
        torch.testing.assert_close(out[1, index], written_out(module, 1, sequence.flip(0)).flip(0))


def test_block__of_one_direction_is_the_forward_half():
    both, forward = block(), block(directions=1, seed=2)
    forward.load_state_dict({name: value[:1] for name, value in both.state_dict().items()})
    torch.testing.assert_close(forward(tokens()), both(tokens())[:1])


@pytest.mark.parametrize(("d_model", "d_state", "d_conv", "expand", "inner", "rank"), [
    (64, 8, 2, 1, 64, 4), (128, 32, 2, 1, 128, 8), (17, 16, 3, 1.5, 25, 2), (64, 128, 6, 2.5, 160, 4)])
def test_block__has_the_published_number_of_parameters(d_model, d_state, d_conv, expand, inner, rank):
    one_direction = (2 * d_model * inner + (d_conv + 1) * inner + inner * (rank + 2 * d_state) + rank * inner + inner
                     + inner * d_state + inner + inner * d_model)
    module = BiMambaPlus(d_model, d_state, d_conv, expand)
    assert sum(parameter.numel() for parameter in module.parameters()) == 2 * one_direction


def test_initial_weights__are_those_of_mamba():
    torch.manual_seed(0)
    module = BiMambaPlus(64, 16, 4, 2)
    step = torch.nn.functional.softplus(module.dt_bias)
    assert 1e-3 - 1e-6 <= step.min() < 2e-3
    assert 0.05 < step.max() <= 0.1 + 1e-6
    assert step.log().mean().item() == pytest.approx(torch.tensor([1e-3, 1e-1]).log().mean().item(), abs=0.3)
    torch.testing.assert_close(module.A_log.exp(), torch.arange(1.0, 17.0).expand(2, 128, 16))
    assert (module.D == 1).all()
    fans = {"in_proj": 64, "conv_weight": 4, "conv_bias": 4, "x_proj": 128, "dt_proj": 4, "out_proj": 128}
    for name, fan_in in fans.items():
        weight = module.get_parameter(name)
        assert 0.95 * fan_in ** -0.5 < weight.abs().max().item() <= fan_in ** -0.5
        assert not torch.equal(weight[0], weight[1])


def with_gate_at(value: float, module: BiMambaPlus) -> BiMambaPlus:
    """The block with all of z at `value` for tokens whose first feature is 1; x does not see that feature."""
    inner = module.D.shape[1]
    with torch.no_grad():
        module.in_proj[:, :inner, 0] = 0
        module.in_proj[:, inner:] = 0
        module.in_proj[:, inner:, 0] = value
    return module


def marked_tokens() -> Tensor:
    batch = tokens()
    batch[..., 0] = 1
    return batch


def test_gate__wide_open_lets_only_the_scan_through():
    module, batch = with_gate_at(50.0, block()), marked_tokens()
    once = module(batch)
    with torch.no_grad():
        module.D.mul_(7)
    torch.testing.assert_close(module(batch), once)
    torch.testing.assert_close(with_gate_at(100.0, module)(batch), 2 * once)


def test_gate__shut_lets_only_the_skip_through():
    module, batch = with_gate_at(-60.0, block()), marked_tokens()
    once = module(batch)
    assert once.abs().max() > 1e-3
    with torch.no_grad():
        module.A_log.add_(1)
        module.dt_bias.add_(1)
        module.x_proj.mul_(3)
    torch.testing.assert_close(module(batch), once)
    with torch.no_grad():
        module.D.mul_(3)
    torch.testing.assert_close(module(batch), 3 * once)


@pytest.mark.parametrize("gate", ["mamba_plus", "silu"])
@pytest.mark.parametrize("backend", ["reference", "loop"])
def test_gradients__of_every_parameter_agree_with_finite_differences(backend, gate):
    module, batch = block(4, 3, 2, 1.25, backend=backend, gate=gate), tokens(2, 5, 4).requires_grad_()
    names = [name for name, _ in module.named_parameters()]

    def run(sequence: Tensor, *parameters: Tensor) -> Tensor:
        return functional_call(module, dict(zip(names, parameters, strict=True)), sequence)

    assert torch.autograd.gradcheck(run, (batch, *module.parameters()))


def test_directions__read_only_what_lies_behind_them():
    module, batch = block(), tokens()
    changed = batch.clone()
    changed[:, 3] += 1
    moved = (module(changed) - module(batch)).abs().amax((1, 3)) > 1e-12                       # [2, W]
    assert moved.tolist() == [[False] * 3 + [True] * 4, [True] * 4 + [False] * 3]


@pytest.mark.parametrize("backend", ["loop", "auto"])
def test_backends__give_the_reference_outputs_and_gradients(backend):
    torch.manual_seed(0)
    reference = BiMambaPlus(20, 16, 4, 1.5, backend="reference")
    other = BiMambaPlus(20, 16, 4, 1.5, backend=backend)
    other.load_state_dict(reference.state_dict())
    batch = torch.randn(3, 37, 20)
    weight = torch.randn(2, 3, 37, 20)
    expected, out = reference(batch), other(batch)
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-5)
    (expected * weight).sum().backward()
    (out * weight).sum().backward()
    for (name, parameter), twin in zip(other.named_parameters(), reference.parameters(), strict=True):
        error = (parameter.grad - twin.grad).norm() / twin.grad.norm()
        assert error < 1e-5, name
