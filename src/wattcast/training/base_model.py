"""The base: what other stations know, as a network that forecasts stations that it has never seen.

It reads what `windows.window_units` tells of a window and says by how much the usual day, adjusted for the weather, is
wrong. As files it is the network's weights and a manifest of what they were learned from.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from wattcast.errors import BundleError
from wattcast.manifests import digest_of
from wattcast.model.day_network import DayNetwork
from wattcast.training.base_network import Encoded, unpacked
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.day_tokens import day_tokens
from wattcast.windows.lately import Lately
from wattcast.windows.window_units import INPUTS, WindowUnits, lately_in_units, window_units

FILE, MANIFEST = "base.safetensors", "manifest.json"
LEARNED_UNTIL = "learned_until"
"""Of a source in the manifest: where what was learned from each of its stations ends."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a base reads of windows: their units, and what heads read."""

    told: WindowUnits
    encoded: Encoded

    def forecast(self, head: nn.Module) -> Tensor:
        """What a head makes of it, `[B, H, C]` in the targets' units, finite."""
        correction = self.encoded.correction(head).double()                                      # [B · C, H]
        return self.told.in_units(correction.reshape(-1, self.told.reference.shape[-1], correction.shape[1]).mT)


@dataclass(frozen=True)
class Base:
    """A network's weights, as `base_network.packed` gives them, and how they were made."""

    weights: bytes
    manifest: Mapping[str, Any]

    @cached_property
    def network(self) -> DayNetwork:
        """It with its weights.

        Raises:
            BundleError: they are those of a network of another shape.
        """
        try:
            return unpacked(self.weights)
        except RuntimeError:
            raise BundleError("the base was made by another version of wattcast", found="a network of another shape",
                              hint=_AGAIN) from None

    def learned_until(self, station_id: str) -> pd.Timestamp | None:
        """Where what it has learned from a station of this name ends; None if it has not, or does not tell."""
        ends = [pd.Timestamp(source[LEARNED_UNTIL][station_id]) for source in self.manifest["sources"]
                if station_id in source.get(LEARNED_UNTIL, {})]
        return max(ends, default=None)

    def reading(self, lately: Lately, told: WindowUnits) -> Reading:
        """What it reads of windows, of which `lately_in_units` and `window_units` have told."""
        return Reading(told, Encoded.of(self.network, day_tokens(lately, told)))

    def forecast(self, windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Tensor:
        """Medians `[B, H, C]` in the targets' units, finite; arguments as of `WindowDataset.lately`."""
        lately = lately_in_units(windows, origins, hidden)
        return self.reading(lately, window_units(windows, origins, lately)).forecast(self.network.head)

    def files(self) -> dict[str, bytes]:
        """What `load` reads: contents by name."""
        manifest = {**self.manifest, "inputs": list(INPUTS), "files": {FILE: hashlib.sha256(self.weights).hexdigest()}}
        manifest["digest"] = digest_of(manifest)
        return {FILE: self.weights, MANIFEST: (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The base in `folder`, after every hash was checked.

        Raises:
            BundleError: missing, damaged, or with other inputs than this version's.
        """
        manifest = read_manifest(folder)
        try:
            weights = (folder / FILE).read_bytes()
        except OSError:
            weights = b""
        if hashlib.sha256(weights).hexdigest() != manifest["files"].get(FILE):
            raise _damaged(folder, FILE)
        return cls(weights, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The checked manifest of the base in `folder`.

    Raises:
        BundleError: as `Base.load`.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        raise BundleError(f"there is no base in {folder}", expected=f"the files {MANIFEST} and {FILE}",
                          hint=_HINT) from None
    except ValueError:
        raise _damaged(folder, MANIFEST) from None
    if not isinstance(manifest, dict) or manifest.get("digest") != digest_of(manifest):
        raise _damaged(folder, MANIFEST)
    if manifest["inputs"] != list(INPUTS):
        raise BundleError(f"the base in {folder} was made by another version of wattcast", found="other inputs",
                          hint=_AGAIN)
    return manifest


_AGAIN = "make it again with 'wattcast pretrain'"
_HINT = "install wattcast again, or make one with 'wattcast pretrain'"


def _damaged(folder: Path, name: str) -> BundleError:
    return BundleError(f"the base in {folder} is damaged: {name} is not what was written", hint=_HINT)
