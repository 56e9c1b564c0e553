"""The verb `train`."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattcast.data.quality import QualityReport
from wattcast.data.schema import StationData
from wattcast.experts.trained import TrainedModel
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.store.base import StationStore
from wattcast.store.older_rows import extend_history
from wattcast.training.config import Recipe
from wattcast.workflows.choice import choice_lines
from wattcast.workflows.evaluation import Evaluation, admit, evaluate, evaluation_dict, flattered
from wattcast.workflows.finetune import FinetuneOutcome, update_station
from wattcast.workflows.history import History, read_history
from wattcast.workflows.job import Job, OnEpoch
from wattcast.workflows.search import RESULTS, OnSearch, SearchOutcome, search_history


@dataclass(frozen=True, eq=False)
class TrainOutcome:
    """What `train` did for one station."""

    data: StationData
    quality: QualityReport
    version: str
    place: str
    evaluation: Evaluation | None
    epochs: int
    seconds: float
    notes: tuple[str, ...]
    search: SearchOutcome | None
    update: FinetuneOutcome | None
    simple_only: tuple[str, ...] = ()
    """Targets of the champion that are forecast by simple forecasts alone: what was trained did not pass its gate."""

    @property
    def champion(self) -> str:
        """The version in use afterwards, the one that was evaluated."""
        return self.version if self.update is None else self.update.champion

    @property
    def rejected(self) -> bool:
        """Whether a fine-tuning followed and the gate said no."""
        return self.update is not None and self.update.rejected

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.data.station.id, "version": self.version, "champion": self.champion,
                "simple_only": list(self.simple_only), "folder": str(self.place),
                "epochs": self.epochs, "seconds": round(self.seconds, 1), "notes": list(self.notes),
                "evaluation": evaluation_dict(self.evaluation),
                "search": None if self.search is None else self.search.to_dict(),
                "finetune": None if self.update is None else self.update.to_dict()}


def train(job: Job, station_id: str | None = None, *, until: str | None = None, search: bool = False,
          on_epoch: OnEpoch | None = None, on_search: OnSearch | None = None) -> TrainOutcome:
    """Train, evaluate on the weeks kept from training, store, and make the new version the champion.

    What was trained is only used for targets for which it is not clearly worse there than the simple forecasts
    (`evaluation.first_gate`).

    With `search` or `tuning.enable_hyperopt` the best configuration is searched for first, on what training sees. With
    `finetune.incremental_training` besides, neither sees the newest four weeks: what was trained is then fine-tuned on
    them, behind the gate, and what is in use after that is evaluated.

    Args:
        job: data, settings and store.
        station_id: the station; the only one if None.
        until: nothing measured at or after this time is seen.
        search: search first.
        on_epoch: told of each finished epoch of the training and the fine-tuning.
        on_search: told of each finished epoch and trial of the search.

    Raises:
        InputError: something the user gave is wrong.
    """
    started = time.perf_counter()
    searched = search or job.settings.tuning.enable_hyperopt
    updating = searched and job.settings.finetune.incremental_training
    history = read_history(job, station_id, until, updating=updating)
    data = history.data
    kept = job.store.station(data.station.id)
    found = search_history(job, history, on_search=on_search) if searched else None
    recipe = found.recipe if found else job.settings.recipe()
    model, evaluation = fit_history(history, recipe, kept.work_folder("training"), on_epoch)
    doubts = [decision.sentence for decision in evaluation.gate if not decision.passed] if evaluation else []
    version, older = _in_use(kept, job, history, model, evaluation, found)
    update = None
    if updating:
        update = update_station(data, kept, job.settings, until=history.kept.isoformat(), stored=True,
                                on_epoch=on_epoch)
        if history.weeks and not update.rejected:
            model = kept.versions.load()
            evaluation = evaluate(NetworkForecaster.of(model), data, history.kept, history.weeks)
    notes = (*history.quality.doubts(), *history.notes, *older,
             *map(str, history.quality.assumed), *doubts, *choice_lines(model.selection), *flattered(model))
    return TrainOutcome(data, history.quality, version, kept.place, evaluation, len(model.history),
                        time.perf_counter() - started, notes, found, update,
                        model.selection.simple_only if model.selection else ())


def _in_use(kept: StationStore, job: Job, history: History, model: TrainedModel, evaluation: Evaluation | None,
            found: SearchOutcome | None) -> tuple[str, list[str]]:
    """Keep the rows and what was trained on them as the champion: its version, and what is to be told of older rows."""
    with kept.locked():
        # Before the model: killed in between, the history holds more than the champion has seen, which does no harm.
        # Rows that were read from the store stay as they are there by now: corrections may have come in meanwhile.
        older = "" if job.data is None else extend_history(kept, history.data)
        version = kept.versions.add(model, metrics_of(evaluation, history),
                                    description=job.description(kept, history.quality),
                                    search=found.record if found else None,
                                    files={RESULTS: found.results} if found else {})
        kept.versions.promote(version)
    return version, [older] if older else []


def fit_history(history: History, recipe: Recipe, work_folder: Path | None = None,
                on_epoch: OnEpoch | None = None) -> tuple[TrainedModel, Evaluation | None]:
    """Train on what training may see and evaluate on the weeks that are kept, if any are. Nothing is stored."""
    network, evaluation = NetworkForecaster(recipe, work_folder=work_folder, on_epoch=on_epoch).fit(history.view), None
    if history.weeks:
        network, evaluation = admit(network, history.view, history.data, history.kept, history.weeks)
    assert network.model is not None
    return network.model, evaluation


def metrics_of(evaluation: Evaluation | None, history: History) -> dict[str, Any]:
    """What is kept of an evaluation beside the model, or why there was none."""
    return evaluation_dict(evaluation) or {"note": history.notes[0]}
