from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_works import DAY, view_of

from wattcast.explain.contributions import Explanation, explain
from wattcast.explain.shown import apportioned, decimals_of, to_dict


def decimal(values: np.ndarray) -> list[Decimal]:
    return [Decimal(str(value)) for value in values.tolist()]


@given(arrays(np.float64, (5, 3), elements=st.floats(-1e4, 1e4)), st.integers(0, 4))
def test_apportioned__adds_up_as_it_is_shown(parts, decimals) -> None:
    rounded, total = apportioned(parts, parts.sum(0), decimals)
    for column in range(3):
        assert sum(decimal(rounded[:, column])) == decimal(total)[column]
    assert np.abs(rounded - parts).max() <= 1.01 * 10.0 ** -decimals


def test_apportioned__leaves_what_is_round_as_it_is() -> None:
    rounded, total = apportioned(np.asarray([[1.0], [2.0], [0.0]]), np.asarray([3.0]), 0)
    assert rounded.ravel().tolist() == [1.0, 2.0, 0.0]
    assert total.tolist() == [3.0]


@pytest.mark.parametrize(("largest", "decimals"), [(5.3, 4), (412.0, 2), (123456.0, 0), (0.0, 4), (0.05, 6)])
def test_decimals_of__show_five_digits(largest, decimals) -> None:
    assert decimals_of(np.asarray([largest, -largest / 3])) == decimals


@pytest.fixture(scope="module")
def explained(with_shares, made) -> Explanation:
    return explain(with_shares({"weather-adjusted-28": 0.6, "seasonal-naive": 0.4}, simple_only=True), view_of(made))


def test_to_dict__adds_up_to_the_last_digit_by_step_day_and_week(explained) -> None:
    told = to_dict(explained)
    keys = ["usual_day", *(group["key"] for group in told["groups"])]
    target = told["targets"]["total_active_power"]
    assert len(target["steps"]) == 7 * DAY
    assert len(target["days"]) == 7
    for row in (*target["steps"], *target["days"], target["week"]):
        assert sum(Decimal(str(row[key])) for key in keys) == Decimal(str(row["median"]))
    assert target["week"]["median"] == pytest.approx(explained.median.mean(), abs=0.01)
    assert target["steps"][0]["q10"] <= target["steps"][0]["median"] <= target["steps"][0]["q90"]
