"""Which versions a station has and which of them is the champion.

    models/<station>/registry.json          the versions and the aliases
    models/<station>/versions/v0001/        a bundle
    models/<station>/bi_mamba.pth …         the champion's files under the names other programs expect
    models/<station>/bi_mamba_finetuned.pth …   those of the newest fine-tuned version since, whichever is in use
    models/<station>/history/               the measurements it was trained on and those that came in since
    models/<station>/forecasts/             the newest forecasts, to compare with what comes in
    models/<station>/recall.npz             what the champion said of past mornings when it forecast last
    models/<station>/.lock                  held by the process that changes any of this

Every change is one rename of `registry.json`: killed at any instant, the registry loads, its champion forecasts, and
reading needs no lock. The copies of the champion's files take their places afterwards; a kill in between is mended by
the next change.
"""

import json
import re
import shutil
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from wattcast.errors import BundleError, InputError, WattcastError, listing
from wattcast.experts.trained import TrainedModel
from wattcast.locks import held
from wattcast.store.bundle import (
    COMPATIBILITY_FILES,
    FINETUNE_FILES,
    FINETUNED,
    load_bundle,
    read_manifest,
    save_bundle,
)
from wattcast.store.files import laid_out, remove_leftovers, write_json
from wattcast.store.retention import is_rejected, retired

CHAMPION, CANDIDATE, PREVIOUS = "champion", "candidate", "previous"
USED = "used"
"""Versions that were champions once."""


def trained_stations(root: Path) -> tuple[str, ...]:
    """The stations below `root` that have a registry."""
    return tuple(sorted(path.parent.name for path in root.glob("*/registry.json")))


@dataclass(frozen=True)
class Version:
    """A line of `wattcast models list`."""

    name: str
    aliases: tuple[str, ...]
    created: str
    span: tuple[str, str]
    metrics: dict[str, Any]


class Registry:
    """The models of one station below `root`.

    Raises:
        InputError: a station id that is not a plain folder name.
    """

    def __init__(self, root: Path, station_id: str) -> None:
        if not station_id or station_id in {".", ".."} or any(mark in station_id for mark in "/\\\0"):
            raise InputError(f"station id {station_id!r} cannot be a folder's name",
                             hint="rename the station in the data")
        self.root, self.station_id = root, station_id
        self.folder = root / station_id
        self._lock = FileLock(self.folder / ".lock")

    def locked(self) -> AbstractContextManager[None]:
        """Hold what is kept of the station over a block that reads and changes it; the registry's own changes do.

        Nothing that takes long belongs into it.

        Raises:
            BusyError: another process held it for minutes.
            DataError: the folder cannot be written to.
        """
        return held(self._lock, f"the models of station {self.station_id} are being changed")

    @property
    def work_folder(self) -> Path:
        """Where an interrupted training is found again."""
        return self.folder / "training"

    @property
    def history_folder(self) -> Path:
        """Where the station's measurements are kept."""
        return self.folder / "history"

    @property
    def forecasts_folder(self) -> Path:
        """Where its newest forecasts are kept."""
        return self.folder / "forecasts"

    def _read(self) -> dict[str, Any]:
        path = self.folder / "registry.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"station": self.station_id, "versions": [], "aliases": {}}
        except ValueError:
            raise self._damaged() from None
        if not isinstance(content, dict) or not {"station", "versions", "aliases"} <= set(content):
            raise self._damaged()
        if content["station"] != self.station_id:
            raise BundleError(f"{self.folder} belongs to another station", found=content["station"],
                              expected=self.station_id, hint="choose another --models-dir")
        return content

    def _damaged(self) -> BundleError:
        return BundleError(f"{self.folder / 'registry.json'} is damaged",
                           hint="restore it from a copy, or delete it and train again")

    def add(self, model: TrainedModel, metrics: dict[str, Any], *, alias: str | None = None, **told: Any) -> str:
        """Store a new version.

        Args:
            model: what was fitted.
            metrics: its evaluation.
            alias: what points to it from now on, such as `candidate`.
            told: further arguments of `save_bundle`.

        Returns:
            Its name, such as `v0001`.
        """
        with self.locked():
            content = self._read()
            # Also past a version whose entry a kill prevented.
            taken = [*content["versions"], *(path.name for path in self.folder.glob("versions/v*"))]
            numbers = [int(name[1:]) for name in taken if re.fullmatch(r"v\d+", name)]
            name = f"v{max(numbers, default=0) + 1:04d}"
            folder = self._folder(name)
            save_bundle(folder, model, metrics, **told)
            content["versions"].append(name)
            if alias is not None:
                content["aliases"][alias] = name
            gone = retired(self._manifests(content), content["aliases"], content.get(USED, ()))
            content["versions"] = [version for version in content["versions"] if version not in gone]
            try:
                self._write(content)
            except WattcastError:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            for version in gone:
                shutil.rmtree(self._folder(version), ignore_errors=True)
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
        self._named(self._read(), name)     # before a folder is made for a station that does not exist
        with self.locked():
            content = self._read()
            name = self._named(content, name)
            aliases = content["aliases"]
            before = aliases.get(CHAMPION)
            if expected is not None and before != expected:
                raise BundleError(f"station {self.station_id} got another champion in the meantime", found=before,
                                  expected=expected, hint="compare it with that one: give the same command again")
            load_bundle(self._version_folder(content, name))
            if before not in (None, name):
                aliases[PREVIOUS] = before
            aliases[CHAMPION] = name
            if aliases.get(CANDIDATE) == name:
                del aliases[CANDIDATE]
            content[USED] = sorted({*content.get(USED, ()), name})
            self._write(content)
        return name

    def rollback(self) -> str:
        """Champion and previous change places.

        Returns:
            The version that is the champion now.

        Raises:
            BundleError: there is no previous one, or it is damaged.
        """
        self._previous()
        with self.locked():
            return self.promote(self._previous())

    def _previous(self) -> str:
        previous: str | None = self._read()["aliases"].get(PREVIOUS)
        if previous is None:
            raise BundleError(f"station {self.station_id} has no previous model to go back to",
                              hint="'wattcast models promote VERSION' makes any version the champion")
        return previous

    def _write(self, content: dict[str, Any]) -> None:
        """The change itself, and what follows from it."""
        with laid_out(self.folder, self._sources(content)):
            write_json(self.folder / "registry.json", content)
        remove_leftovers(self.folder, self.folder / "versions")

    def _sources(self, content: dict[str, Any]) -> dict[str, Path | None]:
        """Where each file comes from that other programs look for in the station's folder."""
        champion = content["aliases"].get(CHAMPION)
        if champion is None:
            return {}
        # A version that was trained from the start ends what was fine-tuned before it.
        since = content["versions"][content["versions"].index(champion):]
        tuned = next((name for name in reversed(since) if (self._folder(name) / FINETUNED).exists()), champion)
        files = {name: self._folder(champion) / name for name in COMPATIBILITY_FILES}
        files |= {name: self._folder(tuned) / name for name in FINETUNE_FILES}
        return {name: path if path.exists() else None for name, path in files.items()}

    def _folder(self, version: str) -> Path:
        return self.folder / "versions" / version

    def _manifests(self, content: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Of all versions, oldest first; a damaged one is none that can be judged."""
        found = {}
        for name in content["versions"]:
            with suppress(BundleError):
                found[name] = read_manifest(self._folder(name))
        return found

    def load(self, name: str = CHAMPION) -> TrainedModel:
        """The model of a version or alias.

        Raises:
            BundleError: none there, damaged, or another station's.
        """
        content = self._read()
        model = load_bundle(self._version_folder(content, self._named(content, name)))
        if model.station.id != self.station_id:
            raise BundleError(f"the model in {self.folder} was trained for another station", found=model.station.id,
                              expected=self.station_id, hint="choose the right --models-dir or train this station")
        return model

    def champion(self) -> str | None:
        """The champion's version, if there is one."""
        name: str | None = self._read()["aliases"].get(CHAMPION)
        return name

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        content = self._read()
        found = []
        for name in content["versions"]:
            manifest = read_manifest(self._folder(name))
            aliases = tuple(alias for alias, version in content["aliases"].items() if version == name)
            found.append(Version(name, aliases, manifest["created"], tuple(manifest["span"]), manifest["metrics"]))
        return found

    def manifest(self, name: str) -> dict[str, Any]:
        content = self._read()
        return read_manifest(self._version_folder(content, self._named(content, name)))

    def digest(self, name: str) -> str:
        """Of all that the version is made of."""
        return str(self.manifest(name)["digest"])

    def rejected(self, parent: str) -> dict[str, Any] | None:
        """The manifest of the newest version that was fine-tuned from `parent` and did not pass the gate."""
        manifests = reversed(self._manifests(self._read()).values())
        return next((each for each in manifests if each["parent"] == parent and is_rejected(each)), None)

    def _named(self, content: dict[str, Any], name: str) -> str:
        """The version that `name`, a version or an alias, stands for.

        Raises:
            BundleError: there is none.
        """
        version: str = content["aliases"].get(name, name)
        self._version_folder(content, version)
        return version

    def _version_folder(self, content: dict[str, Any], name: str) -> Path:
        if not content["versions"]:
            raise BundleError(f"station {self.station_id} has no trained model in {self.root}",
                              hint=f"train one first: wattcast train --data … --station {self.station_id}")
        if name not in content["versions"]:
            known = [*content["aliases"], *content["versions"]]
            raise BundleError(f"station {self.station_id} has no model {name!r}", found=listing(known))
        return self._folder(name)
