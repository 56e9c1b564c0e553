"""A store of each kind."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from made_stores import KINDS

from wattcast.store.base import StationStore, Store
from wattcast.store.open import open_store


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Names a store that begins empty."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").emptied_database()
    return {"memory": "memory:", "disk": f"disk:{tmp_path / 'models'}",
            "sqlite": f"sqlite:///{tmp_path / 'database' / 'wattcast.db'}"}[request.param]


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with closing(open_store(place)) as store:
        yield store


@pytest.fixture
def kept(store: Store) -> StationStore:
    return store.station("plant")
