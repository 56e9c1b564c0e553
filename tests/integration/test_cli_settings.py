"""Settings that cannot be meant, found before work is done; and steps of a day, which work."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DAILY = ("--set", "data.time.step=1d", "--set", "model.patch_len=7", "--set", "windows.lookback_days=28")


def no_work_done(done, place: Path) -> bool:
    return (done.code, "Traceback" in done.err, list(place.rglob("models"))) == (2, False, [])


@pytest.mark.parametrize(("setting", "facts"), [
    ("data.flat_line=-6h", ("data.flat_line", "'-6h' is not a duration above zero", "6h")),
    ("data.flat_line='6'", ("data.flat_line", "'6' is not a duration above zero")),
    ("data.flat_line=0h", ("data.flat_line", "'0h' is not a duration above zero")),
    ("data.horizon=36h", ("data.horizon", "whole days, 1d to 7d")),
    ("data.time.step=7min", ("data.time.step", "does not divide a day", "15min")),
    ("data.known_future=[temp,temp]", ("'temp' more than once",)),
    ("data.known_future=[ts]", ("the column 'ts' a role", "data.time.column")),
    ("data.past_only=[station_ref_id]", ("the column 'station_ref_id' a role",)),
])
def test_settings__that_cannot_be_meant_are_named(cli, seed_table, place: Path, tiny, setting: str,
                                                  facts: tuple[str, ...]) -> None:
    seed_table("north", days=30).to_csv("data.csv", index=False)
    done = cli("train", "--data", "data.csv", *tiny, "--set", setting)
    assert no_work_done(done, place)
    for fact in facts:
        assert fact in done.err


@pytest.mark.parametrize("name", ["monday", "minute_sin_1", "total_active_power_lag_2w"])
def test_a_column_named_like_a_feature__is_told_before_training(cli, seed_table, place: Path, tiny, name: str) -> None:
    seed_table("north", days=30).rename(columns={"temp": name}).to_csv("data.csv", index=False)
    done = cli("train", "--data", "data.csv", *tiny, "--set", f"data.known_future=[{name}]")
    assert (done.code, "epoch" in done.err + done.out, list(place.rglob("*.ckpt"))) == (2, False, [])
    assert "two features of station north have the same name" in done.err
    assert name in done.err


@pytest.mark.usefixtures("place")
def test_a_zone_far_from_the_longitude__is_told_by_check_and_train(cli, seed_table, tiny) -> None:
    seed_table("north", days=30).to_csv("data.csv", index=False)
    here, far = (("--data", "data.csv", "--set", f"data.location={{latitude: 31.5, longitude: {longitude}}}")
                 for longitude in (120.3, -120.3))
    assert "place" not in cli("check", *here).out
    findings = json.loads(cli("check", *far, "--json").out)["findings"]
    (found,) = [each for each in findings if each["kind"] == "place"]
    for fact in ("Asia/Shanghai", "UTC+8 h", "-120.3", "data.time.timezone"):
        assert fact in found["action"]
    trained = cli("train", *far, *tiny)
    assert trained.code == 0
    assert "the zone Asia/Shanghai is at UTC+8 h" in " ".join(trained.out.split())


@pytest.mark.parametrize(("horizon", "steps"), [("24h", 1), ("7d", 7)])
def test_steps_of_a_day__from_training_to_backtest(cli, place: Path, tiny, horizon: str, steps: int) -> None:
    days = pd.date_range("2025-01-01", periods=120)
    energy = 100 + 30 * (days.day_of_week < 5) + np.random.default_rng(0).normal(0, 2, len(days))
    pd.DataFrame({"time": days, "total_active_power": energy}).to_csv("data.csv", index=False)
    common = ("--data", "data.csv", *tiny, *DAILY, "--set", f"data.horizon={horizon}")
    assert cli("train", *common).code == 0
    done = cli("forecast", *common)
    assert done.code == 0
    table = pd.read_csv(place / "forecast.csv")
    assert pd.to_datetime(table["time"]).tolist() == list(pd.date_range("2025-05-01", periods=steps))
    assert not table.isna().to_numpy().any()
    done = cli("backtest", *common, "--first-origin", "2025-04-10", "--every", "3d", "--origins", "2",
               "--models", "wattcast,seasonal-naive,persistence,climatology,naive-day,weekly-mean", "--json", "r.json",
               "--report", "r.html")
    assert done.code == 0
    found = json.loads((place / "r.json").read_text())
    assert [len(scores["mae_by_day"]) for scores in found["models"].values()] == [steps] * 6


def test_a_photovoltaic_day__is_not_taken_for_a_night(cli, place: Path, tiny) -> None:
    days = pd.date_range("2025-01-01", periods=120)
    energy = 50 + np.random.default_rng(0).normal(0, 5, len(days))
    pd.DataFrame({"time": days, "total_active_power": energy}).to_csv("data.csv", index=False)
    common = ("--data", "data.csv", *tiny, *DAILY, "--set", "data.horizon=1d", "--set", "data.kind=pv",
              "--set", "data.location={latitude: 31.5, longitude: 120.3}")
    assert cli("train", *common).code == 0
    assert cli("forecast", *common).code == 0
    assert pd.read_csv(place / "forecast.csv")["total_active_power"].between(30, 70).all()
