"""Simple forecasts that come with every window: the network starts from them as its anchors, so they cost nothing."""

from dataclasses import dataclass, field, replace
from typing import Self

from wattcast.experts.base import Asked, FloatArray, Kept, LearnsNothing, Lesson
from wattcast.model.power import InputSizes
from wattcast.windows.anchors import anchor_names

LAST_WEEKS = (1, 2, 3, 4)
"""The lags whose mean people know as the mean of the last 4 weeks. [weeks]"""


@dataclass(frozen=True)
class Repeated(LearnsNothing):
    """Implements `experts.base.Expert`: one of the windows' anchors (`windows.anchors`).

    Attributes:
        name: as shares know it.
        words: as people do.
        anchor: which of them.
        last_weeks: whether its lags must, or must not, be the last four weeks; None: whatever they are.
        adjusted: whether only where usual days are adjusted for the weather.
        place: where the anchor stands among a model's; set by `fit` and `load`.
    """

    name: str
    words: str
    anchor: str
    last_weeks: bool | None = field(default=None, kw_only=True)
    adjusted: bool = field(default=False, kw_only=True)
    place: int | None = field(default=None, kw_only=True)
    days = 0

    @property
    def repeats(self) -> bool:
        """Usual days, which are adjusted, are those of the same type."""
        return not self.adjusted

    @property
    def weather(self) -> bool:
        return self.adjusted

    def fit(self, lesson: Lesson) -> Self | None:
        return self._of(lesson.recipe.features.lag_weeks, lesson.sizes)

    def forecast(self, asked: Asked) -> FloatArray:
        return asked.in_units(asked.batch["anchors"][..., self.place].numpy())

    def load(self, kept: Kept) -> Self | None:
        return self._of(kept.recipe.features.lag_weeks, kept.sizes)

    def _of(self, lag_weeks: tuple[int, ...], sizes: InputSizes) -> Self | None:
        names = anchor_names(lag_weeks)
        fits = self.last_weeks in (None, lag_weeks == LAST_WEEKS) and (sizes.adjusted or not self.adjusted)
        return replace(self, place=names.index(self.anchor)) if fits and self.anchor in names else None
