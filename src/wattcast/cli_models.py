"""The verbs of `wattcast models`."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from wattcast.cli_stations import exit_with, print_errors, print_json, told_of
from wattcast.flags import AnyStation, AsJson, ModelsDir, OneStation, StoreName, VersionName, named_store

if TYPE_CHECKING:
    from wattcast.store.base import Store, Version

models_app = typer.Typer(help="The trained versions of stations.", no_args_is_help=True)


@models_app.command("list")
def models_list(station: AnyStation = None, store: StoreName = None, models_dir: ModelsDir = None,
                as_json: AsJson = False) -> None:
    """The versions of a station, or of all, oldest first."""
    from wattcast import render
    from wattcast.workflows.versions import versions_of

    if station is None:
        _list_all(named_store(store, models_dir), as_json)
        return
    versions = versions_of(named_store(store, models_dir), station).versions()
    if as_json:
        print_json([asdict(version) for version in versions])
    else:
        render.versions(versions)


def _list_all(store: "Store", as_json: bool) -> None:
    """One table of all stations; one whose models cannot be read is named below it."""
    from wattcast import render
    from wattcast.workflows.versions import versions_of_all

    outcomes = list(versions_of_all(store))
    if as_json:
        print_json([told_of(outcome, partial(_told, outcome.station_id)) for outcome in outcomes])
    elif not outcomes:
        render.say(f"there is no trained model in {store.place} yet; train one with 'wattcast train'")
    else:
        render.all_versions({str(outcome.station_id): outcome.result or [] for outcome in outcomes})
    print_errors(outcomes)
    exit_with(outcome.exit_code for outcome in outcomes)


def _told(station_id: str | None, versions: "list[Version]") -> dict[str, Any]:
    return {"station": station_id, "versions": [asdict(version) for version in versions]}


@models_app.command("show")
def models_show(station: OneStation, store: StoreName = None, models_dir: ModelsDir = None,
                version: VersionName = "champion") -> None:
    """All that is known of one version, as JSON."""
    from wattcast.workflows.versions import versions_of

    print_json(versions_of(named_store(store, models_dir), station).manifest(version))


@models_app.command("promote")
def models_promote(station: OneStation, version: VersionName, store: StoreName = None,
                   models_dir: ModelsDir = None) -> None:
    """Make a version the champion; the champion so far becomes the previous one."""
    from wattcast import render
    from wattcast.workflows.versions import versions_of

    render.say(f"{station}: {versions_of(named_store(store, models_dir), station).promote(version)} is the champion")


@models_app.command("rollback")
def models_rollback(station: OneStation, store: StoreName = None, models_dir: ModelsDir = None) -> None:
    """Go back to the previous champion; a second time undoes it."""
    from wattcast import render
    from wattcast.workflows.versions import versions_of

    render.say(f"{station}: {versions_of(named_store(store, models_dir), station).rollback()} is the champion again")
