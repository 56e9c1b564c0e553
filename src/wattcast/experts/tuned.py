"""What other stations know, as this station reads it: a head of its own on the base's network (`training.tuned_head`).

The untouched base stays an expert beside it: where there is little history its own head is often the better one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wattcast.experts.base import Asked, FloatArray, Kept, Lesson
from wattcast.experts.pretrained import Pretrained, reading_of
from wattcast.training.base_network import Lessons, together
from wattcast.training.samples import in_parts, lessons_at
from wattcast.training.tuned_head import tuned_head, with_head
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.window_units import DAYS

TUNED = "base-tuned"
WEIGHTS, FILE = "base_head.safetensors", "base_head.json"


@dataclass(frozen=True, eq=False)
class Tuned:
    """Implements `experts.base.Expert`: the base that `base` names, if it still has this digest, read with the head
    of these weights."""

    base: Pretrained = field(default_factory=Pretrained)
    weights: bytes = b""
    digest: str = ""
    name = TUNED
    words = "what other stations know, tuned to this one"
    learned = weather = True
    repeats = False
    days = DAYS

    def fit(self, lesson: Lesson) -> Self | None:
        """One whose head beats the base's own on the validation weeks; None if there is no such, no base, or it is
        not asked for."""
        base = Pretrained().fit(lesson) if lesson.recipe.training.base_windows else None
        whole = None if base is None else base.loaded
        if base is None or whole is None:
            return None
        prepared, recipe = lesson.prepared, lesson.recipe
        split, random = prepared.split, np.random.default_rng(recipe.training.seed)
        drawn = random.permutation(split.train_origins)[:recipe.training.base_windows]
        learned = _lessons(prepared.windows_until(split.train_limit, recipe), drawn, random)
        judged = _lessons(prepared.windows_until(split.validation_limit, recipe), split.validation_origins, random)
        weights = tuned_head(whole.network, learned, judged, recipe.training.seed)
        return None if weights is None else type(self)(base, weights, whole.manifest["digest"])

    def forecast(self, asked: Asked) -> FloatArray:
        """The base's own forecast where it is another one by now, as its encoder says other things."""
        base = self.base.loaded
        if base is None or base.manifest["digest"] != self.digest:
            return asked.said(self.base)
        head = with_head(base.network, self.weights)
        made: FloatArray = reading_of(asked, self.base.folder, base).forecast(head).numpy()
        return made

    def as_judged(self) -> Self:
        """Itself: the validation rows only told when to stop."""
        return self

    def files(self) -> Mapping[str, bytes]:
        """Its head, and which base that was learned on: by now another one may be in its place."""
        return {WEIGHTS: self.weights, FILE: self.base.named(self.digest)}

    def load(self, kept: Kept) -> Self | None:
        if WEIGHTS not in kept.files:
            return None
        base, digest = Pretrained().named_in(kept.files[FILE])
        return type(self)(base, kept.files[WEIGHTS], digest or "")


def _lessons(windows: WindowDataset, origins: NDArray[np.int64], random: np.random.Generator) -> Lessons:
    """Of all targets, some windows at a time."""
    return together([lessons_at(windows, some, random, harder=False) for some in in_parts(origins, windows.shape)])
