"""A station without a model, through the command line."""

import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def north(place, seed_table):
    """So many days of a station, written to `north.csv`."""
    def write(days: int, *, power: bool = True) -> str:
        table = seed_table("north", days)
        if not power:
            table[["total_active_power", "not_use_power"]] = np.nan
        table.to_csv(place / "north.csv", index=False)
        return "north.csv"
    return write


@pytest.mark.parametrize("days", [1, 3, 30])
def test_forecast__needs_no_model_and_says_what_a_training_would_need(cli, north, place, days) -> None:
    run = cli("forecast", "--data", north(days), "--json")
    told = json.loads(run.out)
    assert run.code == 0
    assert told["version"] == "untrained"
    assert "no_model" in [reason["code"] for reason in told["reasons"]]
    assert told["quality"] != "ok"
    made = pd.read_csv(place / "forecast.csv")
    assert len(made) == 672
    assert made.notna().all(axis=None)
    assert (made["not_use_power"] <= made["total_active_power"] + 1e-6).all()
    sentence = next(reason["sentence"] for reason in told["reasons"] if reason["code"] == "no_model")
    assert ("can learn from 21 days on" in sentence) == (days < 21)


def test_forecast__of_a_station_with_a_capacity_needs_no_history(cli, north, place) -> None:
    run = cli("forecast", "--data", north(2, power=False), "--set", "data.capacity=900")
    assert run.code == 0
    assert "kind and capacity alone" in run.out
    made = pd.read_csv(place / "forecast.csv")
    assert ((made["total_active_power"] > 0) & (made["total_active_power"] < 900)).all()


def test_forecast__without_history_or_capacity_is_an_error(cli, north, place) -> None:
    run = cli("forecast", "--data", north(2, power=False))
    assert run.code == 2
    assert "no usable value" in run.err
    assert not (place / "forecast.csv").exists()


def test_strict__says_that_there_is_no_model(cli, north) -> None:
    assert cli("forecast", "--data", north(30), "--strict").code == 4


def test_backtest__knows_it_by_name(cli, north, place) -> None:
    run = cli("backtest", "--data", north(40), "--models", "untrained,weekly-mean", "--first-origin", "2025-03-25",
              "--origins", "1", "--json", "b.json")
    assert run.code == 0
    assert set(json.loads((place / "b.json").read_text())[0]["models"]) >= {"untrained", "weekly-mean"}
