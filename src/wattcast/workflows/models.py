"""The forecasters that can be named on the command line."""

from collections.abc import Sequence

from wattcast.contracts import Forecaster
from wattcast.errors import ConfigError, nearest
from wattcast.evaluation.baselines import BASELINE_NAMES, baseline
from wattcast.evaluation.boosted_trees import BoostedTrees
from wattcast.evaluation.combination import PLUS, Combination
from wattcast.experts.network import NETWORK
from wattcast.experts.pretrained import Pretrained
from wattcast.experts.table import IN_CONTEXT
from wattcast.forecasting.predictor import NAME, NetworkAlone, NetworkForecaster
from wattcast.forecasting.untrained import NAME as UNTRAINED
from wattcast.forecasting.untrained import UntrainedForecaster
from wattcast.training.config import Recipe
from wattcast.workflows.job import OnEpoch

RULES = (Pretrained.name, *(expert.name for expert in IN_CONTEXT))
MODEL_NAMES = (NAME, NETWORK, UNTRAINED, BoostedTrees.name, *BASELINE_NAMES, *RULES)


def named_forecasters(names: Sequence[str], recipe: Recipe, on_epoch: OnEpoch | None = None) -> dict[str, Forecaster]:
    """An unfitted forecaster for each name; `a+b` is the mean of both.

    Names share their parts, which `evaluation.together` fits once; `network` is the network of `wattcast`, which
    therefore takes part, too.

    Raises:
        ConfigError: an unknown name; the message names the nearest.
    """
    network = NetworkForecaster(recipe, on_epoch=on_epoch)
    if any(NETWORK in name.split(PLUS) for name in names):
        names = (NAME, *names)
    parts: dict[str, Forecaster] = {}
    found: dict[str, Forecaster] = {}
    for name in names:
        used = name.split(PLUS)
        for part in used:
            parts.setdefault(part, _forecaster(part, network))
        found[name] = Combination(tuple(parts[part] for part in used)) if len(used) > 1 else parts[name]
    return found


def _forecaster(name: str, network: NetworkForecaster) -> Forecaster:
    if name == NAME:
        return network
    if name == NETWORK:
        return NetworkAlone(network)
    if name == UNTRAINED or name in RULES:
        return UntrainedForecaster(network.recipe, None if name == UNTRAINED else name)
    if name == BoostedTrees.name:
        return BoostedTrees()
    if name not in BASELINE_NAMES:
        guess = nearest(name, MODEL_NAMES)
        raise ConfigError(f"unknown model {name!r}", expected=f"{', '.join(MODEL_NAMES)}, or a sum such as "
                          f"{NAME}{PLUS}weekly-mean", hint=f"did you mean {guess!r}?" if guess else None)
    return baseline(name)
