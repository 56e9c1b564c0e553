"""A store in a database that SQLAlchemy knows: SQLite for one machine, PostgreSQL for several."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select

from wattcast.data.ids import require_id
from wattcast.store.sql.database import opened
from wattcast.store.sql.relations import accuracy, forecast, station, taken_in, version
from wattcast.store.sql.relations import run as runs_of_all
from wattcast.store.sql.sql_station import SqlStation


class SqlStore:
    """Implements `base.Store`.

    Args:
        url: `sqlite:///wattcast.db` or `postgresql://user@host:5432/database`.

    Raises:
        StoreError: it is no such URL, it cannot be reached, or its schema is newer than is known here.
        MissingExtraError: PostgreSQL's driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self._database = opened(url)

    @property
    def place(self) -> str:
        return self._database.place

    def station(self, station_id: str) -> SqlStation:
        return SqlStation(self._database, require_id(station_id))

    def stations(self) -> tuple[str, ...]:
        others = (exists().where(table.c.station == station.c.id) for table in (forecast, accuracy, taken_in))
        with self._database.reading() as connection:
            found = connection.scalars(select(station.c.id).where(or_(
                station.c.description.is_not(None), station.c.measured_as.is_not(None), _trained(), *others))).all()
        return tuple(sorted(found))

    def trained_stations(self) -> tuple[str, ...]:
        with self._database.reading() as connection:
            return tuple(sorted(connection.scalars(select(station.c.id).where(_trained()))))

    def keep_run(self, run: Mapping[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(runs_of_all).where(runs_of_all.c.id == str(run["id"])))
            connection.execute(insert(runs_of_all), {
                "id": str(run["id"]), "kind": run["kind"], "started": run["started"], "ended": run["ended"],
                "content": dict(run)})

    def runs(self, kind: str | None = None) -> tuple[dict[str, Any], ...]:
        asked = select(runs_of_all.c.content)
        with self._database.reading() as connection:
            found = connection.scalars(asked if kind is None else asked.where(runs_of_all.c.kind == kind)).all()
        return tuple(sorted(found, key=lambda run: (run["started"], run["id"])))

    def close(self) -> None:
        self._database.close()


def _trained() -> ColumnElement[bool]:
    return exists().where(version.c.station == station.c.id, version.c.position.is_not(None))
