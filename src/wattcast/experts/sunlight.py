"""Photovoltaic power by what the plant has lately made of the same sun.

Three rules that differ in what they hold on to: the ratio of power to irradiance, how that ratio falls in strong sun,
or nothing but the quarter-hours that were most alike. A fourth is for plants whose irradiance is not known: it goes by
what an open sky would give.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from wattcast.contracts import Kind
from wattcast.experts.base import Lesson
from wattcast.experts.context import LEAST_ALIKE, Context, InContext, around
from wattcast.features.slots import IRRADIANCE
from wattcast.windows.usual_days import masked_mean

HIGHEST = 1000.0
"""W/m² that the strongest sun of the weeks is taken for, in whatever unit the column is. [W/m²]"""

FLOOR = 50.0
"""W/m² that power is divided by at least: at dusk little stands over little. [W/m²]"""

QUADRATIC_DAYS, STRAIGHT = 10.0, 1e4
"""Days in which the quadratic rule forgets to a third, and how strongly it is held straight, per weighed sample.
[days, penalty]"""

ALIKE_HOURS, ALIKE_REACH, ALIKE_SUN, ALIKE_DAYS = 0.75, 1.5, 40.0, 15.0
"""Widths of what counts as alike: hours between times of day, none beyond the reach; W/m²; days of age.
[hours, hours, W/m², days]"""


@dataclass(frozen=True, eq=False)
class Sunlight:
    """Irradiance of the past `[B, N, D, 1]`, with 1 where it and the power `[B, N, D, C]` are known; of the horizon
    `[B, H, 1]`, NaN where it is not."""

    behind: Tensor
    known: Tensor
    ahead: Tensor

    @classmethod
    def of(cls, context: Context) -> "Sunlight":
        behind, known, ahead, told = context.weather(IRRADIANCE)
        highest = torch.where(known > 0, behind, 0.0).flatten(1).quantile(0.995, 1)                     # [B]
        unit = torch.where(highest > 0, HIGHEST / highest.clamp(min=1e-12), torch.nan)
        ahead = torch.where(told > 0, ahead.clamp(min=0) * unit[:, None], torch.nan)
        return cls((behind.clamp(min=0) * unit.nan_to_num()[:, None, None])[..., None],
                   known[..., None] * context.measured, ahead[..., None])


@dataclass(frozen=True)
class PerformanceRatio(InContext):
    """Power over irradiance at each time of day, an hour around it included, times the irradiance to come.

    The performance ratio of IEC 61724-1, by time of day and of the last days.
    """

    kinds = (Kind.PV,)
    needs = (IRRADIANCE,)

    def read(self, context: Context) -> Tensor:
        sun = Sunlight.of(context)
        power, light, count = (around((of * sun.known).sum(1), context.per_hour)
                               for of in (context.power, sun.behind, torch.ones_like(sun.behind)))     # [B, D, C]
        ratio = torch.where(count > 0, power / light.maximum(FLOOR * count), torch.nan)
        return context.at_steps(ratio) * sun.ahead


@dataclass(frozen=True)
class RecencyQuadratic(InContext):
    """A parabola through the origin of power over irradiance, fitted at each time of day, recent days counting most.

    Weighted least squares on g and g²/1000 with a ridge on the square (Hoerl & Kennard, DOI
    10.1080/00401706.1970.10488634): panels that grow hot give less of a strong sun.
    """

    kinds = (Kind.PV,)
    needs = (IRRADIANCE,)

    def read(self, context: Context) -> Tensor:
        sun = Sunlight.of(context)
        weight = torch.exp(-context.ages / QUADRATIC_DAYS)[:, None, None] * sun.known                   # [B, N, D, C]
        first, second = sun.behind, sun.behind ** 2 / HIGHEST

        def total(values: Tensor | float) -> Tensor:
            return around((weight * values).sum(1), context.per_hour)                                  # [B, D, C]

        count = total(1.0)
        ones, mixed, twos = total(first ** 2) + count * FLOOR ** 2 / 100, total(first * second), total(second ** 2)
        twos = twos + STRAIGHT * count
        by_first, by_second = total(first * context.power), total(second * context.power)
        scale = torch.where(count > 0, ones * twos - mixed ** 2, torch.nan)
        straight, bent = (by_first * twos - by_second * mixed) / scale, (ones * by_second - mixed * by_first) / scale
        return context.at_steps(straight) * sun.ahead + context.at_steps(bent) * sun.ahead ** 2 / HIGHEST


@dataclass(frozen=True)
class SameSun(InContext):
    """The mean of what was measured when time of day and irradiance were alike, recent days counting most.

    A kernel regression (Nadaraya, DOI 10.1137/1109020) on the last weeks: analogs, as weather services call them.
    """

    kinds = (Kind.PV,)
    needs = (IRRADIANCE,)

    def read(self, context: Context) -> Tensor:
        sun = Sunlight.of(context)
        ages = torch.exp(-context.ages / ALIKE_DAYS)[:, None, None]                                     # [N, 1, 1]
        hour = context.lately.day / 24
        reach = int(ALIKE_REACH * hour)
        power, weight = torch.zeros(1), torch.zeros(1)
        for shift in range(-reach, reach + 1):
            values, light, known = (self._steps(context, of, shift) for of in (context.power, sun.behind, sun.known))
            distance = ((light - sun.ahead[:, None]) / ALIKE_SUN) ** 2 + (shift / hour / ALIKE_HOURS) ** 2
            alike = torch.exp(-distance / 2) * ages * known                                            # [B, N, H, C]
            power, weight = power + (alike * values).sum(1), weight + alike.sum(1)
        return torch.where(weight > LEAST_ALIKE, power / weight, torch.nan)

    @staticmethod
    def _steps(context: Context, values: Tensor, shift: int) -> Tensor:
        """Of each day `[B, N, D, C]` what stood `shift` slots after the slot of each step `[B, N, H, C]`."""
        return values.roll(-shift, 2).take_along_dim(context.lately.slots[:, None, :, None], 2)


@dataclass(frozen=True)
class ClearSky(InContext):
    """The mean at the same time of day, times what an open sky will give over what it gave on the days of that mean.

    Within the weeks that are read and forecast days grow longer or shorter, by a third where they change fastest: the
    clear-sky index persists, and not the power (Inman et al., DOI 10.1016/j.pecs.2013.06.002, section 3).
    """

    kinds = (Kind.PV,)

    def fit(self, lesson: Lesson) -> Self | None:
        """None, too, where the irradiance is known, or not in which country the plant stands."""
        return None if lesson.prepared.table.clear_sky is None else super().fit(lesson)

    def read(self, context: Context) -> Tensor:
        behind, ahead = context.clear_sky()
        nothing = torch.nan
        power = masked_mean(context.power, context.measured, 1, nothing)                                # [B, D, C]
        light = masked_mean(behind[..., None] * context.measured, context.measured, 1, nothing)
        return context.at_steps(power / (light + FLOOR)) * (ahead[..., None] + FLOOR)
