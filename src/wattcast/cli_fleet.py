"""The verb `fleet`: all stations of a store at once, here, in other processes or on a cluster; what that would take."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wattcast.cli_stations import exit_with, print_json
from wattcast.errors import DOUBTFUL, ConfigError, listing
from wattcast.flags import (
    AsJson,
    Assignments,
    At,
    ConfigFile,
    DryRun,
    ModelsDir,
    StoreName,
    Strict,
    Until,
    named_store,
)

if TYPE_CHECKING:
    from wattcast.fleet.executors.base import Executor, Limits
    from wattcast.fleet.ledger import Ledger
    from wattcast.fleet.run import Line
    from wattcast.fleet.work import Work
    from wattcast.store.base import Store

fleet_app = typer.Typer(help="All stations of a store at once.", invoke_without_command=True)

ExecutorName = Annotated[Literal["inline", "processes", "ray"], typer.Option("--executor", help="where the work is "
                                                                             "done")]
RayAddress = Annotated[str | None, typer.Option("--ray-address", help="of a Ray cluster; without it one is started "
                                                                      "here")]
FleetJobs = Annotated[int | None, typer.Option("--jobs", min=1, help="stations or batches at once; default: a "
                                                                     "processor each")]
Resume = Annotated[bool, typer.Option("--resume", help="go on where the run of the same ledger ended")]
LedgerFile = Annotated[Path | None, typer.Option("--ledger", help="what has been done; default: "
                                                                  "fleet-forecast.jsonl, fleet-train.jsonl")]
Seconds = Annotated[float | None, typer.Option("--seconds", min=0.001, help="that a station may take")]
Megabytes = Annotated[int | None, typer.Option("--megabytes", min=1, help="of memory that a station may ask for; on "
                                                                          "Linux")]
FleetOut = Annotated[Path | None, typer.Option("--out", help="write all forecasts to one file, too")]

FORECAST_SECONDS, TRAIN_SECONDS = 60.0, 6 * 3600.0
"""That a station may take unless told otherwise. A forecast takes a part of a second, a training minutes: what takes
that much longer hangs. [seconds]"""
FAILURES_SHOWN = 20
"""Failed stations that are told of one by one; all are in the ledger. [stations]"""


@fleet_app.callback()
def fleet(context: typer.Context,
          plan: Annotated[bool, typer.Option("--plan", help="say what a fleet would take, and start nothing")] = False,
          stations: Annotated[int | None, typer.Option("--stations", min=1, help="with --plan: how many; default: "
                                                                                 "those of the store")] = None,
          cores: Annotated[int | None, typer.Option("--cores", min=1, help="with --plan: on how many")] = None,
          price: Annotated[float | None, typer.Option("--price-per-core-hour", min=0, help="with --plan: what a core "
                                                                                           "costs an hour")] = None,
          config: ConfigFile = None, set_: Assignments = None, store: StoreName = None, models_dir: ModelsDir = None,
          as_json: AsJson = False) -> None:
    """All stations of a store at once; with --plan the hours, memory and money that so many would take."""
    if context.invoked_subcommand is not None:
        return
    if not plan:
        raise ConfigError("nothing is to be done", expected="fleet forecast, fleet train or fleet --plan")
    from wattcast import render
    from wattcast.fleet.plan import FleetPlan, measured_parts
    from wattcast.settings import load_settings

    kept = named_store(store, models_dir)
    count = stations if stations is not None else len(kept.stations())
    if not count:
        raise ConfigError(f"no stations are stored in {kept.place}", hint="say with --stations how many there will be")
    parts = measured_parts(kept, load_settings(config, set_ or ()))
    made = FleetPlan(parts, count, cores or os.cpu_count() or 1, price)
    if as_json:
        print_json(made.to_dict())
    else:
        render.lines(made.lines())


@fleet_app.command("forecast")
def fleet_forecast(config: ConfigFile = None, set_: Assignments = None, store: StoreName = None,
                   models_dir: ModelsDir = None, as_json: AsJson = False, at: At = None, out: FleetOut = None,
                   dry_run: DryRun = False, executor: ExecutorName = "processes", ray_address: RayAddress = None,
                   jobs: FleetJobs = None, resume: Resume = False, ledger: LedgerFile = None,
                   seconds: Seconds = FORECAST_SECONDS, megabytes: Megabytes = None, strict: Strict = False) -> None:
    """The next seven days of all stations, from what is stored."""
    count = jobs or os.cpu_count() or 1
    where = _executor(executor, count, ray_address)
    from wattcast.fleet.run import forecast_fleet
    from wattcast.forecasting.output import require_table_name, write_forecasts

    if out is not None:
        require_table_name(out)
        if resume:
            raise ConfigError("--out and --resume contradict each other: what was forecast before would be missing",
                              hint="leave out one of them")
    work = _work(store, models_dir, config, set_, at=at, dry_run=dry_run, tables=out is not None)
    limits = _limits(seconds, megabytes)
    names, begun = work.job.station_ids(), time.perf_counter()
    with _opened(ledger or Path("fleet-forecast.jsonl"), "forecast", work, resume) as book:
        lines = _told(forecast_fleet(_at_its_start(work, book), [str(name) for name in names], where, book, jobs=count,
                                     limits=limits, resumed=resume), "forecast", begun, as_json, book)
    tables = [line.table for line in lines if line.table is not None]
    if out is not None and tables:
        write_forecasts(tables, out)
    _end(lines, *(DOUBTFUL for mark in _marks(book) if strict and mark != "ok"))


@fleet_app.command("train")
def fleet_train(config: ConfigFile = None, set_: Assignments = None, store: StoreName = None,
                models_dir: ModelsDir = None, as_json: AsJson = False, until: Until = None,
                executor: ExecutorName = "processes", ray_address: RayAddress = None, jobs: FleetJobs = None,
                resume: Resume = False, ledger: LedgerFile = None, seconds: Seconds = TRAIN_SECONDS,
                megabytes: Megabytes = None) -> None:
    """Train all stations, from what is stored; each one's model becomes its champion."""
    where = _executor(executor, jobs or os.cpu_count() or 1, ray_address)
    from wattcast.fleet.run import train_fleet

    work, limits = _work(store, models_dir, config, set_, until=until), _limits(seconds, megabytes)
    names, begun = work.job.station_ids(), time.perf_counter()
    with _opened(ledger or Path("fleet-train.jsonl"), "train", work, resume) as book:
        lines = _told(train_fleet(work, [str(name) for name in names], where, book, limits=limits, resumed=resume),
                      "train", begun, as_json, book)
    _end(lines)


def _work(store: str | None, models_dir: Path | None, config: Path | None, set_: list[str] | None,
          **told: object) -> "Work":
    from wattcast.fleet.work import Work
    from wattcast.settings import load_settings

    place = _from_anywhere(named_store(store, models_dir), str(store))
    return Work(place, load_settings(config, set_ or ()), **told)                      # type: ignore[arg-type]


def _from_anywhere(store: "Store", name: str) -> str | Path:
    """By what other processes, which may have another working directory, open the same store."""
    from wattcast.store.disk import DiskStore

    if isinstance(store, DiskStore):
        return store.root.absolute()
    scheme, _, file = store.place.partition(":///")
    return f"sqlite:///{Path(file).absolute()}" if scheme == "sqlite" else name


def _executor(name: str, jobs: int, address: str | None) -> "Executor":
    """Where the work is done. Processes begin to import what they need, which takes seconds, so this comes first."""
    if address is not None and name != "ray":
        raise ConfigError(f"--ray-address says nothing to --executor {name}", hint="give --executor ray with it")
    if name == "inline":
        from wattcast.fleet.executors.inline import Inline
        return Inline()
    if name == "processes":
        from wattcast.fleet.executors.processes import Processes
        return Processes(jobs).begin()
    from wattcast.fleet.executors.ray import Ray
    return Ray(jobs, address)


def _limits(seconds: float | None, megabytes: int | None) -> "Limits":
    from wattcast.fleet.executors.base import Limits

    return Limits(seconds, None if megabytes is None else megabytes * 2**20)


def _opened(path: Path, verb: str, work: "Work", resume: bool) -> "Ledger":
    from wattcast.fleet.ledger import Ledger

    run = {"verb": verb, "store": work.job.store.place, "at": work.at, "until": work.until, "dry_run": work.dry_run,
           "started": datetime.now().astimezone().isoformat()}
    return Ledger.resume(path, run) if resume else Ledger.begin(path, run)


def _at_its_start(work: "Work", ledger: "Ledger") -> "Work":
    """All forecasts of a run are made at one time, those after it was resumed, too: what was kept is known by it. It
    hides no rows that are stamped later: `forecast` says of such that the clocks are wrong."""
    from dataclasses import replace

    from wattcast.workflows.forecast import NOW, TODAY

    started = str(ledger.run["started"])
    return replace(work, issued=started, now=started if work.at in (TODAY, NOW) else None)


def _told(lines: Iterable["Line"], verb: str, begun: float, as_json: bool, ledger: "Ledger") -> "list[Line]":
    """All lines, once what became of the stations is told. Qualities are those of the run, also from before it was
    resumed."""
    from wattcast import render
    from wattcast.workflows.many import FAILED

    found = list(lines)
    spent = time.perf_counter() - begun
    states = Counter(line.state for line in found)
    failed, marks = [line for line in found if line.state == FAILED], _marks(ledger)
    if as_json:
        print_json({"verb": verb, "stations": len(found), "states": dict(states), "quality": dict(marks),
                    "seconds": round(spent, 3),
                    "stations_per_second": round(len(found) / spent, 3),
                    "failed": [{"station": line.station, "what": line.words} for line in failed]})
    else:
        for line in failed[:FAILURES_SHOWN]:
            print(f"error: station {line.station}: {line.words}", file=sys.stderr)
        plural = "" if len(found) == 1 else "s"
        render.say(f"{len(found)} station{plural} in {spent:.1f} s, {len(found) / spent:.3g} a second: "
                   f"{', '.join(f'{count} {state}' for state, count in states.items()) or 'nothing was left to do'}"
                   + (f" ({listing([line.station for line in failed])})" if failed else "")
                   + (f"; quality: {', '.join(f'{count} {mark}' for mark, count in marks.items())}" if marks else ""))
    return found


def _marks(ledger: "Ledger") -> Counter[str]:
    """How many of a run's forecasts are `ok`, `degraded` and `stale`, in this order."""
    from wattcast.workflows.ground import MARKS

    found = Counter(line["quality"] for line in ledger.lines.values() if line.get("quality"))
    return Counter({mark: found[mark] for mark in MARKS if found[mark]})


def _end(lines: "list[Line]", *codes: int) -> None:
    exit_with((*(line.exit_code for line in lines), *codes))
