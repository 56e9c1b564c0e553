"""Candidate, champion and anchor side by side, on the newest days, fitted on by neither, and on an older guard."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattcast.contracts import Forecast, Forecaster
from wattcast.data.schema import StationData
from wattcast.evaluation.backtest import weather_in_words
from wattcast.evaluation.baselines import baseline
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.scorecard import Scorecard, scored_steps
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.postprocess import Limits, target_columns
from wattcast.forecasting.predictor import NAME, NetworkForecaster
from wattcast.timegrid import DAY, parse_step, rolling_origins, station_horizon
from wattcast.windows.splits import spread_origins

CHAMPION, ANCHOR = "champion", "weekly-mean"
"""What the candidate, under the network's own name, is compared with."""
GUARD_ORIGINS = 8
"""Of the guard, spread over it: each costs a forecast by both models. [origins]"""
MEASURED = 0.5
"""Share of the steps from an origin to the end of its period that must be measured for it to count. [share]"""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Candidate, champion and anchor on the newest days, candidate and champion on the guard.

    `broken` names the limits that the candidate's forecasts break; `weather` says which weather the models were given.
    """

    newest: Scorecard
    guard: Scorecard
    broken: tuple[str, ...]
    weather: str


def compare(candidate: TrainedModel, champion: TrainedModel, data: StationData, first: pd.Timestamp) -> Evidence:
    """Both models from origins a day apart from `first` to the data's end, and from older ones spread over the guard.

    Args:
        candidate: was fitted on nothing from `first` on.
        champion: the model in use; days that it was fitted on are left out.
        data: the whole history.
        first: first of the newest days.
    """
    step = parse_step(data.station.step)
    horizon = station_horizon(data.station)
    first = max(first, champion.learned_until)
    start, end = champion.validation[0], champion.validation[1] + step
    spread = spread_origins(0, int((end - start) // step), horizon.steps, GUARD_ORIGINS)
    compared = {NAME: candidate, CHAMPION: champion}
    # As they were trained: the champion could follow the weeks since then, which the candidate has learned instead.
    models = {name: NetworkForecaster.of(model, follows=False) for name, model in compared.items()}
    # Their newest trees have learned the guard's rows.
    on_guard = {name: NetworkForecaster.of(model.as_judged()) for name, model in compared.items()}
    anchor = {ANCHOR: baseline(ANCHOR).fit(HorizonView(data, first, horizon))}
    limits = Limits.of(data.station, candidate.limits(data.station))
    newest = _period(data, {**models, **anchor}, rolling_origins(first, DAY, data.end - DAY, step=step),
                     data.end, limits)
    guard = _period(data, on_guard, [start + int(position) * step for position in spread], end, limits)
    return Evidence(newest[0], guard[0], tuple(sorted(newest[1] | guard[1])), weather_in_words(newest[2]))


def _period(data: StationData, forecasters: Mapping[str, Forecaster], origins: Iterable[pd.Timestamp],
            end: pd.Timestamp, limits: Limits) -> tuple[Scorecard, set[str], list[str]]:
    """Scores of every forecaster on what was measured before `end`, broken limits, and sources of the weather."""
    horizon, targets = station_horizon(data.station), list(data.station.targets)
    actual = data.frame.loc[data.frame.index < end, targets]
    steps, broken, weather = [], set(), []
    for origin in origins:
        if not (actual.loc[origin:].notna().mean() >= MEASURED).all():
            continue
        view = HorizonView(data, origin, horizon)
        weather.append(view.weather_source)
        for name, forecaster in forecasters.items():
            made = forecaster.forecast(view)
            if name == NAME:
                broken |= _broken(made, limits)
            steps += [scored_steps(actual, made, target, name) for target in targets]
    others = tuple(name for name in forecasters if name != NAME)
    table = pd.concat(steps, ignore_index=True) if steps else pd.DataFrame(columns=["origin", "target", "model"])
    return Scorecard(data.station.id, NAME, others, data.station.capacity, table), broken, weather


def _broken(forecast: Forecast, limits: Limits) -> set[str]:
    """What is wrong with a forecast as it would be handed out."""
    table = forecast.table[[column for target in limits.station.targets for column in target_columns(target)]]
    if not np.isfinite(table.to_numpy()).all():
        return {"a forecast has values that are no numbers"}
    return {f"a forecast breaks a limit ({note.partition(':')[0]})" for note in limits.apply(table)[1]}
