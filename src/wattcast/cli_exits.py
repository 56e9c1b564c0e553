"""How a command ends: what becomes of errors, of SIGTERM and of a reader that went away, as exit codes."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from wattcast.cli_stations import print_error, print_json
from wattcast.errors import NO_ROOM, ConfigError, InputError, UnexpectedError, WattcastError

INTERRUPTED = 130
"""What Typer makes of Ctrl-C. [exit code]"""
ENDED = 143
"""What a shell makes of a program that was told to end (SIGTERM). [exit code]"""
UNREAD = 141
"""What a shell makes of a program that ends as nobody reads on. [exit code]"""


def exit_code(app: typer.Typer, arguments: Sequence[str], as_json: bool) -> int:
    """Run a command to its end.

    Args:
        app: whose command it is.
        arguments: as they were given.
        as_json: whether an error that ends all is printed as JSON, too.

    Returns:
        0 done, 2 wrong input, 3 rejected by the gate, 4 a forecast that does not stand on what it should, if that was
        asked for, 130 interrupted, 141 no longer read, 143 told to end, 1 anything else.
    """
    try:
        with _ending_when_told():
            code = _run(app, arguments, as_json)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        _read_no_longer()
        return UNREAD
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _read_no_longer()
        return _refused(InputError("the disk is full", found=error.filename or "where the output goes",
                                   hint="free some space, then give the same command again"),
                        as_json and error.filename is not None)


@contextmanager
def _ending_when_told() -> Iterator[None]:
    """SIGTERM, by which services are stopped, ends a command as Ctrl-C does. Lightning keeps it to itself otherwise:
    where it comes between two epochs, a search goes on with its next trial."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _run(app: typer.Typer, arguments: Sequence[str], as_json: bool) -> int:
    try:
        code = app(args=arguments, standalone_mode=not as_json)
    except WattcastError as error:
        return _refused(error, as_json)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        code = end.code if isinstance(end.code, int) else 1
    except BrokenPipeError:
        raise
    except Exception as error:
        if not as_json or getattr(error, "errno", None) in NO_ROOM:
            raise
        return _refused(_in_our_words(error), as_json)
    if code == INTERRUPTED:
        print("interrupted; the same command continues a training where it stopped", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _refused(error: WattcastError, as_json: bool) -> int:
    """Tell of an error that ended all; the exit code."""
    if as_json:
        print_json({"station": None, "error": error.to_dict()})
    print_error(error)
    return error.exit_code


def _read_no_longer() -> None:
    """What is still to be printed goes nowhere: who read it (`head`, a pager) has gone, or the disk is full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def _in_our_words(error: Exception) -> WattcastError:
    """What Typer says of a verb, a flag or its value (a class of its own, which it does not give away), or a fault."""
    told = getattr(error, "format_message", None)
    return UnexpectedError(error) if told is None else ConfigError(told())
