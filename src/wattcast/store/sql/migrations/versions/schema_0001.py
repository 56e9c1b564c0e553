"""Stations with all that is kept of them, and runs."""

import sqlalchemy as sa
from alembic import op

from wattcast.store.sql.relations import Instant, Json, Number

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table("station", sa.Column("id", sa.Text, primary_key=True), sa.Column("description", Json),
                    sa.Column("measured_as", Json))
    for months in ("measurement_month", "weather_month"):
        op.create_table(months, _of_station(primary_key=True), sa.Column("month", sa.String(7), primary_key=True),
                        sa.Column("first", Instant, nullable=False), sa.Column("last", Instant, nullable=False),
                        sa.Column("rows", sa.Integer, nullable=False),
                        sa.Column("content", sa.LargeBinary, nullable=False))
    _intake()
    _versions()
    _forecasts()
    op.create_table("run", sa.Column("id", sa.Text, primary_key=True), sa.Column("kind", sa.Text, nullable=False),
                    sa.Column("started", sa.Text, nullable=False), sa.Column("ended", sa.Text),
                    sa.Column("content", Json, nullable=False))
    op.create_index("run_by_kind", "run", ["kind", "started"])


def _intake() -> None:
    op.create_table("correction", sa.Column("id", Number, primary_key=True), _of_station(),
                    sa.Column("received", Instant, nullable=False), sa.Column("time", Instant, nullable=False),
                    sa.Column("column_name", sa.Text, nullable=False),
                    sa.Column("before", sa.Float, nullable=False), sa.Column("after", sa.Float, nullable=False))
    op.create_index("correction_by_station", "correction", ["station", "received"])
    op.create_table("taken_in", sa.Column("id", Number, primary_key=True), _of_station(),
                    sa.Column("name", sa.Text, nullable=False), sa.Column("size", sa.BigInteger, nullable=False),
                    sa.Column("sha256", sa.String(64), nullable=False), sa.Column("received", Instant, nullable=False),
                    sa.Column("rows", Json, nullable=False), sa.Column("findings", Json, nullable=False))
    op.create_index("taken_in_by_station", "taken_in", ["station", "received"])


def _versions() -> None:
    op.create_table("version", _of_station(primary_key=True), sa.Column("name", sa.Text, primary_key=True),
                    sa.Column("position", sa.Integer), sa.Column("used", sa.Boolean, nullable=False),
                    sa.Column("manifest", sa.Text, nullable=False))
    op.create_table("alias", _of_station(primary_key=True), sa.Column("alias", sa.Text, primary_key=True),
                    sa.Column("version", sa.Text, nullable=False),
                    sa.ForeignKeyConstraint(["station", "version"], ["version.station", "version.name"]))
    op.create_table("file_content", _of_station(primary_key=True),
                    sa.Column("sha256", sa.String(64), primary_key=True), sa.Column("size", sa.Integer, nullable=False),
                    sa.Column("content", sa.LargeBinary, nullable=False))
    op.create_table("version_file", sa.Column("station", sa.Text, primary_key=True),
                    sa.Column("version", sa.Text, primary_key=True), sa.Column("name", sa.Text, primary_key=True),
                    sa.Column("sha256", sa.String(64), nullable=False),
                    sa.ForeignKeyConstraint(["station", "version"], ["version.station", "version.name"],
                                            ondelete="CASCADE"),
                    sa.ForeignKeyConstraint(["station", "sha256"], ["file_content.station", "file_content.sha256"]))
    op.create_index("version_file_by_content", "version_file", ["station", "sha256"])


def _forecasts() -> None:
    op.create_table("forecast", sa.Column("id", Number, primary_key=True), _of_station(),
                    sa.Column("origin", Instant, nullable=False), sa.Column("issued", Instant),
                    sa.Column("version", sa.Text, nullable=False), sa.Column("weather", sa.Text),
                    sa.Column("weather_issued", Instant), sa.Column("quality", sa.Text), sa.Column("fallback", sa.Text),
                    sa.Column("notes", Json, nullable=False), sa.Column("content", sa.LargeBinary, nullable=False))
    op.create_index("forecast_by_origin", "forecast", ["station", "origin", "issued"])
    measures = ("mae", "rmse", "actual_size", "compared_mae", "last_week", "inside_80", "forecast_mean", "actual_mean")
    op.create_table("accuracy", sa.Column("id", Number, primary_key=True), _of_station(),
                    sa.Column("date", sa.String(10), nullable=False), sa.Column("timezone", sa.Text, nullable=False),
                    sa.Column("day", Instant, nullable=False), sa.Column("lead_day", sa.Integer, nullable=False),
                    sa.Column("target", sa.Text, nullable=False), sa.Column("origin", Instant, nullable=False),
                    sa.Column("issued", Instant), sa.Column("version", sa.Text, nullable=False),
                    sa.Column("steps", sa.Integer, nullable=False), sa.Column("compared", sa.Integer, nullable=False),
                    sa.Column("checksum", sa.BigInteger, nullable=False),
                    *(sa.Column(name, sa.Float) for name in measures))
    op.create_index("accuracy_by_day", "accuracy", ["station", "day"])
    op.create_table("document", _of_station(primary_key=True), sa.Column("name", sa.Text, primary_key=True),
                    sa.Column("content", sa.LargeBinary, nullable=False))
    op.create_table("recall", _of_station(primary_key=True), sa.Column("content", sa.LargeBinary, nullable=False))


def _of_station(primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("station", sa.Text, sa.ForeignKey("station.id", ondelete="CASCADE"), nullable=False,
                     primary_key=primary_key)
