"""What several tests share: the command line in this process, made-up stations, and a model trained once."""

import contextlib
import io
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from postgres import Server, running
from wattcast.cli import main
from wattcast.contracts import Station
from wattcast.data import weather
from wattcast.data.schema import DataConfig
from wattcast.data.simulate import simulate_station
from wattcast.evaluation import boosted_trees
from wattcast.experts import pretrained
from wattcast.experts.trained import TrainedModel
from wattcast.model import day_network
from wattcast.store.bundle_folder import load_folder
from wattcast.timegrid import DAY
from wattcast.training import boosting

# Before torch is imported, here and in the processes that tests start: a sum's order must not depend on the machine.
os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes tells of the machine, not of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

TINY = ("model.d_model=16", "model.n_layers=1", "model.patch_len=48", "training.epochs=2",
        "training.batches_per_epoch=3", "training.batch_size=8", "training.members=1",
        "training.boosted_trees=false", "training.base_windows=0", "windows.validation_origins=4",
        "finetune.finetune_epochs=3", "finetune.finetune_batches=2")


@pytest.fixture(scope="session", autouse=True)
def daily_files_read_once() -> Iterator[None]:
    """A station of the predecessor has a weather forecast for each day in a file of its own: sixty for `plant`, which
    hundreds of commands would read anew. What is read stays as it is (pandas copies on write), as long as all of the
    files do."""
    read, known = weather._read, {}

    def remembered(paths: Sequence[Path], station: Station, config: DataConfig) -> object:
        if len(paths) < 30:
            return read(paths, station, config)
        files = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
        key = (files, station.model_dump_json(), config.model_dump_json())
        if key not in known:
            known[key] = read(paths, station, config)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weather, "_read", remembered)
        yield


@pytest.fixture
def small_day_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The base's network of a size that learns in a second; the base that ships is of another and cannot be loaded."""
    for name, value in {"WIDTH": 16, "LAYERS": 1, "STEP_WIDTH": 4, "HEAD": (16, 8)}.items():
        monkeypatch.setattr(day_network, name, value)
    pretrained._loaded.cache_clear()
    yield
    pretrained._loaded.cache_clear()


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    """What trees may look at does not depend on how many there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosted_trees, "ROUNDS", 9)
        patch.setattr(boosting, "ROUNDS", 9)
        yield


@dataclass(frozen=True)
class Run:
    """What a command did."""

    code: int
    out: str
    err: str


def settings_flags(*assignments: str) -> tuple[str, ...]:
    return tuple(word for assignment in assignments for word in ("--set", assignment))


@pytest.fixture(scope="session")
def tiny() -> tuple[str, ...]:
    """Flags of a training that takes a second."""
    return settings_flags(*TINY)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """The command line in this process: `cli("check", "--data", path)`."""
    def run(*arguments: object) -> Run:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Run(code, printed.out, printed.err)
    return run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty days of the simulated station `plant` in the predecessor's folders."""
    return simulate_station(tmp_path_factory.mktemp("plant"), station_id="plant", start="2025-03-01", days=60)


@pytest.fixture(scope="session")
def trained_models(plant: Path, tiny: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models folder after one training of `plant`; only to be read, `models` is a copy to change."""
    folder = tmp_path_factory.mktemp("trained") / "models"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", "--data", str(plant), "--models-dir", str(folder), *tiny]) == 0
    return folder


@pytest.fixture
def models(trained_models: Path, place: Path) -> Path:
    """A copy of `trained_models` in the working directory, where `--models-dir` looks unless told otherwise."""
    return Path(shutil.copytree(trained_models, place / "models"))


@pytest.fixture(scope="session")
def model(trained_models: Path) -> TrainedModel:
    """What that training made, as it is read."""
    return load_folder(trained_models / "plant" / "versions" / "v0001")


@pytest.fixture(scope="session")
def seed_table() -> Callable[..., pd.DataFrame]:
    """`seed_table("north", days=40)`: a station's rows in the columns of the seed document's merged file."""
    def make(station: str, days: int = 40, start: str = "2025-03-01", step: str = "15min") -> pd.DataFrame:
        index = pd.date_range(start, periods=days * (DAY // pd.Timedelta(step)), freq=step)
        rng = np.random.default_rng(zlib.crc32(station.encode()))
        hour = (index.hour + index.minute / 60).to_numpy()
        temperature = 15 + 8 * np.sin((hour - 9) * np.pi / 12) + rng.normal(0, 1, len(index))
        total = 900 + 300 * np.sin((hour - 8) * np.pi / 12) - 40 * index.day_of_week + rng.normal(0, 9, len(index))
        return pd.DataFrame({
            "ts": index.strftime("%Y-%m-%d %H:%M:%S"), "station_ref_id": station,
            "total_active_power": total.round(3), "not_use_power": (0.6 * total).round(3),
            "temp": temperature.round(2), "humidity": rng.uniform(30, 90, len(index)).round(1),
            "windSpeed": rng.gamma(2.0, 1.5, len(index)).round(2), "code": 100 + (index.day_of_year % 3),
        })
    return make


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database in which nothing is, of both kinds in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'wattcast.db'}"
    return request.getfixturevalue("postgresql").blank_database()


@pytest.fixture
def nan_poisoned_memory() -> Iterator[None]:
    """Memory that torch hands out unwritten holds NaN instead of what happened to be there."""
    import torch

    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


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


@pytest.fixture
def files_of_at_most() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """A disk that is full after so many bytes of any file, whichever library writes it."""
    resource = pytest.importorskip("resource")

    @contextlib.contextmanager
    def limited(size: int) -> Iterator[None]:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    return limited
