"""What is kept of stations, in the words of the domain; where it is kept is an implementation's matter.

A `Store` holds stations, a `StationStore` all that is kept of one of them: its description, its measurements with the
weather that was issued, its trained versions and which of them is in use, the forecasts that were issued, how good they
were, and what was taken in. `disk`, `memory` and `sql` implement both; one contract suite runs on all of them.

Times that come out are tz-aware; a stamp marks the start of its interval. What is written is whole or absent, also
after a kill, and one process at a time changes what is kept of a station.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattcast.contracts import Station
from wattcast.data.schema import StationData
from wattcast.experts.trained import TrainedModel
from wattcast.store.aliases import CHAMPION

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Version:
    """A line of `wattcast models list`.

    `size` is what it occupies in bytes.
    """

    name: str
    aliases: tuple[str, ...]
    created: str
    span: tuple[str, str]
    metrics: dict[str, Any]
    size: int = 0


class Versions(Protocol):
    """The trained versions of one station, oldest first, and the aliases that point to some of them."""

    def add(self, model: TrainedModel, metrics: dict[str, Any], *, alias: str | None = None, **told: Any) -> str:
        """Store a new version; `told` are further arguments of `bundle.bundle_files`.

        Returns:
            Its name, such as `v0001`.
        """
        ...

    def promote(self, name: str, *, expected: str | None = None) -> str:
        """Make a version, or what an alias points to, the champion; the champion so far becomes `previous`.

        Raises:
            BundleError: no such version, or a damaged one; or another champion than `expected`.
        """
        ...

    def rollback(self) -> str:
        """Champion and previous change places; the version that is the champion now."""
        ...

    def load(self, name: str = CHAMPION) -> TrainedModel:
        """The model of a version or alias, after every hash was checked.

        Raises:
            BundleError: none there, damaged, or another station's.
        """
        ...

    def champion(self) -> str | None:
        """The champion's version, if there is one."""
        ...

    def named(self, name: str) -> str:
        """The version that `name`, a version or an alias, stands for.

        Raises:
            BundleError: there is none.
        """
        ...

    def aliases(self) -> Mapping[str, str]:
        """What points to which version: `champion`, `previous`, `candidate`."""
        ...

    def versions(self) -> list[Version]: ...

    def manifest(self, name: str) -> dict[str, Any]: ...

    def digest(self, name: str) -> str:
        """Of all that the version is made of."""
        ...

    def registered(self) -> dict[str, Any]:
        """What is said of the versions (`store.aliases`): their names, oldest first, and the aliases."""
        ...

    def files(self, name: str) -> Mapping[str, bytes]:
        """What a version is made of, by the names of its files, read when asked for."""
        ...

    def take_over(self, other: "Versions") -> None:
        """Have the versions and aliases of the same station elsewhere, as they are there. What is there already is not
        written again, so that this may be done twice, or again after a kill.

        Raises:
            BundleError: there are versions here that `other` does not have.
        """
        ...

    def rejected(self, parent: str) -> dict[str, Any] | None:
        """The manifest of the newest version that was fine-tuned from `parent` and did not pass the gate."""
        ...

    def prune(self, keep: int, *, dry_run: bool = False) -> dict[str, int]:
        """Remove all but the newest `keep` versions, and never what an alias points to or what a kept one was
        fine-tuned from.

        Returns:
            What went, or with `dry_run` what would go, with its bytes.
        """
        ...


@dataclass(frozen=True, eq=False)
class IssuedForecast:
    """A forecast as it was issued. Stores keep its medians as they are and its quantiles with seven digits.

    Attributes:
        origin: the last instant whose measurements were known.
        issued: when it was made; None where that was not noted (files of early versions).
        version: that made it, or the name of the rule that stood in for one.
        table: indexed by `time`, a column a target and one a quantile, in the target's unit.
        weather: what was known of the horizon's weather: `issued`, `given`, `measured`, `none`.
        weather_issued: when the newest weather forecast that it used was issued, if that is known.
        quality: `ok`, `degraded`, `stale`.
        fallback: what stood in for the champion (`previous`, `base`, `last_week`, `last_issued`, `capacity`); None if
            nothing had to.
        notes: what was said of it.
    """

    origin: pd.Timestamp
    version: str
    table: pd.DataFrame
    issued: pd.Timestamp | None = None
    weather: str | None = None
    weather_issued: pd.Timestamp | None = None
    quality: str | None = None
    fallback: str | None = None
    notes: tuple[str, ...] = ()


Issue = tuple[pd.Timestamp, pd.Timestamp | None]
"""A forecast's origin, and when it was issued."""


@dataclass(frozen=True)
class TakenIn:
    """A file that was taken in.

    `sha256` is of its bytes, `rows` what it brought: `appended`, `late`, `corrected`; `findings` are those of the
    reader, as `QualityReport` tells them.
    """

    name: str
    size: int
    sha256: str
    received: pd.Timestamp
    rows: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Mapping[str, Any], ...] = ()


OF_ALL_ROWS = "rules "
"""With which the keys of a recall begin that follow from all of the history, though they tell its last weeks only."""

CORRECTIONS = ("received", "time", "column", "before", "after")
"""Columns of the table of corrections: when a cell's new value came, the cell, what it was and what it became."""

ACCURACY = ("day", "lead_day", "target", "origin", "issued", "version", "steps", "mae", "rmse", "actual_size",
            "compared", "compared_mae", "last_week", "inside_80", "forecast_mean", "actual_mean", "checksum")
"""Columns of the table of accuracy, a row for each day of a forecast that is over: the local midnight of the day that
it begins in, how many days ahead it was forecast (1 to 7), the target, and the forecast that was compared.

Over `steps` that were measured: mean absolute error, root mean square error, mean of the absolute measured values, the
share of steps inside the 80 % band (NaN where none was kept), and both means. Over the `compared` ones of them, of
which last week's value was known at the origin: the forecast's mean absolute error (`compared_mae`) and that of last
week's values (`last_week`). All in the target's unit. `checksum` (CRC-32) is of the measured values, that day's and
last week's: a correction changes it."""


class StationStore(Protocol):
    """All that is kept of one station."""

    @property
    def station_id(self) -> str: ...

    @property
    def place(self) -> str:
        """Where it is kept, for messages; without a password."""
        ...

    @property
    def versions(self) -> Versions: ...

    def locked(self) -> AbstractContextManager[None]:
        """Hold what is kept of the station over a block that reads and changes it. The same process may hold it
        already; every method below that changes something holds it by itself.

        Raises:
            BusyError: another process held it for minutes.
        """
        ...

    # The station ---------------------------------------------------------------------------------------------------

    def description(self) -> dict[str, Any] | None:
        """How its data is to be read and what it is, as the section `data` of the settings says it; None if never
        given."""
        ...

    def describe(self, description: Mapping[str, Any]) -> None: ...

    # Measurements and weather ---------------------------------------------------------------------------------------

    def measurements(self, station: Station | None = None, since: pd.Timestamp | None = None) -> StationData | None:
        """What is kept, with the weather forecasts that were issued; None where nothing is, or of other columns than
        `station`'s.

        Args:
            station: as its model knows it; as it was kept if None.
            since: no rows before it are read, and no weather that was issued before it but the newest.

        Raises:
            DataError: what is kept is damaged.
        """
        ...

    def has_measurements(self) -> bool:
        """Whether any are kept, of whatever columns."""
        ...

    def replace_measurements(self, data: StationData) -> None:
        """Keep `data` and nothing that was kept before."""
        ...

    def append_measurements(self, data: StationData, *, received: pd.Timestamp) -> Mapping[str, int]:
        """Join `data` with what is kept (`data.merging.merge`): cells that it knows count. What they were before is
        kept beside, with the time the new ones came.

        Returns:
            Rows `appended`, `late` and `corrected`.

        Raises:
            DataError: other columns, another step.
        """
        ...

    def corrections(self) -> pd.DataFrame:
        """Cells of targets and past-only columns that came again with another value; columns as in `CORRECTIONS`, in
        the order in which they came."""
        ...

    def keep_corrections(self, rows: pd.DataFrame) -> None:
        """Keep these and none that were kept before; measurements are kept already."""
        ...

    def taken_in(self) -> tuple[TakenIn, ...]:
        """Files that were taken in, oldest first."""
        ...

    def note_taken_in(self, file: TakenIn) -> None: ...

    # Forecasts and how good they were -------------------------------------------------------------------------------

    def keep_forecast(self, forecast: IssuedForecast) -> None:
        """Keep it beside what was issued before, also for the same origin."""
        ...

    def forecasts(self, since: pd.Timestamp | None = None) -> Iterable[IssuedForecast]:
        """All that were issued, by origin and then by issue; those of origins before `since` are not read. A damaged
        one is named in the log and left out."""
        ...

    def issues(self, since: pd.Timestamp | None = None) -> tuple[Issue, ...]:
        """Origin and issue of each forecast that is kept, in the order of `forecasts`, which is not read."""
        ...

    def remove_forecasts(self, before: pd.Timestamp) -> int:
        """Remove forecasts of origins before that time.

        Returns:
            How many went.
        """
        ...

    def keep_accuracy(self, rows: pd.DataFrame) -> None:
        """Keep rows with the columns `ACCURACY`; one of the same day, lead day, target, origin and issue is
        replaced."""
        ...

    def accuracy(self, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Rows of days from `since` on, by day, lead day, target, issue."""
        ...

    # What work leaves behind -----------------------------------------------------------------------------------------

    def work_folder(self, purpose: str) -> Path:
        """A folder of this machine where interrupted work of that `purpose` (`training`, `search`) is found again. It
        is not made here."""
        ...

    def keep_document(self, name: str, content: bytes) -> None:
        """Keep what a run leaves for people and other programs (`gate.json`, `search.html`); another one of that name
        is replaced."""
        ...

    def documents(self) -> Mapping[str, bytes]:
        """By name, read when asked for."""
        ...

    def remove(self) -> None:
        """Remove all of the above. Killed in between, what is left is a station that can be removed."""
        ...

    # What may go at any time ----------------------------------------------------------------------------------------

    def recall(self) -> dict[str, FloatArray]:
        """What the champion said of past mornings when it forecast last; nothing where nothing usable is kept.

        What follows from all rows (`OF_ALL_ROWS`) is forgotten when measurements are appended or replaced."""
        ...

    def keep_recall(self, said: Mapping[str, FloatArray]) -> None: ...

    def sizes(self, *, without: Collection[str] = (), before: pd.Timestamp | None = None) -> Mapping[str, int]:
        """Bytes by what they hold: `versions`, `measurements`, `forecasts`, `accuracy`, `other`.

        Args:
            without: versions; as it would be once they were pruned.
            before: as it would be once the forecasts of origins before it were removed.
        """
        ...


class Store(Protocol):
    """Where stations are kept.

    Raises:
        StoreError: opened as something it is not, by a newer schema than is known here, or not there.
    """

    @property
    def place(self) -> str:
        """Where it is, as `--store` says it, without a password."""
        ...

    def station(self, station_id: str) -> StationStore:
        """One station; nothing is made before something is kept of it.

        Raises:
            InputError: an id that cannot be kept (`data.ids`).
        """
        ...

    def stations(self) -> tuple[str, ...]:
        """All of which something is kept, sorted."""
        ...

    def trained_stations(self) -> tuple[str, ...]:
        """Those that have a version, sorted."""
        ...

    def keep_run(self, run: Mapping[str, Any]) -> None:
        """Keep what became of a run (a night, an intake): JSON with at least `id`, `kind`, `started`, `ended`; one of
        the same id is replaced."""
        ...

    def runs(self, kind: str | None = None) -> tuple[dict[str, Any], ...]:
        """Runs by their start, oldest first."""
        ...

    def close(self) -> None: ...
