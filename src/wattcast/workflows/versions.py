"""The trained versions behind the verbs of `wattcast models`."""

from collections.abc import Iterator

from wattcast.errors import BundleError, listing, nearest
from wattcast.store.base import Store, Version, Versions
from wattcast.workflows.many import Outcome, each_station


def versions_of(store: Store, station_id: str) -> Versions:
    """The models of a station that has some.

    Raises:
        BundleError: it has none; the message names the nearest station that has.
    """
    versions, trained = store.station(station_id).versions, store.trained_stations()
    if station_id not in trained:
        close = nearest(station_id, trained)
        raise BundleError(
            f"station {station_id} has no trained model in {store.place}",
            found=f"models of {listing(trained)}" if trained else None,
            hint=f"did you mean {close}?" if close else
            f"train one first: wattcast train --data … --station {station_id}")
    return versions


def versions_of_all(store: Store) -> Iterator[Outcome[list[Version]]]:
    """The versions of every station that has a model, oldest first."""
    return each_station(store.trained_stations(), lambda station_id: store.station(station_id).versions.versions())
