"""Boosted trees beside the networks: a second forecaster that learns from the same windows, each step by itself.

They see what is known of a step at the origin, its calendar, its weather and the anchors, and err elsewhere than a
network that reads the weeks before: a blend of both may be better than either. Which of them a station uses is decided
on the validation weeks (`forecasting.blend`).

LightGBM (Ke et al., NeurIPS 2017) takes half a second to import: that is left to where trees are fitted or asked.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.errors import ConfigError
from wattcast.training.forest import Forest
from wattcast.windows.dataset import Batch, WindowDataset, hide_weather

if TYPE_CHECKING:
    import lightgbm

log = logging.getLogger("wattcast")

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.int64]
Columns = Callable[[WindowDataset, IntArray, Tensor], FloatArray | None]
"""More inputs of every step `[B, H, C, E]` of the windows at some origins `[B]`, of which some `[B]` have their weather
hidden; None for none."""
Samples = tuple[FloatArray, FloatArray]
"""Inputs `[N, F]` and values `[N]`."""
Sums = Callable[[NDArray[np.float32], int], NDArray[np.float64]]
"""What trees say `[N]` of inputs `[N, F]`, of which so many after each other are a window's."""

SAMPLES = 100_000
"""Steps to learn from, about: a fit then takes seconds."""

ORIGINS = 500
"""From how many origins they are taken. [origins]"""

HIDDEN_AT_MOST = 0.1
"""Of the windows, without weather over the horizon. Trees pay for more: a tenth more error with 0.3. [share]"""

BATCH = 32
"""Windows that are gathered at once."""

ROUNDS, PATIENCE = 1000, 30
"""At most, and so many without a better validation error before it stops. [trees]"""
PARAMETERS = {"objective": "regression_l1", "num_leaves": 63, "learning_rate": 0.05, "deterministic": True,
              "force_row_wise": True, "verbosity": -1}
"""Of LightGBM for a station's own trees. [as LightGBM has them]"""


def load_lightgbm() -> Any:
    """The package. Its library needs the system's OpenMP, which a bare Linux may lack.

    Raises:
        ConfigError: it cannot be loaded.
    """
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise ConfigError("LightGBM cannot be loaded", found=str(error),
                          hint="install it, or what it names (libgomp.so.1 is Debian's package libgomp1)") from None
    return lightgbm


def sums_of(text: str) -> Sums:
    """What a model forecasts that LightGBM wrote. LightGBM itself is asked where its trees cannot be walked
    (`training.forest`).

    Raises:
        ConfigError: it is needed, and cannot be loaded.
    """
    forest = Forest.read(text)
    if forest is not None:
        return forest.sums
    booster = load_lightgbm().Booster(model_str=text)
    return lambda inputs, _: np.asarray(booster.predict(inputs), np.float64)


@dataclass(frozen=True)
class StepTrees:
    """One model a target, as LightGBM's own text."""

    texts: tuple[str, ...]

    @cached_property
    def sums(self) -> list[Sums]:
        return [sums_of(text) for text in self.texts]

    def forecast(self, batch: Batch, columns: FloatArray | None = None) -> FloatArray:
        """Medians `[B, H, C]` in scaled units; with the `columns` `[B, H, C, E]` that the trees were fitted with."""
        shape = batch["target"].shape
        return np.stack([sums(step_inputs(batch, target, columns), shape[1]).reshape(shape[:2])
                         for target, sums in enumerate(self.sums)], -1)


@dataclass(frozen=True)
class Trees:
    """The same trees twice.

    Attributes:
        judged: learned from the training rows alone, so that the validation rows can judge them.
        newest: with as many trees, learned from the validation rows as well: these forecast. Power drifts, and what
            was measured last counts most.
    """

    judged: StepTrees
    newest: StepTrees

    def as_judged(self) -> "Trees":
        """To forecast on the validation rows with."""
        return Trees(self.judged, self.judged)


@dataclass(frozen=True)
class TreeWindows:
    """Windows and their origins `[N]`: those to learn from, those that tell how many trees, and all to learn from."""

    train: WindowDataset
    train_origins: IntArray
    validation: WindowDataset
    validation_origins: IntArray
    all_origins: IntArray
    """Of windows of `validation`, whose targets end later than those of `train`."""


def fit_trees(windows: TreeWindows, *, hidden_weather: float, seed: int,
              columns: Columns | None = None) -> Trees | None:
    """Fit trees; None where LightGBM cannot be loaded: it is then no candidate.

    Args:
        windows: to learn from.
        hidden_weather: share of the windows whose weather over the horizon is hidden in the network's training.
        seed: of everything random.
        columns: more inputs than the windows hold.
    """
    try:
        lightgbm = load_lightgbm()
    except ConfigError as error:
        log.warning("no boosted trees beside the network: %s", error)
        return None
    random, hidden_weather = np.random.default_rng([seed, 1]), min(hidden_weather, HIDDEN_AT_MOST)
    learn, every = (_samples(dataset, random.permutation(origins)[:ORIGINS], random, SAMPLES, hidden_weather, columns)
                    for dataset, origins in ((windows.train, windows.train_origins),
                                             (windows.validation, windows.all_origins)))
    stop = _samples(windows.validation, windows.validation_origins, random, None, 0.0, columns)
    judged, newest = [], []
    for learning, stopping, everything in zip(learn, stop, every, strict=True):
        booster = stopped_early(learning, stopping, rounds=ROUNDS, patience=PATIENCE, seed=seed)
        judged.append(booster.model_to_string(num_iteration=booster.best_iteration))
        again = lightgbm.train({**PARAMETERS, "seed": seed}, lightgbm.Dataset(*everything), booster.best_iteration)
        newest.append(again.model_to_string())
    return Trees(StepTrees(tuple(judged)), StepTrees(tuple(newest)))


def stopped_early(learn: Samples, stop: Samples, *, rounds: int, patience: int, seed: int) -> "lightgbm.Booster":
    """Trees for the absolute error, as many as are best on the samples that stop them."""
    package = load_lightgbm()
    data = package.Dataset(*learn)
    booster: lightgbm.Booster = package.train(
        {**PARAMETERS, "seed": seed}, data, rounds, valid_sets=[package.Dataset(*stop, reference=data)],
        callbacks=[package.early_stopping(patience, verbose=False)])
    return booster


def step_inputs(batch: Batch, target: int, columns: FloatArray | None = None) -> FloatArray:
    """What is known of each step of a target `[B·H, 1 + K + A + E]`: its lead, the known columns, its anchors, more.

    Columns that are missing are NaN.
    """
    anchors = batch["anchors"][:, :, target].numpy()                                           # [B, H, A]
    count, horizon = anchors.shape[:2]
    known = batch["known"][:, -horizon:].numpy()                                               # [B, H, K]
    known = np.where(batch["known_mask"][:, -horizon:].numpy() > 0, known, np.nan)
    lead = np.broadcast_to(np.arange(horizon, dtype=np.float32)[:, None], (count, horizon, 1))
    more = () if columns is None else (columns[:, :, target].astype(np.float32),)
    return np.concatenate([lead, known, anchors, *more], -1).reshape(count * horizon, -1)


def _samples(dataset: WindowDataset, origins: IntArray, random: np.random.Generator, count: int | None,
             hidden_weather: float, columns: Columns | None) -> list[Samples]:
    """For each target, inputs and values of about `count` measured steps, or of all."""
    share = 1.0 if count is None else min(1.0, count / (len(origins) * dataset.shape.horizon))
    parts = list(_drawn(dataset, origins, random, share, hidden_weather, columns))
    return [(np.concatenate([inputs for inputs, _ in target]), np.concatenate([values for _, values in target]))
            for target in zip(*parts, strict=True)]


def _drawn(dataset: WindowDataset, origins: IntArray, random: np.random.Generator, share: float,
           hidden_weather: float, columns: Columns | None) -> Iterator[list[Samples]]:
    for some in np.array_split(origins, max(1, -(-len(origins) // BATCH))):
        hidden = torch.from_numpy(random.random(len(some)) < hidden_weather)
        batch = hide_weather(dataset.batch(some), hidden, dataset.weather)
        more = None if columns is None else columns(dataset, some, hidden)
        targets = []
        for target in range(batch["target"].shape[-1]):
            values, mask = (batch[name][..., target].numpy().ravel() for name in ("target", "target_mask"))
            taken = (mask > 0) & (random.random(len(mask)) < share)
            targets.append((step_inputs(batch, target, more)[taken], values[taken]))
        yield targets
