"""The stations of a store as sources: which are learned from, up to when, and what is said of the others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stored_stations import stored_station
from wattcast.contracts import TOTAL
from wattcast.data.corpus import StationSource
from wattcast.errors import DataError, InputError, NoRowsError
from wattcast.settings import build_settings
from wattcast.store.memory import MemoryStore
from wattcast.training.samples import draw_samples
from wattcast.workflows.history import read_history
from wattcast.workflows.job import ALL_STATIONS, Job
from wattcast.workflows.stored_sources import MOST, WINDOWS, Stored, learned_part, stored_sources, windows_each


def job_of(*stations: str, days: int = 60) -> Job:
    store = MemoryStore()
    for name in stations:
        store.station(name).replace_measurements(stored_station(name, days))
    return Job(None, ALL_STATIONS, build_settings({}), store)


def named(stored: Stored) -> list[list[str]]:
    return [list(source.digests) for source in stored.sources]


def test_sources__are_parts_of_neighbours_by_name() -> None:
    stored = stored_sources(job_of(*"gfedcba"))
    assert named(stored) == [["a", "b", "c"], ["d", "e"], ["f", "g"]]
    assert [source.name for source in stored.sources] == ["store-1", "store-2", "store-3"]
    assert not any(source.may_ship for source in stored.sources)
    assert {source.licence for source in stored.sources} == {"own data"}
    assert named(stored_sources(job_of("a"))) == [["a"]]


def test_sources__give_the_stations_that_they_name() -> None:
    source: StationSource = stored_sources(job_of("b", "a", "c", "d")).sources[0]
    assert [data.station.id for data in source.stations()] == ["a", "b"]
    drawn = draw_samples(source, 0)
    assert drawn.stations == ("a", "b")
    assert drawn.ends == tuple(data.end.isoformat() for data in source.stations())


def test_sources__are_described_by_what_is_learned_from() -> None:
    job = job_of("a", "b")
    before = [source.described() for source in stored_sources(job).sources]
    assert [source.described() for source in stored_sources(job).sources] == before
    data = stored_station("a", 60)
    job.store.station("a").replace_measurements(replace(data, frame=data.frame * 2))
    after = [source.described() for source in stored_sources(job).sources]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_learned__are_the_rows_that_a_training_would_fit_on() -> None:
    job = job_of("a", days=60)
    data, history = learned_part(job, "a", None), read_history(job, "a", None)
    assert data.end == history.end - pd.Timedelta(days=14)          # the least that validates
    assert history.end == history.data.end - pd.Timedelta(days=7)
    longer = build_settings({"windows": {"validation_share": 0.3}})
    assert learned_part(replace(job, settings=longer), "a", None).end < data.end


def test_learned__knows_nothing_that_was_measured_at_or_after_a_time() -> None:
    job = job_of("a", days=90)
    whole = job.store.station("a").measurements()
    until = whole.frame.index[70 * 24]
    before = learned_part(job, "a", until.isoformat())
    changed = whole.frame.copy()
    changed.loc[until:] = 7777.0
    job.store.station("a").replace_measurements(replace(whole, frame=changed))
    pd.testing.assert_frame_equal(learned_part(job, "a", until.isoformat()).frame, before.frame)
    assert before.end == until - pd.Timedelta(days=21)


def test_sources__tell_why_stations_are_left_out() -> None:
    job = job_of("a", "b")
    for name, days in {"brief": 12, "shorter": 35}.items():
        job.store.station(name).replace_measurements(stored_station(name, days))
    gaps = stored_station("gaps", 60)
    half = gaps.frame.where((np.arange(len(gaps.frame)) % 48 < 20)[:, None])
    job.store.station("gaps").replace_measurements(replace(gaps, frame=half))
    silent = stored_station("silent", 60)
    job.store.station("silent").replace_measurements(replace(silent, frame=silent.frame * np.nan))
    coarse = stored_station("coarse", 60)
    coarse = replace(coarse, station=coarse.station.model_copy(update={"step": "12h"}), frame=coarse.frame[::12])
    job.store.station("coarse").replace_measurements(coarse)
    job.store.station("described").describe({"kind": "load"})
    stored = stored_sources(job)
    assert named(stored) == [["a"], ["b"]]
    assert stored.left_out["brief"].endswith("too little data to train on: 12.0 days")
    assert stored.left_out["shorter"].endswith("18.7 days before the weeks that its training validates on")
    assert "too little data to learn from" in stored.left_out["gaps"]
    assert stored.left_out["silent"].endswith("0.0 days")
    assert "too long to learn from: 12h" in stored.left_out["coarse"]
    assert "no rows of station described" in stored.left_out["described"]
    lines = stored.lines("there")
    assert lines[0] == f"2 of 8 stations in there are learned from, up to {MOST} windows of each"
    assert len(lines) == 7
    assert stored.unused({"a"}).keys() == {*stored.left_out, "b"}


def test_sources__of_an_empty_store_or_of_short_histories_are_an_error() -> None:
    with pytest.raises(NoRowsError, match="no rows of any station"):
        stored_sources(job_of())
    with pytest.raises(DataError, match="nothing can be learned from any of the 2 stations") as caught:
        stored_sources(job_of("a", "b", days=30))
    assert "six weeks" in str(caught.value)
    with pytest.raises(InputError, match="nothing can be learned"):
        stored_sources(job_of("a"), until="2020-01-01")


def test_windows__are_bounded_for_one_station_and_for_all() -> None:
    assert windows_each(1) == windows_each(40) == MOST
    assert 3000 * windows_each(3000) <= WINDOWS
    assert windows_each(10 * WINDOWS) == 1


def test_learned__keep_their_weather_and_clock() -> None:
    data = stored_station("a", 60)
    station = data.station.model_copy(update={"known_future": ("temperature",)})
    frame = data.frame.assign(temperature=np.arange(len(data.frame), dtype=np.float64))
    job = job_of()
    job.store.station("a").replace_measurements(replace(data, station=station, frame=frame))
    learned = learned_part(job, "a", None)
    assert learned.station == station
    assert list(learned.frame) == [TOTAL, "temperature"]
