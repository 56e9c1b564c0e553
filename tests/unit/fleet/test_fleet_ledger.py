"""What is on the disk after any kill, a run can go on from."""

from pathlib import Path

import pytest

from wattcast.errors import ConfigError, DataError
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
    """The lines that were whole are there, and the next one is whole, too."""
    content = path.read_bytes()
    for length in range(len(content) + 1):
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


def test_begin__in_place_of_what_was_there(path: Path) -> None:
    with Ledger.begin(path, RUN) as ledger:
        assert not ledger.done("north")


def test_begin__where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError):
        Ledger.begin(tmp_path / "file" / "fleet.jsonl", RUN)
