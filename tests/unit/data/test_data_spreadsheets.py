"""Workbooks."""

import builtins
import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wattcast.data.tables import read_header, read_table
from wattcast.data.textfiles import FileOptions
from wattcast.errors import DataError, MissingExtraError

openpyxl = pytest.importorskip("openpyxl", reason="the extra excel is not installed")


def write(path: Path, *sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        page = book.active if number == 0 else book.create_sheet(f"Sheet{number + 1}")
        page.title = f"Sheet{number + 1}"
        for row in rows:
            page.append(row)
    book.save(path)
    return path


ROWS = [["time", "kw", "site", None, "note"], [dt.datetime(2025, 6, 1), 200, 7, None, None],
        [None] * 5, [dt.datetime(2025, 6, 1, 0, 15), 201.5, 7, None, "x"]]


def test_read_table__a_sheet_with_its_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", ROWS)
    assert read_header(path) == ["time", "kw", "site", "note"]
    table = read_table([path], ["time", "kw", "site"], ["time", "site"])
    assert table.frame["time"].tolist() == ["2025-06-01 00:00:00", "2025-06-01 00:15:00"]
    assert table.frame["kw"].tolist() == [200, 201.5]
    assert table.frame["site"].tolist() == ["7", "7"]
    assert [table.place(row) for row in table.frame.index] == ["a.xlsx, row 2", "a.xlsx, row 4"]


def test_read_table__lines_before_units_clocks_and_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [["report"], [], ["Date", "Time", "kw"], [None, None, "kW"],
                                       [dt.date(2025, 6, 1), dt.time(0, 15), "1,5"],
                                       [dt.date(2025, 6, 1), dt.timedelta(hours=24), "2,5"]])
    table = read_table([path], ["Date", "Time", "kw"], ["Date", "Time"])
    assert table.frame.to_numpy().tolist() == [["2025-06-01 00:00:00", "00:15:00", 1.5],
                                               ["2025-06-01 00:00:00", "24:00", 2.5]]
    assert table.units == {"kw": "kW"}


def test_read_header__another_sheet(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", [["time", "a"], ["2025-06-01", 1]], [["time", "b"], ["2025-06-01", 1]])
    assert read_header(path) == ["time", "a"]
    assert read_header(path, FileOptions(sheet="Sheet2")) == ["time", "b"]
    with pytest.raises(DataError, match=r"no sheet 'Sheet3'(?s:.*)Sheet1, Sheet2(?s:.*)did you mean"):
        read_header(path, FileOptions(sheet="Sheet3"))


def test_read_table__the_first_sheet_with_times_and_what_is_left_out(tmp_path: Path) -> None:
    table = [["time", "a"], ["2025-06-01", 1], ["2025-06-02", 2]]
    path = write(tmp_path / "a.xlsx", [["Report"], ["of a meter"]], table)
    read = read_table([path], ["time", "a"], ["time"])
    assert read.frame["a"].tolist() == [1, 2]
    assert read.notes == ("the sheet 'Sheet2' is read, 'Sheet1' left out (data.sheet)",)
    path = write(tmp_path / "b.xlsx", table, table)
    assert read_table([path], ["time", "a"], ["time"]).notes == (
        "the sheet 'Sheet1' is read, 'Sheet2' left out (data.sheet)",)
    assert read_table([path], ["time", "a"], ["time"], FileOptions(sheet="Sheet2")).notes == ()


def test_read_table__a_hidden_sheet_is_read_where_no_other_fits(tmp_path: Path) -> None:
    table = [["time", "a"], ["2025-06-01", 1], ["2025-06-02", 2]]
    for name, shown, note in (("a", table, "the sheet 'Sheet2' is read, 'Sheet1 (hidden)' left out (data.sheet)"),
                              ("b", [["notes"]], "the sheet 'Sheet1' is read, 'Sheet2' left out (data.sheet)")):
        path = write(tmp_path / f"{name}.xlsx", [["time", "a"], ["2025-06-01", 8], ["2025-06-02", 9]], shown)
        book = openpyxl.load_workbook(path)
        book["Sheet1"].sheet_state = "hidden"
        book.active = 1
        book.save(path)
        read = read_table([path], ["time", "a"], ["time"])
        assert read.frame["a"].tolist() == ([1, 2] if shown is table else [8, 9])
        assert read.notes == (note,)


def test_read_header__empty_sheet_and_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty"):
        read_header(write(tmp_path / "a.xlsx", []))
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    with pytest.raises(DataError, match="cannot be read as a workbook"):
        read_header(tmp_path / "b.xlsx")


def test_read_header__changed_file_is_read_again(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "a.xlsx", [["time", "a"]])) == ["time", "a"]
    assert read_header(write(tmp_path / "a.xlsx", [["time", "other", "names"]])) == ["time", "other", "names"]


def test_read_header__without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.xlsx", ROWS)
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"needs the package openpyxl") as caught:
        read_header(path)
    assert "wattcast[excel]" in str(caught.value)


def test_read_table__what_pandas_writes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": pd.date_range("2025-06-01", periods=96, freq="15min"), "kw": range(96)})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    assert pd.to_datetime(read_table([tmp_path / "a.xlsx"], ["time"], ["time"]).frame["time"]).tolist() == \
        frame["time"].tolist()


@pytest.mark.parametrize(("sheets", "read"), [
    (("2025-01", "2025-02"), 4), (("Januar", "Februar"), 4), (("1月", "2月"), 4), (("Q1", "Q2"), 4),
    (("Mai 2024", "2025"), 4),
    (("North", "South"), 2), (("1", "2"), 2), (("2025-01", "Notes"), 2)])
def test_read_table__sheets_of_months_follow_each_other(tmp_path: Path, sheets: tuple[str, ...], read: int) -> None:
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        for month, sheet in enumerate(sheets, start=1):
            times = [f"2025-0{month}-01 00:00", f"2025-0{month}-01 00:15"]
            pd.DataFrame({"time": times, "load": [month, month + 0.5]}).to_excel(book, sheet_name=sheet, index=False)
    table = read_table([tmp_path / "a.xlsx"], ["time", "load"], ["time"])
    assert table.frame["load"].tolist() == [1, 1.5, 2, 2.5][:read]
    assert repr(sheets[0]) in table.notes[0]
    assert ("left out" in table.notes[0]) == (read == 2)
    one = read_table([tmp_path / "a.xlsx"], ["time", "load"], ["time"], FileOptions(sheet=sheets[1]))
    assert one.frame["load"].tolist() == [2, 2.5]


def test_read_table__a_month_with_other_columns_is_left_out(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        for sheet, name in (("2025-01", "load"), ("2025-02", "reading")):
            pd.DataFrame({"time": ["2025-01-01 00:00"], name: [1.0]}).to_excel(book, sheet_name=sheet, index=False)
    assert "'2025-02' left out" in read_table([tmp_path / "a.xlsx"], ["time", "load"], ["time"]).notes[0]
