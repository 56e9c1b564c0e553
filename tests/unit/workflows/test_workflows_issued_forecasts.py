import pandas as pd
import pytest

from wattcast.contracts import ADJUSTABLE, PART, TOTAL, quantile_column
from wattcast.errors import DataError, InputError
from wattcast.store.base import IssuedForecast
from wattcast.store.memory import MemoryStation, MemoryStore
from wattcast.workflows.issued_forecasts import (
    described,
    issued_forecasts,
    show_days_ahead,
    show_forecast,
)
from wattcast.workflows.stored import station_in

START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)


def issued(day: int, hours: float | None = 2, band: bool = True, value: float | None = None) -> IssuedForecast:
    index = pd.date_range(START + day * DAY, periods=168, freq="1h", name="time")
    value = float(day) if value is None else value
    table = {TOTAL: value, PART: value / 4}
    if band:
        table |= {quantile_column(target, level): value for target in (TOTAL, PART) for level in (0.1, 0.5, 0.9)}
    made = None if hours is None else index[0] + pd.Timedelta(hours=hours)
    return IssuedForecast(index[0], "v0001", pd.DataFrame(table, index=index), made, "issued", index[0], "degraded",
                          "previous", ("late", "few rows"))


@pytest.fixture
def station() -> MemoryStation:
    kept = MemoryStore().station("works")
    for made in (issued(1), issued(2, None), issued(2, 9, value=20.0), issued(4, band=False)):
        kept.keep_forecast(made)
    return kept


def test_list__all_by_origin_and_issue(station: MemoryStation) -> None:
    found = issued_forecasts(station)
    assert [(made.origin, made.table[TOTAL].iloc[0]) for made in found] == [
        (START + DAY, 1), (START + 2 * DAY, 2), (START + 2 * DAY, 20), (START + 4 * DAY, 4)]
    assert len(issued_forecasts(station, "2025-03-05 00:00")) == 3
    assert len(issued_forecasts(station, "2025-03-05 01:00")) == 1
    assert described(found[0]) == {
        "origin": "2025-03-04T00:00:00+08:00", "issued": "2025-03-04T02:00:00+08:00", "version": "v0001",
        "weather": "issued", "weather_issued": "2025-03-04T00:00:00+08:00", "quality": "degraded",
        "fallback": "previous", "steps": 168, "notes": 2}
    assert described(found[1])["issued"] is None
    with pytest.raises(InputError, match="is not a time"):
        issued_forecasts(station, "someday")


def test_show__the_newest_and_those_before(station: MemoryStation) -> None:
    assert [show_forecast(station, issue=issue).table[TOTAL].iloc[0] for issue in (1, 2, 3, 4)] == [4, 20, 2, 1]
    with pytest.raises(DataError, match="--issue 5: station works has 4 issued forecasts"):
        show_forecast(station, issue=5)


def test_show__whole_as_it_was_filed(station: MemoryStation) -> None:
    found = show_forecast(station, issue=4)
    assert list(found.table) == [
        "station_id", "origin", "time", "lead", TOTAL, *(f"{TOTAL}_q{level}" for level in (10, 50, 90)), PART,
        *(f"{PART}_q{level}" for level in (10, 50, 90)), ADJUSTABLE]
    first = found.table.iloc[0]
    assert (first["station_id"], first["origin"], first["time"], first["lead"]) == (
        "works", "2025-03-04 00:00:00", "2025-03-04 00:00:00", 1)
    assert first[ADJUSTABLE] == 0.75
    told = found.to_dict()
    assert told["notes"] == ["late", "few rows"]
    assert len(told["steps"]) == 168
    assert list(show_forecast(station).table)[4:] == [TOTAL, PART, ADJUSTABLE]


def test_show__of_an_origin(station: MemoryStation) -> None:
    assert show_forecast(station, at="2025-03-05").table[TOTAL].iloc[0] == 20
    assert show_forecast(station, at="2025-03-05 00:00", issue=2).table[TOTAL].iloc[0] == 2
    assert show_forecast(station, at="2025-03-04T16:00Z").table[TOTAL].iloc[0] == 20
    with pytest.raises(DataError, match="no issued forecast from 2025-03-06") as refused:
        show_forecast(station, at="2025-03-06")
    assert "2025-03-07 00:00, 2025-03-05 00:00" in str(refused.value)


def test_show__days_that_were_so_far_ahead(station: MemoryStation) -> None:
    found = show_days_ahead(station, 2)
    assert found.table["time"].is_monotonic_increasing
    by_day = found.table.groupby(found.table["time"].str[:10])
    assert by_day[TOTAL].first().head(4).tolist() == [1, 20, 20, 4]
    assert by_day["lead"].first().head(4).tolist() == [25, 25, 49, 25]
    assert by_day["origin"].first().iloc[0] == "2025-03-04 00:00:00"
    assert found.to_dict()["lead_days"] == 2
    assert show_days_ahead(station, 2, since="2025-03-05").table["time"].iloc[0] == "2025-03-06 00:00:00"
    with pytest.raises(InputError, match="--lead-days 8"):
        show_days_ahead(station, 8)


def test_show__where_nothing_was_issued() -> None:
    empty = MemoryStore().station("works")
    for show in (show_forecast, lambda kept: show_days_ahead(kept, 1)):
        with pytest.raises(DataError, match="no issued forecast of station works is kept"):
            show(empty)


def test_station_in__names_the_nearest() -> None:
    store = MemoryStore()
    store.station("works").keep_forecast(issued(1))
    assert station_in(store, "works").station_id == "works"
    with pytest.raises(DataError) as refused:
        station_in(store, "work")
    assert "did you mean works?" in str(refused.value)
    with pytest.raises(DataError, match="nothing is kept of station works"):
        station_in(MemoryStore(), "works")
