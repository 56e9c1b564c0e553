"""Files to raw cells."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from wattcast.data.tables import is_table, read_header, read_table, stem
from wattcast.errors import DataError

ROWS = "time,code,load\n2025-01-01 00:00,007,200\n2025-01-01 00:15,008,201\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_read_table__csv_gzip_and_parquet_hold_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", ROWS)
    packed = write(tmp_path / "b.csv.gz", gzip.compress(ROWS.encode()))
    frame = read_table([plain], ["time", "code", "load"], ["time", "code"]).frame
    frame.to_parquet(tmp_path / "c.parquet")
    for path in (packed, tmp_path / "c.parquet"):
        other = read_table([path], ["time", "code", "load"], ["time", "code"]).frame
        pd.testing.assert_frame_equal(other, frame, check_index_type=False)
    assert frame["code"].tolist() == ["007", "008"]


def test_read_table__parquet_index_is_a_column_again(tmp_path: Path) -> None:
    index = pd.date_range("2025-01-01", periods=3, freq="15min", name="ts")
    pd.DataFrame({"load": [200, 201, 202]}, index=index).to_parquet(tmp_path / "a.parquet")
    assert set(read_header(tmp_path / "a.parquet")) == {"load", "ts"}
    assert read_table([tmp_path / "a.parquet"], ["ts"], ["ts"]).frame["ts"].tolist() == index.tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_read_table__chinese_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", "时间,天气\n2025-01-01 00:00,晴\n".encode(encoding))
    assert read_header(path) == ["时间", "天气"]
    assert read_table([path], ["时间", "天气"], ["时间", "天气"]).frame["天气"].tolist() == ["晴"]


def test_read_table__encoding_is_told_by_all_of_the_file(tmp_path: Path) -> None:
    rows = ["time,text", *["2025-01-01 00:00,sunny"] * 60_000, "2025-01-01 00:15,多云"]
    path = write(tmp_path / "a.csv", "\n".join(rows).encode("gbk"))
    assert read_table([path], ["text"], ["text"]).frame["text"].iloc[-1] == "多云"


def test_read_table__names_lose_their_blanks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", " time , load \n2025-01-01 00:00, 200\n")
    assert read_header(path) == ["time", "load"]
    assert read_table([path], ["load"], []).frame["load"].tolist() == [200]


def test_place__counts_lines_through_blank_ones_and_files(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "time,load\n2025-01-01 00:00,200\n\n2025-01-01 00:15,201\n\n")
    empty = write(tmp_path / "b.csv", "time,load\n")
    last = write(tmp_path / "c.csv", "time,load,more\n2025-01-01 00:30,300,1\n")
    table = read_table([first, empty, last], ["time", "load", "more"], ["time"])
    assert [table.place(row) for row in table.frame.index] == ["a.csv, line 2", "a.csv, line 4", "c.csv, line 2"]
    assert [table.files[file].name for file in table.file_of(table.frame.index)] == ["a.csv", "a.csv", "c.csv"]
    assert table.frame["more"].isna().tolist() == [True, True, False]
    assert table.take([2]).place(table.take([2]).frame.index[0]) == "c.csv, line 2"


def test_place__in_parquet_is_a_row(tmp_path: Path) -> None:
    pd.DataFrame({"load": [200, 201]}).to_parquet(tmp_path / "a.parquet")
    assert read_table([tmp_path / "a.parquet"], ["load"], []).place(1) == "a.parquet, row 2"


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.csv", "", "is empty"),
    ("a.csv", "\n", "is empty"),
    ("a.csv", "time,load\n", "no rows"),
    ("a.csv", "time,load\n\n\n", "no rows"),
    ("a.csv", "time,load\n1,2\n1,2,3\n", "not well-formed CSV"),
    ("a.csv", 'time,load\n1,"2\n3,4\n', "not well-formed CSV"),
    ("a.csv", "time,load\n1,2,3\n", "not well-formed CSV"),
    ("a.csv", b"time,load\n\xff\xff\xff,1\n", "not text"),
    ("a.csv.gz", "time,load\n1,2\n", "cannot be read"),
    ("a.csv.gz", gzip.compress(ROWS.encode(), mtime=0)[:30], "cannot be read"),  # names the test: no clock in it
    ("a.parquet", "time,load\n1,2\n", "cannot be read as Parquet"),
    ("a.xlsx", "time", "cannot be read as a workbook"),
    ("a.xls", "time", r"not a table(?s:.*)save it as \.xlsx"),
    ("a.zip", "time", "cannot be read"),
])
def test_open__unusable_file_is_a_data_error(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    path = write(tmp_path / name, content)

    def open_it() -> None:
        read_header(path)
        read_table([path], ["time", "load"], [])

    with pytest.raises(DataError, match=message) as caught:
        open_it()
    assert name in str(caught.value)


def test_read_header__missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "station.csv", ROWS)
    with pytest.raises(DataError, match=r"did you mean .*station\.csv"):
        read_header(tmp_path / "sttion.csv")
    with pytest.raises(DataError, match="no folder"):
        read_header(tmp_path / "nowhere" / "a.csv")


@pytest.mark.parametrize(("name", "expected"), [("a.b.csv", "a.b"), ("a.csv.gz", "a"), ("A.PARQUET", "A")])
def test_stem__drops_the_kind_only(tmp_path: Path, name: str, expected: str) -> None:
    path = write(tmp_path / name, "x")
    assert is_table(path)
    assert stem(path) == expected


def test_read_table__parses_each_text_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "1.csv", tmp_path / "2.csv.gz"]
    for number, path in enumerate(paths):
        pd.DataFrame({"time": ["2025-06-01"], "kw": [200 + number]}).to_csv(path, index=False)
    parsed, parse = [], pd.read_csv
    monkeypatch.setattr(pd, "read_csv", lambda file, **options: parsed.append(file) or parse(file, **options))
    assert read_table(paths, {"kw"}, ()).frame["kw"].tolist() == [200, 201]
    assert len(parsed) == 2


def test_read_table__units_that_differ_between_files_are_an_error(tmp_path: Path) -> None:
    paths = [tmp_path / f"a-2025-0{month}.csv" for month in (1, 2)]
    for path, unit in zip(paths, ("kW", "MW"), strict=True):
        path.write_text(f"time,P,T\n,{unit},°C\n2025-01-01 00:00,200,1\n")
    with pytest.raises(DataError, match=r"a-2025-01\.csv and a-2025-02\.csv tell different units(?s:.*)kW and MW"):
        read_table(paths, ["time", "P", "T"], ["time"])
    assert read_table(paths, ["time", "T"], ["time"]).units == {"T": "°C"}
