"""A night that changes nothing: what would be forecast now, and what would be fine-tuned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from wattcast.nightly.ladder import Rung
from wattcast.nightly.work import CameIn, Made, Tuned, Work


@dataclass(frozen=True)
class Rehearsal:
    """Implements `Work` with another one's looks and none of its changes."""

    work: Work

    def take_in(self, place: str) -> CameIn:
        return CameIn(remarks=(f"rehearsed: nothing is taken in of {place}",))

    def missed(self) -> Mapping[str, Sequence[str]]:
        return self.work.missed()

    def stations(self) -> Sequence[str]:
        return self.work.stations()

    def inputs(self, station_id: str) -> str | None:
        return None

    def champion(self, station_id: str) -> str | None:
        return self.work.champion(station_id)

    def rungs(self, station_id: str, hurried: bool) -> Sequence[Rung[Made]]:
        return [replace(rung, make=_unkept(rung.make)) for rung in self.work.rungs(station_id, hurried)]

    def review(self, station_id: str) -> float | None:
        return None

    def due(self, station_id: str) -> str | None:
        return self.work.due(station_id)

    def trained_in(self, station_id: str) -> float | None:
        return self.work.trained_in(station_id)

    def finetune(self, station_id: str, at_each_epoch: Callable[[], None]) -> Tuned:
        return Tuned("due, and would be begun", None, 0.0)

    def prune(self, station_id: str) -> int:
        return 0


def _unkept(make: Callable[[], Made]) -> Callable[[], Made]:
    return lambda: replace(make(), keep=lambda _: None)
