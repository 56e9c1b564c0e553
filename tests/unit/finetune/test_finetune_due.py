from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Station
from wattcast.data.schema import StationData
from wattcast.finetune.config import FinetuneConfig
from wattcast.finetune.due import too_few_rows, tried_lately, update_due
from wattcast.store.base import IssuedForecast

DAY = 24
NEW_DAYS = 21
METRICS = {"targets": {TOTAL: {"by_day": [{"day": day, "mae": 10.0 * day} for day in range(1, 8)]}}}


def station_data(shift: float = 0.0) -> StationData:
    """Seventy days, the last 21 of them new; the new temperature is `shift` warmer."""
    rng = np.random.default_rng(2)
    index = pd.date_range("2025-03-01", periods=70 * DAY, freq="1h", tz="Asia/Shanghai", name="time")
    late = np.arange(len(index)) >= (70 - NEW_DAYS) * DAY
    frame = pd.DataFrame({TOTAL: 500 + rng.normal(0, 5, len(index)),
                          "temperature": rng.normal(15, 2, len(index)) + shift * late, "code": "晴"}, index=index)
    return StationData(Station(id="works", known_future=("temperature", "code"), categorical=("code",), step="1h"),
                       frame.astype({"code": "str"}))


def forecasts(data: StationData, error: float, count: int = 4, version: str = "v0001") -> list[IssuedForecast]:
    """A week each, too high by `error` times ten a day ahead, as the evaluation expects ten a day ahead."""
    new = data.frame.index[-NEW_DAYS * DAY]
    made = []
    for number in range(count):
        index = pd.date_range(new + number * pd.Timedelta("1D"), periods=7 * DAY, freq="1h")
        power = data.frame[TOTAL].reindex(index) + error * 10 * (np.arange(7 * DAY) // DAY + 1)
        made.append(IssuedForecast(index[0], version, pd.DataFrame({TOTAL: power}, index=index)))
    return made


def due(data: StationData, made: list[IssuedForecast], metrics: dict | None = None, **settings: float):
    return update_due(data, data.frame.index[-NEW_DAYS * DAY], "v0001", METRICS if metrics is None else metrics, made,
                      FinetuneConfig(**settings))


def test_due__nothing_has_changed() -> None:
    data = station_data()
    found = due(data, forecasts(data, 1.1))
    assert not found.due
    assert found.numbers["error_ratios"] == {TOTAL: pytest.approx(1.1)}
    assert found.sentences == (f"{TOTAL}: recent forecasts were as good as at the evaluation, 1.100 times its error",
                               "no column has left the range of its history")


def test_due__recent_forecasts_were_worse_than_at_the_evaluation() -> None:
    data = station_data()
    found = due(data, forecasts(data, 1.5))
    assert found.due
    assert found.sentences == (f"{TOTAL}: recent forecasts were wrong by 1.500 times the error at the evaluation",)
    assert not due(data, forecasts(data, 1.5), due_error_ratio=1.6).due


def test_due__only_the_champion_s_own_forecasts_from_new_origins_count() -> None:
    data = station_data()
    old = [IssuedForecast(each.origin - pd.Timedelta("21D"), each.version, each.table) for each in forecasts(data, 9.0)]
    for made in (forecasts(data, 9.0, version="v0009"), forecasts(data, 9.0, count=2), old, []):
        found = due(data, made)
        assert not found.due
        assert "fewer than 3 stored forecasts" in found.sentences[0]


def test_due__without_an_evaluation_forecasts_cannot_be_compared() -> None:
    data = station_data()
    assert not due(data, forecasts(data, 9.0), {"note": "nothing was kept to evaluate on"}).due


def test_due__a_column_that_has_left_its_range() -> None:
    data = station_data(shift=3.0)
    found = due(data, [])
    assert found.due
    assert found.sentences[0].startswith("temperature: its mean has left the range of the history by 1.")
    assert "code" not in found.numbers["drifts"]
    assert not due(data, [], due_drift=2.0).due


def test_due__few_new_rows_say_nothing_of_drift() -> None:
    data = station_data(shift=30.0)
    found = update_due(data, data.frame.index[-6 * DAY], "v0001", METRICS, [], FinetuneConfig())
    assert not found.due
    assert "fewer than 7 days of new rows" in found.sentences[1]
    assert found.to_dict()["due"] is False


def weathered(made: list[IssuedForecast], weather: str | None) -> list[IssuedForecast]:
    return [replace(each, weather=weather) for each in made]


AFTERWARDS, BEFORE = "measured afterwards (perfect weather)", "issued 2025-04-20 00:00"


@pytest.mark.parametrize(("weather", "evaluated", "alike"), [
    ("issued", BEFORE, True), ("given", BEFORE, True), ("given", "given", True), ("measured", AFTERWARDS, True),
    ("none", "none", True), (None, "given", True), ("issued", AFTERWARDS, False), ("given", AFTERWARDS, False),
    ("none", BEFORE, False), ("none", AFTERWARDS, False), ("measured", "none", False),
    ("measured", f"{BEFORE}, then {AFTERWARDS}", False),
])
def test_due__only_forecasts_that_knew_the_weather_as_the_evaluation_did_count(weather, evaluated, alike) -> None:
    data = station_data()
    found = due(data, weathered(forecasts(data, 9.0), weather), {**METRICS, "weather": evaluated})
    assert found.due == alike
    assert found.numbers["forecasts"] == (4 if alike else 0)
    if not alike:
        assert found.sentences[1].startswith(
            f"4 stored forecasts knew another weather than those of the evaluation ({evaluated})")


def test_due__those_that_are_alike_are_judged_without_the_others() -> None:
    data = station_data()
    made = [*weathered(forecasts(data, 9.0, count=3), "none"), *weathered(forecasts(data, 1.1), "issued")]
    found = due(data, made, {**METRICS, "weather": "issued 2025-04-20 00:00"})
    assert not found.due
    assert found.numbers["error_ratios"] == {TOTAL: pytest.approx(1.1)}


@pytest.mark.parametrize(("days", "enough"), [(12, False), (12.96, False), (13, True), (21, True)])
def test_too_few_rows__are_those_that_fine_tuning_would_refuse(days: float, enough: bool) -> None:
    data = station_data()
    said = too_few_rows(data, data.end - pd.Timedelta(days=days), FinetuneConfig())
    assert (said is None) == enough
    if not enough:
        assert f"too few new rows to fine-tune on: {days:.1f} days, needed are 2 days to learn from" in said


def rejected(seen: pd.Timestamp, **settings: float) -> dict:
    """The manifest of a candidate that was rejected when `seen` was the end of the data."""
    config = FinetuneConfig(**settings)
    gate = seen - pd.Timedelta(days=config.gate_days)
    return {"finetune": {"settings": config.model_dump(mode="json"), "gate_from": gate.isoformat()}}


@pytest.mark.parametrize(("days", "waits"), [(0, True), (1, True), (6.9, True), (7, False), (20, False)])
def test_tried_lately__until_the_days_that_decide_are_new_ones(days: float, waits: bool) -> None:
    data = station_data()
    said = tried_lately(data, rejected(data.end - pd.Timedelta(days=days)), FinetuneConfig())
    assert (said is not None) == waits
    if waits:
        assert f"{days:.1f} days have come in since, 7 are needed" in said
        assert "rejected on the rows up to 2025-0" in said


def test_tried_lately__with_other_settings_the_answer_may_be_another() -> None:
    data = station_data()
    assert tried_lately(data, rejected(data.end, gate_margin=0.3), FinetuneConfig()) is None
    assert tried_lately(data, rejected(data.end, gate_days=3), FinetuneConfig(gate_days=3)) is not None


def test_due__days_ahead_are_those_of_the_evaluation_over_a_change() -> None:
    """The day on which clocks go back has 25 hours; each is compared with that day's error at the evaluation."""
    index = pd.date_range("2024-09-20", "2024-11-10", freq="1h", tz="Europe/Berlin", name="time")
    data = StationData(Station(id="works", timezone="Europe/Berlin", step="1h"), pd.DataFrame({TOTAL: 500.0}, index))
    made = []
    for day in (25, 26, 27):
        origin = pd.Timestamp(f"2024-10-{day}", tz="Europe/Berlin")
        times = pd.date_range(origin, periods=168, freq="1h")
        ahead = (times.tz_localize(None) - times[0].tz_localize(None)).days + 1
        made.append(IssuedForecast(origin, "v0001", pd.DataFrame({TOTAL: 500 + 10.0 * ahead}, index=times)))
    found = update_due(data, pd.Timestamp("2024-10-25", tz="Europe/Berlin"), "v0001", METRICS, made, FinetuneConfig())
    assert found.numbers["error_ratios"] == {TOTAL: 1.0}
