"""The versions of one station in a database, and what the registry says of them as rows."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from wattcast.store import aliases
from wattcast.store.aliases import USED, Content
from wattcast.store.bundle import MANIFEST
from wattcast.store.files import sha256
from wattcast.store.sql.database import Database
from wattcast.store.sql.packing import packed_bytes, unpacked_bytes
from wattcast.store.sql.relations import alias, file_content, make_known, version, version_file


class SqlShelf:
    """Implements `shelf.Shelf`. A version's manifest is a column, its other files are rows, like ones once."""

    def __init__(self, database: Database, station_id: str) -> None:
        self.database, self.station_id = database, station_id

    @property
    def place(self) -> str:
        return self.database.place

    def locked(self) -> AbstractContextManager[None]:
        return self.database.locked(f"station {self.station_id}",
                                    f"what is kept of station {self.station_id} is being changed")

    def content(self) -> Content:
        with self.database.reading() as connection:
            rows = connection.execute(
                select(version.c.name, version.c.used).where(version.c.station == self.station_id)
                .where(version.c.position.is_not(None)).order_by(version.c.position)).all()
            pointing = connection.execute(select(alias.c.alias, alias.c.version)
                                          .where(alias.c.station == self.station_id).order_by(alias.c.alias)).all()
        return {**aliases.nothing(self.station_id), "versions": [row.name for row in rows],
                "aliases": {row.alias: row.version for row in pointing}, USED: [row.name for row in rows if row.used]}

    def replace(self, content: Content) -> None:
        """In one transaction; with it goes what a kill left of versions that do not count."""
        names = content["versions"]
        with self.locked(), self.database.writing() as connection:
            make_known(connection, self.station_id)
            connection.execute(delete(alias).where(alias.c.station == self.station_id))
            self._delete(connection, version.c.name.not_in(names))
            for position, name in enumerate(names):
                connection.execute(update(version).where(self._is(name)).values(
                    position=position, used=name in content.get(USED, ())))
            if content["aliases"]:
                connection.execute(insert(alias), [{"station": self.station_id, "alias": each, "version": name}
                                                   for each, name in content["aliases"].items()])

    def names(self) -> Iterable[str]:
        with self.database.reading() as connection:
            return connection.scalars(select(version.c.name).where(version.c.station == self.station_id)).all()

    def where(self, name: str) -> str:
        return f"{self.place}, station {self.station_id}, version {name}"

    def files(self, name: str) -> Mapping[str, bytes]:
        return _Files(self.database, self.station_id, name)

    def size(self, name: str) -> int:
        """Of a version's files as they are kept, also of those that it shares with other versions [bytes]."""
        of_version = (version_file.c.station == self.station_id) & (version_file.c.version == name)
        with self.database.reading() as connection:
            manifest = connection.scalar(select(func.length(version.c.manifest)).where(self._is(name)))
            files = connection.scalar(select(func.sum(func.length(file_content.c.content)))
                                      .select_from(version_file.join(file_content)).where(of_version))
        return int(manifest or 0) + int(files or 0)

    def put(self, name: str, files: Mapping[str, bytes]) -> None:
        contents = {sha256(content): content for each, content in files.items() if each != MANIFEST}
        packed = {digest: (len(content), packed_bytes(content)) for digest, content in contents.items()}
        with self.locked(), self.database.writing() as connection:
            make_known(connection, self.station_id)
            connection.execute(insert(version), {"station": self.station_id, "name": name, "used": False,
                                                 "manifest": files[MANIFEST].decode("utf-8")})
            there = set(connection.scalars(select(file_content.c.sha256).where(
                file_content.c.station == self.station_id, file_content.c.sha256.in_(packed))))
            for digest, (size, content) in packed.items():
                if digest not in there:
                    connection.execute(insert(file_content), {"station": self.station_id, "sha256": digest,
                                                              "size": size, "content": content})
            connection.execute(insert(version_file), [
                {"station": self.station_id, "version": name, "name": each, "sha256": sha256(content)}
                for each, content in files.items() if each != MANIFEST])

    def remove(self, name: str) -> None:
        with self.locked(), self.database.writing() as connection:
            self._delete(connection, version.c.name == name)

    def _is(self, name: str) -> ColumnElement[bool]:
        return and_(version.c.station == self.station_id, version.c.name == name)

    def _delete(self, connection: Connection, which: ColumnElement[bool]) -> None:
        """Versions with their files, and contents that no version has any more."""
        connection.execute(delete(version).where(version.c.station == self.station_id, which))
        used = select(version_file.c.sha256).where(version_file.c.station == self.station_id)
        connection.execute(delete(file_content).where(file_content.c.station == self.station_id,
                                                      file_content.c.sha256.not_in(used)))


class _Files(Mapping[str, bytes]):
    """A version's files by their names. The manifest is read by itself, all others together when the first is asked
    for."""

    def __init__(self, database: Database, station_id: str, name: str) -> None:
        self._database, self._station, self._version = database, station_id, name
        self._others: dict[str, bytes] | None = None

    def __getitem__(self, name: str) -> bytes:
        if name == MANIFEST:
            with self._database.reading() as connection:
                found = connection.scalar(select(version.c.manifest).where(
                    version.c.station == self._station, version.c.name == self._version))
            if found is None:
                raise KeyError(name)
            return str(found).encode()
        if self._others is None:
            self._others = self._read()
        return self._others[name]

    def __iter__(self) -> Iterator[str]:
        with self._database.reading() as connection:
            there = connection.scalars(select(version_file.c.name).where(
                version_file.c.station == self._station, version_file.c.version == self._version)).all()
        return iter([MANIFEST, *there] if there else [])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self) -> dict[str, bytes]:
        asked = select(version_file.c.name, file_content.c.size, file_content.c.content).select_from(
            version_file.join(file_content)).where(version_file.c.station == self._station,
                                                   version_file.c.version == self._version)
        with self._database.reading() as connection:
            rows = connection.execute(asked).all()
        return {row.name: _content(row.content, row.size) for row in rows}


def _content(packed: bytes, size: int) -> bytes:
    """What is damaged is not what its digest says, which is found out where it is compared."""
    try:
        return unpacked_bytes(packed, size)
    except (OSError, ValueError):
        return b""
