"""From a station's history to a model: every expert is fitted that has something to say."""

from collections.abc import Callable
from pathlib import Path

from wattcast import __version__
from wattcast.data.limits import kept_limits
from wattcast.data.schema import StationData
from wattcast.experts.base import Lesson
from wattcast.experts.table import EXPERTS
from wattcast.experts.trained import TrainedModel, by_name
from wattcast.timegrid import parse_step
from wattcast.training.config import Recipe
from wattcast.training.engine import run_folder
from wattcast.training.prepared import hash_data, prepare
from wattcast.training.record import EpochRecord


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
        lesson = Lesson(prepared, recipe, folder, on_epoch)
        experts = by_name(expert.fit(lesson) for expert in EXPERTS)
    kept = kept_limits(data.frame[data.frame.index < data.end], data.station)
    last = data.end - parse_step(data.station.step)
    return TrainedModel(
        data.station, recipe, prepared.pipeline, prepared.scalers, experts, (data.frame.index[0], last), data_hash,
        kept.nonnegative, (data.frame.index[prepared.split.train_limit], last), part_of_total=kept.part_of_total)
