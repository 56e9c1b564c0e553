"""A fleet: forecasts of many stored stations, together and one by one, by every executor.

    python benchmarks/fleet.py STATIONS_FOLDER [--stations 1000] [--executors inline,processes,ray] [--jobs 2]
                               [--work FOLDER] [--check 40]

STATIONS_FOLDER holds one Parquet file a source; its README says what each one's times and units are, and so does
`SOURCES` below. The stations are repeated up to the number that is asked for, each copy a station of its own with its
last two years, on disk. First it is checked that stations together give the numbers that they give one by one (1e-5);
then come seconds, processor seconds (of this process and those that it started) and peak memory. Imports, here
and in other processes, are done before.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.corpus import Source, corpus_stations
from wattcast.data.schema import StationData
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.fleet import run
from wattcast.fleet.executors.base import Executor, Limits
from wattcast.fleet.executors.inline import Inline
from wattcast.fleet.executors.processes import Processes
from wattcast.fleet.executors.ray import Ray
from wattcast.fleet.ledger import Ledger
from wattcast.fleet.run import forecast_fleet
from wattcast.fleet.work import Forecasted, Work, forecast_stations
from wattcast.forecasting.batched import Rules
from wattcast.settings import Settings
from wattcast.store.disk import DiskStore
from wattcast.timegrid import station_horizon
from wattcast.workflows.forecast import forecast
from wattcast.workflows.many import Outcome
from wattcast.workflows.together import remember

DAYS = 730
"""Of each station's end are stored: what a forecast takes does not depend on it."""
WEATHER = {"cambridge": {"temperature": "temp", "humidity": "rh", "ghi": "ghi"},
           "citylearn2022": {"temperature": "temp", "humidity": "rh", "dhi": "dhi", "dni": "dni"},
           "pvod": {"ghi": "nwp_globalirrad", "temperature": "nwp_temperature"}}
SOURCES = {"eia930": {"zone": "America/New_York", "country": "US", "interval_end": True},
           "cambridge": {"zone": "Europe/London", "country": "GB"},
           "citylearn2022": {"stamps": "Etc/GMT+8", "zone": "America/Los_Angeles", "country": "US",
                             "kinds": {"pv*": "pv"}},
           "pvod": {"zone": "Asia/Shanghai", "country": "CN", "kind": "pv", "step": "15min"},
           "uiuc": {"stamps": "America/Chicago", "zone": "America/Chicago", "country": "US",
                    "kinds": {"*solar*": "pv", "*wind*": "wind"}},
           "bdg2": {"stamps": "America/New_York", "zone": "America/New_York", "country": "US"},
           "nve_wind": {"zone": "Europe/Oslo", "kind": "wind"},
           "opsd_europe": {"zone": "Europe/Berlin", "kind": "wind", "kinds": {"*solar*": "pv"}},
           "pjm": {"stamps": "America/New_York", "zone": "America/New_York", "country": "US", "interval_end": True},
           "ieso": {"stamps": "America/Toronto", "zone": "America/Toronto", "country": "CA"},
           "enernoc": {"stamps": "America/New_York", "zone": "America/New_York", "country": "US", "step": "30min"},
           "sgsc_homes": {"stamps": "Australia/Sydney", "zone": "Australia/Sydney", "country": "AU", "step": "30min"},
           "hue": {"stamps": "America/Vancouver", "zone": "America/Vancouver", "country": "CA"}}


def stations(folder: Path) -> Iterator[StationData]:
    """All of them, hourly but for those of 15 and 30 minutes, with ids that a folder can have."""
    for name, told in SOURCES.items():
        if not (folder / f"{name}.parquet").exists():
            continue
        source = Source(name=name, file=str(folder / f"{name}.parquet"), licence="", may_ship=False,
                        weather=WEATHER.get(name, {}), **told)                             # type: ignore[arg-type]
        for data in corpus_stations(source):
            if data.measured:
                recent = data.frame.loc[data.end - pd.Timedelta(days=DAYS):]
                own = data.station.model_copy(update={"id": data.station.id.replace("/", "-").replace(" ", "_")})
                yield StationData(own, recent)


def stored(folder: Path, place: Path, number: int) -> DiskStore:
    """So many stations, each with its shares worked out, as an intake leaves them; made once.

    A copy's shares are its original's: they are kept for it without being worked out again.
    """
    store = DiskStore(place / f"fleet-{number}")
    if len(store.stations()) == number:
        return store
    found = list(stations(folder))
    print(f"{len(found)} stations; {number} are stored in {store.place}", flush=True)
    work = Work(store.place, Settings())
    written = shares = 0.0
    rules, known = Rules(work.settings.recipe()), {}
    for data in islice((each for copy in count() for each in _copies(found, copy)), number):
        started = time.process_time()
        store.station(data.station.id).replace_measurements(data)
        written += time.process_time() - started
        started = time.process_time()
        if len(known) < len(found):
            remember(work.job, data.station.id)
            shares += time.process_time() - started
            known[data.station.id] = next(iter(store.station(data.station.id).recall().values()))
        else:
            of = data.station.id.rpartition("-")[0]
            view = HorizonView(data, data.end, station_horizon(data.station))
            store.station(data.station.id).keep_recall({rules.key(view): known[of]})
    print(f"stored: {1000 * written / number:.1f} ms a station; shares: {1000 * shares / len(known):.0f} ms a station "
          "(processor time)", flush=True)
    return store


def _copies(found: list[StationData], copy: int) -> Iterator[StationData]:
    for data in found:
        name = data.station.id if copy == 0 else f"{data.station.id}-{copy}"
        yield replace(data, station=data.station.model_copy(update={"id": name}))


def check(work: Work, names: list[str]) -> None:
    """Together as one by one."""
    together = forecast_stations(replace(work, dry_run=True), tuple(names))
    worst = 0.0
    for name, made in zip(names, together, strict=True):
        assert made.result is not None, made.error
        alone = forecast(work.job, name, dry_run=True).forecast.table
        worst = max(worst, float((alone - made.result.forecast.table).abs().max().max() / alone.abs().max().max()))
    print(f"{len(names)} stations together as one by one: largest difference {worst:.1e} of the largest value")
    assert worst <= 1e-5


def timed(work: Work, names: list[str], executor: Executor, jobs: int, place: Path) -> None:
    """A line: seconds, processor seconds, memory."""
    notes = place / "notes"
    notes.unlink(missing_ok=True)
    own, started = time.process_time(), time.perf_counter()
    with Ledger.begin(place / "ledger.jsonl", {"started": "now"}) as ledger:
        lines = list(forecast_fleet(work, names, executor, ledger, jobs=jobs, limits=Limits(seconds=60)))
    seconds, own = time.perf_counter() - started, time.process_time() - own
    told = [tuple(map(float, line.split())) for line in notes.read_text().splitlines()]
    tasks = sum(spent for _, spent, _ in told)
    peaks = {process: peak for process, _, peak in told}
    processor = own if executor.name == "inline" else own + tasks
    done = sum(line.state == "done" for line in lines)
    print(f"{executor.name}: {done} of {len(names)} stations in {seconds:.1f} s ({len(names) / seconds:.0f} a second), "
          f"{processor:.1f} processor seconds ({1000 * processor / len(names):.1f} ms a station, "
          f"{1000 * tasks / len(names):.1f} of them in tasks); peak memory of this process {_peak():.0f} MiB, of "
          f"{len(peaks)} workers {', '.join(f'{peak:.0f}' for peak in peaks.values())} MiB", flush=True)


def noted(work: Work, names: tuple[str, ...]) -> list[Outcome[Forecasted]]:
    """The task, which notes who worked how long on it, and how much memory that process has had at most."""
    started = time.process_time()
    made = forecast_stations(work, names)
    with (Path(work.store).parent / "notes").open("a") as notes:
        notes.write(f"{os.getpid()} {time.process_time() - started} {_peak()}\n")
    return made


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--executors", default="inline,processes,ray")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--work", type=Path, help="where the store is made, and found again")
    parser.add_argument("--check", type=int, default=40, help="stations that are compared")
    arguments = parser.parse_args()
    place = arguments.work or Path(tempfile.mkdtemp())
    place.mkdir(parents=True, exist_ok=True)
    store = stored(arguments.folder, place, arguments.stations)
    work, names = Work(store.place, Settings()), list(store.stations())
    # Other processes import what they need while this one compares.
    executors: dict[str, Executor] = {"inline": Inline(), "processes": Processes(arguments.jobs).begin(),
                                      "ray": Ray(arguments.jobs)}
    spread = np.unique(np.linspace(0, len(names) - 1, arguments.check).round().astype(int))
    check(work, [names[each] for each in spread])
    run.forecast_stations = noted
    for name in arguments.executors.split(","):
        timed(work, names, executors[name], 1 if name == "inline" else arguments.jobs, place)


if __name__ == "__main__":
    main()
