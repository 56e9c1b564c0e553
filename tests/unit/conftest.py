"""What unit tests of several parts share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wattcast.model import day_network


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""
    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path
    return write


@pytest.fixture
def small_day_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base's network of a size that learns in a second."""
    for name, value in {"WIDTH": 16, "LAYERS": 1, "STEP_WIDTH": 4, "HEAD": (16, 8)}.items():
        monkeypatch.setattr(day_network, name, value)
