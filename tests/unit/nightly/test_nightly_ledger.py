import logging
from pathlib import Path

import pytest

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


def test_ledger__work_that_never_ends_is_deadly(path: Path) -> None:
    for _ in range(TRIES):
        assert not Ledger.read(path).deadly("forecast", "north", "champion")
        Ledger.read(path).begin("forecast", "north", "champion")
    ledger = Ledger.read(path)
    assert ledger.deadly("forecast", "north", "champion")
    assert not ledger.deadly("forecast", "north", "base")
    assert not ledger.deadly("forecast", "south", "champion")
    ledger.done("forecast", "north", {})
    assert Ledger.read(path).deadly("forecast", "north", "champion")


def test_ledger__work_that_came_to_an_end_is_not(path: Path) -> None:
    ledger = Ledger.read(path)
    for _ in range(2 * TRIES):
        ledger.begin("forecast", "north", "champion")
        ledger.done("forecast", "north", {})
    assert not ledger.deadly("forecast", "north", "champion")


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
