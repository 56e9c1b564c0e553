from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from made_up_night import NOW

from wattcast.contracts import Station
from wattcast.data.schema import StationData
from wattcast.errors import BundleError, DataError
from wattcast.nightly.ladder import FellOffError, climb_down
from wattcast.nightly.rungs import Rungs
from wattcast.store.base import IssuedForecast
from wattcast.store.memory import MemoryStation, MemoryStore
from wattcast.workflows.job import Job


@pytest.fixture
def rungs() -> Callable[..., Rungs]:
    """Of a station of which nothing is kept but what a registry says."""
    def make(**aliases: str) -> Rungs:
        store = MemoryStore()
        station = store.station("north")
        station._shelf.replace({"station": "north", "versions": sorted(aliases.values()), "aliases": aliases})
        return Rungs(station, Job(None, "north", store=store), NOW)
    return make


def marks(rungs: Rungs, *, hurried: bool = False) -> list[str]:
    return [rung.mark for rung in rungs.all(hurried)]


def test_rungs__lead_from_the_champion_down(rungs) -> None:
    spare = ["last_week", "last_issued", "capacity"]
    assert marks(rungs(champion="v0002", previous="v0001")) == ["champion", "previous", "base", *spare]
    assert marks(rungs(champion="v0001")) == ["champion", "base", *spare]
    assert marks(rungs()) == ["base", *spare]
    assert marks(rungs(champion="v0001"), hurried=True) == spare


def test_rungs__a_registry_that_cannot_be_read_is_a_champion_that_fails(rungs, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_: object) -> None:
        raise BundleError("registry.json is damaged")
    monkeypatch.setattr(type(rungs().station.versions), "aliases", damaged)
    champion = rungs(champion="v0001").all(False)[0]
    with pytest.raises(BundleError, match="damaged"):
        champion.make()


def test_rungs__of_nothing_say_that_nothing_is_known(rungs) -> None:
    with pytest.raises(FellOffError) as fell:
        climb_down(rungs().all(False))
    assert [slip.mark for slip in fell.value.slips] == ["base", "last_week", "last_issued", "capacity"]
    assert "nothing is known of station north: no measurement, no forecast, no capacity" in str(fell.value)


def _issued(fallback: str | None = None) -> IssuedForecast:
    index = pd.date_range(NOW.normalize() - pd.Timedelta(days=1), periods=168, freq="1h", name="time")
    table = pd.DataFrame({"total_active_power": [float(hour) for hour in index.hour]}, index=index)
    return IssuedForecast(index[0], "v0001", table, index[0], fallback=fallback)


def test_rungs__the_last_forecast_is_issued_once_more_and_kept_once(rungs) -> None:
    found = rungs()
    station: MemoryStation = found.station  # type: ignore[assignment]
    station.keep_forecast(_issued())
    for _ in range(2):
        rung, made, _ = climb_down(found.all(True))
        made.keep(rung.mark)
    assert rung.mark == "last_issued"
    assert made.table["total_active_power"].tolist() == [float(step % 24) for step in range(168)]
    again, = (each for each in station.forecasts() if each.fallback)
    assert (again.fallback, again.quality, again.origin) == ("last_issued", "stale", NOW.normalize())


def test_rungs__never_say_once_more_what_was_said_once_more(rungs) -> None:
    found = rungs()
    found.station.keep_forecast(_issued("last_issued"))
    issued = next(rung for rung in found.all(True) if rung.mark == "last_issued")
    with pytest.raises(DataError, match="no forecast of station north was issued lately"):
        issued.make()


def test_rungs__kind_and_capacity_alone(rungs) -> None:
    found = rungs()
    found.station.describe({"kind": "load", "capacity": 100, "time": {"step": "1h"}})
    rung, made, _ = climb_down(found.all(False))
    assert (rung.mark, len(made.table), made.told["quality"]) == ("capacity", 168, "stale")
    assert made.table["total_active_power"].between(0, 100).all()


@pytest.mark.parametrize(("until", "told"), [("2025-05-16", []), ("2025-05-20", []), ("2125-01-02", ["ahead"])])
def test_rungs__tell_of_rows_that_cannot_have_been_measured_yet(rungs, until: str, told: list[str]) -> None:
    found = rungs()
    end = pd.Timestamp(until, tz="Asia/Shanghai")
    last_day = pd.date_range(end - pd.Timedelta(days=1), end, freq="1h", inclusive="left")
    index = pd.DatetimeIndex([*pd.date_range("2025-04-01", periods=45 * 24, freq="1h", tz="Asia/Shanghai"), *last_day],
                             name="time")
    frame = pd.DataFrame({"total_active_power": 5.0 + index.hour}, index=index)
    frame = frame[~frame.index.duplicated()].asfreq("1h") if until < "2100" else frame
    found.station.replace_measurements(StationData(Station(id="north", step="1h"), frame))
    assert [reason.code for reason in found._ahead()] == told


def test_rungs__are_of_any_store(tmp_path: Path) -> None:
    from wattcast.store.disk import DiskStore

    store = DiskStore(tmp_path)
    assert marks(Rungs(store.station("north"), Job(None, "north", store=store), NOW)) == [
        "base", "last_week", "last_issued", "capacity"]
    assert list(tmp_path.iterdir()) == []
