"""A forecast of a stored station: how long it takes, whatever the length of its history, and first of all that it is
the forecast of the whole history.

    python benchmarks/stored_forecast.py [--years 1,10] [--rounds 9] [--folder FOLDER] [--json FILE]

A simulated works (two targets, eight weather columns, issued weather forecasts each day) is trained at full size, in a
few batches; its history is repeated to so many years. Each forecast is that of a morning whose yesterday was forecast,
too. Histories take turns within one process, so that a busy machine slows all of them; what a fresh process takes for
its first forecast, after the imports, is told beside. No time is reported unless the forecasts are equal to the last
bit. `cpu` are processor seconds: they tell more than `wall` on a machine that is not quiet.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from wattcast.data.schema import StationData, WeatherVintages
from wattcast.data.simulate import simulate_station
from wattcast.settings import load_settings
from wattcast.store.disk import DiskStore
from wattcast.workflows import forecast as verb
from wattcast.workflows.job import Job
from wattcast.workflows.train import train

STATION, YEAR = "works", pd.Timedelta(days=364)
QUICK = ("training.epochs=1", "training.batches_per_epoch=5")
BAR = 0.3
"""For a forecast after the imports, on two quiet cores. [seconds]"""


def stored(folder: Path, years: int) -> DiskStore:
    """A station with a year's model and so many years of rows; made once, and found again in `folder`."""
    store = DiskStore(folder / f"{years}-years")
    if store.trained_stations():
        return store
    data = simulate_station(folder / "data", station_id=STATION, start="2024-03-01", days=365)
    train(Job(data, STATION, load_settings(assignments=QUICK), store), until="2025-02-01")
    kept = store.station(STATION)
    measured = Job(data, STATION).read()[0]
    kept.replace_measurements(repeated(measured, years))
    return store


def repeated(data: StationData, years: int) -> StationData:
    """So many years that end where the one does."""
    frame, table = data.frame.iloc[-(YEAR // pd.Timedelta(data.station.step)):], data.vintages.table
    frames, tables = [], []
    for back in range(years - 1, -1, -1):
        levels = [table.index.get_level_values(name) - back * YEAR for name in ("issued", "time")]
        frames.append(frame.set_axis(frame.index - back * YEAR))
        tables.append(table.set_axis(pd.MultiIndex.from_arrays(levels, names=table.index.names)))
    issued = pd.concat(tables)
    return StationData(data.station, pd.concat(frames),
                       WeatherVintages(issued[~issued.index.duplicated(keep="last")].sort_index()))


def morning(store: DiskStore) -> str:
    """When yesterday's measurements have come."""
    return str(store.station(STATION).measurements(since=pd.Timestamp("2025-02-01", tz="UTC")).end)


def made(store: DiskStore, now: str) -> verb.ForecastOutcome:
    return verb.forecast(Job(None, STATION, store=store), now=now)


def timed(store: DiskStore, now: str) -> tuple[float, float]:
    """Seconds on the clock and of the processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    made(store, now)
    return time.perf_counter() - wall, time.process_time() - cpu


def require_equal(stores: dict[int, DiskStore], now: str) -> None:
    """Nothing, if all histories, and each as a whole, give one forecast."""
    tables = [made(store, now).forecast.table for store in stores.values()]
    with mock.patch.object(verb, "_reach", return_value=None):
        tables += [made(store, now).forecast.table for store in stores.values()]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], table, check_exact=True)


def first(folder: Path, years: int) -> list[float]:
    """Seconds of the first and the second forecast of a process."""
    done = subprocess.run([sys.executable, __file__, "--first", str(folder), str(years)], capture_output=True,
                          text=True, check=True)
    told: list[float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--years", default="1,10", help="lengths of histories")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="where the stations are kept for another run")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--first", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.first:
        import holidays  # noqa: F401
        import lightgbm  # noqa: F401

        store = stored(Path(given.first[0]), int(given.first[1]))
        now = morning(store)
        print(json.dumps([timed(store, now)[0] for _ in range(2)]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        told = run(given.folder or Path(temporary), [int(each) for each in given.years.split(",")], given.rounds)
    if given.json is not None:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def run(folder: Path, years: list[int], rounds: int) -> dict[str, Any]:
    stores = {each: stored(folder, each) for each in years}
    now = morning(next(iter(stores.values())))
    yesterday = str(pd.Timestamp(now) - pd.Timedelta(days=1))
    for store in stores.values():
        verb.keep_issued(made(store, yesterday))
    require_equal(stores, now)
    print("equal to the last bit:", ", ".join(f"{each} years" for each in years), "and each of them as a whole")
    times: dict[int, list[tuple[float, float]]] = {each: [] for each in years}
    for _ in range(rounds):
        for each, store in stores.items():
            times[each].append(timed(store, now))
    told: dict[str, Any] = {}
    for each in years:
        wall, cpu = (statistics.median(values) for values in zip(*times[each], strict=True))
        told[str(each)] = {"wall": wall, "cpu": cpu, "fresh": first(folder, each)}
        print(f"{each:3d} years: wall {wall:.3f} s, cpu {cpu:.3f} s (median of {rounds}; bar {BAR} s); in a fresh "
              "process the first forecast {:.3f} s, the second {:.3f} s".format(*told[str(each)]["fresh"]))
    return told


if __name__ == "__main__":
    main()
