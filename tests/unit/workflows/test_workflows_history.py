"""Where the weeks that are kept from training begin."""

import pandas as pd
import pytest

from wattcast.contracts import Station
from wattcast.data.schema import StationData
from wattcast.workflows.history import History


@pytest.mark.parametrize("end", ["2024-04-08", "2024-11-04", "2024-07-01"])
def test_kept_weeks__begin_at_the_time_on_the_wall_at_which_the_data_ends(end: str) -> None:
    index = pd.date_range("2024-01-01", end, freq="1h", tz="Europe/Berlin", inclusive="left", name="time")
    data = StationData(Station(id="s", timezone="Europe/Berlin", step="1h"),
                       pd.DataFrame({"total_active_power": 1.0}, index=index))
    history = History(data, None, 4, (), newest=28)
    assert data.end == pd.Timestamp(end, tz="Europe/Berlin")
    assert history.kept == pd.Timestamp(end, tz="Europe/Berlin") - pd.DateOffset(days=28)
    assert history.end == pd.Timestamp(end, tz="Europe/Berlin") - pd.DateOffset(days=56)
