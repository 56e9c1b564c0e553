"""A forecast taken apart: the usual day, and what each group of its inputs adds to it.

The contributions of what can be as usual or not are Shapley values (Shapley, *Contributions to the Theory of Games* II,
1953): the mean of what a group adds over all orders in which the groups can come in, here over every subset of them and
not over a sample. Their sum is then the difference between the forecast with everything as it is and the one with
everything as usual (the axiom of efficiency), and a group that changes nothing gets nothing (the axiom of the null
player). What lies outside of that is told by itself and not spread over the groups: how the forecast of an entirely
usual day differs from the plain mean of the last weeks (`groups.LEARNED`), and what the limits cut off.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from wattcast.contracts import MIDDLE, Forecast, View
from wattcast.explain.groups import BASE_GROUP, DAY_TYPE, LEARNED, LEVEL, LIMITS, Group, Scene, column_groups, merged
from wattcast.explain.replay import FloatArray, blended, replay, uses_base
from wattcast.forecasting.predictor import NetworkForecaster

MOST, MOST_WITH_BASE = 6, 5
"""Groups that are put in and left out in every combination, the base's aside: 64 forecasts, or 32 where the base has to
be asked for each, which takes as long as all the others together."""

Subset = frozenset[str]


@dataclass(frozen=True, eq=False)
class Weather:
    """A known column over the horizon `[H]`, as it was given and as it usually is at that time of day."""

    column: str
    given: FloatArray
    usual: FloatArray


@dataclass(frozen=True, eq=False)
class Explanation:
    """A forecast's medians, taken apart: `usual` and all `parts` together are the `median`, to rounding in double
    precision.

    Attributes:
        forecast: that is explained, as it is filed.
        index: `[H]`, its steps.
        usual: `[H, C]`, the usual day.
        parts: `[H, C]` by the keys of groups, in the order in which they are told.
        median: `[H, C]`.
        groups: those whose columns were changed, by their keys.
        weather: of those columns the ones that are quantities, by their groups' keys.
        special: `[H]`, steps on days that are of another type than usual.
    """

    forecast: Forecast
    index: pd.DatetimeIndex
    usual: FloatArray
    parts: Mapping[str, FloatArray]
    median: FloatArray
    groups: Mapping[str, Group]
    weather: Mapping[str, tuple[Weather, ...]]
    special: "np.ndarray[tuple[int], np.dtype[np.bool_]]"


def shapley(worth: Mapping[Subset, FloatArray], players: Sequence[str]) -> dict[str, FloatArray]:
    """The Shapley value of each player.

    Args:
        worth: of every subset of the players, arrays of one shape.
        players: their names.
    """
    count = len(players)
    values = {}
    for player in players:
        others = [name for name in players if name != player]
        value = np.zeros_like(worth[frozenset()])
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for chosen in combinations(others, size):
                subset = frozenset(chosen)
                value = value + weight * (worth[subset | {player}] - worth[subset])
        values[player] = value
    return values


def explain(forecaster: NetworkForecaster, view: View) -> Explanation:
    """Take the forecast from `view.origin` apart.

    Raises:
        WattcastError: as `NetworkForecaster.forecast`.
    """
    basis = forecaster.basis(view)
    forecast = forecaster.finished(basis)
    scene = Scene.of(basis)
    groups = _players(scene)
    worth = _worth(scene, groups)
    players = [group.key for group in groups] + ([BASE_GROUP] if uses_base(basis) else [])
    targets = list(basis.model.station.targets)
    median = forecast.table[targets].to_numpy(np.float64)
    usual = scene.usual[basis.rows:]
    values = shapley(worth, players)
    parts = {LEARNED: worth[frozenset()] - usual,
             **{key: values.get(key, np.zeros_like(usual)) for key in (DAY_TYPE, LEVEL)}, **values,
             LIMITS: median - basis.quantiles[..., MIDDLE]}
    return Explanation(forecast, basis.features.index[basis.rows:], usual, _told(parts), median,
                       {group.key: group for group in groups}, _weather(scene, groups),
                       ~scene.ordinary[basis.rows:])


def _told(parts: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """In the order in which people think: the day, its level, its weather, what others know, limits."""
    first, last = (DAY_TYPE, LEVEL), (LEARNED, BASE_GROUP, LIMITS)
    middle = [key for key in parts if key not in (*first, *last)]
    return {key: parts[key] for key in (*first, *middle, *last) if key in parts}


def _players(scene: Scene) -> list[Group]:
    """The groups that are put in and left out, without those of which nothing is other than usual."""
    fixed = [group for group in (Group(DAY_TYPE), Group(LEVEL)) if group.key == LEVEL or scene.differs(group)]
    columns = [group for group in column_groups(scene.basis.model.station.known_future) if scene.differs(group)]
    most = (MOST_WITH_BASE if uses_base(scene.basis) else MOST) - len(fixed)
    if len(columns) > most:
        columns = merged(columns, _effects(scene, columns), most)
    return [*fixed, *columns]


def _effects(scene: Scene, groups: Sequence[Group]) -> dict[str, float]:
    """By how much the forecast changes where each group alone is as usual, in all steps and targets."""
    keys = [group.key for group in groups]
    made = replay(scene.basis, [scene.table(groups, [other for other in keys if other != key]) for key in keys],
                  [True] * len(keys))
    changes = blended(scene.basis, made.medians, [True] * len(keys)) - scene.basis.quantiles[..., MIDDLE]
    scale = scene.basis.model.scalers.targets.scale
    return {key: float((np.abs(change) / scale).mean()) for key, change in zip(keys, changes, strict=True)}


def _worth(scene: Scene, groups: Sequence[Group]) -> dict[Subset, FloatArray]:
    """The median `[H, C]` before limits with each subset of the groups as they are, and all others as usual."""
    subsets = _subsets([group.key for group in groups])
    level = [LEVEL in subset for subset in subsets]
    basis = scene.basis
    made = replay(basis, [scene.table(groups, subset) for subset in subsets], level)
    filed = basis.quantiles[..., MIDDLE]
    with_base = dict(zip(subsets, blended(basis, made.medians, level), strict=True))
    # The whole is what is filed: windows that are asked in other company differ in their last bits.
    everything = subsets[-1]
    if not uses_base(basis):
        return with_base | {everything: filed}
    without = zip(subsets, blended(basis, made.without_base, level), strict=True)
    return {**dict(without), **{subset | {BASE_GROUP}: values for subset, values in with_base.items()},
            everything | {BASE_GROUP}: filed}


def _subsets(keys: Collection[str]) -> list[Subset]:
    """All of them, the empty one first and the whole one last."""
    return [frozenset(chosen) for size in range(len(keys) + 1) for chosen in combinations(keys, size)]


def _weather(scene: Scene, groups: Sequence[Group]) -> dict[str, tuple[Weather, ...]]:
    rows, places = scene.basis.rows, scene.basis.model.pipeline.weather_places
    known, usual = scene.features.known[rows:].astype(np.float64), scene.usual_known[rows:]
    return {group.key: tuple(Weather(name, known[:, places[name][0]], usual[:, places[name][0]])
                             for name in group.columns if len(places[name]) == 1) for group in groups if group.columns}

