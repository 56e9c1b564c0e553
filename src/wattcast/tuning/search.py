"""The search: trials one after the other until there are enough or the time is over, then the choice."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna.trial import FrozenTrial, Trial, TrialState

from wattcast import __version__
from wattcast.data.schema import StationData
from wattcast.errors import DataError, WattcastError
from wattcast.training.config import Recipe
from wattcast.training.fit import hash_data
from wattcast.training.trained import EpochRecord
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.confirm import Choice, choose
from wattcast.tuning.objective import Objective, Unpromising
from wattcast.tuning.space import Space, search_space, values_of, with_values
from wattcast.tuning.study import REASON, SharedStudy, counts

LIMITS = {"enable_hyperopt", "n_trials", "optuna_timeout", "confirm", "trial_timeout", "memory_limit"}
"""Settings that may change between two calls that work on one study."""

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


OnProgress = Callable[[SearchProgress], None]


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
        seconds: that this process searched.
    """

    study: str
    folder: Path
    recipe: Recipe
    choice: Choice
    trials: Sequence[FrozenTrial]
    config: TuningConfig
    space: Space
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
                                               objective.recipe_of({}).training.epochs) as study:
        _Loop(study, objective, started + config.optuna_timeout, on_search).run()
        with study.lock:              # after a timeout others may be at work: no weights shall go while they are read
            choice, trials = choose(study, objective), study.trials()
        chosen = with_values(recipe, trials[choice.number].params)
        return SearchResult(name, folder / name, chosen, choice, trials, config, space, time.monotonic() - started)


def study_name(data: StationData, recipe: Recipe, config: TuningConfig, space: Space) -> str:
    """A name for exactly this search: same code, configuration, data, space, sampler and pruner."""
    told = {"code": __version__, "recipe": recipe.recipe_hash(), "data": hash_data(data), "space": space,
            "search": config.model_dump(mode="json", exclude=LIMITS | {"space"})}
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

    def run(self) -> None:
        # Trial 0 is always run: without today's score nothing could be said.
        while time.monotonic() < self.deadline or not any(counts(trial) for trial in self.study.trials()):
            trial = self.study.claim()
            if trial is not None:
                self._run(trial)
            elif self.study.others_at_work():
                time.sleep(WAIT)
            else:
                break
        finished = [trial for trial in self.study.trials() if trial.state.is_finished() and counts(trial)]
        if all(trial.state == TrialState.FAIL for trial in finished):
            reason = finished[0].user_attrs[REASON] if finished else "none was finished"
            raise WattcastError("no trial of the search succeeded", found=reason,
                                hint="try the same settings without search first: wattcast train")

    def _run(self, trial: Trial) -> None:
        """One trial; whatever becomes of it is recorded and the search goes on."""
        twin = self.study.twin(trial)
        if twin is not None:
            self.study.take_from(twin, trial)
            self._tell(trial.number, None, f"the values and score of trial {twin.number}")
            return
        try:
            value = self._train(trial)
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

    def _train(self, trial: Trial) -> float:
        first, values = trial.number == self.study.today().number, trial.params
        if not first:
            self.objective.require_memory(values)
        seconds = self.study.config.seconds_per_trial
        end = float("inf") if first else time.monotonic() + seconds

        def on_batch() -> None:
            if time.monotonic() > end:
                raise Unpromising(f"it took longer than {seconds:g} s")

        def on_epoch(record: EpochRecord) -> None:
            trial.report(record.val_loss, record.epoch)
            self._tell(trial.number, record, "")
            if not first and trial.should_prune():
                raise Unpromising(f"behind the others after epoch {record.epoch}")

        return self.objective.train(values, self.study.work_folder, on_epoch=on_epoch, on_batch=on_batch)

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
                            self.deadline - time.monotonic()))
