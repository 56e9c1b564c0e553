"""From the stations of a source to samples: windows from random origins, and of each some steps.

Some windows are made harder than they were, so that the base knows what it will meet: without weather, with a short
history, with gaps, upside down.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast import __version__
from wattcast.contracts import HORIZON_DAYS, Kind
from wattcast.data.corpus import StationSource
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.features.pipeline import FeaturePipeline, FeaturesConfig
from wattcast.timegrid import station_horizon, steps_per_day
from wattcast.training.base_network import Lessons, together
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape
from wattcast.windows.day_tokens import DayTokens, day_tokens
from wattcast.windows.lately import Lately
from wattcast.windows.window_units import DAYS, INPUTS, lately_in_units, window_units

STEPS = 50
"""Steps of a window to learn from: neighbours say the same."""
BATCH_ROWS = 8192
"""Steps of history and horizon that are gathered at once, about."""
HIDDEN, SHORT, GAPS, FLIPPED = 0.2, 0.2, 0.1, 0.1
"""Shares of the windows whose weather is hidden, whose history is short, has gaps, or whose power is turned over."""
SHORT_DAYS = (1, 2, 3, 5, 7, 10, 14, 21)
"""How much history a window has that is made short; one of these is drawn. [days]"""
LARGEST = 20.0
"""Corrections beyond so many standard deviations are faults of the data. [standard deviations]"""
MEASURED_AT_LEAST = 0.5
"""Of the 28 days before an origin, to learn from it. [share]"""
TOLD_EVERY = 100
"""After so many stations it is told how far the drawing of a source is: half a minute or so. [stations]"""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Samples:
    """Of one source: windows with some of their steps, the stations that they are from, and where the rows of each of
    these end (ISO 8601)."""

    lessons: Lessons
    stations: tuple[str, ...]
    ends: tuple[str, ...]

    def rows(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs `[N, F]` and corrections `[N]` of single steps."""
        inputs, corrections = (of.flatten(0, 1).numpy()
                               for of in (self.lessons.windows.inputs, self.lessons.corrections))
        good = np.isfinite(corrections)
        return inputs[good], corrections[good]


def kept_samples(source: StationSource, seed: int, work: Path, progress: Progress | None = None) -> Samples:
    """The samples of a source, read from the work folder if they were drawn before, else drawn and kept there."""
    path = work / f"{source.name}-{key_of(source, seed)}.npz"
    with suppress(OSError, ValueError, KeyError, BadZipFile), path.open("rb") as file, np.load(file) as kept:
        windows = DayTokens(**{field.name: torch.from_numpy(kept[field.name]) for field in fields(DayTokens)})
        return Samples(Lessons(windows, torch.from_numpy(kept["corrections"])), tuple(kept["stations"].tolist()),
                       tuple(kept["ends"].tolist()))
    drawn = draw_samples(source, seed, progress)
    work.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part.npz")
    told = {field.name: getattr(drawn.lessons.windows, field.name).numpy() for field in fields(DayTokens)}
    np.savez(aside, **told, corrections=drawn.lessons.corrections.numpy(), stations=np.asarray(drawn.stations),
             ends=np.asarray(drawn.ends))
    aside.replace(path)
    return drawn


def key_of(source: StationSource, seed: int) -> str:
    """Of all that its samples follow from."""
    asked = json.dumps([source.described(), source.sha256, seed, __version__, INPUTS, STEPS], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def draw_samples(source: StationSource, seed: int, progress: Progress | None = None) -> Samples:
    """Samples of all stations of a source; a station's do not depend on which others there are.

    Args:
        source: what to draw from.
        seed: of everything random.
        progress: told now and then how many stations are through.

    Raises:
        DataError: the source cannot be read or holds nothing to learn from.
    """
    parts, ends = [], {}
    for number, data in enumerate(source.stations(), 1):
        if made := windows_of(data, source.windows, seed):
            parts += made
            ends[data.station.id.removeprefix(f"{source.name}/")] = data.end.isoformat()
        if progress is not None and number % TOLD_EVERY == 0:
            progress(number)
    if not parts:
        raise DataError(f"the source {source.name} holds nothing to learn from",
                        expected=f"stations of more than {DAYS} days and a horizon")
    return Samples(together(parts), tuple(ends), tuple(ends.values()))


def windows_of(data: StationData, count: int, seed: int) -> list[Lessons]:
    """So many windows of a station, or as many as it has, in parts; none where it is too short, has too many gaps or
    fewer than `STEPS` steps in seven days. All have a horizon of seven days, however far the station is forecast."""
    random = np.random.default_rng([seed, *data.station.id.encode()])
    whole = data.station.model_copy(update={"horizon": f"{HORIZON_DAYS}d"})
    if station_horizon(whole).steps < STEPS:
        return []
    windows = station_windows(replace(data, station=whole))
    shape = windows.shape
    measured = windows.target_mask[windows.front:windows.front + windows.rows, 0].numpy()
    origins = origins_of(measured, shape.day, shape.horizon)
    if not len(origins):
        return []
    drawn = random.choice(origins, min(count, len(origins)), replace=False)
    return [lessons_at(windows, some, random, harder=True) for some in in_parts(drawn, shape)]


def origins_of(measured: NDArray[np.bool_], day: int, horizon: int) -> NDArray[np.int64]:
    """The rows that a window to learn from may begin at: enough was measured before them, and the horizon is there.

    Args:
        measured: whether the first target was, by row `[T]`.
        day: steps of one.
        horizon: in steps.
    """
    origins = np.arange(day, len(measured) - horizon)
    until = np.concatenate([[0], np.cumsum(measured)])
    known = until[origins] - until[np.maximum(origins - DAYS * day, 0)]
    enough: NDArray[np.int64] = origins[known >= MEASURED_AT_LEAST * DAYS * day]
    return enough


def station_windows(data: StationData) -> WindowDataset:
    """Windows over a whole history, as they are wanted here: the scales do not matter."""
    station = data.station
    pipeline = FeaturePipeline(FeaturesConfig(solar=False), station).fit(data)
    table = pipeline.transform(data.frame, data.vintages)
    scalers = Scalers.fit(table, station.kind)
    horizon = station_horizon(station)
    day = steps_per_day(horizon.step)
    shape = WindowShape(day, horizon.steps, day, (1, 2, 3, 4), station.kind, station.by_wall_clock)
    return WindowDataset(table, scalers, shape)


def in_parts(origins: NDArray[np.int64], shape: WindowShape) -> list[NDArray[np.int64]]:
    """So many origins each that their windows are about `BATCH_ROWS` steps."""
    batch = max(1, BATCH_ROWS // (DAYS * shape.day + shape.horizon))
    return np.array_split(origins, -(-len(origins) // batch))


def lessons_at(windows: WindowDataset, origins: NDArray[np.int64], random: np.random.Generator, *,
               harder: bool) -> Lessons:
    """Some steps of the windows at `origins`, those of which something can be learned before the others; N is B · C."""
    hidden = torch.from_numpy(random.random(len(origins)) < HIDDEN)
    lately, sign = lately_in_units(windows, origins, hidden), torch.ones(len(origins), dtype=torch.float64)
    if harder:
        lately, sign = _harder(lately, windows.shape.kind, random)
    told = window_units(windows, origins, lately)
    rows = torch.from_numpy(origins)[:, None] + windows.front + torch.arange(windows.shape.horizon)
    correction = told.correction(windows.in_units(windows.targets[rows]) * sign[:, None, None]).mT.flatten(0, 1)
    measured = (windows.target_mask[rows] & (rows < windows.limit + windows.front)[..., None]).mT.flatten(0, 1)
    good = measured & correction.isfinite() & (correction.abs() < LARGEST)                     # [N, H]
    drawn = torch.from_numpy(random.random(good.shape)) + (~good).double()
    steps = drawn.argsort(1)[:, :STEPS]                                                        # [N, S]
    tokens = day_tokens(lately, told).at(steps)
    return Lessons(replace(tokens, past=tokens.past.half(), ahead=tokens.ahead.half()),
                   torch.where(good, correction, torch.nan).take_along_dim(steps, 1).float())


def _harder(lately: Lately, kind: Kind, random: np.random.Generator) -> tuple[Lately, Tensor]:
    """Some windows with a short history, with gaps, or turned over; and the sign of each, `[B]`."""
    count, length = lately.past.shape[:2]
    age = torch.arange(length, 0, -1)                                                          # [L], in steps
    days = np.where(random.random(count) < SHORT, random.choice(SHORT_DAYS, count), DAYS)
    mask = lately.mask * (age <= torch.from_numpy(days)[:, None] * lately.day)[..., None]
    begins, lasts = random.integers(0, length, count), random.integers(1, 7 * lately.day + 1, count)
    lasts = np.where(random.random(count) < GAPS, lasts, 0)
    inside = (age <= torch.from_numpy(begins + lasts)[:, None]) & (age > torch.from_numpy(begins)[:, None])
    mask = mask * ~inside[..., None]
    over = (random.random(count) < FLIPPED) & (kind is Kind.LOAD)
    sign = torch.from_numpy(np.where(over, -1.0, 1.0))
    return replace(lately, past=lately.past * mask * sign[:, None, None], mask=mask), sign
