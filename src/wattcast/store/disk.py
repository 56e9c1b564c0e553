"""A store that is a folder, with Parquet and JSON that a person can read: the default.

    models/<station>/            all that is kept of a station (`disk_station`)
    models/.wattcast/runs/       what became of runs, a JSON file each
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattcast.data.ids import RESERVED, require_id, windows_refuses
from wattcast.errors import InputError
from wattcast.store.disk_station import DiskStation, is_kept
from wattcast.store.files import write_json
from wattcast.store.registry import trained_stations

log = logging.getLogger("wattcast")

ON_WINDOWS = os.name == "nt"


@dataclass(frozen=True)
class DiskStore:
    """Implements `base.Store` below the folder `root`, which is made when something is kept."""

    root: Path

    @property
    def place(self) -> str:
        return str(self.root)

    def station(self, station_id: str) -> DiskStation:
        if ON_WINDOWS and windows_refuses(station_id):
            raise InputError(f"station id {station_id!r} cannot be a folder's name on Windows",
                             hint="rename the station in the data, or keep it in a database: --store sqlite:///FILE.db")
        return DiskStation(self.root, require_id(station_id))

    def stations(self) -> tuple[str, ...]:
        folders = [path for path in self.root.glob("*") if path.is_dir() and path.name != RESERVED]
        return tuple(sorted(folder.name for folder in folders if is_kept(folder) and _is_id(folder.name)))

    def trained_stations(self) -> tuple[str, ...]:
        return trained_stations(self.root)

    def keep_run(self, run: Mapping[str, Any]) -> None:
        name, digest = str(run["id"]), hashlib.sha256(str(run["id"]).encode()).hexdigest()
        # Two names that differ in what no file can be called are told apart by the digest.
        write_json(self._runs / f"{re.sub(r'[^0-9A-Za-z-]', '_', name)[:60]}-{digest[:8]}.json", dict(run))

    def runs(self, kind: str | None = None) -> tuple[dict[str, Any], ...]:
        found = filter(None, map(_read_run, self._runs.glob("[!.]*.json")))
        return tuple(sorted((run for run in found if kind in (None, run["kind"])),
                            key=lambda run: (run["started"], run["id"])))

    @property
    def _runs(self) -> Path:
        return self.root / RESERVED / "runs"

    def close(self) -> None:
        """Nothing is held open."""


def _read_run(path: Path) -> dict[str, Any] | None:
    """None of a file that is damaged: what became of one run must not keep others from running."""
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(run[key], str) for key in ("id", "kind", "started")):
            raise ValueError("it is not a run")
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s is left out, as it cannot be read: %s", path, error)
        return None
    return run


def _is_id(name: str) -> bool:
    try:
        return bool(require_id(name))
    except InputError:
        return False
