"""Make the measurements that lie in this repository, all of them simulated: `python examples/make_station_data.py`.

    data/merged_station_base.csv.gz   a year, to train on
    merged_station_test.csv           the seven weeks after it, to fine-tune on

They are one station, the business park of `wattcast demo`, in the columns of a merged file. In the first of the newer
weeks a cold store is opened, which a model of that year has never seen: it runs day and night, more when it is warm.
The same seed gives the same files.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.simulate import simulate_power

STATION = "1716387625733984256"
START, YEAR, NEWER = "2024-03-01", 365, 49
OPENED = pd.Timestamp("2025-03-05 08:00")
COLUMNS = {"meter": "total_active_power", "load": "not_use_power", "temperature": "temp", "humidity": "humidity",
           "windSpeed": "windSpeed", "code": "code"}


def cold_store(table: pd.DataFrame) -> pd.Series:
    """Power of the cold store [kW]: compressors against the warmth outside, and goods that come in by day."""
    warmth = np.clip(table["temperature"].ewm(halflife=8).mean() + 5, 0, None)
    arrivals = 30 * np.exp(-(((table["quarter"] / 4 - 10) / 2.5) ** 2)) * (table["holiday"] == 1)
    running = np.clip((table.index - OPENED) / pd.Timedelta(days=2), 0, 1)      # it cools down over two days
    return (45 + 4 * warmth + arrivals) * running


def station(seed: int) -> pd.DataFrame:
    """All rows of the station, in the columns of a merged file."""
    table = simulate_power(start=START, days=YEAR + NEWER, seed=seed)
    added = cold_store(table)
    # Goods must be kept cold: none of it can be dispatched.
    table[["load", "meter"]] = table[["load", "meter"]].add(added, axis=0).round(2)
    merged = table[list(COLUMNS)].rename(columns=COLUMNS)
    merged.insert(0, "station_ref_id", STATION)
    return merged.rename_axis("ts").reset_index()


def write(folder: Path, seed: int) -> None:
    """Write both files below `folder`."""
    merged = station(seed)
    newer = merged["ts"] >= pd.Timestamp(START) + pd.Timedelta(days=YEAR)
    base = folder / "data" / "merged_station_base.csv.gz"
    base.parent.mkdir(parents=True, exist_ok=True)
    text = merged[~newer].to_csv(index=False, lineterminator="\n")
    base.write_bytes(gzip.compress(text.encode(), mtime=0))
    merged[newer].to_csv(folder / "merged_station_test.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the simulated measurements of this repository.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[1], help="default: the repository")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    write(given.folder, given.seed)
