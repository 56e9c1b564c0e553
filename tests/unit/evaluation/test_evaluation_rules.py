from pathlib import Path

import numpy as np
import pytest

from wattcast.contracts import Station
from wattcast.errors import ConfigError
from wattcast.evaluation.rules import Exclusions, load_rules, preset_names

STATION = Station(id="plant", capacity=50)
OWN = """
name: ours
title: what we agreed on
kinds: [load]
revision: "2026"
source: the contract
verified: true
measures:
  - {name: accuracy, formula: mape_accuracy, threshold: 0.9, penalty: {factor: 0.5}}
"""


def test_presets__every_one_is_a_rule_with_its_source_and_is_not_called_verified() -> None:
    rules = load_rules(preset_names(), STATION)
    assert [rule.name for rule in rules] == preset_names()
    assert "north-china-2019" in preset_names()
    assert len(rules) == 19
    for rule in rules:
        assert len(rule.source) > 40
        assert not rule.verified, "no official text was seen"
    assert not [name for name in preset_names() if "19964-2024" in name], "recalled, never seen"


def test_preset__north_china_grades_seven_days() -> None:
    rule = load_rules(["north-china-2019"], STATION)[0]
    accuracy, qualified = rule.measures
    assert rule.lead_days == (1, 7)
    assert (accuracy.formula, accuracy.threshold) == ("error_weighted_rmse_accuracy", 0.85)
    assert (accuracy.penalty.factor, accuracy.penalty.unit, accuracy.penalty.per) == (0.4, "energy", "day")
    assert (qualified.threshold, qualified.parameters) == (None, {"limit": 0.25})


def test_load_rules__a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(OWN, encoding="utf-8")
    rule = load_rules([str(path)], STATION)[0]
    assert (rule.name, rule.verified, rule.lead_days) == ("ours", True, (1, 1))


@pytest.mark.parametrize(("old", "new", "facts"), [
    ("mape_accuracy", "mape_acuracy", ("unknown formula", "'mape_accuracy'")),
    ("threshold: 0.9, ", "", ("penalty and no threshold",)),
    ("factor: 0.5", "factor: -1", ("measures.0.penalty.factor", "greater than 0")),
    ("verified: true", "verifed: true", ("verif",)),
    ("measures:", "lead_days: [1, 10]\nmeasures:", ("impossible days ahead", "1 to 10")),
    ("name: ours", "name: [", ("not valid YAML",)),
    (OWN, "", ("the file",)),
])
def test_load_rules__says_what_is_wrong_with_a_file(tmp_path: Path, old: str, new: str, facts: tuple[str, ...]) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_rules([str(path)], STATION)
    for fact in facts:
        assert fact in str(caught.value)


def test_load_rules__unknown_names_unreadable_files_and_no_capacity() -> None:
    with pytest.raises(ConfigError, match="there is no rule") as caught:
        load_rules(["north-china"], STATION)
    assert "did you mean 'north-china-2019'?" in str(caught.value)
    with pytest.raises(ConfigError, match=r"absent.yaml cannot be read"):
        load_rules(["absent.yaml"], STATION)
    with pytest.raises(ConfigError, match="has no capacity") as caught:
        load_rules(["north-china-2019"], Station(id="plant"))
    assert "data.capacity" in str(caught.value)
    assert load_rules([], Station(id="plant")) == ()


@pytest.mark.parametrize(("exclusions", "kept"), [
    ({}, [0, 1, 2, 4]),
    ({"actual_below": 0.1}, [1, 2, 4]),
    ({"both_below": 0.1}, [1, 2, 4]),
    ({"actual_below_power": 20}, [2, 4]),
    ({"hours": ((0, 1), (3, 5))}, [0, 4]),
])
def test_exclusions__leave_out_what_they_say_and_what_was_not_measured(exclusions: dict, kept: list[int]) -> None:
    actual, forecast = np.array([5.0, 15, 40, np.nan, 60]), np.array([6.0, 5, 50, 7, 60])
    graded = Exclusions(**exclusions).graded(actual, forecast, np.arange(5), 100.0)
    assert np.flatnonzero(graded).tolist() == kept


def test_exclusions__both_low_is_more_than_one_low() -> None:
    actual, forecast = np.array([5.0, 5.0]), np.array([5.0, 50.0])
    assert Exclusions(both_below=0.1).graded(actual, forecast, np.zeros(2, np.int64), 100.0).tolist() == [False, True]
