"""Text files as offices send them: encodings, signs between cells, lines that are not values."""

import zipfile
from pathlib import Path

import pytest

from wattcast.data.tables import read_header, read_table
from wattcast.data.textfiles import FileOptions
from wattcast.errors import DataError

ROWS = "time,load,temp\n2025-01-01 00:00,200,1.5\n2025-01-01 00:15,201,2.5\n"
COLUMNS = ["time", "load", "temp"]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def read(path: Path, **options: object) -> list[list[object]]:
    frame = read_table([path], COLUMNS, ["time"], FileOptions(**options)).frame       # type: ignore[arg-type]
    return frame[["load", "temp"]].to_numpy().tolist()


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.tsv"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_read_table__signs_between_cells(tmp_path: Path, name: str, sign: str) -> None:
    assert read(write(tmp_path / name, ROWS.replace(",", sign))) == [[200, 1.5], [201, 2.5]]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_read_table__decimal_commas_in_any_number_of_columns(tmp_path: Path, sign: str) -> None:
    text = ROWS.replace(",", sign).replace("200", "200,25").replace("1.5", "1,5").replace("2.5", "2,5")
    path = write(tmp_path / "a.csv", text)
    assert read(path) == [[200.25, 1.5], [201, 2.5]]
    assert read_table([path], COLUMNS, ["time"]).notes == ("numbers have a decimal comma (data.decimal)",)


def test_read_table__commas_only_far_down(tmp_path: Path) -> None:
    lines = ["time;load;temp", *["2025-01-01;1.234;0"] * 300, "2025-01-01;5,5;0"]
    assert read(write(tmp_path / "a.csv", "\n".join(lines)))[0] == [1234, 0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("name", ["Größe [kW]", "Außentemperatur °C", "Énergie", "Füße"])
def test_read_header__european_names_in_every_usual_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    path = write(tmp_path / "a.csv", f"time;{name}\n2025-01-01 00:00;1,5\n", encoding)
    assert read_header(path) == ["time", name]


def test_read_table__lines_before_the_names_and_units_below(tmp_path: Path) -> None:
    before = "Meter report\nDate,2025-05-01\n\n"
    path = write(tmp_path / "a.csv", before + ROWS.replace("\n", "\nyyyy-mm-dd hh:mm,[kW],°C\n", 1))
    assert read(path) == [[200, 1.5], [201, 2.5]]
    table = read_table([path], COLUMNS, ["time"])
    assert table.units == {"load": "kW", "temp": "°C"}
    assert table.notes == ("the column names are in line 4",
                           "the row below the column names holds units: load [kW], temp [°C]")
    assert [table.place(row) for row in table.frame.index] == ["a.csv, line 6", "a.csv, line 7"]


def test_read_table__told_lines_before_the_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,a,b\n2024-12-31,1,2\n" + ROWS)
    assert read_header(path) == ["time", "a", "b"]
    assert read(path, skip_rows=2) == [[200, 1.5], [201, 2.5]]


def test_read_header__a_name_that_the_user_gave_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Plant,North\nwhen,kw\n2025-01-01,1\n")
    assert read_header(path, FileOptions(known=frozenset({"when"}))) == ["when", "kw"]


def test_read_table__packed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/data.tsv", ROWS.replace(",", "\t"))
        archive.writestr("__MACOSX/._data.tsv", "x")
    assert read(tmp_path / "a.zip") == [[200, 1.5], [201, 2.5]]


@pytest.mark.parametrize(("members", "message"), [
    (("a.csv", "b.csv"), r"not hold exactly one file(?s:.*)a\.csv, b\.csv"), ((), "not hold exactly one file"),
    (("a.pdf",), r"holds a\.pdf, which is not a table"),
])
def test_read_header__unusable_archives(tmp_path: Path, members: tuple[str, ...], message: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in members:
            archive.writestr(name, ROWS)
    with pytest.raises(DataError, match=message):
        read_header(tmp_path / "a.zip")


def test_read_header__unknown_names_beside_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Datum von;Wirkbezug\n01.05.2025 00:00;401,006\n01.05.2025 00:15;398,943\n")
    assert read_header(tmp_path / "a.csv") == ["Datum von", "Wirkbezug"]
    (tmp_path / "b.csv").write_text("Anfang;Wirkbezug\n01.05.2025 00:00;401,006\n01.05.2025 00:15;398,943\n")
    assert read_header(tmp_path / "b.csv") == ["Anfang", "Wirkbezug"]


@pytest.mark.parametrize(("encoding", "time", "power"), [
    ("gb18030", "时间", "功率"), ("cp932", "日時", "電力(kW)"), ("cp932", "計測時刻", "使用電力量"),
    ("cp949", "일시", "전력(kW)"), ("big5", "日期時間", "負載(kW)"),
])
def test_read_header__east_asian_encodings_are_told_by_the_names(tmp_path: Path, encoding: str, time: str,
                                                                 power: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{time},{power}\n2025-03-01 00:00,12.5\n2025-03-01 00:15,13\n".encode(encoding))
    assert read_header(path) == [time, power]


def test_read_table__text_that_stops_being_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("time,power\n2025-03-01 00:00,12.5\n".encode("utf-16") + b"\x00")
    with pytest.raises(DataError, match="is cut or damaged: it begins as utf-16"):
        read_table([path], ["time", "power"], [])


@pytest.mark.parametrize("blanks", [" ", "   "])
def test_read_table__blanks_between_cells(tmp_path: Path, blanks: str) -> None:
    lines = ["date time load temp", "2025-01-01 00:00 200 1.5", "2025-01-01 00:15 201 2.5"]
    path = write(tmp_path / "a.txt", "\n".join(f" {line.replace(' ', blanks)} " for line in lines))
    assert read_header(path) == ["date", "time", "load", "temp"]
    assert read(path) == [[200, 1.5], [201, 2.5]]


def test_read_header__blanks_in_names_part_no_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Reading date ,P kW\n2025-01-01 00:00,1\n")
    assert read_header(path) == ["Reading date", "P kW"]
    assert read_header(write(tmp_path / "b.csv", "time^load\n2025-01-01 00:00^1\n")) == ["time^load"]


@pytest.mark.parametrize("cell", ['="{}"', "'{}", '"{}\t"'])
def test_read_table__what_keeps_a_spreadsheet_from_changing_a_cell(tmp_path: Path, cell: str) -> None:
    names, *rows = ROWS.splitlines()
    kept = [",".join(map(cell.format, row.split(","))) for row in rows]
    path = write(tmp_path / "a.csv", "\n".join([names, *kept]))
    table = read_table([path], COLUMNS, ["time"])
    assert table.frame["time"].str.strip().tolist() == ["2025-01-01 00:00", "2025-01-01 00:15"]
    assert table.frame[["load", "temp"]].to_numpy().tolist() == [[200, 1.5], [201, 2.5]]


@pytest.mark.parametrize(("content", "message"), [
    (b"PK\x03\x04\x14", "is no text but a workbook or an archive"), (b"\x1f\x8b\x08\x00", "a packed file"),
    (b"\xd0\xcf\x11\xe0\xa1", "an old workbook"), (b"  <TABLE><tr>", "a web page"),
    (b"100,NEM12,2025", "a NEM12 file"), (b"UNB+UNOC:3+1", "EDIFACT"), (b'[{"time": "2025', "JSON"),
    (b'{"time":', "JSON"),
])
def test_read_header__a_file_that_is_called_otherwise(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content + b"x" * 20)
    with pytest.raises(DataError, match=message):
        read_header(tmp_path / "a.csv")


def test_read_header__two_encodings_in_a_file_name_the_line(tmp_path: Path) -> None:
    text = "时间,总有功功率\n2025-06-01 00:00,200\n".encode()
    (tmp_path / "a.csv").write_bytes(text + "备注".encode("gbk") + b"\n\xff\xfe\n")
    with pytest.raises(DataError, match="no UTF-8 in line 3"):
        read_header(tmp_path / "a.csv")


def test_read_header__a_file_that_was_never_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(4096))
    with pytest.raises(DataError, match=r"holds zeros and no text(?s:.*)get the file again"):
        read_header(tmp_path / "a.csv")


def test_read_table__more_cells_than_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,load\n2025-01-01 00:00,200,5\n2025-01-01 00:15,201,5\n")
    with pytest.raises(DataError, match=r"more cells than there are column names(?s:.*)numbers that contain a comma"):
        read_table([path], ["time", "load"], ["time"])


def test_read_table__decimals_that_a_comma_cut_off_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,load,\n2025-01-01 00:00,200,5\n2025-01-01 00:15,201,0\n")
    with pytest.raises(DataError, match=r"behind 'load' has no name(?s:.*)200,5 in the first row"):
        read_table([path], ["time", "load"], ["time"])
    for rest in (",\n", ",5.5\n", ",x\n"):
        text = f"time,load,\n2025-01-01 00:00,200{rest}2025-01-01 00:15,201{rest}"
        assert read_table([write(tmp_path / "b.csv", text)], ["time", "load"], ["time"]).frame["load"].sum() == 401
