"""From a corpus of stations to a base (`training.samples`, `training.base_network`)."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from wattcast import __version__
from wattcast.data.corpus import StationSource
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.model.day_network import DayNetwork
from wattcast.training.base_model import LEARNED_UNTIL, Base
from wattcast.training.base_network import BATCH, Lessons, corrections_of, fit_base_network, packed, together
from wattcast.training.samples import Samples, kept_samples, key_of, windows_of
from wattcast.windows.day_tokens import SIZES
from wattcast.windows.window_units import INPUTS

NETWORK_STEPS = 4000
"""Batches that the base's network learns from. [steps]"""
SHORTER = 3
"""Where a source is left out, one step in so many is enough to tell, in a part of the time. [number]"""
TIMED_STEPS = 3
"""So many steps tell what all will take: a second or so. [steps]"""
FORWARD = 1 / 3
"""Of what it takes to learn from a window, to forecast it: the way back is twice as long. [share]"""
ON_FROM_A_BASE = 4
"""Where a base begins as another one, one step in so many is enough: what stations share it knows already, and what it
learns longer it forgets of others. [number]"""
AT_ONCE = 512
"""Windows that a network reads together where it only forecasts. [windows]"""
RIVALS = ("lag_1w", "yesterday", "lag_mean", "adjusted")
"""Inputs that are forecasts themselves, to compare with."""

Progress = Callable[[int, int, str], None]


def pretrain(sources: Sequence[StationSource], *, seed: int, work: Path, start: Base | None = None,
             steps: int = NETWORK_STEPS, tested: bool = True, progress: Progress | None = None) -> Base:
    """A base learned from the stations of all sources; the same for the same ones and seed.

    Of several sources each is left out once, and what a base of the others makes of it is told in the manifest: only
    such figures say how a base does at a station that it has never seen.

    Args:
        sources: what to learn from, each with a name of its own.
        seed: of everything random.
        work: a folder where what is finished is found again.
        start: a base that this one begins as, which has not learned from these sources; it then learns from fewer
            batches. How it does by itself is told beside. None to begin with nothing.
        steps: batches to learn from.
        tested: whether sources are left out.
        progress: told of each finished part: its number, how many there are, and what it was.

    Raises:
        DataError: a source cannot be read or holds nothing to learn from.
    """
    tested = tested and len(sources) > 1
    told = _Told(progress, len(sources) * (1 + tested) + 1)
    steps = _steps(steps, started=start is not None)
    key = _key(sources, seed, steps, start)
    samples = {}
    for source in sources:
        samples[source.name] = kept_samples(source, seed, work, partial(told.stations, source.name))
        told.part(f"{source.name}: {len(samples[source.name].lessons)} windows")
    left_out = {}
    for name in samples if tested else ():
        left_out[name] = _kept(work / f"{name}-left-out-{key}.json",
                               partial(_left_out, samples, name, seed, steps, start))
        told.part(f"{name}, never seen: {left_out[name]['against_best_rule']:.3f} of the best rule's error"
                  + (f", {left_out[name]['against_start']:.3f} of the base's that it begins as" if start else ""))
    network = fit_base_network(_lessons(samples.values()), seed=seed, steps=steps, start=_network(start),
                               kept=work / f"network-{key}.pt",
                               progress=lambda step: told.within(f"network: {step} of {steps} steps"))
    told.part(f"network of {sum(value.numel() for value in network.parameters())} weights")
    learned = [_manifest(source, samples[source.name], left_out.get(source.name)) for source in sources]
    return Base(packed(network), {"wattcast": __version__, "seed": seed, "steps": steps, "start": _hash(start),
                                  "may_ship": all(source.may_ship for source in sources), "sources": learned})


@dataclass(frozen=True)
class Price:
    """What learning takes, timed on a few stations and steps of this machine.

    Attributes:
        drawing: processor seconds for the windows of a station.
        step: processor seconds of a step of the network.
    """

    drawing: float
    step: float

    @classmethod
    def of(cls, stations: Iterable[StationData], windows: int) -> Self:
        """Timed on the first of some stations, as many as fill a batch with so many windows each.

        Raises:
            DataError: nothing can be drawn from them.
        """
        parts: list[Lessons] = []
        begun, drawn = time.process_time(), 0
        for data in stations:
            parts += windows_of(data, windows, 0)
            drawn += 1
            if sum(map(len, parts)) >= BATCH:
                break
        if not parts:
            raise DataError("nothing can be drawn from the stations that would be timed")
        drawing, lessons = (time.process_time() - begun) / drawn, together(parts)
        fit_base_network(lessons, seed=0, steps=1)              # what is loaded once
        begun = time.process_time()
        fit_base_network(lessons, seed=0, steps=TIMED_STEPS)
        return cls(drawing, (time.process_time() - begun) / TIMED_STEPS)

    def seconds(self, stations: int, windows: int, sources: int, *, steps: int = NETWORK_STEPS, tested: bool = True,
                started: bool = False) -> float:
        """Processor seconds for so many stations with so many windows each, in so many sources; `started` as another
        base or from nothing."""
        steps = _steps(steps, started=started)
        if tested and sources > 1:
            forecasts = stations * windows * (1 + started)
            steps += sources * -(-steps // SHORTER) + round(FORWARD * forecasts / BATCH)
        return self.drawing * stations + self.step * steps


def _steps(steps: int, *, started: bool) -> int:
    return -(-steps // ON_FROM_A_BASE) if started else steps


def _network(start: Base | None) -> DayNetwork | None:
    return None if start is None else start.network


def _hash(start: Base | None) -> str | None:
    return None if start is None else hashlib.sha256(start.weights).hexdigest()


def _key(sources: Sequence[StationSource], seed: int, steps: int, start: Base | None) -> str:
    """Of all that a base follows from."""
    shapes = {name: list(value.shape) for name, value in DayNetwork(SIZES).state_dict().items()}
    told = [*(key_of(source, seed) for source in sources), steps, shapes, _hash(start)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _kept(path: Path, make: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What an interrupted run has found, or else what `make` finds, which is kept."""
    with suppress(OSError, ValueError):
        found: dict[str, float] = json.loads(path.read_text())
        return found
    made = make()
    path.write_text(json.dumps(made))
    return made


class _Told:
    """Who is told of finished parts, and how many there are."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def part(self, what: str) -> None:
        self.done += 1
        self.within(what)

    def stations(self, source: str, count: int) -> None:
        """So many of a source have been drawn from."""
        self.within(f"{source}: {count} stations")

    def within(self, what: str) -> None:
        """Something of the part that is not yet done."""
        if self.progress is not None:
            self.progress(self.done, self.total, what)


def _lessons(samples: Iterable[Samples]) -> Lessons:
    return together([each.lessons for each in samples])


def _left_out(samples: Mapping[str, Samples], name: str, seed: int, steps: int,
              start: Base | None) -> dict[str, float]:
    """How a base of all other sources forecasts this one's samples, and the one that it begins as: mean absolute errors
    in window units."""
    others, here = [each for other, each in samples.items() if other != name], samples[name]
    network = fit_base_network(_lessons(others), seed=seed, steps=-(-steps // SHORTER), start=_network(start))
    found = errors_of(*here.rows(), _said(network, here))
    if start is None:
        return found
    begun = errors_of(*here.rows(), _said(start.network, here))["base"]
    return {**found, "start": begun, "against_start": round(found["base"] / begun, 4)}


def _said(network: DayNetwork, samples: Samples) -> NDArray[np.float64]:
    """The network's corrections `[N]`, in the order of `Samples.rows`."""
    lessons = samples.lessons
    parts = [corrections_of(network, lessons.windows[begin:begin + AT_ONCE].float())
             for begin in range(0, len(lessons), AT_ONCE)]
    said: NDArray[np.float64] = torch.cat(parts)[lessons.corrections.isfinite()].double().numpy()
    return said


def errors_of(inputs: NDArray[np.float32], corrections: NDArray[np.float32],
              said: NDArray[np.floating]) -> dict[str, float]:
    """Of corrections `said` `[N]` by a base, and of the rules that are inputs: mean absolute errors in window units."""
    reference = inputs[:, INPUTS.index("adjusted")]
    right = corrections + reference
    rules = inputs[:, [INPUTS.index(rule) for rule in RIVALS]]
    # What a rule does not know, the reference stands for: all are compared on the same steps.
    rules = np.where(np.isnan(rules), reference[:, None], rules)
    found = {rule: float(np.abs(rules[:, place] - right).mean()) for place, rule in enumerate(RIVALS)}
    error = float(np.abs(said - corrections).mean())
    return {**{name: round(value, 4) for name, value in {"base": error, **found}.items()},
            "against_best_rule": round(error / min(found.values()), 4)}


def _manifest(source: StationSource, samples: Samples, left_out: dict[str, float] | None) -> dict[str, Any]:
    return {"name": source.name, "licence": source.licence, "attribution": source.attribution,
            "may_ship": source.may_ship, "sha256": source.sha256, "windows_a_station": source.windows,
            "windows": len(samples.lessons), "never_seen": left_out, "stations": list(samples.stations),
            LEARNED_UNTIL: dict(zip(samples.stations, samples.ends, strict=True))}
