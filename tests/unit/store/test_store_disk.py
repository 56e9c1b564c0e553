"""What is particular to the store on disk: what was there before, and `kill -9` at every write.

What a kill leaves on the disk is what is there at that instant, so a copy of it is taken before each rename that makes
a write count.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError, InputError
from wattcast.store import disk
from wattcast.store.base import ACCURACY, IssuedForecast, TakenIn
from wattcast.store.disk import DiskStore
from wattcast.store.disk_station import DiskStation

ZONE = "Asia/Shanghai"
STATION = Station(id="works", known_future=("warm",), step="1h", timezone=ZONE)
MARCH, HOUR = pd.Timestamp("2025-03-01", tz=ZONE), pd.Timedelta("1h")


def rows(first: pd.Timestamp, count: int, level: float = 200.0) -> StationData:
    index = pd.date_range(first, periods=count, freq="1h", name="time")
    table = pd.DataFrame({"warm": 1.5}, index=pd.MultiIndex.from_product([index[:1], index], names=["issued", "time"]))
    return StationData(STATION, pd.DataFrame({TOTAL: level + np.arange(count), "warm": 7.5}, index=index),
                       WeatherVintages(table))


def forecast(value: float) -> IssuedForecast:
    index = pd.date_range(MARCH, periods=24, freq="1h", name="time")
    return IssuedForecast(MARCH, "v0001", pd.DataFrame({TOTAL: value}, index=index), MARCH)


def accuracy(mae: float) -> pd.DataFrame:
    row = {**dict.fromkeys(ACCURACY, 0.5), "day": MARCH, "lead_day": int(mae), "target": TOTAL, "origin": MARCH,
           "issued": MARCH, "version": "v0001", "mae": mae}
    return pd.DataFrame([row])[list(ACCURACY)]


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    """Something of everything."""
    store = DiskStore(tmp_path / "models")
    kept = store.station("works")
    kept.describe({"step": "1h"})
    kept.append_measurements(rows(MARCH, 48), received=MARCH)
    kept.append_measurements(rows(MARCH, 1, 1.0), received=MARCH + HOUR)
    kept.note_taken_in(TakenIn("a.csv", 1, "0", MARCH))
    kept.keep_forecast(forecast(1.0))
    kept.keep_accuracy(accuracy(1.0))
    kept.keep_recall({"a": np.ones((2, 2))})
    store.keep_run({"id": "a", "kind": "night", "started": "2025", "ended": None})
    return store


def told(store: DiskStore) -> dict[str, object]:
    """All that is kept, as plain values."""
    kept = store.station("works")
    data = kept.measurements()
    assert data is not None
    assert data.vintages is not None
    return {"description": kept.description(), "power": data.frame[TOTAL].tolist(),
            "issues": len(data.vintages.table), "corrections": kept.corrections()["after"].tolist(),
            "files": [file.name for file in kept.taken_in()], "accuracy": kept.accuracy()["mae"].tolist(),
            "forecasts": [made.table[TOTAL].iloc[0] for made in kept.forecasts()], "recall": sorted(kept.recall()),
            "runs": [run["ended"] for run in store.runs()], "documents": kept.documents().get("gate.json")}


CHANGES: dict[str, Callable[[DiskStore], object]] = {
    "describe": lambda store: store.station("works").describe({"step": "15min"}),
    "replace": lambda store: store.station("works").replace_measurements(rows(MARCH, 60, 9.0)),
    "append": lambda store: store.station("works").append_measurements(rows(MARCH + 46 * HOUR, 9, 900.0),
                                                                       received=MARCH + 2 * HOUR),
    "taken in": lambda store: store.station("works").note_taken_in(TakenIn("b.csv", 1, "1", MARCH)),
    "forecast": lambda store: store.station("works").keep_forecast(forecast(2.0)),
    "accuracy": lambda store: store.station("works").keep_accuracy(accuracy(2.0)),
    "recall": lambda store: store.station("works").keep_recall({"b": np.zeros((2, 2))}),
    "document": lambda store: store.station("works").keep_document("gate.json", b"{}"),
    "run": lambda store: store.keep_run({"id": "a", "kind": "night", "started": "2025", "ended": "2026"}),
}
"""Everything that changes what is kept, but for the versions, whose tests are the registry's."""


@pytest.mark.parametrize("name", CHANGES)
def test_kill__at_every_write_leaves_what_was_or_what_is_to_be(store: DiskStore, tmp_path: Path, monkeypatch,
                                                               name: str) -> None:
    honest, left = os.replace, []

    def replace(source: str | Path, target: str | Path) -> None:
        left.append(shutil.copytree(store.root, tmp_path / f"killed-{len(left)}"))
        honest(source, target)

    before = told(store)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        CHANGES[name](store)
    after = told(store)
    assert left
    assert after != before
    for folder in left:
        killed = DiskStore(folder)
        found = told(killed)
        assert all(found[key] in (before[key], after[key]) for key in before)
        CHANGES[name](killed)
        assert told(killed) == after


def test_kill__between_the_forecasts_that_go_leaves_the_others(store: DiskStore, monkeypatch) -> None:
    kept, honest = store.station("works"), Path.unlink
    for value in (2.0, 3.0):
        kept.keep_forecast(forecast(value))

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if len(list(kept.forecasts())) == 2:
            raise KeyboardInterrupt
        honest(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        with pytest.raises(KeyboardInterrupt):
            kept.remove_forecasts(MARCH + HOUR)
    assert kept.remove_forecasts(MARCH + HOUR) == 2
    assert list(kept.forecasts()) == []


def test_station__what_an_early_version_of_the_program_kept_is_read(tmp_path: Path, trained_models: Path) -> None:
    models = Path(shutil.copytree(trained_models, tmp_path / "models"))
    kept = DiskStore(models).station("plant")
    history = models / "plant" / "history"
    expected = kept.measurements()
    assert expected is not None
    for path in history.iterdir():     # as they were written then: nothing is said of the station
        pd.read_parquet(path).to_parquet(path)
    again = kept.measurements()
    assert again is not None
    assert again.station == expected.station
    pd.testing.assert_frame_equal(again.frame, expected.frame, check_freq=False)
    shutil.rmtree(models / "plant" / "versions")
    (models / "plant" / "registry.json").unlink()
    guessed = kept.measurements()
    assert guessed is not None
    assert (guessed.station.id, guessed.station.columns) == ("plant", expected.station.columns)
    assert DiskStore(models).stations() == ("plant",)


@pytest.mark.parametrize(("file", "read"), [
    ("station.json", lambda kept: kept.description()), ("accuracy.parquet", lambda kept: kept.accuracy()),
    ("history/taken_in.json", lambda kept: kept.taken_in()), ("history/corrections.parquet", DiskStation.corrections),
    ("history/measurements.parquet", DiskStation.measurements),
    ("history/weather_forecasts.parquet", lambda kept: kept.measurements(since=MARCH))])
def test_station__a_damaged_file_is_named(store: DiskStore, file: str, read) -> None:
    (store.root / "works" / file).write_bytes(b"{ PAR1 broken")
    with pytest.raises(DataError, match=f"{file} is damaged"):
        read(store.station("works"))


def test_station__files_can_be_read_by_a_person(store: DiskStore) -> None:
    folder = store.root / "works"
    assert json.loads((folder / "station.json").read_text()) == {"step": "1h"}
    assert json.loads((folder / "history" / "taken_in.json").read_text())[0]["name"] == "a.csv"
    assert pd.read_parquet(folder / "history" / "corrections.parquet")["after"].tolist() == [1.0]
    assert pd.read_parquet(next((folder / "forecasts").glob("*.parquet")))[TOTAL].iloc[0] == 1.0
    run, = (store.root / ".wattcast" / "runs").glob("*.json")
    assert json.loads(run.read_text())["kind"] == "night"


def test_stations__folders_in_which_nothing_is_kept_are_none(store: DiskStore) -> None:
    (store.root / "empty" / "training").mkdir(parents=True)
    (store.root / "locked").mkdir()
    (store.root / "locked" / ".lock").touch()
    (store.root / "file").touch()
    assert store.stations() == ("works",)


def test_station__what_windows_keeps_for_itself_is_refused_there(store: DiskStore, monkeypatch) -> None:
    for name in ("CON", "nul.txt", "a.", "a ", "a:b", "a?"):
        store.station(name)
        with monkeypatch.context() as patch:
            patch.setattr(disk, "ON_WINDOWS", True)
            with pytest.raises(InputError, match="on Windows"):
                store.station(name)
            assert store.station("console.a").station_id == "console.a"
