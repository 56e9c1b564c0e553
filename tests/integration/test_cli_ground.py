"""`wattcast forecast`: what it says of what it stands on, night after night."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from nights import DAYS, MORNING, codes

from wattcast.cli import main
from wattcast.store.disk import DiskStore

TOTAL = "total_active_power"

pytestmark = pytest.mark.usefixtures("north")


@pytest.fixture
def told(cli) -> Callable[..., dict[str, Any]]:
    """What `wattcast forecast --json` says; the file is whole whatever it is."""
    def run(*flags: object, data: str = "north.csv", now: str = MORNING) -> dict[str, Any]:
        done = cli("forecast", "--data", data, "--now", now, "--json", *flags)
        assert done.code == 0, done.err
        table = pd.read_csv("forecast.csv")
        assert len(table) > 0
        assert table.notna().all(axis=None)
        return json.loads(done.out)
    return run


@pytest.fixture(scope="module")
def whole(trained_north: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The forecast from all rows there are."""
    models = shutil.copytree(trained_north / "models", tmp_path_factory.mktemp("whole") / "models")
    out = models.parent / "forecast.csv"
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["forecast", "--data", str(trained_north / "north.csv"), "--models-dir", str(models), "--now",
                     MORNING, "--out", str(out)]) == 0
    return pd.read_csv(out)


def rows(first: str, days: float) -> pd.DataFrame:
    """Some of the later rows."""
    table = pd.read_csv("later.csv")
    start = pd.Timestamp(first)
    times = pd.to_datetime(table["ts"])
    return table[(times >= start) & (times < start + pd.Timedelta(days=days))]


def kept() -> list[str]:
    return sorted(path.name.partition("_")[0] for path in Path("models/north/forecasts").glob("*"))


# Rows

def test_one_day_of_rows__takes_the_stored_history(told, whole) -> None:
    pd.read_csv("north.csv").tail(96).to_csv("night.csv", index=False)
    night = told(data="night.csv")
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv"), whole)
    assert codes(night) == []
    assert night["ground"]["rows_given"]["rows"] == 96
    assert night["ground"]["rows_stored"]["rows"] == 39 * 96
    assert night["notes"] == ["used are the rows given (96 rows, 2025-04-09 00:00 to 2025-04-09 23:45) and the stored "
                              "history (3744 rows, 2025-03-01 00:00 to 2025-04-08 23:45)"]


def test_rows_that_follow_the_history__move_the_origin_and_are_not_stored(told) -> None:
    rows("2025-04-10", 1).to_csv("night.csv", index=False)
    before = Path("models/north/history/measurements.parquet").read_bytes()
    found = told(data="night.csv", now="2025-04-11 06:30")
    assert found["origin"] == "2025-04-11T00:00:00+08:00"
    assert codes(found) == []
    assert Path("models/north/history/measurements.parquet").read_bytes() == before


def test_rows_after_a_gap__are_used_and_the_gap_is_told(told) -> None:
    rows("2025-04-12", 1).to_csv("night.csv", index=False)
    found = told(data="night.csv", now="2025-04-13 06:30")
    assert found["origin"] == "2025-04-13T00:00:00+08:00"
    assert "missing between the stored history and the rows given: 2 days, from 2025-04-10 00:00 to 2025-04-12 " \
           "00:00" in found["notes"]


def test_doubled_rows__count_once_and_are_told(told, whole) -> None:
    night = pd.read_csv("north.csv").tail(96)
    pd.concat([night, night]).to_csv("night.csv", index=False)
    found = told(data="night.csv")
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv"), whole)
    assert [note for note in found["notes"] if note.startswith("rows: repeated, 96 times up to 2025-04-09 23:45")]


def test_columns_in_another_order__are_the_same(told, whole) -> None:
    night = pd.read_csv("north.csv").tail(96)
    night[night.columns[::-1]].to_csv("night.csv", index=False)
    told(data="night.csv")
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv"), whole)


def test_times_with_an_offset__are_the_same_instants(told, whole) -> None:
    night = pd.read_csv("north.csv").tail(96)
    night.assign(ts=pd.to_datetime(night["ts"]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC").astype(str)).to_csv(
        "night.csv", index=False)
    told(data="night.csv")
    other = pd.read_csv("forecast.csv")
    assert other["time"].iloc[0] == "2025-04-10 00:00:00+08:00"
    pd.testing.assert_frame_equal(other.drop(columns=["time", "origin"]), whole.drop(columns=["time", "origin"]))


def powerless(night: pd.DataFrame, value: float) -> pd.DataFrame:
    return night.assign(total_active_power=value, not_use_power=value)


EMPTY: dict[str, Callable[[pd.DataFrame], str]] = {
    "a header alone": lambda night: night.head(0).to_csv(index=False),
    "nothing at all": lambda _: "",
    "no power": lambda night: powerless(night, np.nan).to_csv(index=False),
    "a code for no value": lambda night: powerless(night, -9999).to_csv(index=False),
}


@pytest.mark.parametrize("kind", EMPTY)
@pytest.mark.parametrize("named", [True, False])
def test_empty_night__takes_the_stored_history(told, whole, kind: str, named: bool) -> None:
    """The one station that has a model is meant where the file does not say which one."""
    if kind == "a code for no value" and not named:
        pytest.skip("as with no power")
    Path("night.csv").write_text(EMPTY[kind](pd.read_csv("north.csv").tail(96)))
    found = told(*(("--station", "north") if named else ()), data="night.csv")
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv"), whole)
    assert found["ground"]["rows_given"] is None
    assert found["ground"]["rows_stored"]["rows"] == DAYS * 96
    assert "the stored history is used (3840 rows, 2025-03-01 00:00 to 2025-04-09 23:45)" in found["notes"][0]


def test_empty_night__its_weather_counts(told) -> None:
    powerless(rows("2025-04-09", 8), np.nan).to_csv("night.csv", index=False)
    found = told(data="night.csv")
    assert found["ground"]["weather_coverage"] == 1
    assert found["quality"] == "ok"


def test_one_target_without_a_value__takes_the_stored_history(told) -> None:
    pd.read_csv("north.csv").tail(96).assign(not_use_power=np.nan).to_csv("night.csv", index=False)
    found = told(data="night.csv")
    assert codes(found) == []
    rows("2025-04-10", 1).assign(not_use_power=np.nan).to_csv("night.csv", index=False)
    found = told(data="night.csv", now="2025-04-11 06:30")
    assert codes(found) == ["late"]
    assert "the newest row of not_use_power is 1 day 6h 30min old" in found["reasons"][0]["sentence"]


def test_empty_file_without_a_history__is_wrong_input(cli) -> None:
    shutil.rmtree("models/north/history")
    pd.read_csv("north.csv").head(0).to_csv("night.csv", index=False)
    done = cli("forecast", "--data", "night.csv", "--station", "north")
    assert done.code == 2
    assert "night.csv has column names but no rows" in done.err
    assert not Path("forecast.csv").exists()


def test_one_day_without_a_history__is_degraded(told) -> None:
    shutil.rmtree("models/north/history")
    pd.read_csv("north.csv").tail(96).to_csv("night.csv", index=False)
    found = told(data="night.csv")
    assert codes(found) == ["few_rows", "few_rows"]
    assert found["reasons"][0]["sentence"] == (
        "total_active_power: only 7% of the 14 days before the origin were measured")


def test_damaged_history__is_said_and_not_used(told) -> None:
    Path("models/north/history/measurements.parquet").write_bytes(b"PAR1 broken")
    found = told()
    assert codes(found) == []
    assert "the stored history is not used: " in found["notes"][0]


# Age

def test_a_day_late__is_said_with_the_week_that_the_file_covers(told) -> None:
    found = told(now="2025-04-11 06:30")
    assert found["origin"] == "2025-04-10T00:00:00+08:00"
    assert found["quality"] == "degraded"
    assert [reason["sentence"] for reason in found["reasons"] if reason["code"] == "late"] == [
        "the newest row is 1 day 6h 30min old; the file covers 2025-04-10 00:00 to 2025-04-17 00:00, not 2025-04-11 "
        "00:00 to 2025-04-18 00:00; --at today forecasts from today's midnight"]
    assert codes(told("--set", "forecast.late_days=1", now="2025-04-11 06:30")) == []


@pytest.mark.parametrize(("at", "origin", "missing"), [
    ("today", "2025-04-11T00:00:00+08:00", "missing before the origin: 1 day"),
    ("now", "2025-04-11T06:30:00+08:00", "missing before the origin: 1 day 6h 30min")])
def test_a_day_late__the_week_that_is_wanted_can_be_had(told, at: str, origin: str, missing: str) -> None:
    found = told("--at", at, now="2025-04-11 06:31:12")
    assert found["origin"] == origin
    assert codes(found) == ["late"]
    assert missing in found["reasons"][0]["sentence"]
    assert kept() == [pd.Timestamp(origin).tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ")]


def test_rows_of_this_morning__are_not_late(told) -> None:
    rows("2025-03-01", 40.25).to_csv("night.csv", index=False)
    found = told(data="night.csv", now="2025-04-10 06:00")
    assert found["origin"] == "2025-04-10T06:00:00+08:00"
    assert codes(found) == []
    assert codes(told("--at", "today", data="night.csv", now="2025-04-10 06:00")) == []
    assert len(kept()) == 2


def test_old_rows__are_stale(told) -> None:
    found = told(now="2025-09-01")
    assert found["quality"] == "stale"
    assert codes(found) == ["stale"]
    assert told("--set", "forecast.stale_days=400", now="2025-09-01")["quality"] == "degraded"


def test_rows_from_the_future__ask_for_the_time_zone(cli) -> None:
    start = pd.Timestamp.now("Asia/Shanghai").normalize() - pd.Timedelta(days=30)
    table = pd.read_csv("later.csv")
    table["ts"] = pd.date_range(start, periods=len(table), freq="15min").tz_localize(None).astype(str)
    table.to_csv("ahead.csv", index=False)
    done = cli("forecast", "--data", "ahead.csv", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert codes(found) == ["ahead"]
    assert "is data.time.timezone right?" in found["reasons"][0]["sentence"]


def test_rows_after_the_time_that_it_is_made__are_not_used(told) -> None:
    early = told(now="2025-04-10")
    table = pd.read_csv("forecast.csv")
    replayed = told(data="later.csv", now="2025-04-10")
    assert replayed["origin"] == early["origin"]
    columns = [name for name in table if "power" in name]
    # Later rows are known weather to it, as they are for any origin in a table.
    assert replayed["ground"]["weather"] == "measured"
    masked = told("--no-weather", data="later.csv", now="2025-04-10")
    pd.testing.assert_frame_equal(pd.read_csv("forecast.csv")[columns], table[columns])
    assert masked["issued"] is None


@pytest.mark.parametrize(("flags", "fact"), [
    (("--now", "2024-04-10"), "--now 2024-04-10 is before the first measurement"),
    (("--now", "soon"), "'soon' is not a time"), (("--at", "tomorrow"), "'tomorrow' is not a time"),
    (("--at", "today", "--now", "2024-04-10"), "is before the first measurement")])
def test_wrong_times__are_wrong_input(cli, flags, fact) -> None:
    done = cli("forecast", "--data", "north.csv", *flags)
    assert done.code == 2
    assert fact in done.err


def test_strict__has_an_exit_code_of_its_own_and_writes_the_file(cli, told) -> None:
    week = rows("2025-04-10", 7)[["ts", "temp", "humidity", "windSpeed", "code"]]
    week.to_csv("weather.csv", index=False)
    assert told("--strict", "--weather", "weather.csv")["quality"] == "ok"
    Path("forecast.csv").unlink()
    done = cli("forecast", "--data", "north.csv", "--now", "2025-04-11 06:30", "--strict", "--weather", "weather.csv")
    assert done.code == 4
    assert "quality degraded" in done.out
    assert len(pd.read_csv("forecast.csv")) == 672


# What is kept

def test_exploring__leaves_what_was_issued_as_it_was(told) -> None:
    night = rows("2025-03-01", 48)
    night.to_csv("night.csv", index=False)
    told(data="night.csv", now="2025-04-18 06:30")
    assert len(kept()) == 1
    content = next(Path("models/north/forecasts").iterdir()).read_bytes()
    for flags in (("--at", "2025-04-16", "--no-weather"), ("--at", "2025-04-15 12:00"), ("--dry-run",)):
        assert told(*flags, data="night.csv", now="2025-04-18 06:30")["issued"] is None
    assert [path.read_bytes() for path in Path("models/north/forecasts").iterdir()] == [content]


def test_again__is_another_issue_of_the_same_origin(told) -> None:
    assert told()["issued"] == "2025-04-10T06:30:00+08:00"
    told(now="2025-04-10 07:30")
    told(now="2025-04-10 07:30")
    assert kept() == 3 * ["20250409T160000Z"]
    issued = list(DiskStore(Path("models")).station("north").forecasts())
    assert [(made.weather, made.quality, f"{made.issued:%H:%M}") for made in issued] == [
        ("none", "degraded", time) for time in ("06:30", "07:30", "07:30")]


def test_second_forecast__recalls_the_mornings_of_the_first(told, monkeypatch) -> None:
    told(data="later.csv", now="2025-04-20 06:30")
    first = Path("forecast.csv").read_bytes()
    recalled = Path("models/north/recall.bin").read_bytes()
    walked = []
    monkeypatch.setattr("wattcast.forecasting.levelled.forecasts", lambda *given: walked.append(given))
    monkeypatch.setattr("wattcast.forecasting.recent.Mornings.before", lambda *given: walked.append(given))
    told(data="later.csv", now="2025-04-20 06:30")
    assert not walked
    assert Path("forecast.csv").read_bytes() == first
    assert Path("models/north/recall.bin").read_bytes() == recalled


def test_models_folder_that_may_only_be_read__is_still_a_forecast(told, caplog) -> None:
    Path("models/north/forecasts").write_text("a file is in the way")
    assert told()["quality"] == "degraded"
    assert "the forecast is not kept to be compared later" in caplog.text


# How the last ones did

def test_issued_forecasts_that_lost_to_last_week__are_told(told) -> None:
    """Of the total it is; of the part what was issued is what came."""
    actual = pd.read_csv("later.csv", index_col="ts", parse_dates=True).tz_localize("Asia/Shanghai")
    for day in range(13, 18):
        told("--at", "today", now=f"2025-04-{day} 06:30")
    station = DiskStore(Path("models")).station("north")
    issued = list(station.forecasts())
    station.remove_forecasts(pd.Timestamp("2025-05-01", tz="Asia/Shanghai"))
    for made in issued:
        came = actual.reindex(made.table.index)
        table = made.table.assign(total_active_power=came[TOTAL] + 400, not_use_power=came["not_use_power"])
        station.keep_forecast(replace(made, table=table))
    found = told(data="later.csv", now="2025-04-18 06:30")
    assert codes(found) == ["worse_than_last_week"]
    sentence = next(reason["sentence"] for reason in found["reasons"] if reason["code"] == "worse_than_last_week")
    assert sentence.startswith("total_active_power: 5 of the last 5 issued forecasts, since 2025-04-13, were worse "
                               "than last week's values (mean absolute error 400.0 against ")
    assert "'wattcast finetune', or 'wattcast models rollback'" in sentence
    record = {each["target"]: each for each in found["ground"]["issued_forecasts"]}
    assert (record[TOTAL]["issues"], record[TOTAL]["worse"]) == (5, 5)
    assert (record["not_use_power"]["issues"], record["not_use_power"]["worse"]) == (5, 0)


def test_issued_forecasts_of_before_the_days_that_are_judged__are_not_opened(told, caplog) -> None:
    folder = Path("models/north/forecasts")
    folder.mkdir()
    for judged in ("20250326T154500Z", "20250326T160000Z"):     # fourteen days before, and a step before that
        (folder / f"{judged}_20250327T000000000000Z.parquet").touch()
    told()
    assert [record.args[0].name[:16] for record in caplog.records if "damaged" in record.msg] == ["20250326T160000Z"]


# Several stations

def test_all_stations_of_an_empty_file__are_those_that_have_a_model(cli, seed_table, caplog) -> None:
    shutil.copytree("models/north", "models/harbour", ignore=shutil.ignore_patterns("forecasts"))
    Path("models/harbour/registry.json").write_text(
        Path("models/north/registry.json").read_text().replace('"north"', '"harbour"'))
    pd.read_csv("north.csv").head(0).to_csv("night.csv", index=False)
    done = cli("forecast", "--data", "night.csv", "--station", "all", "--now", MORNING)
    # The copy is a model of another station: an error of its own, and the other is forecast.
    assert done.code == 2
    assert "trained for another station" in done.err
    assert pd.read_csv("forecast.csv")["station_id"].unique().tolist() == ["north"]
    seed_table("south", days=2).to_csv("night.csv", index=False)
    done = cli("forecast", "--data", "night.csv", "--station", "all", "--now", MORNING)
    assert done.code == 0
    assert "by untrained" in done.out
    assert "night.csv has no rows of harbour, north" in caplog.text
