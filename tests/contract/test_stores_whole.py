"""Whole stations: copied from any kind of store to any other, and removed."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_stores import DAY, HOUR, MARCH, accuracy, append_and_correct, forecast, rows, same

from wattcast.errors import BundleError, StoreError
from wattcast.experts.trained import TrainedModel
from wattcast.store.base import StationStore, Store, TakenIn
from wattcast.store.copying import copy_station, counts
from wattcast.store.memory import MemoryStore
from wattcast.store.open import open_store
from wattcast.workflows.station_moves import copy_stations


def everything(store: Store, model: TrainedModel) -> StationStore:
    """A station of which something of each kind is kept."""
    kept = store.station("plant")
    append_and_correct(kept)
    kept.describe({"step": "1h"})
    kept.versions.promote(kept.versions.add(model, {"mae": 1.0}))
    kept.versions.promote(kept.versions.add(model, {"mae": 2.0}))
    kept.versions.add(model, {}, alias="candidate")
    for value, issued in ((1.0, MARCH), (2.0, MARCH + HOUR), (3.0, MARCH + HOUR), (4.0, None)):
        kept.keep_forecast(forecast(MARCH, issued, value, notes=("said",)))
    kept.keep_accuracy(pd.concat([accuracy(MARCH, 1.0), accuracy(MARCH + DAY, 1.0, issued=None)]))
    for name in ("a.csv", "b.csv"):
        kept.note_taken_in(TakenIn(name, 1, name * 4, MARCH, {"late": 2}, ({"kind": "gap"},)))
    kept.keep_recall({"a": np.arange(6.0)})
    kept.keep_document("gate.json", b"{}")
    store.keep_run({"id": "1", "kind": "night", "started": "2025", "ended": "2025"})
    return kept


def alike(one: StationStore, other: StationStore) -> None:
    """All that two stores keep of a station is the same."""
    data = one.measurements()
    assert data is not None
    same(other.measurements(), data)
    for name in ("corrections", "accuracy"):
        tables = [getattr(each, name)() for each in (one, other)]
        moments = [name for name in ("received", "time", "day", "origin", "issued") if name in tables[0]]
        pd.testing.assert_frame_equal(*(table.assign(**{
            name: pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]") for name in moments})
            for table in tables), check_dtype=False)
    assert one.taken_in() == other.taken_in()
    assert counts(one) == counts(other)
    assert one.versions.aliases() == other.versions.aliases()
    for name in one.versions.registered()["versions"]:
        assert dict(one.versions.files(name)) == dict(other.versions.files(name))
    assert one.versions.load().data_hash == other.versions.load().data_hash
    for before, after in zip(one.forecasts(), other.forecasts(), strict=True):
        pd.testing.assert_frame_equal(before.table, after.table, check_freq=False)
        assert (before.origin, before.issued, before.version, before.notes) == (
            after.origin, after.issued, after.version, after.notes)
    assert one.description() == other.description()
    np.testing.assert_array_equal(one.recall()["a"], other.recall()["a"])
    assert dict(one.documents()) == dict(other.documents())


@pytest.fixture
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """A folder, both databases and memory."""
    places = [f"disk:{tmp_path / 'first'}", f"sqlite:///{tmp_path / 'second.db'}",
              request.getfixturevalue("postgresql").emptied_database(), "memory:", f"disk:{tmp_path / 'last'}"]
    with ExitStack() as stack:
        yield [stack.enter_context(closing(open_store(place))) for place in places]


def test_copy__from_each_kind_of_store_to_the_next_is_the_same(chain: list[Store], model: TrainedModel) -> None:
    first = everything(chain[0], model)
    for source, target in pairwise(chain):
        for _ in range(2):
            (done,) = copy_stations(source, target)
            assert done.error is None, done.error
            alike(first, target.station("plant"))
        assert [run["id"] for run in target.runs()] == ["1"]
    assert (chain[0].stations(), chain[-1].trained_stations()) == (("plant",), ("plant",))


@pytest.mark.parametrize("before", ["keep_forecast", "note_taken_in", "replace_measurements", "keep_document"])
def test_copy__goes_on_after_a_kill(store: Store, model: TrainedModel, before: str, monkeypatch) -> None:
    source = everything(MemoryStore(), model)
    target = store.station("plant")
    calls = count()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    honest = getattr(type(target), before)
    monkeypatch.setattr(type(target), before, lambda self, *given: (killed if next(calls) else honest)(self, *given))
    with suppress(KeyboardInterrupt):
        copy_station(source, target)
    monkeypatch.undo()
    copy_station(source, target)
    alike(source, target)


@pytest.mark.parametrize(("own", "what"), [
    (lambda kept, _: kept.append_measurements(rows(MARCH + 90 * DAY, 3), received=MARCH), "rows"),
    (lambda kept, _: kept.keep_forecast(forecast(MARCH + DAY)), "forecasts"),
    (lambda kept, _: kept.note_taken_in(TakenIn("c.csv", 1, "0", MARCH)), "files"),
    (lambda kept, model: kept.versions.add(model, {"of": "its own"}), "versions of its own")])
def test_copy__what_a_store_has_of_its_own_is_not_overwritten(store: Store, model: TrainedModel, own, what) -> None:
    source, target = everything(MemoryStore(), model), store.station("plant")
    own(target, model)
    with pytest.raises((StoreError, BundleError), match=what):
        copy_station(source, target)


def test_copy__what_came_since_is_copied_too(store: Store, model: TrainedModel) -> None:
    source, target = everything(MemoryStore(), model), store.station("plant")
    copy_station(source, target)
    source.append_measurements(rows(MARCH + 2 * DAY, 5), received=MARCH + 3 * DAY)
    source.keep_forecast(forecast(MARCH + DAY))
    source.versions.rollback()
    source.keep_recall({"a": np.ones(3)})
    copy_station(source, target)
    alike(source, target)


def nothing_left(kept: StationStore) -> None:
    assert (kept.description(), kept.measurements(), kept.taken_in()) == (None, None, ())
    assert (set(counts(kept).values()), kept.recall(), kept.versions.aliases()) == ({0}, {}, {})
    assert sum(kept.sizes().values()) == 0


def test_remove__leaves_nothing_of_a_station_and_all_of_the_others(store: Store, model: TrainedModel) -> None:
    kept = everything(store, model)
    store.station("other").describe({"kind": "pv"})
    work = kept.work_folder("training")
    work.mkdir(parents=True)
    (work / "epoch.ckpt").write_bytes(b"x")
    kept.remove()
    assert (store.stations(), store.trained_stations()) == (("other",), ())
    assert not work.exists()
    for station in (kept, store.station("plant")):
        nothing_left(station)
    store.station("nobody").remove()
    assert store.stations() == ("other",)
    again = everything(store, model)
    assert again.versions.champion() == "v0002"
