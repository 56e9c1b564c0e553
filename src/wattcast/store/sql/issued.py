"""Forecasts of a station as they were issued: a row each, whole as bytes, and beside them what one asks for."""

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, delete, insert, select

from wattcast.store.base import Issue, IssuedForecast
from wattcast.store.forecasts import packed, unpacked
from wattcast.store.sql.database import Database
from wattcast.store.sql.relations import forecast, make_known

log = logging.getLogger("wattcast")

AT_ONCE = 64
"""How many forecasts are read in one transaction, which others may have to wait for."""


def keep(connection: Connection, station_id: str, made: IssuedForecast) -> None:
    """As `StationStore.keep_forecast`, in the transaction of the connection."""
    make_known(connection, station_id)
    connection.execute(insert(forecast), {
        "station": station_id, "origin": made.origin, "issued": made.issued, "version": made.version,
        "weather": made.weather, "weather_issued": made.weather_issued, "quality": made.quality,
        "fallback": made.fallback, "notes": list(made.notes), "content": packed(made)})


def read(database: Database, station_id: str, since: pd.Timestamp | None) -> Iterator[IssuedForecast]:
    """By origin, then by issue; a damaged one is named in the log and left out."""
    with database.reading() as connection:
        ids = connection.scalars(_in_order(select(forecast.c.id), station_id, since)).all()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start:start + AT_ONCE]
        with database.reading() as connection:
            rows = connection.execute(select(forecast.c.id, forecast.c.origin, forecast.c.content)
                                      .where(forecast.c.id.in_(some))).all()
        found = {row.id: row for row in rows}
        for number in some:
            # What went in the meantime is not there any more.
            if number in found and (made := _whole(found[number].content, station_id, found[number].origin)):
                yield made


def instants(connection: Connection, station_id: str, since: pd.Timestamp | None) -> tuple[Issue, ...]:
    """Origin and issue of each, in the order of `read`."""
    rows = connection.execute(_in_order(select(forecast.c.origin, forecast.c.issued), station_id, since)).all()
    return tuple((pd.Timestamp(row.origin), None if row.issued is None else pd.Timestamp(row.issued)) for row in rows)


def _in_order(asked: Select[Any], station_id: str, since: pd.Timestamp | None) -> Select[Any]:
    found = asked.where(forecast.c.station == station_id).order_by(
        forecast.c.origin, forecast.c.issued.nulls_first(), forecast.c.id)
    return found if since is None else found.where(forecast.c.origin >= since)


def remove(connection: Connection, station_id: str, before: pd.Timestamp) -> int:
    """Those of earlier origins; how many went."""
    return int(connection.execute(delete(forecast).where(forecast.c.station == station_id,
                                                         forecast.c.origin < before)).rowcount)


def _whole(content: bytes, station_id: str, origin: pd.Timestamp) -> IssuedForecast | None:
    try:
        return unpacked(content)
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("the stored forecast of station %s at %s is damaged and is left out: %s", station_id, origin,
                    str(error).partition("\n")[0])
        return None
