"""Lazy windows over one scaled array. Tables end here and tensors begin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from wattcast.contracts import Kind
from wattcast.features.pipeline import FeatureTable, VintageTable
from wattcast.timegrid import DAY, WallGrid, followed_clock, hours_and_weekdays
from wattcast.windows.anchors import build_anchors, without_weather
from wattcast.windows.lately import Lately
from wattcast.windows.scaling import FloatArray, Scaler


class Batch(TypedDict):
    """What the network gets. L past steps, H horizon steps, C targets, K known-future, P past-only columns, A anchors.

    Masks are 1 where the value is known; values are 0 where it is not.
    """

    past_target: Tensor          # [B, L, C]
    past_target_mask: Tensor     # [B, L, C]
    past_covariates: Tensor      # [B, L, P]
    past_covariates_mask: Tensor  # [B, L, P]
    known: Tensor                # [B, L + H, K]
    known_mask: Tensor           # [B, L + H, K]
    anchors: Tensor              # [B, H, C, A]
    target: Tensor               # [B, H, C]
    target_mask: Tensor          # [B, H, C]
    weight: Tensor               # [B]


SCORING = {"target", "target_mask", "weight"}


def network_inputs(batch: Batch) -> dict[str, Tensor]:
    """The entries that a network reads: all but those it is scored on."""
    return {name: cast(Tensor, value) for name, value in batch.items() if name not in SCORING}


def hide_weather(batch: Batch, hidden: Tensor, weather: Tensor) -> Batch:
    """The batch as if nobody knew the weather over the horizon of the windows that are `hidden`.

    Args:
        batch: windows.
        hidden: `[B]`, bool.
        weather: `[W]`, which of the known columns are weather.
    """
    by_column = torch.ones_like(batch["known_mask"][:, :1])                                    # [B, 1, K]
    by_column[..., weather] = (~hidden).to(by_column.dtype)[:, None, None]
    lookback = batch["known"].shape[1] - batch["target"].shape[1]
    known, mask = (torch.cat([values[:, :lookback], values[:, lookback:] * by_column], 1)
                   for values in (batch["known"], batch["known_mask"]))
    anchors = torch.where(hidden[:, None, None, None], without_weather(batch["anchors"]), batch["anchors"])
    return cast(Batch, {**batch, "known": known, "known_mask": mask, "anchors": anchors})


def parts_of(batch: Batch, windows: int) -> Iterator[Batch]:
    """The batch in parts of at most so many windows."""
    split = {name: torch.split(cast(Tensor, value), windows) for name, value in batch.items()}
    for values in zip(*split.values(), strict=True):
        yield cast(Batch, dict(zip(split, values, strict=True)))


@dataclass(frozen=True)
class Scalers:
    """One scaler for each kind of column."""

    targets: Scaler
    known: Scaler
    past: Scaler

    @classmethod
    def fit(cls, table: FeatureTable, kind: Kind, rows: slice = slice(None)) -> "Scalers":
        """From some rows of a table, or all; targets as the station's kind wants them."""
        return cls(Scaler.for_targets(table.targets[rows], kind), Scaler.fit(table.known[rows]),
                   Scaler.fit(table.past[rows]))

    def state(self) -> dict[str, dict[str, list[float | None]]]:
        return {name: getattr(self, name).state() for name in ("targets", "known", "past")}

    @classmethod
    def from_state(cls, state: dict[str, dict[str, list[float | None]]]) -> "Scalers":
        return cls(**{name: Scaler.from_state(part) for name, part in state.items()})


@dataclass(frozen=True)
class WindowShape:
    """Sizes in steps: look-back L, horizon H, a day, a week; which lags in weeks; of what kind the station is, and
    whether its lags and days go by the clock on the wall or by absolute time, as the sun does.

    A load's usual days are adjusted for the weather; what a plant brings in a weather, a year tells better than two
    weeks.
    """

    lookback: int
    horizon: int
    day: int
    lag_weeks: tuple[int, ...]
    kind: Kind = Kind.LOAD
    by_wall_clock: bool = True

    @property
    def week(self) -> int:
        return 7 * self.day

    @property
    def adjusted(self) -> bool:
        return self.kind is Kind.LOAD

    @property
    def reach(self) -> int:
        """How many rows before an origin are read at most, the hour by which clocks may have gone back included."""
        return max(self.lookback, max(self.lag_weeks) * self.week + self.day) + self.day


class WindowDataset(Dataset[Batch]):
    """Windows at any origin of one station's table; an item is a whole batch, gathered from the arrays on demand.

    Args:
        table: features and targets in their units.
        scalers: fitted on training rows.
        shape: window sizes.
        limit: rows from here on are never targets.
        decomposition: of the past window, whose modes join the past-only columns; None for none.
        weights: `[T]`, of a window by its origin; None weighs all alike.
    """

    def __init__(self, table: FeatureTable, scalers: Scalers, shape: WindowShape, *, limit: int | None = None,
                 decomposition: "Decomposition | None" = None, weights: FloatArray | None = None) -> None:
        self.shape, self.rows, self.decomposition, self.scalers = shape, len(table.index), decomposition, scalers
        self.limit = self.rows if limit is None else limit
        # Rows before the first and after the last are reached by windows at the edges: they are masked.
        self.front = shape.reach
        # Its rows are those of the padded arrays: -1, for a slot without a row, is their last one, which is masked.
        self.grid = WallGrid.of(followed_clock(table.index, shape.by_wall_clock), DAY / shape.day, before=self.front,
                                after=shape.horizon)
        self.targets, self.target_mask = self._padded(scalers.targets, table.targets)
        self.known, self.known_mask = self._padded(scalers.known, table.known)
        self.past, self.past_mask = self._padded(scalers.past, table.past)
        off = table.known[:, [table.known_names.index("is_day_off")]] if "is_day_off" in table.known_names else None
        self.day_off = None if off is None else self._tensor(off)[0][:, 0]
        self.clear_sky = None if table.clear_sky is None else self._tensor(table.clear_sky[:, None])[0][:, 0]
        self.weather = torch.as_tensor(table.weather_columns, dtype=torch.int64)
        self.slots = table.slots
        self.vintages = None if table.vintages is None else _ScaledVintages(table.vintages, scalers.known, self.weather)
        self.own_from = table.own_from
        self.weights = None if weights is None else torch.from_numpy(weights)
        self.index = table.index

    def _padded(self, scaler: Scaler, values: FloatArray) -> tuple[Tensor, Tensor]:
        return self._tensor(scaler.usable(scaler.apply(values), self.shape.week))

    def _tensor(self, values: FloatArray) -> tuple[Tensor, Tensor]:
        padded = np.pad(values, ((self.front, self.shape.horizon), (0, 0)), constant_values=np.nan)
        tensor = torch.from_numpy(padded)
        mask = torch.isfinite(tensor)
        return tensor.nan_to_num_(0.0, 0.0, 0.0), mask

    def in_units(self, power: Tensor, behind: int = 0) -> Tensor:
        """Scaled targets `[…, C]` in their own units, in double precision; with so many dimensions behind C."""
        scaler = self.scalers.targets
        scale, center = (torch.from_numpy(of).double().reshape(-1, *[1] * behind)
                         for of in (scaler.scale, scaler.center))
        return power.double() * scale + center

    def weather_in_units(self, scaled: Tensor, place: int) -> Tensor:
        """Scaled values `[B, N]` of the weather column at a `place` among them in their own unit, in double
        precision."""
        column, scaler = int(self.weather[place]), self.scalers.known
        return scaled.double() * float(scaler.scale[column]) + float(scaler.center[column])

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, origin: int) -> Batch:
        return self.batch(np.asarray([origin]))

    def __getitems__(self, origins: Sequence[int]) -> Batch:
        return self.batch(np.asarray(origins))

    def batch(self, origins: NDArray[np.int64]) -> Batch:
        """The windows at `origins` `[B]` (positions on the table's grid)."""
        shape = self.shape
        start = torch.from_numpy(origins.astype(np.int64)) + self.front                            # [B]
        past = start[:, None] + torch.arange(-shape.lookback, 0)                                   # [B, L]
        ahead = start[:, None] + torch.arange(shape.horizon)                                       # [B, H]
        past_target, past_mask = self.targets[past], self.target_mask[past].float()
        known, known_mask = self._known(torch.cat([past, ahead], 1), origins)
        covariates, covariates_mask = self.past[past], self.past_mask[past].float()
        if self.decomposition is not None:
            modes = self.decomposition(past_target)
            covariates = torch.cat([covariates, modes], -1)
            covariates_mask = torch.cat([covariates_mask, torch.ones_like(modes)], -1)
        target_mask = self.target_mask[ahead] & (ahead < self.limit + self.front)[..., None]
        weight = torch.ones(len(origins)) if self.weights is None else self.weights[torch.from_numpy(origins)]
        return Batch(
            past_target=past_target, past_target_mask=past_mask,
            past_covariates=covariates, past_covariates_mask=covariates_mask,
            known=known, known_mask=known_mask.float(),
            anchors=self._anchors(start.numpy(), *(of[:, shape.lookback:, self.weather] for of in (known, known_mask))),
            target=self.targets[ahead], target_mask=target_mask.float(), weight=weight,
        )

    def unlike_lags(self, origins: NDArray[np.int64]) -> Tensor:
        """Where the horizon `[B, H]` holds a day off and a lag of it a working day, or the other way round."""
        ahead = origins.astype(np.int64)[:, None] + self.front + np.arange(self.shape.horizon)     # [B, H]
        if self.day_off is None:
            return torch.zeros(ahead.shape, dtype=torch.bool)
        lagged = torch.from_numpy(self._rows_before(self.grid.slots[ahead], ahead))                # [B, H, A]
        unlike = self.day_off[lagged] != self.day_off[torch.from_numpy(ahead)][..., None]
        return (unlike & (lagged >= 0)).any(-1)

    def _known(self, rows: Tensor, origins: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Of `rows` `[B, N]`, the last H of which are the horizon."""
        known, mask = self.known[rows], self.known_mask[rows]
        if self.vintages is not None:
            ahead = slice(-self.shape.horizon, None)
            known[:, ahead, self.weather], mask[:, ahead, self.weather] = self._weather_ahead(rows[:, ahead], origins)
        return known, mask

    def _weather_ahead(self, ahead: Tensor, origins: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Of the horizons' rows `ahead` `[B, H]`, values and mask `[B, H, W]`."""
        own = tuple(of[ahead] for of in self._weather)
        if self.vintages is None:
            return own[0], own[1]
        reads_own = torch.from_numpy(origins >= self.own_from)[:, None, None]
        values, mask = (torch.where(reads_own, *both) for both in
                        zip(own, self.vintages.as_of(origins, self.shape.horizon), strict=True))
        return values, mask

    @cached_property
    def _weather(self) -> tuple[Tensor, Tensor]:
        """The weather of all rows and its mask, `[T, W]` each: whole rows are gathered many times as fast as columns
        of them."""
        return self.known[:, self.weather], self.known_mask[:, self.weather]

    @cached_property
    def clock(self) -> tuple[Tensor, Tensor]:
        """Hour of the day, with its fraction, and weekday, Monday 0, of every row and of a horizon after the last one,
        by the clock of the table: `[T + H]` each."""
        hour, weekday = hours_and_weekdays(self.index[0], DAY / self.shape.day, self.rows + self.shape.horizon)
        return torch.from_numpy(hour), torch.from_numpy(weekday)

    def clock_ahead(self, origins: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """The same of the horizons of `origins` `[B]`, `[B, H]` each."""
        rows = torch.from_numpy(origins)[:, None] + torch.arange(self.shape.horizon)
        return self.clock[0][rows], self.clock[1][rows]

    def lately(self, origins: NDArray[np.int64], days: int, hidden: Tensor | None = None) -> Lately:
        """The last `days` before `origins` `[B]` (positions on the table's grid), and their horizons; as if nobody knew
        the weather over those of the windows that are `hidden` `[B]`."""
        start = origins.astype(np.int64) + self.front
        ahead = torch.from_numpy(start[:, None] + np.arange(self.shape.horizon))                   # [B, H]
        weather, mask = self._weather_ahead(ahead, origins)
        if hidden is not None:
            mask = mask & ~hidden[:, None, None]
        return self._lately(start, days * self.shape.day, weather * mask, mask)

    def _lately(self, start: NDArray[np.int64], length: int, ahead_weather: Tensor, ahead_mask: Tensor) -> Lately:
        """Of windows at padded rows `start` `[B]`, with the weather that is known over their horizons `[B, H, W]`."""
        shape, grid = self.shape, self.grid
        ahead = start[:, None] + np.arange(shape.horizon)                                          # [B, H]
        first = grid.slots[start][:, None]
        past = torch.from_numpy(grid.rows_before(first + np.arange(-length, 0), start[:, None]))   # [B, L]
        whole = torch.cat([past, torch.from_numpy(ahead)], 1)                                      # [B, L + H]
        # Without a calendar all days are of one type.
        day_off = torch.zeros(whole.shape) if self.day_off is None else self.day_off[whole]
        weather, mask = (torch.cat([behind[past], over], 1)
                         for behind, over in zip(self._weather, (ahead_weather, ahead_mask), strict=True))
        return Lately(self.targets[past], self.target_mask[past].float(), day_off, weather, mask.float(),
                      torch.from_numpy((grid.slots[ahead] - first) % shape.day), shape.day,
                      None if self.clear_sky is None else self.clear_sky[whole])

    def _anchors(self, start: NDArray[np.int64], weather: Tensor, weather_mask: Tensor) -> Tensor:
        """Of windows at padded rows `start` `[B]`, with the weather that is known over their horizons `[B, H, W]`."""
        shape, grid = self.shape, self.grid
        lately = self._lately(start, shape.lookback, weather, weather_mask)
        first = grid.slots[start][:, None]
        last_day = np.broadcast_to(first + np.arange(-shape.day, 0), (len(start), shape.day))
        slots = np.concatenate([last_day, grid.slots[start[:, None] + np.arange(shape.horizon)]], 1)
        lagged = torch.from_numpy(self._rows_before(slots, start[:, None]))
        lags, lag_mask = (values[lagged].transpose(2, 3) for values in (self.targets, self.target_mask))
        return build_anchors(lags, lag_mask.float(), lately if shape.adjusted else lately.without_weather())

    def _rows_before(self, slots: NDArray[np.int64], origins: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of each lag of `slots` `[B, N]` that lie before `origins` `[B, …]`, -1 for none: `[B, N, A]`."""
        weeks = np.asarray(self.shape.lag_weeks) * self.shape.week
        return self.grid.rows_before(slots[..., None] - weeks, origins[..., None])


class _ScaledVintages:
    """Issued forecasts as one tensor, to look up by origin."""

    def __init__(self, table: VintageTable, scaler: Scaler, weather: Tensor) -> None:
        of_weather = scaler.of(weather.numpy())
        values = torch.from_numpy(of_weather.usable_issues(of_weather.apply(table.values)))
        self.present = torch.isfinite(values)
        self.values = values.nan_to_num_(0.0, 0.0, 0.0)
        self.table = table

    def as_of(self, origins: NDArray[np.int64], horizon: int) -> tuple[Tensor, Tensor]:
        """Values and mask `[B, H, W]` of the newest forecast issued at or before each origin."""
        ahead = origins[:, None] + np.arange(horizon)                                              # [B, H]
        vintage, step, inside = map(torch.from_numpy, self.table.locate(origins, ahead))
        present = self.present[vintage[:, None], step] & inside[..., None]
        return self.values[vintage[:, None], step] * present, present


class Decomposition:
    """Variational modes of the past window of each target, `[B, L, C] → [B, L, C·modes]`: nothing later is seen."""

    def __init__(self, modes: int, alpha: float) -> None:
        self.modes, self.alpha = modes, alpha

    def __call__(self, past: Tensor) -> Tensor:
        from wattcast.features.vmd import decompose

        batch, length, targets = past.shape
        windows = past.transpose(1, 2).reshape(batch * targets, length)
        modes = decompose(windows, self.modes, alpha=self.alpha)                                   # [B·C, modes, L]
        columns: Tensor = modes.reshape(batch, targets * self.modes, length).transpose(1, 2).float()
        return columns
