"""Rows that are none of a file's data, and those that stay an error."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

ROWS = [f"2025-06-{day:02} {hour:02}:00,{100 * day + hour}" for day in (1, 2) for hour in range(24)]
HOURLY = DataConfig.model_validate({"time": {"step": "1h"}})


def read(folder: Path, lines: Sequence[str], end: str = "\n", station: str | None = None,
         ) -> tuple[list[float], list[str]]:
    path = folder / "a.csv"
    path.write_bytes(("\n".join(lines) + end).encode())
    data, report = open_source(path, HOURLY).read(station)
    return data.frame[TOTAL].tolist(), [note for note in report.notes if "no rows of data" in note]


TRUTH = [float(row.partition(",")[2]) for row in ROWS]
NAMES = "time,total_active_power"


@pytest.mark.parametrize(("more", "end", "places"), [
    (["Summe,123456.7"], "\n", "line 50"), ([",123456.7"], "\n", "line 50"), (["合计,123456.7"], "\n", "line 50"),
    (["", "Total rows: 48", "Created by MeterPro on 2025-06-03 08:00"], "\n", "line 51, a.csv, line 52"),
    (["2025-06-"], "", "line 50"), (["2025-06-03"], "", "line 50"), (["2025-06-03 0"], "", "line 50"),
    (["2025-06-03 00:0,"], "", "line 50"), (["\0" * 512], "", "line 50"), (["# end"], "\n", "line 50"),
])
def test_strays__at_the_end(tmp_path: Path, more: list[str], end: str, places: str) -> None:
    values, notes = read(tmp_path, [NAMES, *ROWS, *more], end)
    assert values == TRUTH
    assert notes == [f"no rows of data, left out: a.csv, {places}"]


@pytest.mark.parametrize(("more", "places"), [
    ([NAMES], "line 22"), (["Export 2 of 2", NAMES, ",kW"], "line 22, a.csv, line 23, a.csv, line 24"),
    (["# logger restarted"], "line 22"), (["\ufefftime,total_active_power"], "line 22"),
])
def test_strays__in_the_middle(tmp_path: Path, more: list[str], places: str) -> None:
    values, notes = read(tmp_path, [NAMES, *ROWS[:20], *more, *ROWS[20:]])
    assert values == TRUTH
    assert notes == [f"no rows of data, left out: a.csv, {places}"]


def test_strays__of_each_file_by_what_is_usual_in_it(tmp_path: Path) -> None:
    seconds = [row.replace(",", ":00,") for row in ROWS[24:]]
    for name, lines in (("a-2025-06-01.csv", [*ROWS[:24], "Sum,1"]), ("a-2025-06-02.csv", ["# of the 2nd", *seconds])):
        (tmp_path / name).write_text("\n".join([NAMES, *lines]) + "\n")
    data, report = open_source(tmp_path, HOURLY).read()
    assert data.frame[TOTAL].tolist() == TRUTH
    assert [note for note in report.notes if "no rows of data" in note] == [
        "no rows of data, left out: a-2025-06-01.csv, line 26", "no rows of data, left out: a-2025-06-02.csv, line 2"]


@pytest.mark.parametrize("form", ["2025-06-{:02}", "2025/6/{}", "{}.6.2025", "2025年6月{}日"])
def test_strays__a_date_alone_beside_its_midnight_is_of_the_whole_day(tmp_path: Path, form: str) -> None:
    days = [[f"{form.format(day)} {hour:02}:00,{100 * day + hour}" for hour in range(24)] for day in (1, 2, 13)]
    sums = [f"{form.format(day)},{1000 * day}" for day in (1, 2, 13)]
    lines = [line for day, total in zip(days, sums, strict=True) for line in (*day, total)]
    values, notes = read(tmp_path, [NAMES, *lines])
    assert values[:48] == TRUTH
    assert notes == ["no rows of data, left out: a.csv, line 26, a.csv, line 51, a.csv, line 76"]


def test_strays__a_date_alone_of_one_station_is_a_midnight_beside_that_of_another(tmp_path: Path) -> None:
    lines = [f"2025-06-01{'' if hour == 0 and name == 'b' else f' {hour:02}:00'},{name},{100 + hour}"
             for name in "ab" for hour in range(24)]
    values, notes = read(tmp_path, ["time,station_id,total_active_power", *lines], station="b")
    assert values == TRUTH[:24]
    assert notes == []


def test_strays__a_midnight_without_its_time_is_none(tmp_path: Path) -> None:
    values, notes = read(tmp_path, [NAMES, *ROWS[:24], "2025-06-02,200"])
    assert (values, notes) == (TRUTH[:25], [])


@pytest.mark.parametrize(("at", "row", "message"), [
    (20, "yesterday,7", r"line 22(?s:.*)'yesterday'"), (20, "Summe,7", "line 22"),
    (48, "2025-06-03T00:00:00Z,7", "offset"),
    (48, "03.06.2025 00:00,7", "line 50"),
])
def test_strays__what_may_be_data_is_an_error(tmp_path: Path, at: int, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, [NAMES, *ROWS[:at], row, *ROWS[at:]])


@pytest.mark.parametrize("cut", ["2025-06-03 00:00,nor", "2025-06-03 00:00,", "2025-06-03 0", "2025"])
def test_strays__a_last_row_cut_in_its_id_stops_no_station(tmp_path: Path, cut: str) -> None:
    rows = [f"{time},{station},{value}" for station in ("south", "north") for time, value in
            (row.split(",") for row in ROWS)]
    for station in ("north", "south"):
        values, notes = read(tmp_path, ["time,station_id,total_active_power", *rows, cut], "", station)
        assert values == TRUTH
        assert notes == ["no rows of data, left out: a.csv, line 98"]
    assert open_source(tmp_path / "a.csv", HOURLY).station_ids == ("north", "south")


@pytest.mark.parametrize(("head", "again"), [
    ("time,total_active_power,temp", "time,temp,total_active_power"), ("time,total_active_power,x", "time,P2,x")])
def test_strays__other_names_in_the_middle_are_an_error(tmp_path: Path, head: str, again: str) -> None:
    """A logger was set up anew: what follows means something else."""
    rows = [f"{row},5" for row in ROWS]
    with pytest.raises(DataError, match=r"a\.csv, line 22: the names of the columns stand there again, and others"):
        read(tmp_path, [head, *rows[:20], again, *rows[20:]])
    assert read(tmp_path, [head, *rows[:20], head, *rows[20:]])[0] == TRUTH


def test_strays__nothing_else_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no row of data(?s:.*)'########'"):
        read(tmp_path, [NAMES, *["########,7"] * 30])
