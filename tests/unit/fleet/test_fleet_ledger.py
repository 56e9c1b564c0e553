"""What is on the disk after any kill, a run can go on from."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattcast.errors import BusyError, ConfigError, DataError
from wattcast.fleet.ledger import Ledger

RUN = {"verb": "forecast", "store": "models", "at": None, "started": "2025-06-01T06:00:00+08:00"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "runs" / "fleet.jsonl"
    with Ledger.begin(path, RUN) as ledger:
        ledger.add("north", "done", version="v0001")
        ledger.add("南站", "failed", what="no rows")
        ledger.add("south", "rejected")
    return path


def test_resume__knows_what_is_done(path: Path) -> None:
    with Ledger.resume(path, {**RUN, "started": "2025-06-01T06:30:00+08:00"}) as ledger:
        assert [ledger.done(name) for name in ("north", "南站", "south", "west")] == [True, False, True, False]
        assert ledger.run["started"] == RUN["started"]
        ledger.add("南站", "done")
    with Ledger.resume(path, RUN) as ledger:
        assert ledger.done("南站")


def test_resume__after_a_kill_at_any_byte(path: Path, tmp_path: Path) -> None:
    """The lines that were whole are there, and the next one is whole, too. Each cut waits for the disk: those around
    the ends of lines, and some in between."""
    content = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
    for length in sorted({*range(0, len(content) + 1, 11), *(end + by for end in (0, *ends[:-1]) for by in (0, 1)),
                          *(end - 1 for end in ends), len(content)}):
        cut = tmp_path / "cut.jsonl"
        cut.write_bytes(content[:length])
        with Ledger.resume(cut, RUN) as ledger:
            assert len(ledger.lines) == max(0, content[:length].count(b"\n") - 1)
            ledger.add("west", "done")
        with Ledger.resume(cut, RUN) as again:
            assert again.done("west")
            assert len(again.lines) == len(ledger.lines)


def test_resume__not_another_run(path: Path) -> None:
    with pytest.raises(ConfigError, match="another run") as raised:
        Ledger.resume(path, {**RUN, "at": "today"})
    assert raised.value.found == "at: None"


def test_resume__not_a_damaged_one(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"north", b'no"th'))
    with pytest.raises(DataError, match="line 2"):
        Ledger.resume(path, RUN)


@pytest.mark.parametrize("opened", [Ledger.begin, Ledger.resume])
def test_open__not_while_another_run_has_it(path: Path, opened: Callable[..., Ledger]) -> None:
    """It would cut off what that one writes."""
    with Ledger.resume(path, RUN):
        with pytest.raises(BusyError, match="is being written by another process") as raised:
            opened(path, RUN)
        assert f"process {os.getpid()}" in str(raised.value.found)
    assert len(path.read_bytes().splitlines()) == 4
    with opened(path, RUN):
        pass


def test_resume__one_that_may_not_be_written_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Path.open

    def refused(self: Path, mode: str = "r", *told: Any, **more: Any) -> Any:
        if mode == "r+b":
            raise PermissionError(13, "Permission denied")
        return right(self, mode, *told, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        with pytest.raises(DataError, match="cannot write") as raised:
            Ledger.resume(path, RUN)
    assert "--ledger" in str(raised.value.hint)
    with Ledger.resume(path, RUN) as ledger:
        assert ledger.done("north")


def test_begin__in_place_of_what_was_there(path: Path) -> None:
    with Ledger.begin(path, RUN) as ledger:
        assert not ledger.done("north")


def test_begin__where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError):
        Ledger.begin(tmp_path / "file" / "fleet.jsonl", RUN)
