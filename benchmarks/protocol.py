"""The shared protocol on six real sets: fit once before the first origin, forecast every week, compare.

    python benchmarks/protocol.py DATA_FOLDER [--sets steel,tetouan] [--seeds 0,1,2] [--no-weather] [--json FILE]
                                  [--set section.key=value ...] [--models wattcast,lightgbm,...]

DATA_FOLDER holds the public sets as `*.csv.gz` (examples/README.md says where each comes from). Prints the mean
absolute error of every model, and of the first one as a share of the simple models', a line a set and seed.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

from wattcast.evaluation.baselines import USUAL
from wattcast.settings import load_settings
from wattcast.workflows.backtest import backtest
from wattcast.workflows.job import Job

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


def run(name: str, data: Path, seed: int, no_weather: bool, assignments: list[str],
        models: list[str]) -> dict[str, object]:
    protocol = PROTOCOLS[name]
    settings = load_settings(EXAMPLES / f"{protocol.file}.yaml", [*assignments, f"training.seed={seed}"])
    started = time.perf_counter()
    result = backtest(Job(data / f"{protocol.file}.csv.gz", settings=settings), first_origin=protocol.first_origin,
                      every=protocol.every, origins=protocol.origins, no_weather=no_weather,
                      models=list(dict.fromkeys((*models, *USUAL))))
    scores = result.scores(result.station.targets[0])
    ours = scores[models[0]]["mae"]
    return {"set": name, "model": models[0], "seed": seed, "weather": result.weather, "origins": len(result.origins),
            "seconds": round(time.perf_counter() - started, 1), "scores": scores,
            "ratio_seasonal_naive": ours / scores["seasonal-naive"]["mae"],
            "ratio_weekly_mean": ours / scores["weekly-mean"]["mae"], "ratio_best_simple": ours / protocol.best}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=",".join(PROTOCOLS))
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--no-weather", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--models", default="wattcast")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets.split(","):
        for seed in arguments.seeds.split(","):
            rows.append(run(name, arguments.data, int(seed), arguments.no_weather, arguments.assignments,
                            arguments.models.split(",")))
            row = rows[-1]
            ours = row["scores"][row["model"]]
            others = ", ".join(f"{model} {row['scores'][model]['mae']:.4g}" for model in row["scores"])
            print(f"{name} seed {seed}: {others}")
            print(f"  {row['model']}: MAE {ours['mae']:.4g}, of seasonal-naive {row['ratio_seasonal_naive']:.3f}, "
                  f"of weekly-mean {row['ratio_weekly_mean']:.3f}, "
                  f"of the best simple model {row['ratio_best_simple']:.3f}; 80 % band holds "
                  f"{ours['coverage_80']:.0%}; {row['seconds']} s; weather: {row['weather']}", flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
