"""Makes the data of `two_weeks.sh`, and scores what it filed.

    python examples/two_weeks.py make FOLDER
    python examples/two_weeks.py score FOLDER

Three made-up stations with hourly steps: `works` in two shifts on workdays, `store` that cools in the afternoon, `roof`
with photovoltaics. `FOLDER/base` is their history, `FOLDER/nights/01` … `14` what comes in each night: the day before,
and the weather forecast of the seven days ahead; `FOLDER/nights.txt` says when, `FOLDER/stations.yaml` what the
stations are. What goes wrong, and when, is in `FAULTS`.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

STATIONS = ("works", "store", "roof")
STEPS, WEEK = 24, 7 * 24
FIRST, BASE_DAYS, NIGHTS = pd.Timestamp("2025-03-03"), 70, 14
STEP_DAY = BASE_DAYS + 3
"""From this day on `works` has a third line: its load is 35 % higher."""

FAULTS = {
    3: "store: the file of the night before once more; its day comes a night late",
    5: "works: a file with column names alone; its day comes a night late",
    6: "roof: a file of a gas meter; its day comes a night late",
    7: "all: every row twice",
    9: "store: the sensor sticks from ten in the morning on",
    11: "all: no weather forecast",
}

DESCRIBED = """\
time: {timezone: Asia/Shanghai, step: 1h}
stations:
  - {station: works, kind: load}
  - {station: store, kind: load}
  - {station: roof, kind: pv, capacity: 250}
"""


def make(folder: Path) -> None:
    """Write the base history and the files of each night."""
    shutil.rmtree(folder, ignore_errors=True)
    rng = np.random.default_rng(14)
    folder.mkdir(parents=True)
    (folder / "nights.txt").write_text("\n".join(nights()) + "\n", encoding="utf-8")
    (folder / "stations.yaml").write_text(DESCRIBED, encoding="utf-8")
    for station in STATIONS:
        truth = simulate(station, rng)
        (folder / "truth").mkdir(parents=True, exist_ok=True)
        truth.to_csv(folder / "truth" / f"{station}.csv")
        write_rows(folder / "base", station, days(truth, 0, BASE_DAYS))
        for day in range(BASE_DAYS):
            write_weather(folder / "base", station, truth, day, rng)
        for night in range(1, NIGHTS + 1):
            place = folder / "nights" / f"{night:02d}"
            write_rows(place, station, rows_of(night, station, truth))
            if "no weather" not in FAULTS.get(night, ""):
                write_weather(place, station, truth, BASE_DAYS + night, rng)


def nights() -> list[str]:
    """The number of each night, and when its commands run."""
    return [f"{night:02d} {FIRST + pd.Timedelta(days=BASE_DAYS + night):%Y-%m-%d} 02:30"
            for night in range(1, NIGHTS + 1)]


def simulate(station: str, rng: np.random.Generator) -> pd.DataFrame:
    """All days, and a week beyond the last night: weather and power [kW] as they came."""
    count = (BASE_DAYS + NIGHTS + 9) * STEPS
    index = pd.date_range(FIRST, periods=count, freq="1h", name="time")
    hour, day = index.hour.to_numpy(), np.arange(count) // STEPS
    slow = np.repeat(rng.normal(0, 1, count // STEPS), STEPS)
    temperature = 14 + 0.12 * day + 6 * np.sin((hour - 9) * np.pi / 12) + 2 * slow + rng.normal(0, 0.4, count)
    cloud = np.clip(50 + 30 * np.repeat(rng.normal(0, 1, count // STEPS), STEPS) + rng.normal(0, 8, count), 0, 100)
    workday = index.day_of_week.to_numpy() < 5
    noise = 1 + 0.03 * rng.normal(0, 1, count)
    if station == "works":
        power = (120 + 380 * workday * ((hour >= 6) & (hour < 22))) * noise * np.where(day >= STEP_DAY, 1.35, 1.0)
    elif station == "store":
        power = (60 + 90 * ((hour >= 8) & (hour < 21)) + 6 * np.clip(temperature - 18, 0, None)) * noise
    else:
        sun = np.clip(np.sin((hour - 5.5) * np.pi / 13), 0, None) * ((hour >= 6) & (hour < 19))
        power = 250 * sun * (1 - 0.7 * (cloud / 100) ** 2) * noise
    return pd.DataFrame({"temperature": temperature.round(2), "cloud": cloud.round(1), "meter": power.round(2)},
                        index=index)


def days(table: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    return table.iloc[first * STEPS:last * STEPS]


def rows_of(night: int, station: str, truth: pd.DataFrame) -> pd.DataFrame:
    """What the file of a night holds: the day before it, unless something is wrong."""
    fault, before = FAULTS.get(night, ""), FAULTS.get(night - 1, "")
    first = BASE_DAYS + night - 1
    mine = fault.startswith((station, "all"))
    if mine and "once more" in fault:
        return days(truth, first - 1, first)
    if mine and "column names" in fault:
        return truth.head(0)
    late = before.startswith(station) and "a night late" in before
    rows = days(truth, first - late, first + 1)
    if mine and "gas meter" in fault:
        return rows.rename(columns={"meter": "gas_m3"})
    if mine and "twice" in fault:
        return pd.concat([rows, rows])
    if mine and "sticks" in fault:
        rows = rows.copy()
        rows.iloc[10:, rows.columns.get_loc("meter")] = rows["meter"].iloc[10]
    return rows


def write_rows(root: Path, station: str, rows: pd.DataFrame) -> None:
    """One file a month, in the folders that wattcast knows."""
    folder = root / station / "data"
    folder.mkdir(parents=True, exist_ok=True)
    months = rows.index.strftime("%Y-%m") if len(rows) else ["2025-05"]
    for month in dict.fromkeys(months):
        rows[rows.index.strftime("%Y-%m") == month].to_csv(folder / f"data-{station}-{month}.csv")


def write_weather(root: Path, station: str, truth: pd.DataFrame, day: int, rng: np.random.Generator) -> None:
    """The forecast that is issued at the start of a day: worse from day to day."""
    folder = root / station / "forcaster"
    folder.mkdir(parents=True, exist_ok=True)
    ahead = days(truth, day, day + 7)[["temperature", "cloud"]]
    error = np.sqrt(np.arange(len(ahead)) / STEPS + 0.2)[:, None] * rng.normal(0, 1, (1, 2)) * np.asarray([1.0, 8.0])
    made = (ahead + error).round(2)
    made["cloud"] = made["cloud"].clip(0, 100)
    made.to_csv(folder / f"forcaster-{station}-{ahead.index[0]:%Y-%m-%d}.csv")


def score(folder: Path) -> None:
    """The mean absolute error of what was filed each night, and of the week before it as it came."""
    print(f"{'night':>5}  " + "  ".join(f"{station + ' filed':>12} {'last week':>9}" for station in STATIONS))
    total: dict[str, list[float]] = {station: [] for station in STATIONS}
    for night in range(1, NIGHTS + 1):
        day = FIRST + pd.Timedelta(days=BASE_DAYS + night)
        filed = pd.read_csv(folder / "filed" / f"{day:%Y-%m-%d}.csv", parse_dates=["time"])
        cells = []
        for station in STATIONS:
            truth = pd.read_csv(folder / "truth" / f"{station}.csv", index_col="time", parse_dates=True)["meter"]
            made = filed[filed["station_id"] == station].set_index("time")["total_active_power"]
            ours = float((made - truth.reindex(made.index)).abs().mean())
            week = truth.reindex(made.index - pd.Timedelta(days=7)).to_numpy()
            last_week = float(np.abs(truth.reindex(made.index).to_numpy() - week).mean())
            total[station] += [ours, last_week]
            cells.append(f"{ours:>12.2f} {last_week:>9.2f}")
        print(f"{night:>5}  " + "  ".join(cells) + f"  {FAULTS.get(night, '')}")
    print(f"{'mean':>5}  " + "  ".join(f"{np.mean(all_of[::2]):>12.2f} {np.mean(all_of[1::2]):>9.2f}"
                                       for all_of in total.values()))


if __name__ == "__main__":
    {"make": make, "score": score}[sys.argv[1]](Path(sys.argv[2]))
