"""The base: what other stations know, as trees and a network that forecast stations that they have never seen.

Both read what `windows.window_units` tells of a window and say by how much the usual day, adjusted for the weather, is
wrong; the base says their mean. As files it is LightGBM's own text, compressed, the network's weights, and a manifest
of what they were learned from.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wattcast.contracts import MIDDLE
from wattcast.errors import BundleError
from wattcast.manifests import digest_of
from wattcast.model.day_network import DayNetwork
from wattcast.training.base_network import unpacked
from wattcast.training.boosting import load_lightgbm
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.day_tokens import day_tokens
from wattcast.windows.window_units import INPUTS, WindowUnits, lately_in_units, window_units

if TYPE_CHECKING:
    import lightgbm

TREES, NETWORK, MANIFEST = "base_trees.txt.gz", "base_network.safetensors", "manifest.json"

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
        return (said - self.anchors[..., -1]).double().unflatten(0, (-1, self.targets)).mT


@dataclass(frozen=True, eq=False)
class Reading:
    """What a base reads of windows: `told` is for the trees, `encoded` for heads, if there is a network."""

    told: WindowUnits
    encoded: Encoded | None


@dataclass(frozen=True)
class Base:
    """Trees as LightGBM's text, a network's weights as `base_network.packed` gives them, and how they were made.

    Without weights the trees say what the base says.
    """

    text: str
    weights: bytes | None
    manifest: Mapping[str, Any]

    @cached_property
    def booster(self) -> "lightgbm.Booster":
        return load_lightgbm().Booster(model_str=self.text)

    @cached_property
    def network(self) -> DayNetwork | None:
        return None if self.weights is None else unpacked(self.weights)

    def read(self, windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Reading:
        """What it reads of the windows at `origins` `[B]`; arguments as of `WindowDataset.lately`."""
        lately = lately_in_units(windows, origins, hidden)
        told = window_units(windows, origins, lately)
        if self.network is None:
            return Reading(told, None)
        inputs = day_tokens(lately, told).told()
        with torch.inference_mode():
            steps = self.network.encoded(inputs["past"], inputs["ahead"], inputs["hours"])
        return Reading(told, Encoded(steps, inputs["covariates"], inputs["anchors"], told.reference.shape[-1]))

    def correction(self, reading: Reading) -> Tensor:
        """What it adds to the adjusted usual day `[B, H, C]`, in window units."""
        told = reading.told
        said = np.asarray(self.booster.predict(told.inputs.reshape(-1, len(INPUTS))))
        of_trees = torch.from_numpy(said).reshape(told.reference.shape)
        if self.network is None or reading.encoded is None:
            return of_trees
        return (of_trees + reading.encoded.correction(self.network.head)) / 2

    def forecast(self, windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Tensor:
        """Medians `[B, H, C]` in the targets' units, finite; arguments as of `WindowDataset.lately`."""
        reading = self.read(windows, origins, hidden)
        return reading.told.in_units(self.correction(reading))

    def files(self) -> dict[str, bytes]:
        """What `load` reads: contents by name."""
        files = {TREES: gzip.compress(self.text.encode(), mtime=0)}
        files |= {NETWORK: self.weights} if self.weights is not None else {}
        manifest = {**self.manifest, "inputs": list(INPUTS),
                    "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}}
        manifest["digest"] = digest_of(manifest)
        return {**files, MANIFEST: (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The base in `folder`, after every hash was checked.

        Raises:
            BundleError: missing, damaged, or with other inputs than this version's.
        """
        manifest = read_manifest(folder)
        files = {name: _checked(folder, name, digest) for name, digest in manifest["files"].items()}
        return cls(gzip.decompress(files[TREES]).decode(), files.get(NETWORK), manifest)


def _checked(folder: Path, name: str, digest: str) -> bytes:
    """A file's content.

    Raises:
        BundleError: it is missing, or is not what was written.
    """
    try:
        content = (folder / name).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(folder, name)
    return content


def read_manifest(folder: Path) -> dict[str, Any]:
    """The checked manifest of the base in `folder`.

    Raises:
        BundleError: as `Base.load`.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        raise BundleError(f"there is no base in {folder}", expected=f"the files {MANIFEST} and {TREES}",
                          hint=_HINT) from None
    except ValueError:
        raise _damaged(folder, MANIFEST) from None
    if not isinstance(manifest, dict) or manifest.get("digest") != digest_of(manifest):
        raise _damaged(folder, MANIFEST)
    if manifest["inputs"] != list(INPUTS):
        raise BundleError(f"the base in {folder} was made by another version of wattcast", found="other inputs",
                          hint="make it again with 'wattcast pretrain'")
    return manifest


_HINT = "install wattcast again, or make one with 'wattcast pretrain'"


def _damaged(folder: Path, name: str) -> BundleError:
    return BundleError(f"the base in {folder} is damaged: {name} is not what was written", hint=_HINT)
