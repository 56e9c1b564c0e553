from dataclasses import replace

import numpy as np
import pandas as pd

from wattcast.contracts import TOTAL, Forecast, Station, View
from wattcast.data.schema import StationData
from wattcast.evaluation.baselines import baseline
from wattcast.workflows.evaluation import evaluate

WEEK = 168


class Renamed:
    """Same as 7 days ago, by another name in each forecast, as a model whose shares follow the last weeks."""

    name = "wattcast"

    def __init__(self) -> None:
        self.asked = 0

    def fit(self, view: View) -> "Renamed":
        return self

    def forecast(self, view: View) -> Forecast:
        self.asked += 1
        return replace(baseline("seasonal-naive").fit(view).forecast(view), model=f"wattcast: 0.{self.asked} network")


def test_evaluate__pools_weeks_whose_shares_differ() -> None:
    index = pd.date_range("2025-03-03", periods=9 * WEEK, freq="1h", tz="UTC", name="time")
    frame = pd.DataFrame({TOTAL: 100.0 * (np.arange(len(index)) // WEEK)}, index=index)
    data = StationData(Station(id="s", targets=(TOTAL,), step="1h", timezone="UTC"), frame)
    made = evaluate(Renamed(), data, index[6 * WEEK], 3)
    assert made.card.model == "wattcast: 0.1 network"
    assert [each.model for each in made.forecasts] == [f"wattcast: 0.{number} network" for number in (1, 2, 3)]
    scores = made.card.scores(TOTAL)
    assert (scores["n"], scores["mae"]) == (3 * WEEK, 100.0)
