"""The search for a station's best configuration, as part of training or alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattcast.store.files import json_bytes
from wattcast.training.config import Recipe
from wattcast.workflows.history import History
from wattcast.workflows.job import Job

if TYPE_CHECKING:
    from wattcast.tuning.progress import SearchProgress

OnSearch = Callable[["SearchProgress | str | None"], None]
"""Told of each finished epoch and trial, in a sentence of what concerns all, and with None that the search is over."""
RESULTS, HISTORY, PAGE = "hyperopt_results.json", "hyperopt_history.png", "search.html"


@dataclass(frozen=True, eq=False)
class SearchOutcome:
    """What a search found for one station.

    Attributes:
        station_id: the station.
        recipe: the chosen configuration.
        results: the content of `hyperopt_results.json`.
        place: where that file, the page and the picture are, in words.
        journal: Optuna's file with every trial.
    """

    station_id: str
    recipe: Recipe
    results: dict[str, Any]
    place: str
    journal: Path

    @property
    def record(self) -> dict[str, Any]:
        """What a version's manifest says of the search that it comes from."""
        return {"recipe_hash": self.results["recipe_hash"], "study": self.results["study"],
                "trial": self.results["best_trial"]}

    def to_dict(self) -> dict[str, Any]:
        told = ("best_params", "best_score", "n_trials", "best_trial", "today_trial", "today_score", "verdict",
                "comparison", "recipe_hash", "study", "fidelity", "cost", "stopped", "seconds")
        return {"station": self.station_id, "journal": str(self.journal),
                **{name: self.results[name] for name in told}}


def search_history(job: Job, history: History, *, on_search: OnSearch | None = None) -> SearchOutcome:
    """Search on what training sees of `history`; keep the results with the station.

    Raises:
        InputError: something the user gave is wrong.
        WattcastError: every trial failed.
    """
    from wattcast.tuning.journal import JOURNAL
    from wattcast.tuning.page import history_plot, search_page
    from wattcast.tuning.results import results
    from wattcast.tuning.search import search

    station_id = history.data.station.id
    kept = job.store.station(station_id)
    found = search(history.view.training_data(), job.settings.recipe(), job.settings.tuning, kept.work_folder("search"),
                   on_search)
    if on_search is not None:
        on_search(None)
    content = results(found)
    kept.keep_document(RESULTS, json_bytes(content))
    kept.keep_document(PAGE, search_page(found, station_id=station_id).encode())
    kept.keep_document(HISTORY, history_plot(found))
    return SearchOutcome(station_id, found.recipe, content, kept.place, found.folder / JOURNAL)
