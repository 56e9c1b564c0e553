from pathlib import Path

import pandas as pd
import pytest

from wattcast.errors import DataError
from wattcast.nightly.verb import nightly
from wattcast.settings import NightlyConfig, Settings
from wattcast.store.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """With one station that is known by its size alone."""
    store = MemoryStore()
    store.station("roof").describe({"kind": "pv", "capacity": 80, "time": {"timezone": "Europe/Berlin", "step": "1h"}})
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(nightly=NightlyConfig(filed=str(tmp_path / "filed"), deadline="06:00"))


def test_nightly__has_its_deadline_by_the_clock_of_its_stations(store: MemoryStore, settings: Settings) -> None:
    # At a quarter past one in UTC it is a quarter past nine in Shanghai.
    summary = nightly(store, settings, now="2025-05-16 01:15+00:00")
    assert pd.Timestamp(summary.deadline) == pd.Timestamp("2025-05-16 06:00", tz="Europe/Berlin")
    assert summary.remarks == ()


@pytest.mark.parametrize(("error", "told"), [(DataError("the disk is full"), "the disk is full"),
                                             (KeyError("id"), "unexpected KeyError: 'id'")])
def test_nightly__that_the_store_cannot_note_is_told_all_the_same(
        store: MemoryStore, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str) -> None:
    def refuse(*_: object) -> None:
        raise error
    monkeypatch.setattr(store, "keep_run", refuse)
    summary = nightly(store, settings, now="2025-05-16 02:15")
    assert summary.remarks == (f"the store keeps nothing of this night: {told}",)
    assert Path(summary.stations[0].file).exists()
