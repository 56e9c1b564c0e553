"""The simple forecasts among a window's anchors: where they stand, and for whom they are there."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from wattcast.experts.base import Asked, Kept
from wattcast.experts.table import EXPERTS, SIMPLE
from wattcast.model.power import InputSizes
from wattcast.settings import build_settings
from wattcast.windows.anchors import anchor_count


def there(lag_weeks: tuple[int, ...], *, adjusted: bool = False) -> dict[str, float]:
    """The simple experts of a model with these lags, and which of the anchors 0, 1, 2 … each says, in units of ten."""
    recipe = build_settings({"features": {"lag_weeks": list(lag_weeks)}}).recipe()
    count = anchor_count(len(lag_weeks))
    sizes = InputSizes(1, 1, 1, 1, 0, len(lag_weeks), count, (), adjusted)
    kept = Kept({}, "nowhere", None, recipe, sizes, ())
    tens = SimpleNamespace(in_units=lambda power, **_: 10 * power.double())
    asked = Asked(cast("None", tens), np.zeros(1, np.int64))
    asked.__dict__["batch"] = {"anchors": torch.arange(float(count)).reshape(1, 1, 1, -1)}
    found = [expert.load(kept) for expert in EXPERTS if expert.name in SIMPLE]
    return {expert.name: float(expert.forecast(asked).item()) for expert in found if expert}


def test_last_four_weeks() -> None:
    assert there((1, 2, 3, 4)) == {"seasonal-naive": 0, "weekly-mean": 40, "naive-day": 60}


def test_usual_days_that_are_adjusted_for_the_weather__come_last() -> None:
    assert there((1, 2, 3, 4), adjusted=True) == {
        "seasonal-naive": 0, "weekly-mean": 40, "naive-day": 60, "weather-adjusted": 90}


@pytest.mark.parametrize(("lag_weeks", "found"), [
    ((2, 3), {"weeks-mean": 20, "naive-day": 40}),
    ((1, 52), {"seasonal-naive": 0, "weeks-mean": 20, "naive-day": 40})])
def test_other_lags__leave_out_what_is_not_there(lag_weeks, found) -> None:
    assert there(lag_weeks) == found
