"""`train --until` and `forecast --at` on files whose later rows are all kinds of wrong: reading must not look ahead."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ORIGIN = pd.Timestamp("2025-04-20 09:15")
NUMBERS = ("temperature", "humidity", "windSpeed", "cloud", "load", "meter")


def other_values(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: -3 * table[name] + 1e4 for name in NUMBERS}, text="hail", code=999, holiday=7)


def stuck_sensors(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**dict.fromkeys(NUMBERS, 41.5))


def codes_for_no_value(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**dict.fromkeys(NUMBERS, -99.0))


def every_five_minutes(table: pd.DataFrame) -> pd.DataFrame:
    index = pd.date_range(table.index[0], table.index[-1], freq="5min", name="time")
    return table.reindex(index).ffill().assign(meter=np.arange(len(index)) % 50)


def shuffled_and_repeated(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.assign(meter=7.25)]).sample(frac=1, random_state=0)


def nothing(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:0]


def changed_after(plant: Path, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A copy of the station in `folder` with all rows and forecasts after the origin changed, or without them."""
    station = Path(shutil.copytree(plant, folder)) / "plant"
    path = station / "data" / "data-plant-2025-04.csv"
    table = pd.read_csv(path, index_col="time", parse_dates=True)
    known, later = table[table.index < ORIGIN], table[table.index >= ORIGIN]
    pd.concat([known, change(later)]).to_csv(path)
    for forecast in (station / "forcaster").iterdir():
        if pd.Timestamp(forecast.stem[-10:]) > ORIGIN:
            rows = pd.read_csv(forecast, index_col="time", parse_dates=True)
            rows.assign(temperature=-30.0, text="hail").to_csv(forecast)
            if change is nothing:
                forecast.unlink()
    return folder


@pytest.fixture
def results(cli, place: Path, tiny) -> Callable[[Path], dict[str, bytes]]:
    """What training up to the origin and forecasting from it write, file by file."""
    def make(data: Path) -> dict[str, bytes]:
        models = place / "models" / data.name
        for command in (("train", *tiny, "--until", ORIGIN), ("forecast", "--at", ORIGIN)):
            done = cli(*command, "--data", data, "--models-dir", models)
            assert done.code == 0, done.err
        version = models / "plant" / "versions" / "v0001"
        files = (place / "forecast.csv", version / "model.safetensors", version / "metrics.json")
        return {path.name: path.read_bytes() for path in files}
    return make


def test_files__may_hold_anything_after_the_origin(plant, place, results) -> None:
    expected = results(plant)
    for change in (other_values, stuck_sensors, codes_for_no_value, every_five_minutes, shuffled_and_repeated, nothing):
        assert results(changed_after(plant, place / change.__name__, change)) == expected, change.__name__


def test_files__what_lies_before_the_origin_counts(plant, place, results) -> None:
    folder = changed_after(plant, place / "earlier", other_values)
    path = folder / "plant" / "data" / "data-plant-2025-03.csv"
    table = pd.read_csv(path, index_col="time")
    table.assign(meter=table["meter"].where(table["quarter"] > 3, 10 + table["load"])).to_csv(path)
    expected, found = results(plant), results(folder)
    assert not [name for name, content in expected.items() if found[name] == content]
