import numpy as np
import pytest

from wattcast.errors import ConfigError
from wattcast.training.horizon_weights import describe_horizon_weights, expand_horizon_weights, parse_horizon_weights


def test_expand__one_a_day_becomes_one_a_step_with_mean_one() -> None:
    weights = expand_horizon_weights((1.5, 1.5, 1.2, 1.2, 1.0, 0.9, 0.9), 14, 7)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[0] == weights[1] == weights[2]
    assert weights[0] / weights[-1] == pytest.approx(1.5 / 0.9)


def test_expand__the_seed_document_s_672_numbers() -> None:
    given = np.ones(672)
    given[:192], given[192:384], given[480:] = 1.5, 1.2, 0.9
    weights = expand_horizon_weights(parse_horizon_weights(",".join(map(str, (given / given.mean()).tolist()))), 672, 7)
    np.testing.assert_allclose(weights, given / given.mean(), rtol=1e-6)


@pytest.mark.parametrize("weights", [(1.0,) * 6, (1.0,) * 671, ()])
def test_expand__wrong_length(weights: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="wrong length") as caught:
        expand_horizon_weights(weights, 672, 7)
    assert f"{len(weights)} numbers" in str(caught.value)


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_expand__impossible_numbers(bad: float) -> None:
    with pytest.raises(ConfigError, match="finite"):
        expand_horizon_weights((1.0,) * 6 + (bad,), 672, 7)


def test_parse__names_the_first_word_that_is_no_number() -> None:
    with pytest.raises(ConfigError, match="number 3"):
        parse_horizon_weights("1,2,three,4")


def test_describe__a_number_for_each_day() -> None:
    text = describe_horizon_weights(expand_horizon_weights((2, 1, 1, 1, 1, 1, 0), 672, 7), 7)
    assert text.endswith("2.000, 1.000, 1.000, 1.000, 1.000, 1.000, 0.000")


def test_expand__a_horizon_of_two_days_takes_two_numbers() -> None:
    weights = expand_horizon_weights((3, 1), 48, 2)
    np.testing.assert_allclose(weights, [1.5] * 24 + [0.5] * 24)
    assert describe_horizon_weights(weights, 2).endswith("1.500, 0.500")
    with pytest.raises(ConfigError, match="wrong length"):
        expand_horizon_weights((1.0,) * 7, 48, 2)
