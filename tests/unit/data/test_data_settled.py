"""Which files are whole."""

import gzip
import os
import zipfile
from pathlib import Path

import pytest

from wattcast.data.settled import cut_off, unfinished

ROWS = "time,total_active_power\n2025-03-01 00:00,200.5\n2025-03-01 00:15,201.5"


def old(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, (1e9, 1e9))
    return path


@pytest.mark.parametrize("content", [
    ROWS.encode(), f"{ROWS}\n".encode(), f"{ROWS}\r\n".encode("utf-16"), f"{ROWS}\n\n\n".encode(), b"power\n1\n2",
    ROWS.replace(",", ";").encode(), b"a,b\n1,\"x\"\nSumme,12.5\n", b"2025-03-01"])
def test_cut_off__whole_texts_are_not(tmp_path: Path, content: bytes) -> None:
    assert cut_off(old(tmp_path / "a.csv", content)) is None


@pytest.mark.parametrize("content", [
    ROWS[:-7].encode(), ROWS[:-7].encode("utf-16"), ROWS.replace(",", "\t")[:-7].encode(),
    f"{ROWS}\r\n2025".encode()])
def test_cut_off__a_last_line_with_fewer_cells(tmp_path: Path, content: bytes) -> None:
    assert cut_off(old(tmp_path / "a.csv", content)) == "is cut: its last line has 1 of 2 cells"


@pytest.mark.parametrize(("name", "words"), [
    ("a.parquet", "its last bytes"), ("a.csv.gz", "its archive ends too early"), ("a.zip", "its list of contents"),
    ("a.xlsx", "its list of contents")])
def test_cut_off__archives_and_tables_without_their_end(tmp_path: Path, name: str, words: str) -> None:
    whole = {"a.csv.gz": gzip.compress(ROWS.encode()), "a.parquet": b"PAR1 columns PAR1"}.get(name)
    if whole is None:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("a.csv", ROWS)
        whole = (tmp_path / name).read_bytes()
    assert cut_off(old(tmp_path / name, whole)) is None
    assert words in cut_off(old(tmp_path / name, whole[:-6]))


def test_cut_off__nothing_in_it_or_not_there(tmp_path: Path) -> None:
    assert cut_off(old(tmp_path / "a.csv", b"")) == "is empty"
    assert cut_off(tmp_path / "b.csv").startswith("cannot be read")


def test_unfinished__waits_once_for_the_youngest_and_names_what_grows(tmp_path: Path) -> None:
    quiet, young, growing = (old(tmp_path / name, f"{ROWS}\n".encode()) for name in ("q.csv", "y.csv", "g.csv"))
    for path in (young, growing):
        os.utime(path, (1e9 + 5000, 1e9 + 5000))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        growing.write_text(f"{ROWS}\n2025-03-01 00:30,202.5\n")

    found = unfinished([quiet, young, growing], 2.0, sleep=sleep, now=lambda: 1e9 + 5000.5)
    assert found == {growing: "is being written"}
    assert slept == [1.5]
    assert unfinished([quiet], 2.0, sleep=sleep, now=lambda: 1e9 + 5000.5) == {}
    assert len(slept) == 1


def test_unfinished__a_clock_that_is_ahead(tmp_path: Path) -> None:
    ahead, slept = old(tmp_path / "a.csv", f"{ROWS}\n".encode()), []
    os.utime(ahead, (1e9 + 9000, 1e9 + 9000))
    assert unfinished([ahead], 2.0, sleep=slept.append, now=lambda: 1e9 + 5000) == {}
    assert slept == [2.0]
