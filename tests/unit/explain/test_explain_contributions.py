"""A forecast taken apart: known parts come back, and everything adds up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_works import DAY, ORIGIN, PER_DEGREE, WORKED, view_of, works

from wattcast.contracts import TOTAL
from wattcast.data.schema import StationData
from wattcast.explain.contributions import Explanation, explain, shapley, subsets_of

ADJUSTED = {"weather-adjusted-28": 1.0}


@pytest.fixture(scope="module")
def explained(with_shares, made) -> Explanation:
    return explain(with_shares(ADJUSTED, simple_only=True), view_of(made))


def added_up(explanation: Explanation) -> np.ndarray:
    return explanation.usual + sum(explanation.parts.values())


def test_usual_day__is_that_of_a_week_without_holidays_at_usual_weather(explained, made) -> None:
    weekday = explained.index.day_of_week.to_numpy() < 5
    hour = explained.index.hour.to_numpy()
    usual_weather = made.by_weather[-35 * DAY:-7 * DAY].mean()
    expected = 100 + WORKED * (weekday & (hour >= 8) & (hour < 18)) + usual_weather
    np.testing.assert_allclose(explained.usual[:, 0], expected, rtol=0.05)


def test_parts__are_those_that_the_station_is_made_of(explained) -> None:
    days = explained.days
    assert explained.parts["temperature"][days[0], 0].mean() == pytest.approx(6 * PER_DEGREE, rel=0.1)
    # The first of May, a Thursday: nobody works from eight to six.
    assert explained.parts["day_type"][days[1], 0].sum() == pytest.approx(-10 * WORKED, rel=0.1)
    assert explained.parts["day_type"][days[0], 0].sum() == pytest.approx(0, abs=0.01 * 10 * WORKED)


def test_level__of_the_last_days_is_told(with_shares) -> None:
    made = works(level=1.3, since=6, weather=0.0)
    explanation = explain(with_shares({"naive-day": 1.0}, simple_only=True), view_of(made))
    first = explanation.days[0]
    difference = explanation.median[first].mean() - explanation.usual[first].mean()
    assert difference > 20
    assert explanation.parts["level"][first].mean() == pytest.approx(difference, rel=0.15)


def test_step_of_level__that_the_forecast_follows_is_part_of_the_level(with_shares, fitted) -> None:
    made = works(level=1.3, since=5, weather=0.0)
    origin = ORIGIN - pd.Timedelta(days=14)
    frame = made.data.frame.copy()
    frame.index = frame.index - pd.Timedelta(days=14)
    span = (fitted.span[0], origin - pd.Timedelta(days=12, hours=1))
    follower = replace(with_shares({"usual-day-28": 1.0}, simple_only=True, span=span), follows=True)
    explanation = explain(follower, view_of(replace(made, data=StationData(made.data.station, frame)), origin))
    assert [step.followed for step in explanation.forecast.steps] == [True]
    first = explanation.days[0]
    difference = explanation.median[first].mean() - explanation.usual[first].mean()
    assert explanation.parts["level"][first].mean() == pytest.approx(difference, rel=0.15)
    np.testing.assert_allclose(added_up(explanation), explanation.median, atol=1e-9)


def test_column__that_does_not_matter_gets_less_than_one_per_cent(explained) -> None:
    assert np.abs(explained.parts["gamma"].mean()) < 0.01 * explained.median.mean()


def test_columns__that_are_alike_get_the_same(explained) -> None:
    assert np.abs(explained.parts["alpha"]).max() > 1
    np.testing.assert_allclose(explained.parts["alpha"], explained.parts["beta"], atol=1e-3)


@pytest.mark.parametrize("shares", [ADJUSTED, {"base": 1.0}, {"network": 0.5, "base": 0.25, "usual-day-14": 0.25}])
def test_sum__is_the_median_that_is_filed(shares, with_shares, made) -> None:
    forecaster = with_shares(shares)
    explanation = explain(forecaster, view_of(made))
    np.testing.assert_allclose(added_up(explanation), explanation.median, rtol=0, atol=1e-9)
    filed = forecaster.forecast(view_of(made)).table[[TOTAL]].to_numpy()
    np.testing.assert_array_equal(explanation.median, filed)
    assert ("base" in explanation.parts) == ("base" in shares)


def test_groups__are_at_most_eight(with_shares, made) -> None:
    explanation = explain(with_shares({"network": 0.5, "base": 0.5}), view_of(made))
    assert len(explanation.parts) - 2 <= 8                      # besides what was learned, and limits
    assert set(explanation.groups["other_columns"].columns) <= {"alpha", "beta", "gamma"}


def test_limits__are_a_part_of_their_own(with_shares, made) -> None:
    data = StationData(made.data.station.model_copy(update={"capacity": 120.0}), made.data.frame)
    explanation = explain(with_shares(ADJUSTED), view_of(replace(made, data=data)))
    assert explanation.median.max() == 120
    assert explanation.parts["limits"].min() < -5
    np.testing.assert_allclose(added_up(explanation), explanation.median, atol=1e-9)


def test_blend__is_explained_by_the_blend_of_the_explanations(with_shares, made) -> None:
    view = view_of(made, ORIGIN - pd.Timedelta(days=14))
    one, other, both = (explain(with_shares(shares), view)
                        for shares in ({"network": 1.0}, ADJUSTED, {"network": 0.3, "weather-adjusted-28": 0.7}))
    for key, part in both.parts.items():
        np.testing.assert_allclose(part, 0.3 * one.parts[key] + 0.7 * other.parts[key], atol=1e-3, err_msg=key)
    np.testing.assert_array_equal(both.usual, one.usual)


def test_rows_after_the_origin__change_nothing(explained, with_shares, made) -> None:
    frame = made.data.frame.copy()
    frame.loc[frame.index >= ORIGIN, TOTAL] = 7 * frame[TOTAL] + 1000
    changed = replace(made, data=StationData(made.data.station, frame))
    again = explain(with_shares(ADJUSTED, simple_only=True), view_of(changed))
    for key, part in explained.parts.items():
        np.testing.assert_array_equal(again.parts[key], part)
    np.testing.assert_array_equal(again.usual, explained.usual)


def test_days__have_a_day_each(explained) -> None:
    assert [of.stop - of.start for of in explained.days] == [DAY] * 7


def test_shapley__of_a_product_is_shared_and_the_null_player_gets_nothing() -> None:
    worth = {subset: np.asarray([3.0 * ("a" in subset) + 4.0 * ({"a", "b"} <= subset)])
             for subset in subsets_of(["a", "b", "c"])}
    assert {key: value.item() for key, value in shapley(worth, ["a", "b", "c"]).items()} == {
        "a": pytest.approx(5.0), "b": pytest.approx(2.0), "c": 0.0}
