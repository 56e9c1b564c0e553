import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattcast.errors import DataError
from wattcast.windows.splits import WindowsConfig, split_origins

DAY = 8
HORIZON = 7 * DAY


@given(days=st.integers(21, 800), first=st.integers(0, 5 * DAY), share=st.floats(0.01, 0.49), count=st.integers(1, 90))
def test_split__no_validation_target_is_a_training_target(days: int, first: int, share: float, count: int) -> None:
    rows = first + days * DAY
    split = split_origins(rows, first, HORIZON, DAY, WindowsConfig(validation_share=share, validation_origins=count))
    assert len(split.train_origins) > 0
    assert len(split.validation_origins) > 0
    assert split.validation_origins.min() >= split.train_limit
    assert split.validation_origins.max() + HORIZON <= split.validation_limit == rows
    assert split.train_origins.min() >= first + DAY
    assert split.train_origins.max() + DAY <= split.train_limit


def test_split__validation_is_spread_evenly_over_hours() -> None:
    split = split_origins(365 * DAY, 0, HORIZON, DAY, WindowsConfig())
    assert len(split.validation_origins) == 64
    assert len(np.unique(split.validation_origins % DAY)) == DAY


def test_split__too_short_says_what_is_needed() -> None:
    with pytest.raises(DataError, match="too little history") as caught:
        split_origins(20 * DAY, 0, HORIZON, DAY, WindowsConfig())
    assert "20.0 days" in str(caught.value)
    assert "21 days" in str(caught.value)
