import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattcast import errors
from wattcast.errors import InputError, LeakageError, MissingExtraError, WattcastError, listing, nearest


def test_message__what_found_expected_and_what_to_do() -> None:
    error = WattcastError("the roof leaks", found=0, expected="a dry floor", hint="call someone")
    assert str(error) == "the roof leaks\n  found: 0\n  expected: a dry floor\n  what to do: call someone"
    assert (error.what, error.found, error.expected, error.hint) == ("the roof leaks", 0, "a dry floor", "call someone")


def test_message__without_details_is_one_line() -> None:
    assert str(WattcastError("the roof leaks")) == "the roof leaks"


@pytest.mark.parametrize("name", ["DataError", "ConfigError", "BundleError", "MissingExtraError", "MemoryLimitError"])
def test_input_errors__exit_with_2(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, InputError)
    assert kind.exit_code == 2


def test_other_errors__exit_with_1() -> None:
    assert WattcastError.exit_code == LeakageError.exit_code == 1
    assert not issubclass(LeakageError, InputError)


def test_missing_extra__names_the_line_that_adds_it() -> None:
    error = MissingExtraError("mamba_ssm", extra="mamba", purpose="model.scan=mamba_ssm")
    assert str(error) == ("model.scan=mamba_ssm needs the package mamba_ssm, which is not installed\n"
                          "  what to do: pip install 'wattcast[mamba]'")


@pytest.mark.parametrize(("word", "expected"), [
    ("epochs", "epochs"), ("epoch", "epochs"), ("d_modle", "d_model"), ("quite another", None), ("", None)])
def test_nearest(word: str, expected: str | None) -> None:
    assert nearest(word, iter(("epochs", "d_model", "d_state"))) == expected


def test_nearest__of_nothing() -> None:
    assert nearest("epochs", ()) is None


@pytest.mark.parametrize(("items", "expected"), [
    ([], "none"), (["a"], "a"), ([1, 2, 3], "1, 2, 3"), (["a", "b", "c", "d"], "a, b, c … (4 in all)")])
def test_listing(items: list[object], expected: str) -> None:
    assert listing(items, limit=3) == expected


@given(st.lists(st.text("xyz", min_size=1), max_size=30), st.integers(1, 15))
def test_listing__shows_at_most_so_many(items: list[str], limit: int) -> None:
    shown = listing(items, limit)
    assert shown.count(", ") < limit
    assert (f"({len(items)} in all)" in shown) == (len(items) > limit)
