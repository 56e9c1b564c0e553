"""The encoder layer: where the norms, the residuals and the dropout are."""

import pytest
import torch
from torch.nn import functional

from wattcast.model.encoder import BiMambaEncoder, BiMambaEncoderLayer

SIZES = {"d_model": 12, "d_ff": 20, "d_state": 5, "d_conv": 3, "expand": 1.5}


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    """The module with all weights moved, so that norms are not the identity."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def normed(x: torch.Tensor, norm: torch.nn.LayerNorm) -> torch.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight + norm.bias


def test_layer__computes_the_published_equations():
    torch.manual_seed(0)
    layer = shaken(BiMambaEncoderLayer(**SIZES, dropout=0.3)).double().eval()
    tokens = torch.randn(2, 9, 12, dtype=torch.float64)
    forward, backward = layer.mamba(tokens)
    hidden = normed(tokens + forward, layer.direction_norms[0]) + normed(tokens + backward, layer.direction_norms[1])
    first, second = layer.feed_forward[0], layer.feed_forward[3]
    wide = functional.gelu(hidden @ first.weight.T + first.bias)
    expected = normed(hidden + wide @ second.weight.T + second.bias, layer.norm)
    torch.testing.assert_close(layer(tokens), expected)


def test_dropout__acts_in_the_feed_forward_part_only():
    torch.manual_seed(0)
    layer = BiMambaEncoderLayer(**SIZES, dropout=0.5).train()
    entered, dropped = [], []
    layer.feed_forward.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0]))
    for part in (layer.feed_forward[2], layer.feed_forward):
        part.register_forward_hook(lambda _, __, output: dropped.append((output == 0).float().mean().item()))
    tokens = torch.randn(8, 9, 12)
    layer(tokens)
    layer(tokens)
    assert torch.equal(*entered)
    assert dropped == pytest.approx([0.5] * 4, abs=0.1)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_encoder__has_the_published_number_of_parameters(n_layers):
    encoder = BiMambaEncoder(d_model=64, d_ff=128, d_state=8, d_conv=2, expand=1, n_layers=n_layers, dropout=0.1)
    layer = 2 * 14_656 + 3 * 2 * 64 + 64 * 128 + 128 + 128 * 64 + 64
    assert sum(parameter.numel() for parameter in encoder.parameters()) == n_layers * layer + 2 * 64


def test_encoder__applies_its_layers_in_order_and_a_last_norm():
    torch.manual_seed(0)
    encoder = shaken(BiMambaEncoder(**SIZES, n_layers=2, dropout=0.2)).eval()
    tokens = torch.randn(3, 5, 12)
    expected = normed(encoder.layers[1](encoder.layers[0](tokens)), encoder.norm)
    torch.testing.assert_close(encoder(tokens), expected)


def test_encoder__layers_freeze_by_index():
    encoder = BiMambaEncoder(**SIZES, n_layers=2, dropout=0.0)
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad_(not name.startswith("layers.0."))
    encoder(torch.randn(2, 4, 12)).square().sum().backward()
    trained = {name.rsplit(".", 1)[0] for name, value in encoder.named_parameters() if value.grad is not None}
    assert trained
    assert all(name == "norm" or name.startswith("layers.1.") for name in trained)


@pytest.mark.parametrize(("directions", "first_moves"), [(2, True), (1, False)])
def test_encoder__sees_later_tokens_only_in_both_directions(directions, first_moves):
    torch.manual_seed(0)
    encoder = BiMambaEncoder(**SIZES, n_layers=2, dropout=0.0, directions=directions)
    tokens = torch.randn(1, 6, 12)
    changed = tokens.clone()
    changed[:, -1] += 1
    moved = (encoder(changed) - encoder(tokens)).abs().amax(-1)[0] > 1e-6
    assert moved[-1]
    assert moved[0] == first_moves


@pytest.mark.parametrize("backend", ["loop", "auto"])
def test_encoder__saved_under_one_backend_gives_the_same_under_another(backend):
    torch.manual_seed(0)
    saved = BiMambaEncoder(**SIZES, n_layers=3, dropout=0.2, backend="reference").eval()
    loaded = BiMambaEncoder(**SIZES, n_layers=3, dropout=0.2, backend=backend).eval()
    loaded.load_state_dict(saved.state_dict())
    tokens = torch.randn(2, 33, 12)
    torch.testing.assert_close(loaded(tokens), saved(tokens), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("d_state", "d_conv", "expand"), [(16, 3, 1.5), (128, 6, 3.0), (64, 4, 2.5), (1, 2, 1.0)])
def test_encoder__trains_at_every_size_of_the_search_space(d_state, d_conv, expand):
    torch.manual_seed(0)
    encoder = BiMambaEncoder(d_model=16, d_ff=24, n_layers=2, d_state=d_state, d_conv=d_conv, expand=expand,
                             dropout=0.1)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
    tokens, target = torch.randn(2, 11, 16), torch.randn(2, 11, 16)
    losses = []
    for _ in range(4):
        loss = functional.mse_loss(encoder(tokens), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())
    assert losses[-1] < losses[0]
