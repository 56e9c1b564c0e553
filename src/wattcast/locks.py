"""One process at a time: locks that the operating system takes back from a process that ends, however it ends.

A lock file says who holds it. One that a dead process left behind holds nobody up.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from wattcast.errors import BusyError, DataError

log = logging.getLogger("wattcast")

PATIENCE = 3.0
"""Seconds of waiting after which one is told what is waited for."""
LIMIT = 300.0
"""Seconds after which waiting is given up: what is done under a lock takes seconds."""

ATTEMPTS = 5
"""A folder that its last user is just removing must be made again. [number]"""


@contextmanager
def held(lock: FileLock, what: str, *, patience: float = PATIENCE, limit: float = LIMIT,
         flag: str = "--models-dir") -> Iterator[None]:
    """Hold `lock`, which the same process may hold already, over the block.

    Args:
        lock: its folder is made if need be.
        what: is under way while it is held, for messages: `the models of station 7 are being changed`.
        patience: seconds of waiting before one is told.
        limit: seconds of waiting at most.
        flag: that chooses the folder, for messages.

    Raises:
        BusyError: another process still held it after `limit`.
        DataError: its folder cannot be written to.
    """
    path = Path(lock.lock_file)
    try:
        _acquire(lock, path, what, patience, limit)
    except Timeout:
        raise BusyError(f"{what} by another process", found=_holder(path),
                        hint="give the same command again when that has ended") from None
    except OSError as error:
        raise DataError(f"cannot write to {path.parent}", found=error.strerror,
                        hint=f"choose a folder you may write to, with {flag}") from None
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, path: Path, what: str, patience: float, limit: float) -> None:
    try:
        _acquire_within(lock, path, min(patience, limit))
    except Timeout:
        if limit <= patience:
            raise
        log.info("waiting: %s by %s", what, _holder(path))
        _acquire_within(lock, path, limit - patience)
    if lock.lock_counter > 1:   # held by this process already
        return
    with suppress(OSError):     # where a locked file cannot be written, nobody can read who holds it either
        path.write_text(f"process {os.getpid()} on {socket.gethostname()}, since {datetime.now():%Y-%m-%d %H:%M:%S}\n",
                        encoding="utf-8")


def _acquire_within(lock: FileLock, path: Path, seconds: float) -> None:
    for attempt in range(ATTEMPTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=seconds)
            return
        except FileNotFoundError:
            if attempt == ATTEMPTS - 1:
                raise


def _holder(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        if text := path.read_text(encoding="utf-8").strip():
            return text
    return "a process that did not say which"
