"""Which versions a station has and which of them is the champion.

    models/<station>/registry.json          the versions and the aliases
    models/<station>/versions/v0001/        a bundle
    models/<station>/bi_mamba.pth …         the champion's files under the names other programs expect

Every change ends with one rename of `registry.json`: killed at any instant, the registry loads, its champion forecasts.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattcast.errors import BundleError, InputError, listing
from wattcast.store.bundle import COMPATIBILITY_FILES, load_bundle, read_manifest, save_bundle
from wattcast.store.files import write_json, written_aside
from wattcast.training.trained import TrainedModel

CHAMPION = "champion"


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

    @property
    def work_folder(self) -> Path:
        """Where an interrupted training is found again."""
        return self.folder / "training"

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

    def add(self, model: TrainedModel, metrics: dict[str, Any], *, description: dict[str, Any] | None = None,
            parent: str | None = None, search: dict[str, Any] | None = None,
            files: Mapping[str, Any] | None = None) -> str:
        """Store a new version; no alias points to it yet. The arguments are those of `save_bundle`.

        Returns:
            Its name, such as `v0001`.
        """
        content = self._read()
        # Also past a version whose entry a kill prevented.
        taken = [*content["versions"], *(path.name for path in self.folder.glob("versions/v*"))]
        numbers = [int(name[1:]) for name in taken if re.fullmatch(r"v\d+", name)]
        name = f"v{max(numbers, default=0) + 1:04d}"
        save_bundle(self.folder / "versions" / name, model, metrics, description=description, parent=parent,
                    search=search, files=files)
        content["versions"].append(name)
        write_json(self.folder / "registry.json", content)
        return name

    def promote(self, name: str) -> None:
        """Make version `name` the champion.

        Raises:
            BundleError: no such version, or a damaged one.
        """
        content = self._read()
        folder = self._version_folder(content, name)
        load_bundle(folder)
        content["aliases"][CHAMPION] = name
        write_json(self.folder / "registry.json", content)
        for file in COMPATIBILITY_FILES:
            with written_aside(self.folder / file) as aside:
                shutil.copyfile(folder / file, aside)

    def load(self, name: str = CHAMPION) -> TrainedModel:
        """The model of a version or alias.

        Raises:
            BundleError: none there, damaged, or another station's.
        """
        content = self._read()
        model = load_bundle(self._version_folder(content, content["aliases"].get(name, name)))
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
            manifest = read_manifest(self.folder / "versions" / name)
            aliases = tuple(alias for alias, version in content["aliases"].items() if version == name)
            found.append(Version(name, aliases, manifest["created"], tuple(manifest["span"]), manifest["metrics"]))
        return found

    def manifest(self, name: str) -> dict[str, Any]:
        content = self._read()
        return read_manifest(self._version_folder(content, content["aliases"].get(name, name)))

    def _version_folder(self, content: dict[str, Any], name: str) -> Path:
        if not content["versions"]:
            raise BundleError(f"station {self.station_id} has no trained model in {self.root}",
                              hint=f"train one first: wattcast train --data … --station {self.station_id}")
        if name not in content["versions"]:
            known = [*content["aliases"], *content["versions"]]
            raise BundleError(f"station {self.station_id} has no model {name!r}", found=listing(known))
        return self.folder / "versions" / name
