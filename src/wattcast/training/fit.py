"""From a station's history to a fitted model."""

import hashlib
import logging
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import lightning
import numpy as np
import pandas as pd
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from wattcast import __version__
from wattcast.contracts import TOTAL
from wattcast.data.schema import StationData
from wattcast.errors import ConfigError, DataError, MemoryLimitError
from wattcast.features.pipeline import FeaturePipeline, FeatureTable
from wattcast.model.power import InputSizes, PowerNetwork
from wattcast.timegrid import parse_step
from wattcast.training.callbacks import EachBatch, EpochKeeper
from wattcast.training.config import Recipe, TrainingConfig
from wattcast.training.horizon_weights import expand_horizon_weights
from wattcast.training.module import PowerModule
from wattcast.training.trained import EpochRecord, TrainedModel, decomposition, history_split, window_shape
from wattcast.windows.anchors import anchor_count
from wattcast.windows.dataset import Batch, EpochSampler, Scalers, WindowDataset, WindowShape
from wattcast.windows.scaling import Scaler
from wattcast.windows.splits import Split

log = logging.getLogger("wattcast")


@dataclass(frozen=True)
class Prepared:
    """A history made ready: features, scalers and the split."""

    pipeline: FeaturePipeline
    table: FeatureTable
    scalers: Scalers
    shape: WindowShape
    split: Split


def input_sizes(table: FeatureTable, shape: WindowShape, recipe: Recipe) -> InputSizes:
    targets = table.targets.shape[1]
    modes = recipe.features.vmd_modes * targets if recipe.features.vmd else 0
    lags = len(shape.lag_weeks)
    return InputSizes(shape.horizon, shape.week, targets, table.known.shape[1], table.past.shape[1] + modes, lags,
                      anchor_count(lags), table.weather_columns)


def prepare(data: StationData, recipe: Recipe) -> Prepared:
    """Features and scalers of a history that ends at its last known instant.

    Raises:
        DataError: fewer than 21 days.
    """
    data = data.until(data.end)
    shape = window_shape(data.station, recipe)
    split = history_split(data, recipe)
    training = data.until(data.frame.index[split.train_limit])
    pipeline = FeaturePipeline(recipe.features, data.station).fit(training)
    table = pipeline.transform(data.frame, data.vintages)
    rows = slice(0, split.train_limit)
    scalers = Scalers(Scaler.for_targets(table.targets[rows], data.station.kind), Scaler.fit(table.known[rows]),
                      Scaler.fit(table.past[rows]))
    return Prepared(pipeline, table, scalers, shape, split)


def hash_data(data: StationData) -> str:
    """A name for exactly these measurements."""
    digest = hashlib.sha256(data.station.model_dump_json().encode())
    digest.update(pd.util.hash_pandas_object(data.frame).to_numpy().tobytes())
    if data.vintages is not None:
        digest.update(pd.util.hash_pandas_object(data.vintages.table).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def fit_model(data: StationData, recipe: Recipe, *, work_folder: Path | None = None,
              on_epoch: Callable[[EpochRecord], None] | None = None) -> TrainedModel:
    """Train on everything measured in `data`.

    Args:
        data: a station's history; nothing after its last measured interval is used.
        recipe: what to train.
        work_folder: where an interrupted run is found again and continued; None keeps nothing.
        on_epoch: told of each finished epoch.

    Raises:
        DataError: too little data.
        ConfigError: horizon weights of the wrong length.
        MemoryLimitError: memory ran out.
    """
    prepared = prepare(data, recipe)
    data_hash = hash_data(data)
    with _folder(work_folder, f"{__version__}-{recipe.recipe_hash()}-{data_hash}") as folder:
        network, history = fit_network(prepared, recipe, folder, on_epoch=on_epoch)
    lowest = data.frame[list(data.station.targets)].min()
    return TrainedModel(
        data.station, recipe, prepared.pipeline, prepared.scalers, network,
        (data.frame.index[0], data.end - parse_step(data.station.step)), data_hash,
        tuple(name for name in data.station.targets if lowest[name] >= 0), history)


def fit_network(prepared: Prepared, recipe: Recipe, folder: Path, *, measure: TrainingConfig | None = None,
                on_epoch: Callable[[EpochRecord], None] | None = None,
                on_batch: Callable[[], None] | None = None) -> tuple[PowerNetwork, tuple[EpochRecord, ...]]:
    """Train on a history that was made ready.

    Args:
        prepared: the history, made ready with the same features and windows.
        recipe: what to train.
        folder: where the best weights and the last checkpoint are kept; one that is there is continued.
        measure: validates with this configuration's weights and batches instead of the recipe's own.
        on_epoch: told of each finished epoch.
        on_batch: called after each batch; what it raises, as what `on_epoch` raises, ends the training there.

    Returns:
        The network with the weights of the best epoch, and the history of epochs.

    Raises:
        ConfigError: horizon weights of the wrong length; no GPU where one is asked for; a loss that is not a number.
        MemoryLimitError: memory ran out.
    """
    if recipe.training.accelerator == "gpu" and not torch.cuda.is_available():
        raise ConfigError("training.accelerator is gpu, but torch sees none here",
                          hint="set it to auto or cpu; 'wattcast doctor' shows what there is")
    lightning.seed_everything(recipe.training.seed, verbose=False)
    with _quiet(), _memory_limit():
        network = PowerNetwork(recipe.model, input_sizes(prepared.table, prepared.shape, recipe))
        keeper = EpochKeeper(folder, on_epoch)
        _run(network, prepared, recipe, keeper, measure or recipe.training, on_batch)
        network.load_state_dict(keeper.best_weights())
    return network.cpu().eval(), tuple(keeper.history)


def step_weights(config: TrainingConfig, shape: WindowShape) -> NDArray[np.float32]:
    """`[H]`, the weight of each step in the loss."""
    return expand_horizon_weights(config.horizon_weights, shape.horizon, shape.horizon // shape.day)


def target_weights(config: TrainingConfig, targets: Sequence[str]) -> list[float]:
    """`[C]`, the weight of each target in the loss."""
    return [config.power_weight if name == TOTAL else config.not_use_power_weight for name in targets]


def _run(network: PowerNetwork, prepared: Prepared, recipe: Recipe, keeper: EpochKeeper, measure: TrainingConfig,
         on_batch: Callable[[], None] | None) -> None:
    config, split, targets = recipe.training, prepared.split, prepared.pipeline.station.targets
    sampler = EpochSampler(split.train_origins, config.batch_size, config.batches_per_epoch, config.seed)
    weights = _recency(prepared, config.recency_half_life_days)
    train = _dataset(prepared, recipe, split.train_limit, weights)
    validation = _dataset(prepared, recipe, split.validation_limit, None)
    module = PowerModule(network, config, step_weights(config, prepared.shape), target_weights(config, targets),
                         config.epochs * len(sampler), target_weights(measure, targets))
    batches = [part.tolist() for part in np.array_split(
        split.validation_origins, max(1, round(len(split.validation_origins) / measure.batch_size)))]
    stopping = EarlyStopping("val_loss", patience=config.patience, check_on_train_epoch_end=True)
    trainer = lightning.Trainer(
        max_epochs=config.epochs, accelerator=config.accelerator, devices=1, logger=False,
        callbacks=[EMAWeightAveraging(decay=config.ema_decay, use_buffers=False), stopping, keeper,
                   *([EachBatch(on_batch)] if on_batch else [])],
        enable_progress_bar=False, enable_model_summary=False,
        gradient_clip_val=config.gradient_clip, num_sanity_val_steps=0)
    resume = keeper.last if keeper.last.exists() else None
    if resume is not None:
        log.info("continuing the interrupted training in %s", keeper.folder)
        if _had_stopped(resume, stopping):
            keeper.load_state_dict(torch.load(resume, weights_only=True)["callbacks"][keeper.state_key])
            return
    with _interruptible():
        trainer.fit(module, _loader(train, sampler), _loader(validation, batches), ckpt_path=resume, weights_only=True)


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


def _dataset(prepared: Prepared, recipe: Recipe, limit: int, weights: NDArray[np.float32] | None) -> WindowDataset:
    return WindowDataset(prepared.table, prepared.scalers, prepared.shape, limit=limit,
                         decomposition=decomposition(recipe), weights=weights)


def _loader(dataset: WindowDataset, batches: EpochSampler | list[list[int]]) -> DataLoader[Batch]:
    # A batch is one gather from arrays in memory: worker processes would only copy it around.
    return DataLoader(dataset, batch_sampler=batches, collate_fn=lambda batch: batch)


def _recency(prepared: Prepared, half_life_days: float | None) -> NDArray[np.float32] | None:
    if half_life_days is None:
        return None
    age = (prepared.split.train_limit - np.arange(len(prepared.table.index))) / prepared.shape.day
    weights: NDArray[np.float32] = (0.5 ** (age.clip(min=0) / half_life_days)).astype(np.float32)
    return weights


@contextmanager
def _folder(parent: Path | None, name: str) -> Iterator[Path]:
    """A folder for the run's checkpoints: kept if the run is interrupted after an epoch, else gone with it."""
    if parent is None:
        with tempfile.TemporaryDirectory(prefix="wattcast-") as temporary:
            yield Path(temporary)
        return
    folder = parent / name
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    done = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        done = True
    except OSError as error:
        raise DataError(f"cannot write the training's progress to {folder}", found=error.strerror,
                        hint="choose a folder you may write to, with --models-dir") from error
    finally:
        if done or not (folder / EpochKeeper.LAST).exists():
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                for path in [parent] if done else made[1:]:
                    path.rmdir()


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


@contextmanager
def _memory_limit() -> Iterator[None]:
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error).lower():
            raise
        raise MemoryLimitError(
            "memory ran out while training", found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            hint="lower training.batch_size first (--set training.batch_size=16), then model.d_model or "
                 "windows.lookback_days") from error
