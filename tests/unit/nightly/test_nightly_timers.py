"""The timers that come as examples call the verb as it is."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from wattcast.cli import app

TIMERS = Path(__file__).parents[3] / "examples" / "timers"
CALL = re.compile(r"wattcast (nightly [^>\n]*)")


@pytest.mark.parametrize("name", ["wattcast-night.service", "wattcast.cron"])
def test_timer__calls_the_verb_with_flags_that_it_has(name: str) -> None:
    found = CALL.findall((TIMERS / name).read_text(encoding="utf-8"))
    assert len(found) == 1
    verb, *arguments = shlex.split(found[0])
    command = typer.main.get_command(app).commands[verb]
    assert command.make_context(verb, arguments).params["deadline"] == "06:00"


def test_timer__a_night_that_fell_back_is_not_called_failed() -> None:
    assert "SuccessExitStatus=3\n" in (TIMERS / "wattcast-night.service").read_text(encoding="utf-8")


def test_cron__has_a_line_of_six_parts_that_cron_reads() -> None:
    lines = (TIMERS / "wattcast.cron").read_text(encoding="utf-8").splitlines()
    jobs = [line for line in lines if re.match(r"[\d*]", line)]
    assert [line.split()[:6] for line in jobs] == [["15", "2", "*", "*", "*", "wattcast"]]
    assert all("%" not in line for line in jobs)    # cron makes a new line of it
