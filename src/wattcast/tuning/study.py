"""A study on disk that several processes may share and that loses nothing when they are killed.

    <folder>/journal.log       Optuna's journal: every trial, epoch by epoch, and what a trial is (`tuning.plan`);
                               optuna-dashboard opens it
    <folder>/study.lock        held for an instant while a trial is handed out or taken back, for a few seconds while
                               the first process finds out what a trial costs
    <folder>/workers/…         a lock file that each process holds while it lives, and its working folder
    <folder>/weights/7.pt      the weights of the best few trials and of today's configuration

A process that dies, however it dies, lets go of its lock file: its trial is then seen as interrupted, by whichever
process hands out the next one, and put into the queue again with the same values, once. What is suggested depends on
the sampler's seed, on how many trials were suggested before, on their results and on what a trial may cost, and on
nothing that a process remembers: a search that was killed goes on as if it had not been (but that Hyperband assigns
brackets by number).
"""

import os
import secrets
import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, Trial, TrialState

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan
from wattcast.tuning.sampler import Fits, build_pruner, draw
from wattcast.tuning.space import Space, Value

JOURNAL = "journal.log"
GRACE = 10
"""Seconds after which Optuna's lock on the journal, held for milliseconds, is taken from a process that died."""
REASON, WORKER, INTERRUPTED, AGAIN, TWIN = "reason", "worker", "interrupted", "again", "twin"
PRICE, DEAR = "price", "dear"
"""Attributes of trials: why it ended, whose it is, whether its process died, which interrupted one it repeats, which
one of the same values it takes its score from, its price in seconds, and whether it was too dear to be started."""
PLAN = "plan"
"""Attribute of a study: what its trials are."""


class NothingFits(Exception):
    """No values of the space may be tried."""


def suggested(trial: FrozenTrial) -> bool:
    """Whether a trial was handed out, and is not repeated under another number."""
    return trial.state != TrialState.WAITING and not trial.user_attrs.get(INTERRUPTED, False)


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial counts towards `n_trials`: it was suggested, and not too dear to be started."""
    return suggested(trial) and not trial.user_attrs.get(DEAR, False)


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
        for part in ("workers", "weights"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(folder / "study.lock")
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._alive = FileLock(folder / "workers" / f"{self.worker}.lock")
        with self.lock:
            self._storage = _open_journal(folder / JOURNAL)
            # It is told which values to try: asked for a trial it has nothing to sample.
            self.study = optuna.create_study(storage=self._storage, study_name=folder.name, load_if_exists=True,
                                             sampler=optuna.samplers.RandomSampler())
            if PLAN not in self.study.user_attrs:
                self.study.set_user_attr(PLAN, asdict(plan()))
            self.plan = Plan(**self.study.user_attrs[PLAN])
            self.study.pruner = build_pruner(config, self.plan.epochs)
            if not self.trials():
                self.study.enqueue_trial(dict(today))
            self._clear()

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

    def claim(self, fits: Fits) -> Trial | None:
        """The next trial for this process, or None where as many as wanted are finished or under way.

        Raises:
            NothingFits: no values that `fits` takes are left.
        """
        with self.lock:
            self._take_back()
            trials = self.trials()
            if sum(map(counts, trials)) >= self.config.n_trials:
                return None
            # Killed between the two, the next process finds the values in the queue.
            if not any(trial.state == TrialState.WAITING for trial in trials):
                values = draw(self.study, self.config, sum(map(suggested, trials)), self.distributions, fits)
                if values is None:
                    raise NothingFits
                self.study.enqueue_trial(values)
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

    def refuse(self, trial: Trial, reason: str) -> None:
        """The trial is too dear to be started: it does not count, and another will be drawn."""
        trial.set_user_attr(DEAR, True)
        self.give_up(trial, TrialState.PRUNED, reason)

    def _clear(self) -> None:
        """Remove the working folders of processes that died; what they trained is trained anew."""
        for path in (self.folder / "workers").iterdir():
            if path.is_dir() and not self._lives({"id": path.name}):
                self._forget(path.name)

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
