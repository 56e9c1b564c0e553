"""Files that are either whole or not there."""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wattcast.errors import DataError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it becomes `path` when the block ends well and is removed when it does not.

    Raises:
        DataError: the folder cannot be written to.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        os.replace(aside, path)
    except OSError as error:
        raise DataError(f"cannot write {path}", found=error.strerror,
                        hint="choose a folder you may write to, with --out or --models-dir") from None
    finally:
        with suppress(OSError):
            aside.unlink()


LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}")
"""What is written aside is called `.NAME.` and eight such digits until it is renamed."""
LEFTOVER_AGE = 3600.0
"""Seconds; a younger one may be another process's that is still being written."""


def lay_out(source: Path, target: Path, names: Iterable[str]) -> None:
    """Copy the files `names` that are in the folder `source` to `target`, and remove there those that are not."""
    for name in names:
        if not (source / name).exists():
            (target / name).unlink(missing_ok=True)
            continue
        with written_aside(target / name) as aside:
            shutil.copyfile(source / name, aside)


def remove_leftovers(*folders: Path) -> None:
    """Remove what a killed process was writing aside in `folders`."""
    for path in (path for folder in folders if folder.is_dir() for path in folder.iterdir()):
        if LEFTOVER.fullmatch(path.name) and time.time() - path.stat().st_mtime > LEFTOVER_AGE:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Make `folder` if need be, before long work is done that ends in it.

    Raises:
        DataError: it cannot be written to.
    """
    with written_aside(folder / "probe") as aside:
        aside.touch()
    (folder / "probe").unlink()


def write_text(path: Path, text: str) -> None:
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
