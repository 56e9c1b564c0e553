"""All that is kept of one station, as a folder.

    models/<station>/station.json             how its data is described
    models/<station>/registry.json, versions/ its models (`registry`)
    models/<station>/history/                 its measurements and the weather forecasts that were issued (`history`);
                                              corrections.parquet and taken_in.json beside them
    models/<station>/forecasts/               the forecasts that were issued (`forecasts`)
    models/<station>/accuracy.parquet         how good they were
    models/<station>/recall.bin               what the champion said of past mornings (`mornings`)
    models/<station>/training/, search/       interrupted work
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.schema import StationData
from wattcast.errors import DataError, WattcastError
from wattcast.store.aliases import CHAMPION
from wattcast.store.base import FloatArray, Issue, IssuedForecast, TakenIn
from wattcast.store.bundle import COMPATIBILITY_FILES, FINETUNE_FILES
from wattcast.store.bundle_folder import FolderFiles
from wattcast.store.files import occupied, write_json, written_aside
from wattcast.store.forecasts import (
    earlier_forecasts,
    keep_forecast,
    kept_forecasts,
    kept_issues,
    remove_forecasts,
)
from wattcast.store.history import MEASUREMENTS, guessed_station, load_history, save_history
from wattcast.store.joining import forget, joined, no_accuracy, no_corrections, noted, since_day, with_accuracy
from wattcast.store.mornings import EARLY_NAME as EARLY_RECALL
from wattcast.store.mornings import NAME as RECALL
from wattcast.store.mornings import load_recall, save_recall
from wattcast.store.registry import LOCK, REGISTRY, Registry

DESCRIPTION, ACCURACY_FILE, HISTORY, FORECASTS = "station.json", "accuracy.parquet", "history", "forecasts"
TAKEN_IN, CORRECTED = "taken_in.json", "corrections.parquet"


def is_kept(folder: Path) -> bool:
    """Whether a folder holds something of a station."""
    files = (DESCRIPTION, REGISTRY, ACCURACY_FILE, f"{HISTORY}/{MEASUREMENTS}", f"{HISTORY}/{TAKEN_IN}")
    return any((folder / name).is_file() for name in files) or any((folder / FORECASTS).glob("[0-9]*.parquet"))


class DiskStation:
    """Implements `base.StationStore`."""

    def __init__(self, root: Path, station_id: str) -> None:
        self.versions = Registry(root, station_id)
        self.station_id, self.folder = station_id, self.versions.folder
        self._history, self._forecasts = self.folder / HISTORY, self.folder / FORECASTS

    @property
    def place(self) -> str:
        return str(self.folder)

    def locked(self) -> AbstractContextManager[None]:
        return self.versions.locked()

    def description(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = _json(self.folder / DESCRIPTION)
        return found

    def describe(self, description: Mapping[str, Any]) -> None:
        with self.locked():
            write_json(self.folder / DESCRIPTION, dict(description))

    def measurements(self, station: Station | None = None, since: pd.Timestamp | None = None) -> StationData | None:
        found = load_history(self._history, station, since)
        if found is None and station is None and self.has_measurements():
            return load_history(self._history, self._early_station(), since)
        return found

    def _early_station(self) -> Station:
        """As early versions of the program kept it, which did not say what it is; but a model of the same columns may.
        """
        try:
            known = Station(**self.versions.manifest(CHAMPION)["station"])
        except WattcastError:
            return guessed_station(self._history, self.station_id)
        return known if load_history(self._history, known) else guessed_station(self._history, self.station_id)

    def has_measurements(self) -> bool:
        return (self._history / MEASUREMENTS).exists()

    def replace_measurements(self, data: StationData) -> None:
        with self.locked():
            forget(self)
            save_history(self._history, data)

    def append_measurements(self, data: StationData, *, received: pd.Timestamp) -> Mapping[str, int]:
        with self.locked():
            made = joined(self.measurements(), data, received)
            forget(self)
            if len(made.corrections):
                # First: killed in between, what a cell was is not lost, and noted once when the rows come again.
                _write_table(self._history / CORRECTED, noted(self.corrections(), made.corrections))
            save_history(self._history, made.data)
        return made.rows

    def corrections(self) -> pd.DataFrame:
        found = _read_table(self._history / CORRECTED)
        return no_corrections() if found is None else found

    def keep_corrections(self, rows: pd.DataFrame) -> None:
        with self.locked():
            _write_table(self._history / CORRECTED, rows)

    def taken_in(self) -> tuple[TakenIn, ...]:
        return tuple(TakenIn(**{**each, "received": pd.Timestamp(each["received"]),
                                "findings": tuple(each["findings"])})
                     for each in _json(self._history / TAKEN_IN) or ())

    def note_taken_in(self, file: TakenIn) -> None:
        with self.locked():
            entry = {**asdict(file), "received": file.received.isoformat(), "rows": dict(file.rows),
                     "findings": [dict(finding) for finding in file.findings]}
            write_json(self._history / TAKEN_IN, [*(_json(self._history / TAKEN_IN) or ()), entry])

    def keep_forecast(self, forecast: IssuedForecast) -> None:
        with self.locked():
            keep_forecast(self._forecasts, forecast)

    def forecasts(self, since: pd.Timestamp | None = None) -> Iterator[IssuedForecast]:
        return kept_forecasts(self._forecasts, since)

    def issues(self, since: pd.Timestamp | None = None) -> tuple[Issue, ...]:
        return kept_issues(self._forecasts, since)

    def remove_forecasts(self, before: pd.Timestamp) -> int:
        if not earlier_forecasts(self._forecasts, before):
            return 0                    # on most days: a lock would take longer
        with self.locked():
            return remove_forecasts(self._forecasts, before)

    def keep_accuracy(self, rows: pd.DataFrame) -> None:
        with self.locked():
            _write_table(self.folder / ACCURACY_FILE, with_accuracy(self.accuracy(), rows))

    def accuracy(self, since: pd.Timestamp | None = None) -> pd.DataFrame:
        found = _read_table(self.folder / ACCURACY_FILE)
        return no_accuracy() if found is None else since_day(found, since)

    def work_folder(self, purpose: str) -> Path:
        return self.folder / purpose

    def keep_document(self, name: str, content: bytes) -> None:
        with self.locked(), written_aside(self.folder / name) as aside:
            aside.write_bytes(content)

    def documents(self) -> Mapping[str, bytes]:
        return _Documents(self.folder)

    def remove(self) -> None:
        with self.locked():
            # Folders first: files tell that there is something of the station.
            for path in sorted(self.folder.iterdir(), key=Path.is_file):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        with suppress(OSError):     # somebody keeps something of it by now
            self.folder.rmdir()

    def recall(self) -> dict[str, FloatArray]:
        return load_recall(self.folder)

    def keep_recall(self, said: Mapping[str, FloatArray]) -> None:
        with self.locked():
            save_recall(self.folder, said)

    def sizes(self, *, without: Collection[str] = (), before: pd.Timestamp | None = None) -> Mapping[str, int]:
        old = () if before is None else earlier_forecasts(self._forecasts, before)
        removed, written = self.versions.shelf.removal(without) if without else ((), 0)
        gone = {*old, *removed, self.folder / LOCK}     # which says who holds it, in more or fewer letters
        parts = {"versions": "versions", "measurements": HISTORY, "forecasts": FORECASTS, "accuracy": ACCURACY_FILE}
        found = {name: _size(self.folder / part, gone) for name, part in parts.items()}
        return {**found, "other": _size(self.folder, gone) + written - sum(found.values())}


class _Documents(FolderFiles):
    """Of a station's files those that runs left."""

    OTHERS = frozenset({DESCRIPTION, ACCURACY_FILE, REGISTRY, RECALL, EARLY_RECALL, *COMPATIBILITY_FILES,
                        *FINETUNE_FILES})

    def __iter__(self) -> Iterator[str]:
        return (name for name in super().__iter__() if name not in self.OTHERS and not name.startswith("."))


def _size(path: Path, gone: AbstractSet[Path]) -> int:
    """Without files that are among those that are `gone`, or in a folder of them."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return occupied(each for each in files if gone.isdisjoint((each, *each.parents)))


def _json(path: Path) -> Any:
    """What a file holds; None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _damaged(path, error) from None


def _read_table(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with written_aside(path) as aside:
        table.to_parquet(aside, compression="zstd", index=False)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged", found=str(error).splitlines()[0],
                     hint="restore it from a copy, or delete it")
