import pytest

from wattcast.experts.shares import Selection, TargetSelection, mixture
from wattcast.workflows.choice import choice_lines, choice_notes

WEIGHTS = ("network", "seasonal-naive", "weekly-mean")
ONES = ((1.0,) * 4,) * 7


def selection(weights: tuple[float, ...], errors: tuple[float | None, ...], error: float | None = 30.0) -> Selection:
    chosen = TargetSelection(weights=dict(zip(WEIGHTS, weights, strict=True)), error=error,
                             errors=dict(zip(WEIGHTS, errors, strict=True)), factors=ONES, network_factors=ONES)
    return Selection(targets={"total_active_power": chosen}, origins=64, first="2025-04-09", last="2025-04-16")


def test_lines__the_simple_forecast_is_better() -> None:
    assert choice_lines(selection((0.0, 1.0, 0.0), (50.0, 40.0, 45.0), 40.0)) == [
        "total_active_power: in the validation weeks “same as 7 days ago” is better than the network by 20 % (mean "
        "absolute error 40.00 against 50.00); used is “same as 7 days ago” (40.00)"]


def test_lines__the_network_is_better_and_blended() -> None:
    assert choice_lines(selection((0.7, 0.0, 0.3), (36.0, 48.0, 40.0))) == [
        "total_active_power: in the validation weeks the network is better than “mean of the last 4 weeks”, the best "
        "simple forecast, by 10 % (mean absolute error 36.00 against 40.00); used is 0.7 the network + 0.3 “mean of "
        "the last 4 weeks” (30.00)"]


@pytest.mark.parametrize("errors", [(40.0, 40.1, 50.0), (0.0, 0.0, 0.0)])
def test_lines__as_good(errors) -> None:
    line, = choice_lines(selection((1.0, 0.0, 0.0), errors))
    assert "the network is as good as “same as 7 days ago”, the best simple forecast, (mean absolute error" in line


def test_lines__nothing_measured() -> None:
    line, = choice_lines(selection((1.0, 0.0, 0.0), (None, None, None), None))
    assert line == "total_active_power: nothing was measured in the validation weeks to choose by; used is the network"


@pytest.mark.parametrize(("weights", "notes"), [
    ((1.0, 0.0, 0.0), []),
    ((0.4, 0.0, 0.6), ["total_active_power: 0.6 “mean of the last 4 weeks” + 0.4 the network was chosen on 64 "
                       "validation forecasts"])])
def test_notes__only_where_it_is_not_the_network_alone(weights, notes) -> None:
    assert choice_notes(selection(weights, (30.0, 40.0, 50.0))) == notes


def test_level__is_told_even_of_the_network_alone() -> None:
    plain = selection((1.0, 0.0, 0.0), (30.0, 40.0, 50.0))
    followed = plain.targets["total_active_power"].model_copy(update={"level": 0.5})
    note, = choice_notes(plain.model_copy(update={"targets": {"total_active_power": followed}}))
    assert note.endswith("; followed is 50% of how far the last 2 weeks were from their forecasts")


def test_old_version__nothing_to_say() -> None:
    assert choice_lines(None) == choice_notes(None) == []


def test_label__by_target_where_they_differ() -> None:
    one, other = selection((1.0, 0.0, 0.0), (1.0,) * 3), selection((0.5, 0.5, 0.0), (1.0,) * 3)
    assert one.label == "network"
    both = Selection(targets={**one.targets, "not_use_power": other.targets["total_active_power"]}, origins=64,
                     first="2025-04-09", last="2025-04-16")
    assert both.label == "total_active_power network, not_use_power 0.5 network + 0.5 seasonal-naive"
    assert mixture({"network": 0.2, "weekly-mean": 0.8}) == "0.8 weekly-mean + 0.2 network"
