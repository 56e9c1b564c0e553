"""A study on disk that several processes may share and that loses nothing when they are killed.

    <folder>/journal.log       Optuna's journal: every trial, epoch by epoch; optuna-dashboard opens it
    <folder>/study.lock        held for an instant while a trial is handed out or taken back
    <folder>/workers/…         a lock file that each process holds while it lives, and its working folder
    <folder>/weights/7.pt      the weights of the best few trials and of today's configuration

A process that dies, however it dies, lets go of its lock file: its trial is then seen as interrupted, by whichever
process hands out the next one, and put into the queue again with the same values, once. What the sampler suggests
depends on its seed, on how many trials were suggested before and on their results, and on nothing that a process
remembers: a search that was killed goes on as if it had not been (but that Hyperband assigns brackets by number).
"""

import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, Trial, TrialState

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.space import Space, Value

JOURNAL = "journal.log"
GRACE = 10
"""Seconds after which Optuna's lock on the journal, held for milliseconds, is taken from a process that died."""
REASON, WORKER, INTERRUPTED, AGAIN, TWIN = "reason", "worker", "interrupted", "again", "twin"
"""Attributes of trials: why it ended, whose it is, whether its process died, which interrupted one it repeats, and
which one of the same values it takes its score from."""


def build_pruner(config: TuningConfig, epochs: int) -> Any:
    """The rule that stops trials; every number that decides is written out."""
    if not config.optuna_pruning:
        return optuna.pruners.NopPruner()
    if config.pruner == "median":
        # The learning rate rises and the average of the weights settles first.
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, epochs // 10), interval_steps=1,
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


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial counts towards `n_trials`: it was started, and is not repeated under another number."""
    return trial.state != TrialState.WAITING and not trial.user_attrs.get(INTERRUPTED, False)


class SharedStudy:
    """This process's place in a study; to be used as a context.

    Args:
        folder: of the study.
        config: of the search.
        space: values to try.
        today: the values of trial 0.
        epochs: of a trial at most.
    """

    def __init__(self, folder: Path, config: TuningConfig, space: Space, today: Mapping[str, Value],
                 epochs: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder, self.config = folder, config
        self.distributions = {key: optuna.distributions.CategoricalDistribution(values)
                              for key, values in space.items()}
        for part in ("workers", "weights"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(folder / "study.lock")
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._alive = FileLock(folder / "workers" / f"{self.worker}.lock")
        with self.lock:
            self._storage = _open_journal(folder / JOURNAL)
            self.study = optuna.create_study(storage=self._storage, study_name=folder.name, load_if_exists=True,
                                             pruner=build_pruner(config, epochs))
            if not self.trials():
                self.study.enqueue_trial(dict(today))

    def __enter__(self) -> "SharedStudy":
        self._alive.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._alive.release()
        self._forget(self.worker)

    @property
    def work_folder(self) -> Path:
        """Where this process trains."""
        return self.folder / "workers" / self.worker

    def weights(self, number: int) -> Path:
        """Where the weights of a trial are kept, if they are."""
        return self.folder / "weights" / f"{number}.pt"

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        found: list[FrozenTrial] = self.study.get_trials(deepcopy=False, states=states or None)
        return found

    def today(self) -> FrozenTrial:
        """Trial 0, today's configuration, or the trial that repeats it."""
        trials = self.trials()
        return next((trial for trial in trials if trial.user_attrs.get(AGAIN) == 0), trials[0])

    def best(self, count: int) -> list[FrozenTrial]:
        """The best complete trials, the best first; of two alike the earlier, and each configuration once."""
        complete = [trial for trial in self.trials(TrialState.COMPLETE) if TWIN not in trial.user_attrs]
        return sorted(complete, key=lambda trial: (trial.value, trial.number))[:count]

    def claim(self) -> Trial | None:
        """The next trial for this process, or None where as many as wanted are finished or under way."""
        with self.lock:
            self._take_back()
            started = [trial for trial in self.trials() if counts(trial)]
            if len(started) >= self.config.n_trials:
                return None
            self.study.sampler = build_sampler(self.config, len(started))
            trial: Trial = self.study.ask(self.distributions)
            trial.set_user_attr(WORKER, {"id": self.worker, "host": socket.gethostname(), "pid": os.getpid()})
        shutil.rmtree(self.work_folder, ignore_errors=True)
        self.work_folder.mkdir()
        return trial

    def others_at_work(self) -> bool:
        """Whether other processes have trials under way, whose turn may come to this one if they die."""
        return bool(self.trials(TrialState.RUNNING))

    def complete(self, trial: Trial, value: float) -> None:
        """The trial ended well; its weights, in the working folder, are kept while it is among the best."""
        with self.lock:
            os.replace(self.work_folder / "best.pt", self.weights(trial.number))
            self.study.tell(trial, value)
            wanted = {self.today().number, *(each.number for each in self.best(self.config.confirm))}
            for path in (self.folder / "weights").iterdir():
                if int(path.stem) not in wanted:
                    path.unlink()

    def twin(self, trial: Trial) -> FrozenTrial | None:
        """A complete trial of the same values: trained again it would come to the same."""
        return next((each for each in self.trials(TrialState.COMPLETE) if each.params == trial.params), None)

    def take_from(self, twin: FrozenTrial, trial: Trial) -> None:
        """End a trial with what its twin came to: the sampler needs to know, nobody needs to train."""
        for epoch, value in twin.intermediate_values.items():
            trial.report(value, epoch)
        trial.set_user_attr(TWIN, twin.number)
        trial.set_user_attr(REASON, f"the values of trial {twin.number}")
        self.study.tell(trial, twin.value)

    def give_up(self, trial: Trial, state: TrialState, reason: str) -> None:
        """The trial was pruned or failed."""
        trial.set_user_attr(REASON, reason)
        self.study.tell(trial, state=state)

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
                self.study.enqueue_trial(trial.params, user_attrs={AGAIN: trial.number})
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
        shutil.rmtree(self.folder / "workers" / worker, ignore_errors=True)
        with suppress(OSError):
            (self.folder / "workers" / f"{worker}.lock").unlink()


def _open_journal(path: Path) -> Any:
    """The journal, without the half line that a crash of the computer may have left at its end.

    Optuna's lock is a link to the journal: only one to an absolute path can be told from one that a dead process left.
    """
    path = path.resolve()
    lock = (JournalFileOpenLock if os.name == "nt" else JournalFileSymlinkLock)(str(path), grace_period=GRACE)
    if path.exists():
        lock.acquire()
        try:
            content = path.read_bytes()
            if not content.endswith(b"\n"):
                os.truncate(path, content.rfind(b"\n") + 1)
        finally:
            lock.release()
    return optuna.storages.JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
