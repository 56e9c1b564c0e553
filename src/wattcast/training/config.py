"""Settings of training, and the recipe: all that decides what a fitted model is."""

import hashlib
import json
from typing import Literal

from pydantic import Field, field_validator

from wattcast.contracts import Config, Kind
from wattcast.features.pipeline import FeaturesConfig
from wattcast.model.power import ModelConfig
from wattcast.training.horizon_weights import parse_horizon_weights
from wattcast.windows.splits import WindowsConfig


class TrainingConfig(Config):
    """How the network is fitted; `search` is the range that hyper-parameter search explores."""

    epochs: int = Field(30, ge=1, description="epochs at most")
    batches_per_epoch: int = Field(40, ge=1, description="batches in an epoch; each epoch draws its own windows")
    batch_size: int = Field(32, ge=1, description="windows in a batch", json_schema_extra={"search": [128, 256, 512]})
    lr: float = Field(1e-3, gt=0, description="learning rate at its peak",
                      json_schema_extra={"search": [1e-5, 5e-5, 1e-4, 5e-4, 1e-3]})
    weight_decay: float = Field(1e-2, ge=0, description="weight decay of AdamW")
    gradient_clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    ema_decay: float = Field(0.99, ge=0, lt=1, description="decay of the running average of the weights that is kept")
    patience: int = Field(6, ge=1, description="epochs without a better validation loss before training stops")
    power_weight: float = Field(1.0, ge=0, description="weight of total_active_power in the loss",
                                json_schema_extra={"search": [0.8, 1.0, 1.2]})
    not_use_power_weight: float = Field(1.0, ge=0, description="weight of not_use_power in the loss",
                                        json_schema_extra={"search": [0.5, 0.7, 0.9, 1.0]})
    horizon_weights: tuple[float, ...] | None = Field(
        None, description="weight of each step (672 of 15 minutes in 7 days) or of each day in the loss")
    recency_half_life_days: float | None = Field(
        None, gt=0, description="age at which a window counts half; null: all alike")
    members: int | None = Field(
        None, ge=1, description="networks, each from a seed of its own, whose quantiles are averaged; null: one for a "
        "load, in whose forecast trees and the base have their shares, and two for a plant")
    boosted_trees: bool = Field(True, description="fit boosted trees, too, as a candidate of the choice")
    base_windows: int = Field(1200, ge=0, description="windows from which the base is tuned to the station; 0: it is "
                              "taken as it is")
    seed: int = Field(0, ge=0, description="seed of everything random")
    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="what trains; auto takes a GPU if there is one")

    def networks(self, kind: Kind) -> int:
        """How many a station of this kind has."""
        return self.members or (1 if kind is Kind.LOAD else 2)

    @field_validator("horizon_weights", mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return parse_horizon_weights(value) if isinstance(value, str) else value


class Recipe(Config):
    """The sections that decide a model."""

    features: FeaturesConfig = FeaturesConfig()
    windows: WindowsConfig = WindowsConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    def recipe_hash(self) -> str:
        """A name for exactly this recipe, equal wherever it is computed."""
        recipe = {name: getattr(self, name).model_dump(mode="json") for name in Recipe.model_fields}
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]
