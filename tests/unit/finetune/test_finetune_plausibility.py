"""What is wrong must be seen, and what is new must be believed."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.finetune.plausibility import implausible

HOURS = 120 * 24
NEW = 28 * 24


def station_data(kind: Kind, days: int = 28) -> StationData:
    """A load that follows the working day, or a plant that follows sun and clouds, of which the last days are new."""
    rng = np.random.default_rng(3)
    index = pd.date_range("2025-03-01", periods=HOURS - NEW + days * 24, freq="1h", tz="Asia/Shanghai", name="time")
    hour = index.hour.to_numpy()
    clouds = np.repeat(rng.uniform(0.3, 1.0, len(index) // 24), 24)
    sun = np.clip(np.sin((hour - 6) * np.pi / 12), 0, None) * clouds
    if kind is Kind.PV:
        power = 40 * sun * rng.uniform(0.95, 1.05, len(index))
    else:
        works = (hour >= 7) & (hour < 19) & (index.day_of_week < 5)
        power = 300 + 250 * works + rng.normal(0, 12, len(index))
    frame = pd.DataFrame({TOTAL: power, "temperature": 12 + 6 * np.sin((hour - 9) * np.pi / 12)
                          + rng.normal(0, 1, len(index)), "humidity": rng.uniform(30, 90, len(index))}, index=index)
    return StationData(Station(id="works", kind=kind, known_future=("temperature", "humidity"), step="1h"), frame)


def doubts(data: StationData, column: str | None = None, change=None, days: int = 28) -> set[str]:
    """Measures that are doubted once the newest days of a column were changed."""
    new = data.frame.index[-days * 24]
    frame = data.frame.copy()
    if change is not None:
        late = frame.index >= new
        frame.loc[late, column] = change(frame.loc[late, column].to_numpy())
    return {doubt.measure for doubt in implausible(StationData(data.station, frame), new)}


def last_week(change):
    return lambda x: np.concatenate([x[:-168], change(x[-168:])])


WRONG = {
    "1000 times": lambda x: 1000 * x, "a thousandth": lambda x: x / 1000, "10 times": lambda x: 10 * x,
    "a tenth": lambda x: x / 10, "a quarter": lambda x: x / 4,
    "shifted by an hour": lambda x: np.roll(x, 1), "shifted by 3 hours": lambda x: np.roll(x, 3),
    "shifted by -8 hours": lambda x: np.roll(x, -8), "shifted by 12 hours": lambda x: np.roll(x, 12),
    "constant": lambda x: np.full_like(x, x.mean()), "zero": lambda x: 0 * x,
    "mostly missing": lambda x: np.where(np.arange(len(x)) % 4 == 0, x, np.nan),
    "10 times in the last week": last_week(lambda x: 10 * x),
    "constant in the last week": last_week(lambda x: np.full_like(x, x.mean())),
    "shifted in the last week": last_week(lambda x: np.roll(x, 3)),
    "in another order": lambda x: np.random.default_rng(0).permutation(x),
}
TRUE = {
    "unchanged": lambda x: x, "a tenth less": lambda x: 0.9 * x, "a third more": lambda x: 1.33 * x,
    "a day in which nothing was measured": lambda x: np.where(np.arange(len(x)) // 24 == 9, np.nan, x),
}


@pytest.mark.parametrize("kind", [Kind.LOAD, Kind.PV])
@pytest.mark.parametrize("name", WRONG)
def test_wrong_power__is_doubted(kind: Kind, name: str) -> None:
    assert doubts(station_data(kind), TOTAL, WRONG[name])


@pytest.mark.parametrize("kind", [Kind.LOAD, Kind.PV])
@pytest.mark.parametrize("name", TRUE)
def test_true_power__is_believed(kind: Kind, name: str) -> None:
    assert doubts(station_data(kind), TOTAL, TRUE[name]) == set()


def test_further_line__in_two_shifts_is_believed() -> None:
    hour = np.arange(NEW) % 24
    assert doubts(station_data(Kind.LOAD), TOTAL, lambda x: x + 150 * ((hour >= 6) & (hour < 22))) == set()


def test_negative_load__is_doubted() -> None:
    assert any("outside" in measure for measure in doubts(station_data(Kind.LOAD), TOTAL, lambda x: -x))


@pytest.mark.parametrize(("column", "change"), [
    ("temperature", lambda x: x + 273.15), ("humidity", lambda x: x / 100),
    ("temperature", lambda x: np.roll(x, 6)),
])
def test_weather_in_another_unit__is_doubted(column: str, change) -> None:
    assert doubts(station_data(Kind.LOAD), column, change)


@pytest.mark.parametrize("column", ["humidity", "temperature"])
@pytest.mark.parametrize(("change", "said"), [
    (lambda x: x + 9, set()), (lambda x: np.full_like(x, np.nan), set()), (lambda x: 0 * x + 14.0, {"spread"})])
def test_other_weather__is_believed_unless_it_stands_still(column: str, change, said: set[str]) -> None:
    assert doubts(station_data(Kind.LOAD), column, change) == said


@pytest.mark.parametrize(("days", "seen"), [(1, False), (3, True), (10, True), (20, True)])
def test_few_new_rows__are_judged_from_two_days_on(days: int, seen: bool) -> None:
    data = station_data(Kind.LOAD, days=days)
    assert bool(doubts(data, TOTAL, lambda x: 100 * x, days=days)) == seen
    assert doubts(data, days=days) == set()


def test_no_history__nothing_can_be_said() -> None:
    data = station_data(Kind.LOAD)
    assert implausible(data, data.frame.index[24]) == []


def test_doubt__says_where_what_and_what_would_be_believed() -> None:
    data = station_data(Kind.LOAD)
    new = data.frame.index[-NEW]
    frame = data.frame.copy()
    frame.loc[frame.index >= new, TOTAL] *= 1000
    found = [doubt for doubt in implausible(StationData(data.station, frame), new) if doubt.measure == "level"]
    assert len(found) == 1
    assert str(found[0]).startswith(f"{TOTAL} from 2025-0")
    assert "believed is between" in str(found[0])
    assert found[0].to_dict()["found"] > 1000 * found[0].to_dict()["lowest"]
