"""The verb `demo`."""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from wattcast.contracts import PART, TOTAL
from wattcast.data.simulate import simulate_station
from wattcast.evaluation.baselines import baseline
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.report import plot_forecast, write_report
from wattcast.evaluation.scorecard import Scorecard, score_week
from wattcast.settings import Settings
from wattcast.store.disk import DiskStore
from wattcast.store.files import require_writable
from wattcast.timegrid import station_horizon
from wattcast.workflows.check import check
from wattcast.workflows.evaluation import REFERENCES
from wattcast.workflows.forecast import forecast, save_forecasts
from wattcast.workflows.job import Job, OnEpoch
from wattcast.workflows.train import TrainOutcome, train


def demo(folder: Path, settings: Settings, *, on_epoch: OnEpoch, say: Callable[[str], None],
         show: Callable[[Scorecard], None]) -> None:
    """A simulated station from data to forecast, compared with what the simulation then lets happen.

    Args:
        folder: where everything is written.
        settings: of the training.
        on_epoch: told of each finished epoch.
        say: prints a line.
        show: prints a scorecard.
    """
    started = time.perf_counter()
    require_writable(folder)
    say("simulating a year of a virtual-power-plant station, with the weather forecasts of every day")
    simulate_station(folder / "data", truth=True)
    job = Job(folder / "data", None, settings, DiskStore(folder / "models"))
    for line in check(job).lines():
        say(line)
    say("training; the last week is kept to evaluate on")
    trained = train(job, on_epoch=on_epoch)
    made = forecast(job, now=trained.data.end.isoformat())
    save_forecasts([made], folder / "forecast.csv")

    data = trained.data
    view = HorizonView(data, made.forecast.origin, station_horizon(data.station))
    references = {name: baseline(name).fit(view).forecast(view) for name in REFERENCES}
    actual = pd.concat([data.frame[list(data.station.targets)], _truth(folder / "data", data.station.timezone)])
    card = score_week(actual, made.forecast, references, data.station.capacity)
    show(card)
    plot_forecast(folder / "forecast.png", made.forecast, actual=actual, references=references)
    write_report(folder / "report.html", title=f"{data.station.id}: the next seven days", station=data.station,
                 forecast=made.forecast, actual=actual, references=references, scorecard=card,
                 quality=trained.quality.lines(), facts=_facts(trained), notes=(*made.notes, *made.facts))
    say(f"done in {time.perf_counter() - started:.0f} s: forecast.csv, forecast.png and report.html (opens offline) "
        f"are in {folder}")
    say("next, on your own data: wattcast check --data PATH, then train and forecast "
        f"(the demo's: --data {folder}/data)")


def _truth(folder: Path, timezone: str) -> pd.DataFrame:
    """What the simulation lets happen after the data's end, under wattcast's names."""
    truth = pd.read_csv(folder / "truth.csv", index_col="time", parse_dates=True)
    return truth.rename(columns={"meter": TOTAL, "load": PART}).tz_localize(timezone)


def _facts(trained: TrainOutcome) -> dict[str, str]:
    """What a report says of the model."""
    first, last = trained.data.frame.index[0], trained.data.end
    return {"version": trained.version, "epochs": str(trained.epochs),
            "training and evaluation": f"{trained.seconds:.0f} s",
            "data": f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"}
