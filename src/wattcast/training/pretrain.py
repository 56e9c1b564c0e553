"""From a corpus of stations to samples, and from samples to a base.

Of each station windows are drawn from random origins, and of each window some steps. Some windows are made harder than
they were, so that the base knows what it will meet: without weather, with a short history, with gaps, upside down.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wattcast import __version__
from wattcast.contracts import Kind
from wattcast.data.corpus import Corpus, Source, corpus_stations
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.features.pipeline import FeaturePipeline, FeaturesConfig
from wattcast.timegrid import station_horizon, steps_per_day
from wattcast.training.base_trees import PARAMETERS, ROUNDS, Base, fit_base
from wattcast.training.boosting import load_lightgbm
from wattcast.windows.dataset import Scalers, WindowDataset, WindowShape
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
THINNED = 3
"""Of so many samples one is learned from where a source is left out: enough to tell, in a third of the time.
[number]"""
RIVALS = ("lag_1w", "yesterday", "lag_mean", "adjusted")
"""Inputs that are forecasts themselves, to compare with."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Samples:
    """Of one source: inputs `[N, F]`, corrections `[N]`, and the stations that they are from."""

    inputs: NDArray[np.float32]
    corrections: NDArray[np.float32]
    stations: tuple[str, ...]


def pretrain(corpus: Corpus, *, seed: int, work: Path, rounds: int = ROUNDS,
             progress: Progress | None = None) -> Base:
    """A base learned from a corpus; the same for the same corpus and seed.

    Of several sources each is left out once, and what trees of the others make of it is told in the manifest: only such
    figures say how a base does at a station that it has never seen.

    Args:
        corpus: what to learn from.
        seed: of everything random.
        work: a folder where the samples of finished sources are found again.
        rounds: how many trees.
        progress: told of each finished part: its number, how many there are, and what it was.

    Raises:
        DataError: a source cannot be read or holds nothing to learn from.
        ConfigError: LightGBM cannot be loaded.
    """
    load_lightgbm()
    compare = len(corpus.sources) > 1
    total, done = len(corpus.sources) * (1 + compare) + 1, 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total, what)

    samples = {}
    for source in corpus.sources:
        samples[source.name] = kept_samples(source, seed, work)
        tell(f"{source.name}: {len(samples[source.name].corrections)} samples")
    left_out = {}
    for name in samples if compare else ():
        left_out[name] = _left_out(samples, name, seed, rounds)
        tell(f"{name}, never seen: {left_out[name]['against_best_rule']:.3f} of the best rule's error")
    text = fit_base(*_together(list(samples.values())), seed=seed, rounds=rounds)
    tell(f"{rounds} trees")
    told = [_told(source, samples[source.name], left_out.get(source.name)) for source in corpus.sources]
    return Base(text, {"wattcast": __version__, "seed": seed, "rounds": rounds, "parameters": PARAMETERS,
                       "may_ship": all(source.may_ship for source in corpus.sources), "sources": told})


def kept_samples(source: Source, seed: int, work: Path) -> Samples:
    """The samples of a source, read from the work folder if they were drawn before, else drawn and kept there."""
    described = source.model_dump(mode="json", exclude={"file", "licence", "attribution", "may_ship"})
    told = json.dumps([described, file_hash(source), seed, __version__, INPUTS], sort_keys=True)
    path = work / f"{source.name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"
    with suppress(OSError, ValueError, KeyError, BadZipFile), path.open("rb") as file, np.load(file) as kept:
        return Samples(kept["inputs"], kept["corrections"], tuple(kept["stations"].tolist()))
    drawn = draw_samples(source, seed)
    work.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part.npz")
    np.savez(aside, inputs=drawn.inputs, corrections=drawn.corrections, stations=np.asarray(drawn.stations))
    aside.replace(path)
    return drawn


def file_hash(source: Source) -> str | None:
    """SHA-256 of its file; None if it is made up."""
    return None if source.file is None else hashlib.sha256(Path(source.file).read_bytes()).hexdigest()


def draw_samples(source: Source, seed: int) -> Samples:
    """Samples of all stations of a source; a station's do not depend on which others there are.

    Raises:
        DataError: the source cannot be read or holds nothing to learn from.
    """
    parts, stations = [], []
    for data in corpus_stations(source):
        random = np.random.default_rng([seed, *data.station.id.encode()])
        if made := _of_station(data, source.windows, random):
            parts += made
            stations.append(data.station.id.partition("/")[2])
    if not parts:
        raise DataError(f"the source {source.name} holds nothing to learn from", found=source.file,
                        expected=f"stations of more than {DAYS} days and a horizon")
    inputs, corrections = (np.concatenate(of) for of in zip(*parts, strict=True))
    return Samples(inputs, corrections, tuple(stations))


def _of_station(data: StationData, count: int,
                random: np.random.Generator) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    windows = station_windows(data)
    shape = windows.shape
    origins = np.arange(shape.day, windows.rows - shape.horizon)
    measured = np.concatenate([[0], np.cumsum(windows.target_mask[windows.front:, 0].numpy())])
    known = measured[origins] - measured[np.maximum(origins - DAYS * shape.day, 0)]
    origins = origins[known >= MEASURED_AT_LEAST * DAYS * shape.day]
    if not len(origins):
        return []
    drawn = random.choice(origins, min(count, len(origins)), replace=False)
    batch = max(1, BATCH_ROWS // ((DAYS * shape.day) + shape.horizon))
    return [_of_windows(windows, some, random) for some in np.array_split(drawn, -(-len(drawn) // batch))]


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


def _of_windows(windows: WindowDataset, origins: NDArray[np.int64],
                random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Inputs and corrections of some steps of windows at `origins`."""
    hidden = torch.from_numpy(random.random(len(origins)) < HIDDEN)
    lately, sign = _harder(lately_in_units(windows, origins, hidden), windows.shape.kind, random)
    told = window_units(windows, origins, lately)
    rows = torch.from_numpy(origins)[:, None] + windows.front + torch.arange(windows.shape.horizon)
    correction = told.correction(windows.in_units(windows.targets[rows]) * sign[:, None, None])
    good = windows.target_mask[rows] & correction.isfinite() & (correction.abs() < LARGEST)
    taken = good.numpy() & (random.random(good.shape) < STEPS / windows.shape.horizon)
    return told.inputs[taken], correction.numpy()[taken].astype(np.float32)


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


def _together(samples: Sequence[Samples]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return (np.concatenate([each.inputs for each in samples]), np.concatenate([each.corrections for each in samples]))


def _left_out(samples: dict[str, Samples], name: str, seed: int, rounds: int) -> dict[str, float]:
    """How trees of all other sources forecast this one's samples: mean absolute errors in window units."""
    others = [Samples(each.inputs[::THINNED], each.corrections[::THINNED], each.stations)
              for other, each in samples.items() if other != name]
    booster = load_lightgbm().Booster(model_str=fit_base(*_together(others), seed=seed, rounds=rounds))
    return errors_of(samples[name], np.asarray(booster.predict(samples[name].inputs)))


def errors_of(samples: Samples, said: NDArray[np.floating]) -> dict[str, float]:
    """Of corrections `said` `[N]`, and of the rules that are inputs: mean absolute errors in window units."""
    reference = samples.inputs[:, INPUTS.index("adjusted")]
    right = samples.corrections + reference
    rules = samples.inputs[:, [INPUTS.index(rule) for rule in RIVALS]]
    # What a rule does not know, the reference stands for: all are compared on the same steps.
    rules = np.where(np.isnan(rules), reference[:, None], rules)
    found = {rule: float(np.abs(rules[:, place] - right).mean()) for place, rule in enumerate(RIVALS)}
    error = float(np.abs(said - samples.corrections).mean())
    return {**{name: round(value, 4) for name, value in {"base": error, **found}.items()},
            "against_best_rule": round(error / min(found.values()), 4)}


def _told(source: Source, samples: Samples, left_out: dict[str, float] | None) -> dict[str, Any]:
    return {"name": source.name, "licence": source.licence, "attribution": source.attribution,
            "may_ship": source.may_ship, "sha256": file_hash(source), "windows_a_station": source.windows,
            "samples": len(samples.corrections), "never_seen": left_out, "stations": list(samples.stations)}
