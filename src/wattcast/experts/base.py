"""What an expert is: one way to forecast a station from what is known at an origin, as a value behind one Protocol.

A forecast is a blend of several (`forecasting.blend`). Who wants another one writes a file and a line in
`experts.table`: all that trains, stores, blends and reports goes by that table.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.model.power import InputSizes
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared, input_sizes
from wattcast.training.record import EpochRecord
from wattcast.windows.dataset import Batch, WindowDataset, hide_weather

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lesson:
    """A station's history, to learn from.

    Attributes:
        prepared: its features, its scales, what trains and what validates.
        recipe: what to fit.
        folder: where an interrupted fit goes on; rules that do not learn need none.
        on_epoch: told of each finished epoch of a network.
    """

    prepared: Prepared
    recipe: Recipe
    folder: Path | None = None
    on_epoch: Callable[[EpochRecord], None] | None = None

    @cached_property
    def sizes(self) -> InputSizes:
        return input_sizes(self.prepared.table, self.prepared.shape, self.recipe)


@dataclass(frozen=True, eq=False)
class Kept:
    """A stored model, from which its experts are read again: its files by their names, and what it says of itself.

    `place` is where it is kept, for messages. `names` are those of its experts; None for a model of a time when all
    told by themselves whether they were there.
    """

    files: Mapping[str, bytes]
    place: str
    names: tuple[str, ...] | None
    recipe: Recipe
    sizes: InputSizes
    history: tuple[EpochRecord, ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """Origins `[B]`, positions on the grid of some windows, from which experts are asked at once.

    With `hidden` `[B]` as if nobody knew the weather over the horizons of those windows.
    """

    windows: WindowDataset
    origins: NDArray[np.int64]
    hidden: Tensor | None = None
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def batch(self) -> Batch:
        batch = self.windows.batch(self.origins)
        return batch if self.hidden is None else hide_weather(batch, self.hidden, self.windows.weather)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` makes, made for the first who asks for it under this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def said(self, expert: "Expert") -> FloatArray:
        """What an expert forecasts from here; it is asked once."""
        found: FloatArray = self.once(expert.name, lambda: expert.forecast(self))
        return found

    def in_units(self, scaled: NDArray[np.floating]) -> FloatArray:
        """Values of the targets `[B, H, C, …]` in their own units."""
        values: FloatArray = self.windows.in_units(torch.as_tensor(scaled), behind=scaled.ndim - 3).numpy()
        return values


class LearnsNothing:
    """What experts share that learn nothing from a station: there is nothing to judge apart, and only a name to keep.
    """

    name: str
    learned: ClassVar[bool] = False

    @property
    def repeats(self) -> bool:
        """Not so."""
        return False

    def as_judged(self) -> Self:
        """Itself."""
        return self

    def files(self) -> Mapping[str, bytes]:
        """None."""
        return {}

    def load(self, kept: Kept) -> Self | None:
        """Itself, if the model names it."""
        return self if kept.names is not None and self.name in kept.names else None


class Expert(Protocol):
    """One way to forecast a station's medians; a value, of which nothing changes in place.

    `name` is what shares, stored models and reports call it, `words` what people read.
    """

    @property
    def name(self) -> str: ...

    @property
    def words(self) -> str: ...

    @property
    def learned(self) -> bool:
        """Whether it has learned from the whole history; the others read what lies before an origin, and no more."""
        ...

    @property
    def repeats(self) -> bool:
        """Whether it repeats days as they were, be they days off or not."""
        ...

    @property
    def weather(self) -> bool:
        """Whether it reads the weather."""
        ...

    @property
    def days(self) -> int:
        """How many days before an origin it reads beyond what windows do; 0 if none."""
        ...

    def fit(self, lesson: Lesson) -> Self | None:
        """A new one that is fitted; None if it has nothing to say of such a station."""
        ...

    def forecast(self, asked: Asked) -> FloatArray:
        """Medians `[B, H, C]` in the targets' units, all finite."""
        ...

    def as_judged(self) -> Self:
        """The variant that has not seen the validation rows and may be judged on them."""
        ...

    def files(self) -> Mapping[str, bytes]:
        """What it has learned, by the names of files in a version's folder."""
        ...

    def load(self, kept: Kept) -> Self | None:
        """The one that was stored; None if the model has none."""
        ...
