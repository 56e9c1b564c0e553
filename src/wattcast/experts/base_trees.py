"""What other stations know: trees that come with the package and need no training (`training.base_trees`)."""

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from torch import Tensor

import wattcast
from wattcast.errors import InputError
from wattcast.experts.base import Asked, FloatArray, LearnsNothing, Lesson
from wattcast.training.base_trees import Base
from wattcast.windows.window_units import DAYS, lately_in_units, window_units

log = logging.getLogger("wattcast")

BASE = "base"
SHIPPED = Path(wattcast.__file__).with_name("weights")


@dataclass(frozen=True)
class BaseTrees(LearnsNothing):
    """Implements `experts.base.Expert`: the base in `folder`, read when it is first asked.

    A model keeps its name and not the trees. If they cannot be read any more when it forecasts, the usual day that
    they would have corrected stands for them.
    """

    folder: Path = SHIPPED
    name = BASE
    words = "what other stations know"
    weather = True
    days = DAYS

    def fit(self, lesson: Lesson) -> Self | None:
        """None, with a warning, where the base or LightGBM cannot be loaded."""
        return None if _loaded(self.folder) is None else self

    def forecast(self, asked: Asked) -> FloatArray:
        base = _loaded(self.folder)
        if base is None:
            return self.reference(asked)
        made: FloatArray = base.forecast(asked.windows, asked.origins, asked.hidden).numpy()
        return made

    @staticmethod
    def reference(asked: Asked) -> FloatArray:
        """What the base corrects `[B, H, C]`: the usual day of the last 28 days, adjusted for the weather."""
        lately = lately_in_units(asked.windows, asked.origins, asked.hidden)
        usual: FloatArray = window_units(asked.windows, asked.origins, lately).in_units(Tensor([0.0])).numpy()
        return usual


@lru_cache(maxsize=2)
def _loaded(folder: Path) -> Base | None:
    """Read once: some milliseconds, and a warning if it cannot be."""
    try:
        base = Base.load(folder)
        _ = base.booster
    except InputError as error:
        log.warning("without what other stations know: %s", error)
        return None
    return base
