"""Files that were not taken in, until the days that they held have come."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from wattcast.errors import DataError
from wattcast.settings import build_settings
from wattcast.store.memory import MemoryStore
from wattcast.workflows.intake import KIND, Intake, ToTakeIn
from wattcast.workflows.refused_files import missed

ZONE = "Asia/Shanghai"
FOREIGN = "ts,gas_m3\n2025-03-21 00:00,3\n2025-03-21 23:00,4\n"


@pytest.fixture
def table(seed_table) -> pd.DataFrame:
    """Hourly rows from 2025-03-01 to the end of 2025-03-25."""
    return seed_table("north", days=25, start="2025-03-01", step="1h")[["ts", "total_active_power"]]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def night(tmp_path: Path, table: pd.DataFrame, store: MemoryStore) -> Callable[[int], dict[str, list[str]]]:
    """Take in what lies in the inbox in the night to a day of March 2025; what is told as missed."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()

    def run(day: int) -> dict[str, list[str]]:
        now = pd.Timestamp(f"2025-03-{day:02d} 02:30", tz=ZONE)
        for file in inbox.iterdir():
            os.utime(file, (0, 0))
        try:
            intake = Intake(ToTakeIn(inbox, store, build_settings({"data": {"time": {"step": "1h"}}}), received=now))
            for name in intake.station_ids:
                try:
                    intake.take_in(name)
                except DataError:
                    continue
            intake.keep({})
        except DataError:
            pass
        return missed(store.runs(KIND), store, now)

    write(inbox / "north.csv", table, 1, 20)
    write(inbox / "south.csv", table.assign(total_active_power=table["total_active_power"] + 50), 1, 20)
    assert run(21) == {}
    assert len(store.station("north").measurements().frame) == 20 * 24
    return run


def write(file: Path, table: pd.DataFrame, first: int, last: int) -> None:
    """Rows of the days from `first` to `last` of March."""
    days = pd.to_datetime(table["ts"]).dt.day
    table[(days >= first) & (days <= last)].to_csv(file, index=False)


def far_off(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(total_active_power=table["total_active_power"] * 1000)


@pytest.mark.parametrize(("wrong", "why"), [
    (FOREIGN, "inbox/north.csv has no column that is known to be the total active power, and some of which nothing is "
              "known"),
    ("far off", "the new rows of station north, 2025-03-21 to 2025-03-21, are as if in another unit"),
    ("ts,total_active_power\n2025-03-21 00:00,3\n2025-03-21 01:00", "it is cut: its last line has 1 of 2 cells"),
])
@pytest.mark.parametrize("alone", [True, False])
def test_refused_and_overwritten__is_told_until_its_day_has_come(night, table, tmp_path, wrong: str, why: str, *,
                                                                 alone: bool) -> None:
    file = tmp_path / "inbox" / "north.csv"
    if alone:
        (tmp_path / "inbox" / "south.csv").unlink()
    if wrong == "far off":
        write(file, far_off(table), 21, 21)
    else:
        file.write_text(wrong, encoding="utf-8")
    assert night(22) == {}              # it is told with the refusal itself
    write(file, table, 22, 22)
    told = night(23)
    assert list(told) == ["north"]
    (sentence,) = told["north"]
    assert sentence.startswith("north.csv, which came on 2025-03-22, was not taken in (")
    assert f"{why})" in sentence
    assert sentence.endswith("): its rows of 2025-03-21 have not come since")
    write(file, table, 23, 23)
    assert night(24) == told
    write(file, table, 21, 24)
    assert night(25) == {}


def test_refused_again_and_again__is_told_with_its_refusal_alone(night, tmp_path) -> None:
    (tmp_path / "inbox" / "north.csv").write_text(FOREIGN, encoding="utf-8")
    assert [night(day) for day in (22, 23, 24)] == [{}, {}, {}]


def test_file_without_times__tells_the_days_of_the_week_before_that_are_not_there(night, table, tmp_path) -> None:
    (tmp_path / "inbox" / "north.csv").write_bytes(b"")
    assert night(22) == {}
    write(tmp_path / "inbox" / "north.csv", table, 22, 22)
    assert night(23)["north"] == ["north.csv, which came on 2025-03-22, was not taken in (it is empty): which days it "
                                  "held is not known; of the week before, 2025-03-21 has not come"]
    write(tmp_path / "inbox" / "north.csv", table, 21, 23)
    assert night(24) == {}


def test_file_whose_days_came_otherwise__is_none_that_is_missed(night, table, tmp_path) -> None:
    file = tmp_path / "inbox" / "north.csv"
    file.write_text(FOREIGN, encoding="utf-8")
    night(22)
    write(file, table, 20, 22)
    assert night(23) == {}


def test_days_that_never_come__are_told_for_four_weeks(night, store, tmp_path) -> None:
    file = tmp_path / "inbox" / "north.csv"
    file.write_text(FOREIGN, encoding="utf-8")
    night(22)
    file.unlink()
    assert night(23) != {}
    for later, told in (("2025-04-19 02:30", True), ("2025-04-20 02:30", False)):
        assert bool(missed(store.runs(KIND), store, pd.Timestamp(later, tz=ZONE))) is told
