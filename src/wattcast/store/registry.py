"""Which versions a station has and which of them is the champion.

    models/<station>/registry.json          the versions and the aliases
    models/<station>/versions/v0001/        a bundle
    models/<station>/bi_mamba.pth …         the champion's as other programs expect it
    models/<station>/bi_mamba_finetuned.pth …   that of the newest fine-tuned version since, whichever is in use
    models/<station>/.lock                  held by the process that changes any of this, or of what is kept
                                            of the station beside it (`disk_station`)

Every change is one rename of `registry.json`: killed at any instant, the registry loads, its champion forecasts, and
reading needs no lock. What is made for other programs takes its place afterwards; a kill in between is mended by the
next change.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from wattcast.data.ids import require_id
from wattcast.errors import BundleError
from wattcast.locks import held
from wattcast.store import aliases
from wattcast.store.aliases import CHAMPION, Content
from wattcast.store.bundle import FINETUNE_HISTORY, for_other_programs, manifest_in
from wattcast.store.bundle_folder import FolderFiles, write_folder
from wattcast.store.files import json_bytes, laid_out, leftovers, remove_leftovers, write_json
from wattcast.store.shelf import ShelvedVersions

REGISTRY, LOCK = "registry.json", ".lock"


def trained_stations(root: Path) -> tuple[str, ...]:
    """The stations below `root` that have a registry."""
    return tuple(sorted(path.parent.name for path in root.glob(f"*/{REGISTRY}")))


class FolderShelf:
    """Implements `shelf.Shelf`: a folder for each version, and `registry.json` beside them."""

    def __init__(self, root: Path, station_id: str) -> None:
        self.root, self.station_id = root, station_id
        self.folder = root / station_id

    @cached_property
    def _lock(self) -> FileLock:
        """Who holds it may open the station again. Whoever only reads needs none."""
        return FileLock(self.folder / LOCK, is_singleton=True)

    @property
    def place(self) -> str:
        return str(self.root)

    def locked(self) -> AbstractContextManager[None]:
        """Hold what is kept of the station over a block that reads and changes it; the registry's own changes do.
        Nothing that takes long belongs into it.

        Raises:
            BusyError: another process held it for minutes.
            DataError: the folder cannot be written to.
        """
        return held(self._lock, f"the models of station {self.station_id} are being changed")

    def content(self) -> Content:
        path = self.folder / REGISTRY
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return aliases.nothing(self.station_id)
        return aliases.parsed(text, self.station_id, str(self.folder), str(path))

    def replace(self, content: Content) -> None:
        """The change itself, and what follows from it."""
        with laid_out(self.folder, self._for_other_programs(content)):
            write_json(self.folder / REGISTRY, content)
        remove_leftovers(*self._written_in)

    def removal(self, names: Collection[str]) -> tuple[list[Path], int]:
        """What is not there any more, or not as it was, once these versions are pruned, and how much is written then
        [bytes]."""
        content = aliases.without(self.content(), names)
        written = {**self._for_other_programs(content), REGISTRY: json_bytes(content)}
        gone = [*(self.folder / name for name in written), *map(self._folder, names), *leftovers(*self._written_in)]
        return gone, sum(map(len, {each for each in written.values() if each is not None}))

    @property
    def _written_in(self) -> tuple[Path, ...]:
        return self.folder, self.folder / "versions"

    def _for_other_programs(self, content: Content) -> dict[str, bytes | None]:
        """What they look for in the station's folder, by name."""
        champion = content["aliases"].get(CHAMPION)
        if champion is None:
            return {}
        # A version that was trained from the start ends what was fine-tuned before it.
        since = content["versions"][content["versions"].index(champion):]
        tuned = next((name for name in reversed(since) if FINETUNE_HISTORY in self.files(name)), champion)
        return for_other_programs(self.files(champion), self.files(tuned))

    def names(self) -> Iterator[str]:
        return (path.name for path in self.folder.glob("versions/v*"))

    def where(self, name: str) -> str:
        return str(self._folder(name))

    def files(self, name: str) -> FolderFiles:
        return FolderFiles(self._folder(name))

    def size(self, name: str) -> int:
        return self.files(name).size

    def put(self, name: str, files: Mapping[str, bytes]) -> None:
        parent = None
        with suppress(BundleError):     # a damaged version can be copied, too
            parent = manifest_in(files, name)["parent"]
        write_folder(self._folder(name), files, like=None if parent is None else self._folder(parent))

    def remove(self, name: str) -> None:
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def _folder(self, version: str) -> Path:
        return self.folder / "versions" / version


class Registry(ShelvedVersions):
    """The models of one station below `root`.

    Raises:
        InputError: a station id that is not a plain folder name (`data.ids.require_id`).
    """

    shelf: FolderShelf

    def __init__(self, root: Path, station_id: str) -> None:
        require_id(station_id)
        super().__init__(FolderShelf(root, station_id))
        self.root, self.station_id, self.folder = root, station_id, self.shelf.folder

    def locked(self) -> AbstractContextManager[None]:
        """Hold what is kept of the station over a block that reads and changes it (`FolderShelf.locked`)."""
        return self.shelf.locked()
