from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL
from wattcast.evaluation.issued import as_accuracy
from wattcast.evaluation.issued_scores import StationReview, days_table, means, pooled, stations_table

DAY = pd.Timestamp("2025-05-14", tz="Asia/Shanghai")
NAN = float("nan")


def row(day: int = 0, lead: int = 1, target: str = TOTAL, **told: Any) -> dict[str, Any]:
    origin = DAY + pd.Timedelta(days=day - lead + 1)
    usual = {"steps": 24, "mae": 8.0, "rmse": 10.0, "actual_size": 100.0, "compared": 24, "compared_mae": 8.0,
             "last_week": 10.0, "inside_80": 0.75, "forecast_mean": 101.0, "actual_mean": 100.0, "checksum": 0}
    return {"day": DAY + pd.Timedelta(days=day), "lead_day": lead, "target": target, "origin": origin,
            "issued": origin, "version": "v0001", **usual, **told}


def review(station: str = "works", *rows: dict[str, Any]) -> StationReview:
    return StationReview(station, as_accuracy(rows), (DAY, DAY + pd.Timedelta(days=2)))


def test_pooled__steps_weigh_alike() -> None:
    score = pooled(as_accuracy([row(), row(1, steps=12, mae=2.0, rmse=4.0, actual_size=40.0, inside_80=1.0,
                                           compared=6, compared_mae=3.0, last_week=5.0)]))
    assert (score.forecasts, score.days, score.steps) == (2, 2, 36)
    assert score.mae == pytest.approx(6.0)
    assert score.rmse == pytest.approx(np.sqrt((2 * 100 + 16) / 3))
    assert score.wape == pytest.approx(6 / 80)
    assert score.last_week == pytest.approx(9.0)
    assert score.skill == pytest.approx(1 - 7 / 9)
    assert score.inside_80 == pytest.approx((2 * 0.75 + 1) / 3)


def test_pooled__what_was_not_kept_or_not_known_is_not_zero() -> None:
    score = pooled(as_accuracy([row(inside_80=NAN, compared=0, compared_mae=NAN, last_week=NAN),
                                row(1, inside_80=0.5, compared=0, compared_mae=NAN, last_week=NAN)]))
    assert (score.mae, score.inside_80) == (8.0, 0.5)
    assert np.isnan([score.skill, score.last_week]).all()
    none = pooled(as_accuracy([row(inside_80=NAN)]))
    assert np.isnan(none.inside_80)
    assert none.to_dict()["inside_80"] is None
    assert np.isnan(pooled(as_accuracy([])).mae)


def test_review__a_table_by_day_ahead_with_the_same_headings_in_each_line() -> None:
    found = review("works", row(0, 1), row(1, 1, mae=4.0, compared_mae=4.0), row(1, 2, compared_mae=12.0, mae=12.0))
    assert (found.targets, found.days) == ((TOTAL,), (1, 2))
    table = found.table(TOTAL)
    assert [each["day"] for each in table] == ["1", "2", "all"]
    assert [each["MAE"] for each in table] == ["6.000", "12.00", "8.000"]
    assert [each["against last week"] for each in table] == ["+40.0 %", "-20.0 %", "+20.0 %"]
    assert [each["days"] for each in table] == ["2", "1", "2"]


def test_review__verdict_in_plain_words() -> None:
    assert review("works", row()).verdict(TOTAL) == (
        "total_active_power: mean absolute error 8.000 of 1 forecast as issued, 20.0 % better than last week's values "
        "(10.00); 75.0 % were inside the 80 % band")
    worse = review("works", row(compared_mae=12.0, mae=12.0, inside_80=NAN))
    assert worse.verdict(TOTAL).endswith("20.0 % worse than last week's values (10.00)")
    assert "no comparison with last week's values" in review("works", row(compared=0, last_week=NAN)).verdict(TOTAL)


def test_review__worst_days_are_those_of_the_forecast_made_the_day_before() -> None:
    found = review("works", row(0), row(1, mae=20.0), row(1, 2, mae=90.0))
    assert [(each["day"], each["MAE"]) for each in found.worst_days(TOTAL)] == [
        ("Thu 2025-05-15", "20.00"), ("Wed 2025-05-14", "8.000")]
    assert len(found.worst(TOTAL, 1)) == 1
    assert review("works", row(1, 2)).worst_days(TOTAL) == []
    assert found.to_dict()["targets"][TOTAL]["worst_days"][0] == {
        "day": "2025-05-15", "actual_mean": 100.0, "forecast_mean": 101.0, "mae": 20.0, "last_week": 10.0,
        "version": "v0001"}


def test_review__json() -> None:
    told = replace(review("works", row(), row(target=PART)), notes=("a note",)).to_dict()
    assert (told["from"], told["until"]) == ("2025-05-14T00:00:00+08:00", "2025-05-16T00:00:00+08:00")
    assert list(told["targets"]) == [TOTAL, PART]
    assert told["targets"][TOTAL]["overall"]["skill"] == pytest.approx(0.2)
    assert told["targets"][TOTAL]["by_day"][0]["day"] == 1
    assert told["notes"] == ["a note"]
    assert "rules" not in told
    empty = StationReview("works", as_accuracy([])).to_dict()
    assert (empty["from"], empty["targets"]) == (None, {})


def test_means__every_station_counts_alike() -> None:
    large = review("large", row(mae=8000.0, compared_mae=8000.0, last_week=10_000.0, actual_size=50_000.0),
                   row(1, mae=8000.0, compared_mae=8000.0, last_week=10_000.0, actual_size=50_000.0))
    small = review("small", row(mae=4.0, compared_mae=4.0, inside_80=NAN))
    total = means([large, small, review("idle")], TOTAL)
    assert total.stations == 2
    assert total.skill == pytest.approx((0.2 + 0.6) / 2)
    assert total.wape == pytest.approx((0.16 + 0.04) / 2)
    assert total.inside_80 == 0.75


def test_tables__of_stations_and_of_days_ahead() -> None:
    both = [review("one", row()), review("two", row(compared_mae=4.0), row(1, 2)), review("idle")]
    table = stations_table(both, TOTAL)
    assert [each["station"] for each in table] == ["one", "two", "mean of 2"]
    assert table[-1]["MAE"] == ""
    assert table[-1]["against last week"] == "+30.0 %"
    assert len({tuple(each) for each in table}) == 1
    assert len(stations_table(both[:1], TOTAL)) == 1
    assert [(each["day"], each["stations"]) for each in days_table(both, TOTAL)] == [
        ("1", "2"), ("2", "1"), ("all", "2")]
