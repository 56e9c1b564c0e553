import pytest

from wattcast.errors import BundleError, UnexpectedError
from wattcast.nightly.ladder import FellOffError, Rung, climb_down


def rung(mark: str, error: BaseException | None = None) -> Rung[str]:
    def make() -> str:
        if error is not None:
            raise error
        return f"made by {mark}"
    return Rung(mark, f"the {mark}", make)


def test_climb_down__stops_at_the_first_rung_that_holds() -> None:
    found, made, slips = climb_down([rung("champion"), rung("base", AssertionError("was asked"))])
    assert (found.mark, made, slips) == ("champion", "made by champion", ())


@pytest.mark.parametrize("error", [BundleError("it is damaged"), MemoryError("no memory"), KeyError("rows"),
                                   RecursionError()])
def test_climb_down__goes_one_down_whatever_happens_and_tells_why(error: Exception) -> None:
    found, _, slips = climb_down([rung("champion", error), rung("previous", error), rung("base")])
    assert found.mark == "base"
    assert [slip.mark for slip in slips] == ["champion", "previous"]
    assert slips[0].error is error or isinstance(slips[0].error, UnexpectedError)
    assert str(slips[0]).startswith("no forecast by the champion: ")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError()])
def test_climb_down__is_no_way_to_go_on_for_nobody(error: BaseException) -> None:
    with pytest.raises(type(error)):
        climb_down([rung("champion", error), rung("base")])


def test_climb_down__with_no_rung_left_says_what_was_wrong_with_each() -> None:
    with pytest.raises(FellOffError) as failed:
        climb_down([rung("champion", BundleError("it is damaged")),
                    rung("base", BundleError("no rows", hint="bring some"))])
    assert failed.value.found == "no forecast by the champion: it is damaged; no forecast by the base: no rows"
    assert failed.value.hint == "bring some"
    assert len(failed.value.slips) == 2
