import math
from types import SimpleNamespace

import numpy as np
import pytest

from wattcast.tuning.confirm import Confirmation, _worth_it, chosen_of, compare, standard_error, verdict


def compared(number: int, loss: float, difference: float, noise: float) -> Confirmation:
    return Confirmation(number, loss, loss, difference, noise, 12, 9, 60.0)


TODAY = compared(0, 0.5, 0.0, 0.0)


@pytest.mark.parametrize(("others", "number"), [
    ([compared(4, 0.4, -0.1, 0.02)], 4), ([compared(4, 0.4, -0.1, 0.1)], 0), ([compared(4, 0.4, -0.1, 0.2)], 0),
    ([compared(4, 0.5, 0.0, 0.0)], 0), ([compared(4, 0.6, 0.1, 0.0)], 0), ([], 0),
    # The lowest of those that are better beyond the noise, not the lowest of all.
    ([compared(4, 0.3, -0.2, 0.3), compared(7, 0.45, -0.05, 0.01), compared(9, 0.44, -0.06, 0.01)], 9),
])
def test_chosen__only_what_is_better_by_more_than_the_noise(others, number: int) -> None:
    assert chosen_of((TODAY, *others)).number == number


@pytest.mark.parametrize(("other", "text"), [
    (compared(4, 0.491, -0.009, 0.004), "trial 4 is 1.8 % better than today's configuration, better in 9 of 12 weeks "
     "that no trial was scored on, both trained in full (noise 0.8 %)"),
    (compared(4, 0.491, -0.009, 0.04), "trial 4 is 1.8 % better than today's configuration, better in 9 of 12 weeks "
     "that no trial was scored on, both trained in full (noise 8.0 %): not beyond the noise, today's is kept"),
    (compared(4, 0.51, 0.01, 0.04), "trial 4 is 2.0 % worse than today's configuration, better in 9 of 12 weeks that "
     "no trial was scored on, both trained in full (noise 8.0 %): not beyond the noise, today's is kept"),
])
def test_verdict__says_what_the_gain_is_and_how_sure(other: Confirmation, text: str) -> None:
    assert verdict(chosen_of((TODAY, other)), (TODAY, other)) == text


def test_compare__counts_the_weeks_in_which_it_is_better() -> None:
    origins = SimpleNamespace(week_of_others=np.asarray([0, 0, 1, 1, 2, 2]), other_weeks=3.0)
    found = compare(4, 0.3, {"losses": [1, 2, 3, 3, 5, 9], "seconds": 7.5}, {"losses": [2, 2, 2, 3, 6, 9]}, origins)
    assert (found.weeks, found.weeks_better) == (3, 2)
    assert found.difference == pytest.approx(-1 / 6)
    assert (found.number, found.score, found.loss, found.seconds) == (4, 0.3, pytest.approx(23 / 6), 7.5)


def test_standard_error__of_origins_apart_is_the_usual_one() -> None:
    differences = np.asarray([1.0, 3.0, 5.0, 7.0])
    assert standard_error(differences, weeks=30) == pytest.approx(differences.std(ddof=1) / 2)


def test_standard_error__of_origins_that_overlap_counts_weeks() -> None:
    differences = np.tile([1.0, 3.0], 24)
    assert standard_error(differences, weeks=4) == pytest.approx(differences.std(ddof=1) / 2)
    assert standard_error(differences, weeks=0.5) == pytest.approx(differences.std(ddof=1))
    assert standard_error(differences, 4) > 3 * standard_error(differences, math.inf)


@pytest.mark.parametrize(("prices", "left"), [
    ([30, 30, 30], 3), ([30, 40, 30], 2), ([80, 30], 1), ([500, 1], 1),     # the best is always compared
    ([], 0)])
def test_compared__are_as_many_as_take_no_longer_than_the_search(prices: list[int], left: int) -> None:
    def trial(price: int) -> SimpleNamespace:
        return SimpleNamespace(params={"d_model": price})

    study = SimpleNamespace(today=lambda: trial(10), timed=lambda _: None, plan=SimpleNamespace(window=1.0),
                            config=SimpleNamespace(optuna_timeout=100.0))
    objective = SimpleNamespace(shape=str, times_today=lambda values: values["d_model"], windows=lambda _: 1,
                                recipe=SimpleNamespace(training=SimpleNamespace(epochs=1)))
    assert _worth_it(study, objective, [trial(price) for price in prices]) == [trial(each) for each in prices[:left]]
