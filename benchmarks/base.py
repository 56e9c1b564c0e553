"""The base at stations that it has never seen: the panel of sixteen, and the sets of the protocol.

    python benchmarks/base.py DATA_FOLDER [--base FOLDER] [--sets panel|protocol|NAME,...] [--no-weather]

DATA_FOLDER holds the public sets, as `benchmarks/protocol.py` has them, and `panel/`. Nothing is fitted: each origin is
forecast from the 28 days before it. Prints a line a station: the mean absolute error of the base and of the usual day
that it corrects, each beside that of the best simple model, LightGBM fitted to the station's own history included.
"""

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from protocol import EXAMPLES, PROTOCOLS
from wattcast.data.schema import StationData
from wattcast.experts.base_trees import SHIPPED
from wattcast.settings import load_settings
from wattcast.timegrid import parse_duration, parse_time, rolling_origins
from wattcast.training.base_trees import Base
from wattcast.training.pretrain import station_windows
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.window_units import lately_in_units, window_units
from wattcast.workflows.job import Job

PANEL = {
    "cambridge_b014": 1.936, "cambridge_b040": 10.77, "cambridge_b088": 1.193, "gb_demand": 1221, "gb_solar": 302.5,
    "light_industry": 553.8, "mascot": 904.8, "office_brandy": 3.042, "parking_stanley": 0.853, "pvod_06": 0.5342,
    "pvod_08": 1.035, "rooftop_10": 0.04069, "school_wilton": 119.7, "vic_elec": 166.4, "zone_nyis_b": 74.31,
    "zone_oppd": 97.99}
"""The best simple model's error on each station of the panel, in its own unit."""
COVERED = 0.9
"""Of a horizon, measured, for its origin to count."""


@dataclass(frozen=True)
class Task:
    """A station, its origins, and the error to beat."""

    data: StationData
    origins: list[pd.Timestamp]
    best: float


def panel_task(name: str, folder: Path) -> Task:
    with (folder / "panel" / "protocol.tsv").open() as file:
        row = next(row for row in csv.DictReader(file, delimiter="\t") if row["station"] == name)
    settings = load_settings(folder / "panel" / f"{name}.yaml", [])
    return _task(Job(folder / "panel" / f"{name}.csv.gz", settings=settings), row["first_origin"], row["every"],
                 int(row["origins"]), PANEL[name])


def protocol_task(name: str, folder: Path) -> Task:
    protocol = PROTOCOLS[name]
    settings = load_settings(EXAMPLES / f"{protocol.file}.yaml", [])
    return _task(Job(folder / f"{protocol.file}.csv.gz", settings=settings), protocol.first_origin, protocol.every,
                 protocol.origins, protocol.best)


def _task(job: Job, first: str, every: str, count: int, best: float) -> Task:
    data, _ = job.read()
    begin = parse_time(first, data.station.timezone)
    return Task(data, list(rolling_origins(begin, parse_duration(every), data.end, count)), best)


def scores(base: Base, task: Task, hidden: bool) -> tuple[float, float, float]:
    """Errors of the base and of what it corrects, against the best; and milliseconds a forecast."""
    windows = station_windows(task.data)
    # A load's grid in whole steps: an origin between two of them counts from the next.
    places = task.data.frame.index.searchsorted(pd.DatetimeIndex(task.origins))
    origins = np.asarray([place for place in places if _covered(windows, place)])
    without = torch.full((len(origins),), hidden)
    base.forecast(windows, origins[:1], without[:1])
    started = time.perf_counter()
    said = base.forecast(windows, origins, without)
    spent = (time.perf_counter() - started) / len(origins)
    told = window_units(windows, origins, lately_in_units(windows, origins, without))
    actual = np.stack([task.data.frame.iloc[place:place + windows.shape.horizon, 0].to_numpy() for place in origins])
    ours, usual = (float(np.nanmean(np.abs(forecast[..., 0].numpy() - actual))) / task.best
                   for forecast in (said, told.in_units(torch.zeros(1))))
    return ours, usual, 1000 * spent


def _covered(windows: WindowDataset, place: int) -> bool:
    if place + windows.shape.horizon > windows.rows:
        return False
    rows = slice(place + windows.front, place + windows.front + windows.shape.horizon)
    return bool(windows.target_mask[rows, 0].float().mean() >= COVERED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", type=Path, default=SHIPPED)
    parser.add_argument("--sets", default="panel")
    parser.add_argument("--no-weather", action="store_true")
    given = parser.parse_args()
    base = Base.load(given.base)
    names = {"panel": list(PANEL), "protocol": list(PROTOCOLS)}.get(given.sets, given.sets.split(","))
    found = []
    for name in names:
        task = (panel_task if name in PANEL else protocol_task)(name, given.folder)
        found.append(scores(base, task, given.no_weather))
        ours, usual, spent = found[-1]
        print(f"{name:16} base {ours:.3f}  usual day adjusted {usual:.3f}  {spent:5.1f} ms a forecast", flush=True)
    ours, usual, spent = np.mean(found, 0)
    print(f"{'mean':16} base {ours:.3f}  usual day adjusted {usual:.3f}  {spent:5.1f} ms a forecast; "
          f"worst {max(each[0] for each in found):.3f}")


if __name__ == "__main__":
    main()
