"""The usual day of the last weeks, as it is and adjusted for the weather."""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from wattcast.contracts import Kind
from wattcast.experts.base import Lesson
from wattcast.experts.context import Context, InContext
from wattcast.windows.usual_days import masked_mean, near_measured, usual_days, weather_adjustment


@dataclass(frozen=True)
class UsualDay(InContext):
    """The mean at the same time of day over the last days of the same type; all days of a plant are of one.

    With `adjusted` a ridge regression in the window tells what the horizon's weather makes of it
    (`windows.usual_days.weather_adjustment`), within a standard deviation of what was measured.
    """

    adjusted: bool = False

    @property
    def weather(self) -> bool:
        return self.adjusted

    def fit(self, lesson: Lesson) -> Self | None:
        """None, too, for one to be adjusted where there is no weather."""
        return super().fit(lesson) if lesson.prepared.table.weather_columns or not self.adjusted else None

    def read(self, context: Context) -> Tensor:
        lately = context.lately
        if context.asked.windows.shape.kind is not Kind.LOAD:
            lately = replace(lately, day_off=torch.zeros_like(lately.day_off))
        usual = usual_days(lately.past, lately.mask, lately.day_off, lately.slots, lately.day)      # [B, L + H, C]
        said, in_units = usual[:, lately.length:], context.asked.windows.in_units
        if not self.adjusted:
            return in_units(said)
        power, measured = (of.flatten(1, 2) for of in (context.power, context.measured))            # [B, L, C]
        center = masked_mean(power, measured, 1)[:, None]
        deviation = masked_mean((power - center).square(), measured, 1).sqrt()[:, None]
        return near_measured(in_units(said + weather_adjustment(lately, usual)), power, measured, deviation)
