"""Rolling-origin evaluation: fit once before the first origin, forecast from each, compare with what was measured."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast import metrics
from wattcast.contracts import QUANTILES, Forecast, Forecaster, Horizon, Station, WeatherUse, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import DataError, InputError, WattcastError
from wattcast.evaluation.baselines import SeasonalNaive
from wattcast.evaluation.horizon_view import ISSUED, HorizonView
from wattcast.evaluation.scorecard import LEVELS, Scorecard, or_null, scored_steps, scores
from wattcast.timegrid import horizon_index

REFERENCE = "seasonal-naive"
"""What every skill of a backtest is measured against; it takes part even where it is not asked for."""

OURS = "wattcast"
MIN_MEASURED = 0.9
"""The share of a target's horizon that must be measured for an origin to count."""

Progress = Callable[[int, int, str], None]
"""Called after each forecast with how many are done, how many there will be, and which it was."""


@dataclass(frozen=True)
class LeftOut:
    """An origin that does not count for a target because only the share `measured` of its horizon was measured."""

    origin: pd.Timestamp
    target: str
    measured: float


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """Every scored step of every model.

    `steps` has one row per origin, target, model and lead (see `scorecard.scored_steps`); `weather` says in words which
    weather the models were given.
    """

    station: Station
    horizon: Horizon
    origins: tuple[pd.Timestamp, ...]
    left_out: tuple[LeftOut, ...]
    models: tuple[str, ...]
    steps: pd.DataFrame
    weather: str

    @property
    def chosen(self) -> str:
        """The model that the station would use: wattcast's own where it took part, never the best one on the test."""
        return OURS if OURS in self.models else self.models[0]

    def scores(self, target: str) -> dict[str, dict[str, Any]]:
        """Per model: mae, rmse, wape, nmae, skill, pinball, coverage_80, mae_by_day; None where not defined."""
        rows = {model: self._rows(target, model) for model in self.models}
        reference = metrics.mae(rows[REFERENCE]["actual"], rows[REFERENCE]["median"])
        return {model: _entry(steps, reference, self.station.capacity) for model, steps in rows.items()}

    def to_dict(self) -> dict[str, Any] | list[dict[str, Any]]:
        """The JSON contract; a list with one entry a target where the station has two."""
        entries = [self._target_dict(target) for target in self.station.targets]
        return entries[0] if len(entries) == 1 else entries

    def table(self) -> pd.DataFrame:
        """For people: one row per target and model with the measures as columns, the best MAE first."""
        rows = [{"target": target, "model": model, **entry}
                for target in self.station.targets for model, entry in self.scores(target).items()]
        table = pd.DataFrame(rows).drop(columns="mae_by_day")
        return table.sort_values(["target", "mae"], ascending=[False, True], ignore_index=True)

    def scorecard(self, model: str | None = None, references: Sequence[str] = ()) -> Scorecard:
        """One model (default: the chosen one) against others (default: all others) over all origins."""
        model = model or self.chosen
        others = tuple(references) or tuple(name for name in self.models if name != model)
        steps = self.steps[self.steps["model"].isin((model, *others))]
        return Scorecard(self.station.id, model, others, self.station.capacity, steps)

    def forecast(self, model: str, origin: pd.Timestamp) -> Forecast:
        """The forecast that `model` made at `origin`, as it was scored."""
        columns = {}
        for target in self.station.targets:
            steps = self._rows(target, model)
            steps = steps[steps["origin"] == origin].set_index("time")
            columns[target] = steps["median"]
            columns |= {quantile_column(target, level): steps[name]
                        for level, name in zip(QUANTILES, LEVELS, strict=True)}
        return Forecast(self.station.id, origin, model, pd.DataFrame(columns))

    def _rows(self, target: str, model: str) -> pd.DataFrame:
        return self.steps[(self.steps["target"] == target) & (self.steps["model"] == model)]

    def _target_dict(self, target: str) -> dict[str, Any]:
        left_out = [each for each in self.left_out if each.target == target]
        out = {each.origin for each in left_out}
        return {
            "station": self.station.id, "target": target, "step": self.station.step, "horizon": self.horizon.steps,
            "origins": [origin.isoformat() for origin in self.origins if origin not in out],
            "models": self.scores(target), "chosen": self.chosen, "weather": self.weather,
            "left_out": [{"origin": each.origin.isoformat(), "measured": round(each.measured, 4)} for each in left_out],
        }


def backtest(data: StationData, forecasters: Mapping[str, Forecaster], origins: Sequence[pd.Timestamp],
             horizon: Horizon, *, weather: WeatherUse = "given", refit_every: int | None = None,
             progress: Progress | None = None) -> BacktestResult:
    """Fit every forecaster on what was known at the first origin, then forecast from each origin and score.

    Origins whose horizon has under `MIN_MEASURED` of a target measured do not count for that target.

    Args:
        forecasters: unfitted forecasters by name; `seasonal-naive` is added where it is not among them.
        origins: instants on the data's grid, in order.
        weather: whether known-future columns may be used over the horizon.
        refit_every: fit anew at every so many counting origins; None never.

    Raises:
        InputError: no origins.
        DataError: at none of them enough was measured afterwards.
        WattcastError: a forecaster returned a forecast with another index or with missing values.
    """
    if not origins:
        raise InputError(f"a backtest of station {data.station.id} needs at least one origin")
    used, left_out = _counting(data, origins, horizon)
    fitted = {**forecasters} if REFERENCE in forecasters else {**forecasters, REFERENCE: SeasonalNaive()}
    first = HorizonView(data, origins[0], horizon, weather=weather)
    fitted = {name: forecaster.fit(first) for name, forecaster in fitted.items()}
    steps, sources = [], []
    for position, (origin, targets) in enumerate(used.items()):
        view = HorizonView(data, origin, horizon, weather=weather)
        sources.append(view.weather_source)
        if refit_every and position and position % refit_every == 0:
            fitted = {name: forecaster.fit(view) for name, forecaster in fitted.items()}
        for number, (name, forecaster) in enumerate(fitted.items(), start=1):
            forecast = forecaster.forecast(view)
            _require_horizon(forecast, view, name)
            steps += [scored_steps(data.frame, forecast, target, name) for target in targets]
            if progress:
                progress(position * len(fitted) + number, len(used) * len(fitted), f"{name} at {origin:%Y-%m-%d %H:%M}")
    return BacktestResult(data.station, horizon, tuple(used), left_out, tuple(fitted),
                          pd.concat(steps, ignore_index=True), weather_in_words(sources))


def last_origin(data: StationData, horizon: Horizon) -> pd.Timestamp:
    """The last origin of which enough can have been measured to count."""
    return data.end - math.ceil(MIN_MEASURED * horizon.steps) * horizon.step


def _counting(data: StationData, origins: Sequence[pd.Timestamp],
              horizon: Horizon) -> tuple[dict[pd.Timestamp, list[str]], tuple[LeftOut, ...]]:
    """The origins that count with the targets they count for, and the rest."""
    used: dict[pd.Timestamp, list[str]] = {}
    left_out = []
    for origin in origins:
        after = data.frame.reindex(horizon_index(origin, horizon))
        measured = {target: float(after[target].notna().mean()) for target in data.station.targets}
        left_out += [LeftOut(origin, target, share) for target, share in measured.items() if share < MIN_MEASURED]
        if max(measured.values()) >= MIN_MEASURED:
            used[origin] = [target for target, share in measured.items() if share >= MIN_MEASURED]
    if not used:
        raise DataError(f"station {data.station.id}: no origin is followed by enough measured data to score a forecast",
                        found=f"at most {max(each.measured for each in left_out):.0%} of the {horizon.steps} steps "
                              f"after {len(origins)} origins from {origins[0]} to {origins[-1]}",
                        expected=f"at least {MIN_MEASURED:.0%}",
                        hint=f"choose origins a whole horizon before the data's end, {data.frame.index[-1]}")
    return used, tuple(left_out)


def _require_horizon(forecast: Forecast, view: HorizonView, name: str) -> None:
    expected = horizon_index(view.origin, view.horizon)
    if len(forecast.table) != len(expected) or (forecast.table.index != expected).any():
        raise WattcastError(f"{name} forecast other steps than the horizon",
                            found=f"{len(forecast.table)} steps from {forecast.table.index.min()}",
                            expected=f"{len(expected)} steps from {expected[0]}")


def _entry(steps: pd.DataFrame, reference: float, capacity: float | None) -> dict[str, Any]:
    """One model's measures in the order of the JSON contract."""
    found = scores(steps, capacity)
    by_day = [metrics.mae(day["actual"], day["median"]) for _, day in steps.groupby("day")]
    numbers = or_null({"mae": found["mae"], "rmse": found["rmse"], "wape": found["wape"], "nmae": found["nmae"],
                       "skill": metrics.skill(found["mae"], reference), "pinball": found["pinball"],
                       "coverage_80": found["coverage_80"]})
    return {**numbers, "mae_by_day": [None if np.isnan(error) else error for error in by_day]}


def weather_in_words(sources: Sequence[str]) -> str:
    """The sources of all origins, each once; issue times differ from origin to origin and are left out."""
    words = ("issued before each origin" if source.startswith(ISSUED) else source for source in sources)
    return "; ".join(dict.fromkeys(words))
