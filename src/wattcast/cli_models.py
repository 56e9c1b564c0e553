"""The verbs of `wattcast models`."""

from dataclasses import asdict
from pathlib import Path

import typer

from wattcast.cli_stations import print_error, print_json
from wattcast.flags import MODELS, AnyStation, AsJson, ModelsDir, OneStation, VersionName

models_app = typer.Typer(help="The trained versions of stations.", no_args_is_help=True)


@models_app.command("list")
def models_list(station: AnyStation = None, models_dir: ModelsDir = MODELS, as_json: AsJson = False) -> None:
    """The versions of a station, or of all, oldest first."""
    from wattcast import render
    from wattcast.workflows.versions import registry_of

    if station is None:
        _list_all(models_dir, as_json)
        return
    versions = registry_of(models_dir, station).versions()
    if as_json:
        print_json([asdict(version) for version in versions])
    else:
        render.versions(versions)


def _list_all(models_dir: Path, as_json: bool) -> None:
    """One table of all stations; one whose models cannot be read is named below it."""
    from wattcast import render
    from wattcast.workflows.many import ending
    from wattcast.workflows.versions import versions_of_all

    outcomes = list(versions_of_all(models_dir))
    if as_json:
        print_json([{"station": outcome.station_id, "error": outcome.error.to_dict()} if outcome.error else
                    {"station": outcome.station_id, "versions": [asdict(version) for version in outcome.result or ()]}
                    for outcome in outcomes])
    elif not outcomes:
        render.say(f"there is no trained model in {models_dir} yet; train one with 'wattcast train'")
    else:
        render.all_versions({str(outcome.station_id): outcome.result or [] for outcome in outcomes})
    for outcome in outcomes:
        if outcome.error is not None:
            print_error(outcome.error, outcome.station_id)
    code = ending(outcome.exit_code for outcome in outcomes)
    if code:
        raise typer.Exit(code)


@models_app.command("show")
def models_show(station: OneStation, models_dir: ModelsDir = MODELS, version: VersionName = "champion") -> None:
    """All that is known of one version, as JSON."""
    from wattcast.workflows.versions import registry_of

    print_json(registry_of(models_dir, station).manifest(version))


@models_app.command("promote")
def models_promote(station: OneStation, version: VersionName, models_dir: ModelsDir = MODELS) -> None:
    """Make a version the champion; the champion so far becomes the previous one."""
    from wattcast import render
    from wattcast.workflows.versions import registry_of

    render.say(f"{station}: {registry_of(models_dir, station).promote(version)} is the champion")


@models_app.command("rollback")
def models_rollback(station: OneStation, models_dir: ModelsDir = MODELS) -> None:
    """Go back to the previous champion; a second time undoes it."""
    from wattcast import render
    from wattcast.workflows.versions import registry_of

    render.say(f"{station}: {registry_of(models_dir, station).rollback()} is the champion again")
