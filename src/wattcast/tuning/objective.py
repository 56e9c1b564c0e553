"""What a trial does: train one configuration on the history, and how good the result is by a fixed measure.

The measure is the mean pinball loss in scaled units, weighted by step and target as *today's* configuration weighs
them and validated in its batches: a trial cannot look better by weighing its own errors less. The validation origins of
training are divided: trials are scored on some, what was found is compared on the others. What is measured after the
history's end is never seen. A trial is the beginning of a training, the same for all (`tuning.plan`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from wattcast.contracts import QUANTILES
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.model.losses import pinball, weighted_mean
from wattcast.model.power import InputSizes, PowerNetwork
from wattcast.training.config import Recipe
from wattcast.training.engine import step_weights, target_weights, training_device
from wattcast.training.fit import fit_prepared
from wattcast.training.memory import GIB, footprint, free_memory
from wattcast.training.module import PowerModule
from wattcast.training.prepared import input_sizes, prepare
from wattcast.training.record import EpochRecord
from wattcast.training.shapes import decomposition
from wattcast.tuning.config import TuningConfig
from wattcast.tuning.plan import Plan, plan_trials
from wattcast.tuning.price import seconds_per_window, work
from wattcast.tuning.space import Space, Value, average_over, with_values
from wattcast.windows.dataset import WindowDataset, network_inputs

FEWEST_ORIGINS = 3
"""One to search on and two whose differences have a spread. [origins]"""

LOOKED_AT = 2000
"""Configurations of the space by which is told how dear they are. [configurations]"""

SHARE_OF_FREE = 0.8
"""Of the free memory that a trial may take: others live here, too, and the estimate is one. [share]"""


class Unpromising(Exception):
    """A trial that is not worth going on with; the message says why."""


class Objective:
    """Scores configurations on one station's history.

    Args:
        data: the history that training would see.
        recipe: today's configuration.
        config: of the search.

    Raises:
        DataError: too little history to divide the validation origins.
    """

    def __init__(self, data: StationData, recipe: Recipe, config: TuningConfig) -> None:
        self.recipe, self.config = recipe, config
        whole = prepare(data, recipe)
        targets, horizon = whole.table.targets, whole.shape.horizon
        origins = np.asarray([origin for origin in whole.split.validation_origins
                              if np.isfinite(targets[origin:origin + horizon]).any()])
        if len(origins) < FEWEST_ORIGINS:
            raise DataError("there is too little history to search on", found=f"{len(origins)} validation origins",
                            expected=f"at least {FEWEST_ORIGINS}",
                            hint="add older data, or raise windows.validation_origins or windows.validation_share")
        count = min(config.search_origins, len(origins) // 2)
        self.origins = origins[np.linspace(0, len(origins) - 1, count).round().astype(np.int64)]
        self.other_origins: NDArray[np.int64] = np.setdiff1d(origins, self.origins)
        self.prepared = replace(whole, split=replace(whole.split, validation_origins=self.origins))
        self._today_sizes, self._of_model = self._sizes(recipe), set(type(recipe.model).model_fields)

    def plan_trials(self, space: Space) -> Plan:
        """What a trial is, from what today's configuration takes; a few seconds."""
        today = self.recipe.training
        batches, random = (*space.get("batch_size", ()), today.batch_size), np.random.default_rng(0)
        prices = [self.times_today({key: values[random.integers(len(values))] for key, values in space.items()})
                  for _ in range(LOOKED_AT)]
        # The smaller of both is what a window takes here while no other program is at work.
        window = min(self.seconds_per_window({}, of_processor=steady) for steady in (False, True))
        return plan_trials(self.config, epochs=today.epochs, windows=self.windows({}), largest_batch=int(max(batches)),
                           scored=len(self.origins), window=window, prices=np.asarray(prices))

    def windows(self, values: Mapping[str, Value]) -> int:
        """That a training of these values sees in an epoch."""
        training = self.recipe_of(values).training
        return min(training.batches_per_epoch * training.batch_size, len(self.prepared.split.train_origins))

    def recipe_of(self, values: Mapping[str, Value], plan: Plan | None = None) -> Recipe:
        """What a trial with these values trains; without a plan, what a training of them does.

        In a trial the average of the weights spans the same share of the steps.
        """
        chosen = with_values(self.recipe, values)
        if plan is None:
            return chosen
        training = chosen.training
        return chosen.model_copy(update={"training": training.model_copy(update={
            "epochs": plan.epochs, "ema_decay": average_over(training.ema_decay, 1 / plan.share)})})

    def train(self, values: Mapping[str, Value], plan: Plan, folder: Path, *,
              on_epoch: Callable[[EpochRecord], None]) -> float:
        """Train with these values; the best epoch's loss on the search's origins.

        A training that `on_epoch` ended goes on from its last epoch in `folder`.
        """
        _, history = fit_prepared(self.prepared, self.recipe_of(values, plan), folder, measure=self.recipe.training,
                                  on_epoch=on_epoch, windows=plan.windows, announce=False)
        return min(record.val_loss for record in history if record.best)

    def times_today(self, values: Mapping[str, Value]) -> float:
        """How many times as much there is to compute for a window as in today's configuration."""
        today, lookback = self.recipe.model, self.prepared.shape.lookback
        # Thousands are asked for; that the values are possible was checked when the space was made.
        chosen = today.model_copy(update={key: value for key, value in values.items() if key in self._of_model})
        return work(chosen, self._today_sizes, lookback) / work(today, self._today_sizes, lookback)

    def seconds_per_window(self, values: Mapping[str, Value], *, of_processor: bool = False) -> float:
        """What a window takes, forward and back, timed here and now.

        Args:
            values: of the configuration.
            of_processor: what the processor works on it, if it trains there, so that two configurations can be compared
                while other programs come and go.
        """
        recipe, prepared = self.recipe_of(values), self.prepared
        network, dataset = self._network(values), self._dataset()
        targets = prepared.pipeline.station.targets
        module = PowerModule(network, recipe.training, step_weights(recipe.training, prepared.shape),
                             target_weights(recipe.training, targets), 1)
        module.to(self._device())
        at_once = footprint(network, dataset.batch(self.origins[:1])).at_once(recipe.training.batch_size)
        train = forward_and_back(module, dataset, prepared.split.train_origins)
        steady = of_processor and self._device().type == "cpu"
        return seconds_per_window(train, at_once, time.process_time if steady else time.perf_counter)

    def require_memory(self, values: Mapping[str, Value]) -> None:
        """Ask whether a training with these values fits into memory.

        Raises:
            Unpromising: it does not.
        """
        limit = self._memory_limit()
        if limit is None:
            return
        found = footprint(self._network(values).to(self._device()), self._dataset().batch(self.origins[:1]))
        needed = found.needed(self.recipe_of(values).training.batch_size)
        if needed > limit:
            raise Unpromising(f"it would take about {needed / GIB:.2f} GiB of memory of {limit / GIB:.2f} GiB")

    def train_in_full(self, values: Mapping[str, Value], folder: Path, *,
                      on_epoch: Callable[[EpochRecord], None] | None = None) -> NDArray[np.float64]:
        """Train a network as a training would; the loss at each of the other origins, which it has not seen.

        The seed is today's whatever the values. A training that was interrupted goes on from its last epoch in
        `folder`.
        """
        network, _ = fit_prepared(self.prepared, self.recipe_of(values), folder, on_epoch=on_epoch)
        return self.losses(network)

    def losses(self, network: PowerNetwork) -> NDArray[np.float64]:
        """The loss at each of the other origins."""
        dataset, training = self._dataset(), self.recipe.training
        steps = torch.from_numpy(step_weights(training, self.prepared.shape))
        targets = torch.tensor(target_weights(training, self.prepared.pipeline.station.targets))
        found = []
        with torch.inference_mode():
            for origin in self.other_origins:
                batch = dataset.batch(np.asarray([origin]))
                loss = pinball(network(**network_inputs(batch)), batch["target"], torch.tensor(QUANTILES))
                found.append(weighted_mean(loss, batch["target_mask"], steps[None, :, None], targets).item())
        return np.asarray(found)

    @property
    def other_weeks(self) -> float:
        """How many weeks that do not overlap the other origins' horizons cover."""
        horizon = self.prepared.shape.horizon
        return float(self.other_origins[-1] + horizon - self.other_origins[0]) / horizon

    @property
    def week_of_others(self) -> NDArray[np.int64]:
        """In which week, counted from the first of them, each of the other origins lies."""
        week: NDArray[np.int64] = (self.other_origins - self.other_origins[0]) // self.prepared.shape.week
        return week

    def shape(self, values: Mapping[str, Value]) -> str:
        """A name for all values that a window takes as long with."""
        sizes = {key: values[key] for key in sorted(self._of_model & values.keys() - {"drop_rate"})}
        return " ".join(f"{key}={value}" for key, value in sizes.items())

    def _network(self, values: Mapping[str, Value]) -> PowerNetwork:
        recipe = self.recipe_of(values)
        return PowerNetwork(recipe.model, self._sizes(recipe))

    def _sizes(self, recipe: Recipe) -> InputSizes:
        return input_sizes(self.prepared.table, self.prepared.shape, recipe)

    def _dataset(self) -> WindowDataset:
        return WindowDataset(self.prepared.table, self.prepared.scalers, self.prepared.shape,
                             limit=self.prepared.split.validation_limit, decomposition=decomposition(self.recipe))

    def _memory_limit(self) -> float | None:
        if self.config.memory_limit is not None:
            return self.config.memory_limit * GIB
        free = free_memory(on_gpu=self._device().type == "cuda")
        return None if free is None else SHARE_OF_FREE * free

    def _device(self) -> torch.device:
        return training_device(self.recipe.training)


def forward_and_back(module: PowerModule, dataset: WindowDataset,
                     origins: NDArray[np.int64]) -> Callable[[int], None]:
    """Sends so many windows at some of the origins through a network and back, as training does."""
    def train(count: int) -> None:
        chosen = origins[np.linspace(0, len(origins) - 1, count).round().astype(np.int64)]
        batch = module.transfer_batch_to_device(dataset.batch(chosen), module.device, 0)
        loss = module.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        loss.item()                             # an accelerator has done all before this
        module.zero_grad()

    return train
