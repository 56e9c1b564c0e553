import numpy as np
import pytest

from wattcast.contracts import QUANTILES
from wattcast.experts.bands import Band, around_point, with_band


def test_around_point__keeps_the_median_and_the_order() -> None:
    biased = np.linspace(1, 9, 9)
    assert around_point(biased).tolist() == [0, 0, 0, 0, 0, 6, 7, 8, 9]
    assert around_point(-biased[::-1])[:5].tolist() == [-9, -8, -7, -6, 0]


def test_band__follows_hour_and_lead_day() -> None:
    rng = np.random.default_rng(1)
    size = 40_000
    days, hours = rng.integers(0, 2, size), rng.integers(0, 24, size)
    errors = rng.uniform(-1, 1, size) * np.where(hours == 3, 0, 1) * np.where(days == 1, 4, 1)
    offsets = Band.of(errors, days, hours, 3).offsets(np.array([0, 1, 2, 1]), np.array([5, 5, 5, 3]))
    assert offsets[-1, 0] == pytest.approx(0.8, abs=0.1)
    assert offsets[-1, 1] == pytest.approx(3.2, abs=0.3)
    assert offsets[-1, 0] < offsets[-1, 2] < offsets[-1, 1], "a day without an error is like all"
    assert offsets[:, 3].tolist() == [0.0] * 9
    assert (np.diff(offsets, axis=0) >= 0).all()


def test_band__no_error_at_all_is_no_band() -> None:
    band = Band.of(np.zeros(5), np.zeros(5, int), np.zeros(5, int), 1)
    assert band.offsets(np.zeros(2, int), np.array([0, 23])).tolist() == [[0.0, 0.0]] * 9


def test_with_band__names_every_column() -> None:
    columns = with_band("p", np.array([10.0, 20.0]), np.arange(9.0))
    assert list(columns) == ["p", *(f"p_q{round(100 * level)}" for level in QUANTILES)]
    assert columns["p_q90"].tolist() == [18.0, 28.0]
