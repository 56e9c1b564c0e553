"""The search for a station's best configuration, as part of training or alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattcast.store.files import write_json
from wattcast.store.registry import Registry
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
        folder: where that file, the page and the picture are.
        journal: Optuna's file with every trial.
    """

    station_id: str
    recipe: Recipe
    results: dict[str, Any]
    folder: Path
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
    """Search on what training sees of `history`; write the results into the station's folder.

    Raises:
        InputError: something the user gave is wrong.
        WattcastError: every trial failed.
    """
    from wattcast.tuning.journal import JOURNAL
    from wattcast.tuning.page import plot_history, write_search_page
    from wattcast.tuning.results import results
    from wattcast.tuning.search import search

    station_id = history.data.station.id
    registry = Registry(job.models_dir, station_id)
    found = search(history.view.training_data(), job.settings.recipe(), job.settings.tuning, registry.folder / "search",
                   on_search)
    if on_search is not None:
        on_search(None)
    content = results(found)
    write_json(registry.folder / RESULTS, content)
    write_search_page(registry.folder / PAGE, found, station_id=station_id)
    plot_history(registry.folder / HISTORY, found)
    return SearchOutcome(station_id, found.recipe, content, registry.folder, found.folder / JOURNAL)
