"""A window as a network reads it that knows no station: hours in tokens of a day, and steps as they are.

Whatever a station's step is, the past and the horizon are told by hours, the sixteen values of a quarter of a day no
better than four; only the horizon's own steps keep theirs. All values are in a window's own units
(`windows.window_units`).
"""

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.contracts import HORIZON_DAYS, Kind
from wattcast.model.day_network import DaySizes
from wattcast.windows.lately import Lately
from wattcast.windows.window_units import DAYS, INPUTS, WINDOW_INPUTS, WindowUnits, in_days

HOURS = 24
"""Of a token. [hours]"""

ANCHORS = ("lag_1w", "lag_2w", "lag_3w", "lag_4w", "lag_mean", "lag_mean_same_type", "lag_median", "yesterday",
           "profile_7", "usual_14", "usual_28", "adjusted")
"""The inputs of a step that are forecasts themselves; the adjusted usual day, the last, stands for those not known."""

OF_STEP = ("lag_spread", "usual_error_here", "adjustment", "explained")
"""Other inputs of a step."""
OF_WINDOW = tuple(name for name in WINDOW_INPUTS if name != "kind")
"""The same at all steps of a window."""
MAY_MISS = ("lag_1w", "lag_2w", "lag_3w", "lag_4w", "yesterday", "usual_28", "adjustment")
"""Inputs of which is told, too, whether they are known."""

_CLOCK = 4 + 7
"""Two waves of a day, and the weekdays. [numbers]"""
_CONSTANTS = len(OF_WINDOW) + len(Kind)
SIZES = DaySizes(past=HOURS * 3 + _CLOCK, ahead=HOURS * (len(ANCHORS) + 1) + _CLOCK + _CONSTANTS,
                 covariates=1 + _CLOCK + 2 + len(ANCHORS) + len(OF_STEP) + len(MAY_MISS) + _CONSTANTS,
                 hours=HOURS, prior=(*[0.05] * 4, *[0.0] * (len(ANCHORS) - 5), 0.8))
"""Of what `DayTokens.told` gives; before training a forecast is mostly the adjusted usual day."""


@dataclass(frozen=True, eq=False)
class DayTokens:
    """N windows of one target each, S steps of their horizons of K days.

    Attributes:
        past: `[N, 28, 24, 3]`, power, which share of the hour was measured, which was off.
        ahead: `[N, K, 24, A]`, the anchors.
        inputs: `[N, S, F]`, those of `windows.window_units`.
        hours: `[N, S]`, in which hour of the horizon each step lies.
        first: `[N, 2]`, hour and weekday of the horizon's first step.
        off: `[N, K, 24]`, which share of each hour is off.
    """

    past: Tensor
    ahead: Tensor
    inputs: Tensor
    hours: Tensor
    first: Tensor
    off: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def at(self, steps: Tensor) -> Self:
        """Of the horizons these steps `[N, S]` alone."""
        return replace(self, inputs=self.inputs.take_along_dim(steps[..., None], 1),
                       hours=self.hours.take_along_dim(steps, 1))

    def float(self) -> Self:
        """The same in single precision: many windows are kept in half."""
        return type(self)(**{field.name: of.float() if (of := getattr(self, field.name)).is_floating_point() else of
                             for field in fields(self)})

    def told(self) -> dict[str, Tensor]:
        """The arguments of `model.day_network.DayNetwork`."""
        ahead_days = self.ahead.shape[1]
        days = torch.arange(DAYS + ahead_days)
        hour, weekday = self.first[:, :1].expand(-1, len(days)), (self.first[:, 1:] + days) % 7  # 28 days are 4 weeks
        clock = clock_of(torch.stack([hour, weekday], -1))                                       # [N, 28 + K, 11]
        window = constants_of(self.inputs[:, :1]).expand(-1, ahead_days, -1)                     # [N, K, W]
        ahead = torch.cat([moderate(self.ahead), self.off[..., None]], -1).flatten(2)
        past = torch.cat([moderate(self.past[..., :1]), self.past[..., 1:]], -1).flatten(2)
        return {"past": torch.cat([past, clock[:, :DAYS]], -1),
                "ahead": torch.cat([ahead, clock[:, DAYS:], window], -1),
                "covariates": covariates_of(self.inputs), "anchors": anchors_of(self.inputs), "hours": self.hours}


def day_tokens(lately: Lately, told: WindowUnits) -> DayTokens:
    """All steps of B windows with C targets, N = B · C, the targets of a window one after the other."""
    day, targets = lately.day, lately.past.shape[-1]
    to_hours = torch.from_numpy(shares_of_hours(day))                                          # [24, D]
    safe = torch.where(told.deviation > 0, told.deviation, 1.0)
    scaled = (lately.past - told.mean[:, None]) / safe[:, None] * lately.mask                  # [B, L, C]
    power, known = (to_hours @ in_days(of, day) for of in (scaled, lately.mask))        # [B, 28, 24, C]
    power = power / known.where(known > 0, 1.0)
    off = to_hours @ in_days(lately.day_off[..., None], day)                            # [B, 28 + K, 24, 1]
    past = torch.stack([power, known, off[:, :DAYS].expand_as(power)], -1)                     # [B, 28, 24, C, 3]
    inputs = torch.from_numpy(told.inputs).transpose(1, 2).flatten(0, 1)                       # [N, H, F]
    ahead = to_hours.float() @ in_days(anchors_of(inputs), day)                         # [N, K, 24, A]
    steps = torch.arange(inputs.shape[1])
    hours = ((steps + 0.5) * HOURS / day).long().expand(len(inputs), -1)
    first = inputs[:, 0, [INPUTS.index("hour"), INPUTS.index("weekday")]]
    return DayTokens(past.movedim(3, 1).flatten(0, 1).float(), ahead, inputs, hours, first,
                     off[:, DAYS:, :, 0].repeat_interleave(targets, 0).float())


@lru_cache(maxsize=8)
def shares_of_hours(day: int) -> NDArray[np.float64]:
    """Which share each of a day's steps has in each of its hours, `[24, D]`: rows sum to 1."""
    edges_of_hours, edges_of_steps = np.arange(HOURS + 1) / HOURS, np.arange(day + 1) / day
    begin = np.maximum(edges_of_hours[:-1, None], edges_of_steps[None, :-1])
    end = np.minimum(edges_of_hours[1:, None], edges_of_steps[None, 1:])
    shares: NDArray[np.float64] = (end - begin).clip(min=0) * HOURS
    return shares


def anchors_of(inputs: Tensor) -> Tensor:
    """`[…, A]` from inputs `[…, F]`, all finite."""
    found = inputs[..., [INPUTS.index(name) for name in ANCHORS]]
    return torch.where(found.isnan(), found[..., -1:], found)


def covariates_of(inputs: Tensor) -> Tensor:
    """What a step is told besides `[…, G]`, from inputs `[…, F]`: finite and of moderate size."""
    def of(*names: str) -> Tensor:
        return inputs[..., [INPUTS.index(name) for name in names]]

    return torch.cat([of("lead") / HORIZON_DAYS, clock_of(of("hour", "weekday")), of("day_off"),
                      of("day_off_a_week_before").nan_to_num(), moderate(anchors_of(inputs)), moderate(of(*OF_STEP)),
                      (~of(*MAY_MISS).isnan()).float(), constants_of(inputs)], -1)


def constants_of(inputs: Tensor) -> Tensor:
    """What all steps of a window are told `[…, W]`, from inputs `[…, F]`."""
    kinds = torch.nn.functional.one_hot(inputs[..., INPUTS.index("kind")].long(), len(Kind)).float()
    return torch.cat([moderate(inputs[..., [INPUTS.index(name) for name in OF_WINDOW]]), kinds], -1)


def clock_of(hour_and_weekday: Tensor) -> Tensor:
    """`[…, 11]` from `[…, 2]`."""
    turn = 2 * torch.pi / HOURS * hour_and_weekday[..., :1]
    weekday = torch.nn.functional.one_hot(hour_and_weekday[..., 1].long(), 7).float()
    return torch.cat([turn.sin(), turn.cos(), (2 * turn).sin(), (2 * turn).cos(), weekday], -1)


def moderate(values: Tensor) -> Tensor:
    """Large values nearer to the others (area hyperbolic sine), and zero for what is not known: a region's mean may be
    a thousand of its standard deviations."""
    return values.nan_to_num().asinh()
