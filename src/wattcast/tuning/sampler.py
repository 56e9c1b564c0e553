"""Which values are tried next, and which trials go on: Optuna's rules with every number that decides written out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.space import Value

HowOften = Callable[[Mapping[str, Value]], float]
"""How often values are taken when they are drawn: 0 for those that may not be tried, 1 for those that always are."""

DRAWS, BLIND_DRAWS = 300, 20_000
"""How often the sampler is asked for values, and then chance; either takes a second or two. [draws]"""


def build_pruner(config: TuningConfig, ends: Sequence[int]) -> Any:
    """The rule that stops trials on their way; `ends` is the last epoch of each stage."""
    epochs = ends[-1]
    if not config.optuna_pruning:
        return optuna.pruners.NopPruner()
    if config.pruner == "median":
        # It compares with trials that went to their end, the best ones: what has just begun is judged by its like.
        warm_up = ends[0] if len(ends) > 1 else max(1, epochs // 10)
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=warm_up, interval_steps=1,
                                           n_min_trials=1)
    shortest = max(1, epochs // 9)
    if config.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=shortest, max_resource=epochs, reduction_factor=3)
    return optuna.pruners.SuccessiveHalvingPruner(min_resource=shortest, reduction_factor=3,
                                                  min_early_stopping_rate=0, bootstrap_count=0)


def build_sampler(config: TuningConfig, suggested: int) -> Any:
    """The sampler for one trial, its seed from `sampler_seed` and how many trials were suggested before."""
    seed = int(np.random.SeedSequence([config.sampler_seed, suggested]).generate_state(1)[0])
    if config.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(n_startup_trials=10, n_ei_candidates=24, multivariate=True, group=False,
                                      constant_liar=True, seed=seed)


def draw(results: Sequence[FrozenTrial], config: TuningConfig, suggested: int, distributions: Mapping[str, Any],
         how_often: HowOften) -> dict[str, Value] | None:
    """The sampler's next values, or chance's where none of its are taken; None where none of either are.

    Only values are drawn: those that are not taken leave no trial behind.

    Args:
        results: trials so far, each training once.
        config: of the search.
        suggested: trials before this one.
        distributions: of each key.
        how_often: values are taken.
    """
    # A sampler writes to the trial that it draws for: to one in a copy of the study, in memory.
    copy = optuna.create_study(sampler=optuna.samplers.RandomSampler())
    copy.add_trials(results)
    number = copy.ask().number
    trial, sampler = copy.get_trials(deepcopy=False)[number], build_sampler(config, suggested)
    space = sampler.infer_relative_search_space(copy, trial)
    chance = np.random.default_rng([config.sampler_seed, suggested])
    for _ in range(DRAWS):
        related = sampler.sample_relative(copy, trial, space)
        values = {key: related[key] if key in related else
                  sampler.sample_independent(copy, trial, key, distribution)
                  for key, distribution in distributions.items()}
        if chance.random() < how_often(values):
            return values
    for _ in range(BLIND_DRAWS):
        values = {key: distribution.choices[chance.integers(len(distribution.choices))]
                  for key, distribution in distributions.items()}
        if chance.random() < how_often(values):
            return values
    return None
