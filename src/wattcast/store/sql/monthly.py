"""Measurements and issued weather of a station, a row a month.

A span reads its months only, and what comes in rewrites only those that it reaches.
"""

import pandas as pd
from sqlalchemy import Connection, Table, delete, func, insert, select

from wattcast.contracts import Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.store.sql.packing import packed_frame, unpacked_frame
from wattcast.store.sql.relations import make_known, measurement_month, weather_month
from wattcast.store.sql.relations import station as stations


def write_months(connection: Connection, data: StationData, rows_from: pd.Timestamp | None = None,
                 weather_from: pd.Timestamp | None = None) -> None:
    """Keep `data`. Months before these times stay as they are, as nothing in them is new; None: nothing stays."""
    make_known(connection, data.station.id)
    connection.execute(stations.update().where(stations.c.id == data.station.id).values(
        measured_as=data.station.model_dump(mode="json")))
    _write(connection, measurement_month, data.station.id, data.frame, "time", rows_from)
    if data.vintages is None:
        connection.execute(delete(weather_month).where(weather_month.c.station == data.station.id))
    else:
        _write(connection, weather_month, data.station.id, data.vintages.table, "issued", weather_from)


def _write(connection: Connection, table: Table, station_id: str, frame: pd.DataFrame, level: str,
           since: pd.Timestamp | None) -> None:
    of_station = delete(table).where(table.c.station == station_id)
    connection.execute(of_station if since is None else of_station.where(table.c.month >= _month(since)))
    times = frame.index.get_level_values(level).tz_convert("UTC")
    keys = times.strftime("%Y-%m")
    kept = [{"station": station_id, "month": month, "first": times[keys == month].min(),
             "last": times[keys == month].max(), "rows": len(part), "content": packed_frame(part)}
            for month, part in frame.groupby(keys, sort=True) if since is None or month >= _month(since)]
    if kept:
        connection.execute(insert(table), kept)


def _month(time: pd.Timestamp) -> str:
    return f"{time.tz_convert('UTC'):%Y-%m}"


def kept_as(connection: Connection, station_id: str) -> Station | None:
    """The station as its measurements were kept; None where none are."""
    found = connection.scalar(select(stations.c.measured_as).where(stations.c.id == station_id))
    return None if found is None else Station(**found)


def read_rows(connection: Connection, station_id: str, since: pd.Timestamp | None) -> pd.DataFrame | None:
    """The rows from `since` on, perhaps none; None where nothing is kept.

    Raises:
        OSError, ValueError: damaged.
    """
    frame = _read(connection, measurement_month, station_id, since)
    return frame if frame is None or since is None else frame.loc[frame.index >= since]


def read_weather(connection: Connection, station_id: str, since: pd.Timestamp | None) -> WeatherVintages | None:
    """Forecasts that were issued from `since` on, and the newest before; None where none are kept.

    Raises:
        OSError, ValueError: damaged.
    """
    table = _read(connection, weather_month, station_id, since)
    if table is not None and since is not None:
        issued = table.index.get_level_values("issued")
        earlier = issued[issued < since]
        table = table.loc[issued >= (earlier.max() if len(earlier) else since)]
    return None if table is None else WeatherVintages(table)


def _read(connection: Connection, table: Table, station_id: str, since: pd.Timestamp | None) -> pd.DataFrame | None:
    """From the month on that holds the last row before `since`."""
    asked = select(table.c.content).where(table.c.station == station_id)
    if since is not None:
        before = select(func.max(table.c.month)).where(table.c.station == station_id, table.c.first < since)
        asked = asked.where(table.c.month >= func.coalesce(before.scalar_subquery(), ""))
    parts = connection.scalars(asked.order_by(table.c.month)).all()
    return unpacked_frame(parts) if parts else None
