"""Wind power by what the farm has lately made of the same wind."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from wattcast.contracts import Kind
from wattcast.experts.context import LEAST_ALIKE, Context, InContext
from wattcast.features.slots import WIND_COSINE, WIND_SINE, WIND_SPEED

NEAR_SPEED, NEAR_CHANGE, NEAR_DIRECTION = 0.5, 1.2, 0.5
"""Widths of what counts as alike, as shares of the speed's standard deviation of the weeks divided by three: so a width
of 0.5 is about half a metre a second; and of sine and cosine of the direction. [share]"""

HALF_DAYS = 15.0
"""Age at which a day counts a third (1/e) of what the last one counts. [days]"""


@dataclass(frozen=True)
class _Wind(InContext):
    """A kernel regression of power on the wind (Nadaraya, DOI 10.1137/1109020), recent days counting most."""

    kinds = (Kind.WIND,)
    needs = (WIND_SPEED,)
    shape: ClassVar[bool] = False
    """Whether the steps before and after and the direction count, too."""

    def read(self, context: Context) -> Tensor:
        behind, known, ahead, told = context.weather(WIND_SPEED)
        length = context.lately.length
        speed = torch.cat([behind.flatten(1), ahead], 1)                                               # [B, L + H]
        mask = torch.cat([known.flatten(1), told], 1)
        unit = 3 / speed[:, :length].std(1).clamp(min=1e-9)
        marks = [speed * unit[:, None] / NEAR_SPEED]
        if self.shape:
            marks += self._shape(context, speed * unit[:, None])
        features = torch.stack(marks, -1)                                                              # [B, L + H, F]
        ages = torch.exp(-context.ages / HALF_DAYS).repeat_interleave(context.lately.day)              # [L]
        measured = context.measured.flatten(1, 2) * mask[:, :length, None]                             # [B, L, C]
        power, said = context.power.flatten(1, 2), []
        for window in range(len(features)):
            distance = torch.cdist(features[window, length:], features[window, :length]) ** 2          # [H, L]
            alike = torch.exp(-distance / 2) * ages
            weight = alike @ measured[window]                                                          # [H, C]
            mean = alike @ (power[window] * measured[window]) / weight
            sure = (weight > LEAST_ALIKE) & (mask[window, length:, None] > 0)
            said.append(torch.where(sure, mean, torch.nan))
        return torch.stack(said)

    @staticmethod
    def _shape(context: Context, speed: Tensor) -> list[Tensor]:
        before, after = speed.roll(1, 1), speed.roll(-1, 1)
        marks = [before / NEAR_SPEED, after / NEAR_SPEED, (after - before) / NEAR_CHANGE]
        for slot in (WIND_SINE, WIND_COSINE):
            if context.fills(slot):
                behind, _, ahead, _ = context.weather(slot)
                marks.append(torch.cat([behind.flatten(1), ahead], 1) / NEAR_DIRECTION)
        return marks


@dataclass(frozen=True)
class PowerCurve(_Wind):
    """What was measured at the same wind speed."""


@dataclass(frozen=True)
class SameWind(_Wind):
    """What was measured when the wind's speed, its steps before and after and its direction were alike."""

    shape = True
