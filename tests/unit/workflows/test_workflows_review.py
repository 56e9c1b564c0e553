from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.evaluation.rules import named_rules
from wattcast.store.base import IssuedForecast
from wattcast.store.memory import MemoryStation, MemoryStore
from wattcast.workflows import review as module
from wattcast.workflows.review import review_station

START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)
TARGETS = (TOTAL, PART)


def measured(days: int = 42, capacity: float | None = None) -> StationData:
    """Hours; each week is 10 higher than the one before, which is what last week's values are wrong by."""
    index = pd.date_range(START, periods=24 * days, freq="1h", name="time")
    power = 500 + 10.0 * (np.arange(len(index)) // 168)
    station = Station(id="works", targets=TARGETS, step="1h", capacity=capacity)
    return StationData(station, pd.DataFrame(dict.fromkeys(TARGETS, power), index=index))


def issued(day: int, error: float = 4.0, hours: float = 2.0, version: str = "v0001", band: bool = True
           ) -> IssuedForecast:
    """A week from midnight, wrong by `error`, with a band that holds it all."""
    index = pd.date_range(START + day * DAY, periods=168, freq="1h", name="time")
    truth = 500 + 10.0 * ((np.arange(168) + 24 * day) // 168)
    table = {}
    for target in TARGETS:
        table[target] = truth + error
        if band:
            table |= {quantile_column(target, level): truth + error + 100 * (level - 0.5) for level in (0.1, 0.9)}
    return IssuedForecast(index[0], version, pd.DataFrame(table, index=index), index[0] + hours * DAY / 24)


class Counting(MemoryStation):
    """Counts the forecasts that are read."""

    read = 0

    def forecasts(self, since: pd.Timestamp | None = None) -> Iterator[IssuedForecast]:
        for made in super().forecasts(since):
            self.read += 1
            yield made


@pytest.fixture
def station(tmp_path) -> Counting:
    kept = Counting("works", tmp_path)
    kept.replace_measurements(measured())
    for day in range(30, 42):
        kept.keep_forecast(issued(day))
    return kept


def test_review__the_days_that_are_over_by_day_ahead(station: Counting) -> None:
    found = review_station(station, days=10)
    assert found.span == (START + 32 * DAY, START + 42 * DAY)
    assert (found.targets, found.days) == (TARGETS, (1, 2, 3, 4, 5, 6, 7))
    score = found.score(TOTAL, 1)
    assert (score.days, score.forecasts, score.steps) == (10, 10, 240)
    assert score.mae == pytest.approx(4.0)
    assert score.last_week == pytest.approx(10.0)
    assert score.skill == pytest.approx(0.6)
    assert score.inside_80 == 1.0
    assert found.score(TOTAL, 7).days == 6
    assert found.notes == ()


def test_review__a_night_reads_the_forecasts_of_its_own_days_only(station: Counting) -> None:
    review_station(station)
    rows = len(station.accuracy())
    before, station.read = station.read, 0
    review_station(station)
    assert (before, station.read) == (12, 0)
    station.append_measurements(measured(43), received=START)
    station.keep_forecast(issued(42))
    again = review_station(station)
    assert station.read == 7
    assert len(station.accuracy()) == rows + 7 * len(TARGETS)
    assert again.span[1] == START + 43 * DAY


def test_review__a_correction_recomputes_the_days_that_it_touches(station: Counting) -> None:
    review_station(station)
    before = station.accuracy()
    corrected = measured()
    corrected.frame.loc[START + 33 * DAY:START + 34 * DAY - pd.Timedelta("1h"), TOTAL] += 3.0
    station.append_measurements(corrected, received=START)
    review_station(station)
    after = station.accuracy()
    assert len(after) == len(before)
    changed = after[(after["checksum"] != before["checksum"]).to_numpy()]
    assert set(changed["day"]) == {START + 33 * DAY, START + 40 * DAY}
    assert set(changed["target"]) == {TOTAL}
    assert changed.loc[changed["day"] == START + 33 * DAY, "mae"].to_numpy() == pytest.approx(1.0)
    assert changed.loc[changed["day"] == START + 40 * DAY, "last_week"].to_numpy() == pytest.approx(7.0)


def test_review__a_forecast_that_is_made_up_for_is_judged_too(station: Counting) -> None:
    review_station(station)
    station.keep_forecast(issued(29, error=6.0))
    assert review_station(station).score(TOTAL, 1).days == 13


def test_review__of_several_issues_the_last_one_in_time(station: Counting) -> None:
    station.keep_forecast(issued(41, error=8.0, hours=9))
    station.keep_forecast(issued(41, error=20.0, hours=30))
    newest = {which: review_station(station, days=1, which=which) for which in ("last", "first")}
    assert newest["last"].score(TOTAL, 1).mae == pytest.approx(8.0)
    assert newest["first"].score(TOTAL, 1).mae == pytest.approx(4.0)
    assert "of several forecasts of one origin the last counts; 2 are left out" in newest["last"].notes


def test_review__what_is_worth_knowing(station: Counting) -> None:
    station.remove_forecasts(START + 99 * DAY)
    for day in (20, 21, 24):
        station.keep_forecast(issued(day, band=day == 24))
    data = measured(30)
    data.frame.loc[START + 23 * DAY:START + 23.6 * DAY] = np.nan
    station.replace_measurements(data)
    found = review_station(station)
    assert found.notes == ("measured for less than half and not counted: 1 day",
                           "not forecast one day ahead: 6 days", "2 of 3 forecasts were kept without a band")
    assert np.isnan(found.score(TOTAL, 7).inside_80) == (found.of(TOTAL, 7)["inside_80"].isna().all())


def test_review__nothing_to_judge_is_no_error() -> None:
    kept = MemoryStore().station("works")
    assert review_station(kept).notes == ("no forecast was issued",)
    kept.keep_forecast(issued(41))
    assert "nothing that was measured is kept" in review_station(kept).notes[0]
    kept.replace_measurements(measured(41))
    found = review_station(kept)
    assert found.notes == (
        "no day of an issued forecast is over: what is measured ends at 2025-04-13 00:00",)
    assert (found.targets, found.to_dict()["targets"]) == ((), {})


@pytest.mark.parametrize("end", [35, 29, 48])
def test_review__measurements_that_end_long_before_or_after_the_newest_forecast(station: Counting, end: int) -> None:
    """The rows that matter are found all the same: last week's values of every day are known."""
    station.replace_measurements(measured(end))
    found = review_station(station, days=7)
    assert found.span[1] == START + end * DAY
    if found.targets:
        assert found.rows["compared"].min() == 24


def test_review__years_of_history_are_not_read(station: Counting, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(Counting, "measurements", lambda self, of=None, since=None: asked.append(since) or
                        MemoryStation.measurements(self, of, since))
    review_station(station, days=7)
    assert asked == [START + (41 - 7 - module.BEFORE) * DAY]


def test_review__the_region_s_score(station: Counting) -> None:
    rules = named_rules(["jiangsu-2023"])
    without = review_station(station, days=7, rules=rules)
    assert without.rules == ()
    assert "not graded: no capacity is known" in without.notes[-1]
    station.replace_measurements(measured(capacity=1000))
    graded, = review_station(station, days=7, rules=rules).rules
    assert graded.model == "works"
    assert graded.measures[0].mean > 0.98
    assert graded.measures[0].daily["date"].tolist() == [f"2025-04-{day:02}" for day in range(7, 14)]


@pytest.mark.parametrize(("until", "gone"), [(37, 7), (99, 12)])
def test_review__what_was_found_out_stays_when_forecasts_are_pruned(station: Counting, until: int, gone: int) -> None:
    station.replace_measurements(measured(capacity=1000))
    rules = named_rules(["jiangsu-2023"])
    before = review_station(station, days=10, rules=rules)
    station.remove_forecasts(START + until * DAY)
    after = review_station(station, days=10, rules=rules)
    pd.testing.assert_frame_equal(after.rows, before.rows)
    assert (after.span, before.notes) == (before.span, ())
    assert after.notes[-1].startswith(f"not graded: {gone} of 12 forecasts, which are no longer kept")
    assert len(after.rules) == (until < 99)


def test_review__a_place_that_may_only_be_read_is_reviewed(station: Counting, monkeypatch, caplog) -> None:
    def refuse(*_: object) -> None:
        raise DataError("cannot write", found="read-only")

    monkeypatch.setattr(Counting, "keep_accuracy", refuse)
    assert review_station(station, days=7).score(TOTAL, 1).days == 7
    assert "what was found is not kept" in caplog.text
