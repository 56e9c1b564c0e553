"""Wrong input: one clear message, exit code 2, no traceback and nothing half-written."""

import gzip
import importlib.util
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from wattcast.store.bundle import FORMAT
from wattcast.training.module import PowerModule

ROWS_A_DAY = 96
BUNDLE_FILES = ("manifest.json", "model.safetensors", "feature_classification.pkl", "feature_classification.json",
                "metrics.json")


@pytest.fixture
def table(seed_table) -> pd.DataFrame:
    """A sound station of 22 days that the tests damage; they write it with `write`."""
    return seed_table("north", days=22)


def write(table: pd.DataFrame, path: str = "data.csv") -> str:
    table.to_csv(path, index=False)
    return path


# The data.

def test_missing_file__says_what_is_there_and_what_is_alike(refused, table) -> None:
    write(table, "station.csv")
    refused("train", "--data", "statoin.csv", facts=("statoin.csv does not exist", "found: station.csv",
                                                     "did you mean station.csv?"))


@pytest.mark.parametrize("content", [(), ("notes.txt",)])
def test_folder_without_stations__says_what_would_be_one(refused, place, content: tuple[str, ...]) -> None:
    (place / "stations").mkdir()
    for name in content:
        (place / "stations" / name).write_text("no table")
    refused("check", "--data", "stations", facts=(
        "no station in the folder stations", f"found: {(*content, 'none')[0]}", "<id>/data/data-<id>-YYYY-MM.csv"))


def test_empty_file(refused, place) -> None:
    (place / "data.csv").write_bytes(b"")
    refused("train", "--data", "data.csv", facts=("data.csv is empty", "column names"))


def test_truncated_archive(refused, table) -> None:
    packed = gzip.compress(table.to_csv(index=False).encode())
    Path("data.csv.gz").write_bytes(packed[:len(packed) // 2])
    refused("train", "--data", "data.csv.gz", facts=("data.csv.gz cannot be read",))


def test_damaged_parquet(refused, table) -> None:
    table.to_parquet("data.parquet")
    Path("data.parquet").write_bytes(Path("data.parquet").read_bytes()[:-300])
    refused("train", "--data", "data.parquet", facts=("data.parquet cannot be read as Parquet",))


def test_unknown_station__lists_the_known_ones(refused, seed_table) -> None:
    write(pd.concat([seed_table("north", days=1), seed_table("harbour", days=1)]))
    for verb in ("check", "train", "forecast"):
        refused(verb, "--data", "data.csv", "--station", "nroth",
                facts=("data.csv has no station 'nroth'", "harbour, north", "did you mean north?"))


def test_several_stations_and_none_named__lists_them(refused, seed_table) -> None:
    write(pd.concat([seed_table("north", days=1), seed_table("harbour", days=1)]))
    refused("train", "--data", "data.csv", facts=("holds 2 stations", "harbour, north", "--station"))


def test_missing_column__lists_those_present(refused, table) -> None:
    write(table)
    Path("north.yaml").write_text("targets: {total_active_power: total_power}\n")
    refused("train", "--data", "data.csv", "--config", "north.yaml", facts=(
        "data.csv has no column 'total_power'", "ts, station_ref_id, total_active_power, not_use_power, temp, humidity",
        "did you mean 'total_active_power'?"))


def test_no_column_with_power__says_how_to_name_it(refused, table) -> None:
    write(table.drop(columns="total_active_power").rename(columns={"not_use_power": "kvar"}))
    refused("train", "--data", "data.csv", facts=("total active power", "ts, station_ref_id, kvar, temp",
                                                  "data.targets"))


def test_no_column_with_time__says_how_to_name_it(refused, table) -> None:
    write(table.rename(columns={"ts": "when"}))
    refused("train", "--data", "data.csv", facts=("time", "when, station_ref_id", "data.time.column"))


def test_unreadable_times__names_the_first_line_and_how_many(refused, table) -> None:
    table.loc[[40, 41, 500], "ts"] = "after lunch"
    write(table)
    refused("train", "--data", "data.csv", facts=("data.csv, line 42", "'ts'", "'after lunch'; in 3 rows"))


@pytest.mark.parametrize("column", ["total_active_power", "temp"])
def test_text_among_numbers__names_the_first_line_and_how_many(refused, table, column: str) -> None:
    table[column] = table[column].astype(object)
    table.loc[[7, 90], column] = "broken"
    write(table)
    refused("train", "--data", "data.csv", facts=("data.csv, line 9", repr(column), "'broken'; in 2 rows", "a number"))


def test_target_without_a_value(refused, table) -> None:
    write(table.assign(total_active_power=float("nan")))
    refused("train", "--data", "data.csv", facts=("total_active_power", "no usable value", f"{22 * ROWS_A_DAY} rows"))


def test_target_of_nothing_but_codes_for_no_value__says_why(refused, table) -> None:
    write(table.assign(total_active_power=-99))
    refused("train", "--data", "data.csv", facts=("total_active_power", "no usable value", "-99"))


@pytest.mark.parametrize("days", [1, 20])
def test_too_little_data__says_what_is_needed_and_what_there_is(refused, seed_table, days: int) -> None:
    write(seed_table("north", days=days))
    refused("train", "--data", "data.csv", facts=("north", f"{days}.0 days", "at least 21 days", "wattcast forecast"))


def test_until_leaves_too_little_data(refused, plant) -> None:
    refused("train", "--data", plant, "--until", "2025-03-15",
            facts=("plant", "14.0 days", "at least 21 days"))


# Times.

@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("verb", "flag"), [("forecast", "--at"), ("train", "--until")])
@pytest.mark.parametrize(("time", "fact"), [
    ("2025-01-01", "before the first measurement"), ("2025-03-01 00:00", "data from 2025-03-01 00:00:00+08:00"),
    ("2025-04-20 09:07", "lies between two steps"), ("next week", "is not a time"),
])
def test_impossible_time(refused, plant, verb: str, flag: str, time: str, fact: str) -> None:
    refused(verb, "--data", plant, flag, time, facts=(fact, time[:9]))


@pytest.mark.parametrize(("flags", "facts"), [
    (("--first-origin", "2025-04-29"), ("the first origin 2025-04-29 leaves nothing to forecast", "2025-04-30")),
    (("--first-origin", "soon"), ("'soon' is not a time",)),
    (("--first-origin", "2025-04-20", "--every", "often"), ("'often' is not a duration", "7d")),
    (("--first-origin", "2025-04-20", "--models", "wattcst"), ("unknown model 'wattcst'", "did you mean 'wattcast'?")),
])
def test_impossible_backtest(refused, plant, flags: tuple[str, ...], facts: tuple[str, ...]) -> None:
    refused("backtest", "--data", plant, *flags, facts=facts)


# Flags and configuration.

def test_unknown_verb__names_the_nearest(refused) -> None:
    refused("trian", facts=("No such command 'trian'", "'train'"))


@pytest.mark.parametrize(("verb", "flag", "meant"), [
    ("train", "--stations", "--station"), ("check", "--confg", "--config"), ("tune", "--n-trials", "--n_trials"),
    ("forecast", "--wether", "--weather"), ("finetune", "--models_dir", "--models-dir"),
    ("train", "--utnil", "--until"), ("backtest", "--refit_every", "--refit-every"),
])
def test_unknown_flag__names_the_nearest(refused, plant, verb: str, flag: str, meant: str) -> None:
    message = refused(verb, "--data", plant, flag, "plant", facts=("No such option", flag))
    assert re.search(rf"{meant}(?![\w-])", message.replace(flag, ""))


@pytest.mark.parametrize("assignment", ["training.epochs", "training"])
def test_set_without_a_value(refused, plant, assignment: str) -> None:
    refused("train", "--data", plant, "--set", assignment, facts=(repr(assignment), "--set section.key=value"))


def test_set_without_anything(refused, plant) -> None:
    refused("train", "--data", plant, "--set", facts=("--set", "requires an argument"))


@pytest.mark.parametrize(("assignment", "fact"), [
    ("training.epoch=3", "did you mean 'training.epochs'?"), ("modle.d_model=3", "did you mean 'model.d_model'?"),
    ("dmodel=3", "did you mean 'model.d_model'?"), ("data.time.steps=1h", "did you mean 'data.time.step'?"),
    ("data.targets.total_power=kw", "did you mean total_active_power?"), ("zzz=1", "sections: "),
])
def test_unknown_key__names_the_nearest(refused, plant, assignment: str, fact: str) -> None:
    refused("train", "--data", plant, "--set", assignment, facts=(fact, assignment.partition("=")[0].split(".")[-1]))


@pytest.mark.parametrize(("text", "facts"), [
    ("training: {epoch: 3}", ("'training.epoch'", "did you mean 'training.epochs'?")),
    ("- training", ("wrong.yaml does not hold keys and values", "list")),
    ("training: {epochs: [", ("wrong.yaml is not valid YAML", "line 1")),
    ("training: fast", ("'training'", "'fast'")),
    ("training: {epochs: many}", ("'training.epochs'", "'many'", "integer")),
    ("time: {step: 7min}", ("7min", "does not divide a day")),
    ("time: {timezone: Asia/Shangai}", ("'Asia/Shangai'", "did you mean Asia/Shanghai?")),
    ("capacity: -5", ("'data.capacity'", "-5", "greater than 0")),
])
def test_wrong_configuration_file(refused, plant, text: str, facts: tuple[str, ...]) -> None:
    Path("wrong.yaml").write_text(text)
    refused("train", "--data", plant, "--config", "wrong.yaml", facts=facts)


def test_missing_configuration_file(refused, plant) -> None:
    refused("train", "--data", plant, "--config", "absent.yaml", facts=("absent.yaml", "No such file", "--config"))


@pytest.mark.parametrize(("assignment", "facts"), [
    ("training.epochs=many", ("'training.epochs'", "'many'", "integer")),
    ("training.epochs=0", ("'training.epochs'", "greater than or equal to 1")),
    ("model.d_conv=9", ("'model.d_conv'", "9")),
    ("model.scan=quick", ("model.scan", "quick")),
    ("training=3", ("'training'", "3")),
    ("training.accelerator=abacus", ("training.accelerator", "abacus")),
])
def test_setting_of_the_wrong_type(refused, plant, assignment: str, facts: tuple[str, ...]) -> None:
    refused("train", "--data", plant, "--set", assignment, facts=facts)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_accelerator_that_is_not_here(refused, plant, tiny) -> None:
    refused("train", "--data", plant, *tiny, "--set", "training.accelerator=gpu", facts=("training.accelerator", "gpu"))


@pytest.mark.parametrize("weights", ["[1,2,3]", "1,2,3", str([1.0] * 671)])
def test_horizon_weights_of_the_wrong_length(refused, plant, tiny, weights: str) -> None:
    count = weights.count(",") + 1
    refused("train", "--data", plant, *tiny, "--set", f"training.horizon_weights={weights}",
            facts=("horizon weights", "wrong length", f"{count} numbers", "672 (one a step) or 7 (one a day)"))


@pytest.mark.skipif(importlib.util.find_spec("mamba_ssm") is not None, reason="mamba_ssm is installed")
def test_missing_extra__says_the_line_that_adds_it(refused, plant, tiny) -> None:
    refused("train", "--data", plant, *tiny, "--set", "model.scan=mamba_ssm",
            facts=("mamba_ssm", "not installed", "pip install 'wattcast[mamba]'"))


@pytest.mark.parametrize("error", [
    MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to "
                 "allocate 4480000000000 bytes."),
])
def test_memory_runs_out__says_which_setting_to_lower(refused, plant, tiny, monkeypatch, error: Exception) -> None:
    def loss(*_: object) -> torch.Tensor:
        raise error

    monkeypatch.setattr(PowerModule, "loss", loss)
    refused("train", "--data", plant, *tiny, facts=("memory ran out", "training.batch_size", "model.d_model"))


def test_network_too_large_for_memory__says_which_setting_to_lower(refused, plant) -> None:
    refused("train", "--data", plant, "--set", "model.d_model=1000000000", facts=("memory", "model.d_model"))


@pytest.mark.parametrize("name", ["f.xlsx", "f.json", "f.txt", "forecast", "f.gz", "f.parquet.gz", "csv", "f.csv."])
def test_forecast_of_an_unknown_kind__is_refused_before_anything_is_read(refused, name: str) -> None:
    refused("forecast", "--data", "absent.csv", "--out", name,
            facts=(f"cannot write {name}", ".csv or .csv.gz or .parquet", "--out"))


# Models.

def test_no_model_yet__says_how_to_train_one(refused) -> None:
    refused("models", "show", "--station", "plant", facts=("plant", "no trained model in models", "wattcast train"))


@pytest.mark.usefixtures("models")
def test_misspelt_station__names_the_one_that_has_a_model(refused, plant) -> None:
    refused("finetune", "--data", plant, "--station", "palnt", facts=("station palnt", "models of plant",
                                                                      "did you mean plant?"))


@pytest.mark.usefixtures("models")
def test_unknown_version__lists_those_there_are(refused) -> None:
    refused("models", "show", "v0009", "--station", "plant", facts=("'v0009'", "champion, v0001"))


def test_folder_of_another_station(refused, plant, models) -> None:
    (models / "plant").rename(models / "harbour")
    Path("data").mkdir()
    shutil.copytree(plant / "plant" / "data", "data/harbour/data")
    for path in Path("data/harbour/data").iterdir():
        path.rename(path.with_name(path.name.replace("plant", "harbour")))
    refused("forecast", "--data", "data", facts=("harbour belongs to another station", "found: plant",
                                                 "expected: harbour", "--models-dir"))
    registry = models / "harbour" / "registry.json"
    registry.write_text(registry.read_text().replace('"plant"', '"harbour"'))
    refused("forecast", "--data", "data", facts=("trained for another station", "found: plant", "expected: harbour"))


@pytest.mark.usefixtures("models")
def test_model_of_other_columns__names_the_difference(refused, plant) -> None:
    shutil.copytree(plant / "plant", "data/plant")
    for path in Path("data/plant/data").iterdir():
        pd.read_csv(path).drop(columns="humidity").to_csv(path, index=False)
    refused("forecast", "--data", "data", facts=("plant differ in known_future", "humidity", "train again"))


@pytest.mark.parametrize("name", BUNDLE_FILES)
@pytest.mark.parametrize("damage", ["one bit", "cut short", "empty", "gone"])
def test_damaged_bundle__names_the_file(refused, plant, models, name: str, damage: str) -> None:
    path = models / "plant" / "versions" / "v0001" / name
    content = path.read_bytes()
    # A letter from there on: in the last digit of a number a bit may change nothing.
    middle = next(place for place in range(len(content) // 2, len(content)) if content[place:place + 1].isalpha())
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut short": content[:middle],
                          "one bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]}[damage])
    refused("forecast", "--data", plant, facts=("v0001", name, "train"))


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"plant"', '{"station": "plant"}', "{}", b"\xff\xfe\x00"])
def test_damaged_registry(refused, plant, models, content: str | bytes) -> None:
    path = models / "plant" / "registry.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused("forecast", "--data", plant, facts=("models/plant",))


@pytest.mark.parametrize("content", ["[]", "null", "7", "{}"])
def test_manifest_of_another_form(refused, plant, models, content: str) -> None:
    (models / "plant" / "versions" / "v0001" / "manifest.json").write_text(content)
    refused("forecast", "--data", plant, facts=("v0001", "train"))


def test_model_of_a_newer_format(refused, plant, models) -> None:
    path = models / "plant" / "versions" / "v0001" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    refused("forecast", "--data", plant, facts=("another format", "found: 99", f"expected: {FORMAT}"))


# Weather.

@pytest.mark.usefixtures("models")
def test_weather_without_a_known_column__lists_both_sides(refused, plant) -> None:
    write(pd.DataFrame({"time": ["2025-04-30 00:00"], "tide": [1.5]}), "tide.csv")
    refused("forecast", "--data", plant, "--weather", "tide.csv",
            facts=("tide.csv", "time, tide", "temperature, humidity, windSpeed"))


@pytest.mark.usefixtures("models")
def test_weather_issued_only_later(refused, plant) -> None:
    write(pd.DataFrame({"issued": ["2025-05-01"], "time": ["2025-05-01"], "temperature": [21]}), "later.csv")
    refused("forecast", "--data", plant, "--weather", "later.csv",
            facts=("later.csv", "issued before 2025-04-30", "--no-weather"))


@pytest.mark.usefixtures("models")
def test_missing_weather_file(refused, plant) -> None:
    refused("forecast", "--data", plant, "--weather", "absent.csv", facts=("absent.csv does not exist",))


@pytest.mark.usefixtures("models")
def test_weather_and_no_weather(refused, plant) -> None:
    refused("forecast", "--data", plant, "--weather", "any.csv", "--no-weather", facts=("--weather", "--no-weather"))
