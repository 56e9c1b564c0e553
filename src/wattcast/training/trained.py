"""What training leaves behind. Forecasting needs this and not the training engine, which takes seconds to import."""

from dataclasses import dataclass

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.limits import KeptLimits, chosen_limits
from wattcast.data.schema import StationData
from wattcast.features.pipeline import FeaturePipeline
from wattcast.model.ensemble import Ensemble
from wattcast.timegrid import parse_step, station_horizon, steps_per_day
from wattcast.training.config import Recipe
from wattcast.training.selection import Selection
from wattcast.training.trees import Trees
from wattcast.windows.dataset import Decomposition, Scalers, WindowShape
from wattcast.windows.splits import Split, split_origins


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
    member: int = 1
    members: int = 1


@dataclass(frozen=True)
class TrainedModel:
    """Fitted networks with all that is needed to forecast with them."""

    station: Station
    recipe: Recipe
    pipeline: FeaturePipeline
    scalers: Scalers
    network: Ensemble
    span: tuple[pd.Timestamp, pd.Timestamp]
    data_hash: str
    nonnegative: tuple[str, ...]
    """Targets that were never below zero in training, but for a few readings."""
    history: tuple[EpochRecord, ...]
    validation: tuple[pd.Timestamp, pd.Timestamp]
    """First and last of the rows that no weights were fitted on: they only told when to stop."""
    selection: Selection | None = None
    """What was decided on the validation origins; None: the network alone, its quantiles as they are."""
    trees: Trees | None = None
    """Boosted trees that learned from the same windows."""
    part_of_total: bool = False
    """Whether the part stayed within the total in training."""

    @property
    def shape(self) -> WindowShape:
        return window_shape(self.station, self.recipe)

    def limits(self, station: Station) -> KeptLimits:
        """What forecasts of the station, as it is described now, are kept to."""
        return chosen_limits(station, KeptLimits(self.nonnegative, self.part_of_total))

    @property
    def learned_until(self) -> pd.Timestamp:
        """The first instant of which it has learned nothing."""
        return self.span[1] + parse_step(self.station.step)


def window_shape(station: Station, recipe: Recipe) -> WindowShape:
    horizon = station_horizon(station)
    day = steps_per_day(horizon.step)
    return WindowShape(recipe.windows.lookback_days * day, horizon.steps, day, recipe.features.lag_weeks, station.kind)


def history_split(data: StationData, recipe: Recipe) -> Split:
    """Which origins of a history train and which validate.

    Raises:
        DataError: fewer than 21 days.
    """
    shape = window_shape(data.station, recipe)
    measured = data.frame[list(data.station.targets)].notna().any(axis=1).to_numpy()
    return split_origins(len(data.frame), int(measured.argmax()), shape.horizon, shape.day, recipe.windows)


def decomposition(recipe: Recipe) -> Decomposition | None:
    features = recipe.features
    return Decomposition(features.vmd_modes, features.vmd_alpha) if features.vmd else None
