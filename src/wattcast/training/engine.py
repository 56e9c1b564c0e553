"""The run that training and fine-tuning share: what Lightning is given, where it continues, what it must not say."""

import logging
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import lightning
import numpy as np
import torch
from filelock import FileLock
from lightning.pytorch.callbacks import EarlyStopping
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from wattcast.contracts import TOTAL
from wattcast.errors import ConfigError, DataError
from wattcast.locks import PATIENCE, held
from wattcast.model.ensemble import Network
from wattcast.training.callbacks import Averaging, EpochKeeper
from wattcast.training.config import TrainingConfig
from wattcast.training.horizon_weights import expand_horizon_weights
from wattcast.training.memory import footprint, memory_limit
from wattcast.training.module import PowerModule
from wattcast.training.record import EpochRecord
from wattcast.windows.dataset import Batch, WindowDataset, WindowShape

log = logging.getLogger("wattcast")


@dataclass(frozen=True)
class Windows:
    """What a run learns from, and what stops it."""

    train: WindowDataset
    sampler: Sampler[list[int]]
    batches: int
    """In an epoch."""
    validation: WindowDataset
    validation_origins: NDArray[np.int64]


def fit_network(network: Network, windows: Windows, config: TrainingConfig, targets: tuple[str, ...], folder: Path,
                *, measure: TrainingConfig | None = None,
                on_epoch: Callable[[EpochRecord], None] | None = None,
                announce: bool = True) -> tuple[EpochRecord, ...]:
    """Train `network` in place from the weights it has; it ends with the best averaged ones.

    Args:
        network: forecasts as `PowerNetwork`; parameters that need no gradient stay as they are.
        windows: what to learn from.
        config: how.
        targets: their names, for their weights in the loss.
        folder: where the best weights and the last checkpoint are kept; a run that is there is continued.
        measure: validates with this configuration's weights and batches instead of `config`'s own.
        on_epoch: told of each finished epoch; what it raises ends the training there.
        announce: say so if a run goes on that is there.

    Raises:
        ConfigError: horizon weights of the wrong length; a loss that is not a number.
        MemoryLimitError: memory ran out.
    """
    keeper = EpochKeeper(folder, on_epoch)
    with _quiet(), memory_limit():
        _run(network, windows, config, targets, keeper, measure or config, announce)
        network.load_state_dict(keeper.best_weights())
    return tuple(keeper.history)


def step_weights(config: TrainingConfig, shape: WindowShape) -> NDArray[np.float32]:
    """`[H]`, the weight of each step in the loss."""
    return expand_horizon_weights(config.horizon_weights, shape.horizon, shape.horizon // shape.day)


def target_weights(config: TrainingConfig, targets: tuple[str, ...]) -> list[float]:
    """`[C]`, the weight of each target in the loss."""
    return [config.power_weight if name == TOTAL else config.not_use_power_weight for name in targets]


def require_accelerator(config: TrainingConfig) -> None:
    """Refuse a GPU that is not there.

    Raises:
        ConfigError: torch sees none.
    """
    if config.accelerator == "gpu" and not torch.cuda.is_available():
        raise ConfigError("training.accelerator is gpu, but torch sees none here",
                          hint="set it to auto or cpu; 'wattcast doctor' shows what there is")


def training_device(config: TrainingConfig) -> torch.device:
    """Where a network trains: an implementation of the scan that was asked for by name may run nowhere else."""
    return torch.device("cuda" if config.accelerator != "cpu" and torch.cuda.is_available() else "cpu")


def _run(network: Network, windows: Windows, config: TrainingConfig, targets: tuple[str, ...],
         keeper: EpochKeeper, measure: TrainingConfig, announce: bool) -> None:
    taken = footprint(network.to(training_device(config)), windows.train.batch(windows.validation_origins[:1]))
    module = PowerModule(network, config, step_weights(config, windows.train.shape), target_weights(config, targets),
                         config.epochs * windows.batches, target_weights(measure, targets),
                         at_once=taken.at_once(config.batch_size))
    batches = [part.tolist() for part in np.array_split(
        windows.validation_origins, max(1, round(len(windows.validation_origins) / measure.batch_size)))]
    stopping = EarlyStopping("val_loss", patience=config.patience, check_on_train_epoch_end=True)
    trainer = lightning.Trainer(
        max_epochs=config.epochs, accelerator=config.accelerator, devices=1, logger=False,
        callbacks=[Averaging(decay=config.ema_decay, use_buffers=False), stopping, keeper],
        enable_progress_bar=False, enable_model_summary=False,
        gradient_clip_val=config.gradient_clip, num_sanity_val_steps=0)
    resume = keeper.last if keeper.last.exists() else None
    if resume is not None:
        if announce:
            log.info("continuing the interrupted training in %s", keeper.folder)
        if _had_stopped(resume, stopping):
            keeper.load_state_dict(torch.load(resume, weights_only=True)["callbacks"][keeper.state_key])
            return
    with _interruptible():
        trainer.fit(module, _loader(windows.train, windows.sampler), _loader(windows.validation, batches),
                    ckpt_path=resume, weights_only=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Lightning turns Ctrl-C into a silent exit and ignores it from then on."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from None
        raise


def _had_stopped(checkpoint: Path, stopping: EarlyStopping) -> bool:
    """Whether the interrupted run had already met its stopping rule: one more epoch would change its result."""
    state = torch.load(checkpoint, weights_only=True)["callbacks"][stopping.state_key]
    return bool(state["wait_count"] >= stopping.patience)


def _loader(dataset: WindowDataset, batches: Sampler[list[int]] | list[list[int]]) -> DataLoader[Batch]:
    # A batch is one gather from arrays in memory: worker processes would only copy it around.
    return DataLoader(dataset, batch_sampler=batches, collate_fn=lambda batch: batch)


@contextmanager
def run_folder(parent: Path | None, name: str) -> Iterator[Path]:
    """A folder for a run's checkpoints: kept if the run is interrupted after an epoch, else gone with it.

    Raises:
        BusyError: another process is at the same run.
        DataError: it cannot be written to.
    """
    if parent is None:
        with tempfile.TemporaryDirectory(prefix="wattcast-") as temporary:
            yield Path(temporary)
        return
    folder = parent / name
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    with held(FileLock(folder / "run.lock"), "the same training is being done", limit=PATIENCE):
        done = False
        try:
            remove_older(parent, folder)
            yield folder
            done = True
        except OSError as error:
            raise DataError(f"cannot write the training's progress to {folder}", found=error.strerror,
                            hint="choose a folder you may write to, with --models-dir, or make room there") from error
        finally:
            if done or not any(folder.rglob(EpochKeeper.LAST)):
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):
                    for path in [parent] if done else made[1:]:
                        path.rmdir()


KEPT = 3
"""Interrupted runs that are kept: each is as large as its network and the state of its optimiser. [runs]"""
AT_WORK = 3600.0
"""Seconds since its last change within which a folder may be another process's that is at work."""


def remove_older(parent: Path, own: Path) -> None:
    """Remove folders that interrupted work left in `parent`: all but the newest `KEPT`, `own` among them."""
    changed = {path: _changed(path) for path in parent.iterdir() if path.is_dir() and path != own}
    for path in sorted(changed, key=changed.__getitem__, reverse=True)[KEPT - 1:]:
        if time.time() - changed[path] > AT_WORK:
            shutil.rmtree(path, ignore_errors=True)


def _changed(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:             # something in it was just renamed: somebody is at work
        return time.time()


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning speaks of worker processes and devices; users are told what matters by wattcast."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
