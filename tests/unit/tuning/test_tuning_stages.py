import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from wattcast.tuning.stages import (
    ASIDE,
    BEGAN,
    STAGE,
    TWIN,
    ahead,
    began,
    expected_epochs,
    newest,
    ranking,
    score,
    stage_ends,
    to_go_on,
)

ENDS = (1, 3, 9)


def trial(number: int, *values: float, state: TrialState = TrialState.PRUNED, **attributes: object) -> FrozenTrial:
    """A trial with these scores after its first epochs."""
    made = optuna.trial.create_trial(
        state=state, value=min(values) if state == TrialState.COMPLETE else None, user_attrs=attributes,
        intermediate_values=dict(enumerate(values, 1)))
    made.number = number
    return made


def aside(number: int, *values: float, stage: int = 0, **attributes: object) -> FrozenTrial:
    return trial(number, *values, **{ASIDE: stage, **({STAGE: stage} if stage else {}), **attributes})


TODAY = trial(0, *(10.0 - epoch for epoch in range(9)), state=TrialState.COMPLETE)
"""10 after the first epoch, 8 after the third, 2 in the end."""


@pytest.mark.parametrize(("epochs", "ends"), [(1, (1,)), (2, (1, 2)), (3, (1, 3)), (6, (1, 2, 6)), (9, (1, 3, 9)),
                                              (30, (3, 10, 30))])
def test_stage_ends__are_thirds_of_whole_epochs(epochs: int, ends: tuple[int, ...]) -> None:
    assert stage_ends(epochs, True) == ends
    assert stage_ends(epochs, False) == (epochs,)


def test_expected_epochs__of_a_third_of_a_third() -> None:
    assert expected_epochs(ENDS) == pytest.approx(1 + 2 / 3 + 6 / 9)
    assert expected_epochs((9,)) == 9


def test_ranking__is_of_the_best_score_until_then_and_of_each_training_once() -> None:
    trials = [TODAY, aside(1, 5.0), aside(2, 7.0), aside(3, 6.0), trial(4, 6.0, 9.0, 4.0, **{BEGAN: 3, STAGE: 1})]
    assert [began(each) for each in ranking(trials, 1)] == [1, 3, 2, 0]
    # After the third epoch those that were set aside before have no place.
    assert [began(each) for each in ranking(trials, 3)] == [3, 0]
    assert newest(trials)[3].number == 4


def test_ranking__counts_what_was_stopped_on_its_way_and_no_twin() -> None:
    trials = [TODAY, trial(1, 9.0, 12.0), aside(2, 1.0, **{TWIN: 0}), trial(3, state=TrialState.FAIL)]
    assert [each.number for each in ranking(trials, 3)] == [0, 1]


def test_ranking__of_one_that_has_just_gone_on_is_by_what_it_made_before() -> None:
    trials = [TODAY, aside(1, 5.0), trial(2, state=TrialState.RUNNING, **{BEGAN: 1, STAGE: 1})]
    assert [began(each) for each in ranking(trials, 1)] == [1, 0]


def test_to_go_on__is_one_of_three_and_takes_nobody_s_place() -> None:
    def numbers(*trials: FrozenTrial, **options: object) -> list[int]:
        return [each.number for each in to_go_on([TODAY, *trials], ENDS, **options)]

    one, two, three, four = (aside(number, value) for number, value in enumerate((7.0, 5.0, 6.0, 4.0), 1))
    assert numbers(one, two) == []
    assert numbers(one, two, last=True) == [2]
    assert numbers(one, two, three) == [2]
    assert numbers(one, two, three, four) == [4]
    gone_on = aside(5, 5.0, 5.0, 5.0, stage=1, **{BEGAN: 2})
    assert numbers(one, two, three, four, gone_on) == []
    # Of the second stage only one has come.
    assert numbers(one, two, three, four, gone_on, last=True) == [5, 4]
    # Nobody's place is left, but it is the best of all.
    more = trial(6, 7.0, 7.0, 7.0, 7.0, **{BEGAN: 1, STAGE: 1})
    assert numbers(one, two, three, four, gone_on, more, last=True) == [5, 4]
    assert numbers(one, two, four, gone_on, more, last=True) == [5, 4]
    assert numbers(one, two, three, gone_on, more, last=True) == [5]
    assert numbers(one, two, three, wanted=6) == [2, 3]


def test_ahead__is_told_in_the_last_stage_in_which_somebody_is() -> None:
    complete = trial(5, *(1.5,) * 9, state=TrialState.COMPLETE, **{BEGAN: 1, STAGE: 2})
    halfway = aside(6, 3.0, 3.0, 3.0, stage=1, **{BEGAN: 2})
    first = [aside(1, 7.0), aside(2, 5.0), aside(3, 12.0)]
    assert [each.number for each in ahead([TODAY, *first, complete, halfway], ENDS)] == [5]
    assert [each.number for each in ahead([TODAY, *first, halfway], ENDS)] == [6]
    assert [each.number for each in ahead([TODAY, *first], ENDS)] == [2, 1]
    assert ahead([TODAY, first[2]], ENDS) == []
    # What was behind later is not ahead any more.
    assert ahead([TODAY, first[1], trial(7, 5.0, 9.0, **{BEGAN: 2, STAGE: 1})], ENDS) == []


def test_score__is_the_best_that_there_is() -> None:
    assert (score(TODAY), score(aside(1, 5.0, 3.0, 4.0))) == (2.0, 3.0)
