from pathlib import Path

import pandas as pd
import pytest

from wattcast.errors import ConfigError, DataError
from wattcast.nightly.filing import Filing, holds
from wattcast.settings import NightlyConfig


def filing(folder: Path, **settings: str | None) -> Filing:
    return Filing.of(NightlyConfig(filed=str(folder), **settings), "2025-05-16")


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_filing__all_in_one_are_the_rows_of_each(tmp_path: Path, ending: str) -> None:
    made = filing(tmp_path, filed_as=f"{{date}}/{{station}}.{ending}")
    files = [made.write("007", pd.DataFrame({"station_id": ["007"], "power": [0.10], "part": [1.0]}))[0],
             made.write("7", pd.DataFrame({"station_id": ["7"], "power": [12345.6789]}))[0]]
    together = made.write_together(files)
    assert files[0] == tmp_path / "2025-05-16" / f"007.{ending}"
    assert together == tmp_path / "2025-05-16.csv"
    assert together.read_text() == "station_id,power,part\n007,0.1,1.0\n7,12345.6789,\n"


def test_filing__knows_its_file_again(tmp_path: Path) -> None:
    path, digest = filing(tmp_path).write("a", pd.DataFrame({"power": [1.0]}))
    assert holds(path, digest)
    path.write_text("half")
    assert not holds(path, digest)
    path.unlink()
    assert not holds(path, digest)


def test_filing__dry_writes_nothing(tmp_path: Path) -> None:
    made = Filing.of(NightlyConfig(filed=str(tmp_path)), "2025-05-16", dry=True)
    path, _ = made.write("a", pd.DataFrame({"power": [1.0]}))
    assert made.write_together([path]) is None
    assert path == tmp_path / "2025-05-16" / "a.csv"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("settings", "message"), [
    ({"filed_as": "{date}.csv"}, "does not tell stations apart"), ({"filed_as": "{id}.csv"}, "names what is not known"),
    ({"filed_as": "{date:%Y/%m}/{station}.csv"}, "formats what it names"),
    ({"filed_as": "{station:.3}.csv"}, "formats what it names"),
    ({"together": "{date!x}.csv"}, "formats what it names"),
    ({"filed_as": "{station.csv"}, "is not a pattern"), ({"filed_as": "{station}.xlsx"}, "its name does not end"),
    ({"together": "all.txt"}, "its name does not end")])
def test_filing__refuses_a_pattern_that_cannot_be_meant(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        filing(tmp_path, **settings)


def test_filing__needs_no_file_with_all(tmp_path: Path) -> None:
    made = filing(tmp_path, together=None)
    assert made.write_together([made.write("a", pd.DataFrame({"power": [1.0]}))[0]]) is None


def test_filing__a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "filed").touch()
    with pytest.raises(DataError):
        filing(tmp_path / "filed").write("a", pd.DataFrame({"power": [1.0]}))
