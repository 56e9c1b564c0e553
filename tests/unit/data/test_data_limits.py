"""Which limits a history keeps to."""

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, PowerLimits, Station
from wattcast.data.limits import KeptLimits, assumed_limits, chosen_limits, kept_limits, share_above_total

ONE = Station(id="s")
BOTH = Station(id="s", targets=(TOTAL, PART))
ROWS = 2000


def rows(*, negative: int = 0, depth: float = 40.0, above: int = 0) -> pd.DataFrame:
    """A total around 400 and a part of 300; some rows are negative, in some the part is 500."""
    total, part = 400 + np.arange(ROWS) % 7, np.full(ROWS, 300.0)
    total[:negative] = -depth
    part[ROWS - above:] = 500
    return pd.DataFrame({TOTAL: total.astype(float), PART: part})


@pytest.mark.parametrize(("negative", "depth", "holds"), [
    (0, 0, True), (2, 400, True), (10, 3, True), (10, 40, False), (30, 3, False), (900, 40, False)])
def test_never_negative__but_for_faults_and_noise(negative: int, depth: float, holds: bool) -> None:
    kept = kept_limits(rows(negative=negative, depth=depth), ONE)
    assert (TOTAL in kept.nonnegative) == holds


@pytest.mark.parametrize(("above", "holds"), [(0, True), (15, True), (40, False), (1240, False)])
def test_part_of_total__only_where_the_history_keeps_to_it(above: int, holds: bool) -> None:
    assert kept_limits(rows(above=above), BOTH) == KeptLimits((TOTAL, PART), part_of_total=holds)
    assert share_above_total(rows(above=above), BOTH) == above / ROWS


def test_part_of_total__equal_powers_keep_to_it() -> None:
    frame = rows().assign(**{PART: lambda table: table[TOTAL] * (1 + 1e-9)})
    assert kept_limits(frame, BOTH).part_of_total
    assert not kept_limits(frame, ONE).part_of_total


def test_part_of_total__nothing_to_tell_breaks_nothing() -> None:
    frame = rows().assign(**{PART: np.nan})
    assert np.isnan(share_above_total(frame, BOTH))
    assert kept_limits(frame, BOTH).part_of_total


def test_chosen_limits__what_is_said_counts() -> None:
    broken = rows(negative=900, above=1240)
    said = BOTH.model_copy(update={"limits": PowerLimits(nonnegative=True, part_of_total=True)})
    assert kept_limits(broken, said) == KeptLimits((TOTAL, PART), part_of_total=True)
    said = BOTH.model_copy(update={"limits": PowerLimits(nonnegative=False, part_of_total=False)})
    assert kept_limits(rows(), said) == KeptLimits((), part_of_total=False)
    assert chosen_limits(BOTH, KeptLimits((PART,), part_of_total=True)) == KeptLimits((PART,), part_of_total=True)


def test_assumed_limits__in_words_unless_it_is_said() -> None:
    first, second = map(str, assumed_limits(rows(negative=900, above=600), BOTH))
    assert first == (f"{TOTAL} may be negative, as in 45 % of its rows, {PART} is kept at or above zero "
                     "(data.limits.nonnegative says otherwise)")
    assert second.startswith(f"{PART} may exceed {TOTAL}, as in 75 % of the rows (data.limits.part_of_total")
    assert "kept at or below total_active_power, as in all of the rows" in str(assumed_limits(rows(), BOTH)[1])
    assert len(assumed_limits(rows(), ONE)) == 1
    said = BOTH.model_copy(update={"limits": PowerLimits(nonnegative=True, part_of_total=True)})
    assert assumed_limits(rows(), said) == []
