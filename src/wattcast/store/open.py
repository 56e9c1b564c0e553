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

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.-]+)(?:\+\w+)?:")
"""A single letter is a drive."""
PASTED = " \t\r\n\"'"
"""What a name brings along that is read from a file of variables or pasted; none is a part of it."""


def open_store(place: str | Path) -> Store:
    """The store that `place` names: `disk:models`, a folder, `memory:`, `sqlite:///wattcast.db`, `postgresql://…`.

    Raises:
        StoreError: no such kind of store, or it is not what it should be.
        MissingExtraError: what it needs is not installed.
    """
    if isinstance(place, Path):
        return DiskStore(place)
    place = place.strip(PASTED)
    found = _SCHEME.match(place)
    if found is None:
        return DiskStore(_folder(_no_url(place)))
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


def kind_named(path: Path) -> str | None:
    """The kind of store that a path says with its name, as `sqlite:///x.db` does; None of a folder's name."""
    found = _SCHEME.match(str(path).strip(PASTED))
    return nearest(found.group(1).lower(), (*KNOWN, "memory")) if found else None


def _no_url(place: str) -> str:
    """A folder's name as it is, unless it is meant for a database: its password would stand in every message."""
    if "//" in place and "@" in place:
        raise StoreError("the name of the store looks like a URL but begins with no kind of store",
                         expected="; ".join(KNOWN.values()),
                         hint="look at what stands before //; name a folder that is called so as disk:FOLDER")
    return place


def _folder(text: str) -> Path:
    if not text:
        raise StoreError("the store has no name", expected="; ".join(KNOWN.values()))
    return Path(text)


def _database(url: str) -> Store:
    from wattcast.store.sql import SqlStore

    return SqlStore(url)
