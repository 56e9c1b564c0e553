"""Commands in processes of their own. They are forked from one that has imported what they need: each starts at once
and is as real a process as any other, to be waited for, held and killed.
"""

import os
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

import pytest

from wattcast.cli import main
from wattcast.forked import CONTEXT, preload

preload(["wattcast.tuning.search", "wattcast.workflows.tune", "wattcast.render"])


class Started:
    """A function's call in another process, with what it prints on `out` and `err`; ends when the block does."""

    def __init__(self, function: Callable[..., int | None], *arguments: object) -> None:
        pipes = [CONTEXT.Pipe(duplex=False) for _ in range(2)]
        self.process = CONTEXT.Process(target=_printing_to, args=([writer for _, writer in pipes], function, arguments))
        self.process.start()
        for _, writer in pipes:
            writer.close()
        self.out, self.err = (os.fdopen(os.dup(reader.fileno()), encoding="utf-8") for reader, _ in pipes)

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.out.close()
        self.err.close()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> None:
        """At once, as `kill -9` does."""
        self.process.kill()
        self.process.join()

    def read_until(self, beginning: str) -> None:
        """Read lines of `err` up to one that begins so."""
        if not any(line.startswith(beginning) for line in self.err):
            pytest.fail(f"the process ended without {beginning!r}")

    def ended(self, timeout: float = 250) -> tuple[int | None, str, str]:
        """Its exit code and what it printed since, read to the end: a pipe that nobody reads would hold it up."""
        out, err = self.out.read(), self.err.read()
        self.process.join(timeout)
        return self.process.exitcode, out, err


def started(words: Sequence[object]) -> Started:
    """A command: `started(("train", "--data", path))`."""
    return Started(main, [str(word) for word in words])


def reopened(number: int) -> None:
    """`sys.stdout` (1) or `sys.stderr` (2) anew: they were opened on what their descriptor was before."""
    buffering = 1 if number == 2 else -1                        # as Python opens them
    stream = open(number, "w", buffering, encoding="utf-8", closefd=False)    # noqa: SIM115 - for the process's life
    for name in (("stdout", "__stdout__"), ("stderr", "__stderr__"))[number - 1]:
        setattr(sys, name, stream)


def _printing_to(writers: Sequence[Connection], function: Callable[..., int | None],
                 arguments: Sequence[object]) -> None:
    for number, writer in enumerate(writers, 1):
        os.dup2(writer.fileno(), number)
        writer.close()
        reopened(number)
    sys.exit(function(*arguments))
