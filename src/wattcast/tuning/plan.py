"""How much of a training a trial is, decided once for all trials of a study and before the first.

Every trial is scored on the same origins after the same numbers of windows, whatever its batch size: scores are
comparable. How many windows, and how dear a configuration may be to be drawn as often as any other, follows from what
today's configuration costs and from the time that there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattcast.tuning.config import TuningConfig
from wattcast.tuning.stages import expected_epochs, stage_ends

FEWEST_EPOCHS = {"usual": 9, "low": 3}
"""Epochs of the largest batch that a trial has at least if it goes on to its end, by fidelity: less tells little.
[epochs]"""
FORWARD = 1 / 3
"""Of the time that a window takes to learn from, what it takes to be scored on. [share]"""
TOLERANCE = 1.25
"""By which a timed price may exceed the limit that the counted one kept: two measurements differ. [times]"""
SELDOM = 2
"""Twice as dear, a quarter as often. [times]"""


@dataclass(frozen=True)
class Plan:
    """What a trial is.

    Attributes:
        epochs: at most, of a trial that goes on to its end.
        windows: in an epoch.
        share: of the windows of a whole training that such a trial sees.
        scored: origins that a trial is scored on after every epoch.
        window: seconds that a window takes today's configuration.
        halving: whether there are stages, after which only the best go on.
        even: times as dear as today's that a configuration may be to be drawn as often as a cheaper one.
        times: as dear as today's that those which are drawn are on average.
        low: seconds that a trial would take on average with the fidelity `low`.
    """

    epochs: int
    windows: int
    share: float
    scored: int
    window: float
    halving: bool
    even: float
    times: float
    low: float

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Plan":
        """From what a study keeps of it."""
        return cls(**kept)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The last epoch of each stage."""
        return stage_ends(self.epochs, self.halving)

    def seconds(self, times: float, epochs: float) -> float:
        """Of so many epochs of a configuration that is so many times as dear as today's."""
        return epochs * (self.windows + FORWARD * self.scored) * self.window * times

    @property
    def today(self) -> float:
        """Seconds that a trial of today's configuration takes, to its end."""
        return self.seconds(1.0, self.epochs)

    @property
    def average(self) -> float:
        """Seconds that a trial takes, as most end after their first stage."""
        return self.seconds(self.times, expected_epochs(self.ends))

    def how_often(self, times: float) -> float:
        """How often a configuration is drawn that is so many times as dear as today's, 1 at most."""
        return float(min(1.0, (self.even / times) ** SELDOM))

    def fitting(self, config: TuningConfig, average: float | None = None) -> int:
        """About how many trials fit into `optuna_timeout`, if one takes `average` seconds instead of the plan's."""
        others = max(0.0, config.optuna_timeout - self.today) / (average or self.average)
        return min(config.n_trials, 1 + int(others))

    def in_words(self, config: TuningConfig) -> str:
        """For people, before the first trial."""
        epochs = f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        part = "as many as a training of a network" if self.share == 1 else f"{percentage(self.share)} of a training's"
        whole = self.epochs * self.windows
        sees = (f"each trial sees {self.ends[0] * self.windows} windows and the best third go on, to {whole}"
                if len(self.ends) > 1 else f"each trial sees {whole} windows")
        fits = self.fitting(config)
        told = (f"all {fits} trials take about {duration(self.today + (fits - 1) * self.average)}"
                if fits == config.n_trials else
                f"about {fits} of {config.n_trials} trials fit in {duration(config.optuna_timeout)}"
                + (f"; {self.fitting(config, self.low)} with --fidelity low" if config.fidelity == "usual" else ""))
        return (f"{sees} ({part}) in {epochs}; today's configuration takes about "
                f"{duration(self.today)}, those that are drawn {self.times:.1f} times as long; {told}")


def plan_trials(config: TuningConfig, *, epochs: int, windows: int, largest_batch: int, scored: int, window: float,
                prices: NDArray[np.float64]) -> Plan:
    """What a trial is.

    Args:
        config: of the search.
        epochs: of a training at most.
        windows: in an epoch of a training.
        largest_batch: of those that are tried; an epoch is not shorter, unless a training's is.
        scored: origins that a trial is scored on.
        window: seconds that a window takes today's configuration.
        prices: of configurations drawn at random from the space, in prices of today's.
    """
    seldom = mean_price(prices, 1.0)
    if config.trial_epochs is not None:
        plan = Plan(config.trial_epochs, windows, config.trial_epochs / epochs, scored, window, config.halving, 1.0,
                    seldom, 0.0)
    else:
        plan = _longest(config, epochs, windows, largest_batch, Plan(1, 1, 1.0, scored, window, config.halving, 1.0,
                                                                     seldom, 0.0))
    even = max((each for each in np.unique(np.quantile(prices, np.linspace(0, 1, 101)))
                if replace(plan, even=each, times=mean_price(prices, each)).average <= config.seconds_per_trial),
               default=1.0)
    plan = replace(plan, even=max(1.0, float(even)), times=mean_price(prices, max(1.0, even)))
    shortest = min(plan.epochs, FEWEST_EPOCHS["low"])
    cheaper = replace(plan, epochs=shortest, windows=min(plan.windows, largest_batch), even=1.0, times=seldom)
    return replace(plan, low=min(plan.average, cheaper.average))


def mean_price(prices: NDArray[np.float64], even: float) -> float:
    """Of the configurations that are drawn, if those up to `even` are drawn alike and dearer ones more seldom."""
    often = np.minimum(1.0, (even / prices) ** SELDOM)
    return float((often * prices).sum() / often.sum())


def _longest(config: TuningConfig, epochs: int, windows: int, largest_batch: int, plan: Plan) -> Plan:
    """The longest trials that the time allows, and at least as long as the fidelity demands."""
    # A handful of trials, of which each goes to its end, are short ones.
    fewest = min(epochs, FEWEST_EPOCHS[config.fidelity if config.halving else "low"])
    made = [replace(plan, epochs=count, windows=size, share=count * size / (epochs * windows))
            for size in dict.fromkeys((windows, min(windows, largest_batch)))
            for count in range(epochs, fewest - 1, -1)]
    return next((each for each in made if each.average <= config.seconds_per_trial), made[-1])


def percentage(share: float) -> str:
    """`12 %`, `0.4 %`, `none`."""
    if share == 0:
        return "none"
    return f"{100 * share:.0f} %" if share >= 0.02 else f"{100 * share:.2g} %"


def duration(seconds: float) -> str:
    """`31 s`, `12 min`."""
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.0f} min"
