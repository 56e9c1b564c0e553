import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.errors import ConfigError
from wattcast.store.base import IssuedForecast
from wattcast.store.memory import MemoryStation, MemoryStore
from wattcast.workflows.prune import prune_station, time_before

START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)


@pytest.fixture
def station() -> MemoryStation:
    kept = MemoryStore().station("works")
    for day in range(4):
        index = pd.date_range(START + day * DAY, periods=24, freq="1h", name="time")
        table = pd.DataFrame({TOTAL: 1.0}, index=index)
        kept.keep_forecast(IssuedForecast(index[0], "v0001", table, index[0], notes=("of another length",) * day))
    return kept


def test_prune__forecasts_of_origins_before_a_time(station: MemoryStation) -> None:
    found = prune_station(station, before=START + DAY)
    assert (found.forecasts, found.versions) == (1, {})
    assert [made.origin for made in station.forecasts()] == [START + day * DAY for day in (1, 2, 3)]
    assert found.freed == found.before["forecasts"] - found.after["forecasts"] > 0
    told = found.to_dict()
    assert told["station"] == "works"
    assert told["before"]["all"] - told["after"]["all"] == found.freed


def test_prune__a_dry_run_says_the_same_and_removes_nothing(station: MemoryStation) -> None:
    would = prune_station(station, before=START + DAY, dry_run=True)
    assert len(list(station.forecasts())) == 4
    assert would.freed > 0
    assert would == prune_station(station, before=START + DAY)


def test_prune__nothing_unless_it_is_asked_for(station: MemoryStation) -> None:
    found = prune_station(station)
    assert (found.forecasts, found.freed, len(station.issues())) == (0, 0, 4)
    assert prune_station(station, before=START).forecasts == 0
    assert prune_station(MemoryStore().station("empty"), keep=1, before=START).freed == 0


def test_time_before() -> None:
    assert time_before("400d", "2025-06-01T00:00Z") == pd.Timestamp("2024-04-27", tz="UTC")
    assert abs(time_before("1h") - pd.Timestamp.now("UTC") + pd.Timedelta("1h")) < pd.Timedelta("1min")
    with pytest.raises(ConfigError):
        time_before("400")
