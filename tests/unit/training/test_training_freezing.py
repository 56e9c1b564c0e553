"""What is frozen stays as it is, bit for bit, through the optimizer, the averaging and the best weights."""

import pytest
import torch

from wattcast.errors import ConfigError
from wattcast.model.ensemble import Ensemble
from wattcast.model.power import InputSizes, ModelConfig, PowerNetwork
from wattcast.training.config import TrainingConfig
from wattcast.training.freezing import frozen
from wattcast.training.module import PowerModule
from wattcast.windows.anchors import anchor_count

HORIZON = 168


@pytest.fixture
def network() -> Ensemble:
    sizes = InputSizes(HORIZON, HORIZON, 1, 2, 1, 2, anchor_count(2), (1,))
    config = ModelConfig(d_model=16, n_layers=3, patch_len=24, d_state=4)
    return Ensemble([PowerNetwork(config, sizes), PowerNetwork(config, sizes)])


def needing_no_gradient(network: Ensemble) -> set[str]:
    return {name for name, value in network.named_parameters() if not value.requires_grad}


@pytest.mark.parametrize(("layers", "numbers"), [(0, ()), (1, (0,)), (2, (0, 1)), (3, (0, 1, 2)), (9, (0, 1, 2))])
def test_frozen__first_layers_and_no_more_than_there_are(network, layers: int, numbers: tuple[int, ...]) -> None:
    with frozen(network, layers) as kept:
        assert needing_no_gradient(network) == set(kept.names)
        assert kept.layers == len(numbers)
        assert {(name.split(".")[1], name.split(".")[4]) for name in kept.names} == {
            (member, str(number)) for member in "01" for number in numbers}
        assert kept.learning == sum(value.numel() for value in network.parameters() if value.requires_grad)
    assert needing_no_gradient(network) == set()


def test_frozen__patterns_and_layers_together(network) -> None:
    with frozen(network, 1, ("embed_past.*", "*.bias")):
        found = needing_no_gradient(network)
        for member in ("members.0.", "members.1."):
            assert member + "embed_past.weight" in found
            assert member + "head.out.bias" in found
            assert member + "encoder.layers.0.norm.weight" in found
            assert member + "encoder.layers.1.norm.weight" not in found


def test_frozen__unfreezes_after_an_error(network) -> None:
    with pytest.raises(RuntimeError), frozen(network, 2):
        raise RuntimeError
    assert needing_no_gradient(network) == set()


def test_frozen__a_pattern_that_matches_nothing_names_the_nearest(network) -> None:
    with pytest.raises(ConfigError, match=r"'embed_pat\.weight'") as caught, frozen(network, 1, ("embed_pat.weight",)):
        pass
    assert caught.value.hint == "did you mean 'embed_past.weight'?"
    assert needing_no_gradient(network) == set()


def test_frozen__something_must_be_left_to_learn(network) -> None:
    with pytest.raises(ConfigError, match="leaves nothing"), frozen(network, 0, ("*",)):
        pass


def test_optimizer__does_not_hold_what_is_frozen(network) -> None:
    module = PowerModule(network, TrainingConfig(), torch.ones(HORIZON).numpy(), [1.0], steps=10)
    with frozen(network, 2, ("decode.*",)) as kept:
        groups = module.configure_optimizers()["optimizer"].param_groups
        held = {id(value) for group in groups for value in group["params"]}
        parameters = dict(network.named_parameters())
        assert not held & {id(parameters[name]) for name in kept.names}
        assert len(held) == len(parameters) - len(kept.names)
