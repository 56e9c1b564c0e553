"""`wattcast train` and `models`: versions, files, what `--until` hides, and what a seed decides."""

import json
import pickle
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file


def version_files(models: Path, version: str = "v0001") -> dict[str, bytes]:
    folder = models / "plant" / "versions" / version
    return {name: (folder / name).read_bytes() for name in ("model.safetensors", "metrics.json")}


def has_weights(folder: Path, version: str) -> bool:
    """Whether the station's weights for other programs are those of a version, and numbers."""
    weights = load_file(folder / "versions" / version / "model.safetensors")
    found = torch.load(folder / "bi_mamba.pth", weights_only=True)
    return found.keys() == weights.keys() and all(
        torch.equal(found[name], value) and value.isfinite().all() for name, value in weights.items())


def test_training__prints_the_held_out_week_and_a_closing_line(cli, plant, place, tiny) -> None:
    done = cli("train", "--data", plant, *tiny)
    assert done.code == 0
    for words in ("note: total_active_power: in the validation weeks", "; used is ",
                  "plant: total_active_power, error by day of the forecast", "plant: not_use_power", "1-MAPE",
                  "same as 7 days ago", "mean of the last 4 weeks", "weather over the forecast weeks: issued 2025-04",
                  "v0001 is the champion after 2 epochs", "models/plant"):
        assert words in " ".join(done.out.split())
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert not (place / "models" / "plant" / "training").exists()


def test_training__json_is_the_only_thing_printed(cli, plant, tiny, place) -> None:
    done = cli("train", "--data", plant, *tiny, "--json")
    told = json.loads(done.out)
    assert (told["station"], told["version"], told["epochs"]) == ("plant", "v0001", 2)
    assert told["evaluation"]["targets"].keys() == {"total_active_power", "not_use_power"}
    stored = json.loads((place / "models" / "plant" / "metrics.json").read_text())
    assert stored == told["evaluation"]
    overall = stored["targets"]["total_active_power"]["overall"]
    assert overall["n"] == 672
    assert overall["accuracy"] == pytest.approx(1 - overall["mape"])
    assert [day["day"] for day in stored["targets"]["not_use_power"]["by_day"]] == list(range(1, 8))
    assert done.err == ""


def test_training__writes_the_files_of_the_seed_document(trained_models) -> None:
    folder = trained_models / "plant"
    assert has_weights(folder, "v0001")
    classes = json.loads((folder / "feature_classification.json").read_text())
    assert pickle.loads((folder / "feature_classification.pkl").read_bytes()) == classes
    assert {"temperature", "total_active_power_lag_1w"} <= set(classes["knowable_future_features"])
    assert {"total_active_power", "not_use_power"} <= set(classes["unknowable_future_features"])


def test_training_twice__makes_a_second_version_the_champion(cli, plant, models, tiny, place) -> None:
    first = version_files(models)
    assert cli("train", "--data", plant, *tiny, "--set", "training.seed=1").code == 0
    assert version_files(models) == first
    assert version_files(models, "v0002")["model.safetensors"] != first["model.safetensors"]
    for name in ("feature_classification.pkl", "feature_classification.json", "metrics.json"):
        champion = models / "plant" / "versions" / "v0002" / name
        assert (models / "plant" / name).read_bytes() == champion.read_bytes()
    assert has_weights(models / "plant", "v0002")

    listed = json.loads(cli("models", "list", "--station", "plant", "--json").out)
    assert [(version["name"], version["aliases"]) for version in listed] == [
        ("v0001", ["previous"]), ("v0002", ["champion"])]
    assert json.loads(cli("models", "show", "--station", "plant").out)["recipe"]["training"]["seed"] == 1
    assert json.loads(cli("models", "show", "v0001", "--station", "plant").out)["recipe"]["training"]["seed"] == 0
    assert "champion" in cli("models", "list", "--station", "plant").out
    assert "by v0002" in cli("forecast", "--data", plant).out
    assert len(pd.read_csv(place / "forecast.csv")) == 672


def test_same_seed__gives_the_same_bits(cli, plant, trained_models, tiny, place) -> None:
    assert cli("train", "--data", plant, *tiny).code == 0
    assert version_files(place / "models") == version_files(trained_models)


def test_settings__reach_the_model_from_the_file_and_the_flags(cli, plant, tiny, place) -> None:
    (place / "north.yaml").write_text("lr: 0.004\nmodel: {d_state: 5}\ntraining: {seed: 3}\n")
    done = cli("train", "--data", plant, *tiny, "--config", "north.yaml", "--set", "training.seed=4", "--set",
               "training.horizon_weights=[2,1,1,1,1,1,0]", "--set", "training.not_use_power_weight=0.5")
    assert done.code == 0
    recipe = json.loads(cli("models", "show", "--station", "plant").out)["recipe"]
    assert recipe["training"]["lr"] == 0.004
    assert recipe["training"]["seed"] == 4
    assert recipe["training"]["not_use_power_weight"] == 0.5
    assert recipe["training"]["horizon_weights"] == [2, 1, 1, 1, 1, 1, 0]
    assert recipe["model"]["d_state"] == 5


@pytest.mark.parametrize("days", [21, 27, 28])
def test_little_data__is_evaluated_only_if_a_week_can_be_kept(cli, seed_table, place, tiny, days: int) -> None:
    seed_table("north", days=days).to_csv("north.csv", index=False)
    done = cli("train", "--data", "north.csv", *tiny)
    assert done.code == 0
    assert ("nothing was kept to evaluate on" in done.out) == (days < 28)
    assert ("error by day of the forecast" in done.out) == (days == 28)
    metrics = json.loads((place / "models" / "north" / "metrics.json").read_text())
    assert ("targets" in metrics) == (days == 28)


@pytest.mark.usefixtures("place")
def test_until__is_where_data_and_evaluation_end(cli, plant, tiny) -> None:
    assert cli("train", "--data", plant, *tiny, "--until", "2025-04-25 10:30").code == 0
    manifest = json.loads(cli("models", "show", "--station", "plant").out)
    # The last seven days are kept to evaluate on.
    assert manifest["span"] == ["2025-03-01T00:00:00+08:00", "2025-04-18T10:15:00+08:00"]
    assert manifest["metrics"]["origins"] == ["2025-04-18T10:30:00+08:00"]
