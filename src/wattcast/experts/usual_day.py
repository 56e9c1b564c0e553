"""The usual day of the last weeks, as it is and adjusted for the weather."""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from wattcast.contracts import Kind
from wattcast.experts.base import Lesson
from wattcast.experts.context import Context, InContext
from wattcast.windows.usual_days import usual_days, weather_adjustment


@dataclass(frozen=True)
class UsualDay(InContext):
    """The mean at the same time of day over the last days of the same type; all days of a plant are of one.

    With `adjusted` a ridge regression in the window tells what the horizon's weather makes of it
    (`windows.usual_days.weather_adjustment`).
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
        said = usual[:, lately.length:]
        if self.adjusted:
            said = said + weather_adjustment(lately, usual)
        made = context.asked.windows.in_units(said)
        return _near_what_was_measured(made, context) if self.adjusted else made


def _near_what_was_measured(said: Tensor, context: Context) -> Tensor:
    """Within a standard deviation of what the days have measured: a flood after weeks of drizzle is a weather of which
    they can tell nothing."""
    power, known = (of.flatten(1, 2) for of in (context.power, context.measured > 0))                  # [B, L, C]
    values = torch.where(known, power, torch.nan)
    room = (values - values.nanmean(1, keepdim=True)).square().nanmean(1, keepdim=True).sqrt()
    lowest, highest = (torch.where(known, power, edge) for edge in (torch.inf, -torch.inf))
    # Where nothing was measured there is nothing said, and nothing to hold it to.
    return said.clamp(lowest.amin(1, keepdim=True) - room, highest.amax(1, keepdim=True) + room)
