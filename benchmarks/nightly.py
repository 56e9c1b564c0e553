"""A night of many stations, some of them poisoned in every way we know, and a night that is killed again and again.

    python benchmarks/nightly.py FOLDER [--stations 300] [--kills 20] [--seed 0] [--json FILE]

Makes hourly stations of ten weeks, all with the same small model, in FOLDER, which must not be there yet. Three nights:

1. A quiet one: every station has a file and none a reason.
2. One station for each fault of `poison.py` (twenty, so 7 % of 300): every station has a file of 168 whole rows, every
   fault is told of its station, and no other station has a reason.
3. Killed with SIGKILL at random points and started again each time, beside the same night undisturbed on a copy: the
   same files, each forecast once, the same rows, the same versions.

Prints what does not hold; ends with 1 if there is any. About 20 minutes on two cores.
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
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from poison import FAULTS, POWER, Fault
from wattcast.store.disk import DiskStore
from wattcast.store.files import write_json

FIRST, DAYS = pd.Timestamp("2025-03-03"), 70
CONFIG = """\
data: {time: {timezone: Asia/Shanghai, step: 1h}}
nightly: {inbox: [incoming], finetune_minutes: 0}
"""
SMALL = ("model.d_model=16", "model.n_layers=1", "model.patch_len=24", "training.epochs=3", "training.members=1",
         "training.batches_per_epoch=6", "training.boosted_trees=false", "training.base_windows=0",
         "windows.validation_origins=8")
LATER = 0.5
"""Within this time after a line of the ledger a kill comes: longer than a forecast takes. [seconds]"""


def name(number: int) -> str:
    return f"s{number:04d}"


def power(number: int, nights: int) -> pd.DataFrame:
    """A load of two shifts [kW], different from station to station."""
    rng = np.random.default_rng(number)
    index = pd.date_range(FIRST, periods=(DAYS + nights) * 24, freq="1h", name="time")
    hour, workday = index.hour.to_numpy(), index.day_of_week.to_numpy() < 5
    busy = workday & (hour >= 5 + number % 4) & (hour < 20 + number % 3)
    level = (100 + 7 * (number % 40)) * (1 + 2 * busy) * (1 + 0.2 * np.sin((hour - 9) * np.pi / 12))
    return pd.DataFrame({POWER: (level * (1 + 0.04 * rng.normal(size=len(index)))).round(2)}, index=index)


def wattcast(folder: Path, *arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "wattcast", *arguments], cwd=folder, text=True, capture_output=True,
                          check=False, **how)


def make(folder: Path, count: int) -> None:
    """The store: histories taken in, and one model for all."""
    (folder / "history").mkdir(parents=True)
    (folder / "wattcast.yaml").write_text(CONFIG, encoding="utf-8")
    for number in range(count):
        power(number, 0).to_csv(folder / "history" / f"{name(number)}.csv")
    done = wattcast(folder, "ingest", "--data", "history", "--config", "wattcast.yaml", "--set", "data.folder=stations")
    assert done.returncode == 0, done.stderr
    flags = [word for setting in SMALL for word in ("--set", setting)]
    done = wattcast(folder, "train", "--station", name(0), *flags)
    assert done.returncode == 0, done.stderr
    store = DiskStore(folder / "models")
    model = store.station(name(0)).versions.load()
    for number in range(1, count):
        station, versions = model.station.model_copy(update={"id": name(number)}), store.station(name(number)).versions
        versions.promote(versions.add(replace(model, station=station), {}))


def deliver(folder: Path, count: int, night: int, faults: dict[int, Fault]) -> None:
    """What comes in before a night: the day before it, of each station in a file of its own."""
    inbox = folder / "incoming"
    shutil.rmtree(inbox, ignore_errors=True)
    inbox.mkdir()
    for number in range(count):
        fault = faults.get(number, Fault("", ()))
        fault.store(folder / "models" / name(number))
        day = fault.rows(power(number, night).iloc[-24:])
        if day is not None:
            (inbox / f"{name(number)}.csv").write_text(fault.text(day.to_csv()), encoding="utf-8")


def flags(night: int) -> list[str]:
    now = FIRST + pd.Timedelta(days=DAYS + night, hours=2, minutes=30)
    return ["nightly", "--config", "wattcast.yaml", "--now", f"{now:%Y-%m-%d %H:%M}", "--json", "night.json"]


def run(folder: Path, night: int) -> tuple[dict[str, dict], int, float]:
    """The stations by name as the JSON tells them, the exit code and the seconds it took."""
    begun = time.perf_counter()
    done = wattcast(folder, *flags(night))
    took = time.perf_counter() - begun
    if not (folder / "night.json").exists():
        raise SystemExit(f"night {night} ended with {done.returncode}: {done.stderr[-2000:]}")
    told = json.loads((folder / "night.json").read_text(encoding="utf-8"))
    for remark in told["remarks"]:
        print(f"  {remark}")
    print(f"night {night}: {told['verdict']}; {took:.0f} s, exit code {done.returncode}", flush=True)
    return {each["station"]: each for each in told["stations"]}, done.returncode, took


def whole(folder: Path, station: dict) -> bool:
    if station["file"] is None or not (folder / station["file"]).exists():
        return False
    table = pd.read_csv(folder / station["file"])
    return len(table) == 168 and bool(np.isfinite(table.select_dtypes("number").to_numpy()).all())


def judge(folder: Path, told: dict[str, dict], count: int, faults: dict[int, Fault]) -> list[str]:
    """What does not hold after a night."""
    wrong = []
    for number in range(count):
        station, fault = told.get(name(number)), faults.get(number)
        if station is None or not whole(folder, station):
            wrong.append(f"{name(number)} has no whole file{f': {fault.name}' if fault else ''}")
            continue
        said = " ".join([*station["reasons"], *station["notes"]])
        if fault is not None:
            print(f"  {fault.name}: {station['light']}, {station['fallback'] or station['made_by']}: "
                  f"{'; '.join(station['reasons'])[:160]}")
            if not any(word in said for word in fault.told):
                wrong.append(f"{name(number)}: {fault.name} is not told: {said or 'nothing'}")
        elif station["reasons"]:
            wrong.append(f"{name(number)} is fine, and has a reason: {said}")
    return wrong


def lines(folder: Path) -> int:
    """How many the ledger of the third night has."""
    ledger = folder / "filed" / ".nights" / f"{FIRST + pd.Timedelta(days=DAYS + 3):%Y-%m-%d}.jsonl"
    return ledger.read_bytes().count(b"\n") if ledger.exists() else 0


def killed(folder: Path, night: int, kills: int, total: int, rng: random.Random) -> list[str]:
    """Kill the night at random points, each time started again: among the `total` lines of its ledger, and up to
    `LATER` after one."""
    for target in sorted(rng.sample(range(total), kills)):
        with subprocess.Popen([sys.executable, "-m", "wattcast", *flags(night)], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and lines(folder) < target:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, LATER))
            if process.poll() is not None:
                return [f"the night ended before its line {target}"]
            process.send_signal(signal.SIGKILL)
    return []


def kept(folder: Path, count: int) -> dict[str, object]:
    """What is kept and filed, to be compared."""
    store, found = DiskStore(folder / "models"), {}
    for path in sorted((folder / "filed").rglob("*.csv")):
        found[str(path.relative_to(folder))] = path.read_bytes()
    for number in range(count):
        station = store.station(name(number))
        found[f"{name(number)}: forecasts"] = sorted((str(made.origin), made.version) for made in station.forecasts())
        found[f"{name(number)}: files"] = sorted(file.sha256 for file in station.taken_in())
        try:
            data = station.measurements()
            found[f"{name(number)}: rows"] = None if data is None else data.frame.to_csv()
            found[f"{name(number)}: versions"] = [(each.name, each.aliases) for each in station.versions.versions()]
        except Exception as error:      # poisoned in the night before
            found[f"{name(number)}: damaged"] = type(error).__name__
    return found


def twice(found: dict[str, object]) -> list[str]:
    return [what for what, values in found.items() if isinstance(values, list) and len(values) > len(set(values))]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stations", type=int, default=300)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    folder, count, rng = given.folder, given.stations, random.Random(given.seed)
    make(folder, count)
    print(f"{count} stations are made", flush=True)
    deliver(folder, count, 1, {})
    told, _, quiet = run(folder, 1)
    wrong = judge(folder, told, count, {})
    faults = dict(zip(rng.sample(range(count), len(FAULTS)), FAULTS, strict=True))
    deliver(folder, count, 2, faults)
    told, code, poisoned = run(folder, 2)
    wrong += judge(folder, told, count, faults)
    deliver(folder, count, 3, {})
    undisturbed = folder.with_name(f"{folder.name}-undisturbed")
    shutil.copytree(folder, undisturbed)
    _, _, took = run(undisturbed, 3)
    wrong += killed(folder, 3, given.kills, lines(undisturbed), rng)
    run(folder, 3)
    ours, theirs = kept(folder, count), kept(undisturbed, count)
    wrong += [f"after the kills, {what} is not what it is undisturbed" for what in {**ours, **theirs}
              if ours.get(what) != theirs.get(what)]
    wrong += [f"twice: {what}" for what in twice(ours)]
    for line in wrong:
        print(f"WRONG {line}")
    print(f"{len(wrong)} wrong; nights of {quiet:.0f} s, {poisoned:.0f} s with {len(faults)} faults (exit code "
          f"{code}), {took:.0f} s undisturbed; {given.kills} kills")
    if given.json:
        write_json(given.json, {"stations": count, "faults": len(faults), "kills": given.kills, "wrong": wrong,
                                "seconds": {"quiet": quiet, "poisoned": poisoned, "undisturbed": took}})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
