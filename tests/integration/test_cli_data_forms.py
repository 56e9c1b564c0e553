"""The three forms of data, packed or not, through the command line; and real measurements where they are at hand."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

REAL = Path(__file__).parents[3] / "shared" / "data"
EXAMPLES = Path(__file__).parents[2] / "examples"
NORTH, HARBOUR = "1716387625733984256", "harbour"


@pytest.fixture(scope="module")
def merged(seed_table) -> pd.DataFrame:
    """Two stations in one table, their rows mixed."""
    table = pd.concat([seed_table(NORTH, days=30), seed_table(HARBOUR, days=32)])
    return table.sort_values(["ts", "station_ref_id"], ignore_index=True)


@pytest.fixture
def forecast(cli, place: Path, tiny) -> Callable[..., bytes]:
    """Train on a source, forecast, and return the file."""
    def run(data: object, *flags: object) -> bytes:
        models = place / f"models-{len(list(place.glob('models-*')))}"
        for command in (("train", *tiny), ("forecast",)):
            done = cli(*command, "--data", data, "--models-dir", models, *flags)
            assert done.code == 0, done.err
        return (place / "forecast.csv").read_bytes()
    return run


def test_merged_file__all_stations(cli, merged, forecast, place) -> None:
    merged.to_csv("merged_station_test.csv", index=False)
    forecast("merged_station_test.csv", "--station", "all")
    table = pd.read_csv("forecast.csv", dtype={"station_id": str})
    assert table.groupby("station_id").size().to_dict() == {NORTH: 672, HARBOUR: 672}
    assert table.groupby("station_id")["time"].min().to_dict() == {
        NORTH: "2025-03-31 00:00:00", HARBOUR: "2025-04-02 00:00:00"}
    assert sorted(path.name for path in (place / "models-0").iterdir()) == sorted([NORTH, HARBOUR])
    # Each station's forecast is the one that it gets alone.
    done = cli("forecast", "--data", "merged_station_test.csv", "--models-dir", "models-0", "--station", NORTH)
    assert done.code == 0
    alone = pd.read_csv("forecast.csv", dtype={"station_id": str})
    pd.testing.assert_frame_equal(alone, table[table["station_id"] == NORTH].reset_index(drop=True))


def test_merged_file__json_of_all_stations_is_a_list(cli, merged, place) -> None:
    merged.to_csv(place / "merged.csv", index=False)
    reports = json.loads(cli("check", "--data", "merged.csv", "--station", "all", "--json").out)
    assert [(report["station"], report["rows"]) for report in reports] == [(NORTH, 30 * 96), (HARBOUR, 32 * 96)]
    one = json.loads(cli("check", "--data", "merged.csv", "--station", HARBOUR, "--json").out)
    assert one == reports[1]


def test_folder__a_file_for_each_plant(cli, seed_table, place) -> None:
    (place / "sites").mkdir()
    for name in ("plant_A", "plant_B"):
        seed_table(name, days=3).drop(columns="station_ref_id").to_csv(place / "sites" / f"{name}.csv", index=False)
    reports = json.loads(cli("check", "--data", "sites", "--station", "all", "--json").out)
    assert [report["station"] for report in reports] == ["plant_A", "plant_B"]
    assert "2 stations" in reports[0]["notes"][0]
    undecided = cli("train", "--data", "sites")
    assert (undecided.code, "plant_A, plant_B" in undecided.err) == (2, True)


def test_station__an_id_with_zeros_in_front(cli, seed_table, place) -> None:
    pd.concat([seed_table("007", days=3), seed_table("7", days=4)]).to_csv(place / "z.csv", index=False)
    (place / "s.yaml").write_text("station: 007\n")
    for flags in (("--config", "s.yaml"), ("--set", "data.station=007"), ("--station", "007")):
        report = json.loads(cli("check", "--data", "z.csv", "--json", *flags).out)
        assert (report["station"], report["rows"]) == ("007", 3 * 96)


def test_weather_forecasts__none_issued_before_the_end_of_training(cli, seed_table, place, tiny) -> None:
    """The first forecast was kept three days before the data's end, so the weather is masked in all of training."""
    table = seed_table("s", days=40).drop(columns="station_ref_id")
    table.to_csv(place / "p.csv", index=False)
    times = pd.date_range("2025-04-06", periods=7 * 24, freq="1h")
    pd.DataFrame({"issued": "2025-04-06 00:00", "time": times, "temp": 20.0}).to_csv("w.csv", index=False)
    Path("p.yaml").write_text("targets: {total_active_power: total_active_power}\nknown_future: [temp]\n"
                              "weather_forecasts: {path: w.csv}\n")
    done = cli("train", "--data", "p.csv", "--config", "p.yaml", *tiny)
    assert done.code == 0, done.err
    done = cli("forecast", "--data", "p.csv", "--config", "p.yaml")
    assert done.code == 0, done.err
    assert not pd.read_csv("forecast.csv").isna().to_numpy().any()


def test_packed_parquet_and_a_folder_of_files__are_the_same_source(cli, merged, forecast, place) -> None:
    """To a model that none of its rows are kept of, and to `check`."""
    alone = merged[merged["station_ref_id"] == HARBOUR]
    alone.to_csv("harbour.csv", index=False)
    alone.to_csv("harbour.csv.gz", index=False)
    alone.assign(ts=pd.to_datetime(alone["ts"])).to_parquet("harbour.parquet")
    (place / "months").mkdir()
    for month, rows in alone.groupby(alone["ts"].str[:7]):
        rows.to_csv(place / "months" / f"{month}.csv", index=False)
    made = forecast("harbour.csv")
    found = cli("check", "--data", "harbour.csv", "--json").out
    assert json.loads(found)["rows"] == 32 * 96
    shutil.rmtree(place / "models-0" / HARBOUR / "history")
    for name in ("harbour.csv.gz", "harbour.parquet", "months"):
        (place / "forecast.csv").unlink()
        assert cli("forecast", "--data", name, "--models-dir", "models-0").code == 0
        again = pd.read_csv(place / "forecast.csv")
        # To the last digit written, as processors may add up in another order.
        pd.testing.assert_frame_equal(again, pd.read_csv(io.BytesIO(made)), check_exact=False, rtol=1e-6, atol=1.1e-4)
        assert cli("check", "--data", name, "--json").out == found, name


def test_predecessor_folders__the_root_and_the_station_s_own(cli, plant, models, place) -> None:
    made = []
    for data in (plant, plant / "plant"):
        assert cli("forecast", "--data", data, "--models-dir", models).code == 0
        made.append((place / "forecast.csv").read_bytes())
    assert made[0] == made[1]


def test_described_file__one_target_an_offset_and_hours(forecast, seed_table) -> None:
    """Columns under the user's names, times with an offset, one target, an hourly grid from quarter-hourly rows."""
    table = seed_table("works", days=30)
    local = pd.DatetimeIndex(table["ts"]).tz_localize("Etc/GMT-8")
    pd.DataFrame({"Zeit": local.tz_convert("Europe/Berlin").astype(str), "load_kw": table["total_active_power"],
                  "outside": table["temp"], "blind": table["humidity"], "unused": 1}).to_csv("works.csv", index=False)
    Path("works.yaml").write_text("""
        station: works
        time: {column: Zeit, timezone: Europe/Berlin, step: 1h}
        targets: {total_active_power: load_kw}
        known_future: [outside]
        past_only: [blind]
        location: {latitude: 52.5, longitude: 13.4, country: DE}
    """)
    forecast("works.csv", "--config", "works.yaml", "--set", "model.patch_len=12")
    table = pd.read_csv("forecast.csv")
    assert len(table) == 168
    assert list(table.columns[:6]) == ["station_id", "origin", "time", "lead", "total_active_power",
                                       "total_active_power_q10"]
    assert not {"not_use_power", "adjustable_power"} & set(table.columns)
    # The data's end is 2025-03-31 00:00 in China, an hour after a DST change in Berlin.
    assert table["time"].iloc[[0, 1, -1]].tolist() == [
        "2025-03-30 18:00:00+02:00", "2025-03-30 19:00:00+02:00", "2025-04-06 17:00:00+02:00"]
    assert table["total_active_power"].between(300, 1500).all()


@pytest.mark.parametrize("kind", ["pv", "wind"])
def test_described_plant__limits_are_kept_and_named(cli, forecast, seed_table, kind) -> None:
    table = seed_table("park", days=30)
    hour = pd.to_datetime(table["ts"]).dt.hour
    power = (table["total_active_power"] - 600).clip(lower=0).where(hour.between(7, 17), 0)
    pd.DataFrame({"time": table["ts"], "power": power}).to_csv("park.csv", index=False)
    Path("park.yaml").write_text(f"targets: {{total_active_power: power}}\nkind: {kind}\ncapacity: 610\n"
                                 "location: {latitude: 31, longitude: 120, country: CN}\nstation: park\n")
    forecast("park.csv", "--config", "park.yaml")
    made = pd.read_csv("forecast.csv")
    columns = [name for name in made.columns if name.startswith("total_active_power")]
    assert made[columns].to_numpy().min() == 0
    assert made[columns].to_numpy().max() <= 610
    night = pd.to_datetime(made["time"]).dt.hour.isin([0, 1, 2, 3, 22, 23])
    assert bool((made.loc[night, columns] == 0).all(axis=None)) == (kind == "pv")
    again = cli("forecast", "--data", "park.csv", "--config", "park.yaml", "--models-dir", "models-0",
                "--json")
    said = " ".join(json.loads(again.out)["facts"])
    assert "kept at or above zero" in said
    assert ("set to zero at night" in said) == (kind == "pv")


@pytest.mark.parametrize(("name", "steps"), [("sgcc_solar_1", 672), ("steel_site_2018", 672), ("openstef_287", 672),
                                             ("tetouan_2017", 1008)])
def test_real_station__trains_and_forecasts(cli, place, tiny, name, steps) -> None:
    data, config = REAL / f"{name}.csv.gz", EXAMPLES / f"{name}.yaml"
    if not data.exists():
        pytest.skip(f"the measured data set {name} is not here")
    for command in (("train", *tiny), ("forecast",)):
        done = cli(*command, "--data", data, "--config", config)
        assert done.code == 0, done.err
    table = pd.read_csv(place / "forecast.csv")
    assert len(table) == steps
    assert table.notna().all(axis=None)
    assert (table["station_id"] == name).all()
