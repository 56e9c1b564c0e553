"""The trained versions behind the verbs of `wattcast models`."""

from collections.abc import Iterator
from pathlib import Path

from wattcast.errors import BundleError, listing, nearest
from wattcast.store.base import Version
from wattcast.store.registry import Registry, trained_stations
from wattcast.workflows.many import Outcome, each_station


def registry_of(models_dir: Path, station_id: str) -> Registry:
    """The models of a station that has some.

    Raises:
        BundleError: it has none; the message names the nearest station that has.
    """
    registry, trained = Registry(models_dir, station_id), trained_stations(models_dir)
    if station_id not in trained:
        close = nearest(station_id, trained)
        raise BundleError(
            f"station {station_id} has no trained model in {models_dir}",
            found=f"models of {listing(trained)}" if trained else None,
            hint=f"did you mean {close}?" if close else
            f"train one first: wattcast train --data … --station {station_id}")
    return registry


def versions_of_all(models_dir: Path) -> Iterator[Outcome[list[Version]]]:
    """The versions of every station that has a model, oldest first."""
    return each_station(trained_stations(models_dir), lambda station_id: Registry(models_dir, station_id).versions())
