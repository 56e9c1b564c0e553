import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Station
from wattcast.evaluation.issued import as_accuracy
from wattcast.evaluation.issued_charts import mean_errors
from wattcast.evaluation.issued_report import graded_stations, worst_of_all, write_review_report
from wattcast.evaluation.issued_scores import StationReview
from wattcast.evaluation.rule_scores import score_rule
from wattcast.evaluation.rules import load_rules

DAY = pd.Timestamp("2025-05-14", tz="Asia/Shanghai")


def review(station: str, size: float = 1.0, band: float = 0.8, days: int = 5, **told: Any) -> StationReview:
    """Twice as wrong for each day ahead; last week's values are ten times wrong."""
    rows = [{"day": DAY + pd.Timedelta(days=day), "lead_day": lead, "target": target, "version": "v0001",
             "origin": DAY + pd.Timedelta(days=day - lead + 1), "issued": DAY, "steps": 24, "mae": 2 * lead * size,
             "rmse": 3 * lead * size, "actual_size": 100 * size, "compared": 24, "compared_mae": 2 * lead * size,
             "last_week": 10 * size, "inside_80": band, "forecast_mean": 1.0, "actual_mean": 1.0, "checksum": 0}
            for target in (TOTAL, PART) for day in range(days) for lead in (1, 2)]
    return StationReview(station, as_accuracy(rows), (DAY, DAY + pd.Timedelta(days=days)), **told)


class Closed(HTMLParser):
    """Fails on a tag that closes what is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        pass


def page(path: Path, *reviews: StationReview) -> str:
    text = write_review_report(path / "review.html", reviews, "Issued <forecasts>").read_text(encoding="utf-8")
    parser = Closed()
    parser.feed(text)
    assert parser.open == []
    assert re.findall(r'(?:src|href)="(?!#)|https?://(?!www\.w3)', text) == [], "nothing is fetched"
    assert "Issued &lt;forecasts&gt;" in text
    return text


def test_page__of_one_station(tmp_path: Path) -> None:
    text = page(tmp_path, review("华东<厂>", notes=("a note",)))
    assert "2025-05-14 to 2025-05-18" in text
    assert "70.0 % better than last week&#39;s values" in text
    assert "a note" in text
    assert "last week&#39;s MAE" in text
    assert "Each station" not in text
    assert text.count("<figure") == 2


def test_page__of_several_stations_names_them_and_their_mean(tmp_path: Path) -> None:
    text = page(tmp_path, review("large", 1000.0, notes=("a note",)), review("small"),
                StationReview("idle", as_accuracy([]), notes=("nothing was forecast",)))
    assert "mean of 2" in text
    assert "2 stations, on the mean 70.0 % better than last week&#39;s values" in text
    assert "large: a note" in text
    assert "idle: nothing was forecast" in text
    assert text.count("<details>") == 2


def test_page__where_nothing_was_forecast_the_day_before(tmp_path: Path) -> None:
    late = review("works")
    assert "worst days" not in page(tmp_path, replace(late, rows=late.rows[late.rows["lead_day"] == 2]))


def test_page__of_stations_that_have_nothing_to_judge(tmp_path: Path) -> None:
    assert "0 stations judged" in page(tmp_path, StationReview("idle", as_accuracy([])))


def test_figure__stations_of_any_size_count_alike() -> None:
    ahead = mean_errors([review("large", 1000.0, 0.6), review("small")], TOTAL, "lead_day")
    assert ahead["ours"].to_numpy() == pytest.approx([0.2, 0.4])
    assert ahead["last_week"].to_numpy() == pytest.approx([1.0, 1.0])
    assert ahead["inside"].to_numpy() == pytest.approx([0.7, 0.7])
    assert mean_errors([review("large", 1000.0)], TOTAL, "lead_day")["ours"].tolist() == [2000.0, 4000.0]
    assert mean_errors([review("large", 1000.0)], TOTAL, "day")["ours"].tolist() == [2000.0] * 5
    assert mean_errors([], TOTAL, "day").empty


def test_page__says_where_no_bands_were_kept(tmp_path: Path) -> None:
    assert "no bands were kept" in page(tmp_path, review("works", band=float("nan")))


def test_worst_of_all__by_what_is_usual_at_the_station() -> None:
    large, small = review("large", 1000.0), review("small")
    small.rows.loc[(small.rows["day"] == DAY) & (small.rows["lead_day"] == 1), "mae"] = 12.0
    worst = worst_of_all([large, small], 2)
    assert worst[0] == {"station": "small", "day": "Wed 2025-05-14", "MAE": "12.00", "times the usual": "3.0",
                        "last week's MAE": "10.00", "made by": "v0001"}
    assert worst[1]["station"] == "large"


def test_graded_stations__a_table_a_rule() -> None:
    rules = load_rules(["jiangsu-2023"], Station(id="works", capacity=100))
    times = pd.date_range(DAY, periods=96, freq="15min")
    steps = pd.DataFrame({"origin": DAY, "day": 1, "time": times, "actual": 50.0, "median": np.full(96, 45.0)})
    both = [review(name, rules=(score_rule(rules[0], name, steps, 100.0),)) for name in ("north", "south")]
    (rule, rows), = graded_stations(both)
    assert rule.name == "jiangsu-2023"
    assert [next(iter(row.items())) for row in rows] == [("station", "north"), ("station", "south")]
