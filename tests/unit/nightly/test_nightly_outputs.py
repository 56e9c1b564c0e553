"""What a night leaves for programs and for people: metrics, page, log."""

import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_nightly_summary import FINE, morning, summary

from wattcast.nightly.json_log import json_log
from wattcast.nightly.night_page import write_night_page
from wattcast.nightly.prometheus import metric_lines, write_metrics
from wattcast.nightly.summary import FORECAST, REVIEW

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? -?[0-9.e+-]+')


@pytest.fixture
def night():
    fell = morning('B "2"\\\n', **{FORECAST: FINE | {"fallback": "base", "reasons": [
        {"code": "late", "sentence": "<b>a day</b> is missing"}]}})
    return summary(morning("north", **{FORECAST: FINE, REVIEW: {"skill": -0.25}}), fell, morning("west"))


def test_metrics__are_lines_that_a_collector_reads(night, tmp_path: Path) -> None:
    write_metrics(tmp_path / "wattcast.prom", night)
    text = (tmp_path / "wattcast.prom").read_text()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert text.endswith("\n")
    assert all(LINE.fullmatch(line) for line in samples), samples
    assert 'wattcast_station_light{station="B \\"2\\"\\\\\\n"} 1' in samples
    assert 'wattcast_station_fallback{station="B \\"2\\"\\\\\\n",rung="base"} 1' in samples
    assert 'wattcast_station_filed{station="west"} 0' in samples
    assert 'wattcast_station_skill_ratio{station="north"} -0.25' in samples
    assert 'wattcast_station_measurement_age_seconds{station="north"} 9000' in samples
    assert "wattcast_night_exit_code 1" in samples
    assert "wattcast_night_end_timestamp_seconds 1747333812.34" in samples
    assert [path.name for path in tmp_path.iterdir()] == ["wattcast.prom"]


def test_metrics__each_is_explained_once_before_its_samples(night) -> None:
    seen: list[str] = []
    for line in metric_lines(night):
        name = line.split()[2] if line.startswith("#") else re.split(r"[ {]", line)[0]
        if line.startswith("# HELP"):
            assert name not in seen
            seen.append(name)
        assert name == seen[-1]


def test_page__says_in_words_and_icons_what_its_colours_say(night, tmp_path: Path) -> None:
    write_night_page(tmp_path / "night.html", replace(night, remarks=("x.csv is no table",)))
    page = (tmp_path / "night.html").read_text()
    for told in ("▲ amber", "● ok", "✖ red", "&lt;b&gt;a day&lt;/b&gt; is missing", "stands in: base",
                 "x.csv is no table", 'name="viewport"', "-25 %"):
        assert told in page
    assert not re.search(r"(src|href)=|https?://|<script", page)


def test_log__is_a_line_of_json_for_each_message(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "night.jsonl"
    log = logging.getLogger("wattcast")
    with json_log(path):
        log.warning("it is %s", "late", extra={"step": "forecast", "station": "厂区"})
        try:
            raise ValueError("odd")
        except ValueError:
            log.warning("second\nline", exc_info=True)
    log.warning("not in it")
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert (first["message"], first["level"]) == ("it is late", "warning")
    assert (first["step"], first["station"]) == ("forecast", "厂区")
    assert first["time"].endswith("+00:00")
    assert "ValueError: odd" in second["trace"]


def test_log__that_cannot_be_written_ends_no_night(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with json_log(tmp_path / "file" / "night.jsonl"):
        logging.getLogger("wattcast").warning("it goes on")
    assert "cannot write" in caplog.messages[0]
    assert caplog.messages[1] == "it goes on"
