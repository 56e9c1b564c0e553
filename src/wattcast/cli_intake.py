"""The verbs that keep what is known of stations: `wattcast ingest` and `wattcast stations`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattcast.cli_stations import each, exit_with, print_error, print_errors, print_json, told_of
from wattcast.errors import ConfigError
from wattcast.flags import (
    AnyStation,
    AsJson,
    Assignments,
    ConfigFile,
    ModelsDir,
    OneStation,
    StationId,
    StoreName,
    named_store,
)

if TYPE_CHECKING:
    from wattcast.store.base import Store
    from wattcast.workflows.intake import Intake
    from wattcast.workflows.kept_descriptions import Described
    from wattcast.workflows.station_files import StationFile
    from wattcast.workflows.station_intake import StationIntake

NewData = Annotated[Path, typer.Option("--data", help="table (CSV, workbook, Parquet), or folder of tables or "
                                                      "stations")]
StationFiles = Annotated[Path | None, typer.Option(
    "--stations", help="YAML, or a folder of such: how the stations are described")]
Description = Annotated[Path | None, typer.Option(
    "--config", help="YAML with a station's description, or with a list of stations; or a folder of such")]
Still = Annotated[float | None, typer.Option("--still", min=0, help="seconds that a file must not have changed; "
                                                                    "default: 2")]
Received = Annotated[str | None, typer.Option("--received", help="when the data came; default: now")]
ToStore = Annotated[str, typer.Option("--to", help="the other store, as --store names one")]
RemovedStation = Annotated[str, typer.Argument(metavar="ID", help="the station")]
Yes = Annotated[bool, typer.Option("--yes", help="remove it; without this only say what would go")]
Accept = Annotated[bool, typer.Option("--accept", help="take in rows that contradict those that are kept, too")]

stations_app = typer.Typer(help="The stations that are kept and how they are described.", no_args_is_help=True)


def ingest(data: NewData, station: StationId = None, config: ConfigFile = None, stations: StationFiles = None,
           set_: Assignments = None, store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False,
           still: Still = None, received: Received = None, accept: Accept = False) -> None:
    """Take measurements and weather in, once: from then on no verb needs --data.

    A file that was taken in before is nothing; late rows are filled in, corrections replace and are kept beside; a
    file that is still being written waits.
    """
    from wattcast.data.settled import STILL
    from wattcast.settings import load_settings
    from wattcast.timegrid import parse_time
    from wattcast.workflows.intake import Intake, ToTakeIn
    from wattcast.workflows.station_files import read_stations

    settings = load_settings(config, set_ or ())
    kept = named_store(store, models_dir)
    intake = Intake(ToTakeIn(
        data, kept, settings, station, read_stations(stations) if stations else (),
        STILL if still is None else still,
        parse_time(received, settings.data.time.timezone) if received else None, accept))
    taken: list[StationIntake] = []

    def one(station_id: str) -> "StationIntake":
        taken.append(intake.take_in(station_id))
        return taken[-1]

    made = each(intake, intake.station_ids, one, words=lambda done: done.words(), show=_show,
                tell=lambda done: done.to_dict(), as_json=as_json)
    intake.keep({str(line.station): line.state for line in made.lines})
    left = intake.left_over()
    if as_json:
        print_json({"stations": [line.told for line in made.lines], "waiting": intake.told_of_waiting(),
                    "unseen": intake.unseen})
    else:
        if made.lines:
            made.print_table()
        _say(intake, taken)
    for error in left:
        print_error(error)
    exit_with((*(line.exit_code for line in made.lines), *(error.exit_code for error in left)))


def _show(done: "StationIntake") -> None:
    from wattcast import render

    if done.changes:
        told = ", ".join(map(str, done.changes))
        render.say(f"station {done.station_id} {'is new' if done.new else 'is described otherwise'}: {told}")
    for note in done.notes:
        render.say(f"  station {done.station_id}: {note}")


def _say(intake: "Intake", taken: "Sequence[StationIntake]") -> None:
    """What became of the files."""
    from wattcast import render

    for name, why in intake.told_of_waiting().items():
        render.say(f"{name} waits: it {why}")
    for note in intake.told_of_unseen():
        render.say(f"note: {note}")
    render.say(intake.words(taken))


@stations_app.command("add")
def stations_add(config: Description = None, station: StationId = None, set_: Assignments = None,
                 store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Say what stations are and how their data is read, once; the same again is nothing, a change is told."""
    from wattcast import render
    from wattcast.workflows.many import each_station

    found, kept = _stations(config, station, set_), named_store(store, models_dir)
    by_name = {each.station_id: each for each in found}
    outcomes = list(each_station(by_name, lambda station_id: _describe(kept, by_name[station_id])))
    if as_json:
        print_json([told_of(outcome, lambda done: done.to_dict()) for outcome in outcomes])
    for outcome in outcomes:
        if outcome.error is not None:
            print_error(outcome.error, outcome.station_id)
        elif outcome.result is not None and not as_json:
            render.say(f"station {outcome.station_id} is {outcome.result.words()}")
            for note in outcome.result.notes:
                render.say(f"  {note}")
    exit_with(outcome.exit_code for outcome in outcomes)


def _stations(config: Path | None, station: str | None, assignments: list[str] | None) -> "tuple[StationFile, ...]":
    """What was given on the command line."""
    from wattcast.workflows.station_files import assigned, read_stations

    return assigned(read_stations(config, station) if config else (), station, assignments or ())


def _describe(store: "Store", told: "StationFile") -> "Described":
    from wattcast.workflows.description import flat
    from wattcast.workflows.kept_descriptions import describe

    notes = tuple(f"{told.file.name}: the section {name} is no part of a description and is left out"
                  for name in told.others)
    return describe(store.station(told.station_id), flat(told.description), notes)


@stations_app.command("list")
def stations_list(store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """A line for each station: what it is, how much is measured and since when nothing, its champion, its size."""
    import pandas as pd

    from wattcast import render
    from wattcast.timegrid import in_words
    from wattcast.workflows.station_list import list_stations

    kept, now = named_store(store, models_dir), pd.Timestamp.now("UTC")
    outcomes = list(list_stations(kept))
    lines = [outcome.result for outcome in outcomes if outcome.result is not None]
    if as_json:
        print_json([told_of(outcome, lambda done: done.to_dict()) for outcome in outcomes])
    elif not outcomes:
        render.say(f"nothing is kept in {kept.place} yet: 'wattcast ingest --data PATH' or 'wattcast stations add'")
    elif lines:
        ages = {line.station_id: line.age(now) for line in lines}
        render.table([{
            "station": line.station_id, "kind": line.kind or "-", "zone": line.timezone or "-",
            "rows": f"{line.rows:,}", "newest": "-" if line.newest is None else f"{line.newest:%Y-%m-%d %H:%M}",
            "age": "-" if (age := ages[line.station_id]) is None else in_words(age.floor("min")),
            "champion": line.champion or "-", "size": f"{line.size / 1e6:.1f} MB"} for line in lines])
    print_errors(outcomes)
    exit_with(outcome.exit_code for outcome in outcomes)


@stations_app.command("show")
def stations_show(station: OneStation, store: StoreName = None, models_dir: ModelsDir = None) -> None:
    """All that is kept of one station, as JSON: its description, what was taken in, corrections, sizes."""
    from wattcast.workflows.station_list import show_station

    print_json(show_station(named_store(store, models_dir), station))


@stations_app.command("remove")
def stations_remove(station: RemovedStation, store: StoreName = None, models_dir: ModelsDir = None,
                    as_json: AsJson = False, yes: Yes = False) -> None:
    """Remove all that is kept of one station: measurements, models, forecasts. It asks nothing and needs --yes."""
    from wattcast import render
    from wattcast.workflows.station_moves import remove_station

    kept = named_store(store, models_dir)
    found = remove_station(kept, station, sure=yes)
    if not yes:
        raise ConfigError(f"nothing was removed of station {station} in {kept.place}", found=found.words(),
                          hint="give the same with --yes to remove it for good")
    if as_json:
        print_json(found.to_dict())
    else:
        render.say(f"removed station {station} from {kept.place}: {found.words()}")


@stations_app.command("copy")
def stations_copy(to: ToStore, station: AnyStation = None, store: StoreName = None, models_dir: ModelsDir = None,
                  as_json: AsJson = False) -> None:
    """Copy all that is kept of the stations to another store, of any kind; twice is once, and it goes on after a kill.
    """
    from wattcast import render
    from wattcast.workflows.station_moves import copy_stations

    source, target = named_store(store, models_dir), named_store(to, None)
    outcomes = []
    for outcome in copy_stations(source, target, station):
        outcomes.append(outcome)
        if outcome.result is not None and not as_json:
            render.say(f"station {outcome.station_id}: {outcome.result.words()}")
    if as_json:
        print_json([told_of(outcome, lambda done: done.to_dict()) for outcome in outcomes])
    else:
        done = sum(1 for outcome in outcomes if outcome.error is None)
        render.say(f"{done} of {len(outcomes)} stations of {source.place} are in {target.place}")
    print_errors(outcomes)
    exit_with(outcome.exit_code for outcome in outcomes)
