import pytest

from wattcast.nightly.budget import MARGIN, Prices, worst_skill_first


def test_prices__are_the_stations_last_one_else_its_training_else_those_of_others() -> None:
    prices = Prices.of_runs([{"finetune_seconds": {"north": 100, "south": 20}}, {"finetune_seconds": {"north": 40}},
                             {}])
    assert prices.of("north", 500) == pytest.approx(40 * MARGIN)
    assert prices.of("west", 500) == pytest.approx(500 * MARGIN)
    assert prices.of("west") == pytest.approx(30 * MARGIN)
    assert prices.noted("west", 10).of("west", 500) == pytest.approx(10 * MARGIN)
    assert Prices({}).of("west") is None


def test_worst_first__takes_the_unknown_for_no_better_than_last_week() -> None:
    assert worst_skill_first({"a": 0.3, "b": None, "c": -0.2, "d": 0.1}) == ["c", "b", "d", "a"]
