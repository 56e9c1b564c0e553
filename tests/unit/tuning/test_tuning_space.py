import pytest

from wattcast.errors import ConfigError
from wattcast.settings import build_settings
from wattcast.training.config import Recipe
from wattcast.tuning.space import noted, search_space, values_of, with_values

SEED_SPACE = {
    "d_model": [64, 128, 256, 512], "d_ff_ratio": [1.5, 2.0, 3.0, 4.0], "n_layers": [2, 3, 4, 5, 6],
    "drop_rate": [0.1, 0.2, 0.3, 0.4, 0.5], "d_state": [16, 32, 64, 128], "d_conv": [3, 4, 5, 6],
    "expand": [1.5, 2.0, 2.5, 3.0], "patch_len": [8, 12, 16, 20, 24], "stride_ratio": [0.25, 0.5, 0.75],
    "batch_size": [128, 256, 512], "lr": [1e-5, 5e-5, 1e-4, 5e-4, 1e-3], "power_weight": [0.8, 1.0, 1.2],
    "not_use_power_weight": [0.5, 0.7, 0.9, 1.0],
}
"""The seed document's, key for key."""


def test_noted__is_the_seed_document_s_space() -> None:
    assert {key: values for key, (_, values) in noted().items()} == SEED_SPACE


def test_search_space__holds_the_noted_values_and_today_s() -> None:
    space = search_space(Recipe(), {}, targets=2)
    assert space.keys() == SEED_SPACE.keys()
    assert space["d_model"] == (64, 128, 256, 512)
    # Today's values lie outside the seed's for these two.
    assert space["stride_ratio"] == (0.25, 0.5, 0.75, 1.0)
    assert space["batch_size"] == (128, 256, 512, 32)


def test_search_space__values_of_the_configuration_replace_those_of_one_key() -> None:
    settings = build_settings({"tuning": {"space": {"d_model": [32, 48, 32], "d_ff_ratio": [2, 3], "d_conv": [3]}}})
    space = search_space(settings.recipe(), settings.tuning.space, targets=2)
    assert space["d_model"] == (32, 48, 64)
    assert space["d_ff_ratio"] == (2.0, 3.0)
    assert "d_conv" not in space
    assert space["n_layers"] == (2, 3, 4, 5, 6)


def test_search_space__of_one_target_leaves_out_what_changes_nothing() -> None:
    assert search_space(Recipe(), {}, targets=1).keys() == SEED_SPACE.keys() - {"power_weight", "not_use_power_weight"}


def test_search_space__with_nothing_in_it() -> None:
    today = {key: [value] for key, value in values_of(Recipe(), noted()).items()}
    with pytest.raises(ConfigError, match="nothing to search"):
        search_space(Recipe(), today, targets=2)


@pytest.mark.parametrize(("space", "fact"), [
    ({"dmodel": [64]}, "did you mean 'd_model'"), ({"epochs": [3]}, "is not searched"), ({"d_model": []}, "at least"),
    ({"d_conv": [3, 7]}, "d_conv: 7 is not possible"), ({"d_model": [64.5]}, "64.5 is not possible"),
    ({"lr": ["fast"]}, "tuning.space.lr"),
])
def test_space__that_cannot_be_is_refused_with_the_key(space, fact: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_settings({"tuning": {"space": space}})
    assert fact in str(caught.value)


def test_with_values__changes_these_and_nothing_else() -> None:
    changed = with_values(Recipe(), {"d_model": 128, "lr": 5e-4, "d_ff_ratio": 3})
    assert (changed.model.d_model, changed.model.d_ff, changed.training.lr) == (128, 384, 5e-4)
    assert values_of(changed, ["n_layers", "batch_size"]) == values_of(Recipe(), ["n_layers", "batch_size"])
    assert changed.windows == Recipe().windows


def test_with_values__of_today_is_today() -> None:
    today = values_of(Recipe(), noted())
    assert with_values(Recipe(), today).recipe_hash() == Recipe().recipe_hash()


@pytest.mark.parametrize(("batch_size", "batches", "decay"), [
    (32, 40, 0.99), (16, 80, 0.995), (64, 20, 0.98), (128, 10, 0.96), (256, 5, 0.92), (512, 3, 0.84),
    (100, 13, 0.96875)])
def test_with_values__an_epoch_holds_as_many_windows_whatever_the_batch(batch_size, batches, decay) -> None:
    training = with_values(Recipe(), {"batch_size": batch_size}).training
    assert (training.batch_size, training.batches_per_epoch) == (batch_size, batches)
    # The average of the weights spans 3200 windows.
    assert training.ema_decay == pytest.approx(decay)


def test_with_values__of_another_batch_twice_comes_back() -> None:
    there = with_values(Recipe(), {"batch_size": 128})
    assert with_values(there, {"batch_size": 32}).training.batches_per_epoch == 40
