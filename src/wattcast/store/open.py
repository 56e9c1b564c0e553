"""A store from the words that name it."""

import re
from pathlib import Path

from wattcast.errors import StoreError, nearest
from wattcast.store.base import Store
from wattcast.store.disk import DiskStore
from wattcast.store.memory import MemoryStore

KNOWN = {"disk": "disk:FOLDER, or just FOLDER", "sqlite": "sqlite:///FILE.db",
         "postgresql": "postgresql://USER@HOST/DATABASE"}
"""How stores are named, by their scheme."""


def open_store(place: str | Path) -> Store:
    """The store that `place` names: `disk:models`, a folder, `memory:`, `sqlite:///wattcast.db`, `postgresql://…`.

    Raises:
        StoreError: no such kind of store, or it is not what it should be.
        MissingExtraError: what it needs is not installed.
    """
    if isinstance(place, Path):
        return DiskStore(place)
    # A single letter is a drive.
    found = re.match(r"([A-Za-z][A-Za-z0-9.-]+)(?:\+\w+)?:", place)
    if found is None:
        return DiskStore(_folder(place))
    scheme, rest = found.group(1).lower(), place[found.end():]
    if scheme == "disk":
        return DiskStore(_folder(rest))
    if scheme == "memory" and not rest:
        return MemoryStore()
    if scheme in KNOWN:
        return _database(place)
    close = nearest(scheme, KNOWN)
    raise StoreError(f"there is no store of the kind {scheme!r}", expected="; ".join(KNOWN.values()),
                     hint=f"did you mean {KNOWN[close]}?" if close else
                     "name a folder with a colon in its name as disk:FOLDER")


def _folder(text: str) -> Path:
    if not text:
        raise StoreError("the store has no name", expected="; ".join(KNOWN.values()))
    return Path(text)


def _database(url: str) -> Store:
    from wattcast.store.sql import SqlStore

    return SqlStore(url)
