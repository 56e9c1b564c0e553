"""The tables of a store in a database.

What one asks for by itself is a row with plain columns: stations, versions, aliases, forecasts, accuracy, corrections,
runs. What is only ever read as a whole is bytes: measurements and weather a month in a row, as Parquet; the files of
versions, as they are in a folder, compressed; a forecast's table. JSON is text in both databases, so that it comes back
as it was written.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from wattcast.store.files import json_text

SCHEMA = "0001"
"""The newest schema known here: the last of `migrations/versions`."""
SCHEMA_TABLE = "wattcast_schema"
"""Where a database says which schema it has; not alembic's own name, which another program may use there."""


class Instant(TypeDecorator[pd.Timestamp]):
    """A tz-aware instant, to the microsecond; comes back in UTC. SQLite knows no instants: a text that sorts."""

    impl, cache_ok = String, True
    TEXT = "%Y-%m-%dT%H:%M:%S.%fZ"

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if dialect.name == "postgresql" else String(27))

    def process_bind_param(self, value: pd.Timestamp | None, dialect: Dialect) -> datetime | str | None:
        if value is None or pd.isna(value):
            return None
        moment: datetime = value.tz_convert("UTC").floor("us").to_pydatetime()
        return moment if dialect.name == "postgresql" else moment.strftime(self.TEXT)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> pd.Timestamp | None:
        if isinstance(value, str):
            value = datetime.strptime(value, self.TEXT).replace(tzinfo=UTC)
        found: pd.Timestamp | None = None if value is None else pd.Timestamp(value).tz_convert("UTC")
        return found


class Json(TypeDecorator[Any]):
    """Plain values as JSON text."""

    impl, cache_ok = Text, True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json_text(value, indent=None)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")     # what SQLite counts up by itself


def _of_station(**more: Any) -> Column[str]:
    return Column("station", Text, ForeignKey("station.id", ondelete="CASCADE"), nullable=False, **more)


def _months(name: str) -> Table:
    """Rows of a station by the month in UTC, each month as Parquet."""
    return Table(name, metadata, _of_station(primary_key=True), Column("month", String(7), primary_key=True),
                 Column("first", Instant, nullable=False), Column("last", Instant, nullable=False),
                 Column("rows", Integer, nullable=False), Column("content", LargeBinary, nullable=False))


station = Table("station", metadata, Column("id", Text, primary_key=True), Column("description", Json),
                Column("measured_as", Json))

measurement_month = _months("measurement_month")
weather_month = _months("weather_month")

correction = Table("correction", metadata, Column("id", Number, primary_key=True), _of_station(),
                   Column("received", Instant, nullable=False), Column("time", Instant, nullable=False),
                   Column("column_name", Text, nullable=False), Column("before", Float, nullable=False),
                   Column("after", Float, nullable=False))
Index("correction_by_station", correction.c.station, correction.c.received)

taken_in = Table("taken_in", metadata, Column("id", Number, primary_key=True), _of_station(),
                 Column("name", Text, nullable=False), Column("size", BigInteger, nullable=False),
                 Column("sha256", String(64), nullable=False), Column("received", Instant, nullable=False),
                 Column("rows", Json, nullable=False), Column("findings", Json, nullable=False))
Index("taken_in_by_station", taken_in.c.station, taken_in.c.received)

version = Table("version", metadata, _of_station(primary_key=True), Column("name", Text, primary_key=True),
                Column("position", Integer), Column("used", Boolean, nullable=False),
                Column("manifest", Text, nullable=False))
"""`position` orders the versions that count; it is empty while the files of one are all that is there."""

alias = Table("alias", metadata, _of_station(primary_key=True), Column("alias", Text, primary_key=True),
              Column("version", Text, nullable=False),
              ForeignKeyConstraint(["station", "version"], ["version.station", "version.name"]))

file_content = Table("file_content", metadata, _of_station(primary_key=True),
                     Column("sha256", String(64), primary_key=True), Column("size", Integer, nullable=False),
                     Column("content", LargeBinary, nullable=False))
"""Files of versions, those that are alike once; `size` is without the compression."""

version_file = Table("version_file", metadata, Column("station", Text, primary_key=True),
                     Column("version", Text, primary_key=True), Column("name", Text, primary_key=True),
                     Column("sha256", String(64), nullable=False),
                     ForeignKeyConstraint(["station", "version"], ["version.station", "version.name"],
                                          ondelete="CASCADE"),
                     ForeignKeyConstraint(["station", "sha256"], ["file_content.station", "file_content.sha256"]))
Index("version_file_by_content", version_file.c.station, version_file.c.sha256)

forecast = Table("forecast", metadata, Column("id", Number, primary_key=True), _of_station(),
                 Column("origin", Instant, nullable=False), Column("issued", Instant),
                 Column("version", Text, nullable=False), Column("weather", Text), Column("weather_issued", Instant),
                 Column("quality", Text), Column("fallback", Text), Column("notes", Json, nullable=False),
                 Column("content", LargeBinary, nullable=False))
Index("forecast_by_origin", forecast.c.station, forecast.c.origin, forecast.c.issued)

accuracy = Table("accuracy", metadata, Column("id", Number, primary_key=True), _of_station(),
                 Column("date", String(10), nullable=False), Column("timezone", Text, nullable=False),
                 Column("day", Instant, nullable=False), Column("lead_day", Integer, nullable=False),
                 Column("target", Text, nullable=False), Column("origin", Instant, nullable=False),
                 Column("issued", Instant), Column("version", Text, nullable=False),
                 Column("steps", Integer, nullable=False),
                 Column("compared", Integer, nullable=False), Column("checksum", BigInteger, nullable=False),
                 *(Column(name, Float) for name in ("mae", "rmse", "actual_size", "compared_mae", "last_week",
                                                    "inside_80", "forecast_mean", "actual_mean")))
"""`day` is the instant at which the day begins, `date` what it is called in the station's time zone."""
Index("accuracy_by_day", accuracy.c.station, accuracy.c.day)

document = Table("document", metadata, _of_station(primary_key=True), Column("name", Text, primary_key=True),
                 Column("content", LargeBinary, nullable=False))

recall = Table("recall", metadata, _of_station(primary_key=True), Column("content", LargeBinary, nullable=False))

run = Table("run", metadata, Column("id", Text, primary_key=True), Column("kind", Text, nullable=False),
            Column("started", Text, nullable=False), Column("ended", Text), Column("content", Json, nullable=False))
Index("run_by_kind", run.c.kind, run.c.started)


def make_known(connection: Connection, station_id: str) -> None:
    """A row for the station, as one for all else that is kept of it has to be there; within a transaction that
    writes."""
    into = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(into(station).values(id=station_id).on_conflict_do_nothing())
