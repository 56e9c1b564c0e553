"""A forecast taken apart: the usual day, and what each group of its inputs adds to it.

The contributions of what can be as usual or not are Shapley values (Shapley, *Contributions to the Theory of Games* II,
1953): the mean of what a group adds over all orders in which the groups can come in, here over every subset of them and
not over a sample. Their sum is then the difference between the forecast with everything as it is and the one with
everything as usual (the axiom of efficiency), and a group that changes nothing gets nothing (the axiom of the null
player). What lies outside of that is told by itself and not spread over the groups: how the forecast of an entirely
usual day differs from the plain mean of the last weeks (`groups.LEARNED`, or `groups.RULES` without a model), and what
the limits cut off.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import factorial
from typing import Protocol

import numpy as np
import pandas as pd

from wattcast.contracts import MIDDLE, TARGETS, Forecast, Kind, View
from wattcast.experts.network import NETWORK
from wattcast.experts.trained import TrainedModel
from wattcast.explain import groups as keys
from wattcast.explain.groups import BASE_GROUP, DAY_TYPE, LEVEL, LIMITS, Group, Scene, column_groups, merged
from wattcast.explain.replay import BoolArray, FloatArray, blended, replay, uses_base
from wattcast.forecasting.levelled import days_off
from wattcast.forecasting.predictor import Basis
from wattcast.timegrid import lead_days

MOST = 6
"""Groups that are put in and left out in every combination, the base's aside: 64 forecasts. [groups]"""

LESS_WITH_BASE = 1
"""So many fewer where the base has to be asked for each of them, for each target. [groups]"""

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
        holiday: `[H]`, steps on days off that would be worked in a week without holidays.
        exchanged: `[H]`, steps on worked days that would be off.
        kind: of the station.
    """

    forecast: Forecast
    index: pd.DatetimeIndex
    usual: FloatArray
    parts: Mapping[str, FloatArray]
    median: FloatArray
    groups: Mapping[str, Group]
    weather: Mapping[str, tuple[Weather, ...]]
    holiday: BoolArray
    exchanged: BoolArray
    kind: Kind

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the C targets."""
        return tuple(name for name in TARGETS if name in self.forecast.table)

    @property
    def days(self) -> list[slice]:
        """The steps of each day ahead, from the origin's time to the same time on the wall."""
        return days_of(self.index)


def days_of(index: pd.DatetimeIndex) -> list[slice]:
    """The steps of each day of a horizon, from the origin's time to the same time on the wall."""
    number = lead_days(index)
    edges = np.searchsorted(number, np.arange(number[-1] + 2))
    return [slice(int(first), int(last)) for first, last in pairwise(edges)]


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


class Explainable(Protocol):
    """Whose forecasts can be taken apart."""

    @property
    def model(self) -> TrainedModel | None:
        """What was trained; None of rules that learn nothing."""

    def made(self, view: View) -> tuple[Basis, Forecast]:
        """The forecast from `view.origin`, and what it is made of."""


def explain(forecaster: Explainable, view: View) -> Explanation:
    """Take the forecast from `view.origin` apart.

    Raises:
        WattcastError: as the forecaster's `made`.
    """
    return explained(Scene.of(*forecaster.made(view)))


def explained(scene: Scene) -> Explanation:
    """Take a scene's forecast apart."""
    basis, forecast = scene.basis, scene.forecast
    groups = _players(scene)
    worth = _worth(scene, groups)
    players = [group.key for group in groups] + ([BASE_GROUP] if uses_base(basis) else [])
    targets = list(basis.model.station.targets)
    median = forecast.table[targets].to_numpy(np.float64)
    usual = scene.usual[basis.rows:]
    values = shapley(worth, players)
    learned = keys.LEARNED if NETWORK in basis.model.experts else keys.RULES
    parts = {learned: worth[frozenset()] - usual,
             **{key: values.get(key, np.zeros_like(usual)) for key in (DAY_TYPE, LEVEL)}, **values,
             LIMITS: median - basis.quantiles[..., MIDDLE]}
    return Explanation(forecast, basis.features.index[basis.rows:], usual, _told(parts), median,
                       {group.key: group for group in groups}, _weather(scene, groups), *_special(scene),
                       basis.model.station.kind)


def _told(parts: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """In the order in which people think: the day, its level, its weather, what others know, limits."""
    first, last = (DAY_TYPE, LEVEL), (keys.LEARNED, keys.RULES, BASE_GROUP, LIMITS)
    middle = [key for key in parts if key not in (*first, *last)]
    return {key: parts[key] for key in (*first, *middle, *last) if key in parts}


def _players(scene: Scene) -> list[Group]:
    """The groups that are put in and left out, without those of which nothing is other than usual."""
    fixed = [group for group in (Group(DAY_TYPE), Group(LEVEL)) if group.key == LEVEL or scene.differs(group)]
    columns = [group for group in column_groups(scene.basis.model.station.known_future) if scene.differs(group)]
    less = LESS_WITH_BASE * len(scene.basis.model.station.targets) if uses_base(scene.basis) else 0
    most = MOST - less - len(fixed)
    if len(columns) > most:
        columns = merged(columns, _effects(scene, columns), most)
    return [*fixed, *columns]


def _effects(scene: Scene, groups: Sequence[Group]) -> dict[str, float]:
    """By how much the forecast changes where each group alone is as usual, in all steps and targets; but for what the
    base makes of it."""
    keys = [group.key for group in groups]
    tables = [scene.table(groups, keys), *(scene.table(groups, set(keys) - {key}) for key in keys)]
    level = [True] * len(tables)
    made = blended(scene.basis, replay(scene.basis, tables, level, ask_base=False).medians, level)
    scale = scene.basis.model.scalers.targets.scale
    return {key: float((np.abs(each - made[0]) / scale).mean()) for key, each in zip(keys, made[1:], strict=True)}


def _worth(scene: Scene, groups: Sequence[Group]) -> dict[Subset, FloatArray]:
    """The median `[H, C]` before limits with each subset of the groups as they are, and all others as usual."""
    subsets = subsets_of([group.key for group in groups])
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


def subsets_of(keys: Collection[str]) -> list[Subset]:
    """All of them, the empty one first and the whole one last."""
    return [frozenset(chosen) for size in range(len(keys) + 1) for chosen in combinations(keys, size)]


def _special(scene: Scene) -> tuple[BoolArray, BoolArray]:
    """Which steps `[H]` lie on holidays that would be worked, and which on worked days that would be off."""
    differs = ~scene.ordinary[scene.basis.rows:]
    off = days_off(scene.features)[scene.basis.rows:]
    return differs & off, differs & ~off


def _weather(scene: Scene, groups: Sequence[Group]) -> dict[str, tuple[Weather, ...]]:
    rows, places = scene.basis.rows, scene.basis.model.pipeline.weather_places
    known, usual = scene.features.known[rows:].astype(np.float64), scene.usual_known[rows:]
    return {group.key: tuple(Weather(name, known[:, places[name][0]], usual[:, places[name][0]])
                             for name in group.columns if len(places[name]) == 1) for group in groups if group.columns}

