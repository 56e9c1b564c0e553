"""`python train.py` and `python train_mbm.py`: every flag of the seed document changes something or answers plainly."""

import json
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import wattcast.settings

ROOT = Path(__file__).parents[2]
PROGRAMS = ("train.py", "train_mbm.py")
STATION = "1716387625733984256"
SMALL_SPACE = ("tuning.space={d_model: [16], d_ff_ratio: [2], n_layers: [1], drop_rate: [0.2], d_state: [16], "
               "d_conv: [3], expand: [1.5], patch_len: [48], stride_ratio: [1], batch_size: [8], lr: [0.001, 0.02]}")
WEIGHTS = np.repeat([1.5, 1.5, 1.2, 1.2, 1.0, 0.9, 0.9], 96)
"""The seed document's example."""


@pytest.fixture
def run(capsys, monkeypatch, tiny) -> Callable[..., tuple[int, str, str]]:
    """Run a script of the root as its own program, with a small model instead of the default one."""
    honest = wattcast.settings.load_settings

    def small(file: Path | None = None, assignments: tuple[str, ...] = ()) -> wattcast.settings.Settings:
        return honest(file, [*tiny[1::2], SMALL_SPACE, *assignments])

    def script(program: str, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(wattcast.settings, "load_settings", small)
        monkeypatch.setattr(sys, "argv", [program, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / program), run_name="__main__")
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err
    return script


@pytest.fixture
def merged(seed_table, place: Path) -> Path:
    """The seed document's file, where its commands look for it."""
    path = place / "merged_station_test.csv"
    seed_table(STATION, days=30).to_csv(path, index=False)
    return path


def weights_of(place: Path, version: str) -> bytes:
    return (place / "models" / STATION / "versions" / version / "model.safetensors").read_bytes()


def test_training__writes_the_seed_document_s_files_and_markers(run, merged, place) -> None:
    code, out, err = run("train.py", "--station_id", STATION, "--data_file", merged)
    assert (code, err.count("epoch ")) == (0, 2)
    assert f"🔄 training station {STATION} on {merged}" in out
    assert f"✅ the model and its files are in models/{STATION}" in out
    for name in ("bi_mamba.pth", "feature_classification.pkl", "feature_classification.json", "metrics.json"):
        assert (place / "models" / STATION / name).stat().st_size > 0


@pytest.mark.usefixtures("merged")
def test_both_programs__find_the_file_and_train_alike(run, place) -> None:
    assert run("train.py", "--station_id", STATION)[0] == 0
    code, out, _ = run("train_mbm.py", "--station_id", STATION)
    assert code == 0
    assert "merged_station_test.csv" in out
    assert weights_of(place, "v0001") == weights_of(place, "v0002")


@pytest.mark.usefixtures("merged")
def test_data_file__chooses_another_file(run, place, seed_table) -> None:
    seed_table(STATION, days=29).to_csv("other.csv", index=False)
    assert run("train.py", "--station_id", STATION, "--data_file", "other.csv")[0] == 0
    manifest = json.loads((place / "models" / STATION / "versions" / "v0001" / "manifest.json").read_text())
    assert manifest["span"][1].startswith("2025-03-22")


def test_folder_data__is_the_first_place_to_look(run, merged, place) -> None:
    (place / "data").mkdir()
    shutil.copy(merged, place / "data" / "base.csv")
    for program in PROGRAMS:
        code, out, _ = run(program, "--station_id", STATION)
        assert code == 0
        assert f"🔄 training station {STATION} on data\n" in out


@pytest.mark.usefixtures("merged")
def test_data__is_what_has_the_station(run, plant, place) -> None:
    (place / "data").symlink_to(plant)
    assert "🔄 training station plant on data\n" in run("train_mbm.py", "--station_id", "plant")[1]
    assert f"training station {STATION} on merged_station_test.csv\n" in run("train.py", "--station_id", STATION)[1]
    code, out, err = run("train.py", "--station_id", "nobody")
    assert code == 2
    assert "on data\n" in out
    assert "has no station 'nobody'" in err


def test_fine_tuning__looks_for_newer_rows_first(run, merged, place) -> None:
    (place / "data").mkdir()
    shutil.copy(merged, place / "data" / "base.csv")
    out = run("train_mbm.py", "--station_id", STATION, "--enable_incremental")[1]
    assert f"🔄 fine-tuning the model of station {STATION} on merged_station_test.csv\n" in out


@pytest.mark.usefixtures("merged")
def test_horizon_weights__are_normalised_echoed_and_count(run, place) -> None:
    text = ",".join(map(str, (WEIGHTS / WEIGHTS.mean()).tolist()))
    code, out, _ = run("train.py", "--station_id", STATION, "--horizon_weights", text)
    assert code == 0
    assert "🔍 horizon weights by day (mean 1): 1.280, 1.280, 1.024, 1.024, 0.854, 0.768, 0.768" in out
    assert run("train.py", "--station_id", STATION)[0] == 0
    assert weights_of(place, "v0001") != weights_of(place, "v0002")
    # Numbers that are not normalised, and one a day, come to the same; that is told before anything is read.
    for other in (",".join(map(str, WEIGHTS.tolist())), "1.5,1.5,1.2,1.2,1.0,0.9,0.9"):
        assert "1.280, 1.280, 1.024" in run("train.py", "--station_id", STATION, "--data_file", "absent.csv",
                                            "--horizon_weights", other)[1]


@pytest.mark.usefixtures("merged")
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("flags", "facts"), [
    (("--horizon_weights", "1,2,3"), ("wrong length", "3 numbers", "672")),
    (("--horizon_weights", "1,2,x"), ("horizon weight number 3", "'x'")),
    (("--data_file", "absent.csv"), ("absent.csv does not exist", "merged_station_test.csv")),
])
def test_wrong_value__answers_plainly(run, place, program, flags, facts) -> None:
    code, _, err = run(program, "--station_id", STATION, *flags)
    assert code == 2
    assert err.startswith("⚠️ ")
    assert all(fact in err for fact in facts)
    assert not (place / "models").exists()


@pytest.mark.usefixtures("merged")
def test_unknown_station__lists_the_known_ones(run) -> None:
    code, _, err = run("train.py", "--station_id", "17163876257339842")
    assert code == 2
    assert f"has no station '17163876257339842'\n  found: {STATION}" in err


def test_no_data__says_where_it_looked(run, place) -> None:
    code, _, err = run("train.py", "--station_id", STATION)
    assert code == 2
    assert "data or merged_station_test.csv" in err
    assert "--data_file" in err
    assert not list(place.iterdir())


@pytest.mark.usefixtures("merged")
@pytest.mark.parametrize("program", PROGRAMS)
def test_enable_hyperopt__searches_first_and_trains_what_was_found(run, place, program) -> None:
    code, out, err = run(program, "--station_id", STATION, "--enable_hyperopt", "--n_trials", "2")
    assert code == 0
    assert [line[:10] for line in err.splitlines() if "trial" in line][:3] == [
        "🔍 each tri", "🔍 trial 0:", "🔍 trial 1:"]
    assert "✅" in out
    found = json.loads((place / "models" / STATION / "hyperopt_results.json").read_text())
    assert found["n_trials"] == 2
    manifest = json.loads((place / "models" / STATION / "versions" / "v0001" / "manifest.json").read_text())
    assert manifest["search"]["recipe_hash"] == manifest["recipe_hash"] == found["recipe_hash"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_n_trials__without_enable_hyperopt_is_a_mistake(run, program) -> None:
    code, _, err = run(program, "--station_id", STATION, "--n_trials", "5")
    assert code == 2
    assert "--n_trials belongs to --enable_hyperopt" in err


@pytest.mark.usefixtures("merged")
@pytest.mark.parametrize("program", PROGRAMS)
def test_incremental__without_a_model_says_what_the_seed_document_says(run, place, program) -> None:
    code, out, err = run(program, "--station_id", STATION, "--enable_incremental")
    assert code == 2
    assert "🔄 fine-tuning the model of station" in out
    assert err.startswith("⚠️ there is no pretrained model")
    assert "预训练模型不存在" in err
    assert "先运行基础训练生成模型" in err
    assert not (place / "models").exists()


@pytest.mark.usefixtures("merged")
def test_incremental__fine_tunes_the_model_in_use(run, place, seed_table) -> None:
    assert run("train_mbm.py", "--station_id", STATION)[0] == 0
    seed_table(STATION, days=50).to_csv("merged_station_test.csv", index=False)
    code, out, _ = run("train_mbm.py", "--station_id", STATION, "--enable_incremental")
    folder = place / "models" / STATION
    promoted = json.loads((folder / "gate.json").read_text())["gate"]["promoted"]
    assert code == (0 if promoted else 3)
    assert (f"✅ the fine-tuned model and its files are in models/{STATION}; v0002 is in use" if promoted else
            f"⚠️ the model in use was kept: v0001; the fine-tuned weights of v0002 are in models/{STATION}") in out
    tuned, used = (folder / "versions" / name for name in ("v0002", "v0002" if promoted else "v0001"))
    assert (folder / "finetune_history.json").read_bytes() == (tuned / "finetune_history.json").read_bytes()
    for name, version in (("bi_mamba_finetuned.pth", tuned), ("bi_mamba.pth", used)):
        weights, found = load_file(version / "model.safetensors"), torch.load(folder / name, weights_only=True)
        assert found.keys() == weights.keys()
        assert all(torch.equal(found[key], value) for key, value in weights.items())


def test_both__search_then_train_then_fine_tune_on_weeks_neither_saw(run, place, seed_table) -> None:
    table = seed_table(STATION, days=70)
    table.to_csv("merged_station_test.csv", index=False)
    code, out, _ = run("train_mbm.py", "--station_id", STATION, "--enable_hyperopt", "--n_trials", "2",
                       "--enable_incremental")
    folder = place / "models" / STATION
    trained, tuned = (json.loads((folder / "versions" / name / "manifest.json").read_text())
                      for name in ("v0001", "v0002"))
    promoted = json.loads((folder / "gate.json").read_text())["gate"]["promoted"]
    assert code == (0 if promoted else 3)
    end = pd.Timestamp(table["ts"].iloc[-1], tz="Asia/Shanghai")
    assert end - pd.Timestamp(trained["span"][1]) == pd.Timedelta(days=7 + 28)
    assert end - pd.Timestamp(tuned["span"][1]) == pd.Timedelta(days=7 + 7)       # the gate's week was not learned
    assert trained["search"]["recipe_hash"] == trained["recipe_hash"] == tuned["recipe_hash"]
    assert tuned["parent"] == "v0001"
    assert f"{'v0002' if promoted else 'v0001'} is the champion" in out
    assert "error by day of the forecast" in out
    for name in ("hyperopt_results.json", "bi_mamba.pth", "feature_classification.pkl", "metrics.json"):
        assert (folder / name).stat().st_size > 0
    for name in ("bi_mamba_finetuned.pth", "finetune_history.json"):
        assert (folder / name).stat().st_size > 0


@pytest.mark.usefixtures("place")
def test_both__too_little_data_says_how_much_is_needed(run, seed_table) -> None:
    seed_table(STATION, days=50).to_csv("merged_station_test.csv", index=False)
    code, _, err = run("train.py", "--station_id", STATION, "--enable_hyperopt", "--enable_incremental")
    assert code == 2
    assert "28 to fine-tune on" in err


@pytest.mark.parametrize(("arguments", "fact"), [
    ((), "--station_id"), (("--station_id", "x", "--n_trial", "5"), "--n_trial"),
    (("--station_id", "x", "--n_trials", "many"), "many"),
])
def test_wrong_flags__exit_with_2(run, arguments, fact) -> None:
    code, _, err = run("train.py", *arguments)
    assert code == 2
    assert fact in err
