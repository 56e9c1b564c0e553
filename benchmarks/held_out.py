"""How good are forecasts of loads that the base has never seen: on usual days, on days off and in the weeks after them?

    python benchmarks/held_out.py [--corpus benchmarks/corpus_measured.yaml] [--chinese 4] [--only NAME,...]
                                  [--set section.key=value ...] [--keep FOLDER] [--json FILE]

Some stations of the corpus's sources named in LOADS, evenly chosen from those with history enough, and made-up works by
`data.simulate`, which the base does not learn from, with China's holidays and worked weekends. Each is fitted once on
400 days and forecast for 13 weeks. Prints, a line a station, the mean absolute error over that of the mean of 4 weeks:
of all steps, of usual ones, and of those whose day is off and one of the four weeks before was not, or the other way
round. `--keep` as of `protocol.py`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from protocol import AsFitted, fitted
from wattcast.contracts import TOTAL, Location, Station
from wattcast.data.corpus import corpus_of, corpus_stations
from wattcast.data.schema import StationData
from wattcast.data.simulate import simulate_power
from wattcast.evaluation.backtest import backtest
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.features.calendar import days_off
from wattcast.settings import load_settings
from wattcast.store.files import write_json
from wattcast.timegrid import DAY, rolling_origins, station_horizon
from wattcast.workflows.models import named_forecasters

LEARNED, JUDGED = 400 * DAY, 91 * DAY
LOADS = {"bdg2": 6, "ieso": 3, "pjm": 2}
"""Stations of a source that are looked at."""
FIRSTS = ("2024-09-05", "2024-12-20")
"""First mornings of the made-up works: the weeks after them hold China's long holidays."""


def loads(corpus: Path) -> Iterator[StationData]:
    """The last 491 days of some stations of each source that have as many."""
    for source in corpus_of(yaml.safe_load(corpus.read_text()), corpus).sources:
        if source.name not in LOADS:
            continue
        whole = [data for data in corpus_stations(source)
                 if data.frame[TOTAL].iloc[-491 * 24:].notna().sum() > 470 * 24]
        for place in np.linspace(0, len(whole) - 1, LOADS[source.name]).astype(int):
            data = whole[place]
            yield StationData(data.station, data.frame[data.frame.index >= data.frame.index[-1] - LEARNED - JUDGED])


def chinese(count: int) -> Iterator[StationData]:
    """Made-up works, hourly, half of them before each of the long holidays."""
    for number in range(count):
        begins = pd.Timestamp(FIRSTS[number % len(FIRSTS)]) - LEARNED
        power = simulate_power(start=str(begins.date()), days=491, seed=100 + number)["meter"].resample("1h").mean()
        station = Station(id=f"chinese/{number}", location=Location(country="CN"), timezone="Asia/Shanghai", step="1h")
        yield StationData(station, pd.DataFrame({TOTAL: power.tz_localize("Asia/Shanghai")}))


def unlike(data: StationData, times: pd.DatetimeIndex) -> np.ndarray:
    """Whether the day is off and one of the four weeks before was not, or the other way round `[T]`."""
    days, country = times.tz_localize(None).normalize().tz_localize("UTC"), data.station.location.country
    now = days_off(days, country)
    return np.any([days_off(days - week * 7 * DAY, country) != now for week in range(1, 5)], axis=0)


def ratios(data: StationData, assignments: list[str], keep: Path | None) -> dict[str, dict[str, float]]:
    """By model and kind of step: mean absolute error over that of the mean of 4 weeks."""
    recipe, horizon = load_settings(None, assignments).recipe(), station_horizon(data.station)
    end = data.frame.index[-1] + horizon.step
    origins = list(rolling_origins(end - JUDGED, 7 * DAY, end, 13, step=horizon.step))
    folder = None if keep is None else keep / data.station.id.replace("/", "-")
    ours = AsFitted.of(fitted(recipe, HorizonView(data, origins[0], horizon), folder))
    rivals = named_forecasters(["weekly-mean", "untrained"], recipe)
    steps = backtest(data, {"wattcast": ours, **rivals}, origins, horizon).steps
    steps = steps.assign(error=(steps["median"] - steps["actual"]).abs(),
                         unlike=unlike(data, pd.DatetimeIndex(steps["time"])))
    found = {}
    for kind, some in (("all", steps), ("usual", steps[~steps["unlike"]]), ("unlike", steps[steps["unlike"]])):
        errors = some.groupby("model")["error"].mean()
        for model in ("wattcast", "untrained"):
            found.setdefault(model, {})[kind] = float(errors[model] / errors["weekly-mean"]) if len(errors) else np.nan
    return {**found, "unlike": {"share": float(steps["unlike"].mean())}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).with_name("corpus_measured.yaml"))
    parser.add_argument("--chinese", type=int, default=4)
    parser.add_argument("--only", default="", help="names of stations; all by default")
    parser.add_argument("--set", action="append", default=[], dest="assignments")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    only, found = [name for name in arguments.only.split(",") if name], {}
    for data in (*loads(arguments.corpus), *chinese(arguments.chinese)):
        name = data.station.id
        if only and name not in only:
            continue
        row = found[name] = ratios(data, arguments.assignments, arguments.keep)
        told = "; ".join(f"{model} " + ", ".join(f"{kind} {value:.3f}" for kind, value in row[model].items())
                         for model in ("wattcast", "untrained"))
        print(f"{name}: {told}; {row['unlike']['share']:.0%} unlike", flush=True)
        if arguments.json:
            write_json(arguments.json, found)
    for source in sorted({name.split("/")[0] for name in found}):
        rows = [row for name, row in found.items() if name.startswith(source)]
        print(f"mean of {source}: " + "; ".join(
            f"{model} " + ", ".join(f"{kind} {np.nanmean([row[model][kind] for row in rows]):.3f}"
                                    for kind in ("all", "usual", "unlike")) for model in ("wattcast", "untrained")))


if __name__ == "__main__":
    main()
