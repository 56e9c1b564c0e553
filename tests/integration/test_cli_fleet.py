"""All stations of a store at once, through the command line: forecasts, resuming after kills, poisoned stations."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.fleet import run
from wattcast.fleet.ledger import Ledger
from wattcast.store.disk import DiskStore
from wattcast.store.open import open_store
from wattcast.store.shelf import ShelvedVersions

END = pd.Timestamp("2025-06-02 06:00", tz="Asia/Shanghai")
NAMES = ("east", "north", "south", "west")


def rows(name: str, days: int = 30) -> StationData:
    index = pd.date_range(END - pd.Timedelta(days=days), END, freq="1h", inclusive="left", name="time")
    power = 100 + 50 * np.sin(index.hour.to_numpy() * np.pi / 12) + np.random.default_rng(len(name)).normal(
        0, 5, len(index))
    return StationData(Station(id=name, step="1h", horizon="1d"), pd.DataFrame({TOTAL: power}, index=index))


@pytest.fixture
def store(place: Path) -> DiskStore:
    """Four stations without a model in `models`; what is kept of `west` is damaged."""
    store = DiskStore(place / "models")
    for name in NAMES:
        store.station(name).replace_measurements(rows(name))
    (place / "models" / "west" / "history" / "measurements.parquet").write_bytes(b"no Parquet")
    return store


def issued(store: DiskStore) -> dict[str, int]:
    return {name: len(list(store.station(name).forecasts())) for name in NAMES}


def test_fleet_forecast__every_station_but_the_damaged_one(cli: Callable, store: DiskStore, place: Path) -> None:
    done = cli("fleet", "forecast", "--executor", "inline", "--out", "all.csv")
    assert done.code == 2
    assert "4 stations in " in done.out
    assert "a second: " in done.out
    assert "error: station west: " in done.err
    assert issued(store) == {"east": 1, "north": 1, "south": 1, "west": 0}
    table = pd.read_csv(place / "all.csv")
    assert table.groupby("station_id").size().to_dict() == {"east": 24, "north": 24, "south": 24}
    alone = cli("forecast", "--station", "east", "--out", "east.csv", "--dry-run", "--now", "2025-06-02 07:00")
    assert alone.code == 0
    east = table[table.station_id == "east"].reset_index(drop=True)
    pd.testing.assert_frame_equal(east, pd.read_csv(place / "east.csv"), rtol=1e-5)


def test_fleet_forecast__rows_ahead_of_the_clock_count_as_one_by_one(cli: Callable, place: Path) -> None:
    """Of a wrong time zone, say; and what is issued at the run's start says so."""
    kept, data = DiskStore(place / "models").station("east"), rows("east")
    ahead = pd.Timestamp.now(END.tz).floor("h") + pd.Timedelta(hours=5)
    kept.replace_measurements(replace(data, frame=data.frame.set_axis(data.frame.index + (ahead - END), axis=0)))
    assert cli("fleet", "forecast", "--executor", "inline").code == 0
    assert cli("forecast", "--station", "east", "--out", "east.csv").code == 0
    together, alone = kept.forecasts()
    assert together.origin == alone.origin == ahead
    assert together.quality == alone.quality
    run = json.loads((place / "fleet-forecast.jsonl").read_text().splitlines()[0])["run"]
    assert together.issued == pd.Timestamp(run["started"])


def test_fleet_forecast__a_database_s_file_is_the_same_from_anywhere(cli: Callable, place: Path) -> None:
    """A worker of a cluster has another working directory."""
    with closing(open_store("sqlite:///fleet.db")) as store:
        store.station("east").replace_measurements(rows("east"))
    assert cli("fleet", "forecast", "--executor", "inline", "--store", "sqlite:///fleet.db").code == 0
    told = json.loads((place / "fleet-forecast.jsonl").read_text().splitlines()[0])["run"]
    assert told["store"] == f"sqlite:///{place / 'fleet.db'}"


def test_fleet_forecast__shares_are_recalled(cli: Callable, store: DiskStore) -> None:
    cli("fleet", "forecast", "--executor", "inline")
    kept = {name: store.station(name).recall() for name in NAMES}
    assert [len(each) for each in kept.values()] == [1, 1, 1, 0]
    first = [forecast.table for name in NAMES[:3] for forecast in store.station(name).forecasts()]
    cli("fleet", "forecast", "--executor", "inline")
    again = [list(store.station(name).forecasts())[-1].table for name in NAMES[:3]]
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one, other)
    store.station("east").append_measurements(rows("eastern", days=2), received=END)
    cli("fleet", "forecast", "--executor", "inline")
    assert store.station("east").recall().keys() != kept["east"].keys()


def test_fleet_forecast__resumed_does_what_is_left(cli: Callable, store: DiskStore) -> None:
    """What failed is tried again; what is done is not."""
    cli("fleet", "forecast", "--executor", "inline", "--json")
    store.station("west").replace_measurements(rows("west"))
    done = cli("fleet", "forecast", "--executor", "inline", "--resume", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert (told["stations"], told["states"]) == (1, {"done": 1})
    assert issued(store) == dict.fromkeys(NAMES, 1)


@pytest.mark.parametrize("killed", ["before it is kept", "before its line"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_fleet_forecast__killed_and_resumed(cli: Callable, store: DiskStore, monkeypatch: pytest.MonkeyPatch,
                                            killed: str, at: int) -> None:
    """Nothing is lost, nothing is there twice."""
    store.station("west").replace_measurements(rows("west"))
    place, method = (DiskStore, "station") if killed == "before it is kept" else (Ledger, "add")
    right, calls = getattr(place, method), []

    def dies(*arguments: object, **told: object) -> object:
        calls.append(arguments)
        if len(calls) > at:
            raise KeyboardInterrupt
        return right(*arguments, **told)

    with monkeypatch.context() as patch:
        patch.setattr(place, method, dies)
        assert cli("fleet", "forecast", "--executor", "inline").code == 130
    assert cli("fleet", "forecast", "--executor", "inline", "--resume").code == 0
    assert issued(store) == dict.fromkeys(NAMES, 1)


@pytest.mark.slow
def test_fleet_forecast__in_processes_a_poisoned_station_fails_alone(cli: Callable, store: DiskStore,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TOGETHER", 4)
    done = cli("fleet", "forecast", "--executor", "processes", "--jobs", "1", "--json")
    told = json.loads(done.out)
    assert told["states"] == {"done": 3, "failed": 1}
    assert [failed["station"] for failed in told["failed"]] == ["west"]
    assert issued(store) == {"east": 1, "north": 1, "south": 1, "west": 0}


def test_fleet_train__each_model_becomes_the_champion(cli: Callable, tiny: tuple[str, ...], place: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that was stored right before a kill; and a damaged station fails alone, also when it is resumed."""
    store = DiskStore(place / "models")
    store.station("east").replace_measurements(rows("east", days=40))
    store.station("short").replace_measurements(rows("short", days=5))
    store.station("damaged").replace_measurements(rows("damaged", days=5))
    (place / "models" / "damaged" / "registry.json").write_text("{")
    flags = ("fleet", "train", "--executor", "inline", *tiny, "--set", "model.patch_len=24")
    with monkeypatch.context() as patch:
        patch.setattr(ShelvedVersions, "promote", Mock(side_effect=KeyboardInterrupt))
        assert cli(*flags).code == 130
    assert store.station("east").versions.champion() is None
    done = cli(*flags, "--resume")
    assert done.code == 2
    assert "error: station damaged: " in done.err
    assert "error: station short: " in done.err
    assert store.station("east").versions.champion() == "v0001"
    # Killed before its line was written: it is not trained again.
    path = place / "fleet-train.jsonl"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"east"' not in line))
    cli(*flags, "--resume")
    assert [version.name for version in store.station("east").versions.versions()] == ["v0001"]
    assert [line["station"] for line in map(json.loads, path.read_text().splitlines()[1:])
            if line["state"] == "done"] == ["east"]


def test_fleet_forecast__tells_qualities_and_may_be_strict(cli: Callable, models: Path) -> None:
    DiskStore(models).station("east").replace_measurements(rows("east"))
    given = ("fleet", "forecast", "--executor", "inline", "--dry-run")
    done = cli(*given)
    assert done.code == 0
    marks = [cli("forecast", "--station", name, "--dry-run", "--json").out for name in ("east", "plant")]
    expected = pd.Series([json.loads(told)["quality"] for told in marks]).value_counts().to_dict()
    told = json.loads(cli(*given, "--json").out)
    assert told["quality"] == expected
    assert all(f"{count} {mark}" in done.out.rpartition("quality: ")[2] for mark, count in expected.items())
    assert cli(*given, "--strict").code == 4
    resumed = cli(*given, "--strict", "--resume")
    assert resumed.code == 4
    assert "nothing was left to do" in resumed.out


def test_fleet_forecast__trained_stations_too(cli: Callable, models: Path) -> None:
    done = cli("fleet", "forecast", "--executor", "inline", "--models-dir", models, "--json")
    assert done.code == 0
    (forecast,) = DiskStore(models).station("plant").forecasts()
    assert forecast.version == "v0001"


def test_fleet_plan__hours_and_money(cli: Callable, store: DiskStore) -> None:
    done = cli("fleet", "--plan", "--stations", 1000, "--cores", 64, "--price-per-core-hour", 0.5, "--json")
    assert done.code == 0
    told = json.loads(done.out)
    training = told["estimate"]["training all once, at most"]
    assert training["hours"] == pytest.approx(training["core_hours"] / 64)
    assert training["price"] == pytest.approx(training["core_hours"] / 2)
    assert issued(store) == dict.fromkeys(NAMES, 0)


def test_fleet_plan__of_stations_too_young_to_learn_from(cli: Callable, place: Path, tiny: tuple[str, ...]) -> None:
    DiskStore(place / "models").station("east").replace_measurements(rows("east", days=10))
    done = cli("fleet", "--plan", "--stations", 1000, *tiny, "--set", "model.patch_len=24")
    assert done.code == 0, done.err
    assert "timed on 1 stations of 24 steps" in done.out
    assert "made-up hourly station" in done.out


@pytest.mark.parametrize(("flags", "words"), [
    ((), "nothing is to be done"),
    (("forecast", "--ray-address", "ray://head:10001"), "--ray-address says nothing"),
    (("forecast", "--resume", "--out", "all.csv"), "contradict"),
    (("forecast", "--out", "all.doc"), "all.doc"),
    (("--plan",), "how many there will be"),
    (("forecast", "--executor", "inline"), "no rows"),
])
def test_fleet__wrong_flags(cli: Callable, place: Path, flags: tuple[str, ...], words: str) -> None:
    done = cli("fleet", *flags)
    assert done.code == 2
    assert words in done.err
    assert not list(place.glob("*.jsonl"))
