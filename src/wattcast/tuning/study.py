"""A study on disk that several processes may share and that loses nothing when they are killed.

    <folder>/journal.log       Optuna's journal: every trial, epoch by epoch, and what a trial is (`tuning.plan`);
                               optuna-dashboard opens it
    <folder>/study.lock        held for an instant while a trial is handed out or taken back, for a few seconds while
                               the first process finds out what a trial costs
    <folder>/workers/…         a lock file that each process holds while it lives
    <folder>/trials/7/         the checkpoint of a training that is under way or may go on, by its first trial's number
    <folder>/full/7/           the same of a training in full, of which the study keeps the result (`tuning.confirm`)

A process that dies, however it dies, lets go of its lock file: its trial is then seen as interrupted, by whichever
process hands out the next one, and put into the queue again, once; it goes on after the last epoch that was finished.
What is suggested depends on the sampler's seed, on how many trials were suggested before, on their results and on what
a trial may cost, and on nothing that a process remembers: a search that was killed goes on as if it had not been (but
that Hyperband assigns brackets by number).
"""

import os
import secrets
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.trial import FrozenTrial, Trial, TrialState

from wattcast.training.callbacks import EpochKeeper
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.journal import JOURNAL, open_journal
from wattcast.tuning.plan import Plan
from wattcast.tuning.sampler import HowOften, build_pruner, draw
from wattcast.tuning.space import Space, Value
from wattcast.tuning.stages import ASIDE, BEGAN, DEAR, INTERRUPTED, STAGE, TWIN, began, newest, to_go_on

REASON, WORKER, AGAIN, PRICE = "reason", "worker", "again", "price"
"""Attributes of trials, besides those of `tuning.stages`: why it ended, whose it is, which interrupted one it repeats,
and its price in seconds."""
PLAN, SHAPE, FULL = "plan", "times of ", "full "
"""Attributes of a study: what its trials are, what each shape was timed at, and what became of trainings in full."""


MayGoOn = Callable[[FrozenTrial, int, bool], bool]
"""Whether a trial that was set aside may go on to a stage; and whether no others will come."""


class NothingFits(Exception):
    """No values of the space may be tried."""


def suggested(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Of every training that was handed out the newest trial: one that goes on with another, or repeats it, is none."""
    return list(newest([trial for trial in trials if trial.state != TrialState.WAITING]).values())


def asked_for(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Those that count towards `n_trials`: suggested, not too dear to be started, and not to be repeated."""
    return [trial for trial in suggested(trials)
            if not trial.user_attrs.get(DEAR, False) and not trial.user_attrs.get(INTERRUPTED, False)]


class SharedStudy:
    """This process's place in a study; to be used as a context.

    Args:
        folder: of the study.
        config: of the search.
        space: values to try.
        today: the values of trial 0.
        plan: says what a trial is, if the study does not yet.
    """

    def __init__(self, folder: Path, config: TuningConfig, space: Space, today: Mapping[str, Value],
                 plan: Callable[[], Plan]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder, self.config = folder, config
        self.distributions = {key: optuna.distributions.CategoricalDistribution(values)
                              for key, values in space.items()}
        for part in ("workers", "trials"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(folder / "study.lock")
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._alive = FileLock(folder / "workers" / f"{self.worker}.lock")
        with self.lock:
            self._storage = open_journal(folder / JOURNAL)
            # It is told which values to try: asked for a trial it has nothing to sample.
            self.study = optuna.create_study(storage=self._storage, study_name=folder.name, load_if_exists=True,
                                             sampler=optuna.samplers.RandomSampler())
            if PLAN not in self.study.user_attrs:
                self.study.set_user_attr(PLAN, asdict(plan()))
            self.plan = Plan(**self.study.user_attrs[PLAN])
            self.study.pruner = build_pruner(config, self.plan.ends)
            if not self.trials():
                self.study.enqueue_trial(dict(today))
            self._clear()

    def __enter__(self) -> "SharedStudy":
        self._alive.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._alive.release()
        self._forget(self.worker)

    def work_folder(self, trial: Trial | FrozenTrial) -> Path:
        """Where a trial trains, and another one goes on with it."""
        return self.folder / "trials" / str(trial.user_attrs.get(BEGAN, trial.number))

    def stage(self, trial: Trial | FrozenTrial) -> int:
        """That a trial goes on to, counted from 0."""
        stage: int = trial.user_attrs.get(STAGE, 0)
        return stage

    def begin(self, trial: Trial | FrozenTrial, stage: int) -> int:
        """Epochs that need not be made any more where a trial goes on to a stage, as an earlier one did."""
        kept = stage > 0 and (self.work_folder(trial) / EpochKeeper.LAST).exists()
        return self.plan.ends[stage - 1] if kept else 0

    def timed(self, shape: str) -> float | None:
        """How many times as long as today's a window of a shape takes; None if it was not timed."""
        found: float | None = self.study.user_attrs.get(SHAPE + shape)
        return found

    def keep_timed(self, shape: str, times: float) -> None:
        self.study.set_user_attr(SHAPE + shape, times)

    def full(self, number: int) -> dict[str, Any] | None:
        """What became of the training in full of a trial's values; None if it was not done."""
        found: dict[str, Any] | None = self.study.user_attrs.get(f"{FULL}{number}")
        return found

    def keep_full(self, number: int, found: Mapping[str, Any]) -> None:
        self.study.set_user_attr(f"{FULL}{number}", dict(found))

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        found: list[FrozenTrial] = self.study.get_trials(deepcopy=False, states=states or None)
        return found

    def today(self) -> FrozenTrial:
        """Trial 0, today's configuration, or the trial that repeats it."""
        trials = self.trials()
        return next((trial for trial in trials if trial.user_attrs.get(AGAIN) == 0), trials[0])

    def best(self) -> FrozenTrial | None:
        """The best trial that went to its end; of two alike the earlier."""
        return min(self.trials(TrialState.COMPLETE), key=lambda trial: (trial.value, trial.number), default=None)

    def claim(self, how_often: HowOften, may_go_on: MayGoOn) -> Trial | None:
        """The next trial for this process: one that goes on if there is one, else a new one.

        None where as many as wanted are finished or under way and none of them is to go on.

        Args:
            how_often: values are taken when they are drawn.
            may_go_on: asked of those whose turn it is.

        Raises:
            NothingFits: no values that `how_often` takes are left.
        """
        with self.lock:
            self._take_back()
            trials = self.trials()
            # Killed after it was put into the queue, the next process finds it there.
            if not any(trial.state == TrialState.WAITING for trial in trials):
                following, enough = self._next(trials, may_go_on), len(asked_for(trials)) >= self.config.n_trials
                values = None if following or enough else draw(
                    list(newest(trials).values()), self.config, len(suggested(trials)), self.distributions, how_often)
                if following is None and values is None:
                    following = self._next(trials, may_go_on, last=True)
                if following is not None:
                    self.study.enqueue_trial(following.params, user_attrs={
                        BEGAN: began(following), STAGE: self.stage(following) + 1})
                elif values is not None:
                    self.study.enqueue_trial(values)
                elif enough:
                    return None
                else:
                    raise NothingFits
            trial: Trial = self.study.ask(self.distributions)
            trial.set_user_attr(WORKER, {"id": self.worker, "host": socket.gethostname(), "pid": os.getpid()})
        self.work_folder(trial).mkdir(exist_ok=True)
        return trial

    def _next(self, trials: Sequence[FrozenTrial], may_go_on: MayGoOn, *, last: bool = False) -> FrozenTrial | None:
        return next((trial for trial in to_go_on(trials, self.plan.ends, last=last)
                     if may_go_on(trial, self.stage(trial) + 1, last)), None)

    def others_at_work(self) -> bool:
        """Whether other processes have trials under way, whose turn may come to this one if they die."""
        return bool(self.trials(TrialState.RUNNING))

    def complete(self, trial: Trial, value: float) -> None:
        """The trial went to its end."""
        self.study.tell(trial, value)
        self._clear()

    def set_aside(self, trial: Trial, reason: str) -> None:
        """The trial made its stage; whether it goes on, others decide."""
        trial.set_user_attr(ASIDE, self.stage(trial))
        self.give_up(trial, TrialState.PRUNED, reason)

    def twin(self, trial: Trial) -> FrozenTrial | None:
        """A trial of the same values that ended by its score: trained again it would come to the same."""
        ended = newest(self.trials(TrialState.COMPLETE, TrialState.PRUNED)).values()
        return next((each for each in ended if each.params == trial.params and each.intermediate_values), None)

    def take_from(self, twin: FrozenTrial, trial: Trial) -> None:
        """End a trial with what its twin came to: the sampler needs to know, nobody needs to train."""
        for epoch, value in twin.intermediate_values.items():
            trial.report(value, epoch)
        trial.set_user_attr(TWIN, twin.number)
        trial.set_user_attr(REASON, f"the values of trial {twin.number}")
        self.study.tell(trial, twin.value if twin.state == TrialState.COMPLETE else None, state=twin.state)

    def give_up(self, trial: Trial, state: TrialState, reason: str) -> None:
        """The trial was pruned or failed."""
        trial.set_user_attr(REASON, reason)
        self.study.tell(trial, state=state)
        self._clear()

    def refuse(self, trial: Trial, reason: str) -> None:
        """The trial is too dear to be started: it does not count, and another will be drawn."""
        trial.set_user_attr(DEAR, True)
        self.give_up(trial, TrialState.PRUNED, reason)

    def _clear(self) -> None:
        """Remove the checkpoints that no trial will go on from, unless more are asked for: it then begins anew."""
        with self.lock:
            trials = self.trials()
            wanted = {began(trial) for trial in trials if not trial.state.is_finished()} | {
                began(trial) for trial in to_go_on(trials, self.plan.ends, last=True, wanted=self.config.n_trials - 1)}
            for path in (self.folder / "trials").iterdir():
                if int(path.name) not in wanted:
                    shutil.rmtree(path, ignore_errors=True)

    def _take_back(self) -> None:
        """Queue the trials of dead processes again. Killed in the middle of it, the next process does the rest."""
        trials = self.trials()
        repeated = {trial.user_attrs.get(AGAIN) for trial in trials}
        for trial in trials:
            if trial.state != TrialState.RUNNING or self._lives(trial.user_attrs.get(WORKER)):
                continue
            first_time = AGAIN not in trial.user_attrs
            self._note(trial, INTERRUPTED, first_time)
            self._note(trial, REASON, "its process ended" if first_time else "its process ended, for the second time")
            if first_time and trial.number not in repeated:
                kept = {key: trial.user_attrs[key] for key in (STAGE,) if key in trial.user_attrs}
                self.study.enqueue_trial(trial.params, user_attrs={AGAIN: trial.number, BEGAN: began(trial), **kept})
            self.study.tell(trial.number, state=TrialState.FAIL)
            if WORKER in trial.user_attrs:
                self._forget(trial.user_attrs[WORKER]["id"])

    def _note(self, trial: FrozenTrial, key: str, value: Any) -> None:
        study_id = self._storage.get_study_id_from_name(self.folder.name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
        self._storage.set_trial_user_attr(trial_id, key, value)

    def _lives(self, worker: dict[str, Any] | None) -> bool:
        """Whether the process still holds its lock; one killed before it could sign its trial does not."""
        if worker is None or worker["id"] == self.worker:
            return worker is not None
        try:
            with FileLock(self.folder / "workers" / f"{worker['id']}.lock", timeout=0):
                return False
        except Timeout:
            return True

    def _forget(self, worker: str) -> None:
        with suppress(OSError):
            (self.folder / "workers" / f"{worker}.lock").unlink()
