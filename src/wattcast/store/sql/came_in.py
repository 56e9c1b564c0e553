"""What came in of a station: measurements, cells that were corrected, files."""

from collections.abc import Mapping

import pandas as pd
from sqlalchemy import Connection, delete, insert, select

from wattcast.data.schema import StationData
from wattcast.store.base import TakenIn
from wattcast.store.joining import joined, no_corrections, noted
from wattcast.store.sql.database import Database
from wattcast.store.sql.monthly import kept_as, read_months, write_months
from wattcast.store.sql.relations import correction, make_known, taken_in


def append(database: Database, data: StationData, received: pd.Timestamp) -> Mapping[str, int]:
    """Join `data` with what is kept, and keep what a cell was; the rows that came by what they are. The station is
    locked.

    Raises:
        DataError: other columns, another step.
        OSError, ValueError: what is kept is damaged.
    """
    with database.reading() as connection:
        kept = read_months(connection, data.station.id, None)
        before = corrections_of(connection, data.station.id)
    made = joined(kept, data, received)
    new = noted(before, made.corrections)[len(before):]
    with database.writing() as connection:
        write_months(connection, made.data, kept, data)
        _add_corrections(connection, data.station.id, new)
    return made.rows


def replace_corrections(connection: Connection, station_id: str, rows: pd.DataFrame) -> None:
    """Keep these and no others, as `base.CORRECTIONS`."""
    make_known(connection, station_id)
    connection.execute(delete(correction).where(correction.c.station == station_id))
    _add_corrections(connection, station_id, rows)


def _add_corrections(connection: Connection, station_id: str, rows: pd.DataFrame) -> None:
    if len(rows):
        named = rows.rename(columns={"column": "column_name"}).assign(station=station_id)
        connection.execute(insert(correction), named.to_dict("records"))


def corrections_of(connection: Connection, station_id: str) -> pd.DataFrame:
    """In the order in which they came, as `base.CORRECTIONS`, in the time zone of the measurements."""
    rows = connection.execute(
        select(correction.c.received, correction.c.time, correction.c.column_name.label("column"), correction.c.before,
               correction.c.after).where(correction.c.station == station_id).order_by(correction.c.id)).all()
    known = kept_as(connection, station_id)
    if not rows or known is None:
        return no_corrections()
    table = pd.DataFrame([tuple(row) for row in rows], columns=[*no_corrections()]).astype({"column": "str"})
    return table.assign(**{name: pd.to_datetime(table[name], utc=True).dt.tz_convert(known.timezone)
                           for name in ("received", "time")})


def note(connection: Connection, station_id: str, file: TakenIn) -> None:
    """As `StationStore.note_taken_in`, in the transaction of the connection."""
    make_known(connection, station_id)
    connection.execute(insert(taken_in), {
        "station": station_id, "name": file.name, "size": file.size, "sha256": file.sha256, "received": file.received,
        "rows": dict(file.rows), "findings": [dict(finding) for finding in file.findings]})


def files_of(connection: Connection, station_id: str) -> tuple[TakenIn, ...]:
    """As `StationStore.taken_in`."""
    rows = connection.execute(select(taken_in).where(taken_in.c.station == station_id).order_by(taken_in.c.id)).all()
    return tuple(TakenIn(row.name, row.size, row.sha256, row.received, row.rows, tuple(row.findings)) for row in rows)
