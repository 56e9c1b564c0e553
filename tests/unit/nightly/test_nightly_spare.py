import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Station
from wattcast.errors import DataError
from wattcast.nightly.spare import by_capacity, issued_again, station_of
from wattcast.settings import Settings
from wattcast.store.base import IssuedForecast

ZONE = "Europe/Berlin"
HOURLY = Station(id="a", timezone=ZONE, step="1h")


def issued(origin: str, days: int = 7) -> IssuedForecast:
    """Of a load that tells the hour of the week by the clock on the wall."""
    index = pd.date_range(pd.Timestamp(origin, tz=ZONE), periods=24 * days, freq="1h", name="time")
    power = (24.0 * index.day_of_week + index.hour).astype(float)
    table = pd.DataFrame({"total_active_power": power, "total_active_power_q10": power - 1}, index=index)
    return IssuedForecast(index[0], "v0001", table)


@pytest.mark.parametrize(("made", "origin"), [
    ("2025-05-05", "2025-05-06"), ("2025-05-05", "2025-05-05"), ("2025-04-01", "2025-05-06"),
    ("2025-03-24", "2025-03-26"), ("2025-10-20", "2025-10-24"), ("2025-10-20", "2025-11-05")])
def test_issued_again__says_what_was_said_of_the_same_time_of_the_week(made: str, origin: str) -> None:
    table = issued_again(issued(made), HOURLY, pd.Timestamp(origin, tz=ZONE)).table
    expected = 24.0 * table.index.day_of_week + table.index.hour
    assert len(table) == 168
    # An hour that clocks leave out or show twice has a neighbour's value.
    assert (np.abs(table["total_active_power"] - expected) > 0).sum() <= 2
    assert table.notna().all(axis=None)
    assert (table["total_active_power_q10"] == table["total_active_power"] - 1).all()
    # As early versions kept it: without other quantiles.
    assert (table["total_active_power_q90"] == table["total_active_power"]).all()


@pytest.mark.parametrize("made", ["2025-01-01", "2025-05-08"])
def test_issued_again__refuses_one_that_is_too_old_or_from_later(made: str) -> None:
    with pytest.raises(DataError, match="the last forecast of station a"):
        issued_again(issued(made), HOURLY, pd.Timestamp("2025-05-06", tz=ZONE))


def test_by_capacity__needs_a_kind_and_a_size_alone() -> None:
    station = station_of("roof", {"kind": "pv", "capacity": 500, "time": {"timezone": ZONE, "step": "1h"}})
    table = by_capacity(station, pd.Timestamp("2025-05-06", tz=ZONE), Settings().recipe()).table
    assert len(table) == 168
    assert table["total_active_power"].max() == pytest.approx(250, rel=0.05)
    assert table["total_active_power"].iloc[0] == 0


def test_by_capacity__without_a_size_nothing_is_known() -> None:
    with pytest.raises(DataError, match="nothing is known of station x: no measurement, no forecast, no capacity"):
        by_capacity(station_of("x", None), pd.Timestamp("2025-05-06", tz="Asia/Shanghai"), Settings().recipe())
