"""All that is kept of one station in a database."""

import hashlib
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import delete, insert, select, update

from wattcast.contracts import Station
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.store.base import FloatArray, Issue, IssuedForecast, TakenIn
from wattcast.store.joining import as_asked, forget
from wattcast.store.mornings import packed_recall, unpacked_recall
from wattcast.store.shelf import ShelvedVersions
from wattcast.store.sql import came_in, issued, scores
from wattcast.store.sql.database import Database
from wattcast.store.sql.documents import Documents
from wattcast.store.sql.monthly import read_months, write_months
from wattcast.store.sql.relations import make_known, measurement_month, recall, station
from wattcast.store.sql.sizes import sizes_of
from wattcast.store.sql.sql_shelf import SqlShelf


class SqlStation:
    """Implements `base.StationStore`."""

    def __init__(self, database: Database, station_id: str) -> None:
        self.station_id, self._database = station_id, database
        self._shelf = SqlShelf(database, station_id)
        self.versions = ShelvedVersions(self._shelf)
        self._documents = Documents(database, station_id)

    @property
    def place(self) -> str:
        return f"{self._database.place}, station {self.station_id}"

    def locked(self) -> AbstractContextManager[None]:
        return self._shelf.locked()

    def description(self) -> dict[str, Any] | None:
        with self._database.reading() as connection:
            found: dict[str, Any] | None = connection.scalar(
                select(station.c.description).where(station.c.id == self.station_id))
        return found

    def describe(self, description: Mapping[str, Any]) -> None:
        with self.locked(), self._database.writing() as connection:
            make_known(connection, self.station_id)
            connection.execute(update(station).where(station.c.id == self.station_id).values(
                description=dict(description)))

    def measurements(self, station: Station | None = None, since: pd.Timestamp | None = None) -> StationData | None:
        with self._whole(), self._database.reading() as connection:
            kept = read_months(connection, self.station_id, since)
        return None if kept is None else as_asked(kept, station, since)

    def has_measurements(self) -> bool:
        asked = select(measurement_month.c.month).where(measurement_month.c.station == self.station_id).limit(1)
        with self._database.reading() as connection:
            return connection.scalar(asked) is not None

    def replace_measurements(self, data: StationData) -> None:
        with self.locked():
            forget(self)
            with self._database.writing() as connection:
                write_months(connection, data)

    def append_measurements(self, data: StationData, *, received: pd.Timestamp) -> Mapping[str, int]:
        with self.locked(), self._whole():
            forget(self)
            return came_in.append(self._database, data, received)

    def corrections(self) -> pd.DataFrame:
        with self._database.reading() as connection:
            return came_in.corrections_of(connection, self.station_id)

    def keep_corrections(self, rows: pd.DataFrame) -> None:
        with self.locked(), self._database.writing() as connection:
            came_in.replace_corrections(connection, self.station_id, rows)

    def taken_in(self) -> tuple[TakenIn, ...]:
        with self._database.reading() as connection:
            return came_in.files_of(connection, self.station_id)

    def note_taken_in(self, file: TakenIn) -> None:
        with self.locked(), self._database.writing() as connection:
            came_in.note(connection, self.station_id, file)

    def keep_forecast(self, forecast: IssuedForecast) -> None:
        with self.locked(), self._database.writing() as connection:
            issued.keep(connection, self.station_id, forecast)

    def forecasts(self, since: pd.Timestamp | None = None) -> Iterator[IssuedForecast]:
        return issued.read(self._database, self.station_id, since)

    def issues(self, since: pd.Timestamp | None = None) -> tuple[Issue, ...]:
        with self._database.reading() as connection:
            return issued.instants(connection, self.station_id, since)

    def remove_forecasts(self, before: pd.Timestamp) -> int:
        with self.locked(), self._database.writing() as connection:
            return issued.remove(connection, self.station_id, before)

    def keep_accuracy(self, rows: pd.DataFrame) -> None:
        with self.locked(), self._database.writing() as connection:
            scores.keep(connection, self.station_id, rows)

    def accuracy(self, since: pd.Timestamp | None = None) -> pd.DataFrame:
        with self._database.reading() as connection:
            return scores.read(connection, self.station_id, since)

    def work_folder(self, purpose: str) -> Path:
        """In the user's cache folder: it is of this machine, while the database may be many machines'."""
        from wattcast.scan.kernels.cache import cache_folder

        name = hashlib.sha256(f"{self._database.identity}\0{self.station_id}".encode()).hexdigest()[:16]
        return cache_folder() / "work" / name / purpose

    def keep_document(self, name: str, content: bytes) -> None:
        with self.locked():
            self._documents.keep(name, content)

    def documents(self) -> Mapping[str, bytes]:
        return self._documents

    def remove(self) -> None:
        with self.locked():
            shutil.rmtree(self.work_folder("any").parent, ignore_errors=True)
            with self._database.writing() as connection:
                connection.execute(delete(station).where(station.c.id == self.station_id))

    def recall(self) -> dict[str, FloatArray]:
        with self._database.reading() as connection:
            found = connection.scalar(select(recall.c.content).where(recall.c.station == self.station_id))
        return {} if found is None else unpacked_recall(found)

    def keep_recall(self, said: Mapping[str, FloatArray]) -> None:
        with self.locked(), self._database.writing() as connection:
            make_known(connection, self.station_id)
            connection.execute(delete(recall).where(recall.c.station == self.station_id))
            connection.execute(insert(recall), {"station": self.station_id, "content": packed_recall(said)})

    def sizes(self, *, without: Collection[str] = (), before: pd.Timestamp | None = None) -> Mapping[str, int]:
        with self._database.reading() as connection:
            return sizes_of(connection, self.station_id, without, before)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise DataError(f"what is kept of station {self.station_id} in {self._database.place} is damaged",
                            found=str(error).splitlines()[0], hint="give the whole history once") from None
