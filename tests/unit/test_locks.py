import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from wattcast.errors import BusyError, DataError
from wattcast.locks import held

HOLDER = """
import sys, time
from pathlib import Path
from filelock import FileLock
from wattcast.locks import held
with held(FileLock(sys.argv[1]), "it is under way"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process, which holds the lock by the time this returns."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path), str(seconds)], stdout=subprocess.PIPE,
                               text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_held__makes_the_folder_and_says_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / ".lock"
    lock = FileLock(path)
    with held(lock, "it is under way"), held(lock, "it is under way"):
        assert path.read_text().startswith(f"process {os.getpid()} on ")
        assert lock.is_locked
    assert not lock.is_locked


def test_held__by_a_living_process_waits_says_so_and_goes_on(tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO, logger="wattcast")
    with holder(tmp_path / ".lock", 1.5) as other, held(FileLock(tmp_path / ".lock"), "it is under way", patience=0.1):
        assert other.wait() == 0
    assert [record.message.split(", since")[0] for record in caplog.records] == [
        f"waiting: it is under way by process {other.pid} on {os.uname().nodename}"]


def test_held__by_a_living_process_for_too_long(tmp_path: Path) -> None:
    with holder(tmp_path / ".lock", 60) as other:
        started = time.monotonic()
        with pytest.raises(BusyError, match="it is under way by another process") as caught, \
                held(FileLock(tmp_path / ".lock"), "it is under way", patience=0.1, limit=0.3):
            pass
        assert time.monotonic() - started < 30
        assert f"process {other.pid} on " in caught.value.found
        assert "when that has ended" in caught.value.hint
        assert caught.value.exit_code == 1
        other.kill()


def test_held__a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    with holder(tmp_path / ".lock", 60) as other:
        other.send_signal(signal.SIGKILL)
    assert (tmp_path / ".lock").read_text().startswith(f"process {other.pid} ")
    with held(FileLock(tmp_path / ".lock"), "it is under way", limit=0.5):
        assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} ")


def test_held__let_go_whatever_happens(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / ".lock")
    for error in (KeyboardInterrupt, OSError):
        with pytest.raises(error), held(lock, "it is under way"):
            raise error
        assert not lock.is_locked


def test_held__where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / ".lock", tmp_path / "folder"):
        with pytest.raises(DataError, match=f"cannot write to {path.parent}"), held(FileLock(path), "it is under way"):
            pass
