"""A night whose work is made up, on a clock that moves only when it is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from wattcast.errors import BundleError, DataError
from wattcast.nightly.ladder import Rung
from wattcast.nightly.summary import StationMorning, Summary
from wattcast.nightly.work import CameIn, Made, Tuned

NOW = pd.Timestamp("2025-05-16 02:30", tz="Asia/Shanghai")


@dataclass
class Ticks:
    """Seconds that somebody has to let pass."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class MadeUp:
    """Implements `Work` and notes what it was asked for.

    Attributes:
        names: of the stations.
        ticks: forecasts take 1 s, fine-tunings 60 s.
        broken: rungs that fail, by station.
        skills: by station; 0.5 for others.
        needy: stations whose fine-tuning is due.
        unkept: stations whose forecasts cannot be kept.
        rows: what came in; part of the digest of inputs.
        never_came: what files held that were refused before, by station.
        at: called with what is about to be done, as a kill would come there.
    """

    names: Sequence[str]
    ticks: Ticks
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    skills: dict[str, float | None] = field(default_factory=dict)
    needy: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()
    rows: str = "rows"
    came: CameIn = field(default_factory=CameIn)
    never_came: dict[str, list[str]] = field(default_factory=dict)
    at: Callable[[str], None] = lambda _: None
    done: list[str] = field(default_factory=list)
    kept: list[tuple[str, str | None]] = field(default_factory=list)

    def _do(self, what: str) -> None:
        self.at(what)
        self.done.append(what)

    def take_in(self, place: str) -> CameIn:
        self._do(f"take in {place}")
        return self.came

    def missed(self) -> Mapping[str, Sequence[str]]:
        return self.never_came

    def stations(self) -> Sequence[str]:
        return self.names

    def inputs(self, station_id: str) -> str | None:
        return f"{self.rows} of {station_id}"

    def champion(self, station_id: str) -> str | None:
        return "v0001"

    def rungs(self, station_id: str, hurried: bool) -> Sequence[Rung[Made]]:
        marks = ("last_week",) if hurried else ("champion", "previous", "base", "last_week")

        def keep(mark: str | None) -> None:
            if station_id in self.unkept:
                raise DataError("no room")
            self.kept.append((station_id, mark))

        def rung(mark: str) -> Rung[Made]:
            def make() -> Made:
                self._do(f"{mark} of {station_id}")
                self.ticks.seconds += 0.01 if mark == "last_week" else 1
                if mark in self.broken.get(station_id, ()):
                    raise BundleError(f"the {mark} is damaged")
                table = pd.DataFrame({"station_id": [station_id], "total_active_power": [len(mark)]})
                told = {"origin": "2025-05-16", "quality": "ok", "reasons": [], "notes": [], "age_hours": 2.5}
                return Made(table, f"by {mark}", told, keep)
            return Rung(mark, f"the {mark}", make)

        return [rung(mark) for mark in marks]

    def review(self, station_id: str) -> float | None:
        self._do(f"review {station_id}")
        return self.skills.get(station_id, 0.5)

    def due(self, station_id: str) -> str | None:
        return "it has drifted" if station_id in self.needy else None

    def trained_in(self, station_id: str) -> float | None:
        return None

    def finetune(self, station_id: str, at_each_epoch: Callable[[], None]) -> Tuned:
        self._do(f"finetune {station_id}")
        for _ in range(6):
            self.ticks.seconds += 10
            at_each_epoch()
        return Tuned("v0002 replaces v0001", "v0002", 60.0)

    def prune(self, station_id: str) -> int:
        self._do(f"prune {station_id}")
        return 0


def of(summary: Summary, station_id: str) -> StationMorning:
    return next(each for each in summary.stations if each.station_id == station_id)
