"""From the best forecast down to what can always be said: the first one that succeeds counts."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from wattcast.errors import UnexpectedError, WattcastError

log = logging.getLogger("wattcast")

Made = TypeVar("Made")


@dataclass(frozen=True)
class Rung(Generic[Made]):
    """A way to forecast: `mark` is what is kept with a forecast that was made so, `words` what people call it; `make`
    makes it."""

    mark: str
    words: str
    make: Callable[[], Made]


@dataclass(frozen=True)
class Slip:
    """A rung that did not hold, and why."""

    mark: str
    words: str
    error: WattcastError

    def __str__(self) -> str:
        return f"no forecast by {self.words}: {self.error.what}"

    def to_dict(self) -> dict[str, str]:
        return {"rung": self.mark, "words": self.words, "why": self.error.what}


class FellOffError(WattcastError):
    """No rung held. `slips` says why, rung by rung."""

    def __init__(self, slips: tuple[Slip, ...]) -> None:
        self.slips = slips
        last = slips[-1].error if slips else None
        super().__init__("no forecast could be made", found="; ".join(map(str, slips)) or None,
                         hint=last.hint if last else None)


def climb_down(rungs: Iterable[Rung[Made]]) -> tuple[Rung[Made], Made, tuple[Slip, ...]]:
    """The first rung that holds, what it made, and why those above it did not.

    Whatever goes wrong on a rung leads to the next one, but for a reader of the output who went away, and Ctrl-C.

    Raises:
        FellOffError: none holds.
    """
    slips: list[Slip] = []
    for rung in rungs:
        try:
            return rung, rung.make(), tuple(slips)
        except BrokenPipeError:
            raise
        except WattcastError as error:
            slips.append(Slip(rung.mark, rung.words, error))
        except Exception as error:
            log.debug("%s", rung.words, exc_info=True)
            slips.append(Slip(rung.mark, rung.words, UnexpectedError(error)))
    raise FellOffError(tuple(slips))
