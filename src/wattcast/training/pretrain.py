"""From a corpus of stations to a base: trees and a network that learn from the same samples (`training.samples`)."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
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
from wattcast.training.base_trees import PARAMETERS, ROUNDS, fit_base_trees
from wattcast.training.boosting import load_lightgbm
from wattcast.training.samples import Samples, file_hash, kept_samples, key_of
from wattcast.windows.window_units import INPUTS

NETWORK_STEPS = 4000
"""Batches that the base's network learns from. [steps]"""
EVERY_WINDOW = 3
"""Trees learn from the steps of one window in so many: they need fewer than a network. [number]"""
THINNED = 3
"""Of what is learned from, one in so many is enough where a source is left out, to tell in a part of the time.
[number]"""
AT_ONCE = 512
"""Windows that a network reads together where it only forecasts. [windows]"""
RIVALS = ("lag_1w", "yesterday", "lag_mean", "adjusted")
"""Inputs that are forecasts themselves, to compare with."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Effort:
    """How many trees and how many steps of the network a base is made with."""

    rounds: int = ROUNDS
    steps: int = NETWORK_STEPS


USUAL = Effort()


def pretrain(corpus: Corpus, *, seed: int, work: Path, effort: Effort | None = None,
             progress: Progress | None = None) -> Base:
    """A base learned from a corpus; the same for the same corpus and seed.

    Of several sources each is left out once, and what a base of the others makes of it is told in the manifest: only
    such figures say how a base does at a station that it has never seen.

    Args:
        corpus: what to learn from.
        seed: of everything random.
        work: a folder where what is finished is found again.
        effort: how much to learn.
        progress: told of each finished part: its number, how many there are, and what it was.

    Raises:
        DataError: a source cannot be read or holds nothing to learn from.
        ConfigError: LightGBM cannot be loaded.
    """
    load_lightgbm()
    effort = effort or USUAL
    told = _Told(progress, len(corpus.sources) * (1 + (len(corpus.sources) > 1)) + 2)
    key = _key(corpus, seed, effort)
    samples = {}
    for source in corpus.sources:
        samples[source.name] = kept_samples(source, seed, work)
        told.part(f"{source.name}: {len(samples[source.name].lessons)} windows")
    left_out = {}
    for name in samples if len(samples) > 1 else ():
        left_out[name] = _kept(work / f"{name}-left-out-{key}.json",
                               partial(_left_out, samples, name, seed, effort))
        told.part(f"{name}, never seen: {left_out[name]['against_best_rule']:.3f} of the best rule's error")
    everything = list(samples.values())
    text = fit_base_trees(*_rows(everything, EVERY_WINDOW), seed=seed, rounds=effort.rounds)
    told.part(f"{effort.rounds} trees")
    network = fit_base_network(_lessons(everything), seed=seed, steps=effort.steps, kept=work / f"network-{key}.pt",
                               progress=lambda step: told.within(f"network: {step} of {effort.steps} steps"))
    told.part(f"network of {sum(value.numel() for value in network.parameters())} weights")
    sources = [_manifest(source, samples[source.name], left_out.get(source.name)) for source in corpus.sources]
    return Base(text, packed(network), {
        "wattcast": __version__, "seed": seed, "rounds": effort.rounds, "steps": effort.steps,
        "parameters": PARAMETERS, "may_ship": all(source.may_ship for source in corpus.sources), "sources": sources})


def _key(corpus: Corpus, seed: int, effort: Effort) -> str:
    """Of all that a base follows from."""
    told = [*(key_of(source, seed) for source in corpus.sources), effort.rounds, effort.steps, PARAMETERS]
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


def _rows(samples: Sequence[Samples], every: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    inputs, corrections = zip(*(each.rows(every) for each in samples), strict=True)
    return np.concatenate(inputs), np.concatenate(corrections)


def _lessons(samples: Sequence[Samples]) -> Lessons:
    return together([each.lessons for each in samples])


def _left_out(samples: dict[str, Samples], name: str, seed: int, effort: Effort) -> dict[str, float]:
    """How a base of all other sources forecasts this one's samples: mean absolute errors in window units."""
    others, left = [each for other, each in samples.items() if other != name], samples[name]
    inputs, corrections = left.rows()
    text = fit_base_trees(*_rows(others, EVERY_WINDOW * THINNED), seed=seed, rounds=effort.rounds)
    trees = np.asarray(load_lightgbm().Booster(model_str=text).predict(inputs))
    network = fit_base_network(_lessons(others), seed=seed, steps=effort.steps // THINNED)
    return errors_of(inputs, corrections, trees, _said(network, left))


def _said(network: DayNetwork, samples: Samples) -> NDArray[np.float64]:
    """The network's corrections `[N]`, in the order of `Samples.rows`."""
    lessons = samples.lessons
    parts = [corrections_of(network, lessons.windows[begin:begin + AT_ONCE].float())
             for begin in range(0, len(lessons), AT_ONCE)]
    said: NDArray[np.float64] = torch.cat(parts)[lessons.corrections.isfinite()].double().numpy()
    return said


def errors_of(inputs: NDArray[np.float32], corrections: NDArray[np.float32], trees: NDArray[np.floating],
              network: NDArray[np.floating]) -> dict[str, float]:
    """Of corrections `[N]` that trees and a network said, of their mean, the base, and of the rules that are inputs:
    mean absolute errors in window units."""
    reference = inputs[:, INPUTS.index("adjusted")]
    right = corrections + reference
    rules = inputs[:, [INPUTS.index(rule) for rule in RIVALS]]
    # What a rule does not know, the reference stands for: all are compared on the same steps.
    rules = np.where(np.isnan(rules), reference[:, None], rules)
    found = {rule: float(np.abs(rules[:, place] - right).mean()) for place, rule in enumerate(RIVALS)}
    said = {"base": (trees + network) / 2, "trees": trees, "network": network}
    errors = {name: float(np.abs(each - corrections).mean()) for name, each in said.items()}
    return {**{name: round(value, 4) for name, value in {**errors, **found}.items()},
            "against_best_rule": round(errors["base"] / min(found.values()), 4)}


def _manifest(source: Source, samples: Samples, left_out: dict[str, float] | None) -> dict[str, Any]:
    return {"name": source.name, "licence": source.licence, "attribution": source.attribution,
            "may_ship": source.may_ship, "sha256": file_hash(source), "windows_a_station": source.windows,
            "windows": len(samples.lessons), "never_seen": left_out, "stations": list(samples.stations)}
