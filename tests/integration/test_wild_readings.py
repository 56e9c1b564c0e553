"""A few wild readings that cleaning let through must not make a model that is worse than a copy of last week."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROWS = 1680
"""Hours; the last week is kept to evaluate on, the two weeks before it validate."""


def works(folder: Path, wild: dict[int, float]) -> Path:
    index = pd.date_range("2025-01-06", periods=ROWS, freq="1h")
    hour, rng = index.hour.to_numpy(), np.random.default_rng(0)
    power = 400 + 150 * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) + rng.normal(0, 8, ROWS)
    power[list(wild)] = list(wild.values())
    path = folder / "works.csv"
    pd.DataFrame({"time": index, "total_active_power": power.round(3)}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("wild", [
    {1000: 1.2e7, 800: -5e6}, {1000: 1.2e7, 1200: -5e6}, {1300: 1.2e7, 1310: -5e6}, {1230: 1e12},
], ids=["learned from", "one validates", "both validate", "beyond single precision"])
def test_train__wild_readings_that_cleaning_let_through_do_no_harm(
        wild: dict[int, float], place: Path, cli: Callable[..., Any], tiny: tuple[str, ...],
        caplog: pytest.LogCaptureFixture) -> None:
    path = works(place, wild)
    run = cli("train", "--data", path, "--json", *tiny, "--set", "data.time.step=1h", "--set",
              "data.scale_faults=false")
    assert run.code == 0, run.err
    scores = json.loads(run.out)["evaluation"]["targets"]["total_active_power"]
    assert scores["overall"]["mae"] < 1.2 * 9.1
    assert f"total_active_power: {len(wild)} readings (" in caplog.text
