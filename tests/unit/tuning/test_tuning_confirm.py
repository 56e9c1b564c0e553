import math

import numpy as np
import pytest

from wattcast.tuning.confirm import Confirmation, _chosen, standard_error


def compared(number: int, loss: float, difference: float, noise: float) -> Confirmation:
    return Confirmation(number, loss, loss, difference, noise)


TODAY = compared(0, 0.5, 0.0, 0.0)


@pytest.mark.parametrize(("others", "number"), [
    ([compared(4, 0.4, -0.1, 0.02)], 4), ([compared(4, 0.4, -0.1, 0.1)], 0), ([compared(4, 0.4, -0.1, 0.2)], 0),
    ([compared(4, 0.5, 0.0, 0.0)], 0), ([compared(4, 0.6, 0.1, 0.0)], 0), ([], 0),
    # The lowest of those that are better beyond the noise, not the lowest of all.
    ([compared(4, 0.3, -0.2, 0.3), compared(7, 0.45, -0.05, 0.01), compared(9, 0.44, -0.06, 0.01)], 9),
])
def test_chosen__only_what_is_better_by_more_than_the_noise(others, number: int) -> None:
    assert _chosen((TODAY, *others)).number == number


def test_chosen__without_today_s_the_best_on_the_other_origins() -> None:
    assert _chosen((Confirmation(3, 0.1, 0.4, None, None), Confirmation(5, 0.2, 0.3, None, None))).number == 5


def test_standard_error__of_origins_apart_is_the_usual_one() -> None:
    differences = np.asarray([1.0, 3.0, 5.0, 7.0])
    assert standard_error(differences, weeks=30) == pytest.approx(differences.std(ddof=1) / 2)


def test_standard_error__of_origins_that_overlap_counts_weeks() -> None:
    differences = np.tile([1.0, 3.0], 24)
    assert standard_error(differences, weeks=4) == pytest.approx(differences.std(ddof=1) / 2)
    assert standard_error(differences, weeks=0.5) == pytest.approx(differences.std(ddof=1))
    assert standard_error(differences, 4) > 3 * standard_error(differences, math.inf)
