import json
import math

import numpy as np
import pandas as pd
import pytest

import wattcast.evaluation.scorecard as scorecard
from wattcast.contracts import PART, QUANTILES, TOTAL, Forecast, quantile_column
from wattcast.errors import DataError, WattcastError
from wattcast.evaluation.scorecard import number, percent, pool, score_week

ORIGIN = pd.Timestamp("2025-05-05", tz="Asia/Shanghai")


def flat_forecast(name: str, level: float, origin: pd.Timestamp = ORIGIN, targets=(TOTAL,), step="1h") -> Forecast:
    """`level` all week, with a band of ±4 around it."""
    index = pd.date_range(origin, origin + pd.Timedelta(days=7), freq=pd.Timedelta(step), inclusive="left", name="time")
    columns = {column: value for target in targets for column, value in
               ((target, level), *((quantile_column(target, q), level + 10 * (q - 0.5)) for q in QUANTILES))}
    return Forecast("s1", origin, name, pd.DataFrame(columns, index=index, dtype=float))


def measured(level: float = 100.0, origin: pd.Timestamp = ORIGIN, targets=(TOTAL,)) -> pd.DataFrame:
    """`level` plus ten for every whole day since the origin."""
    index = pd.date_range(origin - pd.Timedelta(days=2), periods=10 * 24, freq="h", name="time")
    return pd.DataFrame(dict.fromkeys(targets, level + 10.0 * (np.arange(240) // 24 - 2)), index=index)


@pytest.fixture
def card():
    return score_week(measured(), flat_forecast("wattcast", 100.0),
                      {"seasonal-naive": flat_forecast("seasonal-naive", 160.0),
                       "other": flat_forecast("other", 130.0)}, capacity=1000.0)


def test_scores__by_day_and_over_all(card):
    assert [card.scores(TOTAL, day)["mae"] for day in card.days] == [0, 10, 20, 30, 40, 50, 60]
    overall = card.scores(TOTAL)
    assert overall["mae"] == pytest.approx(30)
    assert overall["rmse"] == pytest.approx(math.sqrt(np.mean(np.arange(0, 70, 10) ** 2)))
    assert overall["bias"] == pytest.approx(-30)
    assert overall["wape"] == pytest.approx(30 / 130)
    assert overall["accuracy"] == pytest.approx(1 - overall["mape"])
    assert overall["nmae"] == pytest.approx(0.03)
    assert overall["coverage_80"] == pytest.approx(1 / 7)
    assert overall["n"] == 168


def test_scores__are_made_once_however_often_they_are_asked_for(card, monkeypatch):
    rows = []
    made = scorecard.scores
    monkeypatch.setattr(scorecard, "scores", lambda steps, capacity: rows.append(len(steps)) or made(steps, capacity))
    first = card.to_dict()
    card.scores(TOTAL)["mae"] = 99.0
    assert card.rows()[-1]["MAE"] == "30.00"
    assert "mean absolute error 30.00;" in card.verdict(TOTAL)
    assert card.to_dict() == first
    assert sorted(rows) == 3 * 7 * [24] + 3 * [168]         # three models, on each day and on all


def test_skill__against_each_reference(card):
    assert card.skill(TOTAL) == pytest.approx({"seasonal-naive": 0.0, "other": 1 - 30 / (120 / 7)})
    assert card.skill(TOTAL, day=1) == pytest.approx({"seasonal-naive": 1.0, "other": 1.0})
    assert card.skill(TOTAL, day=7)["other"] == pytest.approx(-1.0)


def test_verdict__says_better_worse_and_equal(card):
    assert card.verdict(TOTAL) == ("total_active_power: mean absolute error 30.00; as good as “same as 7 days ago” "
                                   "(30.00); worse than “other” (17.14) by 75 %")
    better = score_week(measured(), flat_forecast("wattcast", 130.0), {"weekly-mean": flat_forecast("x", 100.0)})
    assert better.verdict(TOTAL).endswith("better than “mean of the last 4 weeks” (30.00) by 43 %")


def test_scores__missing_steps_are_not_scored():
    gappy = measured()
    gappy.loc[gappy.index >= ORIGIN + pd.Timedelta(days=1, hours=12), TOTAL] = np.nan
    found = score_week(gappy, flat_forecast("wattcast", 100.0), {})
    assert found.scores(TOTAL)["n"] == 36
    assert found.scores(TOTAL)["mae"] == pytest.approx(10 / 3)
    assert math.isnan(found.scores(TOTAL, 3)["mae"])
    assert found.rows()[2]["MAE"] == "–"


def test_scores__nothing_measured_is_said_and_not_guessed():
    empty = score_week(measured() * np.nan, flat_forecast("wattcast", 1.0), {"a": flat_forecast("a", 2.0)})
    assert "nothing could be scored" in empty.verdict(TOTAL)
    assert json.loads(json.dumps(empty.to_dict(), allow_nan=False))["targets"][TOTAL]["overall"]["mae"] is None


@pytest.mark.parametrize("step", ["15min", "10min", "1h"])
def test_days__follow_the_step(step):
    actual = flat_forecast("x", 5.0, step=step).table[[TOTAL]]
    card = score_week(actual, flat_forecast("wattcast", 4.0, step=step), {})
    assert card.days == (1, 2, 3, 4, 5, 6, 7)
    assert {card.scores(TOTAL, day)["n"] for day in card.days} == {len(actual) // 7}


def test_pool__weighs_weeks_by_what_was_measured(card):
    later = ORIGIN + pd.Timedelta(days=7)
    actual = measured(200.0, later)
    actual.loc[actual.index >= later + pd.Timedelta(days=1), TOTAL] = np.nan
    second = score_week(actual, flat_forecast("wattcast", 100.0, later),
                        {"seasonal-naive": flat_forecast("seasonal-naive", 160.0, later),
                         "other": flat_forecast("other", 130.0, later)}, capacity=1000.0)
    both = pool([card, second])
    assert both.origins == (ORIGIN, later)
    assert both.scores(TOTAL)["mae"] == pytest.approx((168 * 30 + 24 * 100) / 192)
    assert both.scores(TOTAL, 1)["mae"] == pytest.approx(50)


def test_pool__different_models_are_refused(card):
    other = score_week(measured(), flat_forecast("another", 1.0), {})
    for cards in ([card, other], []):
        with pytest.raises(ValueError, match="one station, model"):
            pool(cards)


def test_to_dict__is_plain_json_with_both_targets():
    both = (TOTAL, PART)
    card = score_week(measured(targets=both), flat_forecast("wattcast", 100.0, targets=both),
                      {"seasonal-naive": flat_forecast("seasonal-naive", 160.0, targets=both)})
    found = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert list(found["targets"]) == [TOTAL, PART]
    entry = found["targets"][PART]
    assert [day["day"] for day in entry["by_day"]] == [1, 2, 3, 4, 5, 6, 7]
    assert entry["by_day"][1]["mae"] == 10
    assert entry["overall"]["skill"] == {"seasonal-naive": 0.0}
    assert entry["overall"]["nmae"] is None
    assert entry["references"]["seasonal-naive"]["mae"] == pytest.approx(30)
    assert found["origins"] == [ORIGIN.isoformat()]


def test_rows__same_headings_everywhere_and_a_line_over_all(card):
    rows = card.rows()
    assert [row["day"] for row in rows] == [*"1234567", "all"]
    assert len({tuple(row) for row in rows}) == 1
    assert rows[-1] == {"target": TOTAL, "day": "all", "MAE": "30.00", "RMSE": "36.06", "WAPE": "23.1 %",
                        "MAPE": "21.2 %", "1-MAPE": "78.8 %", "nMAE": "3.0 %", "against same as 7 days ago": "+0.0 %",
                        "against other": "-75.0 %", "inside 80 % band": "14.3 %", "steps": "168"}
    assert "nMAE" not in score_week(measured(), flat_forecast("wattcast", 1.0), {}).rows()[0]


def test_score_week__a_model_is_not_its_own_reference():
    card = score_week(measured(), flat_forecast("weekly-mean", 1.0), {"weekly-mean": flat_forecast("weekly-mean", 1.0)})
    assert card.references == ()
    assert card.scores(TOTAL)["n"] == 168


def test_score_week__no_common_target_is_an_error():
    with pytest.raises(DataError, match="nothing to score"):
        score_week(measured().rename(columns={TOTAL: "power"}), flat_forecast("wattcast", 1.0), {})


def test_score_week__incomplete_forecast_is_an_error():
    forecast = flat_forecast("wattcast", 1.0)
    bare = Forecast("s1", ORIGIN, "wattcast", forecast.table.drop(columns=f"{TOTAL}_q30"))
    with pytest.raises(WattcastError, match="wattcast lacks total_active_power_q30"):
        score_week(measured(), bare, {})
    forecast.table.iloc[3, 0] = np.nan
    with pytest.raises(WattcastError, match="missing values"):
        score_week(measured(), forecast, {}).to_dict()


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0.000"), (0.012346, "0.01235"), (9.9996, "10.00"), (0.99996, "1.000"), (51.5999, "51.60"),
    (-2707.28, "-2707"), (1925417.6, "1925418"), (float("nan"), "–"),
])
def test_number__four_digits_without_exponent(value, text):
    assert number(value) == text


def test_percent__sign_and_missing():
    assert (percent(0.1234), percent(0.1, sign="+"), percent(float("nan"))) == ("12.3 %", "+10.0 %", "–")


@pytest.mark.parametrize(("origin", "hours"), [("2024-03-30", [24, 23, 24, 24, 24, 24, 25]),
                                               ("2024-10-26", [24, 25, 24, 24, 24, 24, 23])])
def test_lead_days__are_days_on_the_wall(origin, hours):
    origin = pd.Timestamp(origin, tz="Europe/Berlin")
    index = pd.date_range(origin, periods=168, freq="h", name="time")
    made = Forecast("s1", origin, "wattcast", flat_forecast("wattcast", 100.0).table.set_axis(index))
    card = score_week(pd.DataFrame({TOTAL: 90.0}, index=index), made, {})
    assert [card.scores(TOTAL, day)["n"] for day in card.days] == hours
    assert [len(days) for _, days in card.steps.groupby(card.steps["time"].dt.date)][:6] == hours[:6]
