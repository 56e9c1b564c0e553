"""Tasks in other processes of this machine, one thread each, that can be killed.

Not `concurrent.futures`: there one process that dies breaks the pool and loses every task in it, and a task that hangs
cannot be ended.
"""

import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic

from wattcast.errors import LostTaskError, WattcastError
from wattcast.fleet.executors.base import (
    Argument,
    Limits,
    Result,
    Task,
    answer,
    lost,
    out_of_time,
    read_answer,
)
from wattcast.forked import CONTEXT, begin_imports, preload
from wattcast.workflows.many import Outcome

PRELOADED = ("wattcast.fleet.work", "holidays", "pyarrow.parquet")
"""What workers have imported when they are forked: it is in memory once, and a killed one is replaced at once."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
BEGUN = b""
"""A worker's word that it has a task and begins; what comes next is the answer."""


@dataclass(frozen=True)
class Processes:
    """Implements `base.Executor` with so many `jobs`.

    Workers are started as `forked` says.
    """

    jobs: int
    name = "processes"
    isolated = True

    def begin(self) -> "Processes":
        """Itself, with the workers' imports under way: to be called before this process imports what they need."""
        with _one_thread():
            preload(PRELOADED)
            begin_imports()
        return self

    def run(self, function: Callable[[Argument], Result], tasks: Iterable[Task[Argument]],
            limits: Limits) -> Iterator[Outcome[Result]]:
        pool = _Pool(self.jobs, function, limits)
        try:
            yield from pool.outcomes(iter(tasks))
        finally:
            pool.end()


@dataclass
class _Try(Generic[Argument]):
    """A task, and how often it was lost so far."""

    task: Task[Argument]
    lost: int = 0


@dataclass
class _Worker:
    """A process and the end of its pipe; what it is at, and until when (seconds of the monotonic clock)."""

    process: BaseProcess
    pipe: Connection
    at: _Try[Any]
    until: float | None = None

    def give(self, attempt: _Try[Any], packed: bytes) -> None:
        self.at, self.until = attempt, None
        self.pipe.send_bytes(packed)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass
class _Pool:
    jobs: int
    function: Callable[[Any], Any]
    limits: Limits
    busy: list[_Worker] = field(default_factory=list)
    idle: list[_Worker] = field(default_factory=list)
    again: deque[_Try[Any]] = field(default_factory=deque)

    def outcomes(self, tasks: Iterator[Task[Any]]) -> Iterator[Outcome[Any]]:
        while True:
            yield from self._given(tasks)
            if not self.busy:
                return
            for worker in self._speaking():
                if (outcome := self._heard(worker)) is not None:
                    yield from self._given(tasks)       # who asked may be long about the outcome
                    yield outcome

    def end(self) -> None:
        for worker in (*self.busy, *self.idle):
            worker.end()

    def _given(self, tasks: Iterator[Task[Any]]) -> Iterator[Outcome[Any]]:
        """Give every worker that is free something to do; outcomes of tasks that cannot be given."""
        while len(self.busy) < self.jobs:
            attempt = self.again.popleft() if self.again else next(map(_Try, tasks), None)
            if attempt is None:
                return
            try:
                packed = pickle.dumps(attempt.task)
            except Exception as error:
                yield Outcome(attempt.task.name, error=WattcastError("the task cannot be handed to another process",
                                                                     found=" ".join(str(error).split())))
                continue
            worker = self.idle.pop() if self.idle else self._started(attempt)
            self.busy.append(worker)
            with suppress(OSError):             # it may have died since: its pipe says so
                worker.give(attempt, packed)

    def _started(self, attempt: _Try[Any]) -> _Worker:
        preload(PRELOADED)
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_work, args=(theirs, self.function, self.limits), daemon=True)
        with _one_thread():
            process.start()
        theirs.close()
        return _Worker(process, ours, attempt)

    def _speaking(self) -> list[_Worker]:
        """Those that have something to say, have died or are out of time."""
        times = [worker.until for worker in self.busy if worker.until is not None]
        timeout = max(0.0, min(times) - time.monotonic()) if times else None
        found = set(wait([each for worker in self.busy for each in (worker.pipe, worker.process.sentinel)], timeout))
        now = time.monotonic()
        return [worker for worker in self.busy if worker.pipe in found or worker.process.sentinel in found
                or (worker.until is not None and worker.until <= now)]

    def _heard(self, worker: _Worker) -> Outcome[Any] | None:
        """What became of a worker's task; None if that is not known yet, or it is done again."""
        try:
            said = worker.pipe.recv_bytes() if worker.pipe.poll() else None
        except (EOFError, OSError):
            return self._lost(worker, lost(_ending(worker.process)))
        if said == BEGUN:
            worker.until = None if self.limits.seconds is None else time.monotonic() + self.limits.seconds
            return None
        if said is None:
            if worker.process.is_alive():
                return self._lost(worker, out_of_time(self.limits))
            return self._lost(worker, lost(_ending(worker.process)))
        outcome = read_answer(said, worker.at.task.name)
        if isinstance(outcome.error, LostTaskError):           # out of memory: what it left behind goes with it
            return self._lost(worker, outcome.error)
        self.busy.remove(worker)
        self.idle.append(worker)
        return outcome

    def _lost(self, worker: _Worker, error: LostTaskError) -> Outcome[Any] | None:
        self.busy.remove(worker)
        worker.end()
        attempt = _Try(worker.at.task, worker.at.lost + 1)
        if error.again and attempt.lost <= self.limits.retries:
            self.again.append(attempt)
            return None
        return Outcome(attempt.task.name, error=error)


@contextmanager
def _one_thread() -> Iterator[None]:
    """For processes that begin meanwhile: numerical libraries read that from the environment when they are loaded."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _ending(process: BaseProcess) -> str:
    process.join(1)
    code = process.exitcode
    if code is not None and code < 0:
        return f"the task's process was ended by {signal.Signals(-code).name}"
    return f"the task ended its process with exit code {code}"


def _work(pipe: Connection, function: Callable[[Any], Any], limits: Limits) -> None:
    """A worker's life: until its pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)          # Ctrl-C is for whoever asked, who ends the workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            task = pickle.loads(pipe.recv_bytes())
            pipe.send_bytes(BEGUN)
            pipe.send_bytes(answer(function, task, limits))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    """A task may hang: its process must not outlive who would have killed it."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
