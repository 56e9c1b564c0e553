"""Several processes at the models of one station: nothing is lost, and nobody waits for the dead."""

import json
import random
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from processes import Started, started

from wattcast.errors import BundleError
from wattcast.store.disk_station import HISTORY
from wattcast.store.history import load_history
from wattcast.store.registry import Registry

QUICK = ("--set", "training.epochs=1", "--set", "training.batches_per_epoch=1", "--set", "finetune.finetune_epochs=1",
         "--set", "finetune.finetune_batches=1")
TOLERANT = ("--set", "finetune.gate_margin=0", "--set", "finetune.guard_tolerance=99", "--set",
            "finetune.coverage_tolerance=1")
def changes(models: Path, name: str, rounds: int) -> None:
    """Add a version, make it the champion if that is still who it was before, and now and then go back."""
    registry, choose = Registry(models, "plant"), random.Random(name)
    model = registry.load("v0001")
    for run in range(rounds):
        seen = registry.champion()
        made = registry.add(model, {"who": name, "run": run})
        print("added", made)
        try:
            registry.promote(made, expected=seen)
            print("promoted", seen, made)
        except BundleError as error:
            print("refused:", error.what)
        if choose.random() < 0.3:
            print("back", registry.rollback())


def verb(models: Path, *words: object) -> Started:
    return started((*words, "--models-dir", models))


def test_many_changes_at_once__no_version_and_no_alias_is_lost(models: Path) -> None:
    rounds = 5
    with ExitStack() as stack:
        processes = [stack.enter_context(Started(changes, models, name, rounds)) for name in ("a", "b", "c")]
        told = [process.ended() for process in processes]
    assert [(code, errors) for code, _, errors in told] == [(0, "")] * 3
    lines = [line.split() for _, out, _ in told for line in out.splitlines()]
    refused = [" ".join(words[1:]) for words in lines if words[0] == "refused:"]
    assert set(refused) <= {"station plant got another champion in the meantime"}
    added = [words[1] for words in lines if words[0] == "added"]
    registry = Registry(models, "plant")
    versions = registry.versions()
    assert sorted(added) == [version.name for version in versions[1:]]
    assert len(set(added)) == 3 * rounds
    assert Counter(version.metrics["who"] for version in versions[1:]) == dict.fromkeys("abc", rounds)
    aliases = {alias: version.name for version in versions for alias in version.aliases}
    assert set(aliases) == {"champion", "previous"}
    assert aliases["champion"] != aliases["previous"]
    for version in versions:
        registry.load(version.name)
    assert json.loads((registry.folder / "metrics.json").read_text()) == registry.manifest("champion")["metrics"]
    promoted = [(words[1], words[2]) for words in lines if words[0] == "promoted"]
    assert promoted
    # Who is taken for the champion is it: each is once, and once more by each way back, and each time replaced once.
    back = [words[1] for words in lines if words[0] == "back"]
    assert not Counter(before for before, _ in promoted) - Counter(["v0001", *(made for _, made in promoted), *back])


@pytest.mark.slow
def test_every_verb_at_once__all_end_well(cli, plant: Path, tiny: tuple[str, ...], place: Path) -> None:
    models = place / "models"
    assert cli("train", "--data", plant, *tiny, *QUICK, "--until", "2025-04-01 00:00").code == 0
    at_once = [("train", "--data", plant, *tiny, *QUICK, "--set", "training.seed=1", "--until", "2025-04-01 00:00"),
               *(("finetune", "--data", plant, *QUICK, *TOLERANT, "--set", f"finetune.replay_share={share}")
                 for share in (0.5, 0.6)), ("models", "promote", "v0001", "--station", "plant")]
    with ExitStack() as stack:
        processes = [stack.enter_context(verb(models, *words)) for words in at_once]
        told = [process.ended() for process in processes]
    for words, (code, out, errors) in zip(at_once, told, strict=True):
        # Who was compared with a champion that is none any more is rejected for that, not promoted.
        rejected = words[0] == "finetune" and "as the champion" not in out
        assert code == (3 if rejected else 0), errors
        assert "Traceback" not in errors
    registry = Registry(models, "plant")
    versions = registry.versions()
    assert [version.name for version in versions] == ["v0001", "v0002", "v0003", "v0004"]
    manifests = [registry.manifest(version.name) for version in versions]
    assert Counter(manifest["parent"] is None for manifest in manifests) == {True: 2, False: 2}
    assert registry.load().station.id == "plant"
    history = load_history(registry.folder / HISTORY, registry.load().station)
    assert history is not None
    assert str(history.end) == "2025-04-30 00:00:00+08:00"
    assert not (registry.folder / "training").exists()


def test_same_training_twice_at_once__the_second_says_so_and_harms_nothing(cli, plant, tiny, place: Path) -> None:
    flags = ("--data", plant, *tiny, "--set", "training.epochs=500", "--set", "training.patience=500")
    with verb(place / "models", "train", *flags) as first:
        first.read_until("epoch 2/")
        second = cli("train", *flags)
        assert (first.running, second.code) == (True, 1)
        assert "the same training is being done by another process" in second.err
        assert f"process {first.pid} on " in second.err
        first.kill()
    assert list((place / "models").rglob("last.ckpt"))
    assert not list((place / "models").rglob("manifest.json"))


def test_lock_of_a_process_that_died__is_in_nobody_s_way(cli, models: Path) -> None:
    (models / "plant" / ".lock").write_text("process 1 on a computer that is gone, since 2025-01-01 00:00:00\n")
    begun = time.monotonic()
    assert cli("models", "promote", "v0001", "--station", "plant").code == 0
    assert time.monotonic() - begun < 60


def test_read_only_models__forecast_and_are_not_updated(cli, models: Path, plant: Path, place: Path) -> None:
    locks = models / "plant" / ".lock"
    locks.unlink(missing_ok=True)
    locks.mkdir()       # nothing can take this for its lock
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    for flags in (("--if-needed",), ()):
        done = cli("finetune", "--data", plant, *QUICK, *flags)
        assert done.code == 2
        assert "cannot write to models/plant" in done.err
        assert "Traceback" not in done.err
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before
    assert cli("forecast", "--data", plant).code == 0
    shutil.rmtree(locks)
    assert (place / "forecast.csv").exists()
