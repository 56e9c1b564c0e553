"""`kill -9` at every write of a store in SQLite: whatever is left opens, and everything in it is whole.

What a kill leaves is what is in the database's files at that instant, so they are copied before each statement and
each commit; some kills are real ones.
"""

import hashlib
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from processes import Started
from sqlalchemy import Engine, event

from wattcast.contracts import Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import BundleError
from wattcast.experts.trained import TrainedModel
from wattcast.store.base import ACCURACY, IssuedForecast, TakenIn
from wattcast.store.bundle_folder import load_folder
from wattcast.store.sql import SqlStore
from wattcast.store.sql.sql_station import SqlStation

STATION = Station(id="plant", known_future=("temp",), timezone="Asia/Shanghai")
DAY, NOW = pd.Timestamp("2025-05-05", tz=STATION.timezone), pd.Timestamp("2025-05-06 01:30", tz=STATION.timezone)


def rows(first: str, days: int, level: float) -> StationData:
    """Two months' worth of days, so that what comes in rewrites some months and leaves others."""
    index = pd.date_range(first, periods=96 * days, freq="15min", tz=STATION.timezone, name="time")
    issued = pd.MultiIndex.from_product([index[::96], index[:4]], names=["issued", "time"])
    return StationData(STATION, pd.DataFrame({"total_active_power": level + np.arange(len(index)), "temp": 5.0}, index),
                       WeatherVintages(pd.DataFrame({"temp": level}, issued)))


def forecast(version: str) -> IssuedForecast:
    index = pd.date_range(DAY, periods=8, freq="15min", name="time")
    return IssuedForecast(DAY, version, pd.DataFrame({"total_active_power": 1.0}, index), issued=NOW)


def score(mae: float) -> pd.DataFrame:
    return pd.DataFrame([{**dict.fromkeys(ACCURACY, 1.0), "day": DAY, "lead_day": 1, "target": "total_active_power",
                          "origin": DAY, "issued": NOW, "version": "v0001", "steps": 96, "compared": 96, "checksum": 7,
                          "mae": mae}])[list(ACCURACY)]


def begin(store: SqlStore, model: TrainedModel) -> None:
    """What is there before: three versions, all of them once champions, and something of everything else."""
    station = store.station("plant")
    for run in range(3):
        station.versions.promote(station.versions.add(model, {"run": run}))
    station.replace_measurements(rows("2025-03-20", 40, 100.0))
    station.keep_forecast(forecast("v0001"))
    station.keep_accuracy(score(1.0))
    station.keep_recall({"a": np.zeros(2)})
    station.keep_document("gate.json", b"{}")
    store.keep_run({"id": "night", "kind": "night", "started": "2025-05-05", "ended": "2025-05-06"})


REJECTED = {"parent": "v0002", "finetune": {"lr": 0.1}, "gate": {"promoted": False}}
WORK: dict[str, Callable[[SqlStore, SqlStation, TrainedModel], object]] = {
    "add": lambda _, station, model: station.versions.add(model, {}, alias="candidate", **REJECTED),
    "promote": lambda _, station, __: station.versions.promote("v0002"),
    "rollback": lambda _, station, __: station.versions.rollback(),
    "prune": lambda _, station, __: station.versions.prune(1),
    "append": lambda _, station, __: station.append_measurements(rows("2025-04-28", 8, 200.0), received=NOW),
    "replace": lambda _, station, __: station.replace_measurements(rows("2025-02-01", 60, 300.0)),
    "forecast": lambda _, station, __: (station.keep_forecast(forecast("v0002")), station.remove_forecasts(NOW)),
    "accuracy": lambda _, station, __: station.keep_accuracy(score(3.0)),
    "others": lambda store, station, __: (
        station.describe({"kind": "load"}), station.keep_recall({"b": np.ones(3)}),
        station.keep_document("gate.json", b"[]"), station.note_taken_in(TakenIn("a.csv", 1, "0" * 64, NOW)),
        store.keep_run({"id": "night", "kind": "night", "started": "2025-05-05", "ended": "2025-05-07"})),
    "first": lambda store, _, __: store.station("new").describe({}),
}
"""What changes a store."""


def rows_in(folder: Path) -> str:
    """A name for all that is in a database."""
    with closing(sqlite3.connect(folder / "wattcast.db")) as database:
        tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        found = [sorted(database.execute(f"SELECT * FROM {name}"), key=repr) for name in tables]
    return hashlib.sha256(repr((tables, found)).encode()).hexdigest()


def require_whole(store: SqlStore) -> None:
    """Every part of what is kept can be read, and goes with the others."""
    station = store.station("plant")
    for each in station.versions.versions():
        station.versions.load(each.name)
    assert station.versions.champion() in {each.name for each in station.versions.versions()}
    data = station.measurements()
    assert data is not None
    assert data.vintages is not None
    assert data.frame.index.equals(pd.date_range(data.frame.index[0], data.frame.index[-1], freq="15min"))
    assert all(len(made.table) == 8 for made in station.forecasts())
    for told in (station.corrections(), station.accuracy(), station.taken_in(), dict(station.documents()), store.runs(),
                 station.description(), station.recall()):
        assert told is not False


def require_no_strays(store: SqlStore) -> None:
    """No content without a file, no file of a version that does not count, once something is written again."""
    station = store.station("plant")
    station.versions.promote("v0003")
    with store._database.reading() as connection:
        assert connection.exec_driver_sql(
            "SELECT count(*) FROM file_content WHERE sha256 NOT IN (SELECT sha256 FROM version_file)").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM version WHERE position IS NULL").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


@pytest.fixture(scope="module")
def begun(model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database in which something is kept."""
    folder = tmp_path_factory.mktemp("begun")
    with closing(SqlStore(f"sqlite:///{folder / 'wattcast.db'}")) as store:
        begin(store, model)
    return folder


def in_folder(folder: Path) -> SqlStore:
    return SqlStore(f"sqlite:///{folder / 'wattcast.db'}")


def at_each_write(store: SqlStore, do: Callable[[], object]) -> None:
    """Do something before each statement of a transaction that writes, and before each commit."""
    def before(*told: object) -> None:
        if not str(told[2]).startswith("SELECT"):
            do()

    engine: Engine = store._database._engine
    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", lambda _: do())


@pytest.mark.parametrize("name", WORK)
def test_kill__at_every_write_leaves_what_was_or_what_is_to_be(begun, model, tmp_path, name: str) -> None:
    folder, left = Path(shutil.copytree(begun, tmp_path / "store")), []
    with closing(in_folder(folder)) as store:
        at_each_write(store, lambda: left.append(shutil.copytree(folder, tmp_path / f"killed-{len(left)}")))
        WORK[name](store, store.station("plant"), model)
    assert len(left) >= 4
    seen = {rows_in(killed): killed for killed in (begun, *left)}
    assert rows_in(begun) == next(iter(seen)) != rows_in(folder)
    for killed in list(seen.values())[1:] or left[-1:]:
        with closing(in_folder(killed)) as store:
            require_whole(store)
            WORK[name](store, store.station("plant"), model)
            require_no_strays(store)


def killed_at(write: int, folder: Path, name: str, model_folder: Path) -> None:
    """The same in a process that is killed before so many writes."""
    model, left = load_folder(model_folder), count(write, -1)
    store = in_folder(folder)
    at_each_write(store, lambda: next(left) == 1 and os.kill(os.getpid(), signal.SIGKILL))
    WORK[name](store, store.station("plant"), model)


@pytest.mark.parametrize(("name", "write"), [("add", 8), ("append", 9), ("promote", 5)])
def test_real_kill__then_the_same_again(begun, model, trained_models, tmp_path, name: str, write: int) -> None:
    folder = Path(shutil.copytree(begun, tmp_path / "store"))
    with Started(killed_at, write, folder, name, trained_models / "plant" / "versions" / "v0001") as killed:
        assert killed.ended()[0] == -signal.SIGKILL
    assert rows_in(folder) == rows_in(begun)
    with closing(in_folder(folder)) as store:
        require_whole(store)
        WORK[name](store, store.station("plant"), model)
        require_no_strays(store)


def test_kill__while_the_schema_is_made(tmp_path) -> None:
    folder, left = tmp_path / "store", []
    folder.mkdir()
    with closing(in_folder(folder)) as store:
        at_each_write(store, lambda: left.append(shutil.copytree(folder, tmp_path / f"killed-{len(left)}")))
        store.station("plant").describe({})
    assert len(left) > 20
    for killed in left[::5]:
        with closing(in_folder(killed)) as store:
            assert store.stations() == ()
            with pytest.raises(BundleError):
                store.station("plant").versions.load()
            store.station("plant").describe({})
            assert store.stations() == ("plant",)
