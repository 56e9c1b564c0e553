"""The base: trees that forecast a station they have never seen, learned from many others in a window's own units.

They read what `windows.window_units` tells of a step and say by how much the usual day, adjusted for the weather, is
wrong there. As files they are LightGBM's own text, compressed, and a manifest of what they were learned from.
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
from torch import Tensor

from wattcast.errors import BundleError
from wattcast.manifests import digest_of
from wattcast.training.boosting import Sums, load_lightgbm, sums_of
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.window_units import INPUTS, lately_in_units, window_units

if TYPE_CHECKING:
    import lightgbm

FILE, MANIFEST = "base_trees.txt.gz", "manifest.json"
ROUNDS = 300
"""Of a base, whatever the corpus. [trees]"""
PARAMETERS = {"objective": "regression_l1", "num_leaves": 127, "learning_rate": 0.05, "min_data_in_leaf": 200,
              "feature_fraction": 0.5, "bagging_fraction": 0.5, "bagging_freq": 1, "deterministic": True,
              "force_row_wise": True, "verbosity": -1}
"""Of LightGBM for the base. [as LightGBM has them]"""


@dataclass(frozen=True)
class Base:
    """Trees as LightGBM's text, and what is known of their making."""

    text: str
    manifest: Mapping[str, Any]

    @cached_property
    def booster(self) -> "lightgbm.Booster":
        return load_lightgbm().Booster(model_str=self.text)

    @cached_property
    def sums(self) -> Sums:
        """Corrections of inputs."""
        return sums_of(self.text)

    def forecast(self, windows: WindowDataset, origins: NDArray[np.int64], hidden: Tensor | None = None) -> Tensor:
        """Medians `[B, H, C]` in the targets' units, finite; arguments as of `WindowDataset.lately`."""
        told = window_units(windows, origins, lately_in_units(windows, origins, hidden))
        count, horizon, targets = told.reference.shape
        by_window = told.inputs.transpose(0, 2, 1, 3).reshape(-1, len(INPUTS))
        said = torch.from_numpy(self.sums(by_window, horizon)).reshape(count, targets, horizon)
        return told.in_units(said.mT)

    def files(self) -> dict[str, bytes]:
        """What `load` reads: contents by name."""
        packed = gzip.compress(self.text.encode(), mtime=0)
        manifest = {**self.manifest, "inputs": list(INPUTS), "files": {FILE: hashlib.sha256(packed).hexdigest()}}
        manifest["digest"] = digest_of(manifest)
        return {FILE: packed, MANIFEST: (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The base in `folder`, after every hash was checked.

        Raises:
            BundleError: missing, damaged, or with other inputs than this version's.
        """
        manifest = read_manifest(folder)
        try:
            packed = (folder / FILE).read_bytes()
        except OSError:
            packed = b""
        if hashlib.sha256(packed).hexdigest() != manifest["files"][FILE]:
            raise _damaged(folder, FILE)
        return cls(gzip.decompress(packed).decode(), manifest)


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
                          hint="make it again with 'wattcast pretrain'")
    return manifest


def fit_base(inputs: NDArray[np.float32], corrections: NDArray[np.float32], *, seed: int, rounds: int = ROUNDS) -> str:
    """Trees as text.

    Args:
        inputs: `[N, F]`, NaN where not known.
        corrections: `[N]`, what the reference lacked, in window units.
        seed: of the rows and columns that each tree sees.
        rounds: how many trees.

    Raises:
        ConfigError: LightGBM cannot be loaded.
    """
    lightgbm = load_lightgbm()
    data = lightgbm.Dataset(inputs, corrections, feature_name=list(INPUTS), free_raw_data=True)
    text: str = lightgbm.train({**PARAMETERS, "seed": seed}, data, rounds).model_to_string()
    return text


_HINT = "install wattcast again, or make one with 'wattcast pretrain'"


def _damaged(folder: Path, name: str) -> BundleError:
    return BundleError(f"the base in {folder} is damaged: {name} is not what was written", hint=_HINT)
