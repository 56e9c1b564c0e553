"""What people see while long work goes on: bars on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from wattcast.render import announce, console

if TYPE_CHECKING:
    from wattcast.training.record import EpochRecord
    from wattcast.tuning.progress import SearchProgress


@contextmanager
def training_progress(quiet: bool = False, what: str = "training") -> Iterator[Callable[["EpochRecord"], None]]:
    """A bar over the epochs with losses and time left; a line for each epoch where there is no terminal."""
    out = console(stderr=True)
    if quiet:
        yield lambda _: None
        return
    if not out.is_terminal:
        yield lambda record: out.print(_epoch_line(record), markup=False)
        return
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
               TextColumn("at most"), TimeRemainingColumn(compact=True), TextColumn("left"))
    bar = Progress(*columns, console=out, transient=True)
    tasks: list[Any] = []

    def show(record: "EpochRecord") -> None:
        if not tasks or record.epoch == 1:
            for task in tasks:
                bar.remove_task(task)
            tasks[:] = [bar.add_task("", total=record.epochs)]
            bar.start()                # not before: a search may have a bar of its own until then
        bar.update(tasks[0], completed=record.epoch, description=_epoch_line(record))

    try:
        yield show
    finally:
        bar.stop()


def _epoch_line(record: "EpochRecord") -> str:
    kept = ", best so far" if record.best else ""
    network = f"network {record.member}/{record.members}, " if record.members > 1 else ""
    return (f"{network}epoch {record.epoch}/{record.epochs}: train loss {record.train_loss:.4f}, validation loss "
            f"{record.val_loss:.4f}{kept} ({record.seconds:.1f} s)")


@contextmanager
def search_progress(quiet: bool = False, *,
                    mark: str = "") -> Iterator[Callable[["SearchProgress | str | None"], None]]:
    """A bar over the trials with the best score and time left; a line for each trial where there is no terminal.

    Args:
        quiet: show nothing.
        mark: before each line.
    """
    out = console(stderr=True)
    if quiet:
        yield lambda _: None
        return
    if not out.is_terminal:
        yield partial(_print_trial, out, mark)
        return
    columns = (TextColumn(f"{mark}searching"), BarColumn(bar_width=16), TextColumn("{task.description}"),
               TimeElapsedColumn())
    bar = Progress(*columns, console=out, transient=True)
    tasks: list[Any] = []

    def show(at: "SearchProgress | str | None") -> None:
        if at is None:
            bar.stop()
            return
        if isinstance(at, str):
            bar.print(f"{mark}{at}", markup=False)
            return
        if not tasks:
            bar.start()
            tasks.append(bar.add_task("", total=at.total))
        if at.epoch is None:
            bar.print(f"{mark}{_trial_line(at)}", markup=False)
        epoch = f", epoch {at.epoch.epoch}/{at.epoch.epochs}" if at.epoch else ""
        bar.update(tasks[0], completed=at.finished, description=f"trial {at.number}{epoch}; {_standing(at)}")

    try:
        yield show
    finally:
        bar.stop()


def _print_trial(out: Console, mark: str, at: "SearchProgress | str | None") -> None:
    """A line for what is told of a search, or for a trial that ended; none for an epoch of one."""
    if isinstance(at, str):
        out.print(f"{mark}{at}", markup=False, soft_wrap=True)
    elif at is not None and at.epoch is None:
        out.print(f"{mark}{_trial_line(at)}", markup=False, soft_wrap=True)


def _trial_line(at: "SearchProgress") -> str:
    return f"trial {at.number}: {at.said}; {_standing(at)}"


def _standing(at: "SearchProgress") -> str:
    """`12 of 30 done (4 pruned, 1 failed), best 0.0312 (trial 7), today 0.0345, 8 min left`."""
    parts = [f"{at.finished} of {at.total} done ({at.pruned} pruned, {at.failed} failed)"]
    if at.best is not None:
        parts.append(f"best {at.best[1]:.4f} (trial {at.best[0]})")
    if at.today is not None:
        parts.append(f"today {at.today:.4f}")
    if at.seconds_left is not None and at.finished < at.total:
        minutes = at.seconds_left / 60
        parts.append(f"{minutes:.0f} min left" if minutes >= 2 else f"{at.seconds_left:.0f} s left")
    return ", ".join(parts)


def counter() -> Callable[[int, int, str], None]:
    """A line that counts forecasts, rewritten in place on a terminal and shown now and then elsewhere."""
    out = console(stderr=True)

    def show(done: int, total: int, what: str) -> None:
        if out.is_terminal:
            out.print(f"{done}/{total} {what}", end="\r" if done < total else "\n", markup=False)
        elif done == total or done % 20 == 0:
            out.print(f"{done}/{total} {what}", markup=False)

    return show


def parts(quiet: bool = False) -> Callable[[int, int, str], None]:
    """A line for each finished part of long work; none if quiet."""
    def show(done: int, total: int, what: str) -> None:
        if not quiet:
            announce(f"{done}/{total} {what}")

    return show
