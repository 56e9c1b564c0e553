"""What a fleet takes, before anything starts: hours, memory and money from parts that are timed on this machine.

Timed are, on some stations, what the first forecast takes that works out the rules' shares, what every other takes, and
what a network takes to learn from a window. All the rest is multiplication.
"""

import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wattcast.data.schema import StationData
from wattcast.data.simulated_sites import simulated_sites
from wattcast.errors import DataError
from wattcast.model.power import PowerNetwork
from wattcast.settings import Settings
from wattcast.store.base import Store
from wattcast.store.memory import MemoryStore
from wattcast.training.base_network import BATCH
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared, input_sizes, prepare
from wattcast.training.pretrain import Price
from wattcast.tuning.plan import FORWARD
from wattcast.workflows.job import ALL_STATIONS, Job
from wattcast.workflows.many import each_station
from wattcast.workflows.stored_sources import FOLDS, windows_each
from wattcast.workflows.together import forecast_together, remember

SAMPLE = 8
"""Stations that are timed at most: a hundredth of a second each, and a tenth for their shares. [stations]"""

BESIDE = 0.05
"""What else a training takes, as a share of what its networks do in all their epochs: boosted trees, shares, the
evaluation of the week that was kept. 0.02 and 0.05 at two hourly stations. [share]"""


@dataclass(frozen=True)
class Parts:
    """What was timed, on one core each.

    Attributes:
        stations: how many.
        steps: of their horizons, on average: most of a forecast's time grows with it.
        first: seconds of a forecast whose shares are not kept yet.
        each: seconds of a forecast whose shares are kept.
        window: seconds that a window takes to learn from.
        windows: that a training sees at most.
        memory: bytes of a process that forecasts; None where the system does not say.
        base: what a base of all takes, on one core.
        made_up: whether the training was timed on a made-up station, as no other has rows of three weeks.
    """

    stations: int
    steps: float
    first: float
    each: float
    window: float
    windows: int
    memory: int | None
    base: Price
    made_up: bool = False

    @property
    def training(self) -> float:
        """Seconds of a training at most; most stop earlier."""
        return self.window * self.windows * (1 + BESIDE)


@dataclass(frozen=True)
class FleetPlan:
    """What so many stations take on so many cores; an estimate.

    `price` is that of a core for an hour, in whatever currency; None for none.
    """

    parts: Parts
    stations: int
    cores: int
    price: float | None = None

    @property
    def rows(self) -> dict[str, float]:
        """Core-seconds by what is done."""
        return {"a night's forecasts, shares kept": self.stations * self.parts.each,
                "shares, when rows come in": self.stations * (self.parts.first - self.parts.each),
                "training all once, at most": self.stations * self.parts.training}

    @property
    def one_base(self) -> float:
        """Core-seconds of a base of all, which no more than one core learns."""
        return self.parts.base.seconds(self.stations, windows_each(self.stations), FOLDS, started=True)

    def to_dict(self) -> dict[str, Any]:
        work = {name: {"core_hours": seconds / 3600, "hours": seconds / 3600 / self.cores,
                       **({} if self.price is None else {"price": seconds / 3600 * self.price})}
                for name, seconds in self.rows.items()}
        memory = None if self.parts.memory is None else self.cores * self.parts.memory
        return {"stations": self.stations, "cores": self.cores, "memory_bytes": memory, "estimate": work,
                "one_base_core_hours": self.one_base / 3600,
                "measured": {**asdict(self.parts), "training_seconds": self.parts.training}}

    def lines(self) -> list[str]:
        """For people."""
        parts = self.parts
        said = [f"timed on {parts.stations} stations of {parts.steps:.0f} steps ahead, one core: a forecast "
                f"{1000 * parts.each:.0f} ms, {1000 * parts.first:.0f} ms with its shares; a window to learn from "
                f"{1000 * parts.window:.0f} ms, {parts.windows} of them in a training at most",
                *(["the training is that of a made-up hourly station: none here has rows of three weeks"]
                  if parts.made_up else []),
                f"estimated for {self.stations} stations on {self.cores} cores:"]
        for name, seconds in self.rows.items():
            money = "" if self.price is None else f", {seconds / 3600 * self.price:.2f} at {self.price:g} a core-hour"
            said.append(f"  {name}: {_span(seconds / self.cores)} ({seconds / 3600:.3g} core-hours{money})")
        said.append(f"  one base of all ('wattcast pretrain --store'): {_span(self.one_base)} of one core")
        if parts.memory is not None:
            said.append(f"  memory: {self.cores * parts.memory / 2**30:.1f} GiB at most, a process a core of "
                        f"{parts.memory / 2**20:.0f} MiB")
        return [*said,
                "an estimate: other cores are faster or slower, and cores that share a memory hold each other up"]


def measured_parts(store: Store, settings: Settings) -> Parts:
    """Timed on some of the store's stations, or on made-up ones where it has none. Nothing is written there."""
    sample = _sample(store)
    aside = MemoryStore()
    for data in sample:
        aside.station(data.station.id.replace("/", "-")).replace_measurements(data)
    job, names = Job(None, ALL_STATIONS, settings, aside), aside.stations()
    forecast_together(job, names[:1])                     # what is loaded once
    begun = time.process_time()
    for name in names:
        remember(job, name)
    shares = (time.process_time() - begun) / len(names)
    begun = time.process_time()
    made = forecast_together(job, names)
    each = (time.process_time() - begun) / len(names)
    steps = [len(outcome.result.outcome.forecast.table) for outcome in made if outcome.result]
    prepared, made_up = _learnable(max(sample, key=lambda data: len(data.frame)), settings.recipe())
    window, windows = _training(prepared, settings.recipe())
    return Parts(len(names), float(np.mean(steps)), shares + each, each, window, windows, _peak(), _base(sample),
                 made_up)


def _sample(store: Store) -> list[StationData]:
    names = [name for name in store.stations() if store.station(name).has_measurements()]
    spread = [names[place] for place in np.unique(np.linspace(0, len(names) - 1, SAMPLE).round().astype(int))
              ] if names else []
    found = [outcome.result for outcome in each_station(spread, lambda name: store.station(name).measurements())]
    return [data for data in found if data is not None and data.measured] or simulated_sites("plan", SAMPLE)


def _base(sample: list[StationData]) -> Price:
    """What a base takes that learns from such stations, or from made-up ones where these are too short."""
    try:
        return Price.of(sample, BATCH)
    except DataError:
        return Price.of(simulated_sites("plan", 1), BATCH)


def _learnable(data: StationData, recipe: Recipe) -> tuple[Prepared, bool]:
    """A history that a network can learn from, and whether it is a made-up one, as this one is too short."""
    try:
        return prepare(data, recipe), False
    except DataError:
        return prepare(simulated_sites("plan", 1)[0], recipe), True


def _training(prepared: Prepared, recipe: Recipe) -> tuple[float, int]:
    """Seconds that a window takes, and how many a training sees at most, its validation counted as what it takes."""
    from wattcast.training.engine import step_weights, target_weights
    from wattcast.training.module import PowerModule
    from wattcast.tuning.objective import forward_and_back
    from wattcast.tuning.price import seconds_per_window

    training, targets = recipe.training, prepared.pipeline.station.targets
    network = PowerNetwork(recipe.model, input_sizes(prepared.table, prepared.shape, recipe))
    module = PowerModule(network, training, step_weights(training, prepared.shape),
                         target_weights(training, targets), 1)
    dataset = prepared.windows_until(prepared.split.train_limit, recipe)
    window = seconds_per_window(forward_and_back(module, dataset, prepared.split.train_origins), training.batch_size,
                                time.process_time)
    an_epoch = training.batches_per_epoch * training.batch_size + FORWARD * len(prepared.split.validation_origins)
    return window, int(training.networks(prepared.shape.kind) * training.epochs * an_epoch)


def _peak() -> int | None:
    """Bytes of memory that this process has had at most; None on a system that does not say."""
    if sys.platform == "win32":
        return None
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def _span(seconds: float) -> str:
    """`31 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
