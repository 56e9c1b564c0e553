"""Which stations are fine-tuned first, and what is started at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

MARGIN = 1.3
"""By how much a fine-tuning may last longer than is expected. [times]"""


@dataclass(frozen=True)
class Prices:
    """How long fine-tunings have lasted [s], by station."""

    seconds: Mapping[str, float]

    @classmethod
    def of_runs(cls, runs: Iterable[Mapping[str, Any]]) -> "Prices":
        """What the nights have noted, the newest of each station."""
        known: dict[str, float] = {}
        for run in runs:
            known |= {station: float(seconds) for station, seconds in run.get("finetune_seconds", {}).items()}
        return cls(known)

    def of(self, station_id: str, trained_in: float | None = None) -> float | None:
        """How long the station's next one may last [s]: as its last one, else as the training of its champion, which
        is the longer one, else as those of other stations; None where nothing is known.

        Args:
            station_id: which.
            trained_in: how long its champion's training took [s], if that is known.
        """
        usual = median(self.seconds.values()) if self.seconds else None
        expected = self.seconds.get(station_id, usual if trained_in is None else trained_in)
        return None if expected is None else MARGIN * expected

    def noted(self, station_id: str, seconds: float) -> "Prices":
        """With one more."""
        return Prices({**self.seconds, station_id: seconds})


def worst_skill_first(skills: Mapping[str, float | None]) -> Sequence[str]:
    """Stations by what their issued forecasts were worth; one of which nothing is known counts as no better than last
    week's values."""
    return sorted(skills, key=lambda station: (skills[station] or 0.0, station))
