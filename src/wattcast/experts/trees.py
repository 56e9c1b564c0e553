"""Boosted trees, which read each step of the horizon by itself (`training.boosting`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wattcast.experts.base import Asked, FloatArray, Kept, Lesson
from wattcast.experts.context import InContext
from wattcast.features.slots import IRRADIANCE
from wattcast.training.boosting import StepTrees, Trees, TreeWindows, fit_trees
from wattcast.training.config import Recipe
from wattcast.windows.dataset import WindowDataset

TREES = "trees"
FILE = "trees.json"

NEIGHBOURS = (-4, -2, -1, 1, 2, 4)
"""Steps around its own of which trees see the irradiance: clouds that come or have just gone."""


@dataclass(frozen=True)
class TreesExpert:
    """Implements `experts.base.Expert`.

    `readers` are the in-context experts whose forecasts trees take as inputs; before `fit` all that there are. Trees of
    models without any `readers` read the windows alone.
    """

    readers: tuple[InContext, ...] = ()
    trees: Trees | None = None
    name = TREES
    words = "boosted trees"
    learned = weather = True
    repeats = False

    @property
    def days(self) -> int:
        return max((reader.days for reader in self.readers), default=0)

    def fit(self, lesson: Lesson) -> Self | None:
        """None where LightGBM cannot be loaded, too."""
        prepared, recipe = lesson.prepared, lesson.recipe
        if not recipe.training.boosted_trees:
            return None
        split = prepared.split
        every = np.arange(split.train_origins[0], split.validation_limit - prepared.shape.day + 1)
        fitting = replace(self, readers=tuple(reader for reader in self.readers if reader.fit(lesson) is not None))
        return fitting.learn(TreeWindows(
            prepared.windows_until(split.train_limit, recipe), split.train_origins,
            prepared.windows_until(split.validation_limit, recipe), split.validation_origins, every), recipe)

    def learn(self, windows: TreeWindows, recipe: Recipe) -> Self | None:
        """One with new trees and the same readers; None where LightGBM cannot be loaded."""
        def columns(dataset: WindowDataset, origins: NDArray[np.int64], hidden: Tensor) -> FloatArray | None:
            return self._columns(Asked(dataset, origins, hidden))

        trees = fit_trees(windows, hidden_weather=recipe.model.weather_dropout, seed=recipe.training.seed,
                          columns=columns)
        return None if trees is None else replace(self, trees=trees)

    def forecast(self, asked: Asked) -> FloatArray:
        assert self.trees is not None
        return asked.in_units(self.trees.newest.forecast(asked.batch, self._columns(asked)))

    def as_judged(self) -> Self:
        return replace(self, trees=self.trees.as_judged() if self.trees else None)

    def files(self) -> Mapping[str, bytes]:
        told = {name: list(part.texts) for name, part in vars(self.trees).items()}
        told |= {"readers": [reader.name for reader in self.readers]}
        return {FILE: (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()}

    def load(self, kept: Kept) -> Self | None:
        if FILE not in kept.files:
            return None
        told = json.loads(kept.files[FILE])
        names = told.pop("readers", ())
        readers = tuple(reader for reader in self.readers if reader.name in names)
        return replace(self, readers=readers,
                       trees=Trees(**{name: StepTrees(tuple(texts)) for name, texts in told.items()}))

    def _columns(self, asked: Asked) -> FloatArray | None:
        """What trees see besides the windows `[B, H, C, E]`, scaled."""
        if not self.readers:
            return None
        scaler = asked.windows.scalers.targets
        said = [scaler.apply(asked.said(reader).astype(np.float32)) for reader in self.readers]
        sun = asked.windows.slots.get(IRRADIANCE)
        return np.stack([*said, *(() if sun is None else _neighbours(asked, sun, said[0].shape))], -1)


def _neighbours(asked: Asked, place: int, shape: tuple[int, ...]) -> list[FloatArray]:
    """A weather column some steps before and after each, the same for all targets; beyond the ends, what is there."""
    column, batch = asked.windows.weather[place], asked.batch
    values, mask = (batch[name][:, -shape[1]:, column].numpy() for name in ("known", "known_mask"))
    known = np.where(mask > 0, values, np.nan)
    steps = np.arange(shape[1])
    return [np.broadcast_to(known[:, (steps + shift).clip(0, shape[1] - 1), None], shape) for shift in NEIGHBOURS]
