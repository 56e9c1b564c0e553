"""A peer's pretrained model at the panel's stations, of which neither it nor wattcast's base has seen one.

    pip install fracast     # 0.1.0, Apache-2.0, 85,001 weights that come with it
    python benchmarks/zero_shot_peer.py DATA_FOLDER

DATA_FOLDER holds `panel/`, as `benchmarks/cold_start.py` has it. The peer reads the last 2,048 hours before each origin
of the protocol and forecasts 168, its medians rolled on by itself from 48; a finer step is its hour's mean. Hours that
were not measured are filled with those of a week before. Prints a line a station: the mean absolute error over that of
the best simple model, which knows 400 days.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from fracast import FracastModel

from panel import BEST, Panelist, panel
from wattcast.contracts import HORIZON_DAYS, TOTAL
from wattcast.timegrid import DAY

CONTEXT = 2048
"""Hours that the peer reads at most."""


def error(model: FracastModel, station: Panelist) -> float:
    """Mean absolute error over all origins."""
    power, missed = station.data.frame[TOTAL], []
    for origin in station.origins:
        past = power[power.index < origin].resample("1h", origin=origin).mean().iloc[-CONTEXT - 7 * 24:]
        past = past.fillna(past.shift(7 * 24)).ffill().iloc[-CONTEXT:]
        said = np.asarray(model.forecast(past.to_numpy(np.float32), horizon=24 * HORIZON_DAYS))
        median = pd.Series(said[:, said.shape[1] // 2], pd.date_range(origin, periods=len(said), freq="1h"))
        actual = power[(power.index >= origin) & (power.index < origin + HORIZON_DAYS * DAY)]
        missed.append((median.reindex(actual.index, method="ffill") - actual).abs())
    return float(pd.concat(missed).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    model, ratios = FracastModel.from_pretrained(device="cpu", weights="fp32"), []
    for station in panel(parser.parse_args().data / "panel"):
        ratios.append(error(model, station) / BEST[station.name])
        print(f"{station.name:16} {ratios[-1]:.3f}", flush=True)
    print(f"mean {np.mean(ratios):.3f}, worst {max(ratios):.3f}")


if __name__ == "__main__":
    main()
