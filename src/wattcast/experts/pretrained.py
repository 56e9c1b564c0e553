"""What other stations know: a base that comes with the package and needs no training (`training.base_model`)."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Self

import pandas as pd
from torch import Tensor

import wattcast
from wattcast.errors import InputError
from wattcast.experts.base import Asked, FloatArray, Kept, LearnsNothing, Lesson
from wattcast.training.base_model import Base, Reading, read_manifest
from wattcast.windows.lately import Lately
from wattcast.windows.window_units import DAYS, WindowUnits, lately_in_units, window_units

log = logging.getLogger("wattcast")

BASE = "base"
SHIPPED = Path(wattcast.__file__).with_name("weights")
DEFAULT, NONE = "default", "none"
"""Words for the base that ships, and for none."""
FILE = "base.json"
"""In a version's folder: which base it forecasts with."""


@dataclass(frozen=True)
class Pretrained(LearnsNothing):
    """Implements `experts.base.Expert`: the base in `folder`, read when it is first asked.

    A model keeps where it is and its digest, and not the base. If it cannot be read any more when it forecasts, the
    usual day that it would have corrected stands for it.
    """

    folder: Path = SHIPPED
    name = BASE
    words = "what other stations know"
    weather = True
    days = DAYS

    def fit(self, lesson: Lesson) -> Self | None:
        """The base that the recipe names; None for none, and, with a warning, where the one that ships cannot
        be loaded.

        Raises:
            BundleError: a base of one's own is missing or damaged.
        """
        asked = lesson.recipe.model.base
        if asked == NONE:
            return None
        if asked == DEFAULT:
            return self if _loaded(self.folder) else None
        folder = Path(asked).absolute()
        Base.load(folder)
        return replace(self, folder=folder) if _loaded(folder) else None

    @property
    def loaded(self) -> Base | None:
        """The base itself; None, with a warning, if it cannot be read."""
        return _loaded(self.folder)

    @property
    def digest(self) -> str | None:
        """Of what it says: of the base itself; None where the usual day stands for it."""
        base = self.loaded
        return None if base is None else str(base.manifest["digest"])

    def forecast(self, asked: Asked) -> FloatArray:
        base = self.loaded
        if base is None:
            return self.reference(asked)
        made: FloatArray = reading_of(asked, self.folder, base).forecast(base.network.head).numpy()
        return made

    @staticmethod
    def reference(asked: Asked) -> FloatArray:
        """What the base corrects `[B, H, C]`: the usual day of the last 28 days, adjusted for the weather."""
        usual: FloatArray = _units_of(asked)[1].in_units(Tensor([0.0])).numpy()
        return usual

    def files(self) -> Mapping[str, bytes]:
        """Which base it is."""
        return {FILE: self.named(_digest(self.folder))}

    def named(self, digest: str | None) -> bytes:
        """Where it is, and the digest that a model knows it by; `named_in` reads it."""
        which = {"folder": None if self.folder == SHIPPED else str(self.folder), "digest": digest}
        return (json.dumps(which, indent=1, ensure_ascii=False) + "\n").encode()

    def named_in(self, content: bytes) -> tuple[Self, str | None]:
        """The base that `named` told of, and its digest."""
        which = json.loads(content)
        return self if which["folder"] is None else replace(self, folder=Path(which["folder"])), which["digest"]

    def load(self, kept: Kept) -> Self | None:
        """The same; with a warning where another base is in its place by now."""
        if super().load(kept) is None or FILE not in kept.files:       # older versions have no such file
            return super().load(kept)
        found, digest = self.named_in(kept.files[FILE])
        if digest is not None and _digest(found.folder) not in (None, digest):
            log.warning("%s was chosen with another base than the one that is in its place now: train again to choose "
                        "anew", kept.place)
        return found


def digest_of_base(asked: str) -> str | None:
    """Of the base that a recipe asks for; None where there is none, or it cannot be read."""
    base = _asked_for(asked)
    return None if base is None else base.digest


def flattering(asked: str, station_id: str, since: pd.Timestamp) -> tuple[str, ...]:
    """What to tell of figures of a station's weeks from `since` on: a sentence if the base that a recipe asks for has
    learned from the station after that, else nothing."""
    asked_for = _asked_for(asked)
    base = None if asked_for is None else asked_for.loaded
    until = None if base is None else base.learned_until(station_id)
    if until is None or until <= since:
        return ()
    return (f"the base in use has learned from station {station_id} until {until.tz_convert(since.tz):%Y-%m-%d %H:%M}: "
            "figures of earlier weeks flatter it",)


def _asked_for(asked: str) -> Pretrained | None:
    """The base that a recipe asks for; None where it asks for none."""
    return None if asked == NONE else Pretrained(SHIPPED if asked == DEFAULT else Path(asked).absolute())


def _digest(folder: Path) -> str | None:
    """Of the base in a folder; None where there is none."""
    try:
        return str(read_manifest(folder)["digest"])
    except InputError:
        return None


def reading_of(asked: Asked, folder: Path, base: Base) -> Reading:
    """What the base in a folder reads, made for the first who asks for it."""
    found: Reading = asked.once((BASE, folder), lambda: base.reading(*_units_of(asked)))
    return found


def _units_of(asked: Asked) -> tuple[Lately, WindowUnits]:
    """The last days and the units of the windows, whatever base reads them."""
    def made() -> tuple[Lately, WindowUnits]:
        lately = lately_in_units(asked.windows, asked.origins, asked.hidden)
        return lately, window_units(asked.windows, asked.origins, lately)

    found: tuple[Lately, WindowUnits] = asked.once("window_units", made)
    return found


@lru_cache(maxsize=4)
def _loaded(folder: Path) -> Base | None:
    """Read once: some milliseconds, and a warning if it cannot be."""
    try:
        base = Base.load(folder)
        _ = base.network
    except InputError as error:
        log.warning("without what other stations know: %s", error)
        return None
    return base
