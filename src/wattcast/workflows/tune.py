"""The verb `tune`."""

from wattcast.workflows.history import read_history
from wattcast.workflows.job import Job, OnEpoch
from wattcast.workflows.search import OnSearch, SearchOutcome, search_history
from wattcast.workflows.train import TrainOutcome, train


def tune(job: Job, station_id: str | None = None, *, until: str | None = None, on_epoch: OnEpoch | None = None,
         on_search: OnSearch | None = None) -> TrainOutcome:
    """Search, then train the best configuration, evaluate and promote it; arguments and errors as for `train`."""
    return train(job, station_id, until=until, search=True, on_epoch=on_epoch, on_search=on_search)


def search_only(job: Job, station_id: str | None = None, *, until: str | None = None,
                on_search: OnSearch | None = None) -> SearchOutcome:
    """The search alone; arguments and errors as for `train`."""
    return search_history(job, read_history(job, station_id, until), on_search=on_search)
