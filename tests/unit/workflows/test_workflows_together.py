"""Stored stations forecast together: what is recalled, what is read anew, and who goes another way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.errors import DataError, NoRowsError
from wattcast.store.memory import MemoryStation, MemoryStore
from wattcast.workflows import together
from wattcast.workflows.forecast import forecast
from wattcast.workflows.job import Job
from wattcast.workflows.together import Made, forecast_together, remember

END = pd.Timestamp("2025-06-02", tz="Asia/Shanghai")


def rows(name: str, days: int = 100, **said: object) -> StationData:
    """A load that was twice as high until 80 days ago, with a code of the weather where it is asked for."""
    station = Station(id=name, step="1h", horizon="1d", **said)                         # type: ignore[arg-type]
    index = pd.date_range(END - pd.Timedelta(days=days), END + pd.Timedelta(days=1), freq="1h", inclusive="left",
                          name="time")
    power = 100 + 50 * np.sin(index.hour.to_numpy() * np.pi / 12) + np.random.default_rng(7).normal(0, 5, len(index))
    code = np.where(index < END - pd.Timedelta(days=90), "storm", np.where(index.day_of_year % 2, "sun", "rain"))
    frame = pd.DataFrame({TOTAL: power, "code": code}, index=index)[list(station.columns)]
    frame[TOTAL] = frame[TOTAL].where(index < END)
    return StationData(station, frame)


@pytest.fixture
def job() -> Job:
    store = MemoryStore()
    for name, told in {"plain": {}, "coded": {"known_future": ("code",), "categorical": ("code",)}}.items():
        store.station(name).replace_measurements(rows(name, **told))
    return Job(None, "all", store=store)


def made(job: Job, *names: str) -> dict[str, Made]:
    found = {str(each.station_id): each for each in forecast_together(job, names)}
    assert not [each.error for each in found.values() if each.error]
    return {name: each.result for name, each in found.items() if each.result}


def test_together__what_is_remembered_is_not_worked_out_again(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {name: forecast(job, name).forecast.table for name in ("plain", "coded")}
    for name in alone:
        assert remember(job, name)
        assert not remember(job, name)
    monkeypatch.setattr("wattcast.forecasting.batched.judge", lambda _: pytest.fail("it is worked out again"))
    for name, each in made(job, "plain", "coded").items():
        assert each.shares is None
        pd.testing.assert_frame_equal(each.outcome.forecast.table, alone[name], rtol=1e-5)


def test_together__what_is_not_remembered_is_handed_back(job: Job) -> None:
    shares = made(job, "plain")["plain"].shares
    assert shares is not None
    job.store.station("plain").keep_recall(shares)
    assert made(job, "plain")["plain"].shares is None


def test_together__only_the_last_weeks_of_what_is_remembered_are_read(job: Job,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    remember(job, "plain")
    asked = []
    read = MemoryStation.measurements

    def noted(self: MemoryStation, station: Station | None = None,
              since: pd.Timestamp | None = None) -> StationData | None:
        asked.append(since)
        return read(self, station, since)

    monkeypatch.setattr(MemoryStation, "measurements", noted)
    made(job, "plain")
    assert asked == [END - together.READ]


def test_together__rows_that_came_since_count(job: Job) -> None:
    remember(job, "plain")
    data = rows("plain")
    frame = data.frame.copy()
    frame.loc[END - pd.Timedelta(days=3):END - pd.Timedelta("1ns"), TOTAL] *= 2
    job.store.station("plain").replace_measurements(replace(data, frame=frame))
    each = made(job, "plain")["plain"]
    assert each.shares is not None
    pd.testing.assert_frame_equal(each.outcome.forecast.table, forecast(job, "plain").forecast.table, rtol=1e-5)


def test_together__older_rows_that_came_since_count(job: Job) -> None:
    """Whether power is never below zero follows from all rows, the key of what is recalled from the last weeks."""
    data = rows("plain")
    low = replace(data, frame=data.frame.assign(**{TOTAL: data.frame[TOTAL] - 120}))
    before = END - pd.Timedelta(days=80)
    recent = low.frame[low.frame.index >= before]
    kept = job.store.station("plain")
    kept.replace_measurements(replace(low, frame=recent.clip(lower=0)))
    remember(job, "plain")
    kept.append_measurements(replace(low, frame=low.frame[low.frame.index < before]), received=END)
    table = made(job, "plain")["plain"].outcome.forecast.table
    assert table.min(axis=None) < 0
    pd.testing.assert_frame_equal(table, forecast(job, "plain").forecast.table, rtol=1e-5)


@pytest.mark.parametrize("asked", [{"at": "2025-03-10"}, {"now": "2025-03-10 05:30"},
                                   {"at": "today", "now": "2025-03-10 05:30"}])
def test_together__from_long_before_what_is_kept(job: Job, asked: dict[str, str]) -> None:
    remember(job, "plain")
    (each,) = forecast_together(job, ["plain"], **asked)                               # type: ignore[arg-type]
    assert each.result is not None, each.error
    alone = forecast(job, "plain", **asked).forecast                                   # type: ignore[arg-type]
    assert alone.origin < END - together.READ
    pd.testing.assert_frame_equal(each.result.outcome.forecast.table, alone.table, rtol=1e-5)


def test_together__a_target_that_was_not_measured_for_long(job: Job) -> None:
    """It goes by capacity, and its age is told each time."""
    data = rows("plain", kind=Kind.LOAD, capacity=600.0)
    part = data.frame[TOTAL].where(data.frame.index < END - pd.Timedelta(days=75)) / 2
    station = data.station.model_copy(update={"targets": (TOTAL, PART)})
    job.store.station("plain").replace_measurements(StationData(station, data.frame.assign(**{PART: part})))
    alone = forecast(job, "plain", now=END.isoformat())
    for _ in range(2):
        remember(job, "plain")
        (each,) = forecast_together(job, ["plain"], now=END.isoformat())
        assert each.result is not None, each.error
        outcome = each.result.outcome
        pd.testing.assert_frame_equal(outcome.forecast.table, alone.forecast.table, rtol=1e-5)
        assert outcome.ground.quality.to_dict() == alone.ground.quality.to_dict()
    assert f"of {PART} is 75 days old" in str(alone.ground.quality.to_dict())


def test_together__one_without_rows_fails_alone(job: Job) -> None:
    nothing, plain = forecast_together(job, ["nothing", "plain"])
    assert isinstance(nothing.error, NoRowsError)
    assert plain.result is not None


def test_together__one_that_was_never_measured(job: Job) -> None:
    """With a capacity by that and its kind; without one not at all."""
    for name, capacity in (("known", 500.0), ("unknown", None)):
        data = rows(name, days=3, kind=Kind.LOAD, capacity=capacity)
        job.store.station(name).replace_measurements(replace(data, frame=data.frame * np.nan))
    known, unknown = forecast_together(job, ["known", "unknown"])
    assert known.result is not None
    assert known.result.outcome.forecast.table[TOTAL].to_numpy() == pytest.approx(225.0)
    assert isinstance(unknown.error, DataError)
    assert not remember(job, "known")
