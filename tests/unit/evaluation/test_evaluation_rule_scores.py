import json

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Station
from wattcast.evaluation.rule_scores import rules_dict, score_rule
from wattcast.evaluation.rules import Rule, load_rules

CAPACITY = 10.0


def rule(**changes: object) -> Rule:
    measure = {"name": "accuracy", "formula": "mae_accuracy", "threshold": 0.85,
               "penalty": {"factor": 0.4, "unit": "energy", "per": "day"}}
    measure |= changes.pop("measure", {})
    return Rule.model_validate({"name": "r", "title": "t", "kinds": ["wind"], "revision": "1", "source": "s",
                                "verified": False, "lead_days": (1, 2), "measures": [measure], **changes})


def steps_with(errors: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Two lead days of four steps from each origin; the forecast is 5 and the error of a day the same at every step."""
    tables = []
    for origin, by_day in errors.items():
        start = pd.Timestamp(origin, tz="Asia/Shanghai")
        time = pd.date_range(start, periods=8, freq="6h")
        error = np.repeat(by_day, 4)
        tables.append(pd.DataFrame({"origin": start, "lead": range(1, 9), "day": np.repeat([1, 2], 4), "time": time,
                                    "actual": 5.0 - error, "median": 5.0}))
    return pd.concat(tables, ignore_index=True)


STEPS = steps_with({"2025-01-30": (1.0, 2.0), "2025-02-10": (3.0, 0.0)})


def test_score_rule__days_months_and_the_price() -> None:
    score = score_rule(rule(), "m", STEPS, CAPACITY).measures[0]
    assert score.daily["value"].tolist() == pytest.approx([0.9, 0.8, 0.7, 1.0])
    assert score.daily["date"].tolist() == ["2025-01-30", "2025-01-31", "2025-02-10", "2025-02-11"]
    assert score.monthly.to_dict() == pytest.approx({"2025-01": 0.85, "2025-02": 0.85})
    assert (score.mean, score.missed) == (pytest.approx(0.85), 2)
    # 0.05 and 0.15 short, times 10 of capacity, times 0.4 h
    assert score.penalty == pytest.approx((0.05 + 0.15) * 10 * 0.4)


def test_score_rule__priced_by_month_or_by_point() -> None:
    month = rule(measure={"threshold": 0.9, "penalty": {"factor": 1.0, "unit": "score", "per": "month"}})
    assert score_rule(month, "m", STEPS, CAPACITY).measures[0].penalty == pytest.approx(2 * 0.05 * 10)
    point = rule(measure={"formula": "qualified_rate", "parameters": {"limit": 0.15}, "threshold": 0.9,
                          "penalty": {"factor": 0.1, "unit": "10k RMB", "per": "month", "each_point": True}})
    # half of each month's eight points qualify: 0.4 · 8 points · 10 · 0.1, twice
    assert score_rule(point, "m", STEPS, CAPACITY).measures[0].penalty == pytest.approx(2 * 0.4 * 8 * 10 * 0.1)


def test_score_rule__only_the_graded_days_ahead_and_only_what_was_measured() -> None:
    first = score_rule(rule(lead_days=(1, 1)), "m", STEPS, CAPACITY).measures[0]
    assert first.daily["day"].tolist() == [1, 1]
    gaps = STEPS.assign(actual=STEPS["actual"].where(STEPS["lead"] > 2))
    gaps.loc[gaps["day"] == 2, "actual"] = np.nan
    score = score_rule(rule(), "m", gaps, CAPACITY).measures[0]
    assert score.daily["points"].tolist() == [2, 2]
    nothing = score_rule(rule(), "m", STEPS.assign(actual=np.nan), CAPACITY).measures[0]
    assert (len(nothing.daily), nothing.missed, nothing.penalty, np.isnan(nothing.mean)) == (0, 0, 0, True)


def test_score_rule__lower_is_better_for_the_largest_error() -> None:
    largest = rule(measure={"formula": "max_relative_error", "threshold": 0.5})
    score = score_rule(largest, "m", STEPS, CAPACITY)
    # relative to what was measured: 1/4, 2/3, 3/2, 0
    assert score.measures[0].daily["value"].tolist() == pytest.approx([1 / 4, 2 / 3, 3 / 2, 0])
    assert score.measures[0].penalty == pytest.approx((2 / 3 - 0.5 + 1.0) * 10 * 0.4)
    assert score.row()["days over 50%"] == "2 of 4"


def test_rules_dict__can_be_json_and_row_has_words_for_each_measure() -> None:
    north = load_rules(["north-china-2019"], Station(id="s", capacity=CAPACITY))[0]
    scores = [score_rule(north, name, STEPS, CAPACITY) for name in ("a", "b")]
    found = json.loads(json.dumps(rules_dict(scores), allow_nan=False))["north-china-2019"]
    assert (found["verified"], list(found["models"])) == (False, ["a", "b"])
    entry = found["models"]["a"]
    assert entry["accuracy"]["daily"][2] == {"date": "2025-02-10", "day": 1, "value": pytest.approx(0.7)}
    assert entry["accuracy"]["days_missed"] == 2
    # errors of exactly 20 % and 30 % of the capacity: one day of four is not qualified
    assert entry["qualified rate"]["mean"] == pytest.approx(0.75)
    assert list(scores[0].row()) == ["model", "accuracy", "worst month", "days under 85%", "penalty (energy)",
                                     "qualified rate", "qualified rate: worst month"]
