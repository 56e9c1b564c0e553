"""The commands `train.py` and `train_mbm.py`: the seed document's flags and log markers, wattcast's workflows."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wattcast.errors import REJECTED, ConfigError, DataError, WattcastError

if TYPE_CHECKING:
    from wattcast.settings import Settings
    from wattcast.workflows.job import Job

HISTORY, NEWER = "data", "merged_station_test.csv"
"""Where the data is looked for, in this order, when `--data_file` is not given. Fine-tuning begins with the second."""


def main(program: str, arguments: Sequence[str] | None = None) -> int:
    """Run one of the seed document's commands; exit codes as for `wattcast`."""
    try:
        return _run(_parser(program).parse_args(arguments))
    except WattcastError as error:
        print(f"⚠️ {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("⚠️ interrupted; the same command continues where it stopped", file=sys.stderr)
        return 130


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, allow_abbrev=False,
                                     description="Train a station's model and evaluate it on the last week.")
    parser.add_argument("--station_id", required=True, help="the station")
    parser.add_argument("--data_file", type=Path, help="default: the folder data, else merged_station_test.csv")
    parser.add_argument("--horizon_weights", help="numbers separated by commas: one a step (672) or one a day (7)")
    parser.add_argument("--n_trials", type=int, help="trials of the hyper-parameter search")
    parser.add_argument("--enable_hyperopt", action="store_true", help="search hyper-parameters first")
    parser.add_argument("--enable_incremental", action="store_true", help="fine-tune the existing model")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.n_trials is not None and not arguments.enable_hyperopt:
        raise ConfigError("--n_trials belongs to --enable_hyperopt", hint="add --enable_hyperopt, or leave it out")
    from wattcast import render, render_progress
    from wattcast.settings import load_settings
    from wattcast.training.horizon_weights import (
        describe_horizon_weights,
        expand_horizon_weights,
        parse_horizon_weights,
    )
    from wattcast.workflows.job import Job
    from wattcast.workflows.train import train

    assignments = [f"tuning.enable_hyperopt={str(arguments.enable_hyperopt).lower()}",
                   f"finetune.incremental_training={str(arguments.enable_incremental).lower()}"]
    if arguments.n_trials is not None:
        assignments.append(f"tuning.n_trials={arguments.n_trials}")
    if arguments.horizon_weights is not None:
        weights = parse_horizon_weights(arguments.horizon_weights)
        print("🔍", describe_horizon_weights(expand_horizon_weights(weights, 672, 7), 7))
        assignments.append(f"training.horizon_weights={list(weights)}")
    settings = load_settings(assignments=assignments)
    finetuning = arguments.enable_incremental and not arguments.enable_hyperopt
    job = (Job(arguments.data_file, arguments.station_id, settings) if arguments.data_file else
           _usual_job(arguments.station_id, settings, newer=finetuning))
    if finetuning:
        return _finetune(job, arguments.station_id)
    print(f"🔄 training station {arguments.station_id} on {job.data}")
    with render_progress.search_progress(mark="🔍 ") as on_search, render_progress.training_progress() as on_epoch:
        outcome = train(job, on_epoch=on_epoch, on_search=on_search)
    render.training(outcome)
    print(f"✅ the model and its files are in {outcome.place}")
    return REJECTED if outcome.rejected else 0


def _finetune(job: "Job", station_id: str) -> int:
    """Fine-tune the station's model; the exit code is 3 if the gate said no."""
    from wattcast import render, render_progress
    from wattcast.workflows.finetune import finetune

    print(f"🔄 fine-tuning the model of station {station_id} on {job.data}")
    with render_progress.training_progress(what="fine-tuning") as on_epoch:
        outcome = finetune(job, station_id, on_epoch=on_epoch)
    render.finetuning(outcome)
    if outcome.rejected:
        made = f"; the fine-tuned weights of {outcome.version} are in {outcome.place}" if outcome.version else ""
        print(f"⚠️ the model in use was kept: {outcome.champion}{made}")
        return REJECTED
    print(f"✅ the fine-tuned model and its files are in {outcome.place}; {outcome.champion} is in use")
    return 0


def _usual_job(station_id: str, settings: "Settings", *, newer: bool) -> "Job":
    """On the first of the usual places that is there; of several the first that has the station."""
    from wattcast.workflows.job import Job

    places = [Path(name) for name in ((NEWER, HISTORY) if newer else (HISTORY, NEWER)) if Path(name).exists()]
    if not places:
        raise DataError("there is no data here", expected=f"{HISTORY} or {NEWER}",
                        hint="name the file with --data_file")
    jobs = [Job(place, station_id, settings) for place in places]
    for job in jobs if len(jobs) > 1 else ():
        with suppress(DataError):
            if station_id in job.source.station_ids:
                return job
    return jobs[0]
