"""What integration tests of several files share."""

import contextlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from nights import DAYS

from wattcast.cli import main


@pytest.fixture(scope="session")
def trained_north(seed_table: Callable[..., pd.DataFrame], tiny: tuple[str, ...], tmp_path_factory) -> Path:
    """`north`, a model of its forty days, and ten days that follow."""
    folder = tmp_path_factory.mktemp("ground")
    whole = seed_table("north", days=DAYS + 10)
    whole.iloc[:DAYS * 96].to_csv(folder / "north.csv", index=False)
    whole.to_csv(folder / "later.csv", index=False)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", "--data", str(folder / "north.csv"), "--models-dir", str(folder / "models"), *tiny]) == 0
    return folder


@pytest.fixture
def north(trained_north: Path, place: Path) -> None:
    """A copy of it all in the working directory."""
    shutil.copytree(trained_north, place, dirs_exist_ok=True)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below `folder`, hidden ones too, with the files' contents."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))}


@pytest.fixture
def refused(cli, place: Path) -> Callable[..., str]:
    """Run a command that has to be refused with all these facts; returns its message."""
    def run(*arguments: object, facts: tuple[str, ...]) -> str:
        before = tree(place)
        done = cli(*arguments)
        assert done.code == 2
        assert "Traceback" not in done.err + done.out
        message = " ".join(done.err.replace("│", " ").split())
        assert message.lower().count("error") >= 1
        assert done.err.count("error: ") <= 1
        for fact in facts:
            assert fact in message
        assert tree(place) == before
        return message
    return run


@pytest.fixture
def hourly(seed_table: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """Rows of some days, every hour, without weather."""
    def make(station: str = "north", days: int = 20, start: str = "2025-03-01") -> pd.DataFrame:
        table = seed_table(station, days=days, start=start, step="1h")
        return table[["ts", "station_ref_id", "total_active_power"]]
    return make
