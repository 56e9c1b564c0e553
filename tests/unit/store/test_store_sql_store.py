"""What a store in a database does that others do not: rows for people, months, what is kept once, connections."""

import gc
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text, update

from postgres import PASSWORD
from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import BundleError, DataError, StoreError
from wattcast.store.base import ACCURACY, IssuedForecast
from wattcast.store.open import open_store
from wattcast.store.sql import SqlStore
from wattcast.store.sql.relations import file_content, forecast, measurement_month, version

PAGE = Path(__file__).parents[3] / "docs" / "store.md"
ZONE = "Asia/Shanghai"
STATION = Station(id="plant", known_future=("warm",), step="1h", timezone=ZONE)
DAY = pd.Timestamp("2025-06-02", tz=ZONE)


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    with closing(SqlStore(database_url)) as store:
        yield store


def rows(first: str, days: int, level: float = 0.0) -> StationData:
    index = pd.date_range(first, periods=24 * days, freq="1h", tz=ZONE, name="time")
    issued = pd.MultiIndex.from_product([index[::24], index[:3]], names=["issued", "time"])
    return StationData(STATION, pd.DataFrame({TOTAL: level + np.arange(len(index)), "warm": 7.5}, index),
                       WeatherVintages(pd.DataFrame({"warm": np.arange(len(issued)) / 7}, issued)))


def issued(quality: str) -> IssuedForecast:
    index = pd.date_range(DAY, periods=4, freq="1h", name="time")
    return IssuedForecast(DAY, "v0001", pd.DataFrame({TOTAL: 1.0}, index), issued=DAY, quality=quality, notes=("天",))


def asked(store: SqlStore, statement: str) -> list[tuple[object, ...]]:
    with store._database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_documented_queries__tell_what_they_say(store, model) -> None:
    station = store.station("plant")
    station.versions.promote(station.versions.add(model, {}))
    for quality in ("ok", "stale"):
        station.keep_forecast(issued(quality))
    for lead in (1, 2):
        station.keep_accuracy(pd.DataFrame([{
            **dict.fromkeys(ACCURACY, 1.0), "day": DAY, "lead_day": lead, "target": TOTAL, "origin": DAY, "issued": DAY,
            "version": "v0001", "steps": 24, "compared": 24, "checksum": 1, "compared_mae": 1.5 * lead,
            "last_week": 2.0}]))
    block, = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    champions, june, doubtful = (asked(store, statement) for statement in block.split(";") if statement.strip())
    assert champions == [("plant", "v0001")]
    assert june == [("plant", 1, 1, 1.5, 2.0), ("plant", 2, 1, 3.0, 2.0)]
    assert [(row[0], row[3], row[4], json.loads(str(row[6]))) for row in doubtful] == [
        ("plant", "v0001", "stale", ["天"])]
    created = {"postgresql": "manifest::json->>'created'", "sqlite": "json_extract(manifest, '$.created')"}
    kind = store.place.partition(":")[0]
    assert asked(store, f"SELECT {created[kind]} FROM version".replace(":", r"\:")) == [
        (station.versions.manifest("v0001")["created"],)]


def test_append__rewrites_the_months_that_it_reaches(store) -> None:
    def contents() -> dict[tuple[str, str], bytes]:
        return {(table, str(month)): bytes(content) for table in ("measurement_month", "weather_month")
                for month, content in asked(store, f"SELECT month, content FROM {table}")}

    station = store.station("plant")
    station.replace_measurements(rows("2025-01-10", 80))
    before = contents()
    station.append_measurements(rows("2025-03-25", 12, level=24 * 74), received=DAY)
    after = contents()
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {(table, month) for table in ("measurement_month", "weather_month")
                       for month in ("2025-03", "2025-04")}
    assert len(station.measurements().frame) == 24 * 86
    station.append_measurements(rows("2025-06-01", 1), received=DAY)
    frame = station.measurements().frame
    assert frame.index.equals(pd.date_range(frame.index[0], frame.index[-1], freq="1h"))
    assert sorted(month for table, month in contents() if table == "measurement_month") == [
        f"2025-{month:02d}" for month in range(1, 7)]


def test_append__in_another_time_zone_rewrites_them_all(store) -> None:
    station = store.station("plant")
    station.append_measurements(rows("2025-01-10", 60), received=DAY)
    moved = STATION.model_copy(update={"timezone": "Asia/Tokyo"})
    more = rows("2025-03-11", 5, level=24 * 60)
    station.append_measurements(StationData(moved, more.frame.tz_convert("Asia/Tokyo")), received=DAY)
    found = station.measurements()
    assert str(found.frame.index.tz) == "Asia/Tokyo"
    assert found.frame[TOTAL].tolist() == list(range(24 * 65))


def test_files__that_are_alike_are_kept_once_and_go_with_the_last(store, model) -> None:
    station = store.station("plant")
    for run in range(2):
        station.versions.promote(station.versions.add(model, {"run": run}))
    sizes = [each.size for each in station.versions.versions()]
    assert station.sizes()["versions"] < 0.6 * sum(sizes)
    station.versions.promote(station.versions.add(model, {}))
    station.versions.prune(1)
    assert [each.name for each in station.versions.versions()] == ["v0002", "v0003"]
    for each in station.versions.versions():
        station.versions.load(each.name)
    kept = asked(store, "SELECT count(*), count(DISTINCT sha256) FROM version_file")[0]
    assert asked(store, "SELECT count(*) FROM file_content") == [(kept[1],)]
    assert kept[0] > kept[1]


def test_damaged__is_named_and_not_used(store, model, caplog) -> None:
    station = store.station("plant")
    station.versions.promote(station.versions.add(model, {}))
    station.replace_measurements(rows("2025-01-10", 3))
    for quality in ("ok", "stale"):
        station.keep_forecast(issued(quality))
    with store._database.writing() as connection:
        for table in (measurement_month, file_content):
            connection.execute(update(table).values(content=b"rubbish"))
        connection.execute(update(forecast).where(forecast.c.quality == "ok").values(content=b"rubbish"))
    with pytest.raises(DataError, match=r"what is kept of station plant in .* is damaged"):
        station.measurements()
    with pytest.raises(BundleError, match="is not what was written"):
        station.versions.load()
    assert [made.quality for made in station.forecasts()] == ["stale"]
    assert "the stored forecast of station plant at 2025-06-01 16:00:00+00:00 is damaged" in caplog.text
    with store._database.writing() as connection:
        connection.execute(update(version).values(manifest="{}"))
    with pytest.raises(BundleError):
        station.versions.manifest("champion")


def test_work_folder__is_of_one_store_and_one_station(store, tmp_path) -> None:
    with closing(SqlStore(f"sqlite:///{tmp_path / 'another.db'}")) as another:
        folders = [station.work_folder(purpose) for station in (store.station("a"), store.station("b"),
                                                                another.station("a"))
                   for purpose in ("training", "search")]
        assert len(set(folders)) == 6
        assert store.station("a").work_folder("training") == folders[0]


def test_connections__of_a_store_that_nobody_closed_end_with_it(database_url) -> None:
    store = SqlStore(database_url)
    store.station("plant").describe({})
    del store
    gc.collect()


def test_several_at_once__lose_nothing(database_url, store) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with closing(SqlStore(database_url)) as own:
                station = own.station("plant")
                for turn in range(5):
                    station.keep_forecast(issued(f"{number}.{turn}"))
                    with station.locked():
                        told = station.description() or {"count": 0}
                        station.describe({"count": told["count"] + 1})
                    own.station(f"other {number}").describe({"turn": turn})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert store.station("plant").description() == {"count": 20}
    assert len({made.quality for made in store.station("plant").forecasts()}) == 20
    assert store.stations() == ("other 0", "other 1", "other 2", "other 3", "plant")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork__leaves_the_parent_s_connections_alone(store) -> None:
    store.station("plant").describe({"a": 1})
    child = os.fork()
    if not child:
        code = 1
        try:
            store.station("plant").describe({"a": 2})
            store.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.station("plant").description() == {"a": 2}


def test_postgresql__stopped_between_and_under_changes(postgresql, model) -> None:
    with closing(open_store(postgresql.new_database())) as store:
        station = store.station("plant")
        station.versions.promote(station.versions.add(model, {}))
        postgresql.stop()
        try:
            for use in (lambda: station.versions.add(model, {}), station.measurements, store.stations,
                        lambda: station.keep_forecast(issued("ok"))):
                with pytest.raises(StoreError, match="cannot be reached") as error:
                    use()
                assert PASSWORD not in str(error.getrepr(chain=True))
        finally:
            postgresql.start()
        assert [each.name for each in station.versions.versions()] == ["v0001"]
        assert list(station.forecasts()) == []
        station.keep_forecast(issued("ok"))
        assert station.versions.add(model, {}) == "v0002"
        station.versions.load()
