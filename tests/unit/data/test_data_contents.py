"""What of a folder is read."""

from pathlib import Path

import pytest

from wattcast.data.contents import Contents, contents_of
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError


def laid(folder: Path, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def contents(folder: Path, *known: str) -> Contents:
    return contents_of(folder, DataConfig(), frozenset(known))


def test_contents__are_of_one_kind_where_no_station_is_known(tmp_path: Path) -> None:
    laid(tmp_path, "a/x.csv", "b/y.csv")
    assert list(contents(tmp_path).nested) == ["a", "b"]
    laid(tmp_path, "c.csv")
    found = contents(tmp_path)
    assert ([file.name for file in found.loose], found.nested, list(found.unseen)) == (["c.csv"], {}, ["a", "b"])
    laid(tmp_path, "d/data/data-d-2025-01.csv")
    found = contents(tmp_path)
    assert (list(found.stations), found.loose, list(found.unseen)) == (["d"], [], ["a", "b"])
    assert not found.mixed


def test_contents__are_of_all_kinds_where_stations_are_known(tmp_path: Path) -> None:
    laid(tmp_path, "a/x.csv", "b/y.csv", "c.csv", "d/data/data-d-2025-01.csv", ".hidden/x.csv", "e/forcaster/x.csv",
         "f/forcaster/forcaster-f-2025-01-01.csv", "g/forcaster/forcaster-g-2025-01-01.csv")
    found = contents(tmp_path, "a", "e", "f")
    assert (list(found.stations), list(found.nested)) == (["d", "f"], ["a"])
    assert {file.name for file in found.files} == {"x.csv", "c.csv", "data-d-2025-01.csv", "forcaster-f-2025-01-01.csv"}
    assert dict.fromkeys(["b", "g"], "no station is known by that name") == found.unseen
    assert found.mixed


def test_contents__name_workbooks_that_have_to_be_saved_in_another_form(tmp_path: Path) -> None:
    laid(tmp_path, "a.csv", "b.XLS", "sub/c.ods", "~$d.xls")
    assert list(contents(tmp_path).unseen) == ["b.XLS", "sub/c.ods"]


def test_contents__name_other_forms_of_tables_that_are_not_read(tmp_path: Path) -> None:
    laid(tmp_path, "a.csv", "b.dat", "sub/c.feather", "._d.dat", "e.dat/readme.md")
    assert list(contents(tmp_path).unseen) == ["b.dat", "sub/c.feather"]


def test_contents__nothing_is_an_error_that_lists_what_is_there(tmp_path: Path) -> None:
    laid(tmp_path, "readme.md")
    with pytest.raises(DataError, match=r"no station in the folder(?s:.*)readme\.md"):
        _ = contents(tmp_path).files
