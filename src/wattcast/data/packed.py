"""Files as bytes, taken out of the archive they may be in."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from wattcast.errors import DataError, listing


def content_name(path: Path) -> str:
    """The name of what is inside, in lower case: `a.csv` for `a.csv.gz`, the packed file's for `a.zip`.

    Raises:
        DataError: an archive is damaged or does not hold exactly one file.
    """
    name = path.name.lower()
    if name.endswith(".zip"):
        return _only_member(path).lower()
    return name.removesuffix(".gz")


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """What is inside, to be read.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as archive, archive.open(_only_member(path)) as file:
                yield file
        elif path.name.lower().endswith(".gz"):
            with gzip.open(path, "rb") as packed:
                yield cast(IO[bytes], packed)
        else:
            with path.open("rb") as plain:
                yield plain
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(f"{path} cannot be read", found=str(error) or type(error).__name__) from None


def _only_member(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist()
                     if not name.endswith("/") and not name.startswith("__MACOSX/")]
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read", found=str(error)) from None
    if len(names) != 1:
        raise DataError(f"{path} does not hold exactly one file", found=listing(names),
                        hint="unpack it and pass the file, or the folder")
    return names[0]
