"""What a station occupies in a database, by what it holds."""

from collections.abc import Mapping

from sqlalchemy import Column, Connection, func, select

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
    weather_month,
)

ROW = 200
"""About what a row of plain columns takes, with its part of the index. [bytes]"""

PARTS = {
    "versions": (version.c.manifest, file_content.c.content),
    "measurements": (measurement_month.c.content, weather_month.c.content, correction.c.column_name,
                     taken_in.c.findings),
    "forecasts": (forecast.c.content, forecast.c.notes),
    "accuracy": (accuracy.c.version,),
    "other": (station.c.description, document.c.content, recall.c.content),
}
"""By what is told: the columns whose content counts, and a row for each of them."""


def sizes_of(connection: Connection, station_id: str) -> Mapping[str, int]:
    """Bytes, as `base.StationStore.sizes` tells them."""
    return {part: sum(_size(connection, column, station_id) for column in columns) for part, columns in PARTS.items()}


def _size(connection: Connection, column: Column[object], station_id: str) -> int:
    table = column.table
    key = table.c.id if table is station else table.c.station
    rows, content = connection.execute(select(func.count(), func.coalesce(func.sum(func.length(column)), 0))
                                       .select_from(table).where(key == station_id)).one()
    return int(content) + ROW * int(rows)
