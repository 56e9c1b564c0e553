"""A small station by the hour, today's configuration, and trials that only pretend to train."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.settings import build_settings
from wattcast.training.callbacks import EpochKeeper
from wattcast.training.config import Recipe
from wattcast.training.record import EpochRecord
from wattcast.tuning.objective import Objective
from wattcast.tuning.plan import Plan

HORIZON = 7 * 24
EPOCHS = 4


@pytest.fixture(scope="session")
def data() -> StationData:
    """Five weeks of two targets, a tenth of them missing."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2025-03-03", periods=5 * HORIZON, freq="1h", tz="Asia/Shanghai", name="time")
    total = 500 + 100 * np.sin(index.hour.to_numpy() / 4) + rng.normal(0, 20, len(index))
    frame = pd.DataFrame({TOTAL: total, PART: 300 - 0.3 * total}, index=index)
    return StationData(Station(id="works", targets=(TOTAL, PART), step="1h"),
                       frame.mask(rng.random(frame.shape) < 0.1))


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return build_settings({
        "model": {"d_model": 16, "n_layers": 1, "patch_len": 24, "d_state": 4},
        "training": {"epochs": EPOCHS, "batches_per_epoch": 3, "batch_size": 4, "lr": 0.01},
        "windows": {"validation_origins": 9, "lookback_days": 7}}).recipe()


@pytest.fixture(scope="module")
def pretended_once() -> Iterator[Callable[[Callable[[Mapping[str, float]], float]], None]]:
    """`pretended` for what the tests of a file share."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield pretend_with(monkeypatch)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Mapping[str, float]], float]], None]:
    """`pretended(loss)`: trials do not train; the loss of their values comes down to `loss` over four epochs."""
    return pretend_with(monkeypatch)


def pretend_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Mapping[str, float]], float]], None]:
    """Installs trials that only pretend to train."""
    def install(loss: Callable[[Mapping[str, float]], float]) -> None:
        def train(_: Objective, values: Mapping[str, float], __: Plan, folder: Path, *,
                  on_epoch: Callable[[EpochRecord], None]) -> float:
            for record in made(folder, loss(values)):
                on_epoch(record)
            return loss(values)

        def made(folder: Path, loss: float) -> Iterator[EpochRecord]:
            for epoch in range(len(recorded(folder)) + 1, EPOCHS + 1):
                record = EpochRecord(epoch, EPOCHS, 0.0, loss * (2 - epoch / EPOCHS), 0.0, 0.0, True)
                with (folder / "last.ckpt").open("a") as file:
                    print(record.val_loss, file=file)
                yield record

        def recorded(folder: Path) -> list[EpochRecord]:
            lines = (folder / "last.ckpt").read_text().split() if (folder / "last.ckpt").exists() else []
            return [EpochRecord(epoch, EPOCHS, 0.0, float(line), 0.0, 0.0, True) for epoch, line in enumerate(lines, 1)]

        def in_full(self: Objective, values: Mapping[str, float], _: Path, **__: object) -> np.ndarray:
            return loss(values) + 0.001 * np.arange(len(self.other_origins))

        monkeypatch.setattr(Objective, "train", train)
        monkeypatch.setattr(Objective, "seconds_per_window", lambda self, values, **_: 1e-4 * self.times_today(values))
        monkeypatch.setattr(Objective, "train_in_full", in_full)
        monkeypatch.setattr(EpochKeeper, "recorded", recorded)
    return install
