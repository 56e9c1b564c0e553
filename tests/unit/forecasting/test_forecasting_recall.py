"""What was said of past mornings is not worked out again, and changes with any row that it follows from."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.features.table import FeatureTable, VintageTable
from wattcast.forecasting import recent
from wattcast.forecasting.predictor import NetworkForecaster
from wattcast.forecasting.recall import Recall, rows_digest

LEARNED, ORIGIN = 2000, 2000 + 4 * 672


class Worker:
    """Answers with ten times the place, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, places: np.ndarray) -> np.ndarray:
        self.asked += places.tolist()
        return np.asarray(places, np.float64)[:, None] * 10


def test_unknown_digests__are_worked_out_once_and_in_order() -> None:
    recall, work = Recall("m"), Worker()
    np.testing.assert_array_equal(recall.filled(["a", "b", "c"], work), [[0.0], [10.0], [20.0]])
    np.testing.assert_array_equal(recall.filled(["c", "x", "a"], work), [[20.0], [10.0], [0.0]])
    assert work.asked == [0, 1, 2, 1]
    assert recall.learned


def test_next_run__keeps_what_it_used_only() -> None:
    first, work = Recall("m"), Worker()
    first.filled(["a", "b"], work)
    second = Recall("m", first.used)
    np.testing.assert_array_equal(second.filled(["b"], work), [[10.0]])
    assert work.asked == [0, 1]
    assert not second.learned
    assert list(second.used) == ["m:b"]


def test_another_model__has_said_nothing() -> None:
    first, work = Recall("m"), Worker()
    first.filled(["a"], work)
    Recall("other", first.used).filled(["a"], work)
    assert work.asked == [0, 0]


def table(vintages: VintageTable | None = None) -> FeatureTable:
    index = pd.date_range("2025-03-01", periods=200, freq="1h", tz="Europe/Berlin")
    columns = [np.arange(200 * width, dtype=np.float32).reshape(200, width) for width in (1, 2, 1)]
    return FeatureTable(index, *columns, ("weather", "day"), ("price",), (0,), vintages)


@pytest.mark.parametrize("part", ["targets", "known", "past"])
@pytest.mark.parametrize(("row", "told"), [(89, False), (90, True), (99, True), (100, None), (123, None), (124, False)])
def test_digest__changes_with_the_rows_that_are_read_and_with_no_other(part, row, told) -> None:
    plain = table()
    values = getattr(plain, part).copy()
    values[row, 0] += 1
    changed = replace(plain, **{part: values})
    # What is measured over the horizon comes too late.
    told = part == "known" if told is None else told
    assert (rows_digest(changed, 100, 10, 24) != rows_digest(plain, 100, 10, 24)) is told


def test_digest__weather_over_the_horizon_is_that_which_was_issued() -> None:
    issued = VintageTable(np.asarray([90]), np.asarray([90]), np.zeros((1, 100, 1), np.float32))
    plain, digests = table(issued), []
    for row, column in ((110, 0), (110, 1), (95, 0)):
        known = plain.known.copy()
        known[row, column] += 1
        digests.append(rows_digest(replace(plain, known=known), 100, 10, 24))
    assert [digest != rows_digest(plain, 100, 10, 24) for digest in digests] == [False, True, True]


def test_digest__tells_instants_and_issued_forecasts_apart() -> None:
    plain, later = table(), table()
    later = replace(later, index=later.index + pd.Timedelta("24h"))
    issued = [VintageTable(np.asarray([40, when]), np.asarray([40, when]), np.stack(
        [np.zeros((100, 1), np.float32), np.ones((100, 1), np.float32)])) for when in (90, 101)]
    digests = {rows_digest(each, 100, 10, 24) for each in (plain, later, *map(table, issued))}
    assert len(digests) == 4


def test_second_forecast__asks_for_no_past_morning_and_says_the_same(having_learned, data, monkeypatch) -> None:
    from wattcast.evaluation.horizon_view import HorizonView
    from wattcast.timegrid import station_horizon

    model = having_learned(LEARNED)
    view = HorizonView(data, data.frame.index[ORIGIN], station_horizon(data.station))
    asked: list[int] = []
    plainly = recent.infer

    def counted(model, features, origins, *rest, **named):
        asked.append(len(origins))
        return plainly(model, features, origins, *rest, **named)

    monkeypatch.setattr(recent, "infer", counted)
    without = NetworkForecaster.of(model).forecast(view).table
    first = Recall("m")
    pd.testing.assert_frame_equal(NetworkForecaster.of(model, recall=first).forecast(view).table, without)
    days, *needed = asked[:len(asked) // 2]
    # Yesterday's morning, those of the last weeks and today's are asked at once.
    assert needed == [1 + 3 + 1]
    assert asked == 2 * [days, *needed]
    assert days > 20
    asked.clear()
    second = Recall("m", first.used)
    pd.testing.assert_frame_equal(NetworkForecaster.of(model, recall=second).forecast(view).table, without)
    assert asked == [3 + 1]

    asked.clear()
    frame = data.frame.copy()
    frame.iloc[ORIGIN - 96 * 10, 0] += 1.0
    changed = HorizonView(replace(data, frame=frame), view.origin, view.horizon)
    NetworkForecaster.of(model, recall=Recall("m", first.used)).forecast(changed)
    assert 0 < asked[0] < days
    assert asked[1:] == needed

    asked.clear()
    tomorrow = HorizonView(data, data.frame.index[ORIGIN + 96], view.horizon)
    NetworkForecaster.of(model, recall=Recall("m", first.used)).forecast(tomorrow)
    assert asked == needed
