import copy
import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from wattcast.errors import BundleError, DataError, InputError
from wattcast.experts.trained import TrainedModel
from wattcast.manifests import digest_of
from wattcast.settings import NightlyConfig
from wattcast.store.bundle import FINETUNE_FILES
from wattcast.store.files import occupied, sha256
from wattcast.store.registry import Registry, trained_stations

SEED_FILES = {"bi_mamba.pth", "feature_classification.pkl", "feature_classification.json", "metrics.json"}

PASSED, REJECTED = ({"parent": "v0001", "finetune": {"lr": 0.1}, "gate": {"promoted": promoted}}
                    for promoted in (True, False))


def same_weights(registry: Registry, name: str, version: str) -> bool:
    """Whether a file of the station is a version's weights as torch saves them."""
    found = torch.load(registry.folder / name, weights_only=True)
    weights = load_file(registry.folder / "versions" / version / "model.safetensors")
    return found.keys() == weights.keys() and all(torch.equal(found[key], value) for key, value in weights.items())


def changed(model: TrainedModel, by: float) -> TrainedModel:
    """The model with other weights."""
    network = copy.deepcopy(model.network)
    with torch.no_grad():
        next(network.parameters()).add_(by)
    return model.with_experts(replace(model.learner, network=network))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path, "plant")


@pytest.mark.parametrize("station_id", ["", ".", "..", "a/b", "../plant", "/etc", "a\\b", "a\0b"])
def test_registry__station_ids_cannot_leave_the_folder(tmp_path, station_id: str) -> None:
    with pytest.raises(InputError, match="cannot be a folder's name"):
        Registry(tmp_path, station_id)


@pytest.mark.parametrize("station_id", ["1716387625733984256", "north mill", "站点 1", "..x", "a.b"])
def test_registry__other_station_ids_are_folders(tmp_path, station_id: str) -> None:
    assert Registry(tmp_path, station_id).folder == tmp_path / station_id


def test_empty_registry__has_nothing_and_says_so(registry) -> None:
    assert registry.versions() == []
    assert registry.champion() is None
    with pytest.raises(BundleError, match="station plant has no trained model"):
        registry.load()
    assert not registry.folder.exists()


def test_add__numbers_versions_and_promotes_none(registry, model) -> None:
    assert [registry.add(model, {"run": run}) for run in range(3)] == ["v0001", "v0002", "v0003"]
    assert [(version.name, version.aliases, version.metrics) for version in registry.versions()] == [
        ("v0001", (), {"run": 0}), ("v0002", (), {"run": 1}), ("v0003", (), {"run": 2})]
    assert registry.champion() is None
    with pytest.raises(BundleError, match="has no model 'champion'"):
        registry.load()
    assert registry.load("v0002").data_hash == model.data_hash


def test_promote__points_the_alias_and_lays_out_the_seed_document_s_files(registry, model) -> None:
    for run in range(2):
        registry.promote(registry.add(model, {"run": run}))
        assert json.loads((registry.folder / "metrics.json").read_text()) == {"run": run}
    assert registry.champion() == "v0002"
    assert [version.aliases for version in registry.versions()] == [("previous",), ("champion",)]
    assert {path.name for path in registry.folder.iterdir()} == SEED_FILES | {"registry.json", "versions", ".lock"}
    registry.promote("v0001")
    assert registry.champion() == "v0001"
    assert registry.manifest("champion")["metrics"] == {"run": 0}


def test_promote__refuses_what_is_not_there_or_damaged(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    registry.add(model, {})
    with pytest.raises(BundleError, match="has no model 'v0009'") as caught:
        registry.promote("v0009")
    assert caught.value.found == "champion, v0001, v0002"
    (registry.folder / "versions" / "v0002" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BundleError, match=r"damaged: model\.safetensors"):
        registry.promote("v0002")
    assert registry.champion() == "v0001"


def test_add__killed_before_the_registry_is_written(registry, model, monkeypatch) -> None:
    def killed(source: str | Path, target: str | Path) -> None:
        if Path(target).name == "registry.json":
            raise KeyboardInterrupt
        honest(source, target)

    registry.promote(registry.add(model, {"run": 0}))
    honest = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            registry.add(model, {"run": 1})
    assert [version.name for version in registry.versions()] == ["v0001"]
    assert registry.load().data_hash == model.data_hash
    assert registry.add(model, {"run": 2}) == "v0003"
    assert [version.metrics for version in registry.versions()] == [{"run": 0}, {"run": 2}]


@pytest.mark.parametrize("file", sorted(SEED_FILES))
def test_promote__killed_before_the_last_copy(registry, model, monkeypatch, file: str) -> None:
    def killed(source: str | Path, target: str | Path) -> None:
        if Path(target) == registry.folder / file:
            raise KeyboardInterrupt
        honest(source, target)

    registry.promote(registry.add(model, {"run": 0}))
    registry.add(model, {"run": 1})
    honest = os.replace
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            registry.promote("v0002")
    assert registry.champion() == "v0002"
    assert registry.load().data_hash == model.data_hash
    assert [path.name for path in registry.folder.rglob(".*")] == [".lock"]
    registry.promote("v0002")
    assert json.loads((registry.folder / "metrics.json").read_text()) == {"run": 1}


def test_rollback__champion_and_previous_change_places(registry, model) -> None:
    for run in range(2):
        registry.promote(registry.add(model, {"run": run}))
    assert registry.rollback() == "v0001"
    assert [version.aliases for version in registry.versions()] == [("champion",), ("previous",)]
    assert json.loads((registry.folder / "metrics.json").read_text()) == {"run": 0}
    assert registry.rollback() == "v0002"


def test_rollback__without_a_previous_one_says_so(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    with pytest.raises(BundleError, match="no previous model"):
        registry.rollback()


def test_rollback__to_a_damaged_one_changes_nothing(registry, model) -> None:
    for run in range(2):
        registry.promote(registry.add(model, {"run": run}))
    (registry.folder / "versions" / "v0001" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BundleError, match="damaged"):
        registry.rollback()
    assert registry.champion() == "v0002"


def test_candidate__is_the_newest_one_until_it_is_promoted(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    for _ in range(2):
        registry.add(model, {}, alias="candidate", parent="v0001", finetune={"lr": 0.1}, gate={"promoted": False})
    assert [version.aliases for version in registry.versions()] == [("champion",), (), ("candidate",)]
    assert registry.promote("candidate") == "v0003"
    assert [version.aliases for version in registry.versions()] == [("previous",), (), ("champion",)]
    assert registry.manifest("champion")["gate"] == {"promoted": False}


def test_fine_tuned_champion__has_the_files_that_other_programs_know(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    tuned = registry.add(changed(model, 1.0), {}, parent="v0001", finetune={"lr": 0.1}, gate={"promoted": True})
    registry.promote(tuned)
    history = json.loads((registry.folder / "finetune_history.json").read_text())
    assert [set(entry) for entry in history] == [{"epoch", "train_loss", "val_loss", "lr"}] * len(model.history)
    assert same_weights(registry, "bi_mamba_finetuned.pth", tuned)
    assert (registry.folder / "bi_mamba_finetuned.pth").samefile(registry.folder / "bi_mamba.pth")
    registry.rollback()
    assert not (registry.folder / "bi_mamba_finetuned.pth").samefile(registry.folder / "bi_mamba.pth")
    assert all((registry.folder / name).exists() for name in FINETUNE_FILES)
    registry.promote(registry.add(model, {}))
    assert not any((registry.folder / name).exists() for name in FINETUNE_FILES)


def test_fine_tuned_version__that_was_rejected_is_there_for_other_programs_too(registry, model) -> None:
    registry.promote(registry.add(model, {"run": 0}))
    for run in (1, 2):
        tuned = registry.add(changed(model, float(run)), {"run": run}, **REJECTED)
        assert same_weights(registry, "bi_mamba_finetuned.pth", tuned)
        assert (registry.folder / "finetune_history.json").read_bytes() == (
            registry.folder / "versions" / tuned / "finetune_history.json").read_bytes()
        assert registry.champion() == "v0001"
        assert json.loads((registry.folder / "metrics.json").read_text()) == {"run": 0}
        assert same_weights(registry, "bi_mamba.pth", "v0001")
        assert not same_weights(registry, "bi_mamba.pth", tuned)


def as_early_versions(registry: Registry, name: str, *, finetuned: bool) -> None:
    """Let a version be as the program wrote it once: with the weights as torch saves them, among what has a hash."""
    folder = registry.folder / "versions" / name
    manifest = json.loads((folder / "manifest.json").read_text())
    for each in ("bi_mamba.pth", "bi_mamba_finetuned.pth")[:1 + finetuned]:
        torch.save(load_file(folder / "model.safetensors"), folder / each)
        manifest["files"][each] = sha256((folder / each).read_bytes())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "digest": digest_of(manifest)}))


def test_version_of_an_early_program__is_checked_used_and_fine_tuned_as_others(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    as_early_versions(registry, "v0001", finetuned=False)
    registry.promote(registry.add(changed(model, 1.0), {}, **PASSED))
    as_early_versions(registry, "v0002", finetuned=True)
    registry.promote(registry.add(changed(model, 2.0), {}, **{**PASSED, "parent": "v0002"}))
    for champion, before in (("v0002", registry.rollback), ("v0001", lambda: registry.promote("v0001"))):
        assert before() == registry.champion() == champion
        assert registry.load().data_hash == model.data_hash
        assert same_weights(registry, "bi_mamba.pth", champion)
        assert same_weights(registry, "bi_mamba_finetuned.pth", "v0003")
    (registry.folder / "versions" / "v0002" / "bi_mamba.pth").write_bytes(b"broken")
    with pytest.raises(BundleError, match=r"damaged: bi_mamba\.pth"):
        registry.promote("v0002")


def test_champion_that_is_damaged__keeps_no_other_from_its_place(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    (registry.folder / "versions" / "v0001" / "model.safetensors").write_bytes(b"broken")
    registry.promote(registry.add(changed(model, 1.0), {}))
    assert registry.champion() == "v0002"
    assert same_weights(registry, "bi_mamba.pth", "v0002")


def test_fine_tuned_version__shares_what_is_its_parent_s(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    registry.add(model, {}, **PASSED)
    registry.add(changed(model, 1.0), {}, **PASSED)
    parent, same, other = (registry.folder / "versions" / f"v000{number}" / "model.safetensors" for number in (1, 2, 3))
    assert same.samefile(parent)
    assert not other.samefile(parent)
    shutil.rmtree(parent.parent)
    assert registry.load("v0002").data_hash == model.data_hash


def test_fourteen_nights__that_fine_tune_each_make_a_station_grow_no_more_once_versions_are_pruned(registry,
                                                                                                    model) -> None:
    """What a night of fine-tuning leaves in the folder, apart from rows and forecasts: nothing."""
    registry.promote(registry.add(model, {"run": 0}))
    sizes = []
    for night in range(1, 15):
        promoted = registry.champion()
        tuned = registry.add(changed(model, float(night)), {"run": night}, **{**PASSED, "parent": promoted})
        registry.promote(tuned)
        registry.prune(NightlyConfig().keep_versions)
        sizes.append(occupied(path for path in registry.folder.rglob("*") if path.is_file()))
        assert {registry.champion(), promoted} <= {version.name for version in registry.versions()}
    kept = NightlyConfig().keep_versions
    assert max(sizes[kept:]) - min(sizes[kept:]) < 500      # some digits
    assert registry.rollback() == promoted


def test_rejected_versions__the_last_three_are_kept_and_all_that_are_needed(registry, model) -> None:
    registry.promote(registry.add(model, {}))                                                       # v0001
    registry.promote(registry.add(model, {}, **PASSED))                                             # v0002
    for _ in range(2):
        registry.add(model, {}, **REJECTED)                                                         # v0003, v0004
    registry.add(model, {}, **{**PASSED, "parent": "v0003"})                                        # v0005, a child
    registry.promote("v0004")           # against the gate's advice, and back again
    registry.promote("v0002")
    registry.promote("v0005")
    names = [registry.add(model, {}, alias="candidate", **REJECTED) for _ in range(5)]
    assert names == ["v0006", "v0007", "v0008", "v0009", "v0010"]
    kept = ["v0001", "v0002", "v0003", "v0004", "v0005", "v0008", "v0009", "v0010"]
    assert [version.name for version in registry.versions()] == kept
    assert sorted(path.name for path in (registry.folder / "versions").iterdir()) == kept
    assert registry.add(model, {}) == "v0011"
    assert registry.rejected("v0001")["digest"] == registry.manifest("v0010")["digest"]
    assert registry.rejected("v0005") is None


def test_rejected_versions__a_damaged_one_is_in_nobody_s_way(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    for _ in range(2):
        registry.add(model, {}, **REJECTED)
    (registry.folder / "versions" / "v0002" / "manifest.json").write_text("{")
    assert [registry.add(model, {}, **REJECTED) for _ in range(3)][-1] == "v0006"
    assert {path.name for path in (registry.folder / "versions").iterdir()} == {
        "v0001", "v0002", "v0004", "v0005", "v0006"}


def test_promote__only_if_the_champion_is_the_expected_one(registry, model) -> None:
    for _ in range(3):
        registry.add(model, {})
    registry.promote("v0001")
    assert registry.promote("v0002", expected="v0001") == "v0002"
    with pytest.raises(BundleError, match="got another champion in the meantime") as caught:
        registry.promote("v0003", expected="v0001")
    assert (caught.value.found, caught.value.expected) == ("v0002", "v0001")
    assert [version.aliases for version in registry.versions()] == [("previous",), ("champion",), ()]


def test_promote__of_a_station_that_is_not_there_makes_no_folder(registry) -> None:
    for change in (lambda: registry.promote("v0001"), registry.rollback):
        with pytest.raises(BundleError):
            change()
    assert not registry.folder.exists()


def test_change__where_nothing_may_be_written(registry, model, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    registry.promote(registry.add(model, {}))
    registry.add(model, {})
    before = {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(FileLock, "acquire", refuse)
    for change in (lambda: registry.add(model, {}), lambda: registry.promote("v0002")):
        with pytest.raises(DataError, match=f"cannot write to {registry.folder}") as caught:
            change()
        assert caught.value.found == "Read-only file system"
    assert registry.load().data_hash == model.data_hash
    assert {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("size", [0, 100, 3000, 20_000, None])
def test_add__on_a_full_disk_leaves_nothing_and_says_what_to_do(registry, model, files_of_at_most,
                                                                size: int | None) -> None:
    registry.promote(registry.add(model, {}))
    if size is None:        # the version fits, but not the larger file that torch makes of its weights
        size = (registry.folder / "versions" / "v0001" / "model.safetensors").stat().st_size
    before = {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()}
    with files_of_at_most(size), pytest.raises(DataError, match="cannot write") as caught:
        registry.add(model, {}, **REJECTED)
    assert str(registry.folder) in str(caught.value)
    assert "make room on the disk" in caught.value.hint
    assert registry.champion() == "v0001"
    assert {path: path.read_bytes() for path in registry.folder.rglob("*")
            if path.is_file() and path.name != ".lock"} == {
        path: content for path, content in before.items() if path.name != ".lock"}
    assert sorted(path.name for path in (registry.folder / "versions").iterdir()) == ["v0001"]


@pytest.mark.parametrize("name", ["registry.json", "bi_mamba.pth", "metrics.json"])
def test_change__on_a_disk_that_is_full_for_one_file_leaves_all_as_it_was(registry, model, monkeypatch,
                                                                          name: str) -> None:
    def full(path: Path) -> None:
        # Of a version itself there is room for all files.
        if path.name.startswith(f".{name}."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    honest, write = Path.write_bytes, Path.write_text
    registry.promote(registry.add(model, {"run": 0}))
    registry.add(model, {"run": 1})
    before = {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", lambda path, content: full(path) or honest(path, content))
        patch.setattr(Path, "write_text", lambda path, *given, **named: full(path) or write(path, *given, **named))
        for change in (lambda: registry.promote("v0002"), lambda: registry.add(model, {})):
            with pytest.raises(DataError, match="cannot write") as caught:
                change()
            assert "make room on the disk" in caught.value.hint
    after = {path: path.read_bytes() for path in registry.folder.rglob("*") if path.is_file()}
    assert {path: content for path, content in after.items() if path.name != ".lock"} == {
        path: content for path, content in before.items() if path.name != ".lock"}


def test_next_change__mends_copies_and_removes_what_a_kill_left(registry, model) -> None:
    registry.promote(registry.add(model, {"run": 0}))
    (registry.folder / "metrics.json").unlink()
    old, young = (registry.folder / "versions" / f".v0009.{digits}" for digits in ("1a2b3c4d", "5e6f7a8b"))
    for path in (old, young):
        path.mkdir()
    os.utime(old, (0, 0))
    registry.add(model, {"run": 1})
    assert json.loads((registry.folder / "metrics.json").read_text()) == {"run": 0}
    assert not old.exists()
    assert young.exists()


def test_trained_stations__are_folders_with_a_registry(registry, model, tmp_path) -> None:
    assert trained_stations(tmp_path) == ()
    registry.add(model, {})
    (tmp_path / "other").mkdir()
    assert trained_stations(tmp_path) == ("plant",)


def test_add__passes_over_folders_that_are_no_versions(registry, model) -> None:
    registry.add(model, {})
    for name in ("v0001.bak", "vault", ".v0002.1a2b3c4d"):
        (registry.folder / "versions" / name).mkdir()
    assert registry.add(model, {}) == "v0002"


def test_load__a_version_of_another_station(registry, model) -> None:
    stranger = replace(model, station=model.station.model_copy(update={"id": "harbour"}))
    registry.promote(registry.add(stranger, {}))
    with pytest.raises(BundleError, match="trained for another station") as caught:
        registry.load()
    assert (caught.value.found, caught.value.expected) == ("harbour", "plant")


def test_prune__removes_the_files_too_and_says_how_much(registry, model) -> None:
    registry.promote(registry.add(model, {}))
    for _ in range(3):
        registry.promote(registry.add(model, {}, **PASSED))
    sizes = {version.name: version.size for version in registry.versions()}
    for name, size in sizes.items():
        files = [path.stat() for path in (registry.folder / "versions" / name).iterdir()]
        assert size == sum({each.st_ino: each.st_size for each in files}.values())
    assert registry.prune(4) == {}
    assert registry.prune(1) == {"v0002": sizes["v0002"]}     # v0001 is what the champion was fine-tuned from
    assert [version.name for version in registry.versions()] == ["v0001", "v0003", "v0004"]
    assert sorted(path.name for path in (registry.folder / "versions").iterdir()) == ["v0001", "v0003", "v0004"]
    assert registry.rollback() == "v0003"


def test_prune__of_a_station_that_is_not_there_makes_no_folder(registry) -> None:
    assert registry.prune(1) == {}
    assert not registry.folder.exists()


def test_prune__killed_after_the_registry_was_written_leaves_files_for_the_next_one(registry, model,
                                                                                    monkeypatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        registry.promote(registry.add(model, {}))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            registry.prune(1)
    assert [version.name for version in registry.versions()] == ["v0002", "v0003"]
    registry.load()
    assert list(registry.prune(1)) == ["v0001"]
    assert not (registry.folder / "versions" / "v0001").exists()
