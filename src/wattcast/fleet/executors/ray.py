"""Tasks on a Ray cluster: one that is there, or one of this machine alone. Tasks only: no actors, no Data, no Tune.

Whoever asks holds the state and submits anew what was lost, so that a task is tried as often here as anywhere else;
Ray's own retries are off, of which those after running out of memory would have no end.
"""

import faulthandler
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wattcast.errors import ConfigError, LostTaskError, MissingExtraError, WattcastError
from wattcast.fleet.executors.base import (
    Argument,
    Limits,
    Result,
    Task,
    answer,
    lost,
    out_of_memory,
    out_of_time,
    read_answer,
)
from wattcast.workflows.many import Outcome

TASKS_PER_WORKER = 200
"""After so many tasks a worker of Ray is replaced: what libraries keep for good does not add up for ever. [tasks]"""


@dataclass(frozen=True)
class Ray:
    """Implements `base.Executor`.

    Attributes:
        jobs: tasks at once on this machine; those of a cluster are as many as its processors.
        address: of a cluster, as `ray.init` takes it; None starts one here, which ends with the work.
    """

    jobs: int
    address: str | None = None
    name = "ray"
    isolated = True

    def run(self, function: Callable[[Argument], Result], tasks: Iterable[Task[Argument]],
            limits: Limits) -> Iterator[Outcome[Result]]:
        ray = _package()
        with self._connected(ray):
            yield from _outcomes(ray, function, iter(tasks), limits)

    @contextmanager
    def _connected(self, ray: Any) -> Iterator[None]:
        if ray.is_initialized():
            yield
            return
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")      # its future way, without the warning
        here = {"num_cpus": self.jobs, "include_dashboard": False} if self.address is None else {}
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR", **here)
        except (ConnectionError, RuntimeError, OSError, ValueError) as error:
            where = "of this machine does not start" if self.address is None else f"{self.address} does not answer"
            raise ConfigError(f"the Ray cluster {where}", found=" ".join(str(error).split())[:500],
                              hint="check --ray-address, or use --executor processes") from None
        try:
            yield
        finally:
            ray.shutdown()


def _package() -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtraError("ray", extra="fleet", purpose="--executor ray") from None
    return ray


def _outcomes(ray: Any, function: Callable[[Any], Any], tasks: Iterator[Task[Any]],
              limits: Limits) -> Iterator[Outcome[Any]]:
    """With as many tasks submitted as the cluster has processors: more would wait there with their results."""
    remote = ray.remote(num_cpus=1, max_retries=0, max_calls=TASKS_PER_WORKER)(_answer_in_time)
    at: dict[Any, tuple[Task[Any], int, float]] = {}
    again: deque[tuple[Task[Any], int]] = deque()
    while True:
        while len(at) < max(1, int(ray.cluster_resources().get("CPU", 1))):
            following = again.popleft() if again else next(((task, 0) for task in tasks), None)
            if following is None:
                break
            at[remote.remote(function, following[0], limits)] = (*following, time.monotonic())
        if not at:
            return
        ready, _ = ray.wait(list(at), num_returns=1)
        for reference in ready:
            task, before, since = at.pop(reference)
            outcome = _told(ray, reference, task, limits, since)
            if isinstance(outcome.error, LostTaskError) and outcome.error.again and before < limits.retries:
                again.append((task, before + 1))
            else:
                yield outcome


def _told(ray: Any, reference: Any, task: Task[Any], limits: Limits, since: float) -> Outcome[Any]:
    try:
        return read_answer(ray.get(reference), task.name)
    except ray.exceptions.OutOfMemoryError:
        return Outcome(task.name, error=out_of_memory(limits))
    except ray.exceptions.RayTaskError as error:          # not the function's own, which `answer` packs
        return Outcome(task.name, error=WattcastError("the task cannot be read or run on the cluster",
                                                      found=str(error).strip().splitlines()[-1],
                                                      hint="its machines need the same wattcast as this one"))
    except ray.exceptions.RayError as error:
        late = limits.seconds is not None and time.monotonic() - since >= limits.seconds
        if late and isinstance(error, ray.exceptions.WorkerCrashedError):
            return Outcome(task.name, error=out_of_time(limits))
        return Outcome(task.name, error=lost(f"the task's process or machine was lost ({type(error).__name__})"))


def _answer_in_time(function: Callable[[Any], Any], task: Task[Any], limits: Limits) -> bytes:
    """`answer`, under a watch that ends the process from outside of Python, whatever holds that up."""
    if limits.seconds is None:
        return answer(function, task, limits)
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(limits.seconds, exit=True, file=nowhere)
        try:
            return answer(function, task, limits)
        finally:
            faulthandler.cancel_dump_traceback_later()
