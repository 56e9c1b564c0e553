import os
import time
from contextlib import suppress
from pathlib import Path

from wattcast.training import engine
from wattcast.training.engine import KEPT, run_folder


def interrupted(parent: Path, name: str, hours_ago: float) -> None:
    """A run that was interrupted after an epoch."""
    with suppress(KeyboardInterrupt), run_folder(parent, name) as folder:
        (folder / "1").mkdir()
        (folder / "1" / "last.ckpt").write_text("an epoch")
        raise KeyboardInterrupt
    then = time.time() - 3600 * hours_ago
    for path in (*(parent / name).rglob("*"), parent / name):
        os.utime(path, (then, then))


def test_run_folder__keeps_the_last_three_interrupted_runs(tmp_path: Path) -> None:
    for name, hours_ago in (("c", 30), ("a", 50), ("e", 10), ("b", 40), ("d", 20)):
        interrupted(tmp_path, name, hours_ago)
    interrupted(tmp_path, "f", 0.0)
    assert {path.name for path in tmp_path.iterdir()} == {"f", "e", "d"}
    assert KEPT == 3


def test_run_folder__that_is_continued_is_kept_however_old(tmp_path: Path) -> None:
    for name, hours_ago in (("a", 50), ("b", 40), ("c", 30), ("d", 20)):
        interrupted(tmp_path, name, hours_ago)
    # Each new run has left three; the oldest of them goes on.
    assert {path.name for path in tmp_path.iterdir()} == {"b", "c", "d"}
    with run_folder(tmp_path, "b") as folder:
        assert (folder / "1" / "last.ckpt").read_text() == "an epoch"
    assert {path.name for path in tmp_path.iterdir()} == {"c", "d"}


def test_run_folder__leaves_what_others_may_be_working_in(tmp_path: Path, monkeypatch) -> None:
    for name in "abcde":
        interrupted(tmp_path, name, 0.5)
    assert len(list(tmp_path.iterdir())) == 5
    monkeypatch.setattr(engine, "AT_WORK", 60.0)
    interrupted(tmp_path, "f", 0.0)
    assert len(list(tmp_path.iterdir())) == 3
