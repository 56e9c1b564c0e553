"""Boosted trees, which read each step of the horizon by itself (`training.boosting`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from wattcast.experts.base import Asked, FloatArray, Kept, Lesson
from wattcast.training.boosting import StepTrees, Trees, TreeWindows, fit_trees

TREES = "trees"
FILE = "trees.json"


@dataclass(frozen=True)
class TreesExpert:
    """Implements `experts.base.Expert`."""

    trees: Trees | None = None
    name = TREES
    words = "boosted trees"
    learned = True

    def fit(self, lesson: Lesson) -> Self | None:
        """None where LightGBM cannot be loaded, too."""
        prepared, recipe = lesson.prepared, lesson.recipe
        if not recipe.training.boosted_trees:
            return None
        split = prepared.split
        every = np.arange(split.train_origins[0], split.validation_limit - prepared.shape.day + 1)
        trees = fit_trees(TreeWindows(prepared.windows_until(split.train_limit, recipe), split.train_origins,
                                      prepared.windows_until(split.validation_limit, recipe), split.validation_origins,
                                      every),
                          hidden_weather=recipe.model.weather_dropout, seed=recipe.training.seed)
        return None if trees is None else replace(self, trees=trees)

    def forecast(self, asked: Asked) -> FloatArray:
        assert self.trees is not None
        return asked.in_units(self.trees.newest.forecast(asked.batch))

    def as_judged(self) -> Self:
        return replace(self, trees=self.trees.as_judged() if self.trees else None)

    def files(self) -> Mapping[str, bytes]:
        texts = {name: list(part.texts) for name, part in vars(self.trees).items()}
        return {FILE: (json.dumps(texts, indent=2, ensure_ascii=False) + "\n").encode()}

    def load(self, kept: Kept) -> Self | None:
        path = kept.folder / FILE
        if not path.is_file():
            return None
        parts = json.loads(path.read_text(encoding="utf-8"))
        return replace(self, trees=Trees(**{name: StepTrees(tuple(texts)) for name, texts in parts.items()}))
