"""Settings of the hyper-parameter search."""

from typing import Literal

from pydantic import Field, field_validator

from wattcast.contracts import Config
from wattcast.tuning.space import Value, check_values

LONGEST = 60.0
"""Seconds that a trial takes on average if the time would allow more: five and the comparison of the best of them are
over within ten minutes on a small station."""
HALVED = 6
"""Trials that there must be for only the best third to go on; of fewer, whose best third is hardly one, each is trained
to its end. [trials]"""


class TuningConfig(Config):
    """How the search goes; what it tries is noted at the settings themselves."""

    enable_hyperopt: bool = Field(False, description="search before every training")
    n_trials: int = Field(100, ge=1, description="trials in all, those of earlier, interrupted searches included")
    optuna_timeout: float = Field(
        3600, gt=0, description="seconds for trials: one that would take longer than what is left is not started")
    optuna_pruning: bool = Field(True, description="stop trials early that do badly")
    pruner: Literal["median", "hyperband", "successive_halving"] = Field(
        "median", description="the rule by which a trial does badly")
    fidelity: Literal["usual", "low"] = Field(
        "usual", description="how much of a training a trial is at least; low: a third of the usual, for more trials")
    sampler: Literal["tpe", "random"] = Field("tpe", description="how the next values are chosen")
    sampler_seed: int = Field(0, ge=0, description="seed of that choice")
    trial_epochs: int | None = Field(
        None, ge=1, description="epochs of a trial at most; null: as many and as long as the time allows, at most "
                                "training.epochs")
    search_origins: int = Field(16, ge=1, description="validation origins that trials are scored on; at most half")
    confirm: int = Field(3, ge=1, description="how many of the best trials are trained in full and compared with "
                                              "today's configuration on the other origins; fewer if that would take "
                                              "longer than optuna_timeout")
    trial_timeout: float | None = Field(
        None, gt=0, description="seconds that one trial may be priced at to its end, a dearer one is not started; "
                                "null: none is too dear, but dearer ones are tried more seldom")
    memory_limit: float | None = Field(
        None, gt=0, description="GiB that one trial may take; null: four fifths of what is free")
    space: dict[str, tuple[Value, ...]] = Field(
        {}, description="values to try in place of the noted ones; only today's value leaves a key out")

    @field_validator("space")
    @classmethod
    def _known_values(cls, space: dict[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        return {key: check_values(key, values) for key, values in space.items()}

    @property
    def seconds_per_trial(self) -> float:
        """That there are on average."""
        return min(self.optuna_timeout / self.n_trials, LONGEST, self.trial_timeout or LONGEST)

    @property
    def halving(self) -> bool:
        """Whether trials begin short and only the best go on, as a handful's do not; the other pruners have stages of
        their own."""
        return self.optuna_pruning and self.pruner == "median" and self.n_trials >= HALVED
