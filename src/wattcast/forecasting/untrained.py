"""A forecast without any training: what the rules that read the last weeks say, blended by how they did in them.

From the first day on. The shorter the history, the fewer rules have something to go by and the wider the bands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from wattcast.contracts import QUANTILES, Forecast, Kind, View, quantile_column
from wattcast.data.limits import chosen_limits, kept_limits
from wattcast.errors import DataError
from wattcast.experts.bands import FloatArray, with_band
from wattcast.experts.shares import by_target, mixture
from wattcast.features.solar import solar_features
from wattcast.forecasting.judged import Judged, Share, ask, judge
from wattcast.forecasting.postprocess import Limits, usual
from wattcast.forecasting.readied import READ_DAYS, Readied
from wattcast.timegrid import followed_clock, lead_days
from wattcast.training.config import Recipe

NAME = "untrained"


@dataclass(frozen=True, eq=False)
class UntrainedForecaster:
    """Implements `contracts.Forecaster`.

    Attributes:
        recipe: says which features there are.
        alone: the one expert that is asked; None for all that learn nothing.
    """

    recipe: Recipe
    alone: str | None = None

    @property
    def name(self) -> str:
        return self.alone or NAME

    def fit(self, view: View) -> Self:
        """Itself: there is nothing to learn."""
        return self

    def forecast(self, view: View) -> Forecast:
        """The horizon from whatever was measured before it; from kind and capacity alone where nothing was.

        Raises:
            DataError: a target was not measured for `READ_DAYS`, and the station has no capacity either; or the expert
                that is asked alone is not for such a station.
        """
        data = view.training_data()
        if not data.measured:
            require_capacity(view, view.station.targets[0])
            return capacity_alone(view, self.name)
        readied = Readied.of(view, self.recipe, self.alone)
        judged = judge(readied)
        said = ask(readied.experts, readied.windows, np.asarray([readied.rows]))
        return finished(view, judged, {name: each[0] for name, each in said.items()}, self.name)


def finished(view: View, judged: Judged, said: Mapping[str, FloatArray], name: str = NAME) -> Forecast:
    """The forecast that the rules' words make `[H, C]`, of those at least that have a share.

    Raises:
        DataError: a target was not measured for `READ_DAYS`, and the station has no capacity.
    """
    index = pd.DatetimeIndex(view.future().index)
    columns: dict[str, FloatArray] = {}
    for position, target in enumerate(view.station.targets):
        share = judged.shares[target]
        if share is None:
            require_capacity(view, target)
            columns |= _by_capacity(view, target, index)
        else:
            columns |= blended(view, target, share, {name: each[:, position] for name, each in said.items()}, index)
    label = name if name != NAME else label_of(judged.shares)
    limits = Limits.of(view.station, chosen_limits(view.station, judged.kept))
    return told(view, label, *limits.apply(pd.DataFrame(columns, index=index)))


def label_of(shares: Mapping[str, Share | None]) -> str:
    """What makes the forecast of each target."""
    names = {target: "kind and capacity alone" if share is None else
             mixture({name: round(part, 2) for name, part in share.weights.items()})
             for target, share in shares.items()}
    return f"{NAME}: {by_target(names)}"


def capacity_alone(view: View, name: str = NAME) -> Forecast:
    """The forecast of a station that was never measured."""
    nothing = Judged(0, kept_limits(view.training_data().frame, view.station), dict.fromkeys(view.station.targets))
    return finished(view, nothing, {}, name)


def require_capacity(view: View, target: str) -> None:
    """Nothing, unless the station has no capacity to go by where a target was not measured.

    Raises:
        DataError: the message names the target.
    """
    if view.station.capacity is None:
        raise DataError(f"station {view.station.id}: {target} has no measured value in the {READ_DAYS} days before "
                        f"{view.origin}", hint="with data.capacity and data.kind a forecast is made without any "
                                               "history")


def blended(view: View, target: str, share: Share, said: Mapping[str, FloatArray],
            index: pd.DatetimeIndex) -> dict[str, FloatArray]:
    """A target's columns from what the rules say of it `[H]`."""
    used = {name: part for name, part in share.weights.items() if part > 0}
    median = np.stack([said[name] for name in used], -1) @ np.asarray(list(used.values()))
    hours = np.asarray(followed_clock(index, view.station.by_wall_clock).hour, np.int64)
    return with_band(target, median, share.band.offsets(lead_days(index), hours))


def told(view: View, label: str, table: pd.DataFrame, notes: Sequence[str]) -> Forecast:
    """The forecast of a table within its limits, and what these have changed."""
    return Forecast(view.station.id, view.origin, label, table, tuple(note for note in notes if not usual(note)),
                    tuple(filter(usual, notes)))


def _by_capacity(view: View, target: str, index: pd.DatetimeIndex) -> dict[str, FloatArray]:
    """What a station of its kind and size might do: for want of anything better, and with bands that say so."""
    capacity, station = view.station.capacity or 0.0, view.station
    if station.kind is Kind.LOAD:
        shares = {level: np.full(len(index), 0.1 + 0.7 * level) for level in QUANTILES}
    elif station.kind is Kind.WIND:
        shares = {level: np.full(len(index), level ** 1.7) for level in QUANTILES}
    else:
        sun = _sun(view, index)
        shares = {level: level * sun for level in QUANTILES}
    return {target: capacity * shares[0.5]} | {quantile_column(target, level): capacity * share
                                               for level, share in shares.items()}


def _sun(view: View, index: pd.DatetimeIndex) -> FloatArray:
    """A clear day's sun, 1 at its highest; from six to six where the place is not known."""
    if view.station.location.has_coordinates:
        clear = solar_features(index, view.station.location, view.horizon.step)["clear_sky_irradiance"]
        sun: FloatArray = clear.to_numpy(np.float64).clip(0, 1)
        return sun
    hours = index.hour.to_numpy() + index.minute.to_numpy() / 60
    from_six: FloatArray = np.maximum(np.sin((hours - 6) * np.pi / 12), 0.0)
    return from_six
