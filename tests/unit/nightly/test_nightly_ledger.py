import logging
from pathlib import Path

import pytest

from wattcast.errors import DataError
from wattcast.nightly.ledger import TRIES, Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nights" / "2025-05-16.jsonl"


def test_ledger__is_read_as_it_was_written(path: Path) -> None:
    ledger = Ledger.read(path)
    ledger.done("forecast", "厂区", {"version": "v0001"})
    ledger.done("forecast", "厂区", {"version": "v0002"})
    again = Ledger.read(path)
    assert again.told("forecast", "厂区") == {"version": "v0002"}
    assert again.told("forecast", "north") is None
    assert again.told("review", "厂区") is None


def test_ledger__that_cannot_be_read_says_so(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be read") as caught:
        Ledger.read(path)
    assert "nightly.filed" in caught.value.hint


@pytest.mark.parametrize("torn", [1, 5, 30])
def test_ledger__a_torn_last_line_costs_that_line_alone(path: Path, torn: int) -> None:
    ledger = Ledger.read(path)
    ledger.done("forecast", "north", {"version": "v0001"})
    ledger.done("forecast", "south", {"version": "v0001"})
    path.write_bytes(path.read_bytes()[:-torn])
    again = Ledger.read(path)
    assert again.told("forecast", "north") is not None
    assert (again.told("forecast", "south") is None) is (torn > 1)
    again.done("forecast", "west", {"version": "v0003"})
    assert Ledger.read(path).told("forecast", "west") == {"version": "v0003"}


def ended(path: Path, *begun: tuple[str, str, str]) -> Ledger:
    """A program that begins and ends in the middle of the last of these."""
    ledger = Ledger.read(path)
    ledger.start()
    for key in begun:
        ledger.begin(*key)
    return ledger


CHAMPION, BASE = ("forecast", "north", "champion"), ("forecast", "north", "base")


def test_ledger__what_the_program_always_ends_with_is_deadly(path: Path) -> None:
    for _ in range(TRIES):
        assert not ended(path, CHAMPION).deadly(*CHAMPION)
    ledger = ended(path)
    assert ledger.deadly(*CHAMPION)
    assert not ledger.deadly(*BASE)
    ledger.done("forecast", "north", {})
    assert ended(path).deadly(*CHAMPION)


def test_ledger__what_it_ended_with_now_and_then_is_not(path: Path) -> None:
    for other in (BASE, ("forecast", "south", "champion")) * TRIES:
        ended(path, CHAMPION)
        ended(path, CHAMPION, other)
    assert not ended(path).deadly(*CHAMPION)
    for _ in range(TRIES):
        ended(path, CHAMPION).done("forecast", "north", {})
    assert not ended(path).deadly(*CHAMPION)


def test_ledger__a_disk_that_is_full_does_not_end_the_night(path: Path, caplog: pytest.LogCaptureFixture,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")
    ledger = Ledger.read(path)
    monkeypatch.setattr("builtins.open", full)
    with caplog.at_level(logging.WARNING, "wattcast"):
        ledger.done("forecast", "north", {"version": "v0001"})
        ledger.done("forecast", "south", {"version": "v0001"})
    assert ledger.told("forecast", "north") == {"version": "v0001"}
    assert len(caplog.records) == 1
    assert "a night that is killed begins anew" in caplog.text
