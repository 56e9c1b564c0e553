"""Errors of stations as people read them."""

import pytest

from wattcast.cli_stations import print_error
from wattcast.errors import DataError


@pytest.mark.parametrize(("what", "printed"), [
    ("a.csv has no rows", "error: station 7: a.csv has no rows"),
    ("station 7: nothing was measured", "error: station 7: nothing was measured"),
    ("station 70 has too little data", "error: station 7: station 70 has too little data"),
])
def test_print_error__names_the_station_once(what: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_error(DataError(what), "7")
    assert capsys.readouterr().err == f"{printed}\n"


def test_print_error__names_none_where_there_is_one_station(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(DataError("a.csv has no rows"))
    assert capsys.readouterr().err == "error: a.csv has no rows\n"
