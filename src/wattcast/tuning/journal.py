"""Optuna's file on disk, as several processes may open it and any of them may die at it."""

import os
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock

JOURNAL = "journal.log"
GRACE = 10
"""Seconds after which Optuna's lock on the journal, held for milliseconds, is taken from a process that died."""


def open_journal(path: Path) -> Any:
    """The journal, without the half line that a crash of the computer may have left at its end.

    Optuna's lock is a link to the journal: only one to an absolute path can be told from one that a dead process left.
    """
    path = path.resolve()
    lock = (JournalFileOpenLock if os.name == "nt" else JournalFileSymlinkLock)(str(path), grace_period=GRACE)
    if path.exists():
        lock.acquire()
        try:
            content = path.read_bytes()
            if not content.endswith(b"\n"):
                os.truncate(path, content.rfind(b"\n") + 1)
        finally:
            lock.release()
    return optuna.storages.JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
