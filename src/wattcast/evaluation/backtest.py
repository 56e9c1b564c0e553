"""Rolling-origin evaluation: fit once before the first origin, forecast from each, compare with what was measured."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattcast import metrics
from wattcast.contracts import QUANTILES, TOTAL, Forecast, Forecaster, Horizon, Station, WeatherUse, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import DataError, InputError
from wattcast.evaluation.baselines import SeasonalNaive
from wattcast.evaluation.horizon_view import ISSUED
from wattcast.evaluation.rolling import Progress, Rolling, roll
from wattcast.evaluation.rule_scores import RuleScore, rules_dict, score_rule
from wattcast.evaluation.rules import Rule
from wattcast.evaluation.scorecard import LEVELS, Scorecard, or_null, scores
from wattcast.evaluation.together import fit_all
from wattcast.experts.bands import FloatArray
from wattcast.features.calendar import Overrides, day_types
from wattcast.timegrid import WallGrid, followed_clock, horizon_index, parse_step, steps_per_day

REFERENCE = "seasonal-naive"
"""What every skill of a backtest is measured against; it takes part even where it is not asked for."""

OURS = "wattcast"
MIN_MEASURED = 0.9
"""The share of a target's horizon that must be measured for an origin to count. [share]"""

NAMED = 12
"""How many origins that were left out are named one by one."""

SEASON_DAYS = 7
"""MASE is scaled by what "same as 7 days ago" got wrong in the training data. [days]"""


@dataclass(frozen=True)
class LeftOut:
    """An origin that does not count for a target because only the share `measured` of its horizon was measured."""

    origin: pd.Timestamp
    target: str
    measured: float


@dataclass(frozen=True, eq=False)
class Made:
    """By whom the forecasts of a backtest were made, and of what: they can be made again.

    Attributes:
        fitted: the forecasters as they were fitted at the first origin.
        origins: from which these forecasted; the others came after a new fit.
        rolling: which views they got.
    """

    fitted: Mapping[str, Forecaster]
    origins: tuple[pd.Timestamp, ...]
    rolling: Rolling


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """Every scored step of every model.

    `steps` has one row per origin, target, model and lead (see `scorecard.scored_steps`) with its `day_type`; `weather`
    says in words which weather the models were given; `scales` are the targets' denominators of MASE; `rules` are the
    grid codes that the total power is graded by; `made` tells how forecasts are made again; `notes` say what else the
    figures are to be read with.
    """

    station: Station
    horizon: Horizon
    origins: tuple[pd.Timestamp, ...]
    left_out: tuple[LeftOut, ...]
    models: tuple[str, ...]
    steps: pd.DataFrame
    weather: str
    scales: Mapping[str, float]
    rules: tuple[Rule, ...] = ()
    made: Made | None = None
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> str:
        """The model that the station would use: wattcast's own where it took part, never the best one on the test."""
        return OURS if OURS in self.models else self.models[0]

    def scores(self, target: str) -> dict[str, dict[str, Any]]:
        """Per model the measures of the JSON contract, and those beside it; None where not defined."""
        rows = {model: self.rows(target, model) for model in self.models}
        reference = metrics.mae(rows[REFERENCE]["actual"], rows[REFERENCE]["median"])
        return {model: _entry(steps, reference, self.station.capacity, self.scales[target])
                for model, steps in rows.items()}

    def to_dict(self) -> dict[str, Any] | list[dict[str, Any]]:
        """The JSON contract; a list with one entry a target where the station has two."""
        entries = [self._target_dict(target) for target in self.station.targets]
        return entries[0] if len(entries) == 1 else entries

    def left_out_in_words(self) -> list[str]:
        """A line for each origin that was left out; one for all of a target's where there are many."""
        lines = []
        for target in self.station.targets:
            origins = [each for each in self.left_out if each.target == target]
            if len(origins) > NAMED:
                lines.append(f"left out: {len(origins)} origins from {origins[0].origin} to {origins[-1].origin}, "
                             f"of which less than {MIN_MEASURED:.0%} of {target} was measured")
            else:
                lines += [f"left out: {each.origin}, only {each.measured:.0%} of {target} was measured"
                          for each in origins]
        return lines

    def rule_scores(self) -> list[RuleScore]:
        """Every model's total power under every rule."""
        capacity = self.station.capacity
        assert capacity is not None or not self.rules
        return [score_rule(rule, model, self.rows(TOTAL, model), capacity or 0.0)
                for rule in self.rules for model in self.models]

    def table(self) -> pd.DataFrame:
        """For people: one row per target and model with the measures as columns, the best MAE first."""
        rows = [{"target": target, "model": model, **entry}
                for target in self.station.targets for model, entry in self.scores(target).items()]
        table = pd.DataFrame(rows).drop(columns=list(BREAKDOWNS))
        return table.sort_values(["target", "mae"], ascending=[False, True], ignore_index=True)

    def scorecard(self, model: str | None = None, references: Sequence[str] = ()) -> Scorecard:
        """One model (default: the chosen one) against others (default: all others) over all origins."""
        model = model or self.chosen
        others = tuple(references) or tuple(name for name in self.models if name != model)
        steps = self.steps[self.steps["model"].isin((model, *others))]
        return Scorecard(self.station.id, model, others, self.station.capacity, steps)

    def rivals(self, count: int) -> tuple[str, ...]:
        """The models beside the chosen one that a picture has room for: the best of them, and always the reference."""
        scores = self.scores(self.station.targets[0])
        best = sorted((name for name in self.models if name != self.chosen),
                      key=lambda name: (name != REFERENCE, scores[name]["mae"] or np.inf))
        return tuple(sorted(best[:count], key=self.models.index))

    def origin_errors(self) -> pd.Series:
        """Mean absolute error of the chosen model by origin, the best first, of the first target."""
        steps = self.rows(self.station.targets[0], self.chosen)
        errors = (steps["actual"] - steps["median"]).abs()
        return errors.groupby(steps["origin"]).mean().sort_values(kind="stable")

    def worst_days(self, count: int) -> pd.DataFrame:
        """The forecast days on which the chosen model erred most, the worst first: origin, lead day, date, day type,
        means of what was measured and forecast, and the MAE of the chosen model and of the reference."""
        target = self.station.targets[0]
        days = {model: self.rows(target, model).groupby(["origin", "day"]) for model in (self.chosen, REFERENCE)}
        errors = {model: grouped[["actual", "median"]].apply(lambda day: (day["actual"] - day["median"]).abs().mean())
                  for model, grouped in days.items()}
        ours = days[self.chosen]
        table = pd.DataFrame({"date": ours["time"].first(), "day_type": ours["day_type"].first(),
                              "measured": ours["actual"].mean(), "forecast": ours["median"].mean(),
                              "mae": errors[self.chosen], "reference": errors[REFERENCE]})
        return table.dropna().sort_values("mae", ascending=False, kind="stable").head(count).reset_index()

    def forecast(self, model: str, origin: pd.Timestamp) -> Forecast:
        """The forecast that `model` made at `origin`, as it was scored."""
        columns = {}
        for target in self.station.targets:
            steps = self.rows(target, model)
            steps = steps[steps["origin"] == origin].set_index("time")
            columns[target] = steps["median"]
            columns |= {quantile_column(target, level): steps[name]
                        for level, name in zip(QUANTILES, LEVELS, strict=True)}
        return Forecast(self.station.id, origin, model, pd.DataFrame(columns))

    def rows(self, target: str, model: str) -> pd.DataFrame:
        """The scored steps of one target and model."""
        return self.steps[(self.steps["target"] == target) & (self.steps["model"] == model)]

    def _target_dict(self, target: str) -> dict[str, Any]:
        left_out = [each for each in self.left_out if each.target == target]
        out = {each.origin for each in left_out}
        return {
            "station": self.station.id, "target": target, "step": self.station.step, "horizon": self.horizon.steps,
            "origins": [origin.isoformat() for origin in self.origins if origin not in out],
            "models": self.scores(target), "chosen": self.chosen, "weather": self.weather,
            "left_out": [{"origin": each.origin.isoformat(), "measured": round(each.measured, 4)} for each in left_out],
            **({"notes": list(self.notes)} if self.notes else {}),
            **({"rules": rules_dict(self.rule_scores())} if self.rules and target == TOTAL else {}),
        }


def backtest(data: StationData, forecasters: Mapping[str, Forecaster], origins: Sequence[pd.Timestamp],
             horizon: Horizon, *, weather: WeatherUse = "given", refit_every: int | None = None, jobs: int = 1,
             overrides: Overrides | None = None, rules: Sequence[Rule] = (),
             progress: Progress | None = None) -> BacktestResult:
    """Fit every forecaster on what was known at the first origin, then forecast from each origin and score.

    Origins whose horizon has under `MIN_MEASURED` of a target measured do not count for that target.

    Args:
        forecasters: unfitted forecasters by name; `seasonal-naive` is added where it is not among them.
        origins: instants on the data's grid; the earliest is the first, in whatever order they come.
        weather: whether known-future columns may be used over the horizon.
        refit_every: fit anew at every so many counting origins; None never.
        jobs: how many processes forecast; the result is the same for any number.
        overrides: holidays and workdays set by hand, for the types of day.
        rules: grid codes to grade the total power by; they need the station's capacity.

    Raises:
        InputError: no origins.
        DataError: at none of them enough was measured afterwards.
        WattcastError: a forecaster returned a forecast with another index or with missing values.
    """
    if not origins:
        raise InputError(f"a backtest of station {data.station.id} needs at least one origin")
    # In order: what is fitted at a later origin knows what an earlier one has to forecast.
    origins = sorted(set(origins))
    used, left_out = _counting(data, origins, horizon)
    compared = {**forecasters} if REFERENCE in forecasters else {**forecasters, REFERENCE: SeasonalNaive()}
    rolling = Rolling(data, horizon, weather)
    first = rolling.view(origins[0])
    fitted = fit_all(compared, first)
    rolled = roll(rolling, fitted, used, refit_every=refit_every, jobs=jobs, progress=progress)
    steps = pd.concat([frame for part in rolled for frame in part.steps], ignore_index=True)
    steps["day_type"] = day_types(pd.DatetimeIndex(steps["time"]), data.station.location.country, overrides)
    history, season = _by_slot(first.training_data()), SEASON_DAYS * steps_per_day(horizon.step)
    return BacktestResult(data.station, horizon, tuple(used), left_out, tuple(fitted), steps,
                          weather_in_words([source for part in rolled for source in part.sources]),
                          {target: metrics.seasonal_error(history[target], season) for target in data.station.targets},
                          tuple(rules), Made(fitted, tuple(used)[:refit_every], rolling))


def _by_slot(data: StationData) -> dict[str, FloatArray]:
    """The targets by the slots of the clock that the station follows, NaN where not measured."""
    index = followed_clock(pd.DatetimeIndex(data.frame.index), data.station.by_wall_clock)
    grid = WallGrid.of(index, parse_step(data.station.step))
    return {target: grid.by_slot(data.frame[target].to_numpy(np.float64)) for target in data.station.targets}


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


BREAKDOWNS = ("mae_by_day", "mae_by_hour", "mae_by_day_type")
"""The measures of a model that are several numbers."""


def _entry(steps: pd.DataFrame, reference: float, capacity: float | None, scale: float) -> dict[str, Any]:
    """One model's measures in the order of the JSON contract, then those beside it."""
    found = scores(steps, capacity)
    numbers = or_null({"mae": found["mae"], "rmse": found["rmse"], "wape": found["wape"], "nmae": found["nmae"],
                       "skill": metrics.skill(found["mae"], reference), "pinball": found["pinball"],
                       "coverage_80": found["coverage_80"]})
    further = or_null({"nrmse": found["nrmse"], "mase": metrics.mase(steps["actual"], steps["median"], scale),
                       "bias": found["bias"], "accuracy": found["accuracy"]})
    hours = _mean_errors(steps, steps["time"].dt.hour)
    return {**numbers, "mae_by_day": list(_mean_errors(steps, steps["day"]).values()), **further,
            "mae_by_hour": [hours.get(hour) for hour in range(24)],
            "mae_by_day_type": _mean_errors(steps, steps["day_type"])}


def _mean_errors(steps: pd.DataFrame, by: pd.Series) -> dict[Any, float | None]:
    """Mean absolute error for each value of `by`, None where nothing was measured."""
    means = (steps["actual"] - steps["median"]).abs().groupby(by).mean()
    return {key: None if np.isnan(error) else float(error) for key, error in means.items()}


def weather_in_words(sources: Sequence[str]) -> str:
    """The sources of all origins, each once; issue times differ from origin to origin and are left out."""
    words = ("issued before each origin" if source.startswith(ISSUED) else source for source in sources)
    return "; ".join(dict.fromkeys(words))
