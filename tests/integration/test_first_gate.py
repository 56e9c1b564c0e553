"""A first training whose model is clearly worse than a simple forecast on the week that was kept."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from wattcast import Forecaster
from wattcast.errors import WattcastError
from wattcast.store.registry import Registry

TOTAL, PART = "total_active_power", "not_use_power"
DAYS, LONGER = 70, 91


def works(path: Path, days: int = DAYS, broken: bool = True) -> Path:
    """Hourly; the total follows the temperature, which is much the same in all weeks. In the last seven of seventy days
    the temperature is higher than ever, and the total as in the week before. The part never follows it."""
    index = pd.date_range("2025-01-06", periods=24 * LONGER, freq="1h")
    rng = np.random.default_rng(0)
    temperature = np.repeat(np.resize(rng.normal(10, 8, 7), LONGER) + rng.normal(0, 2, LONGER), 24)
    day = 60 * np.clip(np.sin((index.hour.to_numpy() - 6) / 12 * np.pi), 0, None)
    total = 1100 + day + 30 * (temperature - 10) + rng.normal(0, 5, len(index))
    part = 200 + day + rng.normal(0, 5, len(index))
    if broken:
        kept = slice(24 * (DAYS - 7), 24 * DAYS)
        total[kept] = total[24 * (DAYS - 14):24 * (DAYS - 7)] + rng.normal(0, 5, 7 * 24)
        temperature[kept] += 30
    table = pd.DataFrame({"time": index, TOTAL: total, PART: part, "temperature": temperature})
    table.head(24 * days).to_csv(path, index=False, float_format="%.2f")
    return path


def train(cli: Callable[..., Any], path: Path, tiny: tuple[str, ...], *flags: str) -> Any:
    return cli("train", "--data", path, *tiny, "--set", "data.time.step=1h", *flags)


def test_target_that_is_clearly_worse__falls_back_to_simple_forecasts(
        cli: Callable[..., Any], place: Path, tiny: tuple[str, ...]) -> None:
    run = train(cli, works(place / "works.csv"), tiny, "--json")
    told = json.loads(run.out)
    assert run.code == 0
    assert (told["version"], told["champion"], told["simple_only"]) == ("v0001", "v0001", [TOTAL])
    gate = told["evaluation"]["first_gate"]
    assert (gate[TOTAL]["passed"], gate[PART]["passed"]) == (False, True)
    assert gate[TOTAL]["mae"] > 3 * gate[TOTAL]["simple_mae"]
    # What is in use was evaluated.
    assert told["evaluation"]["targets"][TOTAL]["overall"]["mae"] < gate[TOTAL]["mae"] / 2
    assert any(gate[TOTAL]["found"] == note for note in told["notes"])
    model = Registry(Path("models"), "works").load()
    assert model.selection is not None
    total, part = (model.selection.targets[name] for name in (TOTAL, PART))
    assert total.weights["network"] == 0
    assert sum(total.weights.values()) == pytest.approx(1)
    assert part.weights["network"] > 0
    assert not part.simple_only
    shown = json.loads(cli("models", "show", "--station", "works").out)
    assert shown["selection"]["targets"][TOTAL]["simple_only"] is True

    made = cli("forecast", "--data", place / "works.csv", "--json")
    assert made.code == 0
    table = pd.read_csv("forecast.csv")
    assert table.notna().all(axis=None)
    assert (table[f"{TOTAL}_q10"] < table[f"{TOTAL}_q90"]).all()

    tuned = cli("finetune", "--data", works(place / "more.csv", LONGER), "--set", "finetune.finetune_epochs=3", "--set",
                "finetune.finetune_batches=2", "--json")
    decision = json.loads(tuned.out)
    assert tuned.code == (0 if decision["gate"]["promoted"] else 3), tuned.err
    assert decision["version"] == "v0002"
    # The stored networks were fine-tuned: what they make is a full choice again.
    candidate = Registry(Path("models"), "works").load("v0002")
    assert candidate.selection is not None
    assert candidate.selection.simple_only == ()


def test_closing_line__says_what_is_in_use(cli: Callable[..., Any], place: Path, tiny: tuple[str, ...]) -> None:
    run = train(cli, works(place / "works.csv"), tiny)
    assert run.code == 0
    printed = " ".join(run.out.split())
    assert f"works: v0001 is the champion with simple forecasts alone for {TOTAL} after 2 epochs" in printed
    assert "nothing of what was trained is used, since it did clearly worse on the weeks kept apart" in printed


def test_model_that_is_not_worse__is_used(cli: Callable[..., Any], place: Path, tiny: tuple[str, ...]) -> None:
    told = json.loads(train(cli, works(place / "works.csv", broken=False), tiny, "--json").out)
    assert told["simple_only"] == []
    assert all(decision["passed"] for decision in told["evaluation"]["first_gate"].values())


def test_python__fits_and_judges_as_the_command_line_does(
        cli: Callable[..., Any], place: Path, tiny: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> None:
    told = json.loads(train(cli, works(place / "works.csv"), tiny, "--json").out)
    config: dict[str, Any] = {"data": {"station": "works", "time": {"step": "1h"}}}
    for section, key, value in (re.split(r"[.=]", word, maxsplit=2) for word in tiny if "=" in word):
        config.setdefault(section, {})[key] = yaml.safe_load(value)
    frame = pd.read_csv("works.csv")
    with caplog.at_level("WARNING", logger="wattcast"):
        fitted = Forecaster(config).fit(frame)
    assert fitted.simple_only == (TOTAL,)
    assert fitted.evaluation == told["evaluation"]
    assert f"{TOTAL}: in the weeks kept apart what was trained has a mean absolute error of" in caplog.text
    fitted.save("kept")
    again = Forecaster.load("kept")
    assert again.simple_only == (TOTAL,)
    pd.testing.assert_frame_equal(again.predict(frame), fitted.predict(frame))
    with pytest.raises(WattcastError, match="not fitted"):
        _ = Forecaster(config).simple_only
