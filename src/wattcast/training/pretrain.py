"""From a corpus of stations to a base (`training.samples`, `training.base_network`)."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wattcast import __version__
from wattcast.data.corpus import Corpus, Source
from wattcast.model.day_network import DayNetwork
from wattcast.training.base_model import Base
from wattcast.training.base_network import Lessons, corrections_of, fit_base_network, packed, together
from wattcast.training.samples import Samples, file_hash, kept_samples, key_of
from wattcast.windows.day_tokens import SIZES
from wattcast.windows.window_units import INPUTS

NETWORK_STEPS = 4000
"""Batches that the base's network learns from. [steps]"""
SHORTER = 3
"""Where a source is left out, one step in so many is enough to tell, in a part of the time. [number]"""
AT_ONCE = 512
"""Windows that a network reads together where it only forecasts. [windows]"""
RIVALS = ("lag_1w", "yesterday", "lag_mean", "adjusted")
"""Inputs that are forecasts themselves, to compare with."""

Progress = Callable[[int, int, str], None]


def pretrain(corpus: Corpus, *, seed: int, work: Path, steps: int = NETWORK_STEPS, tested: bool = True,
             progress: Progress | None = None) -> Base:
    """A base learned from a corpus; the same for the same corpus and seed.

    Of several sources each is left out once, and what a base of the others makes of it is told in the manifest: only
    such figures say how a base does at a station that it has never seen.

    Args:
        corpus: what to learn from.
        seed: of everything random.
        work: a folder where what is finished is found again.
        steps: batches to learn from.
        tested: whether sources are left out.
        progress: told of each finished part: its number, how many there are, and what it was.

    Raises:
        DataError: a source cannot be read or holds nothing to learn from.
    """
    tested = tested and len(corpus.sources) > 1
    told = _Told(progress, len(corpus.sources) * (1 + tested) + 1)
    key = _key(corpus, seed, steps)
    samples = {}
    for source in corpus.sources:
        samples[source.name] = kept_samples(source, seed, work)
        told.part(f"{source.name}: {len(samples[source.name].lessons)} windows")
    left_out = {}
    for name in samples if tested else ():
        left_out[name] = _kept(work / f"{name}-left-out-{key}.json",
                               partial(_left_out, samples, name, seed, steps))
        told.part(f"{name}, never seen: {left_out[name]['against_best_rule']:.3f} of the best rule's error")
    network = fit_base_network(_lessons(samples.values()), seed=seed, steps=steps, kept=work / f"network-{key}.pt",
                               progress=lambda step: told.within(f"network: {step} of {steps} steps"))
    told.part(f"network of {sum(value.numel() for value in network.parameters())} weights")
    sources = [_manifest(source, samples[source.name], left_out.get(source.name)) for source in corpus.sources]
    return Base(packed(network), {"wattcast": __version__, "seed": seed, "steps": steps,
                                  "may_ship": all(source.may_ship for source in corpus.sources), "sources": sources})


def _key(corpus: Corpus, seed: int, steps: int) -> str:
    """Of all that a base follows from."""
    shapes = {name: list(value.shape) for name, value in DayNetwork(SIZES).state_dict().items()}
    told = [*(key_of(source, seed) for source in corpus.sources), steps, shapes]
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

    def within(self, what: str) -> None:
        """Something of the part that is not yet done."""
        if self.progress is not None:
            self.progress(self.done, self.total, what)


def _lessons(samples: Iterable[Samples]) -> Lessons:
    return together([each.lessons for each in samples])


def _left_out(samples: Mapping[str, Samples], name: str, seed: int, steps: int) -> dict[str, float]:
    """How a base of all other sources forecasts this one's samples: mean absolute errors in window units."""
    others = [each for other, each in samples.items() if other != name]
    network = fit_base_network(_lessons(others), seed=seed, steps=-(-steps // SHORTER))
    return errors_of(*samples[name].rows(), _said(network, samples[name]))


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


def _manifest(source: Source, samples: Samples, left_out: dict[str, float] | None) -> dict[str, Any]:
    return {"name": source.name, "licence": source.licence, "attribution": source.attribution,
            "may_ship": source.may_ship, "sha256": file_hash(source), "windows_a_station": source.windows,
            "windows": len(samples.lessons), "never_seen": left_out, "stations": list(samples.stations)}
