"""A fleet that is killed again and again: no forecast is lost and none is there twice.

    python benchmarks/fleet_kills.py FOLDER [--stations 60] [--kills 20] [--seed 0] [--jobs 2]

Makes hourly stations without a model in FOLDER, which must not be there yet, and a copy. On one `wattcast fleet
forecast` runs undisturbed; on the other its driver is killed with SIGKILL at random instants, and `--resume` goes on
each time. Prints what does not hold; ends with 1 if there is any.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nightly import DAYS, FIRST, name, power
from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.store.base import IssuedForecast
from wattcast.store.disk import DiskStore

LEDGER = "fleet-forecast.jsonl"
LATER = 0.1
"""Within this time after a line of the ledger a kill comes: longer than one is written. [seconds]"""


def make(folder: Path, count: int) -> None:
    """A store of stations of which rows alone are kept."""
    store = DiskStore(folder / "models")
    for number in range(count):
        frame = power(number, 0).set_axis([TOTAL], axis=1).tz_localize("Asia/Shanghai")
        store.station(name(number)).replace_measurements(StationData(Station(id=name(number), step="1h"), frame))


def command(jobs: int, *more: str) -> list[str]:
    end = FIRST + pd.Timedelta(days=DAYS)
    return [sys.executable, "-m", "wattcast", "fleet", "forecast", "--at", f"{end:%Y-%m-%d %H:%M}", "--jobs", str(jobs),
            *more]


def lines(folder: Path) -> int:
    """Stations of which the ledger says what became of them."""
    ledger = folder / LEDGER
    return max(0, ledger.read_bytes().count(b"\n") - 1) if ledger.exists() else 0


def killed(folder: Path, jobs: int, targets: Sequence[int], rng: random.Random) -> int:
    """Kill the driver up to `LATER` after its ledger has so many lines, each time resumed; how many kills came."""
    came = 0
    for target in targets:
        with subprocess.Popen(command(jobs, "--resume"), cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and lines(folder) < target:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, LATER))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                came += 1
    return came


def forecasts(folder: Path, count: int) -> dict[str, list[IssuedForecast]]:
    store = DiskStore(folder / "models")
    return {name(number): list(store.station(name(number)).forecasts()) for number in range(count)}


def compared(ours: dict[str, list[IssuedForecast]], theirs: dict[str, list[IssuedForecast]]) -> list[str]:
    """What of the killed run is not as it is undisturbed."""
    wrong = []
    for station, made in ours.items():
        if len(made) != 1:
            wrong.append(f"{station} has {len(made)} forecasts")
        elif not made[0].table.equals(theirs[station][0].table):
            wrong.append(f"the forecast of {station} has other numbers")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for flag, default in (("--stations", 60), ("--kills", 20), ("--seed", 0), ("--jobs", 2)):
        parser.add_argument(flag, type=int, default=default)
    given = parser.parse_args(arguments)
    rng, undisturbed = random.Random(given.seed), given.folder.with_name(f"{given.folder.name}-undisturbed")
    make(given.folder, given.stations)
    shutil.copytree(given.folder, undisturbed)
    subprocess.run(command(given.jobs), cwd=undisturbed, check=True)
    targets = sorted(rng.choices(range(given.stations), k=given.kills))
    came = killed(given.folder, given.jobs, targets, rng)
    subprocess.run(command(given.jobs, "--resume"), cwd=given.folder, check=True)
    wrong = compared(forecasts(given.folder, given.stations), forecasts(undisturbed, given.stations))
    told = [json.loads(line) for line in (given.folder / LEDGER).read_text(encoding="utf-8").splitlines()[1:]]
    done = [line["station"] for line in told if line["state"] == "done"]
    wrong += [f"{name(number)} has {done.count(name(number))} lines" for number in range(given.stations)
              if done.count(name(number)) != 1]
    for line in wrong:
        print(f"WRONG {line}")
    print(f"{len(wrong)} wrong; {given.stations} stations, {came} kills, at lines {', '.join(map(str, targets))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
