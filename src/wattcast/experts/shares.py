"""What was decided on the validation origins, as a version keeps it."""

from wattcast.contracts import Config

Factors = tuple[tuple[float, ...], ...]
"""By lead day, for the pairs of quantiles 40/60, 30/70, 20/80 and 10/90: how many of its distances a quantile lies from
the median (`forecasting.calibrate`)."""


class TargetSelection(Config):
    """Which forecasters make one target's forecast, and how wide its bands are.

    `weights` and `errors` are by candidate: its share in the median (all sum to 1), and its mean absolute error over
    the validation origins in the target's unit, null where nothing was measured. `off_weights` are the shares where a
    day is off and a lag's was not, or the other way round (`forecasting.inference`); null, in versions that did not
    choose them, is the network alone. `error` is the error of the median that the weights make. `network_factors`
    belong to the network alone. `level` is how much of the ratio by which the last weeks were above or below their
    forecasts the network and the trees follow, from 0 to 1 (`forecasting.level`).
    `simple_only`: what has learned is stored and has no part in the forecast, since it did clearly worse than a simple
    forecast on the weeks kept apart (`evaluation.first_gate`).
    """

    weights: dict[str, float]
    errors: dict[str, float | None]
    error: float | None
    factors: Factors
    network_factors: Factors
    level: float = 0.0
    simple_only: bool = False
    off_weights: dict[str, float] | None = None


class Selection(Config):
    """One choice for each target, made on `origins` validation origins between `first` and `last`."""

    targets: dict[str, TargetSelection]
    origins: int
    first: str
    last: str

    @property
    def follows_level(self) -> bool:
        """Whether any target's forecast follows its recent level."""
        return any(chosen.level > 0 for chosen in self.targets.values())

    @property
    def used(self) -> set[str]:
        """The experts that have a share in any target's forecast."""
        return {name for chosen in self.targets.values() for weights in (chosen.weights, chosen.off_weights or {})
                for name, share in weights.items() if share > 0}

    @property
    def simple_only(self) -> tuple[str, ...]:
        """The targets that only simple forecasts are used for."""
        return tuple(target for target, chosen in self.targets.items() if chosen.simple_only)

    @property
    def label(self) -> str:
        """What makes the forecast: `network`, or `0.6 network + 0.4 weekly-mean`; by target where they differ."""
        return by_target({target: mixture(chosen.weights) for target, chosen in self.targets.items()})


def by_target(words: dict[str, str]) -> str:
    """The words, or each target with its own where they differ."""
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{target} {own}" for target, own in words.items())


def mixture(weights: dict[str, float], names: dict[str, str] | None = None) -> str:
    """`weekly-mean`, or `0.6 network + 0.4 weekly-mean`; with other names for the candidates where given."""
    used = sorted(((share, name) for name, share in weights.items() if share > 0), key=lambda each: -each[0])
    named = [(share, (names or {}).get(name, name)) for share, name in used]
    return named[0][1] if len(named) == 1 else " + ".join(f"{share:g} {name}" for share, name in named)
