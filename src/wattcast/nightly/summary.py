"""Which stations are fine this morning: what the ledger says of each, as a light with its reasons."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wattcast.nightly.ledger import Ledger

TAKE_IN, FORECAST, REVIEW, FINETUNE, PRUNE = "take_in", "forecast", "review", "finetune", "prune"
"""Steps of a night, as the ledger calls them."""

NEW, NOTE = "new", "note"
"""Beside the kinds of findings: that a station is new, and what is merely worth telling of what came in."""
ALARMING = (NEW, "flat_line", "out_of_range", "scale", "spike", "unit", "counter_reset", "off_grid", "duplicate", "gap",
            "place", "capacity", "issued")
"""Kinds of findings in what came in that somebody should know of in the morning."""

FELL_BACK, NO_FILE = 3, 1
"""How a night ends in which a station's forecast is none of its champion, and one in which a station has no file.
[exit code]"""


class Light(StrEnum):
    """How a station is, in a word."""

    OK = "ok"
    AMBER = "amber"
    RED = "red"

    @property
    def icon(self) -> str:
        return ICONS[self]


ICONS = {Light.OK: "●", Light.AMBER: "▲", Light.RED: "✖"}


@dataclass(frozen=True)
class StationMorning:
    """A station in the morning.

    Attributes:
        station_id: which.
        light: how it is.
        reasons: why it is not green, the most important first.
        notes: what else is worth knowing.
        file: its forecast; None where there is none.
        made_by: the version, or the rule that stood in for one.
        fallback: what stood in for the champion; None if nothing had to.
        quality: of what the forecast stands on; None without one.
        age_hours: of its newest measurement; None where nothing was measured.
        skill: of what was issued in the last weeks against last week's values; None where nothing can be compared.
        finetuning: what became of it, in words.
    """

    station_id: str
    light: Light
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    file: str | None
    made_by: str | None
    fallback: str | None
    quality: str | None
    age_hours: float | None
    skill: float | None
    finetuning: str | None

    @classmethod
    def of(cls, station_id: str, ledger: Ledger) -> "StationMorning":
        """What the ledger tells of it."""
        said = {step: ledger.told(step, station_id) or {} for step in (TAKE_IN, FORECAST, REVIEW, FINETUNE, PRUNE)}
        made, tuned = said[FORECAST], said[FINETUNE]
        wrong = tuple(dict.fromkeys((*_made_wrong(made), *_came_in_wrong(said[TAKE_IN]),
                                     *_failed(said, REVIEW, FINETUNE, PRUNE))))
        light = Light.RED if made.get("file") is None else Light.AMBER if wrong or made.get("fallback") else Light.OK
        notes = dict.fromkeys((*_usual(said[TAKE_IN]), *made.get("notes", ()), *tuned.get("notes", ())))
        return cls(station_id, light, wrong, tuple(notes), made.get("file"), made.get("version"), made.get("fallback"),
                   made.get("quality"), made.get("age_hours"), said[REVIEW].get("skill"), tuned.get("words"))

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "light": self.light.value, "reasons": list(self.reasons),
                "notes": list(self.notes), "file": self.file, "made_by": self.made_by, "fallback": self.fallback,
                "quality": self.quality, "age_hours": self.age_hours, "skill": self.skill,
                "finetuning": self.finetuning}


def _made_wrong(made: dict[str, Any]) -> Iterable[str]:
    """Why it is no forecast of the champion, and what it does not stand on."""
    for slip in made.get("slips", ()):
        yield f"{slip['words']}: {slip['why']}"
    if "error" in made:
        yield made["error"]
    elif not made:
        yield "the night ended before its forecast"
    for reason in made.get("reasons", ()):
        yield f"{reason['code']}: {reason['sentence']}"
    if made.get("unkept"):
        yield made["unkept"]


def _came_in_wrong(took: dict[str, Any]) -> Iterable[str]:
    if "error" in took:
        yield f"not taken in: {took['error']}"
    yield from took.get("missed", ())
    for kind, sentence in took.get("findings", ()):
        if kind in ALARMING:
            yield sentence


def _usual(took: dict[str, Any]) -> Iterable[str]:
    """Findings that nobody has to do something about."""
    return (sentence for kind, sentence in took.get("findings", ()) if kind not in ALARMING)


def _failed(said: dict[str, dict[str, Any]], *steps: str) -> Iterable[str]:
    return (f"{step}: {said[step]['error']}" for step in steps if "error" in said[step])


@dataclass(frozen=True)
class Summary:
    """A night's end.

    Attributes:
        night: its day, such as `2025-05-16`.
        now: as of when, in ISO 8601.
        deadline: in ISO 8601; None without one.
        seconds: it took.
        stations: all, those that need care first.
        together: the file with all forecasts; None where none is wanted.
        remarks: what concerns no single station.
    """

    night: str
    now: str
    deadline: str | None
    seconds: float
    stations: tuple[StationMorning, ...]
    together: str | None
    remarks: tuple[str, ...]

    @property
    def counts(self) -> dict[Light, int]:
        found = Counter(station.light for station in self.stations)
        return {light: found[light] for light in Light}

    @property
    def exit_code(self) -> int:
        """0; 3 where some stations fell back; 1 where one has no file."""
        if any(station.light is Light.RED for station in self.stations):
            return NO_FILE
        return FELL_BACK if any(station.fallback for station in self.stations) else 0

    @property
    def verdict(self) -> str:
        """One sentence."""
        counts, total = self.counts, len(self.stations)
        fallen = sum(station.fallback is not None for station in self.stations)
        parts = [f"{counts[Light.OK]} of {total} stations are fine"]
        if counts[Light.AMBER]:
            parts.append(f"{counts[Light.AMBER]} to look at, {fallen} of them with a forecast that stands in for the "
                         "champion's" if fallen else f"{counts[Light.AMBER]} to look at")
        parts.append(f"{counts[Light.RED]} without a file" if counts[Light.RED] else "every station has a file")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        return {"night": self.night, "now": self.now, "deadline": self.deadline, "seconds": round(self.seconds, 1),
                "verdict": self.verdict, "counts": {light.value: count for light, count in self.counts.items()},
                "exit_code": self.exit_code, "together": self.together, "remarks": list(self.remarks),
                "stations": [station.to_dict() for station in self.stations]}


def worst_first(stations: Iterable[StationMorning]) -> Sequence[StationMorning]:
    """Red, amber, green; those that fell back before others of their light."""
    order = {Light.RED: 0, Light.AMBER: 1, Light.OK: 2}
    return sorted(stations, key=lambda each: (order[each.light], each.fallback is None, each.station_id))
