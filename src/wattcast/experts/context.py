"""What the last weeks before an origin say, in the units of power and weather: the input of in-context experts.

An in-context expert is a rule that learns nothing beforehand: at each origin it reads the last weeks as examples, and
so follows a change of capacity, a switched feeder or dirty panels within days.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import torch
from torch import Tensor

from wattcast.contracts import Kind
from wattcast.experts.base import Asked, FloatArray, LearnsNothing, Lesson
from wattcast.windows.lately import Lately
from wattcast.windows.usual_days import masked_mean

LEAST_ALIKE = 1e-3
"""Sum of a kernel's weights below which nothing was alike. [sum of weights]"""


@dataclass(frozen=True, eq=False)
class Context:
    """The last N days of B windows, each of D slots, and the weather over H steps; the targets are C.

    Attributes:
        asked: from which origins.
        lately: the days and the weather, scaled.
        power: `[B, N, D, C]`, in the targets' units, zero where missing.
        measured: the same shape, 1 where it was.
    """

    asked: Asked
    lately: Lately
    power: Tensor
    measured: Tensor

    @classmethod
    def of(cls, asked: Asked, days: int) -> Self:
        lately = asked.windows.lately(asked.origins, days, asked.hidden)
        in_units, mask = asked.windows.in_units(lately.past), lately.mask.double()
        power, measured = (of.reshape(len(of), days, lately.day, -1) for of in (in_units, mask))
        return cls(asked, lately, power * measured, measured)

    @property
    def days(self) -> int:
        return self.power.shape[1]

    @property
    def ages(self) -> Tensor:
        """`[N]`, days from the middle of each day to the origin."""
        return torch.arange(self.days, 0, -1).double() - 0.5

    @property
    def per_hour(self) -> int:
        """Slots of an hour, at least one."""
        return max(1, self.lately.day // 24)

    def fills(self, slot: str) -> bool:
        """Whether the station has such a column."""
        return slot in self.asked.windows.slots

    def weather(self, slot: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What fills a slot of weather, in its unit.

        Returns:
            Values and mask over the past `[B, N, D]`, then over the horizon `[B, H]`; values are zero where missing.
        """
        windows, length = self.asked.windows, self.lately.length
        place = windows.slots[slot]
        mask = self.lately.weather_mask[..., place].double()
        values = windows.weather_in_units(self.lately.weather[..., place], place) * mask
        behind, known = (of[:, :length].reshape(len(of), self.days, -1) for of in (values, mask))
        return behind, known, values[:, length:], mask[:, length:]

    def clear_sky(self) -> tuple[Tensor, Tensor]:
        """What an open sky gives over the past `[B, N, D]` and the horizon `[B, H]` [W/m²], of a station that has it.
        """
        assert self.lately.clear_sky is not None
        behind, ahead = (of.double() for of in self.lately.clear_sky.tensor_split([self.lately.length], 1))
        return behind.reshape(len(behind), self.days, -1), ahead

    def at_steps(self, by_slot: Tensor) -> Tensor:
        """Of values `[B, D, …]` by slot of the day those of the horizon's steps `[B, H, …]`."""
        return by_slot.take_along_dim(self.lately.slots.reshape(*self.lately.slots.shape, *[1] * (by_slot.ndim - 2)), 1)

    @cached_property
    def usual(self) -> Tensor:
        """The mean at the same time of day over all days `[B, H, C]`; over all times of day where there is none, and
        zero where nothing was measured."""
        overall = masked_mean(self.power.flatten(1, 2), self.measured.flatten(1, 2), 1)                 # [B, C]
        return self.at_steps(masked_mean(self.power, self.measured, 1, overall[:, None]))


def around(values: Tensor, slots: int) -> Tensor:
    """For each slot of the day the sum over as many slots before and after it, `[B, D, …]` each; days are circles."""
    return torch.stack([values.roll(shift, 1) for shift in range(-slots, slots + 1)]).sum(0)


@dataclass(frozen=True)
class InContext(LearnsNothing):
    """Implements `experts.base.Expert` for rules that read the last `days` days.

    `kinds` are those of the stations that a rule is for, `needs` the slots of weather that it reads.
    """

    name: str
    words: str
    days: int
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)
    needs: ClassVar[tuple[str, ...]] = ()

    @property
    def weather(self) -> bool:
        return bool(self.needs)

    def fit(self, lesson: Lesson) -> Self | None:
        prepared = lesson.prepared
        return self if prepared.shape.kind in self.kinds and set(self.needs) <= set(prepared.table.slots) else None

    def forecast(self, asked: Asked) -> FloatArray:
        context = asked.once(self.days, lambda: Context.of(asked, self.days))
        said = self.read(context)
        made: FloatArray = torch.where(said.isfinite(), said, context.usual).numpy()
        return made

    def read(self, context: Context) -> Tensor:
        """What the rule says `[B, H, C]`, NaN where it says nothing."""
        raise NotImplementedError
