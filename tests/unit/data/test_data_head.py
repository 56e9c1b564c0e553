"""Where column names stand, and what stands between them and the values."""

from pathlib import Path

import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.head import find_head
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.data.tables import read_header, read_table

VALUES = ["2025-05-20 00:00,200,50,15.5", "2025-05-20 00:15,201,51,15.4"]
LOGGER = ['"TOA5","Site","CR1000","1234"', '"TIMESTAMP","P_kW","Q_kvar","T"', '"TS","kW","kvar","Deg C"',
          '"","Avg","Avg","Smp"']


@pytest.mark.parametrize(("lines", "row", "between", "units"), [
    (["time,P,Q,T", *VALUES], 0, 0, None),
    (["time,P,Q,T", ",kW,kvar,°C", *VALUES], 0, 1, ("", "kW", "kvar", "°C")),
    (["time,P,Q,T", "-,kW,kvar,kg/m3", *VALUES], 0, 1, ("", "kW", "kvar", "")),
    (["time,P,Q,T", "UTC+8,kW,kvar,°C", *VALUES], 0, 1, ("", "kW", "kvar", "°C")),
    (["time,P,Q,T", ",Active,Reactive,Air", *VALUES], 0, 1, None),
    (["time,P,Q,T", "Description,Active,Reactive,Air", "Unit,kW,kvar,°C", "", *VALUES], 0, 2, ("", "kW", "kvar", "°C")),
    (LOGGER + VALUES, 1, 2, ("", "kW", "kvar", "Deg C")),
    (["Plant,North", "Date,2025-05-01", "", "time,P,Q,T", *VALUES], 3, 0, None),
    (["Date,today", "time,kW", "2025-05-20,1"], 1, 0, None),
    (["time,P,Q,T", "Max,300,60,20", *VALUES], 0, 0, None),
])
def test_find_head__names_and_what_stands_below_them(lines: list[str], row: int, between: int,
                                                     units: tuple[str, ...] | None) -> None:
    head = find_head([line.replace('"', "").split(",") for line in lines])
    assert (head.row, head.between, head.units, head.names, head.sure) == (row, between, units, None, True)


@pytest.mark.parametrize(("upper", "lower", "names"), [
    ("Time,Power,,Weather", ",Active (kW),Reactive (kvar),Temp",
     ("Time", "Power Active (kW)", "Power Reactive (kvar)", "Weather Temp")),
    ("Time,Power,,Temp", ",kvar,kW,°C", ("Time", "Power kvar", "Power kW", "Temp °C")),
    ("Time,Power,Power,Temp", ",import,export,", ("Time", "Power import", "Power export", "Temp")),
    ("Time,Power,Power,Temp", ",kW,kvar,°C", None), ("Time,Power,Q,Temp", ",kW,kvar,°C", None),
    (",Power,Time,Temp", "[-],kW,,°C", None),
])
def test_find_head__merged_cells_reach_over_the_names_below(upper: str, lower: str,
                                                            names: tuple[str, ...] | None) -> None:
    time = "Power,Time" in upper
    values = ["0,200,2025-05-20 00:00,15"] if time else VALUES
    assert find_head([line.split(",") for line in (upper, lower, *values)]).names == names


@pytest.mark.parametrize("book", [False, True])
def test_read__names_in_two_rows(tmp_path: Path, book: bool) -> None:
    """The reactive power comes first, and is not taken for the power."""
    rows = [["Time", "Power", "", "Weather"], ["", "Reactive (kvar)", "Active (kW)", "Temp"],
            *(line.split(",") for line in VALUES)]
    path = tmp_path / ("a.xlsx" if book else "a.csv")
    if book:
        pytest.importorskip("openpyxl")
        cells = [[float(cell) if number and place > 1 else cell or None for number, cell in enumerate(row)]
                 for place, row in enumerate(rows)]
        pd.DataFrame(cells).to_excel(path, header=False, index=False)
    else:
        path.write_text("\n".join(map(",".join, rows)) + "\n")
    assert read_header(path) == ["Time", "Power Reactive (kvar)", "Power Active (kW)", "Weather Temp"]
    data, report = open_source(path, DataConfig()).read()
    assert data.frame[TOTAL].tolist() == [50, 51]
    assert any("column names in two rows are put together" in note for note in report.notes)


def test_read__a_logger_s_rows_of_units_and_of_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([*LOGGER, *VALUES]) + "\n")
    table = read_table([path], ["TIMESTAMP", "P_kW"], ["TIMESTAMP"])
    assert table.frame["P_kW"].tolist() == [200, 201]
    assert table.units == {"P_kW": "kW"}
    assert table.place(int(table.frame.index[0])) == "a.csv, line 5"


def test_read__units_of_a_sheet_stay_with_their_columns(tmp_path: Path) -> None:
    """Beside a column without a name."""
    pytest.importorskip("openpyxl")
    rows = [["time", None, "Q", "P"], [None, None, "kvar", "kW"], ["2025-05-20 00:00", None, 50.0, 200.0]]
    pd.DataFrame(rows).to_excel(tmp_path / "a.xlsx", header=False, index=False)
    assert read_table([tmp_path / "a.xlsx"], ["time", "P", "Q"], ["time"]).units == {"Q": "kvar", "P": "kW"}
