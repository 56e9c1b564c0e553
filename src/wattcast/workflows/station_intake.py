"""What became of one station when files were taken in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattcast.workflows.kept_descriptions import Change

COUNTS = ("appended", "late", "corrected")


@dataclass(frozen=True, eq=False)
class StationIntake:
    """What became of a station.

    Attributes:
        station_id: which one.
        files: that were taken in.
        known: files that were taken in before.
        rows: how many are `appended`, `late`, `corrected`.
        changes: of its description; all of it where it is `new`.
        new: whether nothing was known of it.
        findings: of the reader.
        notes: what is worth telling.
        described: whether it is described now, though it has no new rows.
    """

    station_id: str
    files: tuple[str, ...] = ()
    known: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    new: bool = False
    findings: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    described: bool = False

    def words(self) -> str:
        if not self.files and not self.known and self.described:
            return "no rows: only described"
        if not self.files:
            return f"nothing new: {how_many(self.known)} taken in before"
        known = f", {self.known} taken in before" if self.known else ""
        return f"{'new station: ' if self.new else ''}{counted(self.rows)} from {how_many(len(self.files))}{known}"

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "new": self.new, "files": list(self.files), "taken_in_before": self.known,
                "rows": {name: self.rows.get(name, 0) for name in COUNTS},
                "description": [change.to_dict() for change in self.changes],
                "findings": list(self.findings), "notes": list(self.notes)}


def counted(rows: Mapping[str, int]) -> str:
    """`2,880 rows new, 4 late, 2 corrected`."""
    others = [f"{rows[name]:,} {name}" for name in COUNTS[1:] if rows.get(name)]
    return ", ".join([f"{rows.get(COUNTS[0], 0):,} rows new", *others])


def how_many(number: int) -> str:
    """`1 file`, `2,880 files`."""
    return f"{number:,} file{'' if number == 1 else 's'}"
