"""A night's work with a store: each step is a verb's own function, called for one station.

What fits networks is imported when the first fine-tuning is thought of: files come first.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import pandas as pd

from wattcast.contracts import Station
from wattcast.data.quality import Finding
from wattcast.errors import InputError, listing
from wattcast.nightly.ladder import Rung
from wattcast.nightly.rungs import Rungs
from wattcast.nightly.summary import NEW, NOTE
from wattcast.nightly.work import CameIn, Made, Tuned
from wattcast.settings import Settings
from wattcast.store.aliases import CHAMPION
from wattcast.store.base import StationStore, Store
from wattcast.timegrid import DAY, midnight
from wattcast.workflows.intake import KIND, Intake, ToTakeIn
from wattcast.workflows.job import Job
from wattcast.workflows.many import each_station, outcome_of
from wattcast.workflows.prune import prune_station
from wattcast.workflows.refused_files import missed
from wattcast.workflows.review import review_station
from wattcast.workflows.station_intake import StationIntake

if TYPE_CHECKING:
    from wattcast.workflows.finetune import FinetuneOutcome

LOOKED_AT = pd.Timedelta(days=100)
"""What came in of older rows is no reason to forecast again: forecasts look back on weeks. [days]"""


@dataclass(frozen=True)
class StoreWork:
    """Implements `work.Work`.

    Attributes:
        store: where the stations are.
        settings: for all of them.
        now: as of when the night works.
    """

    store: Store
    settings: Settings
    now: pd.Timestamp

    def take_in(self, place: str) -> CameIn:
        intake = Intake(ToTakeIn(Path(place), self.store, self.settings, received=self.now))
        outcomes = list(each_station(intake.station_ids, intake.take_in))
        unkept = outcome_of(place, lambda _: intake.keep({str(each.station_id): each.state for each in outcomes})).error
        found = {str(outcome.station_id): _told(outcome.result) for outcome in outcomes if outcome.result is not None}
        refused = intake.refused.left_out({file: error.in_a_line for file, error in intake.left_out.items()})
        refused |= {str(outcome.station_id): outcome.error.in_a_line for outcome in outcomes
                    if outcome.error is not None}
        waiting = [f"{name} waits: it {why}" for name, why in intake.told_of_waiting().items()]
        unnoted = [] if unkept is None else [f"what came in of {place} is not noted: {unkept.in_a_line}"]
        return CameIn(found, refused, [*waiting, *intake.told_of_unseen(), *unnoted])

    def missed(self) -> Mapping[str, Sequence[str]]:
        return missed(self.store.runs(KIND), self.store, self.now)

    def stations(self) -> Sequence[str]:
        """Raises InputError where there is none."""
        found = self.store.stations()
        if not found:
            raise InputError(f"nothing is kept of any station in {self.store.place}",
                             hint="take measurements in first: wattcast ingest --data …, or nightly.inbox")
        return found

    def _station(self, station_id: str) -> StationStore:
        return self.store.station(station_id)

    def _job(self, station_id: str) -> Job:
        return Job(None, station_id, self.settings, self.store)

    def inputs(self, station_id: str) -> str | None:
        station = self._station(station_id)
        try:
            data, description = station.measurements(since=self.now - LOOKED_AT), station.description()
        except Exception:       # whatever it is: the rungs say it
            return None
        origin = None if data is None else midnight(self.now.tz_convert(data.station.timezone)).isoformat()
        digest = hashlib.sha256(json.dumps([description, self._said(), origin]).encode())
        for table in () if data is None else (data.frame, *(() if data.vintages is None else (data.vintages.table,))):
            digest.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
        return digest.hexdigest()

    def _said(self) -> dict[str, object]:
        """Of the settings what a forecast follows from."""
        return self.settings.model_dump(mode="json", exclude={"nightly", "finetune", "tuning", "evaluation"})

    def champion(self, station_id: str) -> str | None:
        with suppress(Exception):
            return self._station(station_id).versions.champion()
        return None

    def rungs(self, station_id: str, hurried: bool) -> Sequence[Rung[Made]]:
        return Rungs(self._station(station_id), self._job(station_id), self.now).all(hurried)

    def review(self, station_id: str) -> float | None:
        made = review_station(self._station(station_id), days=self.settings.nightly.review_days)
        skills = [skill for target in made.targets if isfinite(skill := made.score(target).skill)]
        return round(fmean(skills), 4) if skills else None

    def due(self, station_id: str) -> str | None:
        from wattcast.workflows.finetune import is_due

        if self.champion(station_id) is None:
            return None
        due = is_due(self._job(station_id), station_id, until=self._until(station_id))
        return "; ".join(due.sentences) if due.due else None

    def trained_in(self, station_id: str) -> float | None:
        history = self._station(station_id).versions.manifest(CHAMPION)["history"]
        return sum(epoch["seconds"] for epoch in history) or None

    def finetune(self, station_id: str, at_each_epoch: Callable[[], None]) -> Tuned:
        from wattcast.workflows.finetune import finetune

        made = finetune(self._job(station_id), station_id, until=self._until(station_id),
                        on_epoch=lambda _: at_each_epoch())
        return Tuned(_decided(made), made.champion, made.seconds, tuple(made.notes))

    def _until(self, station_id: str) -> str:
        """The night's origin: a version that has learned from later rows could not forecast from it. In a night that
        is made up for there are some; and in one that goes on after a kill the rows are to be the same ones."""
        station = Station(**self._station(station_id).versions.manifest(CHAMPION)["station"])
        return str(midnight(self.now.tz_convert(station.timezone)))

    def prune(self, station_id: str) -> int:
        return prune_station(self._station(station_id), keep=self.settings.nightly.keep_versions,
                             before=self.now - self.settings.forecast.keep_days * DAY).freed


def _told(taken: StationIntake) -> list[tuple[str, str]]:
    """What was found in a station's rows, and what was taken for granted of them: in a night nobody reads along."""
    new = [(NEW, f"new, and described as {listing(taken.changes, limit=40)}")] if taken.new and taken.files else []
    findings = [(each.kind, str(each)) for each in map(Finding.from_dict, taken.findings)]
    return [*new, *findings, *((NOTE, note) for note in taken.notes)]


def _decided(made: "FinetuneOutcome") -> str:
    return made.verdict or f"nothing was learnt; {made.parent} stays the champion"
