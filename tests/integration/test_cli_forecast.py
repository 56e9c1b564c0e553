"""`wattcast forecast`: what is in the file, and what is said about the weather."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.cli import main

HORIZON = 672
LEVELS = [f"q{percent}" for percent in range(10, 100, 10)]
TARGETS = ("total_active_power", "not_use_power")
COLUMNS = ["station_id", "origin", "time", "lead",
           *(name for target in TARGETS for name in (target, *(f"{target}_{level}" for level in LEVELS))),
           "adjustable_power"]
ROUNDING = 1.01e-4
NO_WEATHER = "no weather was known for the horizon"


def check(table: pd.DataFrame, origin: str) -> None:
    """Everything that must hold of any forecast of a station with both targets."""
    assert list(table.columns) == COLUMNS
    assert len(table) == HORIZON
    assert table["lead"].tolist() == list(range(1, HORIZON + 1))
    assert (pd.to_datetime(table["origin"]) == pd.Timestamp(origin)).all()
    times = pd.date_range(origin, periods=HORIZON, freq="15min")
    assert (pd.to_datetime(table["time"]).to_numpy() == times.to_numpy()).all()
    assert np.isfinite(table[COLUMNS[4:]].to_numpy()).all()
    for target in TARGETS:
        quantiles = table[[f"{target}_{level}" for level in LEVELS]].to_numpy()
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (quantiles[:, -1] > quantiles[:, 0]).any()
        assert (table[target] == table[f"{target}_q50"]).all()
    total, part = table[TARGETS[0]], table[TARGETS[1]]
    assert (part >= 0).all()
    assert (part <= total).all()
    assert ((table["adjustable_power"] - (total - part)).abs() <= ROUNDING).all()


MORNINGS = {True: "2025-04-30 08:00", False: "2025-04-10 08:00"}
"""When the newest rows are of the day before: those of the folder `plant`, and those of the file `north`."""


def notes_in(said: str) -> list[str]:
    return said.split(" note: ")[1:]


@pytest.fixture
def forecast(cli, place: Path):
    """Run `wattcast forecast` on the morning after the data ends; return its table and what it printed."""
    def run(data: Path, models: Path, *flags: object) -> tuple[pd.DataFrame, str]:
        done = cli("forecast", "--data", data, "--models-dir", models, "--now", MORNINGS[data.is_dir()], *flags)
        assert done.code == 0, done.err
        return pd.read_csv(place / "forecast.csv"), " ".join(done.out.split())
    return run


def test_newest_origin__is_the_end_of_the_measurements(forecast, plant, models) -> None:
    table, said = forecast(plant, models)
    check(table, "2025-04-30 00:00")
    assert (table["station_id"] == "plant").all()
    assert "plant: 672 steps from 2025-04-30 00:00:00 by v0001 (wattcast: " in said
    assert ") written to forecast.csv; " in said
    assert notes_in(said) == []
    assert said.endswith("plant: quality ok")


def test_odd_origin__is_taken_as_it_is(forecast, plant, models) -> None:
    table, said = forecast(plant, models, "--at", "2025-04-20 09:15")
    check(table, "2025-04-20 09:15")
    # The newest forecast is of midnight, so the horizon's last nine hours are beyond it.
    assert "weather was known for 94% of the horizon" in said
    assert "trained on data up to 2025-04-23 00:00:00+08:00, after this origin" in said


def test_origin_with_an_offset__is_the_same_instant(forecast, plant, models) -> None:
    local, _ = forecast(plant, models, "--at", "2025-04-20 09:15")
    utc, _ = forecast(plant, models, "--at", "2025-04-20T01:15Z")
    pd.testing.assert_frame_equal(local, utc)


def test_origin_after_the_data__says_how_old_the_newest_measurement_is(forecast, plant, models) -> None:
    table, said = forecast(plant, models, "--at", "2025-06-30 12:00")
    check(table, "2025-06-30 12:00")
    assert "quality stale stale: the newest row is 61 days 12h old at the origin" in said
    assert NO_WEATHER in said


def test_no_weather__says_so_and_forecasts_something_else(forecast, plant, models) -> None:
    with_weather, _ = forecast(plant, models)
    without, said = forecast(plant, models, "--no-weather")
    check(without, "2025-04-30 00:00")
    assert NO_WEATHER in said
    assert not with_weather[TARGETS[0]].equals(without[TARGETS[0]])


@pytest.mark.usefixtures("nan_poisoned_memory")
def test_two_runs__are_the_same_to_the_byte(forecast, plant, models, place) -> None:
    forecast(plant, models)
    here = (place / "forecast.csv").read_bytes()
    installed = Path(sys.executable).with_name("wattcast")
    command = [installed, "forecast", "--data", plant, "--models-dir", models, "--out", "again.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (place / "again.csv").read_bytes() == here


def test_parquet__holds_what_the_csv_holds(forecast, plant, models, place) -> None:
    table, _ = forecast(plant, models)
    assert main(["forecast", "--data", str(plant), "--models-dir", str(models), "--out", "f.parquet"]) == 0
    stored = pd.read_parquet(place / "f.parquet")
    assert list(stored.columns) == COLUMNS
    pd.testing.assert_frame_equal(stored, table, check_dtype=False, rtol=0, atol=1e-9)


def test_json__is_the_only_thing_printed(cli, plant, models, place) -> None:
    done = cli("forecast", "--data", plant, "--models-dir", models, "--json", "--no-weather",
               "--now", "2025-04-30 08:00", "--out", "deep/er/f.csv")
    told = json.loads(done.out)
    assert told["station"] == "plant"
    assert told["origin"] == "2025-04-30T00:00:00+08:00"
    assert told["version"] == "v0001"
    assert told["rows"] == HORIZON
    assert told["file"] == "deep/er/f.csv"
    assert told["model"].startswith("wattcast: ")
    assert told["quality"] == "degraded"
    assert [reason["code"] for reason in told["reasons"]] == ["no_weather"]
    assert NO_WEATHER in told["reasons"][0]["sentence"]
    assert told["notes"] == ["not kept as an issued forecast: weather that is known was left out"]
    assert told["issued"] is None
    assert any("was chosen on 4 validation forecasts" in fact for fact in told["facts"])
    assert told["ground"]["rows_given"] == {"rows": 5732, "first": "2025-03-01T00:00:00+08:00",
                                            "last": "2025-04-29T23:45:00+08:00"}
    assert told["ground"]["rows_stored"] is None
    assert told["ground"]["age_hours"] == 8
    assert len(pd.read_csv(place / "deep" / "er" / "f.csv")) == HORIZON


# A station whose weather comes with its measurements, so that none is known of the horizon unless it is given.

@pytest.fixture(scope="module")
def north(seed_table, tiny, tmp_path_factory) -> tuple[Path, Path]:
    """Forty days from March on, and a model of them."""
    folder = tmp_path_factory.mktemp("north")
    data, models = folder / "north.csv", folder / "models"
    seed_table("north", days=40).to_csv(data, index=False)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", "--data", str(data), "--models-dir", str(models), *tiny]) == 0
    return data, models


def weather(days: int, **columns: str) -> str:
    """A file with the weather of the first days after the measurements; theirs: ours."""
    index = pd.date_range("2025-04-10", periods=days * 96, freq="15min")
    values = {"temp": 31.5, "humidity": 20.0, "windSpeed": 0.5, "code": "101"}
    table = pd.DataFrame({theirs: values[ours] for theirs, ours in columns.items()}, index=index)
    table.to_csv("weather.csv", index_label="time")
    return "weather.csv"


OURS = {"temp": "temp", "humidity": "humidity", "windSpeed": "windSpeed", "code": "code"}


def test_weather_absent__says_so(forecast, north) -> None:
    table, said = forecast(*north)
    check(table, "2025-04-10 00:00")
    assert NO_WEATHER in said


def test_weather_given__leaves_nothing_to_say(forecast, north) -> None:
    without, _ = forecast(*north)
    table, said = forecast(*north, "--weather", weather(7, **OURS))
    check(table, "2025-04-10 00:00")
    assert notes_in(said) == []
    assert said.endswith("quality ok")
    assert not table.equals(without)


@pytest.mark.parametrize(("days", "columns", "share"), [(3, OURS, "43%"), (7, {"temp": "temp"}, "25%")])
def test_weather_partly_given__says_how_much(forecast, north, days, columns, share) -> None:
    table, said = forecast(*north, "--weather", weather(days, **columns))
    check(table, "2025-04-10 00:00")
    assert f"weather was known for {share} of the horizon" in said
    assert said.count("weather was known for") == 1
    assert ("it ends at 2025-04-13 00:00, 4 days before the horizon does" in said) == (days == 3)
    assert ("nothing is known of humidity, windSpeed, code" in said) == (days == 7)


def test_weather_under_another_spelling__is_the_same(forecast, north) -> None:
    ours, _ = forecast(*north, "--weather", weather(7, **OURS))
    theirs, _ = forecast(*north, "--weather", weather(
        7, Temperature="temp", 湿度="humidity", wind="windSpeed", weather_code="code"))
    pd.testing.assert_frame_equal(ours, theirs)


def test_weather_of_another_week__counts_as_none(forecast, north) -> None:
    without, _ = forecast(*north)
    file = weather(7, **OURS)
    pd.read_csv(file).assign(time=lambda table: table["time"].str.replace("2025", "2024")).to_csv(file, index=False)
    table, said = forecast(*north, "--weather", file)
    assert NO_WEATHER in said
    pd.testing.assert_frame_equal(table, without)


def test_weather_unlike_any_before__is_still_a_forecast(forecast, north) -> None:
    table, _ = forecast(*north, "--weather", weather(7, **OURS))
    file = weather(7, **OURS)
    pd.read_csv(file).assign(code="tornado").to_csv(file, index=False)
    other, _ = forecast(*north, "--weather", file)
    check(other, "2025-04-10 00:00")
    assert not other.equals(table)


def test_measured_weather_of_the_past__is_called_perfect(forecast, north) -> None:
    table, said = forecast(*north, "--at", "2025-04-02 00:00")
    check(table, "2025-04-02 00:00")
    assert "perfect weather" in said
