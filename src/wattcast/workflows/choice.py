"""Which forecaster was chosen on the validation weeks, in plain words."""

from wattcast.evaluation.scorecard import number
from wattcast.experts.network import NETWORK
from wattcast.experts.shares import Selection, TargetSelection, mixture
from wattcast.experts.table import IN_WORDS, SIMPLE
from wattcast.forecasting.level import WEEKS


def choice_lines(selection: Selection | None) -> list[str]:
    """One line a target: is the network better than the simple forecasts, and what is used."""
    if selection is None:
        return []
    lines = []
    for target, chosen in selection.targets.items():
        error = "" if chosen.error is None else f" ({number(chosen.error)})"
        lines.append(f"{target}: {_comparison(chosen)}; used is {_used(chosen)}{error}{_level(chosen)}"
                     f"{_simple_only(chosen)}")
    return lines


def choice_notes(selection: Selection | None) -> list[str]:
    """What training chose, a line for each target where that is not the network alone as it is."""
    if selection is None:
        return []
    return [f"{target}: {_used(chosen)} was chosen on {selection.origins} validation forecasts{_level(chosen)}"
            f"{_simple_only(chosen)}"
            for target, chosen in selection.targets.items() if chosen.weights[NETWORK] < 1 or chosen.level > 0]


def _level(chosen: TargetSelection) -> str:
    if chosen.level == 0:
        return ""
    return f"; followed is {chosen.level:.0%} of how far the last {WEEKS} weeks were from their forecasts"


def _simple_only(chosen: TargetSelection) -> str:
    if not chosen.simple_only:
        return ""
    return "; nothing of what was trained is used, since it did clearly worse on the weeks kept apart"


def _used(chosen: TargetSelection) -> str:
    quoted = {name: f"“{words}”" if name in SIMPLE else words for name, words in IN_WORDS.items()}
    return mixture(chosen.weights, quoted)


def _comparison(chosen: TargetSelection) -> str:
    network = chosen.errors[NETWORK]
    simple = {name: error for name, error in chosen.errors.items() if name in SIMPLE and error is not None}
    if network is None or not simple:
        return "nothing was measured in the validation weeks to choose by"
    name, error = min(simple.items(), key=lambda each: each[1])
    low, high = sorted((network, error))
    gain = 1 - low / high if high else 0.0
    figures = f"(mean absolute error {number(low)} against {number(high)})"
    best = f"“{IN_WORDS[name]}”, the best simple forecast,"
    if gain < 0.005:
        return f"in the validation weeks the network is as good as {best} {figures}"
    better, worse = ("the network", best) if network < error else (f"“{IN_WORDS[name]}”", "the network")
    return f"in the validation weeks {better} is better than {worse} by {100 * gain:.0f} % {figures}"
