"""How good is a forecast of a station that nothing was trained on, after so many days of history?

    python benchmarks/cold_start.py DATA_FOLDER [--days 1,3,7,14,21,28,70,all] [--models untrained,lightgbm]
                                    [--stations NAME,...] [--set section.key=value ...] [--json FILE]

DATA_FOLDER holds the panel of 16 stations (`panel/`, a CSV and a description each, `protocol.tsv`). From each origin of
the protocol only the last days before it are known. Prints, a line a number of days and model, the mean and the largest
ratio of the mean absolute error to that of the best simple model, which knows 400 days (a LightGBM among them), and the
share of values inside the 80 % band. An origin with nothing measured in its days is left out. Of `all` days a model is
fitted once, before the first origin: `--days all --models wattcast` is what training brings.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from panel import BEST, Panelist, panel
from wattcast import metrics
from wattcast.contracts import TOTAL
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.store.files import write_json
from wattcast.timegrid import DAY, station_horizon
from wattcast.workflows.models import named_forecasters


def errors(station: Panelist, model: str, days: int | None) -> tuple[float, float]:
    """Mean absolute error and share inside the 80 % band, from the last `days` before each origin; None: from all, and
    fitted once."""
    horizon = station_horizon(station.data.station)
    forecaster = named_forecasters([model], station.settings.recipe())[model]
    if days is None:
        forecaster = forecaster.fit(HorizonView(station.data, station.origins[0], horizon))
    missed, held = [], []
    for origin in station.origins:
        data = station.data if days is None else since(station.data, origin - days * DAY)
        frame = data.frame
        if not frame.loc[frame.index < origin, TOTAL].notna().any():
            continue
        view = HorizonView(data, origin, horizon)
        made = (forecaster if days is None else forecaster.fit(view)).forecast(view).table
        actual = frame[TOTAL].reindex(made.index)
        missed.append((made[TOTAL] - actual).abs())
        held.append(metrics.coverage(actual, made[f"{TOTAL}_q10"], made[f"{TOTAL}_q90"]))
    return float(pd.concat(missed).mean()), float(np.nanmean(held))


def since(data: StationData, begin: pd.Timestamp) -> StationData:
    """The rows from `begin` on."""
    return StationData(data.station, data.frame[data.frame.index >= begin], data.vintages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--days", default="1,3,7,14,21,28,70")
    parser.add_argument("--models", default="untrained")
    parser.add_argument("--stations", default="", help="of the panel; all by default")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    asked, rows = [name for name in arguments.stations.split(",") if name] or list(BEST), []
    stations = [each for each in panel(arguments.data / "panel", arguments.assignments) if each.name in asked]
    for days in (None if each == "all" else int(each) for each in arguments.days.split(",")):
        for model in arguments.models.split(","):
            found = {}
            for station in stations:
                error, held = found[station.name] = errors(station, model, days)
                print(f"  {station.name}: {error / BEST[station.name]:.3f}, {held:.0%}", flush=True)
            ratios = {name: error / BEST[name] for name, (error, _) in found.items()}
            worst = max(ratios, key=lambda name: ratios[name])
            rows.append({"days": days, "model": model, "ratios": ratios,
                         "coverage": {name: held for name, (_, held) in found.items()}})
            print(f"{days or 'all'} days, {model}: {np.mean(list(ratios.values())):.3f} of the best simple model's "
                  f"error, worst {ratios[worst]:.3f} ({worst}); 80 % band holds "
                  f"{np.mean([held for _, held in found.values()]):.0%}", flush=True)
            if arguments.json:
                write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
