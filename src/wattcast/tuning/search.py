"""The search: trials one after the other until there are enough or the time is over, then the choice."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from optuna.trial import FrozenTrial, Trial, TrialState

from wattcast import __version__
from wattcast.data.schema import StationData
from wattcast.errors import DataError, WattcastError
from wattcast.training.config import Recipe
from wattcast.training.engine import remove_older
from wattcast.training.prepared import hash_data
from wattcast.training.record import EpochRecord
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.confirm import Choice, choose
from wattcast.tuning.objective import Objective, Unpromising
from wattcast.tuning.plan import TOLERANCE, Plan
from wattcast.tuning.space import Space, Value, search_space, values_of, with_values
from wattcast.tuning.study import PRICE, REASON, NothingFits, SharedStudy, counts

LIMITS = {"enable_hyperopt", "n_trials", "optuna_timeout", "confirm", "memory_limit"}
"""Settings that may change between two calls that work on one study; what its trials are stays."""

SCORES = 2
"""To be raised where scores stop being comparable with those in the studies of before. [version]"""

NONE: Mapping[str, Value] = {}
"""No other values than today's."""

LOOKED_AT = 2000
"""Configurations by which is told how many of the space are not too dear. [configurations]"""

WAIT = 0.5
"""Seconds between two looks at whether another process's last trial has ended."""


@dataclass(frozen=True)
class SearchProgress:
    """Where a search is, after an epoch or a trial.

    Attributes:
        finished: trials that ended, of which `pruned` and `failed`.
        total: trials in all.
        best: number and score of the best trial so far.
        today: score of today's configuration.
        epoch: the newest epoch of trial `number`, None where the trial has ended.
        said: how that trial ended.
        seconds_left: an estimate; None before the first trial has ended.
    """

    finished: int
    pruned: int
    failed: int
    total: int
    best: tuple[int, float] | None
    today: float | None
    number: int
    epoch: EpochRecord | None
    said: str
    seconds_left: float | None


OnProgress = Callable[[SearchProgress | str], None]
"""Told of each finished epoch and trial, and in a sentence of what concerns all trials."""


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
        fitting: share of the configurations in the space that are not too dear for a trial.
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
    fitting: float
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
        fitting = _fitting(study.plan.limit(config) / study.plan.today, objective, space)
        if on_search is not None:
            on_search(study.plan.in_words(config, fitting))
        stopped = _Loop(study, objective, started + config.optuna_timeout, on_search).run()
        with study.lock:              # after a timeout others may be at work: no weights shall go while they are read
            choice, trials = choose(study, objective), study.trials()
        chosen = with_values(recipe, trials[choice.number].params)
        return SearchResult(name, folder / name, chosen, choice, trials, config, space, study.plan, fitting, stopped,
                            time.monotonic() - started)


def _fitting(times: float, objective: Objective, space: Space) -> float:
    """Share of the configurations that cost at most so many times as much as today's."""
    random = np.random.default_rng(0)
    drawn = ({key: values[random.integers(len(values))] for key, values in space.items()} for _ in range(LOOKED_AT))
    return sum(objective.times_today(values) <= times for values in drawn) / LOOKED_AT


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


class _Loop:
    """Runs trials until there are enough, or until `deadline` on the monotonic clock."""

    def __init__(self, study: SharedStudy, objective: Objective, deadline: float, on_search: OnProgress | None) -> None:
        self.study, self.objective, self.deadline, self.on_search = study, objective, deadline, on_search

    def run(self) -> str:
        """Why not all trials were made; empty if they were."""
        stopped = ""
        # Trial 0 is always run: without today's score nothing could be said.
        while self._left() > 0 or not any(counts(trial) for trial in self.study.trials()):
            try:
                trial = self.study.claim(self._fits)
            except NothingFits:
                stopped = self._too_dear()
                break
            if trial is not None:
                self._run(trial)
            elif self.study.others_at_work():
                time.sleep(WAIT)
            else:
                break
        else:
            stopped = "optuna_timeout is over"
        trials = [trial for trial in self.study.trials() if counts(trial)]
        finished = [trial for trial in trials if trial.state.is_finished()]
        if all(trial.state == TrialState.FAIL for trial in finished):
            reason = finished[0].user_attrs[REASON] if finished else "none was finished"
            raise WattcastError("no trial of the search succeeded", found=reason,
                                hint="try the same settings without search first: wattcast train")
        missing = self.study.config.n_trials - len(trials)
        return f"{missing} of {self.study.config.n_trials} trials were not started: {stopped}" if missing > 0 else ""

    def _left(self) -> float:
        return self.deadline - time.monotonic()

    def _limit(self) -> float:
        """Seconds that the next trial may be priced at."""
        return min(self.study.plan.limit(self.study.config), self._left())

    def _fits(self, values: Mapping[str, Value]) -> bool:
        return self.study.plan.today * self.objective.times_today(values) <= self._limit()

    def _too_dear(self) -> str:
        left = self._left()
        if left < self.study.plan.limit(self.study.config):
            return f"no configuration of the space fits into the {left:.0f} s that are left of optuna_timeout"
        return f"no configuration of the space fits into the {self._limit():.3g} s that a trial may take"

    def _run(self, trial: Trial) -> None:
        """One trial; whatever becomes of it is recorded and the search goes on."""
        twin = self.study.twin(trial)
        if twin is not None:
            self.study.take_from(twin, trial)
            self._tell(trial.number, None, f"the values and score of trial {twin.number}")
            return
        first = trial.number == self.study.today().number
        try:
            if not first:
                self.objective.require_memory(trial.params)
                dear = self._priced(trial)
                if dear:
                    self.study.refuse(trial, dear)
                    self._tell(trial.number, None, f"not started, {dear}")
                    return
            value = self._train(trial, prunable=not first)
        except Unpromising as end:
            self.study.give_up(trial, TrialState.PRUNED, str(end))
            said = f"pruned, {end}"
        except Exception as error:
            reason = str(error).partition("\n  what to do")[0].replace("\n  ", ", ") or type(error).__name__
            if not isinstance(error, WattcastError):
                reason = f"{type(error).__name__}: {reason}"
            self.study.give_up(trial, TrialState.FAIL, reason)
            said = f"failed, {reason}"
        else:
            self.study.complete(trial, value)
            said = f"score {value:.4f}"
        self._tell(trial.number, None, said)

    def _priced(self, trial: Trial) -> str:
        """Time a few windows beside as many of today's configuration.

        Returns:
            Why the trial is too dear; empty if it is not.
        """
        plan = self.study.plan
        today, own = (self.objective.seconds_per_window(values, of_processor=True) for values in (NONE, trial.params))
        price, limit = plan.today * own / today, plan.limit(self.study.config)
        trial.set_user_attr(PRICE, round(price, 2))
        if price > TOLERANCE * limit:
            return f"it would take about {price:.3g} s of the {limit:.3g} s that a trial may take"
        if price > self._left():
            return f"it would take about {price:.0f} s of the {self._left():.0f} s that are left of optuna_timeout"
        return ""

    def _train(self, trial: Trial, *, prunable: bool) -> float:
        def on_epoch(record: EpochRecord) -> None:
            trial.report(record.val_loss, record.epoch)
            self._tell(trial.number, record, "")
            if prunable and trial.should_prune():
                raise Unpromising(f"behind the others after epoch {record.epoch}")

        return self.objective.train(trial.params, self.study.plan, self.study.work_folder, on_epoch=on_epoch)

    def _tell(self, number: int, epoch: EpochRecord | None, said: str) -> None:
        if self.on_search is None:
            return
        trials = [trial for trial in self.study.trials() if counts(trial)]
        ended = [trial for trial in trials if trial.state.is_finished()]
        best = self.study.best(1)
        today = self.study.today()
        self.on_search(SearchProgress(
            len(ended), sum(trial.state == TrialState.PRUNED for trial in ended),
            sum(trial.state == TrialState.FAIL for trial in ended), self.study.config.n_trials,
            (best[0].number, best[0].value) if best else None,
            today.value if today.state == TrialState.COMPLETE else None, number, epoch, said,
            self._seconds_left(trials, ended)))

    def _seconds_left(self, trials: Sequence[FrozenTrial], ended: Sequence[FrozenTrial]) -> float | None:
        if not ended:
            return None
        mean: float = sum(trial.duration.total_seconds() for trial in ended) / len(ended)
        at_work = max(1, len(trials) - len(ended))
        return max(0.0, min(mean * (self.study.config.n_trials - len(ended)) / at_work,
                            self._left()))
