"""What training leaves behind. Forecasting needs this and not the training engine, which takes seconds to import."""

from dataclasses import dataclass

import pandas as pd

from wattcast.contracts import Station
from wattcast.features.pipeline import FeaturePipeline
from wattcast.model.power import PowerNetwork
from wattcast.timegrid import parse_step, steps_per_day, week_horizon
from wattcast.training.config import Recipe
from wattcast.windows.dataset import Decomposition, Scalers, WindowShape


@dataclass(frozen=True)
class EpochRecord:
    """One epoch as the history keeps it and the progress bar shows it."""

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    lr: float
    seconds: float
    best: bool


@dataclass(frozen=True)
class TrainedModel:
    """A fitted network with all that is needed to forecast with it."""

    station: Station
    recipe: Recipe
    pipeline: FeaturePipeline
    scalers: Scalers
    network: PowerNetwork
    span: tuple[pd.Timestamp, pd.Timestamp]
    data_hash: str
    nonnegative: tuple[str, ...]
    """Targets that were never below zero in training."""
    history: tuple[EpochRecord, ...]
    validation: tuple[pd.Timestamp, pd.Timestamp]
    """First and last of the rows that no weights were fitted on: they only told when to stop."""

    @property
    def shape(self) -> WindowShape:
        return window_shape(self.station, self.recipe)


def window_shape(station: Station, recipe: Recipe) -> WindowShape:
    step = parse_step(station.step)
    day = steps_per_day(step)
    return WindowShape(recipe.windows.lookback_days * day, week_horizon(step).steps, day, recipe.features.lag_weeks)


def decomposition(recipe: Recipe) -> Decomposition | None:
    features = recipe.features
    return Decomposition(features.vmd_modes, features.vmd_alpha) if features.vmd else None
