"""The command line: flags in, one workflow called, what happened in plain words out.

Heavy packages are imported when a verb runs, so that `wattcast --help` answers at once.
"""

import io
import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattcast import __version__
from wattcast.cli_exits import exit_code
from wattcast.cli_fleet import fleet_app
from wattcast.cli_intake import ingest, stations_app
from wattcast.cli_models import models_app
from wattcast.cli_nightly import nightly
from wattcast.cli_review import forecasts_app, prune, review
from wattcast.cli_stations import each, print_json
from wattcast.errors import DOUBTFUL
from wattcast.flags import (
    AsJson,
    Assignments,
    At,
    BaseFolder,
    BaseStore,
    ConfigFile,
    CorpusFiles,
    Data,
    Day,
    DemoFolder,
    DryRun,
    Every,
    Fidelity,
    FirstOrigin,
    IfNeeded,
    Jobs,
    JsonFile,
    JsonFileOrOut,
    Lang,
    MissedDay,
    Models,
    ModelsDir,
    Now,
    NoWeather,
    Origins,
    Out,
    PlotFile,
    RefitEvery,
    ReportFile,
    Rules,
    SearchOnly,
    Seed,
    SingleStation,
    StationId,
    StoreName,
    Strict,
    Trials,
    Untested,
    Until,
    Weather,
    named_store,
    words,
)

if TYPE_CHECKING:
    from wattcast.workflows.finetune import FinetuneOutcome
    from wattcast.workflows.forecast import ForecastOutcome
    from wattcast.workflows.job import Job
    from wattcast.workflows.search import SearchOutcome
    from wattcast.workflows.train import TrainOutcome

app = typer.Typer(help="Seven days of a station's power at 15-minute steps.", no_args_is_help=True,
                  add_completion=False, pretty_exceptions_enable=False)
app.add_typer(models_app, name="models")
app.add_typer(forecasts_app, name="forecasts")
app.add_typer(stations_app, name="stations")
app.add_typer(fleet_app, name="fleet")
app.command()(ingest)
app.command()(nightly)

TO_A_FILE = ("backtest",)
"""Verbs whose `--json` names a file; the others print."""
SHORT = ("training.epochs=12", "training.patience=3", "training.members=1")
"""The demo's training: one network, and a minute on two cores instead of three."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code, as of `cli_exits.exit_code`.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("wattcast").setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of files may hold what its encoding has no signs for.
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    return exit_code(app, given, as_json="--json" in given and given[0] not in TO_A_FILE)


def _job(data: Path | None, station: str | None, config: Path | None, assignments: list[str] | None,
         store: str | None, models_dir: Path | None) -> "Job":
    from wattcast.settings import load_settings
    from wattcast.workflows.job import Job

    return Job(data, station, load_settings(config, assignments or ()), named_store(store, models_dir))


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        print(f"wattcast {__version__}")
        raise typer.Exit


@app.command()
def demo(folder: DemoFolder = Path("demo"), config: ConfigFile = None, set_: Assignments = None) -> None:
    """A simulated station from data to forecast: simulate, check, train, forecast, compare, report."""
    from wattcast import render, render_progress
    from wattcast.settings import load_settings
    from wattcast.workflows.demo import demo as run

    with render_progress.training_progress() as on_epoch:
        run(folder, load_settings(config, (*SHORT, *(set_ or ()))), on_epoch=on_epoch, say=render.say,
            show=render.scorecard)


@app.command()
def check(data: Data = None, station: StationId = None, config: ConfigFile = None, set_: Assignments = None,
          store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """What is wrong with the data, and what will be done about it."""
    from wattcast import render
    from wattcast.workflows.check import check as run

    job = _job(data, station, config, set_, store, models_dir)
    each(job, job.station_ids(), partial(run, job), words=render.checked,
         show=lambda report: render.lines(report.lines()), tell=lambda report: report.to_dict(),
         as_json=as_json).end()


@app.command()
def train(data: Data = None, station: StationId = None, config: ConfigFile = None, set_: Assignments = None,
          store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False, until: Until = None) -> None:
    """Train a model, evaluate it on the last week, and make it the champion.

    With finetune.incremental_training it does what finetune does, unless tuning.enable_hyperopt asks for a new model.
    """
    from wattcast.workflows.train import train as run

    job = _job(data, station, config, set_, store, models_dir)
    if job.settings.finetune.incremental_training and not job.settings.tuning.enable_hyperopt:
        _update(job, as_json, until=until)
    else:
        _train(job, as_json, run, until)


@app.command()
def tune(data: Data = None, station: StationId = None, config: ConfigFile = None, set_: Assignments = None,
         store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False, until: Until = None,
         n_trials: Trials = None, fidelity: Fidelity = None, search_only: SearchOnly = False) -> None:
    """Search for the best configuration, then train it, evaluate it, and make it the champion."""
    from wattcast.workflows.tune import tune as run

    asked = {"n_trials": n_trials, "fidelity": fidelity}
    given = [f"tuning.{key}={value}" for key, value in asked.items() if value is not None]
    job = _job(data, station, config, [*(set_ or ()), *given], store, models_dir)
    if search_only:
        _search(job, as_json, until)
    else:
        _train(job, as_json, run, until)


def _train(job: "Job", as_json: bool, run: "Callable[..., TrainOutcome]", until: str | None) -> None:
    from wattcast import render, render_progress

    def one(station_id: str | None) -> "TrainOutcome":
        with (render_progress.search_progress(as_json) as on_search,
              render_progress.training_progress(as_json) as on_epoch):
            return run(job, station_id, until=until, on_epoch=on_epoch, on_search=on_search)

    each(job, job.station_ids(), one, words=render.trained, show=render.training,
         tell=lambda outcome: outcome.to_dict(), as_json=as_json, slow=True).end()


def _search(job: "Job", as_json: bool, until: str | None) -> None:
    from wattcast import render, render_progress
    from wattcast.workflows.tune import search_only

    def one(station_id: str | None) -> "SearchOutcome":
        with render_progress.search_progress(as_json) as on_search:
            return search_only(job, station_id, until=until, on_search=on_search)

    each(job, job.station_ids(), one, words=render.searched, show=render.search,
         tell=lambda outcome: outcome.to_dict(), as_json=as_json, slow=True).end()


@app.command()
def finetune(data: Data = None, station: StationId = None, config: ConfigFile = None, set_: Assignments = None,
             store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False, until: Until = None,
             if_needed: IfNeeded = False) -> None:
    """Fine-tune the champion on new rows; the result replaces it only if it is shown to be better."""
    _update(_job(data, station, config, set_, store, models_dir), as_json, until=until, if_needed=if_needed)


def _update(job: "Job", as_json: bool, *, until: str | None, if_needed: bool = False) -> None:
    from wattcast import render, render_progress
    from wattcast.workflows.finetune import finetune as run
    from wattcast.workflows.finetune import stations_to_update

    def one(station_id: str) -> "FinetuneOutcome":
        with render_progress.training_progress(quiet=as_json, what="fine-tuning") as on_epoch:
            return run(job, station_id, until=until, if_needed=if_needed, on_epoch=on_epoch)

    each(job, stations_to_update(job), one, words=render.finetuned, show=render.finetuning,
         tell=lambda outcome: outcome.to_dict(), as_json=as_json, slow=True).end()


@app.command()
def forecast(data: Data = None, station: StationId = None, config: ConfigFile = None, set_: Assignments = None,
             store: StoreName = None, models_dir: ModelsDir = None, as_json: AsJson = False, at: At = None,
             now: Now = None, weather: Weather = None, no_weather: NoWeather = False, out: Out = Path("forecast.csv"),
             dry_run: DryRun = False, strict: Strict = False) -> None:
    """The next seven days, written to a file."""
    from wattcast import render
    from wattcast.forecasting.output import require_table_name
    from wattcast.workflows.forecast import forecast as run
    from wattcast.workflows.forecast import save_forecasts, stations_to_forecast

    require_table_name(out)
    job = _job(data, station, config, set_, store, models_dir)
    made: list[ForecastOutcome] = []

    def one(station_id: str | None) -> "ForecastOutcome":
        made.append(run(job, station_id, at=at, now=now, weather=weather, no_weather=no_weather, dry_run=dry_run))
        return made[-1]

    stations = each(job, stations_to_forecast(job), one, words=render.forecasted, show=lambda _: None,
                    tell=lambda outcome: {**outcome.to_dict(), "file": str(out)}, as_json=as_json)
    if made:
        save_forecasts(made, out)
    if not as_json:
        for outcome in made:
            render.forecast(outcome, out)
    stations.end(*(DOUBTFUL for outcome in made if strict and outcome.doubtful))


@app.command()
def backtest(first_origin: FirstOrigin, data: Data = None, station: SingleStation = None, config: ConfigFile = None,
             set_: Assignments = None, store: StoreName = None, models_dir: ModelsDir = None, every: Every = "7d",
             origins: Origins = None, models: Models = "wattcast,seasonal-naive,naive-day,weekly-mean",
             no_weather: NoWeather = False, refit_every: RefitEvery = None, jobs: Jobs = 1, rule: Rules = None,
             json_file: JsonFile = None, report: ReportFile = None) -> None:
    """Forecast from many origins in the past and compare with what happened and with simple models."""
    from wattcast import render, render_progress
    from wattcast.workflows.backtest import backtest as run
    from wattcast.workflows.backtest import save_backtest

    job = _job(data, station, config, set_, store, models_dir)
    with render_progress.training_progress() as on_epoch:
        result = run(job, first_origin=first_origin, every=every, origins=origins, models=models.split(","),
                     no_weather=no_weather, refit_every=refit_every, jobs=jobs, rules=words(rule), on_epoch=on_epoch,
                     progress=render_progress.counter())
    save_backtest(result, json_file, report, job.settings.data)
    render.backtest(result)


@app.command()
def explain(data: Data = None, station: SingleStation = None, config: ConfigFile = None, set_: Assignments = None,
            store: StoreName = None, models_dir: ModelsDir = None, at: At = None, day: Day = None,
            miss: MissedDay = None, weather: Weather = None, no_weather: NoWeather = False,
            json_file: JsonFileOrOut = None, plot: PlotFile = None, lang: Lang = "en") -> None:
    """Why a forecast is what it is, or why it was wrong: the usual day and what each of its reasons adds to it."""
    from wattcast import render
    from wattcast.workflows.explain import explain as run
    from wattcast.workflows.explain import save_explanation

    job = _job(data, station, config, set_, store, models_dir)
    outcome = run(job, station, at=at, day=day, missed=miss, weather=weather, no_weather=no_weather)
    printed = json_file == Path("-")
    save_explanation(outcome, None if printed else json_file, plot, lang)
    if printed:
        print_json(outcome.to_dict())
    else:
        render.explanation(outcome, lang)


@app.command()
def pretrain(out: BaseFolder, corpus: CorpusFiles = None, store: BaseStore = None, config: ConfigFile = None,
             set_: Assignments = None, until: Until = None, seed: Seed = 0, untested: Untested = False,
             as_json: AsJson = False) -> None:
    """Learn a base from many stations, of files, of a store or of both: what they share, for them and for others.

    A run that was interrupted goes on after the sources that it had finished.
    """
    from wattcast import render, render_progress
    from wattcast.workflows.job import ALL_STATIONS
    from wattcast.workflows.pretrain import pretrain as run

    job = None if store is None else _job(None, ALL_STATIONS, config, set_, store, None)
    outcome = run(corpus or (), out, job=job, until=until, seed=seed, tested=not untested,
                  progress=render_progress.parts(as_json), tell=None if as_json else render.announce)
    if as_json:
        print_json(outcome.to_dict())
    else:
        render.lines(outcome.lines())


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What this installation can use: versions, processors, implementations of the scan."""
    from wattcast import render
    from wattcast.workflows.doctor import doctor as run

    findings = run()
    if as_json:
        print_json(findings)
    else:
        render.doctor(findings)


app.command()(review)
app.command()(prune)

if __name__ == "__main__":
    sys.exit(main())
