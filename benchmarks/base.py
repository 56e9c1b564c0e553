"""The base at stations that it has never seen: the panel of sixteen, and the sets of the protocol.

    python benchmarks/base.py DATA_FOLDER [--base FOLDER] [--sets panel|protocol|NAME,...] [--no-weather]

DATA_FOLDER holds the public sets, as `benchmarks/protocol.py` has them, and `panel/`. Nothing is fitted: each origin is
forecast from the 28 days before it. Prints a line a station: the mean absolute error of the base and of the usual day
that it corrects, each beside that of the best simple model, LightGBM fitted to the station's own history included.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from panel import BEST, Panelist, panel
from protocol import PROTOCOLS, Task, read_task
from wattcast.experts.pretrained import SHIPPED
from wattcast.training.base_model import Base
from wattcast.training.samples import station_windows
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.window_units import lately_in_units, window_units

COVERED = 0.9
"""Of a horizon, measured, for its origin to count."""


def tasks(names: list[str], folder: Path) -> Iterator[tuple[str, Panelist | Task, float]]:
    """Each station with its origins, and the error to beat."""
    if set(names) & set(BEST):
        yield from ((each.name, each, BEST[each.name]) for each in panel(folder / "panel") if each.name in names)
    for name in names:
        if name in PROTOCOLS:
            yield name, read_task(name, folder, []), PROTOCOLS[name].best


def scores(base: Base, task: Panelist | Task, best: float, hidden: bool) -> tuple[float, float, float]:
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
    ours, usual = (float(np.nanmean(np.abs(forecast[..., 0].numpy() - actual))) / best
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
    names = {"panel": list(BEST), "protocol": list(PROTOCOLS)}.get(given.sets, given.sets.split(","))
    if unknown := set(names) - {*BEST, *PROTOCOLS}:
        parser.error(f"no set is called {', '.join(sorted(unknown))}")
    found = []
    for name, task, best in tasks(names, given.folder):
        found.append(scores(base, task, best, given.no_weather))
        ours, usual, spent = found[-1]
        print(f"{name:16} base {ours:.3f}  usual day adjusted {usual:.3f}  {spent:5.1f} ms a forecast", flush=True)
    ours, usual, spent = np.mean(found, 0)
    print(f"{'mean':16} base {ours:.3f}  usual day adjusted {usual:.3f}  {spent:5.1f} ms a forecast; "
          f"worst {max(each[0] for each in found):.3f}")


if __name__ == "__main__":
    main()
