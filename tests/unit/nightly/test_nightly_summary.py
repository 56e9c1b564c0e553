import json

import pytest

from wattcast.nightly.ledger import Ledger
from wattcast.nightly.summary import FINETUNE, FORECAST, REVIEW, TAKE_IN, Light, StationMorning, Summary, worst_first

FINE = {"version": "v0003", "fallback": None, "words": "its champion", "file": "filed/a.csv", "sha256": "0",
        "slips": [], "quality": "ok", "reasons": [], "notes": ["clouds"], "age_hours": 2.5}


def morning(station_id: str = "north", **steps: dict[str, object]) -> StationMorning:
    ledger = Ledger(None)
    for step, told in steps.items():
        ledger.done(step, station_id, told)
    return StationMorning.of(station_id, ledger)


def summary(*stations: StationMorning) -> Summary:
    return Summary("2025-05-16", "2025-05-16T02:30:00+08:00", None, 12.34, tuple(worst_first(stations)), None, ())


def test_morning__is_green_with_notes_alone() -> None:
    found = morning(**{FORECAST: FINE, REVIEW: {"skill": 0.31}, FINETUNE: {"words": "v0004 was rejected"},
                       TAKE_IN: {"findings": [["corrected", "2 rows corrected"], ["repeated", "96 rows twice"]]}})
    assert (found.light, found.reasons) == (Light.OK, ())
    assert found.notes == ("2 rows corrected", "96 rows twice", "clouds")
    assert (found.skill, found.finetuning, found.made_by) == (0.31, "v0004 was rejected", "v0003")


@pytest.mark.parametrize(("steps", "reason"), [
    ({FORECAST: FINE | {"reasons": [{"code": "late", "sentence": "a day is missing"}]}}, "late: a day is missing"),
    ({FORECAST: FINE | {"slips": [{"rung": "champion", "words": "its champion", "why": "damaged"}]}},
     "its champion: damaged"),
    ({FORECAST: FINE, TAKE_IN: {"findings": [["flat_line", "it stuck"]]}}, "it stuck"),
    ({FORECAST: FINE, TAKE_IN: {"findings": [], "error": "other columns"}}, "not taken in: other columns"),
    ({FORECAST: FINE, FINETUNE: {"error": "no memory"}}, "finetune: no memory"),
    ({FORECAST: FINE | {"unkept": "not kept: no room"}}, "not kept: no room")])
def test_morning__is_amber_with_the_reason(steps: dict[str, dict[str, object]], reason: str) -> None:
    found = morning(**steps)
    assert found.light is Light.AMBER
    assert found.reasons == (reason,)


def test_morning__is_red_without_a_file() -> None:
    assert morning(**{FORECAST: {"error": "nothing is known", "slips": []}}).reasons == ("nothing is known",)
    assert morning(**{FORECAST: {"error": "nothing is known", "slips": []}}).light is Light.RED
    assert morning().reasons == ("the night ended before its forecast",)


def test_summary__counts_and_ends_with_a_code() -> None:
    fine, late = morning("a", **{FORECAST: FINE}), morning("b", **{FORECAST: FINE, FINETUNE: {"error": "x"}})
    fell, none = morning("c", **{FORECAST: FINE | {"fallback": "base"}}), morning("d")
    assert summary(fine, late).exit_code == 0
    assert summary(fine, late, fell).exit_code == 3
    assert summary(fine, late, fell, none).exit_code == 1
    assert summary(fine, late).verdict == "1 of 2 stations are fine; 1 to look at; every station has a file"
    assert [each.station_id for each in summary(fine, late, fell, none).stations] == ["d", "c", "b", "a"]
    told = json.loads(json.dumps(summary(fine, late, fell, none).to_dict()))
    assert told["counts"] == {"ok": 1, "amber": 2, "red": 1}
    assert told["stations"][0]["light"] == "red"
