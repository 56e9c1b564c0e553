import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Horizon
from wattcast.data.schema import StationData
from wattcast.errors import InputError
from wattcast.evaluation.backtest import backtest
from wattcast.evaluation.backtest_report import write_backtest_report
from wattcast.evaluation.baselines import NaiveDay, SeasonalNaive, WeeklyMean
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.evaluation.report import plot_forecast, write_report
from wattcast.evaluation.rules import load_rules
from wattcast.evaluation.scorecard import score_week

VOID = {"meta", "br", "img", "hr", "link"}


class Balanced(HTMLParser):
    """Fails on a tag that closes what is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def week(make_station):
    data = make_station(4, two_targets=True)
    frame = data.frame + np.random.default_rng(1).normal(0, 9, data.frame.shape)
    data = StationData(data.station.model_copy(update={"id": "华东<厂>-01"}), frame)
    view = HorizonView(data, frame.index[3 * 168], Horizon(168, pd.Timedelta("1h")))
    forecast = WeeklyMean(cycles=2).fit(view).forecast(view)
    references = {"seasonal-naive": SeasonalNaive().fit(view).forecast(view)}
    return data, forecast, references, score_week(frame, forecast, references)


@pytest.fixture
def page(week, tmp_path):
    data, forecast, references, card = week
    path = write_report(tmp_path / "new" / "report.html", title="Next week & more", station=data.station,
                        forecast=forecast, actual=data.frame, references=references, scorecard=card,
                        quality=["temperature: 3 gaps <-99>"], facts={"layers": "2"},
                        notes=["weather was measured afterwards"])
    return path.read_text(encoding="utf-8")


def test_report__is_one_offline_page(page):
    assert not re.search(r"https?:|src=|@import|<script|<link", page)
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") == 3


def test_note_of_the_forecast_that_is_given_as_well__is_told_once(week, tmp_path):
    data, forecast, _, _ = week
    told = replace(forecast, notes=("kept at zero at night: 7 steps",))
    path = write_report(tmp_path / "report.html", title="Next week", station=data.station, forecast=told,
                        actual=data.frame, notes=["no weather was known", *told.notes])
    assert path.read_text(encoding="utf-8").count("kept at zero at night") == 1


def test_report__is_well_formed_and_its_ids_are_unique(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    referred = set(re.findall(r'(?:url\(#|href="#)([^")]+)', page))
    assert referred
    assert referred <= set(parser.ids)


def test_report__says_everything_it_was_given(page, week):
    for text in (week[3].verdict(PART), "weather was measured afterwards", "temperature: 3 gaps &lt;-99&gt;", "layers",
                 "Next week &amp; more", "华东&lt;厂&gt;-01", "against same as 7 days ago", "Mon 2025-03-24"):
        assert text in page
    assert "厂>" not in page


def test_report__text_in_pictures_stays_text(page):
    assert re.search(r"<text[^>]*>measured</text>", page)
    assert re.search(r"<text[^>]*>MAE of total_active_power</text>", page)


def test_report__without_measurements_has_the_forecast_only(week, tmp_path):
    data, forecast, _, _ = week
    path = write_report(tmp_path / "r.html", title="t", station=data.station, forecast=forecast)
    page = path.read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    for absent in ("In short", "Errors by day", "Data quality", "<h2>Model", "Worth knowing", "None"):
        assert absent not in page


def test_report__is_the_same_every_time(week, tmp_path):
    data, forecast, references, card = week
    pages = [write_report(tmp_path / name, title="t", station=data.station, forecast=forecast, references=references,
                          scorecard=card).read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]


def test_report__of_a_backtest_compares_the_models(make_station, tmp_path):
    data = make_station(5)
    result = backtest(data, {"wattcast": WeeklyMean(cycles=2)}, [data.frame.index[3 * 168]],
                      Horizon(168, pd.Timedelta("1h")))
    page = write_report(tmp_path / "b.html", title="Backtest", station=data.station, scorecard=result.scorecard(),
                        models=result.table()).read_text(encoding="utf-8")
    assert "Models compared" in page
    assert re.search(r'<td class="name">wattcast</td>.*<td class=" bad">-50.0 %</td>', page)
    assert page.count("nMAE") == 0


@pytest.fixture
def backtest_page(make_station, tmp_path):
    data = make_station(6, known_future=("temperature",))
    data = StationData(data.station.model_copy(update={"capacity": 9000.0}), data.frame)
    result = backtest(data, {"wattcast": WeeklyMean(cycles=2), "naive-day": NaiveDay()},
                      [data.frame.index[week * 168] for week in (2, 3, 4, 5)], Horizon(168, pd.Timedelta("1h")),
                      rules=load_rules(["north-china-2019", "fujian-wind-2023"], data.station))
    return write_backtest_report(tmp_path / "page.html", result).read_text(encoding="utf-8")


def test_backtest_report__is_one_offline_page_and_well_formed(backtest_page):
    test_report__is_well_formed_and_its_ids_are_unique(backtest_page)
    assert not re.search(r"https?:|src=|@import|<script|<link", backtest_page)
    assert backtest_page.count("<svg") == 5
    assert len(backtest_page) < 1_000_000


def test_backtest_report__says_what_it_must(backtest_page):
    for text in ("perfect weather:", "The best forecast of wattcast: from Mon 2025-03-17 00:00", "The middle forecast",
                 "The worst forecast", "Worst days", "Grid code: north-china-2019", "Grid code: fujian-wind-2023",
                 "Not verified against the official text", "days under 85%", "penalty (energy)", "nRMSE",
                 "How far to trust the quantiles"):
        assert text in backtest_page
    assert re.search(r"<text[^>]*>workday</text>", backtest_page)
    assert re.search(r"<text[^>]*>type of day</text>", backtest_page)


def test_report__half_measured_week_still_draws(week, tmp_path):
    data, forecast, references, _ = week
    known = data.frame[data.frame.index < forecast.origin + pd.Timedelta(days=2)]
    card = score_week(known, forecast, references)
    path = write_report(tmp_path / "r.html", title="t", station=data.station, scorecard=card)
    assert '<td class="name">7</td><td class="">–</td>' in path.read_text(encoding="utf-8")


def test_report__unwritable_place_is_an_input_error_and_leaves_nothing(week, tmp_path):
    data, forecast, _, _ = week
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "report.html").mkdir()
    for path in (tmp_path / "file" / "report.html", tmp_path / "report.html"):
        with pytest.raises(InputError, match="cannot write"):
            write_report(path, title="t", station=data.station, forecast=forecast)
    assert sorted(child.name for child in tmp_path.iterdir()) == ["file", "report.html"]


def test_plot_forecast__writes_a_png(week, tmp_path):
    data, forecast, references, _ = week
    path = plot_forecast(tmp_path / "forecast.png", forecast, actual=data.frame[[TOTAL]], references=references)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [child.name for child in tmp_path.iterdir()] == ["forecast.png"]


def test_evaluation__imports_neither_torch_nor_matplotlib():
    code = ("import sys; import wattcast.evaluation.report, wattcast.evaluation.backtest; "
            "sys.exit(bool({'torch', 'matplotlib', 'jinja2'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
