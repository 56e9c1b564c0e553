"""The verbs of `wattcast models`."""

import json
from dataclasses import asdict

import typer

from wattcast.flags import MODELS, AsJson, ModelsDir, OneStation, VersionName

models_app = typer.Typer(help="The trained versions of a station.", no_args_is_help=True)


@models_app.command("list")
def models_list(station: OneStation, models_dir: ModelsDir = MODELS, as_json: AsJson = False) -> None:
    """The versions of a station, oldest first."""
    from wattcast import render
    from wattcast.store.registry import Registry

    versions = Registry(models_dir, station).versions()
    if as_json:
        print(json.dumps([asdict(version) for version in versions], indent=2, ensure_ascii=False))
    else:
        render.versions(station, versions)


@models_app.command("show")
def models_show(station: OneStation, models_dir: ModelsDir = MODELS, version: VersionName = "champion") -> None:
    """All that is known of one version, as JSON."""
    from wattcast.store.registry import Registry

    print(json.dumps(Registry(models_dir, station).manifest(version), indent=2, ensure_ascii=False))


@models_app.command("promote")
def models_promote(station: OneStation, version: VersionName, models_dir: ModelsDir = MODELS) -> None:
    """Make a version the champion; the champion so far becomes the previous one."""
    from wattcast import render
    from wattcast.store.registry import Registry

    render.say(f"{station}: {Registry(models_dir, station).promote(version)} is the champion")


@models_app.command("rollback")
def models_rollback(station: OneStation, models_dir: ModelsDir = MODELS) -> None:
    """Go back to the previous champion; a second time undoes it."""
    from wattcast import render
    from wattcast.store.registry import Registry

    render.say(f"{station}: {Registry(models_dir, station).rollback()} is the champion again")
