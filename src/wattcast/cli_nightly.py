"""The verb `nightly`, and its table."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wattcast.cli_stations import print_error, print_json
from wattcast.errors import DataError
from wattcast.flags import (
    Assignments,
    ConfigFile,
    Deadline,
    JsonFileOrOut,
    JsonLog,
    MetricsFile,
    ModelsDir,
    Now,
    Rehearse,
    ReportFile,
    StoreName,
    named_store,
)

if TYPE_CHECKING:
    from wattcast.nightly.summary import StationMorning, Summary

log = logging.getLogger("wattcast")

STYLES = {"ok": "green", "amber": "yellow", "red": "red"}


def nightly(config: ConfigFile = None, set_: Assignments = None, store: StoreName = None, models_dir: ModelsDir = None,
            now: Now = None, deadline: Deadline = None, dry_run: Rehearse = False, json_file: JsonFileOrOut = None,
            report: ReportFile = None, prometheus: MetricsFile = None, log_json: JsonLog = None) -> None:
    """A night for all stations: take in what came, forecast, review, fine-tune the worst, prune.

    Every station has a file before the first fine-tuning starts. Ends with 0, with 3 where something stood in for a
    champion, with 1 where a station has no file.
    """
    from wattcast.nightly.json_log import json_log
    from wattcast.nightly.verb import nightly as run
    from wattcast.settings import load_settings

    with json_log(log_json):
        summary = run(named_store(store, models_dir), load_settings(config, set_ or ()), now=now, deadline=deadline,
                      dry_run=dry_run, say=_say)
        log.info("%s", summary.verdict)
    if json_file == Path("-"):
        print_json(summary.to_dict())
    else:
        _show(summary)
    unwritten = _written(summary, None if json_file == Path("-") else json_file, report, prometheus)
    if code := summary.exit_code or unwritten:
        raise typer.Exit(code)


def _written(summary: "Summary", json_file: Path | None, report: Path | None, prometheus: Path | None) -> int:
    """Write what is asked for; the exit code of what cannot be written, which is no reason to keep back the rest."""
    from wattcast.nightly.night_page import write_night_page
    from wattcast.nightly.prometheus import write_metrics
    from wattcast.store.files import write_json

    code = 0
    for flag, path, write in (("--json", json_file, lambda path, told: write_json(path, told.to_dict())),
                              ("--report", report, write_night_page), ("--prometheus", prometheus, write_metrics)):
        try:
            if path is not None:
                write(path, summary)
        except DataError as error:
            hint = f"give {flag} a place with room that you may write to"
            print_error(DataError(error.what, found=error.found, hint=hint))
            code = error.exit_code
    return code


def _say(step: str, station: str, words: str) -> None:
    """Progress: a line on standard error, and in the log."""
    log.info("%s %s: %s", step, station, words, extra={"step": step, "station": station})


def _show(summary: "Summary") -> None:
    """Which stations are fine this morning."""
    from rich.markup import escape
    from rich.table import Table

    from wattcast import render

    drawn = Table(header_style="bold")
    for heading in ("station", "light", "forecast by", "stands on", "newest row", "skill"):
        drawn.add_column(heading, overflow="fold", justify="right" if heading in ("newest row", "skill") else "left")
    drawn.add_column("why, and what else", overflow="fold", ratio=1)
    for each in summary.stations:
        age = "–" if each.age_hours is None else f"{each.age_hours:.1f} h"
        skill = "–" if each.skill is None else f"{100 * each.skill:+.0f} %"
        by = (each.made_by or "nothing") + (f" ({each.fallback})" if each.fallback else "")
        drawn.add_row(escape(each.station_id), f"[{STYLES[each.light]}]{each.light.icon} {each.light}[/]", escape(by),
                      each.quality or "–", age, skill, escape("\n".join(_lines(each))))
    render.console().print(drawn)
    for remark in summary.remarks:
        render.say(f"note: {remark}")
    render.say(f"the night of {summary.night}: {summary.verdict}")


def _lines(station: "StationMorning") -> list[str]:
    """Its reasons; what is merely worth knowing is counted, and listed on the page and in the JSON."""
    lines = list(station.reasons)
    if station.finetuning:
        lines.append(f"fine-tuning: {station.finetuning}")
    if station.notes:
        lines.append(f"{len(station.notes)} note{'s' if len(station.notes) > 1 else ''}")
    return lines
