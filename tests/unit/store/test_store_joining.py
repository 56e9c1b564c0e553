import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.store.base import ACCURACY
from wattcast.store.joining import joined, no_accuracy, noted, with_accuracy

FIRST = pd.Timestamp("2025-03-01", tz="Asia/Shanghai")


def data(power: list[float], **columns: object) -> StationData:
    index = pd.date_range(FIRST, periods=len(power), freq="1h", name="time")
    station = Station(id="works", step="1h", known_future=tuple(columns))
    return StationData(station, pd.DataFrame({TOTAL: np.asarray(power, float), **columns}, index=index))


def test_joined__weather_that_is_another_one_each_day_is_no_correction() -> None:
    made = joined(data([1.0, 2.0], warm=5.0), data([1.0, 3.0], warm=6.0), FIRST)
    assert made.corrections[["column", "before", "after"]].to_numpy().tolist() == [[TOTAL, 2.0, 3.0]]
    assert made.data.frame["warm"].tolist() == [6.0, 6.0]


def test_noted__once_where_a_kill_left_the_rows_unchanged() -> None:
    first = joined(data([1.0, 2.0]), data([1.0, 3.0]), FIRST).corrections
    again = joined(data([1.0, 2.0]), data([4.0, 3.0]), FIRST + pd.Timedelta("1D")).corrections
    both = noted(first, again)
    assert both[["before", "after"]].to_numpy().tolist() == [[2.0, 3.0], [1.0, 4.0]]
    assert len(noted(both, again)) == 2


def test_accuracy__of_another_zone_is_the_same_row() -> None:
    row = {**dict.fromkeys(ACCURACY, 1.0), "day": FIRST, "lead_day": 1, "target": TOTAL, "origin": FIRST,
           "issued": FIRST, "version": "v0001"}
    rows = pd.DataFrame([row])[list(ACCURACY)]
    kept = with_accuracy(no_accuracy(), rows)
    moved = rows.assign(**{name: rows[name].dt.tz_convert("UTC") for name in ("day", "origin", "issued")}, mae=7.0)
    assert with_accuracy(kept, moved)["mae"].tolist() == [7.0]
    assert with_accuracy(kept, rows.iloc[:0]) is kept
