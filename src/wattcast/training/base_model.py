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
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wattcast.contracts import MIDDLE
from wattcast.errors import BundleError
from wattcast.manifests import digest_of
from wattcast.model.day_network import DayNetwork
from wattcast.training.base_network import unpacked
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.day_tokens import day_tokens
from wattcast.windows.window_units import INPUTS, WindowUnits, lately_in_units, window_units

FILE, MANIFEST = "base.safetensors", "manifest.json"

@dataclass(frozen=True, eq=False)
class Encoded:
    """What heads read of B windows with C targets, N = B · C.

    Attributes:
        steps: `[N, H, 32]`, what the network's encoder says.
        covariates: `[N, H, G]`.
        anchors: `[N, H, A]`.
        targets: C.
    """

    steps: Tensor
    covariates: Tensor
    anchors: Tensor
    targets: int

    def correction(self, head: nn.Module) -> Tensor:
        """What a head adds to the adjusted usual day `[B, H, C]`, in window units."""
        with torch.inference_mode():
            said = head(self.steps, self.covariates, self.anchors[:, :, None])[:, :, 0, MIDDLE]    # [N, H]
        correction = (said - self.anchors[..., -1]).double()
        by_target: Tensor = correction.reshape(-1, self.targets, correction.shape[1]).mT
        return by_target


@dataclass(frozen=True, eq=False)
class Reading:
    """What a base reads of windows: their units, and what heads read."""

    told: WindowUnits
    encoded: Encoded

    def forecast(self, head: nn.Module) -> Tensor:
        """What a head makes of it, `[B, H, C]` in the targets' units, finite."""
        return self.told.in_units(self.encoded.correction(head))


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

    def read(self, windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Reading:
        """What it reads of the windows at `origins` `[B]`; arguments as of `WindowDataset.lately`."""
        lately = lately_in_units(windows, origins, hidden)
        told = window_units(windows, origins, lately)
        inputs = day_tokens(lately, told).told()
        with torch.inference_mode():
            steps = self.network.encoded(inputs["past"], inputs["ahead"], inputs["hours"])
        return Reading(told, Encoded(steps, inputs["covariates"], inputs["anchors"], told.reference.shape[-1]))

    def forecast(self, windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Tensor:
        """Medians `[B, H, C]` in the targets' units, finite; arguments as of `WindowDataset.lately`."""
        return self.read(windows, origins, hidden).forecast(self.network.head)

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
