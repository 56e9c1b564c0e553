"""Tests that need PostgreSQL's server are skipped where it is not installed, and fail where it must be."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import postgres


@pytest.mark.parametrize(("said", "end"), [("", pytest.skip.Exception), ("required", pytest.fail.Exception)])
def test_server__that_is_not_installed(monkeypatch, said: str, end: type[BaseException]) -> None:
    monkeypatch.setattr(postgres, "_programs", lambda: None)
    monkeypatch.setenv(postgres.REQUIRED, said)
    with pytest.raises(end, match="apt-get install postgresql"), postgres.running():
        pass


KILLED = """
import os, signal, subprocess, sys
from pathlib import Path
from postgres import ending_with_us
sleeper = subprocess.Popen(["sleep", "600"])
ending_with_us(sleeper, Path(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_server__does_not_outlive_tests_that_are_killed(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    # The program and its watch hold the pipes for output, too: these end when both have.
    done = subprocess.run([sys.executable, "-c", KILLED, folder], capture_output=True, text=True, check=False,
                          cwd=Path(postgres.__file__).parent, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not folder.exists()
