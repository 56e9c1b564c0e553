"""The other verbs: demo, check, backtest, doctor; and the command as it is installed."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from processes import Started, reopened

from wattcast import __version__
from wattcast.cli import main
from wattcast.data.simulate import simulate_station
from wattcast.errors import NO_ROOM
from wattcast.evaluation import boosted_trees
from wattcast.training.module import PowerModule

WATTCAST = Path(sys.executable).with_name("wattcast")
SIMPLE = ("seasonal-naive", "naive-day", "weekly-mean")


def test_demo__leaves_a_forecast_a_picture_and_a_page_to_open_offline(cli, place: Path, tiny, monkeypatch) -> None:
    """Of a year that is short."""
    monkeypatch.setattr("wattcast.workflows.demo.simulate_station", partial(simulate_station, days=100))
    done = cli("demo", *tiny)
    assert done.code == 0
    said = " ".join(done.out.split())
    for words in ("simulating a year", "out_of_range", "6553.5", "same as 7 days ago", "mean of the last 4 weeks",
                  "forecast.csv, forecast.png and report.html"):
        assert words in said
    folder = place / "demo"
    table = pd.read_csv(folder / "forecast.csv")
    assert len(table) == 672
    assert table.notna().all(axis=None)
    assert (folder / "forecast.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert not [mark for mark in ('src="http', "src='http", '<link', "@import", "url(http") if mark in page]
    assert not [path for path in place.iterdir() if path != folder]


def test_check__says_what_is_wrong_and_what_is_done_about_it(cli, plant) -> None:
    done = cli("check", "--data", plant)
    assert done.code == 0
    said = " ".join(done.out.split())
    assert "station plant: 5732 rows, 2025-03-01 00:00 to 2025-04-29 23:45" in said
    assert "gap - 28 2025-04-06 09:00 2025-04-06 15:45" in said
    assert "out_of_range temperature 48 2025-03-22 12:00 2025-03-22 23:45 6553.5" in said
    told = json.loads(cli("check", "--data", plant, "--json").out)
    assert told["station"] == "plant"
    assert [(found["kind"], found["column"], found["count"]) for found in told["findings"]] == [
        ("gap", None, 28), ("out_of_range", "temperature", 48)]


def test_check__tells_each_note_once(cli, seed_table, place: Path) -> None:
    table = seed_table("works", days=4).drop(columns="station_ref_id")
    table = table.assign(ts=pd.to_datetime(table["ts"]).astype("int64") // 10**6, more=1)
    table.to_csv(place / "works.csv", index=False)
    done = cli("check", "--data", "works.csv")
    assert done.code == 0, done.err
    for once in ("since 1970, UTC", "no role: more"):
        assert (done.out + done.err).replace("\n", " ").count(once) == 1
    assert done.err == ""


def test_backtest__writes_the_contract_and_a_page(cli, plant, place: Path, tiny) -> None:
    done = cli("backtest", "--data", plant, "--first-origin", "2025-04-12 06:00", "--every", "5d", "--origins", "2",
               "--models", f"wattcast,{','.join(SIMPLE)}", "--json", "out/result.json", "--report", "out/page.html",
               *tiny)
    assert done.code == 0
    results = json.loads((place / "out" / "result.json").read_text())
    assert [result["target"] for result in results] == ["total_active_power", "not_use_power"]
    for result in results:
        assert (result["station"], result["step"], result["horizon"]) == ("plant", "15min", 672)
        assert result["origins"] == ["2025-04-12T06:00:00+08:00", "2025-04-17T06:00:00+08:00"]
        assert set(result["models"]) == {"wattcast", *SIMPLE}
        assert result["chosen"] == "wattcast"
        for scores in result["models"].values():
            assert {"mae", "rmse", "wape", "nmae", "skill", "pinball", "coverage_80", "mae_by_day"} <= set(scores)
            assert len(scores["mae_by_day"]) == 7
        reference = result["models"]["seasonal-naive"]
        assert reference["skill"] == 0
        mean = result["models"]["weekly-mean"]
        assert mean["skill"] == pytest.approx(1 - mean["mae"] / reference["mae"])
    page = (place / "out" / "page.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "Why the newest forecast says so: from Thu 2025-04-17 06:00" in page
    assert "Why the worst day was wrong: forecast from " in page
    assert "steps lay inside the 80 % band" in page
    assert "issued before each origin" in done.out


def test_backtest__without_weather_and_with_refits(cli, plant, place: Path, tiny) -> None:
    common = ("backtest", "--data", plant, "--first-origin", "2025-04-08", "--every", "7d", "--origins", "3",
              "--models", "wattcast,seasonal-naive", *tiny)
    made = []
    for number, flags in enumerate(((), ("--no-weather",), ("--refit-every", "2"))):
        done = cli(*common, *flags, "--json", f"{number}.json")
        assert done.code == 0
        made.append((json.loads((place / f"{number}.json").read_text())[0], done.err.count("epoch 1/")))
    (_, once), (blind, _), (_, twice) = made
    assert (once, twice) == (1, 2)
    assert blind["weather"] == "none"
    assert len({result["models"]["seasonal-naive"]["mae"] for result, _ in made}) == 1
    assert len({result["models"]["wattcast"]["mae"] for result, _ in made}) == 3


def test_backtest__of_the_network_alone_shares_one_training(cli, plant, place: Path, tiny) -> None:
    done = cli("backtest", "--data", plant, "--first-origin", "2025-04-12", "--origins", "1", "--models",
               "network,weekly-mean", "--json", "r.json", *tiny)
    assert done.code == 0
    assert done.err.count("epoch 1/") == 1
    assert "network" in done.out
    found = json.loads((place / "r.json").read_text())[0]
    assert set(found["models"]) == {"wattcast", "network", "weekly-mean", "seasonal-naive"}
    assert found["chosen"] == "wattcast"
    assert found["models"]["network"]["mae"] > 0


def test_backtest__trees_combinations_rules_and_processes(cli, plant, place: Path, monkeypatch) -> None:
    monkeypatch.setattr(boosted_trees, "ROUNDS", 8)
    monkeypatch.setattr(boosted_trees, "ENOUGH", 5_000)
    common = ("backtest", "--data", plant, "--first-origin", "2025-04-12", "--every", "3d", "--origins", "3",
              "--models", "lightgbm,lightgbm+weekly-mean-2,climatology", "--rule", "north-china-2019,south-wind-2022",
              "--set", "data.capacity=2000")
    done = cli(*common, "--json", "one.json", "--report", "page.html")
    assert done.code == 0
    said = " ".join(done.out.split())
    for words in ("north-china-2019: North China", "days under 85%", "was not verified against the official text"):
        assert words in said
    total, part = json.loads((place / "one.json").read_text())
    models = {"lightgbm", "lightgbm+weekly-mean-2", "climatology", "seasonal-naive"}
    assert set(total["models"]) == set(total["rules"]["south-wind-2022"]["models"]) == models
    assert total["chosen"] == "lightgbm"
    assert "rules" not in part
    assert cli(*common, "--jobs", 2, "--json", "two.json").code == 0
    assert (place / "one.json").read_text() == (place / "two.json").read_text()


@pytest.mark.parametrize(("flags", "facts"), [
    (("--rule", "north-china-2019"), ("has no capacity", "data.capacity")),
    (("--rule", "north-chna-2019", "--set", "data.capacity=2000"), ("did you mean 'north-china-2019'?",)),
    (("--models", "wattcast+weekly_mean"), ("unknown model 'weekly_mean'", "did you mean 'weekly-mean'?")),
    (("--set", "data.horizon=36h"), ("'36h'", "whole days")),
])
def test_backtest__wrong_words_are_named(cli, plant, flags, facts) -> None:
    done = cli("backtest", "--data", plant, "--first-origin", "2025-04-12", *flags)
    assert done.code == 2
    for fact in facts:
        assert fact in done.err


def test_horizon__two_days_from_training_to_backtest(cli, plant, place: Path, tiny) -> None:
    two_days = ("--data", plant, "--set", "data.horizon=48h", *tiny)
    assert cli("train", *two_days, "--set", "training.horizon_weights=[2, 1]").code == 0
    assert cli("forecast", *two_days).code == 0
    assert len(pd.read_csv(place / "forecast.csv")) == 192
    assert cli("forecast", "--data", plant).code == 0
    assert len(pd.read_csv(place / "forecast.csv")) == 192
    week = cli("forecast", "--data", plant, "--set", "data.horizon=7d")
    assert (week.code, "horizon: 48h" in week.err) == (2, True)
    assert cli("backtest", *two_days, "--first-origin", "2025-04-22", "--every", "2d", "--json", "r.json").code == 0
    found = json.loads((place / "r.json").read_text())[0]
    assert (found["horizon"], len(found["models"]["wattcast"]["mae_by_day"])) == (192, 2)


def test_doctor__names_versions_and_the_scan_that_will_run(cli) -> None:
    told = json.loads(cli("doctor", "--json").out)
    assert told["environment"]["wattcast"] == __version__
    usable = [backend["name"] for backend in told["scan"] if backend["usable"]]
    assert told["chosen"] in usable
    assert "loop" in usable
    done = cli("doctor")
    assert (done.code, told["chosen"] in done.out) == (0, True)


def test_interrupted__says_how_to_go_on(cli, plant, place: Path, tiny, monkeypatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PowerModule, "loss", interrupt)
    done = cli("train", "--data", plant, *tiny)
    assert done.code == 130
    assert "the same command continues" in done.err
    assert not list(place.rglob("manifest.json"))


@pytest.mark.parametrize(("arguments", "code", "fact"), [
    (("--version",), 0, f"wattcast {__version__}"), (("--help",), 0, "forecast"), (("train", "--help"), 0, "--until"),
    (("check", "--data", "absent.csv"), 2, "absent.csv does not exist"), (("chekc",), 2, "'check'"),
])
def test_installed_command__answers_with_its_exit_code(place: Path, arguments, code: int, fact: str) -> None:
    done = subprocess.run([WATTCAST, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert fact in done.stdout + done.stderr
    assert (done.stderr == "") == (code == 0)
    assert "Traceback" not in done.stderr
    assert not list(place.iterdir())


def test_help__does_without_torch(place: Path) -> None:
    script = ("import sys; from wattcast.cli import main; main(['--help']); "
              "sys.exit(bool({'torch', 'numba', 'matplotlib', 'lightning'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, cwd=place).returncode == 0


# JSON that holds the error, too.

def said_in_json(run) -> dict:
    told = json.loads(run.out)
    assert run.code == told["error"]["exit_code"] == 2
    assert run.err.startswith(f"error: {told['error']['what']}")
    assert told["error"].keys() == {"what", "found", "expected", "hint", "exit_code"}
    return told


@pytest.mark.parametrize(("arguments", "what"), [
    (("check", "--data", "absent.csv"), "absent.csv does not exist"),
    (("check", "--data", "absent.csv", "--station", "all"), "absent.csv does not exist"),
    (("train", "--data", "absent.csv", "--set", "training.epoch=3"), "unknown configuration key 'training.epoch'"),
    (("tune", "--data", "absent.csv", "--config", "absent.yaml"), "cannot read the configuration absent.yaml"),
    (("finetune", "--data", "absent.csv"), "there is no pretrained model of any station"),
    (("forecast", "--data", "absent.csv", "--wether", "w.csv"), "No such option: --wether"),
    (("forecast", "--station", "north"), "no rows of station north are stored in models"),
    (("pretrain", "--out", "base"), "nothing is given to learn from"),
    (("tune", "--data", "absent.csv", "--n_trials", "none"), "Invalid value for '--n_trials'"),
    (("models", "list", "--station", "north"), "station north has no trained model in models"),
    (("models", "lst"), "No such command 'lst'"),
    (("doctor", "--quick"), "No such option: --quick"),
])
def test_json__holds_the_error_of_any_verb(cli, place: Path, arguments: tuple[str, ...], what: str) -> None:
    assert said_in_json(cli(*arguments, "--json"))["error"]["what"].startswith(what)
    assert not list(place.iterdir())


def test_json__of_one_station_holds_its_error(cli, plant, models) -> None:
    (models / "plant" / "registry.json").write_text("{")
    told = said_in_json(cli("forecast", "--data", plant, "--station", "plant", "--json"))
    assert told["station"] == "plant"
    assert told["error"]["hint"] == "restore it from a copy, or delete it and train again"


@pytest.mark.usefixtures("place")
def test_json__holds_a_fault_of_ours(cli, plant, monkeypatch) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("wattcast.workflows.check.check", fault)
    done = cli("check", "--data", plant, "--json")
    assert (done.code, json.loads(done.out)["error"]["what"]) == (1, "unexpected ZeroDivisionError: odd")
    with pytest.raises(ZeroDivisionError):      # in words it shows where it happened
        cli("check", "--data", plant)


def onto_a_full_disk(*words: str) -> int:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    reopened(1)
    return main(list(words))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_output_that_does_not_fit__is_told_without_a_traceback(plant, flags: tuple[str, ...]) -> None:
    with Started(onto_a_full_disk, "check", "--data", str(plant), *flags) as process:
        code, _, said = process.ended()
    assert code == 2, said
    assert said.startswith("error: the disk is full")
    assert "Traceback" not in said


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("code", NO_ROOM)
def test_full_disk__is_in_the_json(cli, plant, monkeypatch, code: int) -> None:
    def full(*_: object) -> None:
        raise OSError(code, "No space left on device", "models/plant/history")

    monkeypatch.setattr("wattcast.settings.load_settings", full)
    assert said_in_json(cli("check", "--data", plant, "--json"))["error"]["found"] == "models/plant/history"


# The verbs on models.

def test_models__list_without_a_station_lists_all(cli, models) -> None:
    shutil.copytree(models / "plant", models / "damaged")
    done = cli("models", "list")
    assert done.code == 2
    assert "plant" in done.out
    assert "v0001" in done.out
    assert "station damaged: models/damaged belongs to another station" in done.err
    told = json.loads(cli("models", "list", "--json").out)
    assert [each["station"] for each in told] == ["damaged", "plant"]
    assert "belongs to another station" in told[0]["error"]["what"]
    assert [version["name"] for version in told[1]["versions"]] == ["v0001"]
    shutil.rmtree(models / "damaged")
    assert cli("models", "list").code == 0


def test_models__list_of_an_empty_folder_says_how_to_begin(cli, place: Path) -> None:
    done = cli("models", "list")
    assert (done.code, done.out) == (0, "there is no trained model in models yet; train one with 'wattcast train'\n")
    assert json.loads(cli("models", "list", "--json").out) == []
    assert not list(place.iterdir())


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("command", [("list",), ("show",), ("promote", "v0001"), ("rollback",)])
def test_models__misspelt_station_names_the_nearest(cli, command: tuple[str, ...]) -> None:
    done = cli("models", *command, "--station", "plnat")
    assert (done.code, done.out) == (2, "")
    for fact in ("station plnat has no trained model in models", "models of plant", "did you mean plant?"):
        assert fact in done.err
