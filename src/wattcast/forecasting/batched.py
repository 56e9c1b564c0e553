"""Forecasts of many stations without training at once: the same numbers as one by one, for a part of the time.

What the last weeks say of the rules is recalled where it was worked out when measurements came in; the stations whose
windows are alike are then asked together, and each rule only for those in whose forecast it has a share.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from wattcast import __version__
from wattcast.contracts import Station, View
from wattcast.experts.bands import FloatArray
from wattcast.experts.base import Asked
from wattcast.experts.pretrained import digest_of_base
from wattcast.forecasting.judged import NAMES, Judged, judge
from wattcast.forecasting.readied import READ_DAYS, Readied, weather_hidden
from wattcast.store.base import OF_ALL_ROWS
from wattcast.timegrid import steps_per_day
from wattcast.training.config import Recipe
from wattcast.windows.dataset import WindowShape
from wattcast.windows.stacked import Part, StackedWindows

FORMAT = 2
"""Of what is kept of past weeks; another one is not recalled. [version]"""

TOGETHER = 64
"""Stations that are asked at once: more gain nothing and need memory. [stations]"""


def kept_origin(kept: Mapping[str, FloatArray]) -> pd.Timestamp | None:
    """The newest origin of which shares are kept."""
    return max((pd.Timestamp(key.split()[1]) for key in kept if key.startswith(OF_ALL_ROWS)), default=None)


@dataclass(frozen=True, eq=False)
class Standing:
    """A station that is ready to be asked, and the shares that its rules have.

    `recalled`: they were worked out before; `key` is what they are kept under.
    """

    readied: Readied
    judged: Judged
    recalled: bool
    key: str

    @property
    def new(self) -> bool:
        """Whether they are to be kept. Of a target that was not measured for so long that it has none, more must be
        read to say how old its newest row is."""
        return not self.recalled and all(share is not None for share in self.judged.shares.values())

    @property
    def kept(self) -> dict[str, FloatArray]:
        """What is to be kept to be recalled."""
        return {self.key: self.judged.packed()}

    @property
    def part(self) -> Part:
        readied = self.readied
        return Part(readied.table, readied.scalers, readied.rows)


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules as a recipe has them."""

    recipe: Recipe

    @cached_property
    def digest(self) -> str:
        """Of all that shares follow from besides the station."""
        recipe = self.recipe
        told = (FORMAT, __version__, NAMES, READ_DAYS, recipe.features.model_dump_json(), recipe.windows.lookback_days,
                digest_of_base(recipe.model.base))
        return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()

    def key(self, view: View) -> str:
        """Under which the shares at a view's origin are kept: of the rows, the weather, the station and the rules."""
        station, day = view.station, steps_per_day(view.horizon.step)
        digest = hashlib.blake2b(self.digest.encode(), digest_size=16)
        digest.update(f"{station.model_dump_json()} {view.origin.isoformat()} {weather_hidden(view)}".encode())
        for part in _bytes(view.history(READ_DAYS * day), (*station.targets, *station.known_future), station):
            digest.update(part)
        vintages = view.training_data().vintages
        if vintages is not None:
            since = view.origin - READ_DAYS * day * view.horizon.step
            recent = vintages.table[vintages.table.index.get_level_values("issued") >= since]
            for level in ("issued", "time"):
                digest.update(pd.DatetimeIndex(recent.index.get_level_values(level)).as_unit("ns").asi8.tobytes())
            for part in _bytes(recent, recent.columns, station):
                digest.update(part)
        return f"{OF_ALL_ROWS}{view.origin.isoformat()} {digest.hexdigest()}"

    def stand(self, view: View, kept: Mapping[str, FloatArray], key: str | None = None) -> Standing:
        """A station of which something was measured; `kept` are shares of before, by their `key`, if that is known.

        Where they are recalled the view need not hold more than `READ_DAYS` of history.
        """
        key = key or self.key(view)
        found = kept.get(key)
        if found is not None:
            judged = Judged.unpacked(found, view.station.targets)
            return Standing(Readied.of(view, self.recipe, rows=judged.rows), judged, True, key)
        readied = Readied.of(view, self.recipe)
        return Standing(readied, judge(readied), False, key)


def _bytes(table: pd.DataFrame, columns: Iterable[str], station: Station) -> Iterator[bytes]:
    """What stands in some columns."""
    for name in columns:
        values = table[name]
        yield name.encode()
        yield (repr(values.tolist()).encode() if name in station.categorical
               else np.ascontiguousarray(values.to_numpy(np.float64)).tobytes())


def said_together(standings: Sequence[Standing]) -> list[dict[str, FloatArray]]:
    """What the rules that have a share say of each station, `[H, C]` by their names."""
    alike: dict[tuple[WindowShape, tuple[object, ...]], list[int]] = defaultdict(list)
    for place, standing in enumerate(standings):
        alike[standing.readied.shape, standing.part.layout].append(place)
    said: list[dict[str, FloatArray]] = [{} for _ in standings]
    for places in alike.values():
        for begin in range(0, len(places), TOGETHER):
            some = places[begin:begin + TOGETHER]
            for place, each in zip(some, _said([standings[place] for place in some]), strict=True):
                said[place] = each
    return said


def _said(standings: Sequence[Standing]) -> list[dict[str, FloatArray]]:
    """The same of stations that can be stacked."""
    windows = StackedWindows([standing.part for standing in standings], standings[0].readied.shape)
    said: list[dict[str, FloatArray]] = [{} for _ in standings]
    asked: dict[tuple[int, ...], Asked] = {}
    for name, expert in standings[0].readied.experts.items():
        places = tuple(place for place, standing in enumerate(standings) if name in standing.judged.used)
        if not places:
            continue
        if places not in asked:
            some = windows.only(places)
            asked[places] = Asked(some, some.origins)
        for place, each in zip(places, asked[places].said(expert), strict=True):
            said[place][name] = each
    return said
