"""What tests of executors let workers do: each in every way that a station can go wrong."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from wattcast.errors import DataError, MissingExtraError


def squared(number: int) -> int:
    return number * number


def mixed(what: object) -> object:
    """A number is squared; a word says what goes wrong."""
    if isinstance(what, int):
        return squared(what)
    wrong, _, detail = str(what).partition(":")
    return WRONG[wrong](detail)


def marked(path: str) -> None:
    """Leave a mark that it was there."""
    Path(path).touch()


def counted(folder: str) -> None:
    """Leave a mark of each try, then die."""
    (Path(folder) / f"{time.monotonic_ns()}").touch()
    os._exit(7)


def second_time(folder: str) -> str:
    """Die at the first try only."""
    tries = Path(folder)
    if not list(tries.iterdir()):
        (tries / "tried").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def threads(_: object) -> tuple[str | None, int]:
    import torch

    return os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()


def slept(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def _raises(_: str) -> None:
    raise DataError("the meter is wrong", found="-1", expected="0 or more", hint="ask the meter")


def _raises_of_another_kind(_: str) -> None:
    raise MissingExtraError("ray", extra="fleet", purpose="this")


def _faults(_: str) -> None:
    raise ZeroDivisionError("by zero")


def _segfaults(_: str) -> None:
    ctypes.string_at(0)


def _loops(_: str) -> None:
    while True:
        pass


def _hogs(_: str) -> None:
    kept = [np.zeros(2**23) for _ in range(60)]
    raise AssertionError(f"{len(kept)} parts were given")


def _unpicklable(_: str) -> object:
    return lambda: None


def _unreadable(_: str) -> object:
    return _Unreadable()


class _Unreadable:
    def __reduce__(self) -> tuple[object, ...]:
        return _never, ()


def _never() -> None:
    raise ValueError("cannot be made again")


WRONG = {"raises": _raises, "raises_of_another_kind": _raises_of_another_kind, "faults": _faults,
         "segfaults": _segfaults, "exits": lambda _: os._exit(9), "leaves": lambda _: sys.exit(4), "loops": _loops,
         "hogs": _hogs, "unpicklable": _unpicklable, "unreadable": _unreadable}
