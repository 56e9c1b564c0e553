"""Which files are whole: nobody is writing to them any more, and what is in them can be read to its end."""

import re
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from wattcast.data.packed import content_name, open_binary
from wattcast.data.tables import BOOKS
from wattcast.errors import DataError

STILL = 2.0
"""A file that was not changed for so long is written: programs that write one row after the other do not rest as long.
[seconds]"""
TAIL = 1 << 16
"""What is read of a text's end: longer than any line. [bytes]"""
PARQUET = b"PAR1"
"""The last bytes of a Parquet file that is whole."""
SEPARATORS = (b",", b";", b"\t", b"|")


def unfinished(files: Sequence[Path], still: float = STILL, *, sleep: Callable[[float], None] = time.sleep,
               now: Callable[[], float] = time.time) -> dict[Path, str]:
    """Files that are not whole, and why, in words.

    Args:
        files: that are there.
        still: how long their size and the time of their last change must stay as they are [seconds]; what is left of
            it for the youngest of them is waited for, once for all.
        sleep: waits.
        now: the clock by which files are young.
    """
    before = {file: _state(file) for file in files}
    age = min((now() - changed for changed, _ in before.values()), default=still)
    if age < still:
        sleep(still - max(age, 0.0))
    found: dict[Path, str] = {}
    for file in files:
        why = "is being written" if _state(file) != before[file] else cut_off(file)
        if why is not None:
            found[file] = why
    return found


def _state(file: Path) -> tuple[float, int]:
    try:
        told = file.stat()
    except OSError:
        return 0.0, -1
    return told.st_mtime, told.st_size


def cut_off(file: Path) -> str | None:
    """Why a file cannot be read to its end; None if it can."""
    try:
        if file.stat().st_size == 0:
            return "is empty"
        name = file.name.lower()
        if name.endswith((".zip", *BOOKS)):
            return None if zipfile.is_zipfile(file) else "is cut: its list of contents is missing"
        if name.endswith(".gz"):
            return _cut_archive(file)
        if content_name(file).endswith(".parquet"):
            return None if _tail(file, len(PARQUET)) == PARQUET else "is cut: its last bytes are missing"
        return _cut_text(_tail(file, TAIL))
    except (OSError, DataError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _cut_archive(file: Path) -> str | None:
    """A checksum stands at the end."""
    try:
        with open_binary(file) as content:
            while content.read(1 << 20):
                pass
    except (DataError, EOFError, zlib.error):
        return "is cut: its archive ends too early"
    return None


def _tail(file: Path, count: int) -> bytes:
    with file.open("rb") as content:
        content.seek(max(0, file.stat().st_size - count))
        return content.read()


def _cut_text(tail: bytes) -> str | None:
    """Whether a last line that nothing ends has fewer cells than the one before it; NUL bytes are UTF-16's."""
    text = tail.replace(b"\0", b"")
    lines = [line for line in re.split(rb"\r\n|\n|\r", text) if line.strip()]
    if len(lines) < 2 or text.endswith((b"\n", b"\r")):
        return None
    for separator in SEPARATORS:
        whole, there = lines[-2].count(separator), lines[-1].count(separator)
        if there < whole:
            return f"is cut: its last line has {there + 1} of {whole + 1} cells"
    return None
