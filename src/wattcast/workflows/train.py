"""The verb `train`."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattcast.data.quality import QualityReport
from wattcast.data.schema import StationData
from wattcast.errors import InputError
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.store.history import save_history
from wattcast.store.registry import Registry
from wattcast.timegrid import DAY, parse_step, parse_time, require_on_grid, week_horizon
from wattcast.workflows.evaluation import Evaluation, evaluate, evaluation_dict, holdout_weeks
from wattcast.workflows.job import Job, OnEpoch


@dataclass(frozen=True, eq=False)
class TrainOutcome:
    """What `train` did for one station."""

    data: StationData
    quality: QualityReport
    version: str
    folder: Path
    evaluation: Evaluation | None
    epochs: int
    seconds: float
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.data.station.id, "version": self.version, "folder": str(self.folder),
                "epochs": self.epochs, "seconds": round(self.seconds, 1), "notes": list(self.notes),
                "evaluation": evaluation_dict(self.evaluation)}


def train(job: Job, station_id: str | None = None, *, until: str | None = None,
          on_epoch: OnEpoch | None = None) -> TrainOutcome:
    """Train, evaluate on the weeks kept from training, store, and make the new version the champion.

    Args:
        job: data, settings and models folder.
        station_id: the station; the only one if None.
        until: nothing measured at or after this time is seen.
        on_epoch: told of each finished epoch.

    Raises:
        InputError: something the user gave is wrong.
    """
    started = time.perf_counter()
    data, quality = job.read(station_id)
    if until is not None:
        data = cut(data, until)
    weeks, notes = holdout_weeks(data, job.settings)
    training_end = data.end - weeks * 7 * DAY
    registry = Registry(job.models_dir, data.station.id)
    horizon = week_horizon(parse_step(data.station.step))
    network = NetworkForecaster(job.settings.recipe(), work_folder=registry.work_folder, on_epoch=on_epoch)
    network.fit(HorizonView(data, training_end, horizon))
    evaluation = evaluate(network, data, training_end, weeks) if weeks else None
    model = network.model
    assert model is not None
    # Before the model: killed in between, the history holds more than the champion has seen, which does no harm.
    save_history(registry.history_folder, data)
    version = registry.add(model, evaluation_dict(evaluation) or {"note": notes[0]},
                           description=job.settings.data.model_dump(mode="json"))
    registry.promote(version)
    return TrainOutcome(data, quality, version, registry.folder, evaluation, len(model.history),
                        time.perf_counter() - started, tuple(notes))


def cut(data: StationData, until: str) -> StationData:
    origin = require_on_grid(parse_time(until, data.station.timezone), parse_step(data.station.step))
    if origin <= data.frame.index[0]:
        raise InputError(f"--until {until} is before the first measurement", found=f"data from {data.frame.index[0]}")
    return data.until(origin)
