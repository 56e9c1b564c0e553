"""Windows of many stations as if they were one: whoever asks windows asks all of them at once.

The stations' padded rows lie one below the other. Between their slots lies a gap, so that a window that reaches beyond
its own station's rows finds none, and not its neighbour's.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast.features.table import FeatureTable
from wattcast.timegrid import DAY, WallGrid, followed_clock, hours_and_weekdays
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape

GAP_DAYS = 100
"""Between the slots of two stations: more than any rule reads before an origin. [days]"""


@dataclass(frozen=True, eq=False)
class Part:
    """A station's features, in scales of its own, and the row from which it is asked."""

    table: FeatureTable
    scalers: Scalers
    origin: int

    @property
    def layout(self) -> tuple[object, ...]:
        """What stations that lie together have in common besides their shape."""
        table = self.table
        return (table.targets.shape[1], len(table.weather_columns), tuple(table.slots.items()),
                "is_day_off" in table.known_names, table.clear_sky is None)


class StackedWindows(WindowDataset):
    """One window of each of S stations of the same shape and layout, asked at `origins` `[S]`, in their order.

    Of the columns known over the horizon there are the weather and the days off; past-only ones there are none.

    Args:
        parts: the stations.
        shape: that their windows have.
    """

    def __init__(self, parts: Sequence[Part], shape: WindowShape) -> None:
        assert len({part.layout for part in parts}) == 1
        self.shape, self.decomposition, self.vintages, self.weights = shape, None, None, None
        self.front, self.parts = 0, tuple(parts)
        self.slots = parts[0].table.slots
        self.grid, firsts = _grid([part.table for part in parts], shape)
        self.origins = np.asarray([first + shape.reach + part.origin
                                   for part, first in zip(parts, firsts, strict=True)], np.int64)
        self.targets, self.target_mask = self._together([
            part.scalers.targets.usable(part.scalers.targets.apply(part.table.targets), shape.week) for part in parts])
        self.known, self.known_mask = self._together([_weather(part, shape) for part in parts])
        self.past, self.past_mask = self.known[:, :0], self.known_mask[:, :0]
        self.weather = torch.arange(self.known.shape[1])
        off = [part.table.known[:, [part.table.known_names.index("is_day_off")]] for part in parts
               if "is_day_off" in part.table.known_names]
        self.day_off = self._together(off)[0][:, 0] if off else None
        skies = [part.table.clear_sky[:, None] for part in parts if part.table.clear_sky is not None]
        self.clear_sky = self._together(skies)[0][:, 0] if skies else None
        self.rows = self.limit = len(self.targets)

    def _together(self, values: list[NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
        """Each station's rows, padded, as one array, and where they are known."""
        edges = ((self.shape.reach, self.shape.horizon), (0, 0))
        tensor = torch.from_numpy(np.concatenate([np.pad(each, edges, constant_values=np.nan) for each in values]))
        mask = torch.isfinite(tensor)
        return tensor.nan_to_num_(0.0, 0.0, 0.0), mask

    def only(self, places: Sequence[int]) -> Self:
        """Some of the stations, over the same rows."""
        some = copy(self)
        some.parts, some.origins = tuple(self.parts[place] for place in places), self.origins[list(places)]
        for cached in ("_targets_scale", "_weather_scale"):
            some.__dict__.pop(cached, None)
        return some

    @cached_property
    def _targets_scale(self) -> tuple[Tensor, Tensor]:
        """Scale and centre of the targets, `[S, C]`."""
        scalers = [part.scalers.targets for part in self.parts]
        return (torch.from_numpy(np.stack([scaler.scale for scaler in scalers])).double(),
                torch.from_numpy(np.stack([scaler.center for scaler in scalers])).double())

    @cached_property
    def _weather_scale(self) -> tuple[Tensor, Tensor]:
        """Those of the weather, `[S, W]`."""
        scalers = [part.scalers.known.of(np.asarray(part.table.weather_columns, np.int64)) for part in self.parts]
        return (torch.from_numpy(np.stack([scaler.scale for scaler in scalers])).double(),
                torch.from_numpy(np.stack([scaler.center for scaler in scalers])).double())

    def in_units(self, power: Tensor, behind: int = 0) -> Tensor:
        scale, center = (of.reshape(len(of), *[1] * (power.ndim - 2 - behind), -1, *[1] * behind)
                         for of in self._targets_scale)
        return power.double() * scale + center

    def weather_in_units(self, scaled: Tensor, place: int) -> Tensor:
        scale, center = (of[:, place, None] for of in self._weather_scale)
        return scaled.double() * scale + center

    def clock_ahead(self, origins: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        step, found, told = DAY / self.shape.day, {}, []
        for part in self.parts:
            first = part.table.index[part.origin]
            key = (first, str(first.tz))
            if key not in found:
                found[key] = hours_and_weekdays(first, step, self.shape.horizon)
            told.append(found[key])
        hour, weekday = (torch.from_numpy(np.stack(of)) for of in zip(*told, strict=True))
        return hour, weekday


def _weather(part: Part, shape: WindowShape) -> NDArray[np.float32]:
    columns = np.asarray(part.table.weather_columns, np.int64)
    scaler = part.scalers.known.of(columns)
    return scaler.usable(scaler.apply(part.table.known[:, columns]), shape.week)


def _grid(tables: Sequence[FeatureTable], shape: WindowShape) -> tuple[WallGrid, list[int]]:
    """The padded rows of all tables as one grid, and where each one's begin."""
    made: dict[tuple[object, ...], WallGrid] = {}
    slots, first, rows, begin = [], [], 0, GAP_DAYS * shape.day
    gap, firsts = np.full(begin, -1, np.int64), []
    for table in tables:
        key = (table.index[0], str(table.index.tz), len(table.index))
        if key not in made:
            made[key] = WallGrid.of(followed_clock(table.index, shape.by_wall_clock), DAY / shape.day,
                                    before=shape.reach, after=shape.horizon)
        grid = made[key]
        slots.append(grid.slots - grid.lowest + begin)
        first += [gap, np.where(grid.first >= 0, grid.first + rows, -1)]
        firsts.append(rows)
        begin += len(grid.first) + len(gap)
        rows += len(grid.slots)
    return WallGrid(np.concatenate(slots), 0, np.concatenate(first)), firsts
