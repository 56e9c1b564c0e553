"""The last days before an origin by days of the clock that a station follows, and what is known of the horizon."""

from dataclasses import dataclass, replace
from typing import Self

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Lately:
    """Of B windows. The past's L steps are slots of whole days, the horizon's H steps are rows.

    Attributes:
        past: `[B, L, C]`, scaled target history, zero where missing.
        mask: `[B, L, C]`, 1 where measured.
        day_off: `[B, L + H]`, 1 on days off.
        weather: `[B, L + H, W]`, scaled, zero where missing.
        weather_mask: the same shape.
        slots: `[B, H]`, which slot of the past's days each step of the horizon is.
        day: steps of a day (D).
        clear_sky: `[B, L + H]`, what an open sky gives [W/m²]; None where rules do without.
    """

    past: Tensor
    mask: Tensor
    day_off: Tensor
    weather: Tensor
    weather_mask: Tensor
    slots: Tensor
    day: int
    clear_sky: Tensor | None = None

    @property
    def length(self) -> int:
        return self.past.shape[1]

    def without_weather(self) -> Self:
        """The same as if no weather had ever been known."""
        return replace(self, weather=self.weather[..., :0], weather_mask=self.weather_mask[..., :0])
