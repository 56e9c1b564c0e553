"""The verbs about what was issued: `wattcast forecasts`, `review`, `prune`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from wattcast.cli_stations import exit_with, print_errors, print_json, told_of
from wattcast.errors import ConfigError
from wattcast.flags import (
    AnyStation,
    AsJson,
    CountedIssue,
    IssuedAt,
    IssueNumber,
    Keep,
    LeadDays,
    ModelsDir,
    NothingGoes,
    Now,
    OlderThan,
    OneStation,
    ReportFile,
    ReviewDays,
    Rules,
    Since,
    StoreName,
    TableFile,
    named_store,
    words,
)

if TYPE_CHECKING:
    from wattcast.store.base import StationStore, Store
    from wattcast.workflows.many import Outcome

Result = TypeVar("Result")

forecasts_app = typer.Typer(help="The forecasts that were issued.", no_args_is_help=True)


def _each(store: "Store", station: str | None, run: "Callable[[StationStore], Result]") -> "list[Outcome[Result]]":
    """A verb for the station that is named, or for all; what is wrong with one of several is told and does not end it.

    Raises:
        WattcastError: what is wrong with the one that is named.
    """
    from wattcast.workflows.many import Outcome, each_station
    from wattcast.workflows.stored import station_in

    if station not in (None, "all"):
        return [Outcome(station, run(station_in(store, str(station))))]
    outcomes = list(each_station(store.stations(), lambda name: run(store.station(name))))
    print_errors(outcomes)
    return outcomes


@forecasts_app.command("list")
def forecasts_list(station: AnyStation = None, since: Since = None, store: StoreName = None,
                   models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Every forecast that was issued, oldest origin first."""
    from wattcast import render_issued
    from wattcast.workflows.issued_forecasts import described, issued_forecasts

    outcomes = _each(named_store(store, models_dir), station,
                     lambda kept: (kept.station_id, issued_forecasts(kept, since)))
    if as_json:
        told = [told_of(outcome, lambda found: {"station": found[0], "forecasts": list(map(described, found[1]))})
                for outcome in outcomes]
        print_json(told[0] if station not in (None, "all") else told)
    else:
        render_issued.listed(dict(outcome.result for outcome in outcomes if outcome.result))
    exit_with(outcome.exit_code for outcome in outcomes)


@forecasts_app.command("show")
def forecasts_show(station: OneStation, issue: IssueNumber = 1, at: IssuedAt = None, lead_days: LeadDays = None,
                   since: Since = None, out: TableFile = None, store: StoreName = None,
                   models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """A forecast as it was issued, whole; or of each day what was forecast so many days ahead."""
    from wattcast import render_issued
    from wattcast.forecasting.output import require_table_name, write_forecasts
    from wattcast.workflows.issued_forecasts import show_days_ahead, show_forecast
    from wattcast.workflows.stored import station_in

    if lead_days is not None and (at is not None or issue > 1):
        raise ConfigError("--lead-days contradicts --issue and --at", hint="give one of them")
    if since is not None and lead_days is None:
        raise ConfigError("--since goes with --lead-days", hint="--at names the origin of one forecast")
    if out is not None:
        require_table_name(out)
    kept = station_in(named_store(store, models_dir), station)
    found = show_forecast(kept, issue=issue, at=at) if lead_days is None else show_days_ahead(kept, lead_days, since)
    if out is not None:
        write_forecasts([found.table], out)
    if as_json:
        print_json(found.to_dict())
    else:
        render_issued.shown(found, out)


def review(days: ReviewDays = 28, station: AnyStation = None, rule: Rules = None, issue: CountedIssue = "last",
           report: ReportFile = None, store: StoreName = None, models_dir: ModelsDir = None,
           as_json: AsJson = False) -> None:
    """How good the forecasts were as they were issued, by day ahead, against last week's values."""
    from wattcast import render_issued
    from wattcast.evaluation.issued_report import write_review_report
    from wattcast.evaluation.issued_scores import all_to_dict
    from wattcast.evaluation.rules import named_rules
    from wattcast.workflows.review import review_station

    rules = named_rules(words(rule))
    outcomes = _each(named_store(store, models_dir), station,
                     lambda kept: review_station(kept, days=days, which=issue, rules=rules))
    reviews = [outcome.result for outcome in outcomes if outcome.result is not None]
    if report is not None:
        whose = f" of {reviews[0].station_id}" if len(reviews) == 1 else ""
        write_review_report(report, reviews, f"How the forecasts{whose} did, as they were issued")
    if as_json:
        told = [told_of(outcome, lambda found: found.to_dict()) for outcome in outcomes]
        print_json(told[0] if station not in (None, "all") else {"stations": told, "all": all_to_dict(reviews)})
    else:
        render_issued.reviewed(reviews)
    exit_with(outcome.exit_code for outcome in outcomes)


def prune(keep: Keep = None, older_than: OlderThan = "400d", station: AnyStation = None, now: Now = None,
          dry_run: NothingGoes = False, store: StoreName = None, models_dir: ModelsDir = None,
          as_json: AsJson = False) -> None:
    """Remove old forecasts, and versions beyond the newest few; never what is in use or what that comes from."""
    from wattcast import render_issued
    from wattcast.workflows.prune import prune_station, time_before

    before = time_before(older_than, now)
    outcomes = _each(named_store(store, models_dir), station,
                     lambda kept: prune_station(kept, keep=keep, before=before, dry_run=dry_run))
    found = [outcome.result for outcome in outcomes if outcome.result is not None]
    if as_json:
        told = [told_of(outcome, lambda each: each.to_dict()) for outcome in outcomes]
        print_json(told[0] if station not in (None, "all") else told)
    else:
        render_issued.pruned(found, dry_run=dry_run)
    exit_with(outcome.exit_code for outcome in outcomes)
