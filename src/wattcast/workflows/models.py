"""The forecasters that can be named on the command line."""

from collections.abc import Sequence

from wattcast.contracts import Forecaster
from wattcast.errors import ConfigError, nearest
from wattcast.evaluation.baselines import BASELINE_NAMES, baseline
from wattcast.evaluation.boosted_trees import BoostedTrees
from wattcast.evaluation.combination import PLUS, Combination, Shared
from wattcast.forecasting.predictor import NAME, NetworkForecaster
from wattcast.training.config import Recipe
from wattcast.workflows.job import OnEpoch

MODEL_NAMES = (NAME, BoostedTrees.name, *BASELINE_NAMES)


def named_forecasters(names: Sequence[str], recipe: Recipe, on_epoch: OnEpoch | None = None) -> dict[str, Forecaster]:
    """An unfitted forecaster for each name; `a+b` is the mean of both, and no part is fitted twice.

    Raises:
        ConfigError: an unknown name; the message names the nearest.
    """
    parts: dict[str, Shared] = {}
    found: dict[str, Forecaster] = {}
    for name in names:
        used = name.split(PLUS)
        for part in used:
            parts.setdefault(part, Shared(_forecaster(part, recipe, on_epoch)))
        found[name] = Combination([parts[part] for part in used]) if len(used) > 1 else parts[name]
    return found


def _forecaster(name: str, recipe: Recipe, on_epoch: OnEpoch | None) -> Forecaster:
    if name == NAME:
        return NetworkForecaster(recipe, on_epoch=on_epoch)
    if name == BoostedTrees.name:
        return BoostedTrees()
    if name not in BASELINE_NAMES:
        guess = nearest(name, MODEL_NAMES)
        raise ConfigError(f"unknown model {name!r}", expected=f"{', '.join(MODEL_NAMES)}, or a sum such as "
                          f"{NAME}{PLUS}weekly-mean", hint=f"did you mean {guess!r}?" if guess else None)
    return baseline(name)
