from dataclasses import dataclass

import pytest

from wattcast.experts.shares import Selection, TargetSelection
from wattcast.finetune.candidates import FOLLOWING, TUNED, better_candidate


@dataclass
class Model:
    """What is read of a model, and its error on new days."""

    selection: Selection | None
    new_error: float = 1.0


def model(*errors: float | None, level: float = 0.0, new_error: float = 1.0) -> Model:
    targets = {str(number): TargetSelection(weights={"network": 1.0}, errors={"network": error}, error=error,
                                            factors=((1.0,) * 4,), network_factors=((1.0,) * 4,), level=level)
               for number, error in enumerate(errors)}
    return Model(Selection(targets=targets, origins=4, first="2025-03-01", last="2025-03-08"), new_error)


def kind(tuned: Model, following: Model, champion: Model | None = None) -> str:
    return better_candidate(champion or model(100.0), tuned, following, lambda each: each.new_error, 0.05)[0]


@pytest.mark.parametrize(("following_error", "expected"), [(0.8, FOLLOWING), (1.2, TUNED)])
def test_both_forget_little__the_new_days_decide(following_error, expected) -> None:
    assert kind(model(104.0), model(104.0, level=0.5, new_error=following_error)) == expected


def test_fine_tuned_networks_that_forget__give_way_even_if_better_on_new_days() -> None:
    assert kind(model(106.0, new_error=0.1), model(103.0, level=1.0)) == FOLLOWING


def test_following_that_forgets_or_follows_nothing__is_not_taken() -> None:
    assert kind(model(106.0), model(106.0, level=1.0, new_error=0.1)) == TUNED
    assert kind(model(106.0), model(100.0, level=0.0, new_error=0.1)) == TUNED


def test_one_target_that_forgets__is_enough() -> None:
    assert kind(model(100.0, 211.0, new_error=0.1), model(100.0, 200.0, level=1.0), model(100.0, 200.0)) == FOLLOWING


def test_champion_without_a_selection_or_errors__forgets_nothing() -> None:
    assert kind(model(900.0, new_error=0.5), model(900.0, level=1.0), Model(None)) == TUNED
    assert kind(model(None, new_error=0.5), model(None, level=1.0), model(None)) == TUNED
