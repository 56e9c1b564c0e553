"""`wattcast finetune`: new rows in, a candidate and the gate's decision out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from wattcast.cli import main
from wattcast.data.schema import StationData
from wattcast.store.disk import DiskStore
from wattcast.workflows.job import Job

STATION = "north"
TRAINED_DAYS, ALL_DAYS = 40, 61
QUICK = ("--set", "finetune.finetune_epochs=3", "--set", "finetune.finetune_batches=2")
ANY = (*QUICK, "--set", "finetune.gate_margin=0", "--set", "finetune.guard_tolerance=9")


@pytest.fixture(scope="module")
def tables(seed_table: Callable[..., pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What the first model is trained on, and the rows that come in afterwards."""
    whole = seed_table(STATION, days=ALL_DAYS)
    first = TRAINED_DAYS * 96
    return {"old": whole.iloc[:first], "new": whole.iloc[first:], "all": whole}


@pytest.fixture(scope="module")
def trained(tables, tiny: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finetune")
    tables["old"].to_csv(folder / "old.csv", index=False)
    assert main(["train", "--data", str(folder / "old.csv"), "--models-dir", str(folder / "models"), *tiny]) == 0
    return folder / "models"


@pytest.fixture
def north(trained: Path, tables, place: Path) -> Path:
    """The station's folder in a copy of the models, beside the tables."""
    for name, table in tables.items():
        table.to_csv(place / f"{name}.csv", index=False)
    return Path(shutil.copytree(trained, place / "models")) / STATION


def gate_of(folder: Path) -> dict:
    return json.loads((folder / "gate.json").read_text())


def judged(done, folder: Path, version: str = "v0002") -> bool:
    """Whether the gate let the candidate of a command pass; its exit code and the registry agree with that."""
    told = gate_of(folder)
    promoted = told["gate"]["promoted"]
    assert (told["version"], (folder / "versions" / version / "manifest.json").exists()) == (version, True)
    assert done.code == (0 if promoted else 3)
    champion = json.loads((folder / "registry.json").read_text())["aliases"]["champion"]
    assert champion == told["champion"] == (version if promoted else told["parent"])
    return promoted


def test_new_rows_alone__are_enough(cli, north: Path) -> None:
    done = cli("finetune", "--data", "new.csv", *QUICK)
    promoted = judged(done, north)
    words = " ".join(done.out.split())
    for told in (f"{(ALL_DAYS - TRAINED_DAYS) * 96} new rows", "against champion", "gate, error:", "gate, forgetting:",
                 "the champion after 3 epochs"):
        assert told in words
    assert ("v0001 stays the champion" in words) is not promoted
    assert [line.split(":")[0] for line in done.err.splitlines() if line.startswith("epoch")] == [
        "epoch 1/3", "epoch 2/3", "epoch 3/3"]
    folder = north / "versions" / "v0002"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["parent"] == "v0001"
    assert manifest["finetune"]["settings"]["finetune_epochs"] == 3
    assert manifest["finetune"]["lr"] == pytest.approx(5e-4)
    # The candidate was never fitted on the newest days.
    assert manifest["span"] == ["2025-03-01T00:00:00+08:00", "2025-04-23T23:45:00+08:00"]
    assert manifest["gate"] == json.loads((folder / "gate.json").read_text()) == gate_of(north)["gate"]
    history = json.loads((folder / "finetune_history.json").read_text())
    assert [entry["epoch"] for entry in history] == [1, 2, 3]
    assert set(history[0]) == {"epoch", "train_loss", "val_loss", "lr"}


def test_frozen_layers__are_the_champion_s_bit_for_bit_and_the_rest_has_learnt(cli, north: Path) -> None:
    done = cli("finetune", "--data", "new.csv", *QUICK, "--set", "finetune.freeze_backbone_layers=1", "--set",
               "finetune.freeze=['embed_past.*']")
    judged(done, north)
    old, new = (load_file(north / "versions" / version / "model.safetensors") for version in ("v0001", "v0002"))
    frozen = [name for name in old if name.startswith(("members.0.encoder.layers.0.", "members.0.embed_past."))]
    assert len(frozen) > 5
    assert all(torch.equal(old[name], new[name]) for name in frozen)
    learnt = ("members.0.head.out.weight", "members.0.decode.weight")
    assert not any(torch.equal(old[name], new[name]) for name in learnt)
    assert json.loads((north / "versions/v0002/manifest.json").read_text())["finetune"]["frozen"]


def test_whole_history_and_until__come_to_the_same_as_new_rows(cli, north: Path, place: Path) -> None:
    shutil.copytree(north.parent, place / "other")
    promoted = judged(cli("finetune", "--data", "new.csv", *QUICK), north)
    late = pd.read_csv("all.csv")
    late = pd.concat([late, late.tail(96).assign(ts=pd.date_range("2025-05-01", periods=96, freq="15min"))])
    late.to_csv("longer.csv", index=False)
    done = cli("finetune", "--data", "longer.csv", "--until", "2025-05-01 00:00", "--models-dir", "other", *QUICK)
    assert judged(done, place / "other" / STATION) == promoted
    one, two = (load_file(models / STATION / "versions/v0002/model.safetensors")
                for models in (place / "models", place / "other"))
    assert one.keys() == two.keys() != set()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_promotion_and_rollback__switch_what_forecasts(cli, north: Path, place: Path) -> None:
    def forecast() -> bytes:
        assert cli("forecast", "--data", "all.csv", "--out", "made.csv").code == 0
        return (place / "made.csv").read_bytes()

    before = forecast()
    if not judged(cli("finetune", "--data", "new.csv", *ANY), north):
        assert forecast() == before
        assert cli("models", "promote", "candidate", "--station", STATION).out == "north: v0002 is the champion\n"
    assert forecast() != before
    assert (north / "bi_mamba_finetuned.pth").exists()
    listed = json.loads(cli("models", "list", "--station", STATION, "--json").out)
    assert [(each["name"], each["aliases"]) for each in listed] == [("v0001", ["previous"]), ("v0002", ["champion"])]
    assert "v0001 is the champion again" in cli("models", "rollback", "--station", STATION).out
    assert forecast() == before
    assert (north / "bi_mamba_finetuned.pth").exists()
    assert cli("models", "rollback", "--station", STATION).code == 0
    assert cli("models", "promote", "v0009", "--station", STATION).code == 2


POISONS = {
    "1000 times": lambda x: 1000 * x, "shifted": lambda x: np.roll(x, 12), "constant": lambda x: 0 * x + 700,
    "a week of constants": lambda x: np.where(np.arange(len(x)) < len(x) - 672, x, 700.0),
}


@pytest.fixture
def poisoned(place: Path) -> Callable[[str], str]:
    """The new rows, spoilt in a way of `POISONS`."""
    def write(poison: str) -> str:
        table = pd.read_csv(place / "new.csv")
        table["total_active_power"] = POISONS[poison](table["total_active_power"].to_numpy())
        table["not_use_power"] = 0.6 * table["total_active_power"]
        table.to_csv(place / "poisoned.csv", index=False)
        return "poisoned.csv"
    return write


@pytest.mark.parametrize("poison", POISONS)
def test_poisoned_rows__are_rejected_and_change_nothing(cli, north: Path, poisoned, poison: str) -> None:
    def kept() -> dict[Path, bytes]:
        """All of the station but for what was decided, and who had the lock."""
        return {path: path.read_bytes() for path in north.rglob("*")
                if path.is_file() and path.name not in ("gate.json", ".lock")}

    before = kept()
    done = cli("finetune", "--data", poisoned(poison), *ANY)
    assert done.code == 3
    assert "v0001 stays the champion" in done.out
    assert gate_of(north)["gate"]["promoted"] is False
    assert gate_of(north)["gate"]["reasons"]
    # What was rejected as wrong is not kept, nor is a version made of it.
    assert kept() == before


def test_poisoned_rows__the_right_ones_can_be_given_instead(cli, north: Path, place: Path, poisoned) -> None:
    def forecast() -> bytes:
        assert cli("forecast", "--data", "old.csv", "--out", "made.csv", "--dry-run").code == 0
        return (place / "made.csv").read_bytes()

    before = forecast()
    assert cli("finetune", "--data", poisoned("a week of constants"), *ANY).code == 3
    assert forecast() == before
    judged(cli("finetune", "--data", "new.csv", *QUICK, "--json"), north)


def test_rewritten_history__is_refused(cli, north: Path, tables) -> None:
    for column in ("total_active_power", "not_use_power"):
        tables["all"].assign(**{column: 1000 * tables["all"][column]}).to_csv("wrong.csv", index=False)
        done = cli("finetune", "--data", "wrong.csv", *ANY)
        assert done.code == 3
        assert "of the older rows would be changed" in done.out
    shutil.rmtree(north / "history")
    done = cli("finetune", "--data", "wrong.csv", *ANY)
    assert done.code == 3
    assert "the older rows are not those that the model was trained on" in done.out
    assert not (north / "versions" / "v0002").exists()


@pytest.mark.usefixtures("north")
def test_late_and_corrected_rows__are_counted_and_told(cli, tables) -> None:
    table = tables["all"].iloc[(TRAINED_DAYS - 1) * 96:].copy()
    table.iloc[:4, 2] += 11
    table.to_csv("corrected.csv", index=False)
    done = cli("finetune", "--data", "corrected.csv", *QUICK)
    assert "note: 4 rows between 2025-04-09 00:00 and 2025-04-09 00:45 were corrected" in done.out


def test_too_few_new_rows__keep_the_champion_and_are_kept_for_later(cli, north: Path, tables) -> None:
    tables["new"].iloc[:96].to_csv("day.csv", index=False)
    done = cli("finetune", "--data", "day.csv", *QUICK)
    assert done.code == 3
    assert "too few new rows" in done.out
    nightly = cli("finetune", "--data", "day.csv", *QUICK, "--if-needed")
    assert nightly.code == 0
    assert "too few new rows to fine-tune on: 8.0 days, needed are 2 days to learn from" in nightly.out
    assert "no update is due; v0001 stays the champion" in nightly.out
    tables["new"].iloc[96:].to_csv("rest.csv", index=False)
    judged(cli("finetune", "--data", "rest.csv", *QUICK, "--json"), north)
    assert gate_of(north)["rows"]["appended"] == len(tables["new"]) - 96


def test_no_history__needs_it_once(cli, north: Path) -> None:
    shutil.rmtree(north / "history")
    done = cli("finetune", "--data", "new.csv", *QUICK)
    assert done.code == 2
    assert "no history of station north is kept" in done.err
    assert "give the whole history once" in done.err
    judged(cli("finetune", "--data", "all.csv", *QUICK), north)
    assert (north / "history" / "measurements.parquet").exists()


@pytest.mark.usefixtures("place")
def test_no_pretrained_model__says_what_the_seed_document_says(cli, tables, tiny) -> None:
    tables["old"].to_csv("old.csv", index=False)
    for flags in (("finetune",), ("finetune", "--station", STATION),
                  ("train", *tiny, "--set", "finetune.incremental_training=true")):
        done = cli(*flags, "--data", "old.csv")
        assert done.code == 2
        assert "预训练模型不存在" in done.err
    assert not Path("models").exists()


def test_incremental_training__makes_train_fine_tune(cli, north: Path, tiny) -> None:
    done = cli("train", "--data", "all.csv", *tiny, *QUICK, "--set", "incremental_training=true", "--json")
    judged(done, north)
    assert json.loads(done.out)["parent"] == "v0001"
    # The settings of training are the champion's own.
    assert json.loads((north / "versions/v0002/manifest.json").read_text())["recipe"]["training"]["epochs"] == 2


@pytest.mark.usefixtures("north")
@pytest.mark.parametrize(("flags", "facts"), [
    (("--set", "finetune.freeze=[embed.*]"), ("'embed.*' is no parameter",)),
    (("--set", "finetune.freez=[a]"), ("finetune.freez", "did you mean 'finetune.freeze'")),
    (("--station", "south"), ("no pretrained model of station south",)),
])
def test_wrong_input__answers_plainly(cli, flags, facts) -> None:
    done = cli("finetune", "--data", "new.csv", *flags)
    assert done.code == 2
    assert all(fact in done.err for fact in facts)


def test_if_needed__says_why_or_why_not(cli, north: Path, caplog) -> None:
    (north / "forecasts").mkdir()
    of_before_the_training = north / "forecasts" / "20250301T000000Z.parquet"
    of_before_the_training.touch()
    calm = cli("finetune", "--data", "new.csv", *QUICK, "--if-needed", "--set", "finetune.due_drift=50")
    assert calm.code == 0
    assert "no update is due; v0001 stays the champion" in calm.out
    assert not (north / "versions" / "v0002").exists()
    assert "damaged" not in caplog.text         # it is not opened
    of_before_the_training.unlink()
    for day in range(41, 46):
        at = pd.Timestamp("2025-03-01") + pd.Timedelta(days=day)
        assert cli("forecast", "--data", "all.csv", "--now", str(at)).code == 0
    assert len(list((north / "forecasts").iterdir())) == 5
    told = json.loads(cli("finetune", "--data", "new.csv", *QUICK, "--if-needed", "--json", "--set",
                          "finetune.due_error_ratio=0.01", "--set", "finetune.due_drift=50").out)
    assert told["due"]["due"] is True
    assert told["due"]["forecasts"] == 5
    assert "times the error at the evaluation" in told["due"]["why"][0]
    assert told["version"] == "v0002"


EAGER = (*QUICK, "--set", "finetune.due_drift=0.000001", "--set", "finetune.gate_margin=0.9")
"""Always due, and always rejected."""


@pytest.mark.usefixtures("north")
def test_if_needed__a_file_without_rows_is_nothing_to_do(cli) -> None:
    header = Path("new.csv").read_text(encoding="utf-8").splitlines()[0]
    Path("header.csv").write_text(f"{header}\n", encoding="utf-8")
    Path("nothing.csv").touch()
    for name in ("header.csv", "nothing.csv"):
        run = cli("finetune", "--data", name, *QUICK, "--if-needed")
        assert run.code == 0
        assert "nothing came in" in run.out
        assert "v0001 stays the champion" in run.out
        assert cli("finetune", "--data", name, *QUICK).code == 2


def test_if_needed__waits_after_a_rejection_until_the_days_that_decide_are_new(cli, north: Path, tables) -> None:
    first = cli("finetune", "--data", "new.csv", "--if-needed", *EAGER)
    assert first.code == 3
    assert sorted(path.name for path in (north / "versions").iterdir()) == ["v0001", "v0002"]
    again = cli("finetune", "--data", "new.csv", "--if-needed", *EAGER)
    assert again.code == 0
    assert "a candidate was rejected on the rows up to 2025-05-01 00:00; 0.0 days have come in since" in again.out
    assert gate_of(north)["version"] == "v0002"
    week = tables["new"].tail(7 * 96).copy()
    week["ts"] = (pd.to_datetime(week["ts"]) + pd.Timedelta(days=7)).dt.strftime("%Y-%m-%d %H:%M:%S")
    week.iloc[:-96].to_csv("six.csv", index=False)
    assert "6.0 days have come in since" in cli("finetune", "--data", "six.csv", "--if-needed", *EAGER).out
    week.to_csv("seven.csv", index=False)
    assert cli("finetune", "--data", "seven.csv", "--if-needed", *EAGER).code == 3
    assert (north / "versions" / "v0003").exists()


def test_train_on_newer_rows__keeps_the_history_it_had(cli, north: Path, tables, tiny) -> None:
    tables["all"].tail(30 * 96).to_csv("newer.csv", index=False)
    done = cli("train", "--data", "newer.csv", *tiny)
    assert done.code == 0
    assert f"note: {(ALL_DAYS - 30) * 96} rows that were kept before stay in the history" in " ".join(done.out.split())
    history = pd.read_parquet(north / "history" / "measurements.parquet")
    assert len(history) == ALL_DAYS * 96
    assert history["total_active_power"].notna().all()
    manifest = json.loads((north / "versions" / "v0002" / "manifest.json").read_text())
    assert manifest["span"][0] == "2025-04-01T00:00:00+08:00"       # it was trained on what was given alone
    # The rows before its own are no reason to take the others for wrong.
    week = tables["all"].tail(14 * 96).copy()
    week["ts"] = (pd.to_datetime(week["ts"]) + pd.Timedelta(days=14)).dt.strftime("%Y-%m-%d %H:%M:%S")
    week.to_csv("later.csv", index=False)
    assert "gate, error:" in cli("finetune", "--data", "later.csv", *QUICK).out


def test_train_until__keeps_none_of_the_rows_it_does_not_see(cli, north: Path, tiny) -> None:
    assert cli("train", "--data", "all.csv", *tiny, "--until", "2025-04-15 00:00").code == 0
    history = pd.read_parquet(north / "history" / "measurements.parquet")
    assert str(history.index[-1]) == "2025-04-14 23:45:00+08:00"


@pytest.mark.usefixtures("place")
def test_another_column__is_not_guessed_to_be_the_power_of_a_model(cli, seed_table, tiny) -> None:
    rows = seed_table("north", days=40)[["ts", "total_active_power"]].rename(columns={"total_active_power": "load"})
    rows.to_csv("north.csv", index=False)
    assert cli("train", "--data", "north.csv", *tiny).code == 0
    rows.rename(columns={"load": "reading"}).to_csv("north.csv", index=False)
    done = cli("forecast", "--data", "north.csv", "--now", "2025-04-10 06:30")
    assert done.code == 2
    assert "total active power" in done.err


def test_stored_rows__that_are_corrected_meanwhile_stay_corrected(cli, north: Path, monkeypatch) -> None:
    kept, honest = DiskStore(north.parent).station(STATION), Job.read

    def read(job: Job, *told: str):
        found = honest(job, *told)
        data = kept.measurements()
        frame = data.frame.iloc[-8:].copy()
        frame["total_active_power"] += 7.0
        assert kept.append_measurements(StationData(data.station, frame, data.vintages),
                                        received=pd.Timestamp("2025-05-01", tz="UTC"))["corrected"] == 8
        return found

    monkeypatch.setattr(Job, "read", read)
    before = kept.measurements().frame["total_active_power"].iloc[-8:]
    assert cli("finetune", "--station", STATION, "--if-needed").code == 0
    assert (kept.measurements().frame["total_active_power"].iloc[-8:] == before + 7.0).all()
