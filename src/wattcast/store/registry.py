"""Which versions a station has and which of them is the champion.

    models/<station>/registry.json          the versions and the aliases
    models/<station>/versions/v0001/        a bundle
    models/<station>/bi_mamba.pth …         the champion's files under the names other programs expect
    models/<station>/history/               the measurements it was trained on and those that came in since
    models/<station>/forecasts/             the newest forecasts, to compare with what comes in

Every change is one rename of `registry.json`: killed at any instant, the registry loads, its champion forecasts. The
champion's files are copied afterwards; a kill in between is mended by the next change.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattcast.errors import BundleError, InputError, listing
from wattcast.store.bundle import COMPATIBILITY_FILES, load_bundle, read_manifest, save_bundle
from wattcast.store.files import lay_out, remove_leftovers, write_json
from wattcast.training.trained import TrainedModel

CHAMPION, CANDIDATE, PREVIOUS = "champion", "candidate", "previous"


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
        # Also past a version whose entry a kill prevented.
        taken = [*self._read()["versions"], *(path.name for path in self.folder.glob("versions/v*"))]
        numbers = [int(name[1:]) for name in taken if re.fullmatch(r"v\d+", name)]
        name = f"v{max(numbers, default=0) + 1:04d}"
        save_bundle(self.folder / "versions" / name, model, metrics, **told)
        content = self._read()      # anew: writing the weights took a while
        content["versions"].append(name)
        if alias is not None:
            content["aliases"][alias] = name
        self._write(content)
        return name

    def promote(self, name: str) -> str:
        """Make a version, or what an alias points to, the champion; the champion so far becomes `previous`.

        Returns:
            The version.

        Raises:
            BundleError: no such version, or a damaged one.
        """
        content = self._read()
        name = content["aliases"].get(name, name)
        load_bundle(self._version_folder(content, name))
        aliases = content["aliases"]
        before = aliases.get(CHAMPION, name)
        if before != name:
            aliases[PREVIOUS] = before
        aliases[CHAMPION] = name
        if aliases.get(CANDIDATE) == name:
            del aliases[CANDIDATE]
        self._write(content)
        return name

    def rollback(self) -> str:
        """Champion and previous change places.

        Returns:
            The version that is the champion now.

        Raises:
            BundleError: there is no previous one, or it is damaged.
        """
        previous = self._read()["aliases"].get(PREVIOUS)
        if previous is None:
            raise BundleError(f"station {self.station_id} has no previous model to go back to",
                              hint="'wattcast models promote VERSION' makes any version the champion")
        return self.promote(previous)

    def _write(self, content: dict[str, Any]) -> None:
        """The change itself, then what follows from it."""
        write_json(self.folder / "registry.json", content)
        if CHAMPION in content["aliases"]:
            lay_out(self._version_folder(content, content["aliases"][CHAMPION]), self.folder, COMPATIBILITY_FILES)
        remove_leftovers(self.folder, self.folder / "versions")

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
