"""Files that are either whole or not there."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
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
