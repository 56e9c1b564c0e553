"""The search: trials one after the other until there are enough or the time is over, then the choice."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from optuna.trial import FrozenTrial

from wattcast import __version__
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.training.config import Recipe
from wattcast.training.engine import remove_older
from wattcast.training.prepared import hash_data
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.confirm import Choice, choose
from wattcast.tuning.objective import Objective
from wattcast.tuning.plan import Plan
from wattcast.tuning.progress import OnProgress
from wattcast.tuning.space import Space, search_space, values_of, with_values
from wattcast.tuning.study import SharedStudy
from wattcast.tuning.trials import TrialLoop

LIMITS = {"enable_hyperopt", "n_trials", "optuna_timeout", "confirm", "memory_limit"}
"""Settings that may change between two calls that work on one study; what its trials are stays."""

SCORES = 3
"""To be raised where scores stop being comparable with those in the studies of before. [version]"""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        study: name of the study.
        folder: of the study.
        recipe: the chosen configuration, today's with the chosen trial's values.
        choice: which trial, and why.
        trials: all of them, as Optuna keeps them.
        config: of the search.
        space: what was tried.
        plan: what a trial was.
        fitting: about how many trials fit into the time.
        stopped: why not all trials were made; empty if they were.
        seconds: that this process searched.
    """

    study: str
    folder: Path
    recipe: Recipe
    choice: Choice
    trials: Sequence[FrozenTrial]
    config: TuningConfig
    space: Space
    plan: Plan
    fitting: int
    stopped: str
    seconds: float


def search(data: StationData, recipe: Recipe, config: TuningConfig, folder: Path,
           on_search: OnProgress | None = None) -> SearchResult:
    """Search on a station's history; a study that is there is continued.

    Args:
        data: a station's history; nothing after its last measured interval is used.
        recipe: today's configuration, trial 0.
        config: of the search.
        folder: of the station's studies, one for each configuration, data and space.
        on_search: told of each finished epoch and trial.

    Raises:
        DataError: too little history, or the folder cannot be written to.
        ConfigError: nothing to search.
        WattcastError: every trial failed.
    """
    started = time.monotonic()
    space = search_space(recipe, config.space, targets=len(data.station.targets))
    objective = Objective(data, recipe, config)
    name = study_name(data, recipe, config, space)
    with _writable(folder / name), SharedStudy(folder / name, config, space, values_of(recipe, space),
                                               partial(objective.plan_trials, space)) as study:
        remove_older(folder, folder / name)
        if on_search is not None:
            on_search(study.plan.in_words(config))
        stopped = TrialLoop(study, objective, started + config.optuna_timeout, on_search).run()
        choice = choose(study, objective, on_search)
        trials = study.trials()
        chosen = with_values(recipe, trials[choice.number].params)
        return SearchResult(name, folder / name, chosen, choice, trials, config, space, study.plan,
                            study.plan.fitting(config), stopped, time.monotonic() - started)


def study_name(data: StationData, recipe: Recipe, config: TuningConfig, space: Space) -> str:
    """A name for exactly this search: same code, configuration, data, space, sampler and pruner."""
    told = {"code": __version__, "scores": SCORES, "recipe": recipe.recipe_hash(), "data": hash_data(data),
            "space": space, "search": config.model_dump(mode="json", exclude=LIMITS | {"space"})}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot write the search's progress to {folder}", found=error.strerror,
                        hint="choose a folder you may write to, with --models-dir") from error
