"""What runs leave for people and other programs, by name."""

from collections.abc import Iterator, Mapping

from sqlalchemy import delete, insert, select

from wattcast.store.sql.database import Database
from wattcast.store.sql.relations import document, make_known


class Documents(Mapping[str, bytes]):
    """Those of one station, read when asked for."""

    def __init__(self, database: Database, station_id: str) -> None:
        self._database, self._station = database, station_id

    def __getitem__(self, name: str) -> bytes:
        with self._database.reading() as connection:
            found = connection.scalar(select(document.c.content).where(document.c.station == self._station,
                                                                       document.c.name == name))
        if found is None:
            raise KeyError(name)
        return bytes(found)

    def __iter__(self) -> Iterator[str]:
        with self._database.reading() as connection:
            return iter(connection.scalars(select(document.c.name).where(document.c.station == self._station)
                                           .order_by(document.c.name)).all())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def keep(self, name: str, content: bytes) -> None:
        """In place of another one of that name."""
        with self._database.writing() as connection:
            make_known(connection, self._station)
            connection.execute(delete(document).where(document.c.station == self._station, document.c.name == name))
            connection.execute(insert(document), {"station": self._station, "name": name, "content": content})
