"""From a station's history to fitted networks."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lightning
import numpy as np
from numpy.typing import NDArray

from wattcast.model.ensemble import Ensemble
from wattcast.model.power import PowerNetwork
from wattcast.training.config import Recipe, TrainingConfig
from wattcast.training.engine import Windows, fit_network, require_accelerator
from wattcast.training.memory import memory_limit
from wattcast.training.prepared import Prepared, input_sizes
from wattcast.training.record import EpochRecord
from wattcast.windows.samplers import EpochSampler

SEEDS_APART = 1000
"""Between the seeds of a model's networks: models of neighbouring seeds share none. [number]"""


def fit_members(prepared: Prepared, recipe: Recipe, folder: Path,
                on_epoch: Callable[[EpochRecord], None] | None) -> tuple[Ensemble, tuple[EpochRecord, ...]]:
    """Train the networks of one model, one after the other.

    Args:
        prepared: the history, made ready.
        recipe: what to train.
        folder: where an interrupted run goes on; of networks that are finished it only reads the weights.
        on_epoch: told of each finished epoch.

    Raises:
        ConfigError: horizon weights of the wrong length.
        MemoryLimitError: memory ran out.
    """
    made = [_fit_member(prepared, recipe, member, folder / str(member), on_epoch)
            for member in range(1, recipe.training.networks(prepared.shape.kind) + 1)]
    return Ensemble([network for network, _ in made]).eval(), tuple(record for _, records in made for record in records)


def _fit_member(prepared: Prepared, recipe: Recipe, member: int, folder: Path,
                on_epoch: Callable[[EpochRecord], None] | None) -> tuple[PowerNetwork, list[EpochRecord]]:
    training, members = recipe.training, recipe.training.networks(prepared.shape.kind)

    def numbered(record: EpochRecord) -> EpochRecord:
        return replace(record, member=member, members=members)

    def tell(record: EpochRecord) -> None:
        if on_epoch is not None:
            on_epoch(numbered(record))

    folder.mkdir(exist_ok=True)
    own = training.model_copy(update={"seed": training.seed + SEEDS_APART * (member - 1)})
    network, records = fit_prepared(prepared, recipe.model_copy(update={"training": own}), folder, on_epoch=tell)
    return network, list(map(numbered, records))


def fit_prepared(prepared: Prepared, recipe: Recipe, folder: Path, *, measure: TrainingConfig | None = None,
                 on_epoch: Callable[[EpochRecord], None] | None = None,
                 windows: int | None = None, announce: bool = True) -> tuple[PowerNetwork, tuple[EpochRecord, ...]]:
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
                          prepared.pipeline.station.targets, folder, measure=measure, on_epoch=on_epoch,
                          announce=announce)
    return network.cpu().eval(), history


def _windows(prepared: Prepared, recipe: Recipe, windows: int | None) -> Windows:
    config, split = recipe.training, prepared.split
    sampler = EpochSampler(split.train_origins, config.batch_size, config.batches_per_epoch, config.seed, windows)
    weights = _recency(prepared, config.recency_half_life_days)
    return Windows(prepared.windows_until(split.train_limit, recipe, weights), sampler, len(sampler),
                   prepared.windows_until(split.validation_limit, recipe), split.validation_origins)


def _recency(prepared: Prepared, half_life_days: float | None) -> NDArray[np.float32] | None:
    if half_life_days is None:
        return None
    age = (prepared.split.train_limit - np.arange(len(prepared.table.index))) / prepared.shape.day
    weights: NDArray[np.float32] = (0.5 ** (age.clip(min=0) / half_life_days)).astype(np.float32)
    return weights
