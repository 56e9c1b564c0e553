"""Tasks one after the other in this process: nothing to start and nothing to go wrong, and no limits."""

from collections.abc import Callable, Iterable, Iterator

from wattcast.fleet.executors.base import Argument, Limits, Result, Task
from wattcast.workflows.many import Outcome, outcome_of


class Inline:
    """Implements `base.Executor`; a limit has no one to keep it."""

    name = "inline"
    isolated = False

    def run(self, function: Callable[[Argument], Result], tasks: Iterable[Task[Argument]],
            limits: Limits) -> Iterator[Outcome[Result]]:
        for task in tasks:
            yield outcome_of(task.name, lambda _, argument=task.argument: function(argument))   # type: ignore[misc]
