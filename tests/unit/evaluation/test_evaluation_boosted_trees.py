import sys

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, QUANTILES, TOTAL, Horizon, Kind, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import ConfigError, DataError
from wattcast.evaluation import boosted_trees
from wattcast.evaluation.boosted_trees import BoostedTrees
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.lagged_inputs import Past
from wattcast.experts.bands import Band

HOUR = pd.Timedelta("1h")
HORIZON = Horizon(48, HOUR)


def windy(days: int = 70, targets: tuple[str, ...] = (TOTAL,)) -> StationData:
    """Power follows the wind and nothing else, so that only the weather can tell it."""
    index = pd.date_range("2025-01-01", periods=days * 24, freq=HOUR, tz="UTC", name="time")
    rng = np.random.default_rng(0)
    wind = rng.uniform(0, 10, len(index))
    columns = {target: factor * wind + rng.normal(0, 0.1, len(index))
               for target, factor in zip(targets, (3.0, 1.0), strict=False)}
    station = Station(id="s", targets=targets, known_future=("wind",), step="1h", timezone="UTC")
    return StationData(station, pd.DataFrame({**columns, "wind": wind}, index=index))


def view_at(data: StationData, day: int, weather: str = "given") -> HorizonView:
    return HorizonView(data, data.frame.index[day * 24], HORIZON, weather=weather)


def test_trees__use_the_weather_where_it_is_known() -> None:
    data = windy()
    view = view_at(data, 60)
    actual = data.frame[TOTAL].reindex(view.future().index)
    error = (BoostedTrees().fit(view).forecast(view).table[TOTAL] - actual).abs().mean()
    blind = view_at(data, 60, weather="none")
    without = (BoostedTrees().fit(blind).forecast(blind).table[TOTAL] - actual).abs().mean()
    assert error < 1.5
    assert without > 5


def test_trees__two_targets_and_quantiles_in_order_that_hold_what_they_say() -> None:
    data = windy(targets=(TOTAL, PART))
    fitted = BoostedTrees().fit(view_at(data, 50))
    inside = []
    for day in range(50, 68):
        view = view_at(data, day)
        table = fitted.forecast(view).table
        for target in (TOTAL, PART):
            quantiles = table[[quantile_column(target, level) for level in QUANTILES]].to_numpy()
            assert (np.diff(quantiles, axis=1) >= 0).all()
            assert (quantiles[:, 4] == table[target]).all()
        actual = data.frame[TOTAL].reindex(table.index)
        inside.append(actual.between(table[quantile_column(TOTAL, 0.1)], table[quantile_column(TOTAL, 0.9)]))
    assert pd.concat(inside).mean() == pytest.approx(0.8, abs=0.12)


def test_trees__are_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosted_trees, "ROUNDS", 30)
    data = windy()
    view = view_at(data, 60)
    one, other = (BoostedTrees().fit(view).forecast(view).table for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(("kind", "change", "hours"), [
    (Kind.LOAD, "2024-03-31", {0, 12}), (Kind.LOAD, "2024-10-27", {0, 12}), (Kind.WIND, "2024-10-27", {0, 1, 12, 13})])
def test_trees__learn_from_origins_at_the_time_of_day_of_use(by_the_clock, monkeypatch, kind, change, hours) -> None:
    """Twice a day is often enough here; a plant goes by absolute time, and nothing moves in the zone of its rows."""
    first = pd.Timestamp(change, tz="Europe/Berlin") - pd.DateOffset(days=40)
    frame = by_the_clock("Europe/Berlin", f"{first:%Y-%m-%d}", 75, "1h").rename(TOTAL).to_frame()
    data = StationData(Station(id="s", kind=kind, step="1h", timezone="Europe/Berlin"), frame)
    asked, inputs = [], Past.inputs

    def recorded(past: Past, origins: np.ndarray, leads: np.ndarray) -> np.ndarray:
        asked.append(origins)
        return inputs(past, origins, leads)

    monkeypatch.setattr(Past, "inputs", recorded)
    monkeypatch.setattr(boosted_trees, "ENOUGH", 5000)
    monkeypatch.setattr(boosted_trees, "ROUNDS", 3)
    BoostedTrees().fit(HorizonView(data, first + pd.DateOffset(days=70), HORIZON))
    (origins,) = asked
    assert set(frame.index.hour[origins]) == hours


@pytest.mark.parametrize("change", ["2024-03-31", "2024-10-27"])
def test_trees__bands_are_as_wide_as_the_lead_day_on_the_wall(by_the_clock, monkeypatch, change) -> None:
    zone, first = "Europe/Berlin", pd.Timestamp(change, tz="Europe/Berlin") - pd.DateOffset(days=65)
    frame = by_the_clock(zone, f"{first:%Y-%m-%d}", 75, "1h").rename(TOTAL).to_frame()
    data = StationData(Station(id="s", step="1h", timezone=zone), frame)
    days = Band(np.linspace(-1, 1, 9), np.array([1.0, 100.0]), np.ones(24))
    monkeypatch.setattr(Band, "of", lambda *_: days)
    monkeypatch.setattr(boosted_trees, "ROUNDS", 3)
    fitted = BoostedTrees().fit(HorizonView(data, first + pd.DateOffset(days=60), HORIZON))
    table = fitted.forecast(HorizonView(data, pd.Timestamp(change, tz=zone), HORIZON)).table
    wide = table[quantile_column(TOTAL, 0.9)] - table[TOTAL] > 50
    assert wide.tolist() == [time.date() > pd.Timestamp(change).date() for time in table.index]


def test_trees__too_little_data_says_so() -> None:
    with pytest.raises(DataError, match="too rarely") as caught:
        BoostedTrees().fit(view_at(windy(), 7))
    assert "--models" in str(caught.value)


def test_trees__without_lightgbm_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ConfigError, match="LightGBM cannot be loaded"):
        BoostedTrees().fit(view_at(windy(), 60))
