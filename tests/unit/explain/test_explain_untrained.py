"""The forecast of a station without a model, taken apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_works import ORIGIN, PER_DEGREE, WORKED, Made, view_of, works

from wattcast.contracts import TOTAL, Kind, View
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.explain.contributions import Explanation, explain
from wattcast.explain.miss import miss
from wattcast.explain.untrained import ExplainedRules
from wattcast.forecasting.untrained import UntrainedForecaster
from wattcast.settings import build_settings

RECIPE = build_settings({}).recipe()


@pytest.fixture(scope="module")
def found(made: Made) -> Explanation:
    return explain(ExplainedRules(RECIPE), view_of(made))


def require_filed(view: View, explanation: Explanation) -> None:
    """It is the forecast that is filed, and adds up to it."""
    filed = UntrainedForecaster(RECIPE).forecast(view)
    pd.testing.assert_frame_equal(explanation.forecast.table, filed.table, rtol=1e-6)
    assert (explanation.forecast.model, explanation.forecast.notes) == (filed.model, filed.notes)
    together = explanation.usual + sum(explanation.parts.values())
    np.testing.assert_allclose(together, explanation.median, rtol=0, atol=1e-9)


def test_explanation__is_of_the_forecast_that_is_filed(found: Explanation, made: Made) -> None:
    require_filed(view_of(made), found)
    assert {"rules", "base", "level", "day_type"} < set(found.parts)
    assert "learned" not in found.parts


def test_parts__are_those_that_the_station_is_made_of(found: Explanation) -> None:
    """A third of the work at least is told as that of the first of May, and the six degrees as warmth."""
    may = slice(24 + 8, 24 + 18)
    assert -1.3 * WORKED < found.parts["day_type"][may].mean() < -WORKED / 3
    assert 0 < found.parts["temperature"].mean() < 1.3 * 6 * PER_DEGREE


@pytest.mark.parametrize("days", [3, 10])
def test_short_history__is_explained_too(made: Made, days: int) -> None:
    frame = made.data.frame.loc[ORIGIN - pd.Timedelta(days=days):]
    view = view_of(replace(made, data=StationData(made.data.station, frame)))
    require_filed(view, explain(ExplainedRules(RECIPE), view))


def test_plant__is_explained_too(made: Made) -> None:
    """Under an open sky whose place is that of its zone's city."""
    index = made.data.frame.index
    power = np.clip(np.sin((index.hour.to_numpy() - 6) * np.pi / 12), 0, None) * 50
    station = made.data.station.model_copy(update={"kind": Kind.PV, "known_future": ()})
    view = view_of(replace(made, data=StationData(station, pd.DataFrame({TOTAL: power}, index=index))))
    explanation = explain(ExplainedRules(RECIPE), view)
    require_filed(view, explanation)
    assert explanation.parts["day_type"].max() == 0


def test_rows_after_the_origin__change_nothing(found: Explanation, made: Made) -> None:
    frame = made.data.frame.copy()
    frame.loc[frame.index >= ORIGIN, TOTAL] = 1e6
    other = explain(ExplainedRules(RECIPE), view_of(replace(made, data=StationData(made.data.station, frame))))
    for key, part in found.parts.items():
        np.testing.assert_array_equal(part, other.parts[key])


def test_miss__splits_the_error_that_was_made() -> None:
    made = works(level=1.2)
    view = view_of(made)
    why = miss(ExplainedRules(RECIPE), view, made.data, 1)
    together = sum(why.parts.values())
    np.testing.assert_allclose(together, why.actual - why.median, atol=1e-9)
    assert why.parts["level"].mean() > 0


def test_nothing_measured__is_an_error(made: Made) -> None:
    data = StationData(made.data.station.model_copy(update={"capacity": 200.0}),
                       made.data.frame.assign(**{TOTAL: np.nan}))
    with pytest.raises(DataError, match="follows from its kind and capacity alone"):
        explain(ExplainedRules(RECIPE), view_of(replace(made, data=data)))
