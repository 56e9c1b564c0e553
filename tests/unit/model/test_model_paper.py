"""Bi-Mamba+ as published: sizes, the series-relation decider, and the properties that the equations imply."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.func import functional_call

from wattcast.model.paper import BiMambaPlusPaper, PaperConfig, series_relation

ETTH1 = Path(__file__).parents[4] / "shared" / "data" / "etth1.csv.gz"
ETTH1_TRAINING_ROWS = 12 * 30 * 24

ETT = {}
WIDE = {"d_model": 128, "d_ff": 256, "d_state": 32}
TRAFFIC = {"d_model": 256, "d_ff": 512, "d_state": 32, "patch_len": 48, "n_layers": 4}
TINY = {"lookback": 11, "horizon": 3, "patch_len": 4, "d_model": 4, "d_ff": 3, "d_state": 2, "dropout": 0.0}


def tiny(channels="independent", *, backend="auto", **changes) -> BiMambaPlusPaper:
    torch.manual_seed(0)
    return BiMambaPlusPaper(PaperConfig(**{**TINY, "channels": channels, **changes}), backend).eval()


def window(batch=2, lookback=11, variates=3) -> Tensor:
    return torch.randn(batch, lookback, variates, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(("sizes", "horizon", "parameters"), [
    pytest.param(ETT, 96, 335_584, id="ETTh1-96"),
    pytest.param(ETT, 720, 2_213_200, id="ETTh1-720"),
    pytest.param({"patch_len": 24}, 96, 91_104, id="ETTh2-96"),
    pytest.param({"patch_len": 24}, 720, 371_280, id="ETTh2-720"),
    pytest.param({"n_layers": 3}, 96, 428_128, id="Weather-96"),
    pytest.param({"n_layers": 3}, 720, 2_305_744, id="Weather-720"),
    pytest.param(WIDE | {"patch_len": 24, "n_layers": 3}, 96, 674_400, id="Electricity-96"),
    pytest.param(WIDE | {"patch_len": 24, "n_layers": 3}, 720, 1_234_128, id="Electricity-720"),
    pytest.param(WIDE | {"patch_len": 12, "n_layers": 2}, 96, 576_224, id="Solar-96"),
    pytest.param(WIDE | {"patch_len": 12, "n_layers": 2}, 720, 1_774_928, id="Solar-720"),
    pytest.param(TRAFFIC, 96, 2_989_920, id="Traffic-96"),
    pytest.param(TRAFFIC, 720, 3_469_776, id="Traffic-720"),
])
def test_network__has_the_published_number_of_parameters(sizes, horizon, parameters):
    with torch.device("meta"):
        network = BiMambaPlusPaper(PaperConfig(horizon=horizon, **sizes))
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


@pytest.mark.parametrize(("patch_len", "patches"), [(4, 47), (24, 7), (12, 15), (48, 3)])
def test_patches__are_as_many_as_published(patch_len, patches):
    config = PaperConfig(patch_len=patch_len)
    assert (config.patches, config.padding) == (patches, 0)


def test_patches__repeat_the_last_value_where_the_stride_does_not_divide_the_window():
    network, seen = tiny(), []
    network.embed.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(window(variates=1).float())
    patches = seen[0][0, 0]                                                                    # [J, P]
    assert patches.shape == (network.config.patches, 4) == (5, 4)
    assert patches[-1, -1] == patches[-1, -2]
    torch.testing.assert_close(patches[1:, :2], patches[:-1, 2:])


def test_config__refuses_a_patch_longer_than_the_window():
    with pytest.raises(ValidationError, match="patch_len 97 is longer than lookback 96"):
        PaperConfig(patch_len=97)


@pytest.mark.parametrize("channels", ["independent", "mixing"])
def test_forecast__computes_the_published_pipeline(channels):
    network, past = tiny(channels, lookback=12).double(), 200 + 5 * window(lookback=12)
    mean, scale = past.mean(1), (past.var(1, unbiased=False) + 1e-5).sqrt()                    # [B, M]
    forecast = network(past)
    for sample in range(2):
        scaled = [(past[sample, :, each] - mean[sample, each]) / scale[sample, each] for each in range(3)]
        tokens = torch.stack([torch.stack([network.embed(one[start:start + 4]) for start in (0, 2, 4, 6, 8)])
                              for one in scaled])                                              # [M, J, D]
        if channels == "independent":
            encoded = torch.stack([network.encoder(each[None])[0] for each in tokens])
        else:
            encoded = torch.stack([network.encoder(tokens[None, :, patch])[0] for patch in range(5)], 1)
        for each in range(3):
            expected = network.head(encoded[each].reshape(-1)) * scale[sample, each] + mean[sample, each]
            torch.testing.assert_close(forecast[sample, :, each], expected)


def test_dropout__falls_on_the_tokens_in_training_only():
    network, seen = tiny(dropout=0.5, d_model=64), []
    network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append((inputs[0] == 0).float().mean().item()))
    past = window().float()
    network(past)
    network.train()(past)
    assert seen[0] == 0
    assert seen[1] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("channels", ["independent", "mixing"])
@pytest.mark.parametrize("variates", [1, 7])
def test_forecast__has_one_row_for_each_step_of_the_horizon(channels, variates):
    forecast = tiny(channels)(window(variates=variates).float())
    assert forecast.shape == (2, 3, variates)
    assert torch.isfinite(forecast).all()


def test_forecast__of_a_constant_variate_is_near_the_constant():
    forecast = tiny()(torch.full((1, 11, 2), 300.0))
    torch.testing.assert_close(forecast, torch.full((1, 3, 2), 300.0), rtol=0, atol=0.05)


def test_forecast__follows_the_order_of_variates_only_where_they_are_independent():
    order = [2, 0, 1]
    for channels, follows in (("independent", True), ("mixing", False)):
        network = tiny(channels).double()
        assert torch.allclose(network(window()[..., order]), network(window())[..., order]) == follows


def test_forecast__of_a_variate_depends_on_the_others_only_where_they_are_mixed():
    changed = window()
    changed[..., 0] += torch.linspace(0, 1, 11)
    for channels, alone in (("independent", True), ("mixing", False)):
        network = tiny(channels).double()
        assert torch.allclose(network(changed)[..., 1:], network(window())[..., 1:]) == alone


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 1000.0), (50.0, 0.0), (0.5, -7.0)])
def test_forecast__moves_and_scales_with_the_window(scale, shift):
    network = tiny().double()
    moved, expected = network(scale * window() + shift), scale * network(window()) + shift
    torch.testing.assert_close(moved, expected, rtol=1e-4, atol=1e-4)


def changed_by_token(network: BiMambaPlusPaper, patch: int) -> tuple[Tensor, Tensor]:
    """What of the first layer's blocks `[2, B', W]` and of the encoder `[B', W]` moves with the token of one patch."""
    seen: dict[str, list[Tensor]] = {"blocks": [], "encoder": []}
    network.encoder.layers[0].mamba.register_forward_hook(lambda *call: seen["blocks"].append(call[-1]))
    network.encoder.register_forward_hook(lambda *call: seen["encoder"].append(call[-1]))
    network(window())
    bump = torch.zeros(network.config.patches, 1, dtype=torch.float64)
    bump[patch] = 1
    network.embed.register_forward_hook(lambda _, __, output: output + bump)
    network(window())
    blocks, encoder = ((before - after).abs().amax(-1) > 1e-12 for before, after in seen.values())
    return blocks, encoder


def test_independent_variates__are_read_causally_forward_and_anticausally_backward():
    (forward, backward), encoder = changed_by_token(tiny().double(), patch=2)
    assert (forward == torch.tensor([False, False, True, True, True])).all()
    assert (backward == torch.tensor([True, True, True, False, False])).all()
    assert encoder.all()


def test_mixed_variates__meet_within_a_patch_and_never_across_patches():
    blocks, encoder = changed_by_token(tiny("mixing").double(), patch=2)
    moved = torch.tensor([False, False, True, False, False]).repeat(2)                         # B' = B·J
    assert (encoder == moved[:, None]).all()
    assert (blocks == moved[:, None]).all()


@pytest.mark.parametrize("channels", ["independent", "mixing"])
@pytest.mark.parametrize("backend", ["reference", "loop"])
def test_gradients__of_every_parameter_agree_with_finite_differences(channels, backend):
    network = tiny(channels, backend=backend, lookback=8, horizon=2).double().train()
    names = [name for name, _ in network.named_parameters()]
    past = window(batch=1, lookback=8, variates=2)

    def run(*parameters: Tensor) -> Tensor:
        return functional_call(network, dict(zip(names, parameters, strict=True)), past)

    # A random projection of each parameter; test_model_mamba_plus.py checks the block's weights one by one.
    assert torch.autograd.gradcheck(run, tuple(network.parameters()), fast_mode=True)


@pytest.mark.parametrize("channels", ["independent", "mixing"])
@pytest.mark.parametrize("backend", ["loop", "auto"])
def test_backends__give_the_same_forecast_as_the_reference(channels, backend):
    sizes = {"lookback": 96, "horizon": 24, "d_model": 16, "d_state": 8}
    expected = tiny(channels, backend="reference", **sizes)(window(lookback=96, variates=5).float())
    forecast = tiny(channels, backend=backend, **sizes)(window(lookback=96, variates=5).float())
    torch.testing.assert_close(forecast, expected, rtol=1e-5, atol=1e-5)


def test_series_relation__mixes_variates_that_rise_together_in_any_shape():
    x = np.random.default_rng(0).normal(size=500)
    assert series_relation(np.stack([x, np.exp(5 * x), x ** 9], -1)) == ("mixing", 1.0)


def test_series_relation__counts_strong_and_positive_relations_of_different_variates():
    # Pairs (0, 1) strong; 2 and 3 weakly with all: max h = 1, max p = 3.
    rng = np.random.default_rng(0)
    common, x = rng.normal(size=(2, 4000))
    weak = [common + 2 * rng.normal(size=4000) for _ in range(2)]
    train = np.stack([common + 2 * x, common + 2 * x + 0.1 * weak[0], *weak], -1)
    decision, ratio = series_relation(train)
    assert (decision, ratio) == ("independent", pytest.approx(1 / 3))
    assert series_relation(train, threshold=0.7) == ("mixing", pytest.approx(1 / 3))


def test_series_relation__ignores_variates_that_move_against_each_other():
    x = np.random.default_rng(0).normal(size=500)
    rising = x + 3 * np.random.default_rng(1).normal(size=500)
    assert series_relation(np.stack([x, -x], -1)) == ("independent", 0.0)
    assert series_relation(np.stack([x, -x, rising], -1)) == ("independent", 0.0)
    assert series_relation(x[:, None]) == ("independent", 0.0)


def test_series_relation__leaves_constant_and_incomplete_variates_aside():
    x = np.random.default_rng(0).normal(size=500)
    gap = np.where(np.arange(500) == 7, np.nan, x)
    assert series_relation(np.stack([x, x, np.full(500, 200.0), gap], -1)) == ("mixing", 1.0)
    assert series_relation(np.stack([x, np.full(500, 200.0)], -1)) == ("independent", 0.0)


@pytest.mark.skipif(not ETTH1.exists(), reason="the public data set ETTh1 is not in ../shared/data")
def test_series_relation__keeps_the_variates_of_etth1_independent():
    train = pd.read_csv(ETTH1, nrows=ETTH1_TRAINING_ROWS).drop(columns="time").to_numpy()
    assert train.shape == (ETTH1_TRAINING_ROWS, 7)
    assert series_relation(train) == ("independent", pytest.approx(2 / 6))
    assert {series_relation(train, threshold)[0] for threshold in (0.4, 0.5, 0.7, 0.8)} == {"independent"}
