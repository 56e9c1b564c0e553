"""From a station's history to a fitted model."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import lightning
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast import __version__
from wattcast.data.limits import kept_limits
from wattcast.data.schema import StationData
from wattcast.features.pipeline import FeaturePipeline, FeatureTable
from wattcast.model.ensemble import Ensemble
from wattcast.model.power import InputSizes, PowerNetwork
from wattcast.timegrid import parse_step
from wattcast.training.config import Recipe, TrainingConfig
from wattcast.training.engine import Windows, fit_network, require_accelerator, run_folder
from wattcast.training.memory import memory_limit
from wattcast.training.trained import EpochRecord, TrainedModel, decomposition, history_split, window_shape
from wattcast.training.trees import Trees, TreeWindows, fit_trees
from wattcast.windows.anchors import anchor_count
from wattcast.windows.dataset import EpochSampler, Scalers, WindowDataset, WindowShape
from wattcast.windows.scaling import Scaler
from wattcast.windows.splits import Split

SEEDS_APART = 1000
"""Between the seeds of a model's networks: models of neighbouring seeds share none."""


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
                      anchor_count(lags), table.weather_columns, shape.adjusted and bool(table.weather_columns))


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
    with run_folder(work_folder, f"{__version__}-{recipe.recipe_hash()}-{data_hash}") as folder:
        network, history = _fit_members(prepared, recipe, folder, on_epoch)
        trees = _fit_trees(prepared, recipe) if recipe.training.boosted_trees else None
    kept = kept_limits(data.frame[data.frame.index < data.end], data.station)
    last = data.end - parse_step(data.station.step)
    return TrainedModel(
        data.station, recipe, prepared.pipeline, prepared.scalers, network, (data.frame.index[0], last), data_hash,
        kept.nonnegative, history, (data.frame.index[prepared.split.train_limit], last), trees=trees,
        part_of_total=kept.part_of_total)


def _fit_trees(prepared: Prepared, recipe: Recipe) -> Trees | None:
    split, config = prepared.split, recipe.training
    windows = TreeWindows(_dataset(prepared, recipe, split.train_limit, None), split.train_origins,
                          _dataset(prepared, recipe, split.validation_limit, None), split.validation_origins,
                          np.arange(split.train_origins[0], split.validation_limit - prepared.shape.day + 1))
    return fit_trees(windows, hidden_weather=recipe.model.weather_dropout, seed=config.seed)


def _fit_members(prepared: Prepared, recipe: Recipe, folder: Path,
                 on_epoch: Callable[[EpochRecord], None] | None) -> tuple[Ensemble, tuple[EpochRecord, ...]]:
    """Train one network after the other; of those that are finished, an interrupted run only reads the weights."""
    made = [_fit_member(prepared, recipe, member, folder / str(member), on_epoch)
            for member in range(1, recipe.training.members + 1)]
    return Ensemble([network for network, _ in made]).eval(), tuple(record for _, records in made for record in records)


def _fit_member(prepared: Prepared, recipe: Recipe, member: int, folder: Path,
                on_epoch: Callable[[EpochRecord], None] | None) -> tuple[PowerNetwork, list[EpochRecord]]:
    training = recipe.training

    def numbered(record: EpochRecord) -> EpochRecord:
        return replace(record, member=member, members=training.members)

    def tell(record: EpochRecord) -> None:
        if on_epoch is not None:
            on_epoch(numbered(record))

    folder.mkdir(exist_ok=True)
    own = training.model_copy(update={"seed": training.seed + SEEDS_APART * (member - 1)})
    network, records = fit_prepared(prepared, recipe.model_copy(update={"training": own}), folder, on_epoch=tell)
    return network, list(map(numbered, records))


def fit_prepared(prepared: Prepared, recipe: Recipe, folder: Path, *, measure: TrainingConfig | None = None,
                 on_epoch: Callable[[EpochRecord], None] | None = None,
                 windows: int | None = None) -> tuple[PowerNetwork, tuple[EpochRecord, ...]]:
    """Train one network on a history that was made ready; other arguments and errors are `engine.fit_network`'s.

    Args:
        prepared: the history, made ready with the same features and windows.
        recipe: what to train.
        folder: where the best weights and the last checkpoint are kept.
        windows: in an epoch, instead of `training.batches_per_epoch` full batches.

    Returns:
        The network with the weights of the best epoch, and the history of epochs.
    """
    require_accelerator(recipe.training)
    lightning.seed_everything(recipe.training.seed, verbose=False)
    with memory_limit():
        network = PowerNetwork(recipe.model, input_sizes(prepared.table, prepared.shape, recipe))
    history = fit_network(network, _windows(prepared, recipe, windows), recipe.training,
                          prepared.pipeline.station.targets, folder, measure=measure, on_epoch=on_epoch)
    return network.cpu().eval(), history


def _windows(prepared: Prepared, recipe: Recipe, windows: int | None) -> Windows:
    config, split = recipe.training, prepared.split
    sampler = EpochSampler(split.train_origins, config.batch_size, config.batches_per_epoch, config.seed, windows)
    weights = _recency(prepared, config.recency_half_life_days)
    return Windows(_dataset(prepared, recipe, split.train_limit, weights), sampler, len(sampler),
                   _dataset(prepared, recipe, split.validation_limit, None), split.validation_origins)


def _dataset(prepared: Prepared, recipe: Recipe, limit: int, weights: NDArray[np.float32] | None) -> WindowDataset:
    return WindowDataset(prepared.table, prepared.scalers, prepared.shape, limit=limit,
                         decomposition=decomposition(recipe), weights=weights)


def _recency(prepared: Prepared, half_life_days: float | None) -> NDArray[np.float32] | None:
    if half_life_days is None:
        return None
    age = (prepared.split.train_limit - np.arange(len(prepared.table.index))) / prepared.shape.day
    weights: NDArray[np.float32] = (0.5 ** (age.clip(min=0) / half_life_days)).astype(np.float32)
    return weights
