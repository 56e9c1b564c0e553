"""How other processes are started: forked from one that has nothing but imports, where the system can do so, and never
from this one, which may have threads."""

from collections.abc import Sequence
from multiprocessing import get_all_start_methods, get_context

FORKED = "forkserver" in get_all_start_methods()
CONTEXT = get_context("forkserver") if FORKED else get_context("spawn")


def preload(modules: Sequence[str]) -> None:
    """What is imported once for all processes that are started from now on, if none was started yet."""
    if FORKED:
        CONTEXT.set_forkserver_preload(list(modules))


def begin_imports() -> None:
    """Have what is preloaded imported by now and not when the first process is started, which would wait for it: while
    this one imports the same, on another core."""
    if FORKED:
        from multiprocessing import forkserver  # not on every system

        forkserver.ensure_running()
