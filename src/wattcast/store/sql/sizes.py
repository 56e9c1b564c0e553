"""What a station occupies in a database, by what it holds."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, select, true

from wattcast.store.sql.relations import (
    accuracy,
    correction,
    document,
    file_content,
    forecast,
    measurement_month,
    recall,
    station,
    taken_in,
    version,
    version_file,
    weather_month,
)

ROW = 200
"""About what a row of plain columns takes, with its part of the index. [bytes]"""

CONTENT = {
    "versions": (version.c.manifest, file_content.c.content),
    "measurements": (measurement_month.c.content, weather_month.c.content, taken_in.c.findings),
    "forecasts": (forecast.c.content,),
    "accuracy": (),
    "other": (station.c.description, document.c.content, recall.c.content),
}
"""By what is told: the columns that hold it."""
ROWS = {"measurements": correction, "accuracy": accuracy}
"""What is nothing but rows."""


def sizes_of(connection: Connection, station_id: str, without: Collection[str] = (),
             before: datetime | None = None) -> Mapping[str, int]:
    """Bytes, as `base.StationStore.sizes` tells them; what versions share counts once."""
    stays = _stays(station_id, without, before)
    sizes = {part: sum(_length(connection, column, station_id, stays.get(column.table, true())) for column in columns)
             for part, columns in CONTENT.items()}
    for part, table in ROWS.items():
        asked = select(func.count()).select_from(table).where(table.c.station == station_id)
        sizes[part] += ROW * int(connection.scalar(asked) or 0)
    return sizes


def _stays(station_id: str, without: Collection[str], before: datetime | None) -> dict[Table, ColumnElement[bool]]:
    """Which rows of a table are left, where not all are."""
    stays: dict[Table, ColumnElement[bool]] = {}
    if without:
        used = select(version_file.c.sha256).where(version_file.c.station == station_id,
                                                   version_file.c.version.not_in(tuple(without)))
        stays = {version: version.c.name.not_in(tuple(without)), file_content: file_content.c.sha256.in_(used)}
    return stays if before is None else {**stays, forecast: forecast.c.origin >= before}


def _length(connection: Connection, column: Column[Any], station_id: str, stays: ColumnElement[bool]) -> int:
    key = column.table.c.id if column.table is station else column.table.c.station
    return int(connection.scalar(select(func.sum(func.length(column))).where(key == station_id, stays)) or 0)
