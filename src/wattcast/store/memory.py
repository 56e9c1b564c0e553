"""A store that is gone with its process: for tests and for what need not be kept."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.ids import require_id
from wattcast.data.schema import StationData
from wattcast.store import aliases
from wattcast.store.aliases import Content
from wattcast.store.base import FloatArray, Issue, IssuedForecast, TakenIn
from wattcast.store.forecasts import packed, unpacked
from wattcast.store.joining import (
    as_asked,
    forget,
    joined,
    no_accuracy,
    no_corrections,
    noted,
    since_day,
    with_accuracy,
)
from wattcast.store.shelf import ShelvedVersions


class MemoryShelf:
    """Implements `shelf.Shelf`."""

    place = "memory"

    def __init__(self, station_id: str) -> None:
        self.station_id = station_id
        self._content = aliases.nothing(station_id)
        self._files: dict[str, dict[str, bytes]] = {}

    def locked(self) -> AbstractContextManager[None]:
        return nullcontext()

    def content(self) -> Content:
        return deepcopy(self._content)

    def replace(self, content: Content) -> None:
        self._content = deepcopy(content)

    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def where(self, name: str) -> str:
        return f"{self.place}, {self.station_id} {name}"

    def files(self, name: str) -> Mapping[str, bytes]:
        return self._files.get(name, {})

    def size(self, name: str) -> int:
        return sum(map(len, self.files(name).values()))

    def put(self, name: str, files: Mapping[str, bytes]) -> None:
        self._files[name] = dict(files)

    def remove(self, name: str) -> None:
        self._files.pop(name, None)


class MemoryStation:
    """Implements `base.StationStore`. Only one thread changes it."""

    def __init__(self, station_id: str, work: Path) -> None:
        self.station_id, self._work = station_id, work
        self._empty()

    def _empty(self) -> None:
        self._shelf = MemoryShelf(self.station_id)
        self.versions = ShelvedVersions(self._shelf)
        self._description: dict[str, Any] | None = None
        self._data: StationData | None = None
        self._corrections, self._accuracy = no_corrections(), no_accuracy()
        self._taken_in: list[TakenIn] = []
        self._forecasts: list[tuple[Issue, bytes]] = []
        self._documents: dict[str, bytes] = {}
        self._recall: dict[str, FloatArray] = {}

    @property
    def place(self) -> str:
        return f"memory, {self.station_id}"

    @property
    def kept(self) -> bool:
        """Whether anything is."""
        return self.trained or self._description is not None or self._data is not None or any(
            map(len, (self._taken_in, self._forecasts, self._accuracy)))

    @property
    def trained(self) -> bool:
        return bool(self._shelf.content()["versions"])

    def locked(self) -> AbstractContextManager[None]:
        return self._shelf.locked()

    def description(self) -> dict[str, Any] | None:
        return deepcopy(self._description)

    def describe(self, description: Mapping[str, Any]) -> None:
        self._description = deepcopy(dict(description))

    def measurements(self, station: Station | None = None, since: pd.Timestamp | None = None) -> StationData | None:
        return None if self._data is None else as_asked(self._data, station, since)

    def has_measurements(self) -> bool:
        return self._data is not None

    def replace_measurements(self, data: StationData) -> None:
        forget(self)
        self._data = data

    def append_measurements(self, data: StationData, *, received: pd.Timestamp) -> Mapping[str, int]:
        made = joined(self._data, data, received)
        forget(self)
        self._data, self._corrections = made.data, noted(self._corrections, made.corrections)
        return made.rows

    def corrections(self) -> pd.DataFrame:
        return self._corrections.copy()

    def keep_corrections(self, rows: pd.DataFrame) -> None:
        self._corrections = rows.copy()

    def taken_in(self) -> tuple[TakenIn, ...]:
        return tuple(self._taken_in)

    def note_taken_in(self, file: TakenIn) -> None:
        self._taken_in.append(deepcopy(file))

    def keep_forecast(self, forecast: IssuedForecast) -> None:
        self._forecasts.append(((forecast.origin, forecast.issued), packed(forecast)))
        self._forecasts.sort(key=_by_issue)

    def forecasts(self, since: pd.Timestamp | None = None) -> Iterator[IssuedForecast]:
        return (unpacked(made) for (origin, _), made in self._forecasts if since is None or origin >= since)

    def issues(self, since: pd.Timestamp | None = None) -> tuple[Issue, ...]:
        return tuple(issue for issue, _ in self._forecasts if since is None or issue[0] >= since)

    def remove_forecasts(self, before: pd.Timestamp) -> int:
        kept = [(issue, made) for issue, made in self._forecasts if issue[0] >= before]
        gone, self._forecasts = len(self._forecasts) - len(kept), kept
        return gone

    def keep_accuracy(self, rows: pd.DataFrame) -> None:
        self._accuracy = with_accuracy(self._accuracy, rows)

    def accuracy(self, since: pd.Timestamp | None = None) -> pd.DataFrame:
        return since_day(self._accuracy, since).copy()

    def work_folder(self, purpose: str) -> Path:
        return self._work / self.station_id / purpose

    def keep_document(self, name: str, content: bytes) -> None:
        self._documents[name] = content

    def documents(self) -> Mapping[str, bytes]:
        return dict(self._documents)

    def remove(self) -> None:
        shutil.rmtree(self._work / self.station_id, ignore_errors=True)
        self._empty()

    def recall(self) -> dict[str, FloatArray]:
        return dict(self._recall)

    def keep_recall(self, said: Mapping[str, FloatArray]) -> None:
        self._recall = dict(said)

    def sizes(self, *, without: Collection[str] = (), before: pd.Timestamp | None = None) -> Mapping[str, int]:
        versions = (name for name in self._shelf.names() if name not in without)
        forecasts = (made for (origin, _), made in self._forecasts if before is None or origin >= before)
        data = 0 if self._data is None else int(self._data.frame.memory_usage(deep=True).sum())
        return {"versions": sum(map(self._shelf.size, versions)), "measurements": data,
                "forecasts": sum(map(len, forecasts)),
                "accuracy": int(self._accuracy.memory_usage(index=False, deep=True).sum()),
                "other": sum(map(len, self._documents.values()))}


def _by_issue(kept: tuple[Issue, bytes]) -> tuple[pd.Timestamp, pd.Timestamp]:
    origin, issued = kept[0]
    return origin, pd.Timestamp.min.tz_localize("UTC") if issued is None else issued


class MemoryStore:
    """Implements `base.Store`."""

    place = "memory:"

    def __init__(self) -> None:
        self._stations: dict[str, MemoryStation] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        self._work = Path(gettempdir()) / f"wattcast-{uuid4().hex[:8]}"

    def station(self, station_id: str) -> MemoryStation:
        return self._stations.setdefault(station_id, MemoryStation(require_id(station_id), self._work))

    def stations(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, station in self._stations.items() if station.kept))

    def trained_stations(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, station in self._stations.items() if station.trained))

    def keep_run(self, run: Mapping[str, Any]) -> None:
        self._runs[str(run["id"])] = deepcopy(dict(run))

    def runs(self, kind: str | None = None) -> tuple[dict[str, Any], ...]:
        found = [run for run in self._runs.values() if kind in (None, run["kind"])]
        return tuple(deepcopy(sorted(found, key=lambda run: (run["started"], run["id"]))))

    def close(self) -> None:
        """Nothing is held open."""
