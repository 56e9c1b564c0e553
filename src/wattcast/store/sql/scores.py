"""How good a station's forecasts were, as plain rows."""

import pandas as pd
from sqlalchemy import Connection, Float, bindparam, delete, insert, select

from wattcast.store.base import ACCURACY
from wattcast.store.joining import ACCURACY_KEY, no_accuracy
from wattcast.store.sql.relations import accuracy, make_known

TIMES = ("day", "origin", "issued")


def keep(connection: Connection, station_id: str, rows: pd.DataFrame) -> None:
    """Rows of the same day, lead day, target, origin and issue are replaced."""
    if rows.empty:
        return
    make_known(connection, station_id)
    new = rows.reindex(columns=list(ACCURACY)).drop_duplicates(list(ACCURACY_KEY), keep="last")
    day = pd.DatetimeIndex(new["day"])
    new = new.assign(station=station_id, date=day.strftime("%Y-%m-%d"), timezone=str(day.tz))
    keys = [accuracy.c[name].is_not_distinct_from(bindparam(f"of_{name}", type_=accuracy.c[name].type))
            for name in ("station", *ACCURACY_KEY)]
    found = new.to_dict("records")
    connection.execute(delete(accuracy).where(*keys), [
        {f"of_{name}": row[name] for name in ("station", *ACCURACY_KEY)} for row in found])
    connection.execute(insert(accuracy), found)


def read(connection: Connection, station_id: str, since: pd.Timestamp | None) -> pd.DataFrame:
    """Of days from `since` on, by day, lead day, target, issue; in the time zone of the newest."""
    asked = select(accuracy).where(accuracy.c.station == station_id).order_by(
        accuracy.c.day, accuracy.c.lead_day, accuracy.c.target, accuracy.c.issued.nulls_first(), accuracy.c.id)
    rows = connection.execute(asked if since is None else asked.where(accuracy.c.day >= since)).all()
    if not rows:
        return no_accuracy()
    table = pd.DataFrame([row._mapping for row in rows])
    zone = table.loc[table["id"].idxmax(), "timezone"]
    times = {name: pd.to_datetime(table[name], utc=True).dt.tz_convert(zone) for name in TIMES}
    numbers = {name: table[name].astype("float64") for name in ACCURACY if isinstance(accuracy.c[name].type, Float)}
    return table.assign(**times, **numbers)[list(ACCURACY)]
