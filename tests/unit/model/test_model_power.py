import itertools

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattcast.contracts import QUANTILES
from wattcast.model.losses import pinball, weighted_mean
from wattcast.model.power import FIRST_SHARE, InputSizes, ModelConfig, PowerNetwork

HORIZON, WEEK, LOOKBACK, LAGS, ANCHORS = 672, 672, 672, 4, 8
SPACE = {name: field.json_schema_extra["search"] for name, field in ModelConfig.model_fields.items()
         if field.json_schema_extra}
SEED_SPACE = {
    "d_model": [64, 128, 256, 512], "d_ff_ratio": [1.5, 2.0, 3.0, 4.0], "n_layers": [2, 3, 4, 5, 6],
    "drop_rate": [0.1, 0.2, 0.3, 0.4, 0.5], "d_state": [16, 32, 64, 128], "d_conv": [3, 4, 5, 6],
    "expand": [1.5, 2.0, 2.5, 3.0], "patch_len": [8, 12, 16, 20, 24], "stride_ratio": [0.25, 0.5, 0.75],
}


def sizes(targets: int = 1, known: int = 5, past: int = 2, weather: tuple[int, ...] = (3, 4)) -> InputSizes:
    return InputSizes(HORIZON, WEEK, targets, known, past, LAGS, ANCHORS, weather, bool(weather))


def inputs(size: InputSizes, batch: int = 2, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    length = LOOKBACK + HORIZON
    past_mask = (noise(batch, LOOKBACK, size.targets) > -1).float()
    return {
        "past_target": noise(batch, LOOKBACK, size.targets) * past_mask, "past_target_mask": past_mask,
        "past_covariates": noise(batch, LOOKBACK, size.past),
        "past_covariates_mask": torch.ones(batch, LOOKBACK, size.past),
        "known": noise(batch, length, size.known), "known_mask": torch.ones(batch, length, size.known),
        "anchors": noise(batch, HORIZON, size.targets, size.anchors),
    }


def small(**changes: object) -> ModelConfig:
    return ModelConfig(**{"d_model": 16, "n_layers": 1, "patch_len": 96, "d_state": 4, **changes})


@pytest.mark.parametrize(("weather", "first"), [((3, 4), FIRST_SHARE), ((), 0.0)])
def test_untrained_network__is_mostly_the_adjusted_days_or_without_weather_the_mean_of_the_lags(weather, first) -> None:
    torch.manual_seed(0)
    size = sizes(targets=2, weather=weather)
    network = PowerNetwork(small(), size).eval()
    given_inputs = inputs(size)
    median = network(**given_inputs)[..., len(QUANTILES) // 2]
    anchors = given_inputs["anchors"]
    expected = first * anchors[..., -1] + (1 - first) * anchors[..., :LAGS].mean(-1)
    # The other anchors start at a thousandth of a share each.
    assert (median - expected).abs().max() < 0.05


def test_search_ranges__are_the_seed_document_s() -> None:
    assert SPACE == SEED_SPACE


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in SEED_SPACE.items()}),
       st.integers(0, 2**16))
def test_every_combination__builds_trains_and_forecasts(choice: dict[str, float], seed: int) -> None:
    # The widest layers differ from the others in nothing but time.
    choice = {**choice, "d_model": min(choice["d_model"], 64), "n_layers": 2}
    torch.manual_seed(seed)
    size = sizes(targets=2)
    network = PowerNetwork(ModelConfig(**choice), size)
    batch = inputs(size, batch=1, seed=seed)
    forecast = network(**batch)
    loss = weighted_mean(pinball(forecast, torch.zeros(1, HORIZON, 2), torch.tensor(QUANTILES)),
                         torch.ones(1, HORIZON, 2))
    loss.backward()
    assert forecast.shape == (1, HORIZON, 2, len(QUANTILES))
    assert torch.isfinite(forecast).all()
    assert (forecast.diff(dim=-1) >= 0).all()
    without = [name for name, value in network.named_parameters()
               if value.grad is None or not torch.isfinite(value.grad).all()]
    assert not without


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SEED_SPACE.items() for value in values])
def test_each_value_of_the_space__builds(name: str, value: float) -> None:
    with torch.device("meta"):
        PowerNetwork(ModelConfig(**{name: value}), sizes())


def test_quantiles__never_cross_even_when_weights_are_wild() -> None:
    torch.manual_seed(1)
    network = PowerNetwork(small(), sizes()).eval()
    with torch.no_grad():
        for value in network.head.parameters():
            value.normal_(std=30.0)
        forecast = network(**inputs(sizes()))
    assert torch.isfinite(forecast).all()
    assert (forecast.diff(dim=-1) >= 0).all()


def test_masked_weather__is_not_taken_for_a_zero_that_was_measured() -> None:
    torch.manual_seed(2)
    size = sizes()
    network = trained_once(PowerNetwork(small(), size))
    measured = inputs(size)
    measured["known"][:, LOOKBACK:, 3:] = 0
    masked = {**measured, "known_mask": measured["known_mask"].clone()}
    masked["known_mask"][:, LOOKBACK:, 3:] = 0
    assert not torch.equal(network(**measured), network(**masked))


def trained_once(network: PowerNetwork) -> PowerNetwork:
    """One wild step, so that the zero-initialised head depends on everything."""
    with torch.no_grad():
        network.head.out.weight.normal_(std=0.3)
    return network.eval()


@pytest.mark.parametrize("name", ["past_target", "past_covariates", "known", "anchors", "past_target_mask"])
def test_every_input__reaches_the_forecast(name: str) -> None:
    torch.manual_seed(3)
    size = sizes()
    network = trained_once(PowerNetwork(small(), size))
    batch = inputs(size)
    forecast = network(**batch)
    assert not torch.equal(forecast, network(**{**batch, name: batch[name] + 0.5}))


def test_future_weather__reaches_earlier_steps_through_the_backward_direction() -> None:
    torch.manual_seed(4)
    size = sizes()
    network = trained_once(PowerNetwork(small(), size))
    batch = inputs(size)
    later = {**batch, "known": batch["known"].clone()}
    later["known"][:, -96:] += 1.0
    first_day = slice(0, 96)
    assert not torch.allclose(network(**batch)[:, first_day], network(**later)[:, first_day])


def test_pinball__equals_its_definition() -> None:
    levels = torch.tensor([0.1, 0.5, 0.9])
    forecast, target = torch.tensor([1.0, 2.0, 4.0]), torch.tensor(3.0)
    by_hand = [max(q * (3 - f), (q - 1) * (3 - f)) for q, f in zip(levels.tolist(), [1.0, 2.0, 4.0], strict=True)]
    found = pinball(forecast[None, None, None], target[None, None, None], levels)
    assert found.item() == pytest.approx(sum(by_hand) / 3)


@pytest.mark.parametrize("masked", [0, 1])
def test_weighted_mean__ignores_what_is_masked(masked: int) -> None:
    loss = torch.tensor([[[1.0], [100.0], [3.0]]])
    mask = torch.tensor([[[1.0], [float(masked)], [1.0]]])
    weights = torch.tensor([1.0, 1.0, 3.0])[None, :, None]
    expected = (1 + masked * 100 + 9) / (4 + masked)
    assert weighted_mean(loss, mask, weights).item() == pytest.approx(expected)
    assert weighted_mean(loss, mask * 0, weights).item() == 0.0


def test_space__covers_the_cases_that_do_not_divide() -> None:
    strides = {(patch, max(1, round(patch * ratio)))
               for patch, ratio in itertools.product(SEED_SPACE["patch_len"], SEED_SPACE["stride_ratio"])}
    assert any((HORIZON - patch) % stride for patch, stride in strides)
