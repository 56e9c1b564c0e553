"""What a night asks for, station by station; `steps.py` does it with a store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from wattcast.nightly.ladder import Rung

Finding = tuple[str, str]
"""Its kind, and a sentence."""


@dataclass(frozen=True)
class CameIn:
    """What a place of the inbox brought.

    Attributes:
        findings: in what was taken in, by station.
        refused: what of a station was not taken in, and why, by station.
        remarks: what concerns no single station.
    """

    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Sequence[str] = ()

    def and_also(self, other: "CameIn") -> "CameIn":
        """What two places brought."""
        findings = {station: (*self.findings.get(station, ()), *other.findings.get(station, ()))
                    for station in (*self.findings, *other.findings)}
        refused = {station: "; ".join(filter(None, (self.refused.get(station), other.refused.get(station))))
                   for station in (*self.refused, *other.refused)}
        return CameIn(findings, refused, (*self.remarks, *other.remarks))


@dataclass(frozen=True, eq=False)
class Made:
    """A forecast as a rung made it.

    Attributes:
        table: as it is written to a file.
        version: that made it, or the rule's name.
        told: `origin`, `quality`, `reasons`, `notes`, `age_hours` for the ledger.
        keep: keeps it as issued, with the mark of what stood in for the champion.
    """

    table: pd.DataFrame
    version: str
    told: Mapping[str, Any]
    keep: Callable[[str | None], None]


@dataclass(frozen=True)
class Tuned:
    """What a fine-tuning came to: in words, the champion afterwards, and how long it took [s]."""

    words: str
    champion: str | None
    seconds: float
    notes: tuple[str, ...] = ()


class Work(Protocol):
    """The parts of a night."""

    def take_in(self, place: str) -> CameIn:
        """Take in what lies there.

        Raises:
            WattcastError: nothing of it could be.
        """
        ...

    def missed(self) -> Mapping[str, Sequence[str]]:
        """Of files that earlier nights did not take in, those of which days have not come since, by station."""
        ...

    def stations(self) -> Sequence[str]:
        """All that something is known of."""
        ...

    def inputs(self, station_id: str) -> str | None:
        """A digest of all that its forecast follows from, but for its version; None where that cannot be read."""
        ...

    def champion(self, station_id: str) -> str | None: ...

    def rungs(self, station_id: str, hurried: bool) -> Sequence[Rung[Made]]:
        """From its champion down; if `hurried`, only those that take no time."""
        ...

    def review(self, station_id: str) -> float | None:
        """Compare what was issued with what came since; its skill over the last weeks."""
        ...

    def due(self, station_id: str) -> str | None:
        """Why it should be fine-tuned, in words; None if it should not."""
        ...

    def trained_in(self, station_id: str) -> float | None:
        """How long the training of its champion took [s], if that is known."""
        ...

    def finetune(self, station_id: str, at_each_epoch: Callable[[], None]) -> Tuned: ...

    def prune(self, station_id: str) -> int:
        """Remove what is no longer needed; how many bytes went."""
        ...
