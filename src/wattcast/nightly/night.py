"""A night: take in what came, a file for every station, and only then what makes the next nights better."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

from wattcast.errors import InputError, UnexpectedError, WattcastError
from wattcast.nightly.budget import Prices, worst_skill_first
from wattcast.nightly.deadline import NightClock
from wattcast.nightly.filing import Filing, holds
from wattcast.nightly.ladder import FellOffError, Rung, climb_down
from wattcast.nightly.ledger import Ledger
from wattcast.nightly.summary import (
    FINETUNE,
    FORECAST,
    PRUNE,
    REVIEW,
    TAKE_IN,
    StationMorning,
    Summary,
    worst_first,
)
from wattcast.nightly.work import CameIn, Made, Work
from wattcast.settings import NightlyConfig
from wattcast.store.aliases import CHAMPION

log = logging.getLogger("wattcast")

Say = Callable[[str, str, str], None]
"""Told of each piece of work that has come to an end: step, station, what became of it."""


class OutOfTimeError(WattcastError):
    """A fine-tuning did not end in the time there is for it."""


@dataclass
class Night:
    """One night.

    Attributes:
        work: does its parts.
        config: how far it may go.
        filing: where files go.
        ledger: what it has done, also before a kill.
        clock: how late it is.
        prices: of fine-tunings.
        say: told of progress.
        unbegun: what the deadline left undone.
    """

    work: Work
    config: NightlyConfig
    filing: Filing
    ledger: Ledger
    clock: NightClock
    prices: Prices
    say: Say
    unbegun: list[str] = field(default_factory=list)

    def run(self) -> Summary:
        """All of it, in order."""
        self.ledger.start()
        remarks, refused = self._take_in()
        stations = self._stations([*remarks, *(f"{station}: {why}" for station, why in refused.items())])
        remarks += [f"{station}, of which nothing is known: not taken in: {why}" for station, why in refused.items()
                    if station not in stations]
        remarks += self._note_missed(stations)
        changed = self._forecasts(stations)
        together = self._together(stations, remarks)
        self._each(REVIEW, stations, changed, lambda station: {"skill": self.work.review(station)})
        self._finetune(stations, changed)
        self._each(PRUNE, stations, changed, lambda station: {"bytes": self.work.prune(station)})
        if self.unbegun and self.clock.deadline is not None:
            remarks.append(f"the deadline was {self.clock.deadline:%H:%M}; not begun: {', '.join(self.unbegun)}")
        mornings = worst_first(StationMorning.of(station, self.ledger) for station in stations)
        return Summary(self.filing.night, self.clock.now.isoformat(),
                       None if self.clock.deadline is None else self.clock.deadline.isoformat(), self.clock.elapsed,
                       tuple(mornings), together, tuple(remarks))

    def finetune_seconds(self) -> dict[str, float]:
        """How long each fine-tuning of this night took, for the next nights' budget."""
        return dict(self.prices.seconds)

    # Taking in ------------------------------------------------------------------------------------------------------

    def _take_in(self) -> tuple[list[str], dict[str, str]]:
        """What concerns no single station, and what was refused of which; the rest is in the ledger."""
        came = CameIn()
        for place in self.config.inbox:
            try:
                brought = self.work.take_in(place)
            except Exception as error:
                brought = CameIn(remarks=(f"nothing was taken in of {place}: {as_ours(error).in_a_line}",))
            came = came.and_also(brought)
            self._note(came)
        return list(came.remarks), dict(came.refused)

    def _stations(self, why_not: Sequence[str]) -> Sequence[str]:
        """All there are; where there are none, it may be for what was not taken in."""
        try:
            return self.work.stations()
        except InputError as error:
            raise InputError(error.what, found="; ".join(why_not) or error.found, hint=error.hint) from None

    def _note(self, came: CameIn) -> None:
        """What was found before in this night stays; what was refused before may have come right, wherever it lay."""
        for station in sorted({*came.findings, *came.refused}):
            before = self.ledger.told(TAKE_IN, station) or {}
            found = dict.fromkeys(map(tuple, (*before.get("findings", ()), *came.findings.get(station, ()))))
            told: dict[str, Any] = {**before, "findings": list(map(list, found))}
            told.pop("error", None)
            if station in came.refused:
                told["error"] = came.refused[station]
            if told != before:
                self.ledger.done(TAKE_IN, station, told)

    def _note_missed(self, stations: Sequence[str]) -> list[str]:
        """What earlier nights did not take in and what has not come since; or that nobody can tell."""
        try:
            missed = self.work.missed()
        except Exception as error:
            return [f"whether days of refused files have come is not known: {as_ours(error).what}"]
        for station in stations:
            before = self.ledger.told(TAKE_IN, station) or {"findings": []}
            if (now := list(missed.get(station, ()))) != before.get("missed", []):
                self.ledger.done(TAKE_IN, station, {**before, "missed": now})
        return []

    # A file for every station ---------------------------------------------------------------------------------------

    def _forecasts(self, stations: Sequence[str]) -> set[str]:
        """The stations that got another file than they had."""
        changed: set[str] = set()
        took: list[float] = []
        # Those without a file first: the others are looked at once more.
        stations = sorted(stations, key=lambda station: _holds(self.ledger.told(FORECAST, station) or {}))
        for waiting, station in zip(range(len(stations), 0, -1), stations, strict=True):
            begun = self.clock.elapsed
            # What the others may take is known from those before. Once it is late anyway, there is no hurry.
            hurried = bool(took) and 0 < self.clock.left < waiting * mean(took)
            if self._forecast(station, hurried=hurried):
                changed.add(station)
                took += [] if hurried else [self.clock.elapsed - begun]
            told = self.ledger.told(FORECAST, station) or {}
            self.say(FORECAST, station, told.get("error") or told["words"])
        return changed

    def _forecast(self, station: str, *, hurried: bool) -> bool:
        """Whether it got another file than it had."""
        inputs = self.work.inputs(station)
        before = self.ledger.told(FORECAST, station)
        if before is not None and self._still_holds(station, before, inputs):
            return False
        there = before is not None and _holds(before)
        if hurried and there:
            return False
        slips = [{"rung": CHAMPION, "words": "the champion was not asked", "why":
                  f"the deadline is {self.clock.deadline:%H:%M}"}] if hurried else []
        told: dict[str, Any] = {"inputs": inputs, "champion": self.work.champion(station)}
        try:
            rung, made, slipped = climb_down(self._guarded(station, rung) for rung in self.work.rungs(station, hurried))
            path, digest = self.filing.write(station, made.table)
            mark = None if rung.mark == CHAMPION else rung.mark
            told |= {"version": made.version, "fallback": mark, "words": rung.words, "file": str(path),
                     "sha256": digest, "slips": slips + [slip.to_dict() for slip in slipped], **made.told,
                     **_kept(made, mark)}
        except Exception as error:
            ours = as_ours(error)
            slips += [slip.to_dict() for slip in ours.slips] if isinstance(ours, FellOffError) else []
            told |= {"error": ours.what, "slips": slips}
            if before is not None and there:
                again = {"rung": "", "words": "not made anew", "why": ours.what}
                told = {**before, "inputs": None, "slips": [*slips, again]}
        self.ledger.done(FORECAST, station, told)
        return before is None or told.get("sha256") != before.get("sha256")

    def _still_holds(self, station: str, before: dict[str, Any], inputs: str | None) -> bool:
        """Whether its file is there, and it is kept, and another forecast would be the same one."""
        tuned = self.ledger.told(FINETUNE, station) or {}
        return (inputs is not None and inputs == before["inputs"] and not before.get("slips") and "unkept" not in before
                and self.work.champion(station) in (before.get("champion"), tuned.get("champion"))
                and before.get("file") == str(self.filing.path(station)) and _holds(before))

    def _guarded(self, station: str, rung: Rung[Made]) -> Rung[Made]:
        """The rung, unless it has always ended the program in this night."""
        def make() -> Made:
            if self.ledger.deadly(FORECAST, station, rung.mark):
                raise WattcastError("the program ended with it again and again in this night")
            self.ledger.begin(FORECAST, station, rung.mark)
            return rung.make()
        return replace(rung, make=make)

    def _together(self, stations: Sequence[str], remarks: list[str]) -> str | None:
        told = [self.ledger.told(FORECAST, station) or {} for station in stations]
        try:
            path = self.filing.write_together([Path(made["file"]) for made in told if "file" in made])
        except Exception as error:
            remarks.append(f"the stations' forecasts are not in one file: {as_ours(error).what}")
            return None
        return None if path is None else str(path)

    # What makes the next nights better ------------------------------------------------------------------------------

    def _each(self, step: str, stations: Sequence[str], changed: set[str],
              run: Callable[[str], dict[str, Any]]) -> None:
        """A step of every station that has not done it yet, or whose forecast is new."""
        undone = [station for station in stations if station in changed or self.ledger.told(step, station) is None]
        for waiting, station in zip(range(len(undone), 0, -1), undone, strict=True):
            if self.clock.left <= 0:
                self.unbegun.append(f"{step} of {waiting} station{'s' if waiting > 1 else ''}")
                return
            try:
                told = run(station)
            except Exception as error:
                told = {"error": as_ours(error).what}
            self.ledger.done(step, station, told)
            self.say(step, station, told.get("error", "done"))

    def _finetune(self, stations: Sequence[str], changed: set[str]) -> None:
        """Those that need it, the worst first, as long as there is time."""
        budget = 60 * self.config.finetune_minutes
        skills = {station: (self.ledger.told(REVIEW, station) or {}).get("skill") for station in stations
                  if station in changed or self.ledger.told(FINETUNE, station) is None}
        end = self.clock.elapsed + budget
        for waiting, station in zip(range(len(skills), 0, -1), worst_skill_first(skills), strict=True):
            left = min(end - self.clock.elapsed, self.clock.left)
            if left <= 0:
                if budget:
                    self.unbegun.append(f"{FINETUNE} of {waiting} station{'s' if waiting > 1 else ''}, if it is due")
                return
            told = self._finetuned(station, left)
            self.ledger.done(FINETUNE, station, told)
            self.say(FINETUNE, station, told.get("error") or told.get("words") or "not due")

    def _finetuned(self, station: str, left: float) -> dict[str, Any]:
        """What became of it; nothing for a station that needs none, or has no model."""
        try:
            why = self.work.due(station)
            if why is None:
                return {}
            price = self.prices.of(station, self.work.trained_in(station))
            # Where nothing is known at all, one has to be tried to know.
            if price is not None and price > left:
                return {"words": f"due, and not begun: it may take {_minutes(price)}, and {_minutes(left)} are left; "
                                 f"{why}"}
            if self.ledger.deadly(FINETUNE, station):
                raise WattcastError("the program ended with it again and again in this night")
            self.ledger.begin(FINETUNE, station)
            begun = self.clock.elapsed
            tuned = self.work.finetune(station, lambda: self._require_time(begun + left))
        except OutOfTimeError as error:
            # It lasts that long at least: a night with no more time does not begin it.
            self.prices = self.prices.noted(station, self.clock.elapsed - begun)
            return {"words": f"due, and stopped: {error.what}; it begins anew in a night with more time"}
        except Exception as error:
            return {"error": as_ours(error).what}
        self.prices = self.prices.noted(station, tuned.seconds)
        return {"words": tuned.words, "champion": tuned.champion, "seconds": round(tuned.seconds, 1),
                "notes": list(tuned.notes)}

    def _require_time(self, end: float) -> None:
        """Raises OutOfTimeError at the deadline, and once so many seconds of the night have passed."""
        if self.clock.left <= 0:
            raise OutOfTimeError(f"the deadline came, {self.clock.deadline:%H:%M}")
        if self.clock.elapsed >= end:
            raise OutOfTimeError(f"the {self.config.finetune_minutes:g} minutes for fine-tuning are over")


def _holds(told: dict[str, Any]) -> bool:
    """Whether the file that was made is still there as it was."""
    return "file" in told and holds(told["file"], told["sha256"])


def _kept(made: Made, mark: str | None) -> dict[str, str]:
    """Nothing, or why it is not kept as issued; the file is there all the same."""
    try:
        made.keep(mark)
    except Exception as error:
        return {"unkept": f"the forecast is filed and not kept to be compared: {as_ours(error).what}"}
    return {}


def as_ours(error: Exception) -> WattcastError:
    """In our words; a reader of the output who went away ends all."""
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, WattcastError):
        return error
    log.debug("unexpected", exc_info=error)
    return UnexpectedError(error)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 0):.0f} s"
