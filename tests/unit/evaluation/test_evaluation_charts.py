import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import QUANTILES
from wattcast.evaluation.charts import observed_shares
from wattcast.evaluation.scorecard import LEVELS


def steps(actual: list[float], quantiles: list[float]) -> pd.DataFrame:
    """Every step has the same quantiles."""
    return pd.DataFrame([quantiles] * len(actual), columns=list(LEVELS)).assign(actual=actual)


def test_observed_shares__count_what_lies_under_each_quantile() -> None:
    found = observed_shares(steps([5.0, 15.0, 95.0, np.nan], [10.0 * number for number in range(1, 10)]))
    assert found == pytest.approx([1 / 3, *[2 / 3] * 8])


def test_observed_shares__a_night_of_zeros_is_a_perfect_forecast() -> None:
    assert observed_shares(steps([0.0, 0.0], [0.0] * 9)) == pytest.approx(QUANTILES)
    half = observed_shares(steps([0.0], [0.0] * 5 + [1.0] * 4))
    assert half == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1, 1, 1, 1])
