"""Measured data of real stations, where the checkout has it beside it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.quality import QualityReport
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig, StationData

SHARED = Path(__file__).parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no folder ../shared/data with measured data")


def read(name: str, power: str, **options: object) -> tuple[StationData, QualityReport]:
    config = DataConfig.model_validate({"targets": {TOTAL: power}, **options})
    return open_source(SHARED / f"{name}.csv.gz", config).read()


def counts(report: QualityReport) -> dict[tuple[str, str | None], int]:
    return {(found.kind, found.column): found.count for found in report.findings}


def test_photovoltaic_plant__a_stuck_weather_station_is_found() -> None:
    weather = ["total_irradiance", "dni", "ghi", "temperature", "pressure"]
    data, report = read("sgcc_solar_1", "power", known_future=weather, kind="pv", capacity=50)
    assert data.frame.shape == (70176, 6)
    assert report.measured_days == 731.0
    assert counts(report) == {("flat_line", name): 88 if name == "dni" else 87 for name in weather}
    assert {found.first.date().isoformat() for found in report.findings if found.first} == {"2019-09-07"}


def test_steel_works__nothing_is_wrong() -> None:
    data, report = read("steel_site_2018", "energy_kwh", station="steel", time={"timezone": "Asia/Seoul"},
                        past_only=["lagging_reactive_kvarh", "load_type"], categorical=["load_type"])
    assert report.findings == ()
    assert data.station.id == "steel"
    assert data.end == pd.Timestamp("2019-01-01 00:15", tz="Asia/Seoul")
    assert data.frame["load_type"].unique().tolist() == ["Light_Load", "Medium_Load", "Maximum_Load"]


def test_grid_point__offsets_gaps_impossible_clouds_and_known_future() -> None:
    weather = ["clouds", "radiation", "temp", "windspeed", "windspeed_100m", "pressure", "humidity", "rain"]
    data, report = read("openstef_287", "load", known_future=weather, time={"timezone": "Europe/Amsterdam"})
    found = counts(report)
    assert found["missing", TOTAL] == 2
    assert found["out_of_range", "clouds"] == 32
    assert found["future_known", None] == 189
    assert not data.station.naive_time
    assert data.end == pd.Timestamp("2021-01-28 10:00", tz="UTC")
    assert data.frame.loc[data.end:, TOTAL].isna().all()
    assert data.frame.loc[data.end:, "temp"].notna().any()
    raw = pd.read_csv(SHARED / "openstef_287.csv.gz")
    np.testing.assert_array_equal(data.frame[TOTAL], raw["load"])


def test_city__ten_minutes_and_daylight_saving_time() -> None:
    weather = ["temperature", "humidity", "wind_speed", "general_diffuse_flow", "diffuse_flow"]
    fixed, local = ({"timezone": zone, "step": "10min"} for zone in ("Etc/GMT-0", "Africa/Casablanca"))
    data, report = read("tetouan_2017", "load_kw", known_future=weather, time=fixed)
    assert report.findings == ()
    assert len(data.frame) == 52416
    _, report = read("tetouan_2017", "load_kw", known_future=weather, time=local)
    assert [found.count for found in report.findings if found.kind == "dst"] == [12, 12]


def test_wind_farm__missing_blocks_stay_missing() -> None:
    data, report = read("gefcom2012_wind_power", "wp1", kind="wind", capacity=1, time={"timezone": "UTC", "step": "1h"})
    assert counts(report) == {("gap", None): 7440}
    assert int(data.frame[TOTAL].notna().sum()) == 18757


def test_transformer__stuck_oil_temperature() -> None:
    _, report = read("etth1", "OT", time={"step": "1h"})
    assert counts(report) == {("flat_line", TOTAL): 255}
