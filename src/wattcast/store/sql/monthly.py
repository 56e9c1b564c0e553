"""Measurements and issued weather of a station, a row a month.

A span reads its months only, and what comes in rewrites only those that it reaches.
"""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, delete, func, insert, select

from wattcast.contracts import Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.store.sql.packing import packed_frame, unpacked_frame
from wattcast.store.sql.relations import make_known, measurement_month, station, weather_month


def write_months(connection: Connection, data: StationData, kept: StationData | None = None,
                 came_in: StationData | None = None) -> None:
    """Keep `data`: all of it, or what `came_in` made of `kept`, which is there already."""
    station_id = data.station.id
    make_known(connection, station_id)
    connection.execute(station.update().where(station.c.id == station_id).values(
        measured_as=data.station.model_dump(mode="json")))
    if kept is None or came_in is None:
        _write(connection, measurement_month, station_id, data.frame, None)
        _write(connection, weather_month, station_id, None if data.vintages is None else data.vintages.table, None)
        return
    # Rows that follow begin where those that are kept end, also with a gap in between.
    first = min(came_in.frame.index[0], kept.frame.index[-1])
    _write(connection, measurement_month, station_id, data.frame, first if _alike(kept.frame, data.frame) else None)
    if data.vintages is not None and came_in.vintages is not None:
        table = data.vintages.table
        alike = kept.vintages is not None and _alike(kept.vintages.table, table)
        first = came_in.vintages.table.index.get_level_values("issued").min()
        _write(connection, weather_month, station_id, table, first if alike else None)


def _alike(kept: pd.DataFrame, frame: pd.DataFrame) -> bool:
    """Whether months of both can stand below each other: of the same columns, types and time zone."""
    def told(table: pd.DataFrame) -> list[Any]:
        levels = [table.index.get_level_values(number).dtype for number in range(table.index.nlevels)]
        return [*table.columns, *table.dtypes, *levels]

    return told(kept) == told(frame)


def _write(connection: Connection, table: Table, station_id: str, frame: pd.DataFrame | None,
           since: pd.Timestamp | None) -> None:
    """Replace the months from that of `since` on."""
    first = "" if since is None else f"{since.tz_convert('UTC'):%Y-%m}"
    connection.execute(delete(table).where(table.c.station == station_id, table.c.month >= first))
    if frame is None:
        return
    times = frame.index.get_level_values(0).tz_convert("UTC")
    months = times.strftime("%Y-%m")
    for month in sorted({*months[months >= first]}):
        inside = months == month
        connection.execute(insert(table), {
            "station": station_id, "month": month, "first": times[inside].min(), "last": times[inside].max(),
            "rows": int(inside.sum()), "content": packed_frame(frame[inside])})


def read_months(connection: Connection, station_id: str, since: pd.Timestamp | None) -> StationData | None:
    """What is kept, at least all from the last row and the last issue before `since` on; None where nothing is.

    Raises:
        OSError, ValueError: damaged.
    """
    known = kept_as(connection, station_id)
    frame = None if known is None else _read(connection, measurement_month, station_id, since)
    if known is None or frame is None:
        return None
    weather = _read(connection, weather_month, station_id, since)
    return StationData(known, frame, None if weather is None else WeatherVintages(weather))


def kept_as(connection: Connection, station_id: str) -> Station | None:
    """The station as its measurements were kept; None where none are."""
    told: dict[str, Any] | None = connection.scalar(select(station.c.measured_as).where(station.c.id == station_id))
    return None if told is None else Station(**told)


def _read(connection: Connection, table: Table, station_id: str, since: pd.Timestamp | None) -> pd.DataFrame | None:
    asked = select(table.c.content).where(table.c.station == station_id)
    if since is not None:
        before = select(func.max(table.c.month)).where(table.c.station == station_id, table.c.first < since)
        asked = asked.where(table.c.month >= func.coalesce(before.scalar_subquery(), ""))
    parts = connection.scalars(asked.order_by(table.c.month)).all()
    return unpacked_frame(parts) if parts else None
