from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.store.base import StationStore
from wattcast.store.disk import DiskStore
from wattcast.store.memory import MemoryStore
from wattcast.store.older_rows import extend_history

STATION = Station(id="works", known_future=("temperature", "code"), categorical=("code",), step="1h")


@pytest.fixture(params=["disk", "memory"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> StationStore:
    store = MemoryStore() if request.param == "memory" else DiskStore(tmp_path)
    return store.station("works")


def powers(first: str, count: int, level: float = 200.0, **station: object) -> StationData:
    """Hourly power that goes up and down by a tenth, and a temperature."""
    index = pd.date_range(first, periods=count, freq=str(station.get("step", "1h")), tz="Asia/Shanghai", name="time")
    known = station.get("known_future", ("temperature", "code"))
    hours = ((index - pd.Timestamp("2025-03-01", tz="Asia/Shanghai")) / pd.Timedelta("1h")).to_numpy()
    frame = pd.DataFrame({TOTAL: level * (1 + 0.1 * np.sin(hours)), "temperature": 11.0,
                          "code": pd.array(["晴"] * count, dtype="str")}, index=index)
    return StationData(STATION.model_copy(update=station), frame[[TOTAL, *known]])


def kept_in(kept: StationStore, station: Station = STATION) -> pd.Series:
    return kept.measurements(station).frame[TOTAL]


def test_extend_history__the_first_one(kept: StationStore) -> None:
    assert extend_history(kept, powers("2025-03-01", 60)) == ""
    assert len(kept_in(kept)) == 60


def test_extend_history__fewer_rows_lose_none_and_bring_their_corrections(kept: StationStore) -> None:
    extend_history(kept, powers("2025-03-01", 100))
    newer = powers("2025-03-03", 60)            # rows 48 to 107 of those, so eight are new
    newer.frame.iloc[3, 0] = 211.0
    newer.frame.iloc[4, 0] = np.nan
    before = kept_in(kept)
    assert extend_history(kept, newer) == "48 rows that were kept before stay in the history"
    after = kept_in(kept)
    assert len(after) == 108
    pd.testing.assert_series_equal(after.iloc[:48], before.iloc[:48], check_freq=False)
    assert (after.iloc[51], after.iloc[52]) == (211.0, before.iloc[52])


def test_extend_history__what_came_in_after_the_rows_that_are_given_stays(kept: StationStore) -> None:
    extend_history(kept, powers("2025-03-01", 100))
    extend_history(kept, powers("2025-03-01", 50))
    assert len(kept_in(kept)) == 100


def test_extend_history__a_gap_between_both_stays_a_gap(kept: StationStore) -> None:
    extend_history(kept, powers("2025-03-01", 24))
    extend_history(kept, powers("2025-03-03", 24))
    assert kept_in(kept).isna().sum() == 24


@pytest.mark.parametrize(("given", "told"), [
    (powers("2025-03-03", 60, level=200_000.0), "48 older rows that were kept are of another size and are left out"),
    (powers("2025-04-01", 60, level=0.2), "100 older rows that were kept are of another size and are left out"),
    (powers("2025-03-03", 60, known_future=("temperature",), categorical=()), "had other columns and is replaced"),
    (powers("2025-03-03", 60, step="30min"), "had other steps and is replaced"),
])
def test_extend_history__of_another_meter_or_form_is_replaced(kept: StationStore, given: StationData,
                                                              told: str) -> None:
    extend_history(kept, powers("2025-03-01", 100))
    assert told in extend_history(kept, given)
    pd.testing.assert_series_equal(kept_in(kept, given.station), given.frame[TOTAL], check_freq=False)


def test_extend_history__shifted_rows_are_those_of_another_meter(kept: StationStore) -> None:
    extend_history(kept, powers("2025-03-01", 100))
    shifted = powers("2025-03-01", 60)
    shifted.frame[TOTAL] = np.roll(shifted.frame[TOTAL].to_numpy(), 3)
    assert "40 older rows" in extend_history(kept, shifted)
    assert len(kept_in(kept)) == 60



def test_extend_history__of_a_station_whose_zone_is_told_anew(kept: StationStore) -> None:
    extend_history(kept, powers("2025-03-01", 30))
    tokyo = STATION.model_copy(update={"timezone": "Asia/Tokyo"})
    later = StationData(tokyo, powers("2025-03-01", 30).frame.tz_convert("Asia/Tokyo").iloc[20:])
    assert extend_history(kept, later) == "20 rows that were kept before stay in the history"
    assert str(kept_in(kept, tokyo).index.tz) == "Asia/Tokyo"
