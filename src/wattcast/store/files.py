"""Files that are either whole or not there."""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wattcast.errors import NO_ROOM, DataError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it becomes `path` when the block ends well and is removed when it does not. A
    device or a pipe (`/dev/null`) is written to itself: whoever may would put a file in its place.

    Raises:
        DataError: the folder cannot be written to.
    """
    device = path.exists() and not (path.is_file() or path.is_dir())
    aside = path if device else path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        if not device:
            os.replace(aside, path)
    except OSError as error:
        raise cannot_write(path, error, "--out or --models-dir") from None
    finally:
        if not device:
            with suppress(OSError):
                aside.unlink()


def cannot_write(path: Path, error: OSError, flags: str = "--models-dir", what: str = "") -> DataError:
    """What to tell of a failed write: a full disk wants something else than a folder that may not be written to."""
    full = error.errno in NO_ROOM
    return DataError(f"cannot write {what}{path}", found=error.strerror or str(error),
                     hint=f"make room on the disk of {path.parent}, then give the same command again" if full else
                     f"choose a folder you may write to, with {flags}")


LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}")
"""What is written aside is called `.NAME.` and eight such digits until it is renamed."""
LEFTOVER_AGE = 3600.0
"""Seconds; a younger one may be another process's that is still being written."""


@contextmanager
def laid_out(folder: Path, files: Mapping[str, bytes | None]) -> Iterator[None]:
    """Files by their names in `folder`, once the block ends well; a name without content goes, and like ones lie there
    once.

    They are written before the block, so that a disk that is too full for them is known before anything has changed.

    Raises:
        DataError: the folder cannot be written to.
    """
    asides = {name: folder / f".{name}.{secrets.token_hex(4)}" for name in files}
    try:
        with _writing(folder):
            there: dict[bytes, Path] = {}
            for name, content in files.items():
                if content is not None:
                    write_once(asides[name], content, there.setdefault(content, asides[name]))
        yield
        with _writing(folder):
            for name, content in files.items():
                if content is None:
                    (folder / name).unlink(missing_ok=True)
                else:
                    os.replace(asides[name], folder / name)
    finally:
        for aside in asides.values():
            aside.unlink(missing_ok=True)


def write_once(path: Path, content: bytes, same: Path) -> None:
    """Write a file, or give it the room of `same`, another one with that content or itself."""
    if path != same:
        with suppress(OSError):     # no file system has to know links
            os.link(same, path)
            return
    path.write_bytes(content)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(Path(error.filename2 or error.filename or folder), error) from None


def leftovers(*folders: Path) -> list[Path]:
    """What a killed process was writing aside in `folders`."""
    return [path for folder in folders if folder.is_dir() for path in folder.iterdir()
            if LEFTOVER.fullmatch(path.name) and time.time() - path.stat().st_mtime > LEFTOVER_AGE]


def remove_leftovers(*folders: Path) -> None:
    """Remove `leftovers`."""
    for path in leftovers(*folders):
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
    """What is no valid text (a file's name may hold any bytes) is written as an escape."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """`value` as `json_text`, whole or not at all; raises as `written_aside`."""
    write_text(path, json_text(value) + "\n")


def json_text(value: Any, indent: int | None = 2) -> str:
    """As a person can read it. What is no valid text (a file's name may hold any bytes) stays an escape of JSON."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def json_bytes(value: Any) -> bytes:
    """What `write_json` writes."""
    return f"{json_text(value)}\n".encode()


def occupied(files: Iterable[Path]) -> int:
    """Of all of them [bytes]; one with several names counts once."""
    told = [file.stat() for file in files]
    names = {(each.st_dev, each.st_ino or -number): each.st_size for number, each in enumerate(told, 1)}
    return sum(names.values())


def sha256(content: bytes) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
