"""Runs a command again and again, killed at its first write, its second, …, and looks at what each kill left.

    python kill_points.py MODELS STATION DATA COMMAND…

MODELS is copied for each run. A write is the rename that makes it count. Everything happens in forks of a process that
has imported what is slow and computed nothing. Prints one JSON object: how many kills there were, and what was wrong.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightning  # noqa: F401
import pyarrow  # noqa: F401

import wattcast.workflows.finetune  # noqa: F401
from wattcast.cli import main
from wattcast.store.registry import Registry


def in_fork(work: Callable[[], int]) -> int:
    """What `os.waitpid` tells of a process that does some work; its exit code is the work's result."""
    child = os.fork()
    if child == 0:
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                code = work()
        except BaseException:
            traceback.print_exc()
            code = 99
        os._exit(code)
    return os.waitpid(child, 0)[1]


def killed_at(point: int, command: list[str], models: Path) -> int:
    """The command's own exit code, as it ends without being killed."""
    honest, count = os.replace, 0

    def replace(source: str | Path, target: str | Path) -> None:
        nonlocal count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        honest(source, target)

    os.replace = replace
    return main([*command, "--models-dir", str(models)])


def usable(models: Path, station: str, data: str) -> int:
    """0 if the registry and its champion load, every version is whole, and a forecast is made."""
    registry = Registry(models, station)
    registry.load()
    for version in registry.versions():
        registry.load(version.name)
    made = models.parent / "forecast.csv"
    code = main(["forecast", "--data", data, "--station", station, "--models-dir", str(models), "--out", str(made)])
    return code or int(len(made.read_text().splitlines()) != 673)


def run() -> dict[str, object]:
    trained, station, data, *command = sys.argv[1:]
    place = Path(trained).parent / "killed"
    point, wrong = 0, []
    while True:
        point += 1
        shutil.rmtree(place, ignore_errors=True)
        models = Path(shutil.copytree(trained, place / "models"))
        status = in_fork(partial(killed_at, point, command, models))
        if in_fork(partial(usable, models, station, data)) != 0:
            wrong.append(point)
        if not os.WIFSIGNALED(status):
            return {"kills": point - 1, "wrong": wrong, "code": os.waitstatus_to_exitcode(status)}


if __name__ == "__main__":
    print(json.dumps(run()))
