import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import ADJUSTABLE, PART, TOTAL, Forecast, Station
from wattcast.errors import DataError
from wattcast.forecasting.output import forecast_table, write_forecasts
from wattcast.forecasting.postprocess import target_columns


def forecast(station: Station, origin: str, steps: int = 5) -> Forecast:
    """Values that tell their column: the hundreds are its position; and columns in the wrong order."""
    start = pd.Timestamp(origin).tz_localize(station.timezone)
    index = pd.date_range(start, periods=steps, freq=station.step, name="time")
    names = [name for target in station.targets for name in target_columns(target)]
    names += [ADJUSTABLE] if PART in station.targets else []
    columns = {name: 100.0 * position + np.arange(steps) / 7 for position, name in enumerate(names)}
    return Forecast(station.id, start, "wattcast", pd.DataFrame(columns, index=index)[names[::-1]])


def test_table__the_promised_columns_in_the_promised_order() -> None:
    station = Station(id="north", targets=(TOTAL, PART))
    table = forecast_table(forecast(station, "2025-06-01 09:15"), station)
    assert list(table.columns) == [
        "station_id", "origin", "time", "lead", *target_columns(TOTAL), *target_columns(PART), ADJUSTABLE]
    assert table["lead"].tolist() == [1, 2, 3, 4, 5]
    assert (table["station_id"] == "north").all()
    assert table[TOTAL].tolist() == [0.0, 0.1429, 0.2857, 0.4286, 0.5714]
    assert table[ADJUSTABLE].tolist() == [2000.0, 2000.1429, 2000.2857, 2000.4286, 2000.5714]


def test_table__one_target_has_no_adjustable_power() -> None:
    station = Station(id="north")
    table = forecast_table(forecast(station, "2025-06-01"), station)
    assert list(table.columns) == ["station_id", "origin", "time", "lead", *target_columns(TOTAL)]


@pytest.mark.parametrize(("naive", "first", "origin"), [
    (True, "2025-06-01 09:15:00", "2025-06-01 09:15:00"),
    (False, "2025-06-01 09:15:00+08:00", "2025-06-01 09:15:00+08:00"),
])
def test_table__times_as_the_source_wrote_them(naive: bool, first: str, origin: str) -> None:
    station = Station(id="north", naive_time=naive)
    table = forecast_table(forecast(station, "2025-06-01 09:15"), station)
    assert table["time"].iloc[0] == first
    assert (table["origin"] == origin).all()


def test_table__an_hour_that_occurs_twice_is_told_apart_by_its_offset() -> None:
    station = Station(id="north", timezone="Europe/Berlin", step="1h", naive_time=False)
    table = forecast_table(forecast(station, "2025-10-26 01:00"), station)
    assert table["time"].tolist()[1:3] == ["2025-10-26 02:00:00+02:00", "2025-10-26 02:00:00+01:00"]


@pytest.mark.parametrize("name", ["f.csv", "f.txt", "f.parquet", "deep/er/f.csv", "f.csv.gz", "F.PARQUET"])
def test_write__tables_one_below_the_other_by_the_name_s_ending(tmp_path, name: str) -> None:
    stations = [Station(id="north"), Station(id="1716387625733984256", targets=(TOTAL, PART))]
    tables = [forecast_table(forecast(station, "2025-06-01"), station) for station in stations]
    path = tmp_path / name
    write_forecasts(tables, path)
    read = pd.read_parquet if name.lower().endswith("parquet") else pd.read_csv
    again = read(path) if read is pd.read_parquet else read(path, dtype={"station_id": str})
    assert again["station_id"].tolist() == ["north"] * 5 + ["1716387625733984256"] * 5
    assert again[ADJUSTABLE].notna().tolist() == [False] * 5 + [True] * 5
    assert again["time"].astype(str).tolist() == [time for table in tables for time in table["time"]]
    np.testing.assert_allclose(again[TOTAL], [*tables[0][TOTAL], *tables[1][TOTAL]], rtol=0, atol=1e-9)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_write__the_same_bytes_each_time(tmp_path) -> None:
    station = Station(id="north")
    for name in ("a", "b"):
        write_forecasts([forecast_table(forecast(station, "2025-06-01"), station)], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"\r" not in (tmp_path / "a").read_bytes()


def test_write__leaves_the_old_file_when_it_cannot(tmp_path) -> None:
    (tmp_path / "file").write_text("I was here first")
    station = Station(id="north")
    with pytest.raises(DataError, match="cannot write"):
        write_forecasts([forecast_table(forecast(station, "2025-06-01"), station)], tmp_path / "file" / "f.csv")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["I was here first"]
