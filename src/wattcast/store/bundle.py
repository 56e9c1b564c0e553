"""One trained model on disk.

    model.safetensors             the weights
    trees.json                    the boosted trees as LightGBM's texts, one a target, if there are any
    manifest.json                 the rest: station, recipe, features, scalers, choice, span, hash of the data, metrics
    metrics.json                  the evaluation, as `wattcast train` printed it
    feature_classification.json   which features are knowable over the horizon; also as .pkl
    bi_mamba.pth                  the weights as torch saves them
    hyperopt_results.json         the search that its configuration comes from, if there was one

and of a fine-tuned one, besides:

    gate.json                     the comparison that decided about it
    finetune_history.json         epoch, train_loss, val_loss, lr
    bi_mamba_finetuned.pth        the weights once more, under the name that other programs know

The .pth and .pkl files are written for other programs and read back by nothing here: a pickle runs code.
"""

import io
import json
import os
import pickle
import platform
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from pydantic import ValidationError
from torch import Tensor

import wattcast
from wattcast.contracts import PART, TOTAL, Station
from wattcast.errors import BundleError
from wattcast.experts.base import Kept
from wattcast.experts.shares import Selection
from wattcast.experts.table import EXPERTS
from wattcast.experts.trained import TrainedModel, by_name
from wattcast.features.pipeline import FeaturePipeline
from wattcast.manifests import digest_of
from wattcast.model.power import InputSizes
from wattcast.store.files import cannot_write, sha256, write_json
from wattcast.training.config import Recipe
from wattcast.training.record import EpochRecord
from wattcast.windows.anchors import anchor_count
from wattcast.windows.dataset import Scalers

FORMAT = 4
"""Of the layout of a version's folder; another one is refused. [version]"""
MANIFEST, METRICS = "manifest.json", "metrics.json"
GATE, FINETUNED, FINETUNE_HISTORY = "gate.json", "bi_mamba_finetuned.pth", "finetune_history.json"
COMPATIBILITY_FILES = ("bi_mamba.pth", "feature_classification.pkl", "feature_classification.json", METRICS)
"""Of the model in use, for programs that look for them in the station's folder; `FINETUNE_FILES` of the newest
fine-tuned one."""
FINETUNE_FILES = (FINETUNED, FINETUNE_HISTORY)


def save_bundle(folder: Path, model: TrainedModel, metrics: dict[str, Any], *,
                description: dict[str, Any] | None = None, parent: str | None = None,
                search: dict[str, Any] | None = None, finetune: dict[str, Any] | None = None,
                gate: dict[str, Any] | None = None, files: Mapping[str, Any] | None = None) -> None:
    """Write `model` as the new folder `folder`, all of it or nothing.

    Args:
        folder: must not exist.
        model: what was fitted.
        metrics: its evaluation.
        description: how its data was described, to read such data again.
        parent: the version it was fine-tuned from.
        search: the study and trial that its recipe comes from, and that recipe's hash.
        finetune: what fine-tuning used; None for a model that was trained from the start.
        gate: the decision about it, with its numbers.
        files: more to keep beside the model: names of JSON files and what is in them.

    Raises:
        DataError: the place cannot be written to.
    """
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        aside.mkdir(parents=True)
        for name, content in (files or {}).items():
            write_json(aside / name, content)
        _write(aside, model, {"description": description, "parent": parent, "search": search, "metrics": metrics,
                              "finetune": finetune, "gate": gate})
        os.replace(aside, folder)
    except OSError as error:
        raise cannot_write(folder, error, what="the model to ") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(folder: Path, model: TrainedModel, told: dict[str, Any]) -> None:
    weights = {name: value.contiguous() for name, value in model.network.state_dict().items()}
    for expert in model.experts.values():
        for name, content in expert.files().items():
            (folder / name).write_bytes(content)
    pickled = _pickled(weights)
    (folder / "bi_mamba.pth").write_bytes(pickled)
    classification = model.pipeline.classification()
    write_json(folder / "feature_classification.json", classification)
    (folder / "feature_classification.pkl").write_bytes(pickle.dumps(classification))
    write_json(folder / METRICS, told["metrics"])
    if told["finetune"] is not None:
        (folder / FINETUNED).write_bytes(pickled)
        write_json(folder / FINETUNE_HISTORY, [
            {"epoch": record.epoch, "train_loss": record.train_loss, "val_loss": record.val_loss, "lr": record.lr}
            for record in model.history])
        write_json(folder / GATE, told["gate"])
    manifest = {**_manifest(model), **told}
    manifest["files"] = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    manifest["digest"] = digest_of(manifest)
    write_json(folder / MANIFEST, manifest)


def _pickled(weights: dict[str, Tensor]) -> bytes:
    """As torch writes them, made in memory: of a full disk torch says that it found an unexpected position."""
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    return buffer.getvalue()


def _manifest(model: TrainedModel) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": {"wattcast": wattcast.__version__, "torch": torch.__version__, "python": platform.python_version()},
        "station": model.station.model_dump(mode="json"),
        "recipe": model.recipe.model_dump(mode="json", include=set(Recipe.model_fields)),
        "recipe_hash": model.recipe.recipe_hash(),
        "features": model.pipeline.state(),
        "roles": {name: str(role) for name, role in model.pipeline.roles().items()},
        "scalers": model.scalers.state(),
        "experts": list(model.experts),
        "sizes": asdict(model.network.sizes),
        "span": [time.isoformat() for time in model.span],
        "data_hash": model.data_hash,
        "nonnegative": list(model.nonnegative),
        "part_of_total": model.part_of_total,
        "history": [asdict(record) for record in model.history],
        "validation": [time.isoformat() for time in model.validation],
        "selection": None if model.selection is None else model.selection.model_dump(mode="json"),
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The checked manifest of the bundle in `folder`.

    Raises:
        BundleError: missing, damaged, or written by a newer version.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"there is no model in {folder}", expected=f"a file {MANIFEST}",
                          hint="train one with 'wattcast train'") from None
    except ValueError:
        raise _damaged(folder, MANIFEST) from None
    if not isinstance(manifest, dict):
        raise _damaged(folder, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BundleError(f"the model in {folder} has another format", found=manifest.get("format"), expected=FORMAT,
                          hint="train it again with this version of wattcast")
    if manifest.get("digest") != digest_of(manifest):
        raise _damaged(folder, MANIFEST)
    return manifest


def load_bundle(folder: Path) -> TrainedModel:
    """The model in `folder`, after every hash was checked.

    Raises:
        BundleError: missing or damaged.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or sha256(folder / name) != expected:
            raise _damaged(folder, name)
    try:
        station, recipe = Station(**manifest["station"]), Recipe(**manifest["recipe"])
        sizes = InputSizes(**_tuples(manifest["sizes"]))
        if sizes.anchors != anchor_count(sizes.lags):
            raise KeyError("other anchors")
        span, validation = (_instants(manifest[name], station.timezone) for name in ("span", "validation"))
        chosen = manifest["selection"]
        selection = None if chosen is None else Selection.model_validate(chosen)
        history = tuple(EpochRecord(**record) for record in manifest["history"])
        kept = Kept(folder, _names(manifest), recipe, sizes, history)
        experts = by_name(expert.load(kept) for expert in EXPERTS)
    except (ValidationError, RuntimeError, TypeError, KeyError) as error:
        raise BundleError(f"the model in {folder} does not fit this version of wattcast",
                          found=str(error).splitlines()[0], hint="train it again") from error
    return TrainedModel(
        station, recipe, FeaturePipeline.from_state(recipe.features, station, manifest["features"]),
        Scalers.from_state(manifest["scalers"]), experts, span, manifest["data_hash"],
        tuple(manifest["nonnegative"]), validation, selection, _part_of_total(manifest))


def _names(manifest: dict[str, Any]) -> tuple[str, ...] | None:
    return tuple(manifest["experts"]) if "experts" in manifest else None


def _part_of_total(manifest: dict[str, Any]) -> bool:
    """Models that do not tell were made when the part had to stay within a total that was never negative."""
    return bool(manifest.get("part_of_total", {TOTAL, PART} <= set(manifest["nonnegative"])))


def _instants(texts: list[str], timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, last = (pd.Timestamp(text).tz_convert(timezone) for text in texts)
    return first, last


def _tuples(sizes: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in sizes.items()}


def _damaged(folder: Path, name: str) -> BundleError:
    return BundleError(f"the model in {folder} is damaged: {name} is not what was written",
                       hint="restore the folder from a copy or train again with 'wattcast train'")
