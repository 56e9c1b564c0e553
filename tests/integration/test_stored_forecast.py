"""Of a long stored history no more is read for a forecast than it looks back on, and the forecast is the same."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pytest

from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig, StationData, WeatherVintages
from wattcast.experts.pretrained import Pretrained
from wattcast.forecasting import recall
from wattcast.forecasting.look_back import rows_looked_back_on
from wattcast.store.base import StationStore
from wattcast.store.disk import DiskStore
from wattcast.timegrid import parse_step
from wattcast.workflows import forecast as verb
from wattcast.workflows.job import Job

PERIOD = pd.Timedelta(days=56)
"""Whole weeks, so that what is repeated is a history like any other."""
NOW, LATER = "2025-04-25 00:30", "2025-04-26 00:00"
"""Two days after what the model has learned, and three: steps of level are looked for from then on."""


def moved(data: StationData, times: int) -> StationData:
    """The same some periods later."""
    table = data.vintages.table
    levels = [table.index.get_level_values(name) + times * PERIOD for name in ("issued", "time")]
    later = table.set_axis(pd.MultiIndex.from_arrays(levels, names=table.index.names))
    return StationData(data.station, data.frame.set_axis(data.frame.index + times * PERIOD, axis=0),
                       WeatherVintages(later))


def repeated(data: StationData, before: int) -> StationData:
    """A history with so many periods before it."""
    data = StationData(data.station, data.frame.iloc[:PERIOD // parse_step(data.station.step)], data.vintages)
    parts = [moved(data, times) for times in range(-before, 1)]
    frame = pd.concat([part.frame for part in parts])
    table = pd.concat([part.vintages.table for part in parts])
    return StationData(data.station, frame, WeatherVintages(table[~table.index.duplicated(keep="last")].sort_index()))


@pytest.fixture(scope="module")
def store_of(trained_models: Path, plant: Path, tmp_path_factory) -> Callable[[int], DiskStore]:
    """The trained station with so many periods of 56 days before those that it was trained on; only to be read."""
    data, folder = open_source(plant, DataConfig()).read()[0], tmp_path_factory.mktemp("stored")

    @lru_cache
    def store(before: int) -> DiskStore:
        found = DiskStore(Path(shutil.copytree(trained_models, folder / f"{before}")))
        station = found.station("plant")
        station.replace_measurements(repeated(replace(data, station=station.versions.load().station), before))
        return found
    return store


@pytest.fixture
def store(store_of, tmp_path: Path) -> DiskStore:
    """A copy of one of a year, to be changed."""
    return DiskStore(Path(shutil.copytree(store_of(6).root, tmp_path / "models")))


def made(store: DiskStore, monkeypatch: pytest.MonkeyPatch, *, whole: bool = False, at: str | None = None,
         now: str = NOW) -> tuple[verb.ForecastOutcome, int]:
    """A forecast, and of how many rows; of the whole history if asked for."""
    with monkeypatch.context() as patch:
        if whole:
            patch.setattr(verb, "_reach", lambda *_: None)
        outcome = verb.forecast(Job(None, "plant", store=store), at=at, now=now)
    return outcome, len(outcome.ground.rows.data.frame)


def told(outcome: verb.ForecastOutcome) -> dict:
    """All that is said of it but the rows that were read."""
    said = outcome.to_dict()
    return {**said, "ground": {**said["ground"], "rows_stored": None}}


@pytest.mark.parametrize("at", [None, "today", "2025-04-23 06:00"])
def test_forecast__of_a_long_history_is_that_of_the_whole_to_the_last_bit(store_of, monkeypatch, at) -> None:
    store = store_of(6)
    short, few = made(store, monkeypatch, at=at)
    long, many = made(store, monkeypatch, at=at, whole=True)
    assert few < many / 2
    pd.testing.assert_frame_equal(short.forecast.table, long.forecast.table, check_exact=True)
    assert told(short) == told(long)


def test_forecast__past_mornings_are_seen_as_in_the_whole(store, monkeypatch) -> None:
    """What a morning says is recalled by a digest of all that it reads."""
    long, _ = made(store, monkeypatch, now=LATER, whole=True)
    assert len(long.recall.used) == 24
    store.station("plant").keep_recall(long.recall.used)
    short, _ = made(store, monkeypatch, now=LATER)
    assert not short.recall.learned
    # To a millionth of the largest value: a network that is asked of more windows or of fewer at once adds up in
    # another order on some processors.
    limit = 1e-6 * long.forecast.table.abs().max().max()
    pd.testing.assert_frame_equal(short.forecast.table, long.forecast.table, check_exact=False, rtol=0, atol=limit)


@pytest.mark.parametrize("other", ["wattcast", "base"])
def test_forecast__what_another_wattcast_or_base_said_is_not_recalled(store, monkeypatch, other: str) -> None:
    right, _ = made(store, monkeypatch, now=LATER)
    with monkeypatch.context() as patch:
        if other == "wattcast":
            patch.setattr(recall, "__version__", "0.0.9")
        else:
            patch.setattr(Pretrained, "digest", "another one")
        before, _ = made(store, monkeypatch, now=LATER)
    store.station("plant").keep_recall({key: values + 1e6 for key, values in before.recall.used.items()})
    again, _ = made(store, monkeypatch, now=LATER)
    assert again.recall.learned
    assert again.recall.used.keys() == right.recall.used.keys()
    pd.testing.assert_frame_equal(again.forecast.table, right.forecast.table, check_exact=True)


def test_forecast__reads_as_much_of_a_longer_history(store_of, monkeypatch) -> None:
    (short, few), (long, many) = (made(store_of(before), monkeypatch) for before in (3, 6))
    assert few == many
    pd.testing.assert_frame_equal(short.forecast.table, long.forecast.table, check_exact=True)


def changed(station: StationStore, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    data = station.measurements()
    station.replace_measurements(StationData(data.station, change(data.frame.copy()), data.vintages))


@pytest.mark.parametrize("lost", ["a fortnight", "a target for months", "all since winter"])
def test_forecast__what_is_missing_is_looked_for_further_back(store, monkeypatch, lost: str) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        since = {"a fortnight": "2025-04-11", "a target for months": "2024-12-01",
                 "all since winter": "2024-12-25"}[lost]
        columns = ["not_use_power"] if lost == "a target for months" else ["total_active_power", "not_use_power"]
        frame.loc[frame.index >= pd.Timestamp(since, tz=frame.index.tz), columns] = float("nan")
        return frame

    changed(store.station("plant"), change)
    (short, _), (long, _) = (made(store, monkeypatch, whole=whole) for whole in (False, True))
    pd.testing.assert_frame_equal(short.forecast.table, long.forecast.table, check_exact=True)
    assert told(short) == told(long)


def test_rows_looked_back_on__what_lies_before_changes_nothing(store, monkeypatch) -> None:
    station = store.station("plant")
    before, _ = made(store, monkeypatch, at="2025-04-24")
    rows = rows_looked_back_on(station.versions.load())
    first = pd.Timestamp("2025-04-24", tz="Asia/Shanghai") - rows * pd.Timedelta("15min")

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index < first, ["total_active_power", "not_use_power"]] *= 3
        return frame

    changed(station, change)
    after, _ = made(store, monkeypatch, at="2025-04-24", whole=True)
    pd.testing.assert_frame_equal(before.forecast.table, after.forecast.table, check_exact=True)
