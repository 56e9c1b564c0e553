"""Every formula against numbers that were worked out by hand: y = 40, 50, 80, 10 and f = 50, 50, 60, 10 of C = 100."""

import numpy as np
import pytest

from wattcast.errors import ConfigError
from wattcast.evaluation.rule_formulas import FORMULAS, require_formula

ACTUAL, FORECAST, CAPACITY = np.array([40.0, 50, 80, 10]), np.array([50.0, 50, 60, 10]), 100.0


@pytest.mark.parametrize(("name", "parameters", "expected"), [
    # e = 10, 0, −20, 0: Σe² = 500, Σ|e| = 30, Σ|e|³ = 9000
    ("rmse_accuracy", {}, 1 - 125 ** 0.5 / 100),
    ("mae_accuracy", {}, 1 - 7.5 / 100),
    ("error_weighted_rmse_accuracy", {}, 1 - 300 ** 0.5 / 100),
    # |e| / y = 1/4, 0, 1/4, 0
    ("relative_rmse_accuracy", {}, 1 - (2 / 16 / 4) ** 0.5),
    # denominators 60, 60, 80, 60: 1/6, 0, 1/4, 0
    ("relative_rmse_accuracy", {"floor": 0.6}, 1 - ((1 / 36 + 1 / 16) / 4) ** 0.5),
    ("relative_rmse_accuracy", {"cap": 0.2}, 1 - (2 * 0.04 / 4) ** 0.5),
    ("mape_accuracy", {}, 1 - 0.5 / 4),
    ("qualified_rate", {"limit": 0.25}, 1.0),
    ("qualified_rate", {"limit": 0.2}, 0.75),
    ("qualified_rate", {"limit": 0.1}, 0.5),
    # deviations −5, 5, 35, −35 and 7.5, 7.5, 17.5, −32.5
    ("correlation", {}, 1750 / (2500 * 1475) ** 0.5),
    ("max_relative_error", {}, 0.25),
])
def test_formula__worked_out_by_hand(name: str, parameters: dict[str, float], expected: float) -> None:
    assert FORMULAS[name].function(ACTUAL, FORECAST, CAPACITY, **parameters) == pytest.approx(expected, abs=1e-12)


def test_every_formula__is_worked_out_above() -> None:
    marks = test_formula__worked_out_by_hand.pytestmark
    assert {case[0] for case in marks[0].args[1]} == set(FORMULAS)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in ("qualified_rate", "max_relative_error")])
def test_formula__a_perfect_forecast_is_1(name: str) -> None:
    assert FORMULAS[name].function(ACTUAL, ACTUAL, CAPACITY) == pytest.approx(1.0)


def test_qualified_rate__too_high_counts_like_too_low() -> None:
    function = FORMULAS["qualified_rate"].function
    for error in (30.0, -30.0):
        assert function(np.array([50.0]), np.array([50.0 + error]), CAPACITY, limit=0.25) == 0
    assert function(np.array([50.0]), np.array([75.0]), CAPACITY, limit=0.25) == 0, "the limit itself does not qualify"


def test_relative_formulas__power_of_zero() -> None:
    nothing, something = np.zeros(2), np.array([0.0, 5.0])
    relative = FORMULAS["relative_rmse_accuracy"].function
    assert relative(nothing, something, CAPACITY) == 0, "never below 0"
    assert relative(nothing, something, CAPACITY, cap=0.5) == pytest.approx(1 - (0.25 / 2) ** 0.5)
    assert np.isnan(FORMULAS["mape_accuracy"].function(nothing, something, CAPACITY))
    assert np.isnan(FORMULAS["max_relative_error"].function(nothing, something, CAPACITY))
    assert np.isnan(FORMULAS["correlation"].function(nothing, something, CAPACITY))


def test_shortfall__knows_which_way_is_better() -> None:
    assert FORMULAS["rmse_accuracy"].shortfall(0.80, 0.85) == pytest.approx(0.05)
    assert FORMULAS["rmse_accuracy"].shortfall(0.90, 0.85) == 0
    assert FORMULAS["max_relative_error"].shortfall(0.20, 0.15) == pytest.approx(0.05)
    assert FORMULAS["max_relative_error"].shortfall(0.10, 0.15) == 0


@pytest.mark.parametrize(("name", "parameters", "fact"), [
    ("rmse_acuracy", {}, "'rmse_accuracy'"), ("qualified_rate", {}, "limit"), ("mae_accuracy", {"floor": 1.0}, "floor"),
    ("__import__", {}, "unknown formula"),
])
def test_require_formula__refuses_what_is_not_in_the_set(name: str, parameters: dict[str, float], fact: str) -> None:
    with pytest.raises(ConfigError) as caught:
        require_formula(name, parameters)
    assert fact in str(caught.value)
