"""The shared protocol on six real sets: fit once before the first origin, forecast every week, compare.

    python benchmarks/protocol.py DATA_FOLDER [--sets steel,tetouan] [--seeds 0,1,2] [--no-weather] [--json FILE]
                                  [--set section.key=value ...] [--models lightgbm,...] [--keep FOLDER]

DATA_FOLDER holds the public sets as `*.csv.gz` (examples/README.md says where each comes from). Prints, a line a set
and seed, the mean absolute error of the network alone and of what was chosen beside the simple models', how many values
the 80 % bands hold, by lead day too, and the pinball loss beside that of conformal bands around the mean of 4 weeks.
`--models` adds rivals. With `--keep` trained networks are stored there and found again: only choice and calibration are
made anew.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast import metrics
from wattcast.contracts import Forecast, Forecaster, Horizon, View
from wattcast.data.schema import StationData
from wattcast.evaluation.backtest import BacktestResult, backtest, last_origin
from wattcast.evaluation.baselines import USUAL, baseline
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.calibrate import calibrated, fit_factors
from wattcast.forecasting.postprocess import target_columns
from wattcast.forecasting.predictor import NetworkAlone, NetworkForecaster
from wattcast.forecasting.selection import calibrate_and_choose
from wattcast.settings import load_settings
from wattcast.store.bundle_folder import load_folder, save_folder
from wattcast.store.files import write_json
from wattcast.timegrid import parse_duration, parse_time, rolling_origins, station_horizon, steps_per_day
from wattcast.training.config import Recipe
from wattcast.training.shapes import history_split
from wattcast.workflows.job import Job
from wattcast.workflows.models import named_forecasters

OURS = ("wattcast", "network")
EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Protocol:
    """When a set is forecast; `best` is the best simple model's error, LightGBM included, in the set's own unit."""

    file: str
    first_origin: str
    every: str
    origins: int
    best: float


PROTOCOLS = {
    "steel": Protocol("steel_site_2018", "2018-10-01 00:15", "7d", 13, 39.75 / 4),
    "openstef_287": Protocol("openstef_287", "2020-12-24 00:00+00:00", "1d", 30, 0.5265),
    "openstef_307": Protocol("openstef_307", "2020-12-24 00:00+00:00", "1d", 30, 2.626),
    "tetouan": Protocol("tetouan_2017", "2017-10-01 00:00", "7d", 13, 1925),
    "sgcc_solar_1": Protocol("sgcc_solar_1", "2020-07-01 00:00", "7d", 26, 1.905),
    "sgcc_solar_2": Protocol("sgcc_solar_2", "2020-07-01 00:00", "7d", 26, 3.792),
}


class AsFitted(NetworkForecaster):
    """A forecaster that was fitted before the backtest."""

    def fit(self, view: View) -> "AsFitted":
        return self


def fitted(recipe: Recipe, view: View, folder: Path | None) -> TrainedModel:
    """Trained on the view; with a `folder` the network is kept there and found again."""
    if folder is not None and folder.exists():
        return calibrate_and_choose(load_folder(folder), view.training_data())
    model = NetworkForecaster(recipe).fit(view).model
    assert model is not None
    if folder is not None:
        save_folder(folder, model, {})
    return model


@dataclass(frozen=True)
class Bands:
    """Widths of the bands of `mean`, which is fitted, for a target."""

    mean: Forecaster
    target: str
    day: int
    factors: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ConformalWeeklyMean:
    """The mean of 4 weeks with bands from its own errors on the network's validation origins; no network in it."""

    recipe: Recipe
    bands: Bands | None = None
    name = "weekly-mean-conformal"

    def fit(self, view: View) -> "ConformalWeeklyMean":
        data, horizon = view.training_data(), view.horizon
        data = data.until(data.end)
        split, target = history_split(data, self.recipe), data.station.targets[0]
        index, values = data.frame.index, data.frame[target].to_numpy()
        mean = baseline("weekly-mean").fit(HorizonView(data, index[split.train_limit], horizon))
        made = [mean.forecast(HorizonView(data, index[origin], horizon)).table[target]
                for origin in split.validation_origins]
        actual = np.stack([values[origin:origin + horizon.steps] for origin in split.validation_origins])
        day = steps_per_day(horizon.step)
        days = (split.validation_limit - split.train_limit) / day
        factors = fit_factors(actual, np.stack(made), np.ones((*actual.shape, 2)), day, days)
        return replace(self, bands=Bands(mean, target, day, factors))

    def forecast(self, view: View) -> Forecast:
        assert self.bands is not None
        made = self.bands.mean.forecast(view)
        median = made.table[self.bands.target].to_numpy()
        bands = calibrated(median[None], np.ones((1, len(median), 2)), self.bands.factors, self.bands.day)[0]
        columns = dict(zip(target_columns(self.bands.target), [median, *bands.T], strict=True))
        return Forecast(made.station_id, made.origin, self.name, pd.DataFrame(columns, index=made.table.index))


@dataclass(frozen=True)
class Task:
    """A set that was read, the recipe to train with, and the origins to forecast from."""

    data: StationData
    recipe: Recipe
    horizon: Horizon
    origins: list[pd.Timestamp]


def read_task(name: str, data_folder: Path, assignments: list[str]) -> Task:
    protocol = PROTOCOLS[name]
    settings = load_settings(EXAMPLES / f"{protocol.file}.yaml", assignments)
    data, _ = Job(data_folder / f"{protocol.file}.csv.gz", settings=settings).read()
    horizon = station_horizon(data.station)
    origins = rolling_origins(parse_time(protocol.first_origin, data.station.timezone),
                              parse_duration(protocol.every), last_origin(data, horizon), protocol.origins)
    return Task(data, settings.recipe(), horizon, list(origins))


def run(name: str, data_folder: Path, seed: int, no_weather: bool, assignments: list[str],
        rivals: list[str], keep: Path | None) -> dict[str, object]:
    protocol, started = PROTOCOLS[name], time.perf_counter()
    task = read_task(name, data_folder, [*assignments, f"training.seed={seed}"])
    recipe = task.recipe
    first = HorizonView(task.data, task.origins[0], task.horizon, weather="none" if no_weather else "given")
    ours = AsFitted.of(fitted(recipe, first, None if keep is None else keep / f"{name}-{seed}"))
    forecasters = {"wattcast": ours, "network": NetworkAlone(ours),
                   ConformalWeeklyMean.name: ConformalWeeklyMean(recipe),
                   **named_forecasters([*USUAL, *rivals], recipe)}
    result = backtest(task.data, forecasters, task.origins, task.horizon, weather="none" if no_weather else "given")
    target = result.station.targets[0]
    scores = result.scores(target)
    assert ours.model is not None
    assert ours.model.selection is not None
    return {"set": name, "seed": seed, "weather": result.weather, "origins": len(result.origins),
            "seconds": round(time.perf_counter() - started, 1), "scores": scores,
            "chosen": ours.model.selection.label,
            "coverage_by_day": {model: coverage_by_day(result, target, model) for model in OURS},
            "ratio_best_simple": {model: scores[model]["mae"] / protocol.best for model in OURS},
            "ratio_pinball": scores["wattcast"]["pinball"] / scores[ConformalWeeklyMean.name]["pinball"]}


def coverage_by_day(result: BacktestResult, target: str, model: str) -> list[float]:
    """Share of the measured values inside the 80 % band, by lead day."""
    steps = result.steps[(result.steps["model"] == model) & (result.steps["target"] == target)]
    return [metrics.coverage(day["actual"], day["q10"], day["q90"]) for _, day in steps.groupby("day")]


def line(row: dict[str, object]) -> str:
    scores, ratios = row["scores"], row["ratio_best_simple"]
    ours, network = scores["wattcast"], scores["network"]
    rivals = ", ".join(f"{name} {found['mae']:.4g}" for name, found in scores.items() if name not in OURS)
    by_day = " ".join(f"{share:.0%}" for share in row["coverage_by_day"]["wattcast"])
    return (f"{row['set']} seed {row['seed']}: MAE network {network['mae']:.4g} ({ratios['network']:.3f} of the best "
            f"simple model), chosen {ours['mae']:.4g} ({ratios['wattcast']:.3f}) = {row['chosen']}; 80 % band holds "
            f"{ours['coverage_80']:.0%} (by day {by_day}), network alone {network['coverage_80']:.0%}; "
            f"pinball {ours['pinball']:.4g}, {row['ratio_pinball']:.3f} of the weekly mean's; "
            f"{row['seconds']} s; weather: {row['weather']}; {rivals}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=",".join(PROTOCOLS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--no-weather", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--models", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets.split(","):
        for seed in arguments.seeds.split(","):
            rows.append(run(name, arguments.data, int(seed), arguments.no_weather, arguments.assignments,
                            [name for name in arguments.models.split(",") if name], arguments.keep))
            print(line(rows[-1]), flush=True)
            if arguments.json:
                write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
