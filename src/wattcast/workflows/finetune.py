"""The verb `finetune`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wattcast.data.merging import Merged
from wattcast.data.quality import QualityReport
from wattcast.data.schema import StationData
from wattcast.errors import BundleError, ConfigError, EmptyColumnError, NoRowsError, listing, nearest
from wattcast.evaluation.scorecard import Scorecard
from wattcast.experts.trained import TrainedModel
from wattcast.finetune.attempt import Attempt, attempt, check_new_rows, refuse_empty, with_history
from wattcast.finetune.candidates import FOLLOWING
from wattcast.finetune.due import Due, too_few_rows, tried_lately, update_due
from wattcast.finetune.gate import Decision, superseded
from wattcast.settings import Settings
from wattcast.store.aliases import CANDIDATE, CHAMPION
from wattcast.store.base import StationStore, Store
from wattcast.store.bundle import GATE
from wattcast.store.files import json_bytes
from wattcast.training.config import Recipe
from wattcast.workflows.description import as_trained
from wattcast.workflows.history import cut
from wattcast.workflows.job import ALL_STATIONS, Job, OnEpoch

TAKEN_OVER = {"horizon_weights", "accelerator"}
"""Of the settings of training those that count from now on, if they are given; all others are the champion's."""


@dataclass(frozen=True, eq=False)
class FinetuneOutcome:
    """What `finetune` did for one station.

    `decision` is None where no update was due; `version` is the candidate, `parent` the champion it was compared with,
    `in_use` the one in use when it was stored.
    """

    station_id: str
    place: str
    parent: str
    decision: Decision | None
    version: str | None = None
    card: Scorecard | None = None
    weather: str = ""
    merged: Merged | None = None
    due: Due | None = None
    epochs: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    in_use: str | None = None

    @property
    def rejected(self) -> bool:
        """Whether the gate said no."""
        return self.decision is not None and not self.decision.promoted

    @property
    def champion(self) -> str:
        """The version in use afterwards."""
        return self.version if self.version and self.decision and self.decision.promoted else (
            self.in_use or self.parent)

    @property
    def verdict(self) -> str:
        """What was decided, in a sentence; empty where nothing was."""
        if self.decision is None:
            return ""
        if self.decision.promoted:
            return f"{self.version} replaces {self.parent} as the champion"
        return f"{self.parent} stays the champion: {self.decision.reasons[0]}"

    def to_dict(self) -> dict[str, Any]:
        return {"station": self.station_id, "version": self.version, "parent": self.parent, "champion": self.champion,
                "folder": self.place, "epochs": self.epochs, "seconds": round(self.seconds, 1),
                "rows": None if self.merged is None else self.merged.to_dict(),
                "due": None if self.due is None else self.due.to_dict(),
                "gate": None if self.decision is None else self.decision.to_dict(), "notes": list(self.notes)}


def stations_to_update(job: Job) -> tuple[str, ...]:
    """The stations that have a model and are meant: all of them, the one named, or the only one there is.

    Raises:
        BundleError: none has a model.
        ConfigError: several have, and none is named.
    """
    named = job.station or job.settings.data.station
    trained = job.store.trained_stations()
    if named and named != ALL_STATIONS:
        return (named,)
    if not trained:
        raise _no_champion(job.store)
    if named != ALL_STATIONS and len(trained) > 1:
        raise ConfigError(f"{job.store.place} holds models of {len(trained)} stations", found=listing(trained),
                          hint="choose one with --station")
    return trained


def finetune(job: Job, station_id: str, *, until: str | None = None, if_needed: bool = False,
             on_epoch: OnEpoch | None = None) -> FinetuneOutcome:
    """Merge the data with what is kept, fine-tune the champion, and promote the result if the gate lets it pass.

    Args:
        job: new rows or the whole history, settings and store; without data what is stored counts. What the
            settings do not say of the data is taken from the model.
        station_id: the station.
        until: nothing measured at or after this time is seen.
        if_needed: only if an update is due.
        on_epoch: told of each finished epoch.

    Raises:
        InputError: something the user gave is wrong.
    """
    kept = job.store.station(station_id)
    parent = require_champion(job.store, kept)
    job = as_trained(job, kept.versions, parent)
    try:
        new, quality = job.read(station_id)
    except NoRowsError as error:
        if not if_needed:
            raise
        return FinetuneOutcome(station_id, kept.place, parent, None, due=Due(False, (
            f"nothing came in ({error.what})",), {}))
    except EmptyColumnError as error:
        return _decided(kept, FinetuneOutcome(station_id, kept.place, parent, refuse_empty(error)))
    return update_station(new, kept, job.settings, until=until, if_needed=if_needed, stored=job.data is None,
                          notes=_left_empty(quality, new), on_epoch=on_epoch)


def update_station(new: StationData, kept: StationStore, settings: Settings, *, until: str | None = None,
                   if_needed: bool = False, stored: bool = False, notes: Sequence[str] = (),
                   on_epoch: OnEpoch | None = None) -> FinetuneOutcome:
    """`finetune` on rows that are read already; `notes` says what is to be told of them, and `stored` that they are
    those of the store, of which what is kept by now counts and stays as it is."""
    started = time.perf_counter()
    parent = kept.versions.champion() or CHAMPION
    champion = kept.versions.load(parent)
    if until is not None:
        new = cut(new, until)
    with kept.locked():
        history = kept.measurements(champion.station)
        # Since `new` was read, corrections may have come in.
        merged = with_history(champion, history, history if stored and history is not None else new)
        data = merged.data if until is None else cut(merged.data, until)
        refused = check_new_rows(champion, data, merged.rewritten)
        if refused is None and not stored:
            kept.replace_measurements(merged.data)
    outcome = FinetuneOutcome(kept.station_id, kept.place, parent, refused, merged=merged,
                              notes=(*notes, *merged.notes()))
    if outcome.decision is not None:
        return _decided(kept, replace(outcome, seconds=time.perf_counter() - started))
    if if_needed:
        outcome = replace(outcome, due=_due(kept, champion, parent, data, settings))
        if outcome.due is not None and not outcome.due.due:
            return outcome
    made = attempt(_taking_over(champion, settings), data, settings.finetune, work_folder=kept.work_folder("training"),
                   on_epoch=on_epoch)
    with kept.locked():
        if made.update is not None:
            outcome = _stored(kept, outcome, made, settings)
        else:
            outcome = replace(outcome, decision=made.decision)
        return _decided(kept, replace(outcome, seconds=time.perf_counter() - started))


def is_due(job: Job, station_id: str, *, until: str | None = None) -> Due:
    """Whether the champion should be fine-tuned on what is stored; nothing is changed.

    Args:
        job: settings and store.
        station_id: the station.
        until: nothing measured at or after this time is seen.

    Raises:
        InputError: there is no champion, or what is stored is damaged.
    """
    kept = job.store.station(station_id)
    parent = require_champion(job.store, kept)
    champion = kept.versions.load(parent)
    data = kept.measurements(champion.station)
    if data is None:
        return Due(False, ("nothing is stored that the champion could learn from",), {})
    data = data if until is None else cut(data, until)
    return _due(kept, champion, parent, data, as_trained(job, kept.versions, parent).settings)


def _due(kept: StationStore, champion: TrainedModel, parent: str, data: StationData, settings: Settings) -> Due:
    """Whether to try: there must be enough to learn from, something must have changed, and the last try must be past.
    """
    config = settings.finetune
    rejected = kept.versions.rejected(parent)
    held_up = too_few_rows(data, champion.learned_until, config) or (
        tried_lately(data, rejected, config) if rejected else None)
    if held_up:
        return Due(False, (held_up,), {})
    return update_due(data, champion.learned_until, parent, kept.versions.manifest(parent)["metrics"],
                      kept.forecasts(champion.learned_until), config)


def _left_empty(quality: QualityReport, new: StationData) -> list[str]:
    """Power that cleaning took for wrong: a candidate learns nothing from it."""
    return [f"{finding.column}: {finding.count} values that are {finding.kind} were left empty, "
            f"{finding.first:%Y-%m-%d %H:%M} to {finding.last:%Y-%m-%d %H:%M}" for finding in quality.findings
            if finding.column in new.station.targets and finding.kind in ("flat_line", "out_of_range")]


def require_champion(store: Store, kept: StationStore) -> str:
    """The champion's version.

    Raises:
        BundleError: there is none; the message is the seed document's.
    """
    version = kept.versions.champion()
    if version is None:
        raise _no_champion(store, kept.station_id)
    return version


def _no_champion(store: Store, station_id: str | None = None) -> BundleError:
    whose = "any station" if station_id is None else f"station {station_id}"
    others = [name for name in store.trained_stations() if name != station_id]
    close = nearest(station_id or "", others)
    return BundleError(f"there is no pretrained model of {whose} in {store.place} (预训练模型不存在)",
                       found=f"models of {listing(others)}" if others else None,
                       hint=(f"did you mean {close}? Else " if close else "")
                       + "run the basic training first (先运行基础训练生成模型): wattcast train --data …")


def _stored(kept: StationStore, outcome: FinetuneOutcome, made: Attempt, settings: Settings) -> FinetuneOutcome:
    """The candidate as a version, and promoted if the decision says so and it was compared with what is in use."""
    update, evidence = made.update, made.evidence
    assert update is not None
    decision, in_use = made.decision, kept.versions.champion()
    if decision.promoted and in_use != outcome.parent:
        decision = superseded(decision, outcome.parent, in_use)
    metrics = {"note": decision.reasons[0]} if evidence is None or not evidence.newest.origins else {
        **evidence.newest.to_dict(), "weather": evidence.weather}
    version = kept.versions.add(update.model, metrics, alias=CANDIDATE,
                                description=settings.data.model_dump(mode="json"), parent=outcome.parent,
                                finetune=update.used, gate=decision.to_dict())
    if decision.promoted:
        kept.versions.promote(version, expected=outcome.parent)
    card = evidence.newest if evidence is not None and evidence.newest.origins else None
    notes = list(outcome.notes)
    if update.used["candidate"] == FOLLOWING:
        notes.append(f"the candidate is {FOLLOWING}: it forgets less than the fine-tuned ones or is better on new days")
    if settings.finetune.freeze_backbone_layers > update.used["frozen_layers"]:
        notes.append(f"all {update.used['frozen_layers']} layers of the encoder were frozen: it has no more")
    return replace(outcome, decision=decision, version=version, card=card, in_use=in_use,
                   weather=evidence.weather if evidence else "", epochs=len(update.model.history), notes=tuple(notes))


def _decided(kept: StationStore, outcome: FinetuneOutcome) -> FinetuneOutcome:
    """The newest decision is kept beside the versions, also where no candidate came of it."""
    with kept.locked():
        kept.keep_document(GATE, json_bytes(outcome.to_dict()))
    return outcome


def _taking_over(champion: TrainedModel, settings: Settings) -> TrainedModel:
    """The champion with what the settings newly say of its training."""
    given = {name: getattr(settings.training, name) for name in settings.training.model_fields_set & TAKEN_OVER}
    recipe = Recipe(**{**{name: getattr(champion.recipe, name) for name in Recipe.model_fields},
                       "training": champion.recipe.training.model_copy(update=given)})
    return replace(champion, recipe=recipe)
