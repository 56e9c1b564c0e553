import io
import json
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from wattcast.errors import BundleError, DataError
from wattcast.experts.trained import TrainedModel
from wattcast.experts.trees import TreesExpert
from wattcast.manifests import digest_of
from wattcast.store.bundle import bundle_files, for_other_programs, load_bundle
from wattcast.store.bundle_folder import FolderFiles, load_folder, read_manifest, save_folder, write_folder
from wattcast.training.boosting import StepTrees, Trees

METRICS = {"targets": {"total_active_power": {"overall": {"mae": 12.5, "nmae": None}}}}


@pytest.fixture
def folder(model: TrainedModel, tmp_path: Path) -> Path:
    """A bundle to look at and to damage."""
    save_folder(tmp_path / "v0001", model, METRICS)
    return tmp_path / "v0001"


def test_load__gives_back_what_was_saved(model, folder) -> None:
    again = load_folder(folder)
    assert again.station == model.station
    assert again.recipe == model.recipe
    assert (again.span, again.data_hash, again.nonnegative) == (model.span, model.data_hash, model.nonnegative)
    assert again.history == model.history
    assert again.selection == model.selection is not None
    assert again.pipeline.state() == model.pipeline.state()
    assert again.pipeline.known_names == model.pipeline.known_names
    for kind in ("targets", "known", "past"):
        for part in ("center", "scale"):
            one, other = (getattr(getattr(each.scalers, kind), part) for each in (model, again))
            np.testing.assert_array_equal(one, other)
    assert again.network.sizes == model.network.sizes
    assert not again.network.training
    weights = model.network.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in again.network.state_dict().items())


def test_load__a_model_that_does_not_tell_keeps_the_part_within_a_total_that_was_never_negative(folder) -> None:
    for nonnegative, expected in ((["total_active_power", "not_use_power"], True), (["not_use_power"], False)):
        older = {**json.loads((folder / "manifest.json").read_text()), "nonnegative": nonnegative}
        older.pop("part_of_total", None)
        older["station"].pop("limits", None)
        older["digest"] = digest_of(older)
        (folder / "manifest.json").write_text(json.dumps(older))
        assert load_folder(folder).part_of_total is expected


def test_load__keeps_whether_the_part_stays_within_the_total(model, folder) -> None:
    for told in (True, False):
        place = folder.with_name(f"told_{told}")
        save_folder(place, replace(model, part_of_total=told), METRICS)
        assert load_folder(place).part_of_total is told


def test_trees__come_back_as_they_were(model, folder) -> None:
    assert "trees" not in load_folder(folder).experts
    trees = Trees(StepTrees(("tree one", "tree two")), StepTrees(("tree three", "tree four")))
    save_folder(folder.with_name("v0002"), model.with_experts(TreesExpert(trees=trees)), METRICS)
    assert load_folder(folder.with_name("v0002")).experts["trees"] == TreesExpert(trees=trees)
    (folder.with_name("v0002") / "trees.json").write_text('["another"]')
    with pytest.raises(BundleError, match=r"trees\.json"):
        load_folder(folder.with_name("v0002"))


def test_manifest__holds_what_a_person_asks_for(model, folder) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == read_manifest(folder)
    assert manifest["station"]["id"] == "plant"
    assert manifest["metrics"] == METRICS == json.loads((folder / "metrics.json").read_text())
    assert manifest["roles"]["temperature"] == "known_future"
    assert manifest["roles"]["total_active_power"] == "target"
    assert manifest["span"] == [time.isoformat() for time in model.span]
    assert manifest["data_hash"] == model.data_hash
    assert manifest["recipe_hash"] == model.recipe.recipe_hash()
    assert {"wattcast", "torch", "python"} <= set(manifest["code"])
    assert set(manifest["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}


def test_load__runs_nothing_from_the_files_for_other_programs(model, folder, monkeypatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a pickle was read")

    for module, name in ((pickle, "load"), (pickle, "loads"), (torch, "load")):
        monkeypatch.setattr(module, name, forbidden)
    assert load_folder(folder).station == model.station


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_save__leaves_nothing_when_the_last_step_fails(model, tmp_path, monkeypatch, error: BaseException) -> None:
    def fail(source: str | Path, target: str | Path) -> None:
        if Path(target).name == "v0007":
            raise error
        honest(source, target)

    honest = os.replace
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(DataError if isinstance(error, OSError) else KeyboardInterrupt):
        save_folder(tmp_path / "v0007", model, METRICS)
    assert not list(tmp_path.iterdir())


def test_save__never_overwrites_a_version(model, folder) -> None:
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(DataError, match=f"cannot write the model to {folder}"):
        save_folder(folder, replace(model, data_hash="another"), METRICS)
    assert (folder / "manifest.json").read_bytes() == before
    assert list(folder.parent.iterdir()) == [folder]


def test_load__nothing_there(tmp_path) -> None:
    with pytest.raises(BundleError, match="there is no model in"):
        load_folder(tmp_path / "v0001")


@pytest.mark.parametrize(("key", "value"), [
    ("nonnegative", ["total_active_power"]), ("data_hash", "0" * 16), ("span", ["2020-01-01T00:00:00+08:00"] * 2),
    ("scalers", {}), ("files", {}), ("digest", "0" * 64),
])
def test_load__a_manifest_edited_by_hand_is_damaged(folder, key: str, value: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest[key] != value
    path.write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(BundleError, match=r"damaged: manifest\.json"):
        load_folder(folder)


def test_load__formatting_of_the_manifest_does_not_matter(model, folder) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert load_folder(folder).data_hash == model.data_hash


def test_load__moved_elsewhere_it_is_the_same_model(model, folder, tmp_path) -> None:
    moved = Path(shutil.move(folder, tmp_path / "elsewhere"))
    assert load_folder(moved).data_hash == model.data_hash


def test_files__are_the_same_bytes_in_a_folder_and_in_memory(model, folder) -> None:
    files = dict(FolderFiles(folder))
    assert set(files) == {path.name for path in folder.iterdir()}
    made = bundle_files(model, METRICS)
    assert {name: content for name, content in made.items() if name != "manifest.json"} == {
        name: content for name, content in files.items() if name != "manifest.json"}
    manifests = [json.loads(each["manifest.json"]) for each in (made, files)]
    assert list(manifests[0]) == list(manifests[1])
    assert manifests[0]["files"] == manifests[1]["files"]
    assert FolderFiles(folder).size == sum(map(len, files.values()))


def test_load__from_memory_is_the_same_model_and_names_its_place(model) -> None:
    files = bundle_files(model, METRICS)
    assert load_bundle(files, "anywhere").data_hash == model.data_hash
    for name in ("model.safetensors", "manifest.json", "feature_classification.pkl"):
        with pytest.raises(BundleError, match=f"the model in anywhere is damaged: {name}"):
            load_bundle({**files, name: files[name] + b" broken"}, "anywhere")
    with pytest.raises(BundleError, match=r"damaged: metrics\.json"):
        load_bundle({name: content for name, content in files.items() if name != "metrics.json"}, "anywhere")
    with pytest.raises(BundleError, match="there is no model in anywhere"):
        load_bundle({}, "anywhere")


def test_folder_files__a_name_that_is_no_file_is_not_there(tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    files = FolderFiles(tmp_path)
    assert not {"folder", "absent", "folder/absent"} & {name for name in ("folder", "absent", "folder/absent")
                                                        if name in files}
    assert (list(files), files.size) == ([], 0)


def test_files__hold_the_weights_once(model) -> None:
    files = bundle_files(model, METRICS, finetune={}, gate={"promoted": True})
    weights = sum(value.numel() * value.element_size() for value in model.network.state_dict().values())
    assert [name for name, content in files.items() if len(content) > weights] == ["model.safetensors"]
    assert not [name for name in files if name.endswith(".pth")]


def test_for_other_programs__of_damaged_weights_there_are_none(model) -> None:
    files = bundle_files(model, METRICS, finetune={}, gate={"promoted": True})
    for damaged in ({**files, "model.safetensors": files["model.safetensors"][:100]},
                    {name: content for name, content in files.items() if name != "model.safetensors"}):
        made = for_other_programs(damaged, files)
        assert made["bi_mamba.pth"] is None
        assert made["metrics.json"] == files["metrics.json"]
        assert torch.load(io.BytesIO(made["bi_mamba_finetuned.pth"]), weights_only=True)


@pytest.mark.parametrize("linked", [True, False])
def test_write__what_lies_elsewhere_already_takes_its_room_once(model, folder, monkeypatch, *, linked: bool) -> None:
    def refused(*_: object) -> None:
        raise OSError("a file system without links")

    if not linked:
        monkeypatch.setattr(os, "link", refused)
    other = folder.with_name("v0002")
    write_folder(other, bundle_files(model, {"mae": 1.0}, parent="v0001"), like=folder)
    same = {path.name for path in other.iterdir() if path.samefile(folder / path.name)}
    assert ("model.safetensors" in same) is linked
    assert not {"manifest.json", "metrics.json"} & same
    shutil.rmtree(folder)
    assert load_folder(other).data_hash == model.data_hash
