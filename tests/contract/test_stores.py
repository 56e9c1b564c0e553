"""What every store must do; another one is a word in `made_stores.KINDS`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made_stores import (
    DAY,
    HOUR,
    KINDS,
    MARCH,
    STATION,
    ZONE,
    accuracy,
    append_and_correct,
    forecast,
    rows,
    same,
)

from wattcast.contracts import TOTAL
from wattcast.data.schema import StationData
from wattcast.errors import BundleError, DataError, InputError
from wattcast.experts.trained import TrainedModel
from wattcast.store.base import ACCURACY, CORRECTIONS, OF_ALL_ROWS, StationStore, Store, TakenIn
from wattcast.store.open import open_store

EVIL = ["../x", "..", ".", "", "/etc", "a/b", "a\\b", "nul\0byte", "x" * 300, "站" * 100, "\ud800", ".wattcast"]
ODD = ["1716387625733984256", "north mill", "站点 1", "..x", "a.b", "CON", "trailing.", " blank ", "🏭", "-rf", "a:b",
       "%2e%2e", "q'; drop table station; --", "x" * 200, "NUL.txt", "a*?<>|\"b"]


# Stations -----------------------------------------------------------------------------------------------------------


def test_empty_store__has_nothing(store: Store, kept: StationStore) -> None:
    assert (store.stations(), store.trained_stations(), store.runs()) == ((), (), ())
    assert (kept.station_id, kept.description(), kept.measurements(), kept.taken_in()) == ("plant", None, None, ())
    assert not kept.has_measurements()
    assert kept.versions.versions() == list(kept.forecasts()) == []
    assert kept.issues() == ()
    assert kept.versions.champion() is None
    assert list(kept.corrections().columns) == list(CORRECTIONS)
    assert list(kept.accuracy().columns) == list(ACCURACY)
    assert len(kept.corrections()) == len(kept.accuracy()) == kept.remove_forecasts(MARCH) == 0
    assert (kept.recall(), kept.versions.prune(1)) == ({}, {})
    assert set(kept.sizes()) == {"versions", "measurements", "forecasts", "accuracy", "other"}
    assert sum(kept.sizes().values()) == 0
    assert store.stations() == ()


@pytest.mark.parametrize("station_id", EVIL)
def test_station__an_id_that_cannot_be_kept_is_refused(store: Store, station_id: str) -> None:
    with pytest.raises(InputError, match="station id"):
        store.station(station_id)
    assert store.stations() == ()


def test_stations__odd_ids_stay_in_their_place(store: Store, tmp_path: Path) -> None:
    for number, station_id in enumerate(ODD):
        store.station(station_id).describe({"number": number})
        store.station(station_id).note_taken_in(TakenIn(station_id, number, "0", MARCH))
    assert store.stations() == tuple(sorted(ODD))
    for number, station_id in enumerate(ODD):
        assert store.station(station_id).description() == {"number": number}
        assert store.station(station_id).taken_in()[0].name == station_id
    assert len(list(tmp_path.iterdir())) <= 3      # a database may have files beside it


@pytest.mark.parametrize("keep", [
    lambda kept: kept.describe({}), lambda kept: kept.replace_measurements(rows(MARCH, 2)),
    lambda kept: kept.note_taken_in(TakenIn("a", 1, "0", MARCH)), lambda kept: kept.keep_forecast(forecast(MARCH)),
    lambda kept: kept.keep_accuracy(accuracy(MARCH, 1.0))])
def test_stations__are_those_of_which_something_is_kept(store: Store, kept: StationStore, keep) -> None:
    store.station("other")
    keep(kept)
    assert store.stations() == ("plant",)
    assert store.trained_stations() == ()


def test_description__is_what_was_said_last(kept: StationStore) -> None:
    kept.describe({"targets": {TOTAL: "功率"}, "time": {"step": "1h"}})
    kept.describe({"targets": {TOTAL: "kw"}, "limits": None, "capacity": 1.5})
    assert kept.description() == {"targets": {TOTAL: "kw"}, "limits": None, "capacity": 1.5}


def test_locked__can_be_held_by_who_holds_it(store: Store, kept: StationStore) -> None:
    with kept.locked(), kept.locked():
        kept.describe({"a": 1})
        store.station("plant").describe({"a": 2})
    assert kept.description() == {"a": 2}


# Measurements -------------------------------------------------------------------------------------------------------


def test_measurements__come_back_as_they_were(kept: StationStore) -> None:
    data = rows(MARCH, 500, issues=(MARCH, MARCH + DAY))
    data.frame.iloc[3, 0] = np.nan
    kept.replace_measurements(data)
    same(kept.measurements(), data)
    same(kept.measurements(STATION), data)
    assert kept.has_measurements()
    assert kept.measurements(STATION.model_copy(update={"past_only": ()})) is None
    tokyo = kept.measurements(STATION.model_copy(update={"timezone": "Asia/Tokyo"}))
    assert str(tokyo.frame.index.tz) == str(tokyo.vintages.table.index.levels[0].tz) == "Asia/Tokyo"
    kept.replace_measurements(rows(MARCH, 3))
    same(kept.measurements(), rows(MARCH, 3))


def test_measurements__since_a_time(kept: StationStore) -> None:
    issues = tuple(MARCH + number * DAY for number in range(100))
    data = rows(MARCH, 2400, issues=issues)
    kept.replace_measurements(data)
    for since, first in ((MARCH - DAY, issues[0]), (issues[0], issues[0]), (issues[40], issues[39]),
                         (issues[40] + HOUR, issues[40]), (issues[99] + 9 * DAY, issues[99])):
        found = kept.measurements(since=since)
        assert len(found.frame) == (data.frame.index >= since).sum()
        assert list(found.frame.columns) == list(data.frame.columns)
        issued = data.vintages.table.index.get_level_values("issued")
        pd.testing.assert_frame_equal(found.vintages.table, data.vintages.table[issued >= first])
    assert kept.measurements(since=issues[50].tz_convert("UTC")).frame.index[0] == issues[50]


def test_append__says_what_became_of_the_rows(kept: StationStore) -> None:
    first, second = MARCH + 10 * DAY, MARCH + 11 * DAY
    assert kept.append_measurements(rows(MARCH, 48, issues=(MARCH,)), received=first) == {
        "appended": 48, "late": 0, "corrected": 0}
    more = rows(MARCH + 36 * HOUR, 24, 236.0, issues=(MARCH + DAY,))
    more.frame.iloc[2, 0] = 999.0
    more.frame.iloc[3, 0] = np.nan
    more.frame["reactive"] = 20.0
    assert kept.append_measurements(more, received=second) == {"appended": 12, "late": 0, "corrected": 1}
    found = kept.measurements()
    assert found.frame[TOTAL].tolist() == [*range(200, 238), 999, *range(239, 260)]
    assert found.vintages.table.index.get_level_values("issued").nunique() == 2
    told = kept.corrections()
    assert list(told.columns) == list(CORRECTIONS)
    assert told.to_dict("records") == [{"received": second, "time": MARCH + 38 * HOUR, "column": TOTAL,
                                        "before": 238.0, "after": 999.0}]


def test_append__the_same_rows_twice_is_nothing(kept: StationStore) -> None:
    data = rows(MARCH, 48, issues=(MARCH,))
    kept.append_measurements(data, received=MARCH)
    assert kept.append_measurements(data, received=MARCH + DAY) == {"appended": 0, "late": 0, "corrected": 0}
    same(kept.measurements(), data)
    assert len(kept.corrections()) == 0


def test_corrections__there_and_back_are_all_kept(kept: StationStore) -> None:
    for number, value in enumerate((200.0, 300.0, 200.0, 300.0)):
        kept.append_measurements(rows(MARCH, 1, value), received=MARCH + number * DAY)
    power = kept.corrections().query("column == @TOTAL")
    assert power[["before", "after"]].to_numpy().tolist() == [[200, 300], [300, 200], [200, 300]]
    assert power["received"].tolist() == [MARCH + number * DAY for number in (1, 2, 3)]
    assert (power["time"] == MARCH).all()


def test_append__of_other_columns_or_another_step_changes_nothing(kept: StationStore) -> None:
    kept.append_measurements(rows(MARCH, 48), received=MARCH)
    other = STATION.model_copy(update={"past_only": ()})
    with pytest.raises(DataError):
        kept.append_measurements(rows(MARCH, 48, station=other), received=MARCH)
    with pytest.raises(DataError):
        kept.append_measurements(StationData(STATION, rows(MARCH + HOUR / 2, 4).frame), received=MARCH)
    same(kept.measurements(), rows(MARCH, 48))


def test_append__what_is_newly_said_of_the_station_counts(kept: StationStore) -> None:
    kept.append_measurements(rows(MARCH, 4), received=MARCH)
    larger = STATION.model_copy(update={"capacity": 900.0})
    kept.append_measurements(rows(MARCH + 4 * HOUR, 4, station=larger), received=MARCH)
    assert kept.measurements().station == larger
    assert len(kept.measurements().frame) == 8


def test_taken_in__is_a_ledger(kept: StationStore) -> None:
    files = tuple(TakenIn(f"数据 {number}.csv", number, f"{number:064x}", MARCH + number * DAY,
                          {"appended": number, "late": 0, "corrected": 0},
                          ({"kind": "gap", "column": None, "count": 3, "first": MARCH.isoformat()},))
                  for number in range(3))
    for file in files:
        kept.note_taken_in(file)
    assert kept.taken_in() == files


# Forecasts ----------------------------------------------------------------------------------------------------------


def test_forecast__is_kept_whole(kept: StationStore) -> None:
    whole = forecast(MARCH, MARCH + HOUR, weather="issued", weather_issued=MARCH - HOUR, quality="degraded",
                     fallback="previous", notes=("the newest row is old", "天气"))
    kept.keep_forecast(whole)
    found, = kept.forecasts()
    for name in ("origin", "version", "issued", "weather", "weather_issued", "quality", "fallback", "notes"):
        assert getattr(found, name) == getattr(whole, name), name
    assert str(found.table.index.tz) == ZONE
    pd.testing.assert_series_equal(found.table[TOTAL], whole.table[TOTAL], check_freq=False)
    pd.testing.assert_frame_equal(found.table, whole.table, check_freq=False, rtol=1e-6)


def test_forecasts__several_of_an_origin_and_none_is_replaced(kept: StationStore) -> None:
    for day, hours, value in ((2, 5, 1.0), (1, 3, 2.0), (1, 1, 3.0), (1, 3, 4.0), (3, 0, 5.0)):
        kept.keep_forecast(forecast(MARCH + day * DAY, MARCH + hours * HOUR, value))
    kept.keep_forecast(forecast(MARCH + DAY, None, 6.0))
    assert [round(made.table[TOTAL].iloc[0]) for made in kept.forecasts()] == [6, 3, 2, 4, 1, 5]
    assert [round(made.table[TOTAL].iloc[0]) for made in kept.forecasts(MARCH + 2 * DAY)] == [1, 5]
    assert [made.origin for made in kept.forecasts((MARCH + 3 * DAY).tz_convert("UTC"))] == [MARCH + 3 * DAY]
    assert list(kept.issues()) == [(made.origin, made.issued) for made in kept.forecasts()]
    assert kept.issues(MARCH + 3 * DAY) == ((MARCH + 3 * DAY, MARCH),)
    assert kept.remove_forecasts(MARCH + 2 * DAY) == 4
    assert [round(made.table[TOTAL].iloc[0]) for made in kept.forecasts()] == [1, 5]


def test_accuracy__a_row_is_replaced_by_one_of_the_same_day_lead_origin_and_issue(kept: StationStore) -> None:
    kept.keep_accuracy(pd.concat([accuracy(MARCH + DAY, 1.0), accuracy(MARCH, 2.0), accuracy(MARCH, 3.0, lead=2)],
                                 ignore_index=True))
    kept.keep_accuracy(accuracy(MARCH, 4.0))
    kept.keep_accuracy(accuracy(MARCH, 5.0, issued=MARCH + HOUR))
    kept.keep_accuracy(accuracy(MARCH + 2 * DAY, 6.0, issued=None))
    kept.keep_accuracy(accuracy(MARCH + 2 * DAY, 7.0, issued=None))
    found = kept.accuracy()
    assert list(found.columns) == list(ACCURACY)
    assert found["mae"].tolist() == [4, 5, 3, 1, 7]
    assert found["day"].tolist() == [MARCH, MARCH, MARCH, MARCH + DAY, MARCH + 2 * DAY]
    assert found["issued"].isna().tolist() == [False] * 4 + [True]
    assert kept.accuracy(MARCH + DAY)["mae"].tolist() == [1, 7]
    assert len(kept.accuracy(MARCH + 9 * DAY)) == 0


def test_accuracy__comes_back_as_it_was(kept: StationStore) -> None:
    told = accuracy(MARCH, 0.1).assign(checksum=2 ** 32 - 1, inside_80=np.nan, actual_mean=-1 / 3)
    kept.keep_accuracy(told)
    found, = kept.accuracy().to_dict(orient="records")
    expected, = told.to_dict(orient="records")
    assert np.isnan(found.pop("inside_80"))
    assert np.isnan(expected.pop("inside_80"))
    assert found == expected


# Versions -----------------------------------------------------------------------------------------------------------


def test_versions__are_numbered_loaded_and_listed(store: Store, kept: StationStore, model: TrainedModel) -> None:
    assert [kept.versions.add(model, {"run": run}) for run in range(2)] == ["v0001", "v0002"]
    assert store.trained_stations() == store.stations() == ("plant",)
    with pytest.raises(BundleError, match="has no model 'champion'"):
        kept.versions.load()
    assert kept.versions.promote("v0001") == kept.versions.champion() == "v0001"
    again = kept.versions.load()
    weights = model.network.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in again.network.state_dict().items())
    assert again.selection == model.selection
    listed = kept.versions.versions()
    assert [(each.name, each.aliases, each.metrics) for each in listed] == [
        ("v0001", ("champion",), {"run": 0}), ("v0002", (), {"run": 1})]
    assert sum(each.size for each in listed) >= kept.sizes()["versions"] > 0      # what versions share is kept once
    assert kept.versions.digest("v0002") == kept.versions.manifest("v0002")["digest"]
    for change in (lambda: kept.versions.promote("v0009"), lambda: kept.versions.load("v0009")):
        with pytest.raises(BundleError, match="has no model 'v0009'"):
            change()


def test_versions__none_there(kept: StationStore) -> None:
    for change in (kept.versions.load, kept.versions.rollback, lambda: kept.versions.promote("v0001")):
        with pytest.raises(BundleError, match="plant has no"):
            change()


def test_promote__only_if_the_champion_is_the_expected_one(kept: StationStore, model: TrainedModel) -> None:
    for _ in range(3):
        kept.versions.add(model, {})
    kept.versions.promote("v0001")
    assert kept.versions.promote("v0002", expected="v0001") == "v0002"
    with pytest.raises(BundleError, match="got another champion in the meantime"):
        kept.versions.promote("v0003", expected="v0001")
    assert kept.versions.champion() == "v0002"
    assert kept.versions.rollback() == "v0001"
    assert kept.versions.rollback() == "v0002"


def test_candidate__is_the_newest_one_and_a_rejected_one_is_found(kept: StationStore, model: TrainedModel) -> None:
    kept.versions.promote(kept.versions.add(model, {}))
    for run in range(5):
        made = kept.versions.add(model, {"run": run}, alias="candidate", parent="v0001", finetune={"lr": 0.1},
                                 gate={"promoted": False})
    assert [each.name for each in kept.versions.versions()] == ["v0001", "v0004", "v0005", "v0006"]
    assert kept.versions.versions()[-1].aliases == ("candidate",)
    assert kept.versions.rejected("v0001")["digest"] == kept.versions.digest(made)
    assert kept.versions.rejected(made) is None
    assert kept.versions.promote("candidate") == made


def test_prune__keeps_the_newest_and_what_is_needed(kept: StationStore, model: TrainedModel) -> None:
    kept.versions.promote(kept.versions.add(model, {}))                                             # v0001
    for parent in ("v0001", "v0002", "v0003", "v0002"):                                             # v0002 … v0005
        kept.versions.promote(kept.versions.add(model, {}, parent=parent, finetune={"lr": 0.1},
                                                gate={"promoted": True}))
    kept.versions.promote("v0003")                                      # the previous one is v0005, whose parent v0002
    assert kept.versions.prune(9) == {}
    sizes = {each.name: each.size for each in kept.versions.versions()}
    would = kept.versions.prune(1, dry_run=True)
    assert len(kept.versions.versions()) == len(sizes)
    gone = kept.versions.prune(1)
    assert would == gone
    assert gone == {name: sizes[name] for name in ("v0001", "v0004")}
    assert [each.name for each in kept.versions.versions()] == ["v0002", "v0003", "v0005"]
    assert kept.versions.rollback() == "v0005"
    assert kept.versions.add(model, {}) == "v0006"
    with pytest.raises(BundleError, match="has no model 'v0001'"):
        kept.versions.load("v0001")


def test_load__a_version_of_another_station(kept: StationStore, model: TrainedModel) -> None:
    stranger = replace(model, station=model.station.model_copy(update={"id": "harbour"}))
    kept.versions.promote(kept.versions.add(stranger, {}))
    with pytest.raises(BundleError, match="trained for another station"):
        kept.versions.load()


# The rest -----------------------------------------------------------------------------------------------------------


def test_recall_and_documents__are_replaced(kept: StationStore) -> None:
    kept.keep_recall({"a": np.arange(6.0).reshape(2, 3), "b": np.ones((2, 3))})
    kept.keep_recall({"c": np.full((2, 2), 1 / 3)})
    assert list(kept.recall()) == ["c"]
    np.testing.assert_array_equal(kept.recall()["c"], np.full((2, 2), 1 / 3))
    for text in ("{}", '{"gate": "天"}'):
        kept.keep_document("gate.json", text.encode())
    assert kept.documents()["gate.json"].decode() == '{"gate": "天"}'
    assert "search.html" not in kept.documents()
    assert not kept.work_folder("training").exists()
    assert kept.work_folder("training") != kept.work_folder("search")


@pytest.mark.parametrize("came", ["append", "replace"])
def test_recall__what_follows_from_all_rows_is_forgotten_when_rows_come_in(kept: StationStore, came: str) -> None:
    kept.append_measurements(rows(MARCH, 48), received=MARCH)
    said = {f"{OF_ALL_ROWS}2025-03-03T00:00:00+08:00 a": np.zeros(3), "model:b": np.ones(3)}
    for some, left in ((said, ["model:b"]), ({key: said[key] for key in list(said)[:1]}, [])):
        kept.keep_recall(some)
        if came == "append":
            kept.append_measurements(rows(MARCH - 2 * HOUR, 2), received=MARCH)
        else:
            kept.replace_measurements(rows(MARCH - 2 * HOUR, 2))
        assert list(kept.recall()) == left


def test_runs__by_their_start(store: Store) -> None:
    def run(name: str, kind: str, day: int, **more: object) -> dict[str, object]:
        return {"id": name, "kind": kind, "started": (MARCH + day * DAY).isoformat(), "ended": None, **more}

    made = [run("night/2", "night", 2), run("night:1", "night", 1), run("../x", "intake", 3, files=["数据.csv"])]
    for each in made:
        store.keep_run(each)
    again = {**made[0], "ended": "now", "stations": {"plant": {"mark": "green"}}}
    store.keep_run(again)
    assert store.runs() == (made[1], again, made[2])
    assert store.runs("night") == (made[1], again)
    assert store.runs("other") == ()
    assert store.stations() == ()


def test_runs__on_disk_a_damaged_one_costs_itself_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(str(tmp_path))
    store.keep_run({"id": "whole", "kind": "night", "started": "2025"})
    whole, = (tmp_path / ".wattcast" / "runs").iterdir()
    for name, content in (("torn", whole.read_bytes()[:20]), ("list", b"[1]"), ("bare", b"{}"), ("bytes", b"\xff")):
        whole.with_name(f"{name}.json").write_bytes(content)
    assert [run["id"] for run in store.runs("night")] == ["whole"]
    assert all(f"{name}.json is left out" in caplog.text for name in ("torn", "list", "bare", "bytes"))


def test_sizes__grow_with_what_is_kept(kept: StationStore, model: TrainedModel) -> None:
    kept.versions.add(model, {})
    kept.replace_measurements(rows(MARCH, 48))
    kept.keep_forecast(forecast(MARCH))
    kept.keep_accuracy(accuracy(MARCH, 1.0))
    assert all(kept.sizes()[name] > 0 for name in ("versions", "measurements", "forecasts", "accuracy"))


def test_sizes__as_they_will_be_once_it_was_pruned(kept: StationStore, model: TrainedModel) -> None:
    """Versions share files, and what says which of them there are becomes shorter."""
    for run in range(4):
        kept.versions.promote(kept.versions.add(model, {"run": run}, parent="v0001" if run else None))
    for day in range(5):
        kept.keep_forecast(forecast(MARCH + day * DAY))
    before, first = kept.sizes(), MARCH + 3 * DAY
    gone = kept.versions.prune(1, dry_run=True)
    will_be = kept.sizes(without=gone, before=first)
    assert kept.sizes() == before
    assert kept.versions.prune(1) == gone
    assert kept.remove_forecasts(first) == 3
    assert kept.sizes() == will_be
    assert sum(before.values()) - sum(will_be.values()) <= sum(gone.values()) + before["forecasts"]


@pytest.mark.parametrize("place", KINDS[1:], indirect=True)
def test_reopened__everything_is_there(place: str, model: TrainedModel) -> None:
    before = open_store(place)
    kept = before.station("plant")
    changed = append_and_correct(kept)
    kept.describe({"step": "1h"})
    kept.versions.promote(kept.versions.add(model, {}))
    kept.keep_forecast(forecast(MARCH))
    kept.keep_accuracy(accuracy(MARCH, 1.0))
    kept.note_taken_in(TakenIn("a.csv", 1, "0", MARCH))
    before.keep_run({"id": "1", "kind": "night", "started": "2025", "ended": "2025"})
    before.close()
    again = open_store(place)
    kept = again.station("plant")
    same(kept.measurements(), changed)
    assert (len(kept.corrections()), kept.description()) == (1, {"step": "1h"})
    assert kept.versions.load().data_hash == model.data_hash
    assert (len(list(kept.forecasts())), len(kept.accuracy()), len(kept.taken_in())) == (1, 1, 1)
    assert (again.stations(), again.trained_stations(), len(again.runs())) == (("plant",), ("plant",), 1)
    again.close()
