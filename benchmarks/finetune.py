"""Stories of an update: a station that changes, new data that is wrong, and nothing new at all.

    python benchmarks/finetune.py [DATA_FOLDER] [--stations sim-pv,sim-works,sgcc_solar_1,steel] [--seeds 0]
                                  [--stories change,poison,nothing] [--set section.key=value ...] [--json FILE]

A model is trained on what lies before the change, then fine-tuned once on the four weeks behind it; what is told is
its error on the four weeks that follow, against the stale model's. The simulated stations' weather and plan are known
over the horizon, the real plant's weather is measured afterwards (perfect weather); a seed decides the training and, of
a simulated station, its weather and plan. DATA_FOLDER holds the public sets
(examples/README.md says where each comes from) and is only needed for the real stations.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattcast.data.schema import StationData
from wattcast.data.simulated_weather import autoregressive, local_hour, simulate_weather
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.scorecard import scored_steps, scores
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.settings import load_settings
from wattcast.store.disk import DiskStore
from wattcast.store.files import write_json
from wattcast.store.registry import Registry
from wattcast.timegrid import DAY, rolling_origins, station_horizon
from wattcast.workflows.finetune import finetune
from wattcast.workflows.job import Job
from wattcast.workflows.train import train

EXAMPLES = Path(__file__).parents[1] / "examples"
NEW_DAYS, FOLLOWING_DAYS = 28, 28


@dataclass(frozen=True)
class Story:
    """A station's table of measurements, the day of the change, and what changes from then on."""

    table: pd.DataFrame
    time: str
    power: str
    changes_at: str
    change: Callable[[pd.DataFrame], pd.Series]
    description: list[str] = field(default_factory=list)
    config: Path | None = None


def simulated_plant(seed: int) -> Story:
    """A photovoltaic plant of 50 MW whose irradiance is known over the horizon; it loses a tenth of its strings."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", "2025-06-30", freq="15min", tz="Asia/Shanghai", name="time")
    weather = simulate_weather(index, rng)
    hour, day = local_hour(index) + 0.125, index.day_of_year.to_numpy()
    declination, latitude = np.deg2rad(23.45) * np.sin(2 * np.pi * (284 + day) / 365), np.deg2rad(31)
    sine = (np.sin(latitude) * np.sin(declination)
            + np.cos(latitude) * np.cos(declination) * np.cos(np.deg2rad(15 * (hour - 12))))
    irradiance = 1050 * np.clip(sine, 0, None) ** 1.15 * (1 - 0.78 * weather.cloud ** 2)
    passing = np.clip(1 + 0.06 * autoregressive(len(index), 4, rng), 0, None)
    power = 50 * irradiance / 1000 * (1 - 0.004 * (weather.temperature + irradiance / 40 - 25)) * passing
    table = pd.DataFrame({"time": index.tz_localize(None), "power": np.clip(power, 0, 50).round(3),
                          "irradiance": irradiance.round(1), "temperature": weather.temperature.round(1)})
    return Story(table, "time", "power", "2025-04-01", lambda new: 0.9 * new["power"],
                 ["data.known_future=[irradiance, temperature]", "data.kind=pv", "data.capacity=55"])


def simulated_works(seed: int) -> Story:
    """A works whose plan [t/h] is known over the horizon; a further line takes 1.5 kWh more for each tonne."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", "2025-06-30", freq="15min", tz="Asia/Shanghai", name="time")
    hour, shifts = local_hour(index), len(index) // 32 + 1
    planned = np.repeat(rng.choice([0, 40, 60, 80, 100], shifts, p=[0.15, 0.15, 0.25, 0.25, 0.2]), 32)[:len(index)]
    plan = planned * np.where(index.day_of_week < 6, 1.0, 0.3)
    office = 60 * ((hour >= 8) & (hour < 18) & (index.day_of_week < 5))
    noise = 1 + 0.03 * autoregressive(len(index), 6, rng)
    table = pd.DataFrame({"time": index.tz_localize(None), "power": ((120 + office + 3 * plan) * noise).round(2),
                          "plan": plan})
    return Story(table, "time", "power", "2025-04-01", lambda new: new["power"] + 1.5 * new["plan"],
                 ["data.known_future=[plan]", "data.kind=load"])


def real(folder: Path, name: str, power: str, changes_at: str, change: Callable[[pd.DataFrame], pd.Series]) -> Story:
    return Story(pd.read_csv(folder / f"{name}.csv.gz"), "time", power, changes_at, change,
                 config=EXAMPLES / f"{name}.yaml")


def further_line(power: str) -> Callable[[pd.DataFrame], pd.Series]:
    """A line that works in two shifts on weekdays and takes a third of the usual power."""
    def change(new: pd.DataFrame) -> pd.Series:
        time = pd.DatetimeIndex(new["time"])
        works = (time.hour >= 6) & (time.hour < 22) & (time.day_of_week < 5)
        return new[power] + works * new[power].mean() / 3
    return change


STATIONS: dict[str, Callable[[Path, int], Story]] = {
    "sim-pv": lambda _, seed: simulated_plant(5 + seed),
    "sim-works": lambda _, seed: simulated_works(6 + seed),
    "sgcc_solar_1": lambda folder, _: real(folder, "sgcc_solar_1", "power", "2020-08-01",
                                           lambda new: 0.9 * new["power"]),
    "steel": lambda folder, _: real(folder, "steel_site_2018", "energy_kwh", "2018-09-01", further_line("energy_kwh")),
}

POISONS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "shifted by 3 hours": lambda power: pd.Series(np.roll(power, 12), power.index),
    "shifted by an hour": lambda power: pd.Series(np.roll(power, 4), power.index),
    "1000 times too large": lambda power: 1000 * power,
    "four times too small": lambda power: 0.25 * power,
    "last week 10 times too large": lambda power: power.where(np.arange(len(power)) < len(power) - 672, 10 * power),
    "constant": lambda power: power * 0 + power.mean(),
}


class Run:
    """One station with a model trained on what lies before the change, in a folder of its own."""

    def __init__(self, story: Story, assignments: list[str], folder: Path) -> None:
        self.story, self.folder = story, folder
        times = pd.DatetimeIndex(story.table[story.time])
        self.change = pd.Timestamp(story.changes_at)
        self.end = self.change + NEW_DAYS * DAY
        self.following = self.end + (FOLLOWING_DAYS + 7) * DAY
        self.new, self.behind = (times >= self.change) & (times < self.end), times >= self.end
        self.settings = load_settings(story.config, [
            "data.station=site", *([] if story.config else [f"data.targets={{total_active_power: {story.power}}}"]),
            *story.description, *assignments])
        table = story.table[times < self.change]
        started = time.perf_counter()
        train(self._job(table, "old", folder / "models"), "site")
        self.seconds = time.perf_counter() - started

    def _job(self, table: pd.DataFrame, name: str, models: Path) -> Job:
        path = self.folder / f"{name}.csv"
        table.to_csv(path, index=False)
        return Job(path, "site", self.settings, DiskStore(models))

    def changed(self, power: pd.Series) -> StationData:
        """All of the data, with other power from the change on."""
        table = self.story.table.copy()
        table.loc[self.new | self.behind, self.story.power] = power
        return self._job(table, "all", self.folder).read("site")[0]

    def update(self, power: pd.Series, truth: StationData, name: str) -> dict[str, Any]:
        """Fine-tune on the four new weeks alone and score both models on the weeks that follow."""
        models = self.folder / f"models-{name.replace(' ', '-')}"
        shutil.copytree(self.folder / "models", models)
        table = self.story.table[self.new].assign(**{self.story.power: power})
        registry = Registry(models, "site")
        stale = registry.load()
        outcome = finetune(self._job(table, "new", models), "site")
        assert outcome.decision is not None
        origins = list(rolling_origins(self.end.tz_localize(truth.station.timezone), 2 * DAY,
                                       truth.end - 7 * DAY, FOLLOWING_DAYS // 2))
        candidate = registry.load(outcome.version) if outcome.version else None
        before, after = _scores(stale, truth, origins), _scores(registry.load(), truth, origins)
        tuned = None if candidate is None else _scores(candidate, truth, origins)
        numbers = outcome.decision.numbers.get("guard", {}).get("total_active_power")
        return {"promoted": outcome.decision.promoted, "reasons": outcome.decision.reasons,
                "stale": before, "champion": after, "candidate": tuned,
                "guard": None if numbers is None else numbers["candidate"]["mae"] / numbers["champion"]["mae"] - 1,
                "gain": None if tuned is None else 1 - tuned["mae"] / before["mae"],
                "forecasts_unchanged": _same(stale, registry.load(), truth, origins[0]),
                "seconds": outcome.seconds, "training_seconds": self.seconds, "epochs": outcome.epochs}


def _scores(model: Any, data: StationData, origins: list[pd.Timestamp]) -> dict[str, float]:
    horizon, network = station_horizon(data.station), NetworkForecaster.of(model)
    steps = [scored_steps(data.frame, network.forecast(HorizonView(data, origin, horizon)), "total_active_power", "m")
             for origin in origins]
    return {name: value for name, value in scores(pd.concat(steps)).items()
            if name in ("mae", "pinball", "coverage_80", "bias")}


def _same(one: Any, other: Any, data: StationData, origin: pd.Timestamp) -> bool:
    view = HorizonView(data, origin, station_horizon(data.station))
    return NetworkForecaster.of(one).forecast(view).table.equals(NetworkForecaster.of(other).forecast(view).table)


def tell(station: str, seed: int, what: str, found: dict[str, Any]) -> None:
    gain = "nothing was fine-tuned" if found["gain"] is None else (
        f"error on the following weeks {found['stale']['mae']:.4g} -> {found['candidate']['mae']:.4g} "
        f"({-100 * found['gain']:+.1f} %), guard {100 * found['guard']:+.1f} %, {found['seconds']:.0f} s = "
        f"{found['seconds'] / found['training_seconds']:.2f} of the training's {found['training_seconds']:.0f} s")
    print(f"{station} seed {seed}, {what}: {'PROMOTED' if found['promoted'] else 'rejected'}; {gain}; the champion's "
          f"forecasts are {'unchanged' if found['forecasts_unchanged'] else 'other ones'}", flush=True)
    for reason in found["reasons"]:
        print(f"    {reason}", flush=True)


def run(station: str, seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    story = STATIONS[station](arguments.data, seed)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        made = Run(story, [*arguments.assignments, f"training.seed={seed}"], Path(folder))
        later = story.table[made.new | made.behind]
        power, changed = later[story.power], story.change(later)
        new = made.new[made.new | made.behind]
        tasks: list[tuple[str, pd.Series, pd.Series]] = []
        if "change" in arguments.stories:
            tasks.append(("change", changed[new], changed))
        if "poison" in arguments.stories:
            tasks += [(name, poison(power[new]), power) for name, poison in POISONS.items()]
        if "nothing" in arguments.stories:
            tasks.append(("nothing changed", power[new], power))
        for name, update, truth in tasks:
            found = made.update(update, made.changed(truth), name)
            rows.append({"station": station, "seed": seed, "story": name, **found})
            tell(station, seed, name, found)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=Path())
    parser.add_argument("--stations", default="sim-pv,sim-works")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--stories", default="change,poison,nothing")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.stories = arguments.stories.split(",")
    rows = [row for station in arguments.stations.split(",") for seed in arguments.seeds.split(",")
            for row in run(station, int(seed), arguments)]
    if arguments.json:
        write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
