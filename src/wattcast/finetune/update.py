"""Fine-tuning: from the model in use and a longer history to a candidate that was never fitted on the newest days."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast import __version__
from wattcast.data.limits import share_above_total
from wattcast.data.schema import StationData
from wattcast.errors import TooFewRowsError
from wattcast.experts.network import NetworkExpert
from wattcast.experts.trained import TrainedModel
from wattcast.experts.trees import TREES, TreesExpert
from wattcast.features.table import FeatureTable
from wattcast.finetune.candidates import NewDays, better_candidate
from wattcast.finetune.config import FinetuneConfig
from wattcast.forecasting.selection import calibrate_and_choose
from wattcast.timegrid import parse_step
from wattcast.training.boosting import ORIGINS, TreeWindows
from wattcast.training.config import TrainingConfig
from wattcast.training.engine import Windows, fit_network, require_accelerator, run_folder
from wattcast.training.freezing import Frozen, frozen
from wattcast.training.prepared import hash_data
from wattcast.training.record import EpochRecord
from wattcast.training.shapes import decomposition
from wattcast.windows.dataset import WindowDataset, WindowShape
from wattcast.windows.samplers import SeededSampler

IntArray = NDArray[np.int64]

FIT_DAYS = 2
"""New days to learn from without which nothing is fitted. [days]"""
STOP_ORIGINS, OLD_STOP_ORIGINS = 24, 8
"""Origins that tell when to stop, new and old ones; as the new ones' weeks are cut short, both weigh about the same."""
EMA_DECAY = 0.9
"""A run this short would end before an average over as many steps as in training has followed. [share]"""
RARE = 0.01
"""A target that is negative in less than this share of its new rows is still taken for one that never is, and a part
that exceeds its total in less for one that does not. [share]"""


@dataclass(frozen=True)
class UpdateSplit:
    """Positions on the grid. Old windows end before the new rows and touch no row of the guard.

    Rows from `limit` on are no training targets, those from `gate` on no targets of fitting or stopping.
    """

    recent: IntArray
    replay: IntArray
    limit: int
    stop: IntArray
    gate: int


def split_update(new: int, rows: int, first_measured: int, guard: tuple[int, int], shape: WindowShape,
                 config: FinetuneConfig) -> UpdateSplit:
    """Split a history of `rows` rows, of which those from `new` on are new.

    Args:
        new: position of the first new row.
        rows: length of the history.
        first_measured: position of the first measured row.
        guard: first position of the guard and the one behind it.
        shape: sizes of a window.
        config: how many days are kept for what.

    Raises:
        TooFewRowsError: too few new rows.
    """
    day, horizon = shape.day, shape.horizon
    gate = rows - config.gate_days * day
    limit = gate - config.stop_days * day
    require_enough((rows - new) / day, config)
    recent = np.arange(max(new, limit - config.recent_days * day), limit - day + 1)
    before = np.arange(first_measured + day, guard[0] - horizon + 1)
    behind = np.arange(guard[1], new - horizon + 1)
    replay = np.concatenate([before, behind])
    stop = np.unique(np.linspace(limit, gate - day, STOP_ORIGINS).round())
    old = replay[np.linspace(0, len(replay) - 1, min(OLD_STOP_ORIGINS, len(replay))).round().astype(np.int64)]
    return UpdateSplit(recent.astype(np.int64), replay.astype(np.int64), limit,
                       np.concatenate([stop, old]).astype(np.int64), gate)


def require_enough(days: float, config: FinetuneConfig) -> None:
    """Nothing, if so many days of new rows are enough.

    Raises:
        TooFewRowsError: they are not.
    """
    if days < FIT_DAYS + config.stop_days + config.gate_days:
        raise TooFewRowsError("there are too few new rows to fine-tune on", found=f"{days:.1f} days",
                              expected=f"{FIT_DAYS} days to learn from, {config.stop_days} that tell when to stop and "
                                       f"{config.gate_days} for the gate", hint="wait until there are more")


def in_words(error: TooFewRowsError) -> str:
    """In a line: how many days there are, and how many are needed for what."""
    return f"{error.what}: {error.found}, needed are {error.expected}"


class ReplaySampler(SeededSampler):
    """Batches of recent origins with a share of old ones."""

    def __init__(self, recent: IntArray, replay: IntArray, batch_size: int, batches: int, share: float,
                 seed: int) -> None:
        super().__init__(batches, seed)
        self.recent, self.replay = recent, replay
        self.old = round(share * batch_size) if len(replay) else 0
        self.new = max(1, batch_size - self.old)

    def __iter__(self) -> Iterator[list[int]]:
        generator = self.random()
        for _ in range(self.batches):
            yield [*generator.choice(self.recent, self.new).tolist(), *generator.choice(self.replay, self.old).tolist()]


@dataclass(frozen=True)
class Update:
    """A candidate, the instant from which on it was never fitted or stopped, and what was used, for its manifest."""

    model: TrainedModel
    gate: pd.Timestamp
    used: dict[str, Any]


def update(champion: TrainedModel, data: StationData, config: FinetuneConfig, *, work_folder: Path | None = None,
           on_epoch: Callable[[EpochRecord], None] | None = None) -> Update:
    """Fine-tune `champion` on the rows of `data` behind its span; the champion itself stays as it is.

    Args:
        champion: the model in use.
        data: the whole history with the new rows; nothing after its last measured interval is used.
        config: settings.
        work_folder: where an interrupted run is found again and continued; None keeps nothing.
        on_epoch: told of each finished epoch.

    Raises:
        TooFewRowsError: too few new rows.
        ConfigError: a pattern of what to freeze that matches nothing.
    """
    data = data.until(data.end)
    training = run_config(champion.recipe.training, config)
    require_accelerator(training)
    step, index = parse_step(data.station.step), pd.DatetimeIndex(data.frame.index)
    first, last = champion.validation
    guard = int(index.searchsorted(first)), int(index.searchsorted(last + step))
    new = int(index.searchsorted(champion.learned_until))
    split = split_update(new, len(index), int(data.measured_rows.argmax()), guard, champion.shape, config)
    data_hash = hash_data(data)
    lightning.seed_everything(training.seed, verbose=False)
    network = copy.deepcopy(champion.network).train()
    table = champion.pipeline.transform(data.frame, data.vintages)
    with (run_folder(work_folder, _name(champion, config, data_hash)) as folder,
          frozen(network, config.freeze_backbone_layers, config.freeze) as kept):
        windows = _windows(champion, table, split, training, config)
        history = fit_network(network, windows, training, data.station.targets, folder, on_epoch=on_epoch)
        trees = _fit_trees(champion, windows, split, config) if TREES in champion.experts else None
    gate = index[split.gate]
    same = replace(champion, station=data.station, span=(champion.span[0], gate - step), data_hash=data_hash,
                   nonnegative=_nonnegative(champion, data), part_of_total=_part_of_total(champion, data),
                   ).with_experts(NetworkExpert(champion.network, history))
    # On the champion's validation rows, which this run did not learn from either.
    learned = same.with_experts(NetworkExpert(network.cpu().eval(), history))
    learned = learned.without(TREES) if trees is None else learned.with_experts(trees)
    tuned = calibrate_and_choose(learned, data)
    news = NewDays(table, split.stop[split.stop >= split.limit], split.gate)
    following = calibrate_and_choose(same, data, later=news.forecasts(same))
    kind, model = better_candidate(champion, tuned, following, news.error, config.guard_tolerance)
    return Update(model, gate, {
        "candidate": kind, "settings": config.model_dump(mode="json"), "lr": training.lr, **_frozen_dict(kept),
        **_split_dict(split, index, new)})


def _frozen_dict(kept: Frozen) -> dict[str, Any]:
    return {"frozen": list(kept.names), "frozen_layers": kept.layers, "learning_weights": kept.learning}


def _split_dict(split: UpdateSplit, index: pd.DatetimeIndex, new: int) -> dict[str, Any]:
    return {"recent_windows": len(split.recent), "older_windows": len(split.replay),
            "new_rows_from": index[new].isoformat(), "stop_from": index[split.limit].isoformat(),
            "gate_from": index[split.gate].isoformat()}


def run_config(training: TrainingConfig, config: FinetuneConfig) -> TrainingConfig:
    """How the network is fitted, with what fine-tuning has settings of its own for."""
    return training.model_copy(update={
        "lr": training.lr * config.finetune_lr_ratio, "epochs": config.finetune_epochs,
        "patience": config.finetune_patience, "batches_per_epoch": config.finetune_batches,
        "batch_size": max(2, training.batch_size // 2), "ema_decay": min(training.ema_decay, EMA_DECAY)})


def _windows(champion: TrainedModel, table: FeatureTable, split: UpdateSplit, training: TrainingConfig,
             config: FinetuneConfig) -> Windows:
    """Windows in the champion's own features and scales."""
    sampler = ReplaySampler(split.recent, split.replay, training.batch_size, training.batches_per_epoch,
                            config.replay_share, training.seed)
    train, validation = (WindowDataset(table, champion.scalers, champion.shape, limit=limit,
                                       decomposition=decomposition(champion.recipe))
                         for limit in (split.limit, split.gate))
    return Windows(train, sampler, len(sampler), validation, split.stop)


def _fit_trees(champion: TrainedModel, windows: Windows, split: UpdateSplit,
               config: FinetuneConfig) -> TreesExpert | None:
    """New trees, from as many old windows among the new as the network learns from: it takes seconds."""
    training, day = champion.recipe.training, champion.shape.day
    random = np.random.default_rng([training.seed, 2])

    def mixed(old: IntArray, new: IntArray) -> IntArray:
        count = round(config.replay_share * ORIGINS) if len(old) else 0
        return np.concatenate([random.permutation(old)[:count], random.permutation(new)[:ORIGINS - count]])

    newer = np.arange(split.recent[0], split.gate - day + 1)
    older = np.arange(split.replay[0], newer[0] - champion.shape.horizon + 1) if len(split.replay) else split.replay
    expert = champion.experts[TREES]
    assert isinstance(expert, TreesExpert)
    return expert.learn(TreeWindows(windows.train, mixed(split.replay, split.recent), windows.validation, split.stop,
                                    mixed(older, newer)), champion.recipe)


def _nonnegative(champion: TrainedModel, data: StationData) -> tuple[str, ...]:
    """The champion's, but for targets that are now negative more often than a faulty reading is."""
    new = data.frame.loc[data.frame.index > champion.span[1]]
    return tuple(name for name in champion.nonnegative if (new[name].dropna() < 0).mean() < RARE)


def _part_of_total(champion: TrainedModel, data: StationData) -> bool:
    """As the champion's, unless the part is now larger than the total more often than faulty readings make it."""
    new = data.frame.loc[data.frame.index > champion.span[1]]
    return champion.part_of_total and not share_above_total(new, data.station) >= RARE


def _name(champion: TrainedModel, config: FinetuneConfig, data_hash: str) -> str:
    """A folder for exactly this run."""
    told = [champion.recipe.recipe_hash(), champion.data_hash, [str(time) for time in champion.span],
            config.model_dump(mode="json")]
    return f"{__version__}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}-{data_hash}"
