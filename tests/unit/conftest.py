"""What unit tests of several parts share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""
    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path
    return write


@pytest.fixture(scope="session")
def by_the_clock() -> Callable[..., pd.Series]:
    """A load that every week does the same at the same time on the wall; with `cycle="1D"` it does so every day."""
    def load(zone: str, first: str, days: int, step: str, cycle: str = "7D") -> pd.Series:
        start = pd.Timestamp(first, tz=zone)
        index = pd.date_range(start, start + pd.DateOffset(days=days), freq=step, inclusive="left", name="time")
        slots = pd.Timedelta(cycle) // pd.Timedelta(step)
        of_slot = 100 + 50 * np.random.default_rng(0).random(slots).astype(np.float32)
        wall = index.tz_localize(None) - pd.Timestamp("2024-01-01")
        return pd.Series(of_slot[np.asarray(wall // pd.Timedelta(step)) % slots].astype(np.float64), index=index)
    return load
