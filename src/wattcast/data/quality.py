"""What was found in a source and what is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from wattcast.data.schema import StationData
from wattcast.timegrid import parse_step, steps_per_day

KINDS = ("dst", "disorder", "repeated", "duplicate", "corrected", "off_grid", "resampled", "counter_reset", "gap",
         "missing", "out_of_range", "scale", "spike", "unit", "flat_line", "negative_night", "inconsistent", "constant",
         "future_known", "place", "capacity", "issued")
"""Everything that `Finding.kind` can be."""


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing about a source.

    `column` is None where whole rows are meant; `count` counts rows, cells or steps, as `action` says; `first` and
    `last` are the first and the last time concerned.
    """

    kind: str
    column: str | None
    count: int
    first: pd.Timestamp | None
    last: pd.Timestamp | None
    action: str

    def __str__(self) -> str:
        told = "" if self.first is None else f", {_minute(self.first)} to {_minute(self.last)}"
        return f"{self.column or 'rows'}: {self.kind}, {often(self.count)}{told}: {self.action}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, times in ISO 8601."""
        return {"kind": self.kind, "column": self.column, "count": self.count,
                "first": None if self.first is None else self.first.isoformat(),
                "last": None if self.last is None else self.last.isoformat(), "action": self.action}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """What `to_dict` tells, as it was; more keys count for nothing."""
        first, last = (None if told[end] is None else pd.Timestamp(told[end]) for end in ("first", "last"))
        return cls(told["kind"], told["column"], told["count"], first, last, told["action"])


@dataclass(frozen=True)
class Assumption:
    """Something that nobody said and that had to be taken one way: what, as which value, in words, and the setting that
    says otherwise."""

    what: str
    value: str
    words: str
    setting: str

    def __str__(self) -> str:
        return f"{self.words} ({self.setting} says otherwise)"

    def to_dict(self) -> dict[str, str]:
        return {"what": self.what, "value": self.value, "words": self.words, "setting": self.setting}


def often(count: int) -> str:
    """`once`, or how many times."""
    return "once" if count == 1 else f"{count} times"


def found_at(kind: str, column: str | None, times: pd.DatetimeIndex, action: str) -> list[Finding]:
    """One finding for all `times` it happened at (in any order); none for no times."""
    return [Finding(kind, column, len(times), times.min(), times.max(), action)] if len(times) else []


def times_of(table: pd.DataFrame | pd.Series) -> pd.DatetimeIndex:
    """The index, or its level `time`."""
    return pd.DatetimeIndex(table.index.get_level_values("time"))


@dataclass(frozen=True)
class QualityReport:
    """What `wattcast check` says about a station.

    `rows` were read, stamped from `first` to `last`; `measured_days` of total power remain after cleaning; `ignored`
    names the source's columns that have no role; `notes` tell what was taken for what when the source was read,
    `assumed` what had to be taken one way or another and can be set.
    """

    station_id: str
    rows: int
    first: pd.Timestamp
    last: pd.Timestamp
    step: str
    measured_days: float
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    assumed: tuple[Assumption, ...] = ()

    def doubts(self) -> list[str]:
        """What casts doubt on the station's description: worth saying wherever a model is made of it."""
        return [found.action for found in self.findings if found.kind in ("place", "capacity", "issued")]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "station": self.station_id, "rows": self.rows, "step": self.step,
            "first": self.first.isoformat(), "last": self.last.isoformat(),
            "measured_days": round(self.measured_days, 2),
            "findings": [finding.to_dict() for finding in self.findings],
            "ignored_columns": list(self.ignored),
            "notes": list(self.notes),
            "assumed": [each.to_dict() for each in self.assumed],
        }

    def lines(self) -> list[str]:
        """The report as text, one table row for each finding."""
        head = (f"station {self.station_id}: {self.rows} rows, {_minute(self.first)} to {_minute(self.last)}, "
                f"{self.measured_days:.1f} days measured every {self.step}")
        cells = [("finding", "column", "count", "first", "last", "what is done")]
        cells += [(found.kind, found.column or "-", str(found.count), _minute(found.first), _minute(found.last),
                   found.action) for found in self.findings]
        widths = [max(len(row[i]) for row in cells) for i in range(5)]
        table = ["  " + "  ".join([*map(str.ljust, row, widths), row[-1]]) for row in cells]
        ignored = [f"  ignored, as they have no role: {', '.join(self.ignored)}"] if self.ignored else []
        notes = [f"  note: {note}" for note in self.notes]
        assumed = [f"  {each}" for each in self.assumed]
        return [head, *(table if self.findings else ["  nothing to report"]), *ignored, *notes, *assumed]


def _minute(time: pd.Timestamp | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M}"


def measured_days(data: StationData) -> float:
    """How many days' worth of steps have a measured total power [days]."""
    total = data.frame[data.station.targets[0]].to_numpy()
    return float(np.isfinite(total).sum() / steps_per_day(parse_step(data.station.step)))
