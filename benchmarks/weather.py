"""What a model trained with weather does without it, and with a forecast of the weather that is wrong.

    python benchmarks/weather.py DATA_FOLDER [--sets openstef_307,sgcc_solar_1] [--seeds 0,1,2] [--json FILE]
                                 [--set section.key=value ...]

Two models are trained for each set and seed, with the weather columns and without, on what lies before the protocol's
first origin (benchmarks/protocol.py). From every origin the first one then forecasts with the weather as it is in the
data, with none over the horizon, with none at all, and with noise over the horizon: an autoregressive process whose
correlation is 1/e after 6 hours, times 10 % or 30 % of each column's standard deviation before the first origin, kept
within the column's range there, so that no irradiance is negative. Told are the mean absolute errors of the network
alone and of what was chosen, with the ratio to the model that was trained without. With `--json` what FILE already
holds is not run again. DATA_FOLDER holds the public sets as `*.csv.gz` (examples/README.md says where each comes from).
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kept_rows import KeptRows
from protocol import AsFitted, Task, fitted, read_task
from wattcast.contracts import Forecaster, WeatherUse
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.data.simulated_weather import autoregressive
from wattcast.evaluation.backtest import backtest
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.scorecard import number
from wattcast.forecasting.predictor import NetworkAlone
from wattcast.timegrid import horizon_index

SETS = ("openstef_307", "sgcc_solar_1")
WITHOUT = "trained without weather"
NOISE = (0.1, 0.3)
MEMORY = pd.Timedelta(hours=6)


def noisy(task: Task, share: float, seed: int) -> StationData:
    """The data with a wrong weather forecast issued at each origin, which a view prefers to what was measured."""
    weather, rng = task.data.frame[list(task.data.station.known_future)], np.random.default_rng(seed)
    known = weather[weather.index < task.origins[0]]
    issued = {}
    for origin in task.origins:
        ahead = weather.reindex(horizon_index(origin, task.horizon))
        noise = autoregressive(len(ahead), MEMORY / task.horizon.step, rng, ahead.shape[1])
        issued[origin] = (ahead + share * known.std().to_numpy() * noise).clip(known.min(), known.max(), axis=1)
    table = pd.concat(issued, names=["issued", "time"])
    return replace(task.data, vintages=WeatherVintages(table))


def cases(task: Task, seed: int) -> Iterator[tuple[str, StationData, WeatherUse]]:
    """Each name with the data to forecast from and what is known of the weather over the horizon."""
    yield "as in the data", task.data, "given"
    yield "none over the horizon", task.data, "none"
    empty = task.data.frame.assign(**dict.fromkeys(task.data.station.known_future, np.nan))
    yield "none, nor in the past", replace(task.data, frame=empty), "none"
    for share in NOISE:
        yield f"noise of {share:.0%}", noisy(task, share, seed), "given"


def run(name: str, data_folder: Path, seed: int, assignments: list[str]) -> dict[str, object]:
    task = read_task(name, data_folder, [*assignments, f"training.seed={seed}"])
    blind = task.recipe.model_copy(update={"features": task.recipe.features.model_copy(update={"weather": False})})
    first = HorizonView(task.data, task.origins[0], task.horizon)
    seeing, unseeing = (AsFitted.of(fitted(recipe, first, None)) for recipe in (task.recipe, blind))
    found = {WITHOUT: errors(task, unseeing, task.data, "none")}
    found |= {case: errors(task, seeing, data, weather) for case, data, weather in cases(task, seed)}
    return {"set": name, "seed": seed, "settings": assignments, "mae": found}


def errors(task: Task, ready: AsFitted, data: StationData, weather: WeatherUse) -> dict[str, float]:
    """Mean absolute error over the origins of the network alone and of what was chosen."""
    forecasters: dict[str, Forecaster] = {"network": NetworkAlone(ready), "chosen": ready}
    result = backtest(data, forecasters, task.origins, task.horizon, weather=weather)
    scores = result.scores(data.station.targets[0])
    return {model: scores[model]["mae"] for model in forecasters}


def table(rows: list[dict[str, object]]) -> str:
    """Means over the seeds, and the ratios to the model trained without weather, by set and case."""
    lines = ["| set | seeds | weather | network alone | ratio | chosen | ratio |", "|---|---|---|---|---|---|---|"]
    for name in dict.fromkeys(row["set"] for row in rows):
        tables = {str(row["seed"]): pd.DataFrame(row["mae"]).T for row in rows if row["set"] == name}
        means = sum(tables.values()) / len(tables)
        ratios = means / means.loc[WITHOUT]
        lines += [f"| {name} | {', '.join(tables)} | {case} | "
                  f"{number(means.network[case])} | {ratios.network[case]:.3f} | "
                  f"{number(means.chosen[case])} | {ratios.chosen[case]:.3f} |" for case in means.index]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    arguments = parser.parse_args()
    kept = KeptRows(arguments.json)
    for name in arguments.sets.split(","):
        for seed in map(int, arguments.seeds.split(",")):
            if not kept.holds(set=name, seed=seed, settings=arguments.assignments):
                kept.add(run(name, arguments.data, seed, arguments.assignments))
                print(json.dumps(kept.rows[-1]), flush=True)
    print(table([row for row in kept.rows if row["settings"] == arguments.assignments]))


if __name__ == "__main__":
    main()
