"""`wattcast forecast`: what it says of several stations, other forms of data and other steps."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from nights import DAYS, MORNING, codes

pytestmark = pytest.mark.usefixtures("north")


def test_strict__two_stations_and_one_that_is_late(cli, tiny, seed_table) -> None:
    tables = [seed_table("north", days=DAYS), seed_table("south", days=DAYS - 1)]
    pd.concat(tables).to_csv("both.csv", index=False)
    assert cli("train", "--data", "both.csv", "--station", "south", *tiny).code == 0
    plain = ("forecast", "--data", "both.csv", "--station", "all", "--now", MORNING, "--set",
             "forecast.weather_share=0")
    done = cli(*plain)
    assert done.code == 0
    assert "v0001; ok" in done.out
    assert "v0001; degraded (late)" in done.out
    assert cli(*plain, "--strict").code == 4
    told = json.loads(cli(*plain, "--strict", "--json").out)
    assert [each["station"] for each in told] == ["north", "south"]
    assert ["late" in codes(each) for each in told] == [False, True]


def test_folder_of_a_station__a_night_without_content_and_one_that_is_late(cli, plant, trained_models) -> None:
    shutil.copytree(plant, "folder")
    shutil.copytree(trained_models, "others")
    month = next(Path("folder").rglob("data-plant-2025-04.csv"))
    month.with_name("data-plant-2025-05.csv").touch()
    flags = ("--data", "folder", "--models-dir", "others", "--json")
    done = cli("forecast", *flags, "--now", "2025-04-30 05:00")
    assert done.code == 0, done.err
    assert json.loads(done.out)["quality"] == "ok"
    table = pd.read_csv("forecast.csv")
    for path in Path("folder").rglob("data-plant-*.csv"):
        path.write_text("" if "05" in path.name else path.read_text().splitlines()[0] + "\n")
    empty = json.loads(cli("forecast", *flags, "--now", "2025-04-30 05:00").out)
    assert "the stored history is used (5732 rows" in empty["notes"][0]
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv")[["time", "lead"]], table[["time", "lead"]])
    late = json.loads(cli("forecast", *flags, "--now", "2025-05-01 05:00", "--at", "today").out)
    assert late["origin"] == "2025-05-01T00:00:00+08:00"
    assert codes(late) == ["late"]


def test_hourly_station_with_one_target__a_day_late(cli, tiny, seed_table) -> None:
    table = seed_table("works", days=DAYS, step="1h").drop(columns=["not_use_power", "code"])
    table.to_csv("works.csv", index=False)
    flags = ("--models-dir", "hourly", "--set", "data.time.step=1h", "--set", "data.time.timezone=Europe/Berlin")
    done = cli("train", "--data", "works.csv", *flags, *tiny, "--set", "model.patch_len=12")
    assert done.code == 0, done.err
    table.tail(24).to_csv("night.csv", index=False)
    done = cli("forecast", "--data", "night.csv", "--station", "works", *flags, "--at", "today", "--json",
               "--now", "2025-04-11 03:20")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["origin"] == "2025-04-11T00:00:00+02:00"
    assert codes(found) == ["late"]
    # An hour is left out in spring.
    assert found["ground"]["rows_stored"]["rows"] == 39 * 24 - 1
    made = pd.read_csv("forecast.csv")
    assert len(made) == 168
    assert made.notna().all(axis=None)
