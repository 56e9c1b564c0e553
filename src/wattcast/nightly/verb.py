"""The verb `nightly`."""

from dataclasses import replace
from typing import Any

import pandas as pd
from filelock import FileLock

from wattcast.errors import DataError
from wattcast.locks import held
from wattcast.nightly.budget import Prices
from wattcast.nightly.deadline import NightClock, parse_deadline
from wattcast.nightly.filing import Filing
from wattcast.nightly.ledger import Ledger
from wattcast.nightly.night import Night, Say, as_ours
from wattcast.nightly.night_zone import zone_of_night
from wattcast.nightly.rehearsal import Rehearsal
from wattcast.nightly.steps import StoreWork
from wattcast.nightly.summary import Summary
from wattcast.settings import Settings
from wattcast.store.base import Store
from wattcast.store.files import require_writable
from wattcast.timegrid import parse_time

KIND = "nightly"
"""What a night is called among the runs of a store."""

PATIENCE = 1.0
"""Seconds that a second night waits for the first: not at all, in effect."""


def nightly(store: Store, settings: Settings, *, now: str | None = None, deadline: str | None = None,
            dry_run: bool = False, say: Say = lambda *_: None) -> Summary:
    """One night for all stations of a store.

    Args:
        store: where they are kept.
        settings: the section `nightly` says how far it goes, the others hold for each station as for its own verbs.
        now: as if it were this time; the clock's if None.
        deadline: as `nightly.deadline`, which it takes the place of.
        dry_run: look and forecast, and change nothing.
        say: told of each piece of work that has come to an end.

    Raises:
        InputError: the settings are wrong, or the store knows of no station.
        BusyError: another night is under way.
    """
    config = settings.nightly
    zone = zone_of_night(settings, store)
    begun = pd.Timestamp.now(zone).floor("s") if now is None else parse_time(now, zone)
    clock = NightClock(begun, parse_deadline(config.deadline if deadline is None else deadline, begun))
    filing = Filing.of(config, f"{begun:%Y-%m-%d}", dry=dry_run)
    work = StoreWork(store, settings, begun)
    if dry_run:
        return _night(Rehearsal(work), settings, filing, Ledger(None), clock, store, say).run()
    _require_writable(filing)
    with held(FileLock(filing.lock), "a night is under way", patience=PATIENCE, limit=PATIENCE):
        night = _night(work, settings, filing, Ledger.read(filing.ledger), clock, store, say)
        summary = night.run()
        try:
            store.keep_run(_run(summary, night))
        except Exception as error:      # the files and the table are worth more
            unkept = f"the store keeps nothing of this night: {as_ours(error).what}"
            summary = replace(summary, remarks=(*summary.remarks, unkept))
    return summary


def _require_writable(filing: Filing) -> None:
    try:
        require_writable(filing.folder)
    except DataError as error:
        raise DataError(error.what, found=error.found, hint="choose a folder you may write to: nightly.filed") from None


def _night(work: StoreWork | Rehearsal, settings: Settings, filing: Filing, ledger: Ledger, clock: NightClock,
           store: Store, say: Say) -> Night:
    return Night(work, settings.nightly, filing, ledger, clock, Prices.of_runs(store.runs(KIND)), say)


def _run(summary: Summary, night: Night) -> dict[str, Any]:
    """What the store keeps of it; another run of the same night takes its place."""
    return {"id": f"{KIND}-{summary.night}", "kind": KIND, "started": summary.now,
            "ended": night.clock.time().isoformat(), "finetune_seconds": night.finetune_seconds(),
            "summary": summary.to_dict()}
