"""The versions of a station, wherever they lie: one implementation of `base.Versions` for all stores."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

from wattcast.errors import BundleError, WattcastError, listing
from wattcast.experts.trained import TrainedModel
from wattcast.store import aliases
from wattcast.store.aliases import CHAMPION, USED, Content
from wattcast.store.base import Version, Versions
from wattcast.store.bundle import MANIFEST, bundle_files, load_bundle, manifest_in
from wattcast.store.retention import is_rejected


class Shelf(Protocol):
    """Where the versions of one station lie: files by the name of their version, and what the registry says.

    Whether a version counts is said by the registry alone: files that it does not name are what a kill left.
    """

    @property
    def station_id(self) -> str: ...

    @property
    def place(self) -> str:
        """Where the models of all stations are kept, for messages."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Hold the station's versions over a block; the same process may hold them already."""
        ...

    def content(self) -> Content:
        """What the registry says (`aliases`).

        Raises:
            BundleError: damaged, or another station's.
        """
        ...

    def replace(self, content: Content) -> None:
        """Let the registry say this from now on: the one write that makes a change count."""
        ...

    def names(self) -> Iterable[str]:
        """All versions of which files lie there."""
        ...

    def where(self, name: str) -> str:
        """Where a version lies, for messages."""
        ...

    def files(self, name: str) -> Mapping[str, bytes]:
        """A version's files by their names, read when they are asked for; none of a version that is not there."""
        ...

    def size(self, name: str) -> int:
        """Of a version's files [bytes]."""
        ...

    def put(self, name: str, files: Mapping[str, bytes]) -> None:
        """Lay down the files of a new version, all or none."""
        ...

    def remove(self, name: str) -> None:
        """Take a version's files away, as far as that can be done."""
        ...


class ShelvedVersions:
    """Implements `base.Versions` on a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def add(self, model: TrainedModel, metrics: dict[str, Any], *, alias: str | None = None, **told: Any) -> str:
        """Store a new version.

        Args:
            model: what was fitted.
            metrics: its evaluation.
            alias: what points to it from now on, such as `candidate`.
            told: further arguments of `bundle.bundle_files`.

        Returns:
            Its name, such as `v0001`.
        """
        files = bundle_files(model, metrics, **told)
        with self.shelf.locked():
            content = self.shelf.content()
            # Also past a version whose entry a kill prevented.
            name = aliases.next_name([*content["versions"], *self.shelf.names()])
            self.shelf.put(name, files)
            content = aliases.added(content, name, alias)
            gone = aliases.no_longer_needed(content, self._manifests(content))
            try:
                self.shelf.replace(aliases.without(content, gone))
            except WattcastError:
                self.shelf.remove(name)
                raise
            for version in gone:
                self.shelf.remove(version)
        return name

    def promote(self, name: str, *, expected: str | None = None) -> str:
        """Make a version, or what an alias points to, the champion; the champion so far becomes `previous`.

        Args:
            name: the version or alias.
            expected: the version that must be the champion until now, as `name` was compared with it.

        Returns:
            The version.

        Raises:
            BundleError: no such version, or a damaged one; or another champion than expected.
        """
        self._named(self.shelf.content(), name)     # before a place is made for a station that does not exist
        with self.shelf.locked():
            content = self.shelf.content()
            name = self._named(content, name)
            after = aliases.promoted(content, name, expected)
            self._load(name)
            self.shelf.replace(after)
        return name

    def rollback(self) -> str:
        """Champion and previous change places.

        Returns:
            The version that is the champion now.

        Raises:
            BundleError: there is no previous one, or it is damaged.
        """
        aliases.previous(self.shelf.content())
        with self.shelf.locked():
            return self.promote(aliases.previous(self.shelf.content()))

    def prune(self, keep: int, *, dry_run: bool = False) -> dict[str, int]:
        """Remove all but the newest `keep` versions, and never what an alias points to or what a kept one was
        fine-tuned from. Files that a kill left, without a version, go too.

        Returns:
            What went, or with `dry_run` what would go, with its bytes.
        """
        found = {name: self.shelf.size(name) for name in self._beyond(self.shelf.content(), keep)}
        if dry_run or not found:
            return found
        with self.shelf.locked():
            content = self.shelf.content()
            gone = {name: self.shelf.size(name) for name in self._beyond(content, keep)}
            self.shelf.replace(aliases.without(content, gone))
            for name in gone:
                self.shelf.remove(name)
        return gone

    def _beyond(self, content: Content, keep: int) -> tuple[str, ...]:
        left = sorted(name for name in self.shelf.names() if aliases.is_name(name) and name not in content["versions"])
        return (*aliases.beyond(content, self._manifests(content), keep), *left)

    def load(self, name: str = CHAMPION) -> TrainedModel:
        """The model of a version or alias.

        Raises:
            BundleError: none there, damaged, or another station's.
        """
        version = self._named(self.shelf.content(), name)
        model = self._load(version)
        if model.station.id != self.shelf.station_id:
            raise BundleError(f"the model in {self.shelf.where(version)} was trained for another station",
                              found=model.station.id, expected=self.shelf.station_id,
                              hint="choose the right --models-dir or train this station")
        return model

    def champion(self) -> str | None:
        """The champion's version, if there is one."""
        name: str | None = self.shelf.content()["aliases"].get(CHAMPION)
        return name

    def named(self, name: str) -> str:
        """The version that `name`, a version or an alias, stands for.

        Raises:
            BundleError: there is none.
        """
        return self._named(self.shelf.content(), name)

    def aliases(self) -> Mapping[str, str]:
        """What points to which version: `champion`, `previous`, `candidate`."""
        return dict(self.shelf.content()["aliases"])

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        content = self.shelf.content()
        found = []
        for name in content["versions"]:
            manifest = self._manifest(name)
            found.append(Version(name, aliases.aliases_of(content, name), manifest["created"],
                                 tuple(manifest["span"]), manifest["metrics"], self.shelf.size(name)))
        return found

    def manifest(self, name: str) -> dict[str, Any]:
        return self._manifest(self._named(self.shelf.content(), name))

    def digest(self, name: str) -> str:
        """Of all that the version is made of."""
        return str(self.manifest(name)["digest"])

    def registered(self) -> Content:
        """What is said of the versions (`aliases`)."""
        return self.shelf.content()

    def files(self, name: str) -> Mapping[str, bytes]:
        """What a version is made of, by the names of its files, read when asked for."""
        return self.shelf.files(name)

    def take_over(self, other: Versions) -> None:
        """Have the versions and aliases of the same station elsewhere, as they are there.

        Raises:
            BundleError: there are versions here that `other` does not have.
        """
        content = other.registered()
        with self.shelf.locked():
            own = [name for name in self.shelf.content()["versions"]
                   if name not in content["versions"] or not self._is_as_in(other, name)]
            if own:
                raise BundleError(f"station {self.shelf.station_id} has versions of its own in {self.shelf.place}",
                                  found=listing(own), hint="remove the station there first")
            for name in content["versions"]:
                if not self._is_as_in(other, name):
                    self.shelf.remove(name)     # what a kill left
                    self.shelf.put(name, dict(other.files(name)))
            if {USED: [], **content} != {USED: [], **self.shelf.content()}:
                self.shelf.replace(content)

    def _is_as_in(self, other: Versions, name: str) -> bool:
        """Whether a version is here with the same bytes."""
        return self.shelf.files(name).get(MANIFEST) == other.files(name).get(MANIFEST)

    def rejected(self, parent: str) -> dict[str, Any] | None:
        """The manifest of the newest version that was fine-tuned from `parent` and did not pass the gate."""
        manifests = reversed(self._manifests(self.shelf.content()).values())
        return next((each for each in manifests if each["parent"] == parent and is_rejected(each)), None)

    def _load(self, version: str) -> TrainedModel:
        return load_bundle(self.shelf.files(version), self.shelf.where(version))

    def _named(self, content: Content, name: str) -> str:
        return aliases.named(content, name, self.shelf.place)

    def _manifest(self, version: str) -> dict[str, Any]:
        return manifest_in(self.shelf.files(version), self.shelf.where(version))

    def _manifests(self, content: Content) -> dict[str, dict[str, Any]]:
        """Of all versions, oldest first; a damaged one is none that can be judged."""
        found = {}
        for name in content["versions"]:
            with suppress(BundleError):
                found[name] = self._manifest(name)
        return found
