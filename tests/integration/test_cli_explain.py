"""`wattcast explain`: the forecast that is filed, taken apart; and why a day was wrong."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("north")

TARGETS = ("total_active_power", "not_use_power")


@pytest.fixture
def explain(cli) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Run `wattcast explain` for `north`; return what it prints, and what it says as JSON."""
    def run(*flags: object) -> tuple[str, dict[str, Any]]:
        done = cli("explain", "--data", "later.csv", *flags, "--json", "why.json", "--plot", "why.png")
        assert done.code == 0, done.err
        assert Path("why.png").read_bytes().startswith(b"\x89PNG")
        return done.out, json.loads(Path("why.json").read_text(encoding="utf-8"))
    return run


def require_filed(found: dict[str, Any]) -> list[str]:
    """What is explained is in `forecast.csv`, and the parts add up to it; returns their keys."""
    filed = pd.read_csv("forecast.csv")
    keys = ["usual_day", *(group["key"] for group in found["groups"])]
    for target in TARGETS:
        steps = found["targets"][target]["steps"]
        assert [step["median"] for step in steps] == filed[target].tolist()
        for row in (*steps, *found["targets"][target]["days"], found["targets"][target]["week"]):
            assert sum(Decimal(str(row[key])) for key in keys) == Decimal(str(row["median"]))
    return keys


def test_explanation__is_of_the_forecast_that_is_filed_and_adds_up(explain, cli) -> None:
    said, found = explain("--at", "2025-04-03", "--day", "2", "--set", "data.unit=kW")
    done = cli("forecast", "--data", "later.csv", "--at", "2025-04-03", "--dry-run")
    assert done.code == 0, done.err
    keys = require_filed(found)
    assert {"day_type", "level", "learned", "limits"} < set(keys)
    assert len(keys) <= 10
    for target, english, chinese in zip(TARGETS, *(found["words"][language] for language in ("en", "zh")), strict=True):
        assert english in said
        assert english.startswith(f"{target}: Friday 2025-04-04: ")
        assert "MWh, " in english
        assert chinese.startswith(f"{target}: 2025-04-04（星期五）：")
        assert "holiday" in english
    assert "level of the last days" in said
    assert "perfect weather" in said
    assert found["units"] == dict.fromkeys(TARGETS, "kW")


def test_miss__splits_the_error_that_was_made(explain) -> None:
    said, found = explain("--miss", "2025-04-05", "--day", "2", "--lang", "zh")
    assert found["origin"] == "2025-04-04T00:00:00+08:00"
    for target in TARGETS:
        miss = found["miss"]["targets"][target]
        assert sum(Decimal(str(part)) for part in miss["parts"].values()) == Decimal(str(miss["error"]))
        assert miss["error"] == pytest.approx(miss["measured"] - miss["forecast"], abs=2e-4)
        assert miss["parts"]["weather_forecast"] == 0           # it was given the weather that came
        assert 0 <= miss["steps_inside_band"] <= 96
    assert all(line in said for line in found["words"]["zh"])
    assert said.count("80 % 预测区间内") == 2


def test_without_a_model__the_forecast_of_the_rules_is_explained(explain, cli) -> None:
    said, found = explain("--models-dir", "none", "--at", "2025-04-03")
    done = cli("forecast", "--data", "later.csv", "--at", "2025-04-03", "--models-dir", "none", "--dry-run")
    assert done.code == 0, done.err
    keys = require_filed(found)
    assert {"day_type", "level", "rules", "limits"} < set(keys)
    assert found["version"] == "untrained"
    assert "station north has no model and is forecast by rules that read its last weeks" in said
    assert "what the rules read from the last weeks" in said
    said, found = explain("--models-dir", "none", "--miss", "2025-04-05")
    assert "station north has no model" in said


@pytest.mark.parametrize(("flags", "facts"), [
    (("--day", "8"), ("--day 8 lies outside of the forecast", "1 to 7")),
    (("--miss", "2025-06-01"), ("nothing was measured on 2025-06-01", "2025-04-20")),
    (("--miss", "2025-04-10", "--at", "2025-04-12"), ("--miss 2025-04-10 is not a day of the forecast",)),
    (("--miss", "2025-04-10", "--day", "9"), ("--miss 2025-04-10 is not day 9",)),
    (("--miss", "yesterday"), ("yesterday",)),
    (("--lang", "fr"), ("fr", "en", "zh")),
])
def test_what_cannot_be_explained__is_refused(flags, facts, refused) -> None:
    refused("explain", "--data", "later.csv", *flags, facts=facts)
