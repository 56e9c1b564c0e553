"""What an executor is: it runs a function for many stations somewhere and says what became of each.

A task is a pure function of an argument that can be pickled. It computes and returns; whoever asked, and nobody else,
writes. So a task may be done again, and its process may be killed at any moment.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from wattcast.errors import LostTaskError, WattcastError
from wattcast.workflows.many import Outcome, outcome_of

Argument = TypeVar("Argument")
Result = TypeVar("Result")

RETRIES = 2
"""How often a task is done again whose process was killed or ran out of memory: what others on the machine do may have
been the reason. A task's own error is none to try again. [number]"""


@dataclass(frozen=True)
class Task(Generic[Argument]):
    """What is to be done for a station, or some of them: whose it is, and what the function is given."""

    name: str
    argument: Argument


@dataclass(frozen=True)
class Limits:
    """Of one task.

    Attributes:
        seconds: that it may take; None: as long as it likes.
        memory: bytes that it may ask for beyond what its process had; None: as much as there is. Kept on Linux only.
        retries: how often it is done again after a crash.
    """

    seconds: float | None = None
    memory: int | None = None
    retries: int = RETRIES


class Executor(Protocol):
    """Runs tasks and yields what became of each as soon as it is known, in any order, each once.

    Only so many results are held as there are workers: who takes them slowly slows the work down. A function's own
    error ends its task; a process that dies, by whatever its task does to it, ends no other task where `isolated`.
    """

    @property
    def name(self) -> str: ...

    @property
    def isolated(self) -> bool:
        """Whether tasks have processes of their own, and limits hold."""
        ...

    def run(self, function: Callable[[Argument], Result], tasks: Iterable[Task[Argument]],
            limits: Limits) -> Iterator[Outcome[Result]]:
        """Outcomes by the tasks' names; `LostTaskError` where a task was ended from outside or broke its limits."""
        ...


def answer(function: Callable[[Argument], Result], task: Task[Argument], limits: Limits) -> bytes:
    """Run a task in a worker: its pickled `Outcome`."""
    def run(_: str) -> Result:
        try:
            with _memory_limited(limits.memory):
                return function(task.argument)
        except MemoryError:
            raise out_of_memory(limits) from None
        except RuntimeError as error:
            if "allocate memory" in str(error):            # torch's word for it
                raise out_of_memory(limits) from None
            raise

    outcome = outcome_of(task.name, run)
    try:
        return pickle.dumps(outcome)
    except Exception as error:
        return pickle.dumps(Outcome[Any](task.name, error=WattcastError(
            "what was made cannot be handed back by its process", found=" ".join(str(error).split()) or repr(error))))


def read_answer(packed: bytes, name: str) -> Outcome[Any]:
    """The `Outcome` that a worker has packed."""
    try:
        outcome = pickle.loads(packed)
        assert isinstance(outcome, Outcome)
        return outcome
    except Exception as error:
        return Outcome(name, error=WattcastError("what was handed back by its process cannot be read",
                                                 found=" ".join(str(error).split()) or repr(error)))


def lost(how: str, *, again: bool = True) -> LostTaskError:
    """A task whose process ended; `again` if another try may help."""
    return LostTaskError(how, again=again, hint="the other stations are not concerned; run this one alone to see why")


def out_of_memory(limits: Limits) -> LostTaskError:
    """A task that asked for more than its limit, or than there is; another try may find more."""
    limit = "" if limits.memory is None else f" than its {limits.memory / 2**20:.0f} MB"
    return lost(f"the task asked for more memory{limit or ' than there is'}")


def out_of_time(limits: Limits) -> LostTaskError:
    """A task that took longer than its limit, as it would again."""
    return lost(f"the task took longer than its {limits.seconds:g} s and was ended", again=False)


@contextmanager
def _memory_limited(limit: int | None) -> Iterator[None]:
    """A limit on what the process may ask for beyond what it has."""
    if limit is None or sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int:
    """What the process has asked for so far, in bytes; Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    return pages * os.sysconf("SC_PAGE_SIZE")
