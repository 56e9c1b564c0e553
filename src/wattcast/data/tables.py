"""Raw cells from CSV and Parquet files, with every row's place in its file for error messages."""

import warnings
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as parquet

from wattcast.errors import DataError, NoRowsError, listing, nearest

SUFFIXES = (".csv", ".csv.gz", ".parquet")
ENCODINGS = ("utf-8-sig", "gb18030")
"""Tried in this order; spreadsheets in China save CSV as GBK, of which GB 18030 is the superset."""


@dataclass(frozen=True)
class Table:
    """Rows of one or more files under each other; `frame` keeps the row numbers by which `place` finds them again."""

    frame: pd.DataFrame
    files: tuple[Path, ...]
    starts: npt.NDArray[np.int64]

    def file_of(self, rows: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The position in `files` of the rows with these labels."""
        return np.asarray(np.searchsorted(self.starts, rows, side="right") - 1, dtype=np.int64)

    def place(self, row: int) -> str:
        """`data.csv, line 17` for a label of `frame.index` (`row 16` where there are no lines)."""
        file = int(self.file_of(row))
        number = row - int(self.starts[file])
        is_text = self.files[file].name.lower().endswith((".csv", ".csv.gz"))
        unit = f"line {number + 2}" if is_text else f"row {number + 1}"
        return f"{self.files[file].name}, {unit}"

    def take(self, positions: npt.ArrayLike) -> "Table":
        """Only the rows at these positions (or where a mask is true)."""
        return Table(self.frame.iloc[np.asarray(positions)], self.files, self.starts)


def is_table(path: Path) -> bool:
    """Whether it is a file of a kind that can be read."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def stem(path: Path) -> str:
    """The file's name without `.csv`, `.csv.gz` or `.parquet`."""
    suffix = next((end for end in SUFFIXES if path.name.lower().endswith(end)), "")
    return path.name[:len(path.name) - len(suffix)]


def require_exists(path: Path) -> None:
    """Nothing, unless the path leads nowhere.

    Raises:
        DataError: there is no such file or folder.
    """
    if path.exists():
        return
    siblings = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
    close = nearest(path.name, siblings)
    raise DataError(f"{path} does not exist", found=listing(siblings) if siblings else f"no folder {path.parent}",
                    hint=f"did you mean {path.parent / close}?" if close else "check the path")


def read_header(path: Path) -> list[str]:
    """The names of a file's columns.

    Raises:
        NoRowsError: the file is empty.
        DataError: it is missing, damaged or of an unknown kind.
    """
    require_exists(path)
    if not is_table(path):
        raise DataError(f"{path} is not a table that can be read",
                        expected=f"a file that ends in {', '.join(SUFFIXES)}")
    if path.stat().st_size == 0:
        raise _empty(path)
    header = _parquet_header(path) if _is_parquet(path) else [str(name) for name in _read_csv(path, nrows=0).columns]
    if len(header) == 1 and any(sign in header[0] for sign in ";\t|"):
        raise DataError(f"{path} does not separate its cells by commas", found=repr(header[0]),
                        hint="save it as CSV with commas, and with a point before decimals")
    return header


def read_table(paths: Sequence[Path], columns: Collection[str], texts: Collection[str]) -> Table:
    """The files' rows in the order given, without those that are blank; a column that a file lacks is empty there.

    Args:
        columns: those to keep.
        texts: those of them that stay text as written (codes, ids, times).

    Raises:
        NoRowsError: none has a row.
        DataError: a file is missing, empty or damaged.
    """
    frames = [_read_cells(path, columns, texts) for path in paths]
    starts = np.cumsum([0, *(len(frame) for frame in frames)])
    for frame, start in zip(frames, starts[:-1], strict=True):
        frame.index = pd.RangeIndex(start, start + len(frame))
    filled = [frame for frame in frames if len(frame)]
    frame = (filled[0] if len(filled) == 1 else pd.concat(filled)).dropna(how="all") if filled else pd.DataFrame()
    if frame.empty:
        raise NoRowsError(f"{paths[0]} has column names but no rows")
    return Table(frame, tuple(paths), starts[:-1])


def _read_cells(path: Path, columns: Collection[str], texts: Collection[str]) -> pd.DataFrame:
    if _is_parquet(path):
        return _read_parquet(path, [name for name in read_header(path) if name in columns])
    # All columns are parsed: with `usecols` pandas does not notice a row that has more cells than the header.
    frame = _read_csv(path, dtype=dict.fromkeys(texts, str))
    return frame[[name for name in frame.columns if name in columns]]


def _read_csv(path: Path, **options: Any) -> pd.DataFrame:
    for encoding in ENCODINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame: pd.DataFrame = pd.read_csv(path, encoding=encoding, index_col=False, skip_blank_lines=False,
                                                  low_memory=False, skipinitialspace=True, **options)
        except UnicodeDecodeError:
            continue
        except pd.errors.EmptyDataError:
            raise _empty(path) from None
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise DataError(f"{path} is not well-formed CSV", found=str(error).strip(),
                            expected="as many cells in every row as there are column names",
                            hint="put texts that contain a comma in double quotes") from None
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} cannot be read", found=str(error) or type(error).__name__) from None
        return frame.rename(columns=str.strip)
    raise DataError(f"{path} is not text in UTF-8 or GB 18030", hint="save the file as CSV in UTF-8")


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _read_parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        # Without the metadata an index comes back as the column it was.
        frame: pd.DataFrame = parquet.read_table(path, columns=columns).to_pandas(ignore_metadata=True)
    except (OSError, ValueError) as error:
        raise _unreadable_parquet(path, error) from None
    return frame


def _parquet_header(path: Path) -> list[str]:
    try:
        return [str(name) for name in parquet.read_schema(path).names]
    except (OSError, ValueError) as error:
        raise _unreadable_parquet(path, error) from None


def _unreadable_parquet(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be read as Parquet", found=(str(error).splitlines() or [type(error).__name__])[0])


def _empty(path: Path) -> NoRowsError:
    return NoRowsError(f"{path} is empty", expected="a line with the column names, then a row for each interval")
