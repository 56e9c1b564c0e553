"""How much of a training a trial is, decided once for all trials of a study and before the first.

Every trial sees the same number of windows, whatever its batch size, and is scored after the same numbers of them:
their scores are comparable. How many, follows from what today's configuration costs and from the time that there is.
"""

from dataclasses import dataclass

from wattcast.tuning.config import TuningConfig

TODAY = 1 / 3
"""Of the seconds that a trial may take on average those that today's configuration gets: most others are dearer.
[share]"""
EPOCHS = 8
"""Scores that a trial should give on its way, so that pruning has something to compare; then epochs are as long as a
training's. [scores]"""
FORWARD = 1 / 3
"""Of the time that a window takes to learn from, what it takes to be scored on. [share]"""
TOLERANCE = 1.25
"""By which a timed price may exceed the limit that the counted one kept: two measurements differ. [times]"""


@dataclass(frozen=True)
class Plan:
    """What a trial is.

    Attributes:
        epochs: at most.
        windows: in an epoch.
        share: of the windows of a whole training that a trial sees.
        scored: origins that a trial is scored on after every epoch.
        window: seconds that a window takes today's configuration.
    """

    epochs: int
    windows: int
    share: float
    scored: int
    window: float

    @property
    def today(self) -> float:
        """Seconds that a trial of today's configuration takes."""
        return self.seconds(self.window)

    def seconds(self, window: float) -> float:
        """Of a trial of a configuration that takes so many a window."""
        return self.epochs * (self.windows + FORWARD * self.scored) * window

    def limit(self, config: TuningConfig) -> float:
        """Seconds that a trial may be priced at, so that with today's all of them take what they may together."""
        if config.trial_timeout is not None:
            return config.trial_timeout
        others = max(1, config.n_trials - 1)
        return max(self.today, (config.n_trials * config.seconds_per_trial - self.today) / others)

    def in_words(self, config: TuningConfig, fitting: float) -> str:
        """For people, before the first trial; `fitting` is the share of configurations that are not too dear."""
        part = "as many as a training of a network" if self.share == 1 else f"{percentage(self.share)} of a training's"
        epochs = f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        return (f"each trial sees {self.epochs * self.windows} windows ({part}) in {epochs}; today's configuration "
                f"takes about {self.today:.0f} s, {percentage(fitting)} of the configurations in the space fit into "
                f"the {self.limit(config):.0f} s that a trial may take")


def plan_trials(config: TuningConfig, *, epochs: int, windows: int, largest_batch: int, scored: int,
                window: float) -> Plan:
    """What a trial is.

    Args:
        config: of the search.
        epochs: of a training at most.
        windows: in an epoch of a training.
        largest_batch: of those that are tried; an epoch is not shorter, unless a training's is.
        scored: origins that a trial is scored on.
        window: seconds that a window takes today's configuration.
    """
    if config.trial_epochs is not None:
        return Plan(config.trial_epochs, windows, config.trial_epochs / epochs, scored, window)
    affordable = TODAY * config.seconds_per_trial / window
    if affordable >= epochs * windows:
        return Plan(epochs, windows, 1.0, scored, window)
    whole = epochs * windows
    if affordable < EPOCHS * windows:
        windows = min(windows, largest_batch)
    epochs = min(epochs, max(1, int(affordable // windows)))
    return Plan(epochs, windows, epochs * windows / whole, scored, window)


def percentage(share: float) -> str:
    """`12 %`, `0.4 %`, `none`."""
    if share == 0:
        return "none"
    return f"{100 * share:.0f} %" if share >= 0.02 else f"{100 * share:.2g} %"
