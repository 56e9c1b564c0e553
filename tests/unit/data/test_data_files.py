"""Files of one station that call their columns otherwise: by all names together half of each would be left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError


def month(folder: Path, number: int, **names: str) -> None:
    times = pd.date_range(f"2025-{number:02}-01", periods=96, freq="15min")
    frame = pd.DataFrame({"time": times, TOTAL: 200.0 + np.arange(96), "temp": 10.0})
    frame.rename(columns=names).to_csv(folder / f"plant-2025-{number:02}.csv", index=False)


@pytest.mark.parametrize(("first", "second", "found"), [
    ({TOTAL: "active_power(kW)"}, {TOTAL: "active_power(MW)"}, r"'active_power\(kW\)' and 'active_power\(MW\)'"),
    ({TOTAL: "active_power"}, {TOTAL: "active_power [kW]"}, r"'active_power' and 'active_power \[kW\]'"),
    ({}, {"time": "时间"}, "'time' and '时间'"),
    ({}, {"temp": "温度"}, "(?s)'温度'.*'temp'|'temp'.*'温度'"),
])
def test_files__a_column_that_is_called_otherwise_is_an_error(tmp_path: Path, first: dict[str, str],
                                                              second: dict[str, str], found: str) -> None:
    month(tmp_path, 1, **first)
    month(tmp_path, 2, **second)
    with pytest.raises(DataError, match=r"plant-2025-0.*call the same column otherwise") as raised:
        open_source(tmp_path, DataConfig()).read()
    assert pd.Series([str(raised.value)]).str.contains(found).all()


def test_files__a_column_that_begins_or_weather_of_its_own_is_none(tmp_path: Path) -> None:
    month(tmp_path, 1)
    month(tmp_path, 2, extra="extra")
    pd.DataFrame({"time": pd.date_range("2025-02-01", periods=96, freq="15min"), "温度": 5.5}).to_csv(
        tmp_path / "plant-2025-02-weather.csv", index=False)
    data, _ = open_source(tmp_path, DataConfig()).read()
    assert set(data.station.known_future) == {"temp", "温度"}
