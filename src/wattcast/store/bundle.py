"""One trained model as files: bytes by their names, wherever they are kept.

    model.safetensors             the weights
    trees.json                    the boosted trees as LightGBM's texts, one a target, if there are any
    manifest.json                 the rest: station, recipe, features, scalers, choice, span, hash of the data, metrics
    metrics.json                  the evaluation, as `wattcast train` printed it
    feature_classification.json   which features are knowable over the horizon; also as .pkl
    hyperopt_results.json         the search that its configuration comes from, if there was one

and of a fine-tuned one, besides:

    gate.json                     the comparison that decided about it
    finetune_history.json         epoch, train_loss, val_loss, lr

Other programs look for the weights as torch saves them, `bi_mamba.pth` and `bi_mamba_finetuned.pth`: these are made of
a version's (`for_other_programs`). Early ones hold both themselves. The .pth and .pkl files are read back by nothing
here: a pickle runs code.
"""

import io
import json
import pickle
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load

import wattcast
from wattcast.contracts import PART, TOTAL, Station
from wattcast.errors import BundleError
from wattcast.experts.base import Kept
from wattcast.experts.network import WEIGHTS
from wattcast.experts.shares import Selection
from wattcast.experts.table import EXPERTS
from wattcast.experts.trained import TrainedModel, by_name
from wattcast.features.pipeline import FeaturePipeline
from wattcast.manifests import digest_of
from wattcast.model.power import InputSizes
from wattcast.store.files import json_bytes, sha256
from wattcast.training.config import Recipe
from wattcast.training.record import EpochRecord
from wattcast.windows.anchors import anchor_count
from wattcast.windows.dataset import Scalers

FORMAT = 4
"""Of the layout of a version's files; another one is refused. [version]"""
MANIFEST, METRICS = "manifest.json", "metrics.json"
GATE, FINETUNE_HISTORY = "gate.json", "finetune_history.json"
IN_USE, FINETUNED = "bi_mamba.pth", "bi_mamba_finetuned.pth"
COMPATIBILITY_FILES = (IN_USE, "feature_classification.pkl", "feature_classification.json", METRICS)
"""Of the model in use, for programs that look for them in the station's folder; `FINETUNE_FILES` of the newest
fine-tuned one."""
FINETUNE_FILES = (FINETUNED, FINETUNE_HISTORY)


def bundle_files(model: TrainedModel, metrics: dict[str, Any], *, description: dict[str, Any] | None = None,
                 parent: str | None = None, search: dict[str, Any] | None = None,
                 finetune: dict[str, Any] | None = None, gate: dict[str, Any] | None = None,
                 files: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """The files of `model`, by their names.

    Args:
        model: what was fitted.
        metrics: its evaluation.
        description: how its data was described, to read such data again.
        parent: the version it was fine-tuned from.
        search: the study and trial that its recipe comes from, and that recipe's hash.
        finetune: what fine-tuning used; None for a model that was trained from the start.
        gate: the decision about it, with its numbers.
        files: more to keep beside the model: names of JSON files and what is in them.
    """
    made = {name: json_bytes(content) for name, content in (files or {}).items()}
    for expert in model.experts.values():
        made |= expert.files()
    classification = model.pipeline.classification()
    made |= {"feature_classification.json": json_bytes(classification),
             "feature_classification.pkl": pickle.dumps(classification), METRICS: json_bytes(metrics)}
    if finetune is not None:
        history = [{"epoch": record.epoch, "train_loss": record.train_loss, "val_loss": record.val_loss,
                    "lr": record.lr} for record in model.history]
        made |= {FINETUNE_HISTORY: json_bytes(history), GATE: json_bytes(gate)}
    manifest = {**_manifest(model), "description": description, "parent": parent, "search": search,
                "metrics": metrics, "finetune": finetune, "gate": gate,
                "files": {name: sha256(made[name]) for name in sorted(made)}}
    manifest["digest"] = digest_of(manifest)
    return {**made, MANIFEST: json_bytes(manifest)}


def for_other_programs(champion: Mapping[str, bytes], tuned: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """`COMPATIBILITY_FILES` and `FINETUNE_FILES`, of the files of two versions; None where there is nothing to make one
    of.

    Args:
        champion: the version in use.
        tuned: the newest fine-tuned version since, or the one in use if there is none.
    """
    files = {name: champion.get(name) for name in COMPATIBILITY_FILES} | {IN_USE: _pickled(champion)}
    history = tuned.get(FINETUNE_HISTORY)
    return {**files, FINETUNED: None if history is None else _pickled(tuned), FINETUNE_HISTORY: history}


def _pickled(files: Mapping[str, bytes]) -> bytes | None:
    """A version's weights as torch writes them; None of damaged ones, which must not keep another version from being
    put in their place. Made in memory: of a full disk torch says that it found an unexpected position."""
    with suppress(KeyError, SafetensorError):
        buffer = io.BytesIO()
        torch.save(dict(sorted(load(files[WEIGHTS]).items())), buffer)      # in one order: like ones share their room
        return buffer.getvalue()
    return None


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


def manifest_in(files: Mapping[str, bytes], place: str) -> dict[str, Any]:
    """The checked manifest among the files of a bundle; no other file is asked for.

    Args:
        files: by their names.
        place: where they are, for messages.

    Raises:
        BundleError: missing, damaged, or written by a newer version.
    """
    try:
        manifest: dict[str, Any] = json.loads(files[MANIFEST].decode("utf-8"))
    except KeyError:
        raise BundleError(f"there is no model in {place}", expected=f"a file {MANIFEST}",
                          hint="train one with 'wattcast train'") from None
    except ValueError:
        raise _damaged(place, MANIFEST) from None
    if not isinstance(manifest, dict):
        raise _damaged(place, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BundleError(f"the model in {place} has another format", found=manifest.get("format"), expected=FORMAT,
                          hint="train it again with this version of wattcast")
    if manifest.get("digest") != digest_of(manifest):
        raise _damaged(place, MANIFEST)
    return manifest


def load_bundle(files: Mapping[str, bytes], place: str) -> TrainedModel:
    """The model that is made of `files`, after every hash was checked.

    Args:
        files: by their names; each is asked for once.
        place: where they are, for messages.

    Raises:
        BundleError: missing or damaged.
    """
    manifest = manifest_in(files, place)
    checked = {name: _checked(files, name, expected, place) for name, expected in manifest["files"].items()}
    try:
        station, recipe = Station(**manifest["station"]), Recipe(**manifest["recipe"])
        sizes = InputSizes(**_tuples(manifest["sizes"]))
        if sizes.anchors != anchor_count(sizes.lags):
            raise KeyError("other anchors")
        span, validation = (_instants(manifest[name], station.timezone) for name in ("span", "validation"))
        chosen = manifest["selection"]
        selection = None if chosen is None else Selection.model_validate(chosen)
        history = tuple(EpochRecord(**record) for record in manifest["history"])
        kept = Kept(checked, place, _names(manifest), recipe, sizes, history)
        experts = by_name(expert.load(kept) for expert in EXPERTS)
    except (ValidationError, RuntimeError, TypeError, KeyError) as error:
        raise BundleError(f"the model in {place} does not fit this version of wattcast",
                          found=str(error).splitlines()[0], hint="train it again") from error
    return TrainedModel(
        station, recipe, FeaturePipeline.from_state(recipe.features, station, manifest["features"]),
        Scalers.from_state(manifest["scalers"]), experts, span, manifest["data_hash"],
        tuple(manifest["nonnegative"]), validation, selection, _part_of_total(manifest))


def _checked(files: Mapping[str, bytes], name: str, expected: str, place: str) -> bytes:
    try:
        content = files[name]
    except KeyError:
        raise _damaged(place, name) from None
    if sha256(content) != expected:
        raise _damaged(place, name)
    return content


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


def _damaged(place: str, name: str) -> BundleError:
    return BundleError(f"the model in {place} is damaged: {name} is not what was written",
                       hint="restore it from a copy or train again with 'wattcast train'")
