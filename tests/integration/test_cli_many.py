"""`--station all`: thirty stations of which five are broken, each in its way; the others are done, and all is told."""

import contextlib
import gzip
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.cli import main
from wattcast.data.reader import open_source
from wattcast.store.registry import Registry
from wattcast.workflows import job as jobs

pytestmark = pytest.mark.usefixtures("place")

GOOD = tuple(f"works-{number:02d}" for number in range(25))
BAD = {
    "broken-codes": "no usable value", "broken-empty": "no usable value", "broken/id": "cannot be the name of a folder",
    "broken-short": "has too little data to train on", "broken-text": "should hold numbers",
}
SHORT = "broken-short"
HOURLY = ("--set", "data.time.step=1h")
PATCHES = ("--set", "model.patch_len=24")
FAST = (*PATCHES, "--set", "training.epochs=1", "--set", "training.batches_per_epoch=1", "--set",
        "windows.validation_origins=2", "--set", "evaluation.holdout_weeks=0")


@dataclass(frozen=True)
class Run:
    """What a command did."""

    code: int
    out: str
    err: str


def load(station: str, days: int = 30) -> pd.DataFrame:
    """A works' hours: 200 kW at night, a day shift of its own height, less at weekends."""
    times = pd.date_range("2025-03-03", periods=24 * days, freq="1h")
    height = 100 + 10 * GOOD.index(station) if station in GOOD else 300
    shift = np.where((times.hour >= 7) & (times.hour < 19), height, 0)
    power = 200 + shift * np.where(times.day_of_week < 5, 1.0, 0.4) + np.arange(len(times)) % 7
    return pd.DataFrame({"ts": times.astype(str), "station_ref_id": station, "total_active_power": power})


def broken(station: str) -> pd.DataFrame:
    table = load(station, days=9 if station == "broken-short" else 30)
    if station == "broken-empty":
        return table.assign(total_active_power=np.nan)
    if station == "broken-codes":
        return table.assign(total_active_power=-999.0)
    if station == "broken-text":
        table["total_active_power"] = table["total_active_power"].astype(str)
        table.loc[[30, 31], "total_active_power"] = "much"
    return table


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with all stations, their rows mixed."""
    path = tmp_path_factory.mktemp("thirty") / "thirty.csv"
    table = pd.concat([*map(load, GOOD), *map(broken, BAD)])
    table.sort_values(["ts", "station_ref_id"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def training(thirty: Path, tiny: tuple[str, ...]) -> tuple[Run, Path]:
    """What `train --station all` did, and its models."""
    models = thirty.parent / "models"
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(["train", "--data", str(thirty), "--models-dir", str(models), "--station", "all", *tiny, *FAST,
                     *HOURLY])
    return Run(code, out.getvalue(), err.getvalue()), models


@pytest.fixture
def run(cli, thirty: Path, training: tuple[Run, Path]) -> Callable[..., Run]:
    """A verb for all stations of a source, with the models trained."""
    def on_all(verb: str, *flags: object, data: Path = thirty, models: Path | None = None) -> Run:
        where = () if verb == "check" else ("--models-dir", models or training[1])
        return cli(verb, "--data", data, "--station", "all", *where, *HOURLY, *flags)
    return on_all


def rows(out: str) -> dict[str, tuple[str, str]]:
    """The table's outcome and words by station, continued lines put together."""
    found: dict[str, tuple[str, str]] = {}
    station = ""
    for line in out.splitlines():
        if not line.startswith("│"):
            continue
        name, state, words = (cell.strip() for cell in line.strip("│").split("│"))
        station = name or station
        before = found.get(station, (state, ""))
        found[station] = before[0], f"{before[1]} {words}".strip()
    return found


def test_train__does_all_it_can(training) -> None:
    done, models = training
    assert done.code == 2
    assert sorted(path.name for path in models.iterdir()) == sorted(GOOD)
    table = rows(done.out)
    assert {station: state for station, (state, _) in table.items()} == {
        **dict.fromkeys(GOOD, "done"), **dict.fromkeys(BAD, "failed")}
    for station, reason in BAD.items():
        assert reason in table[station][1]
        assert f"error: station {station}: " in done.err
    assert table["works-07"][1] == "v0001 is the champion"
    assert "what to do:" in table["broken/id"][1]
    assert done.out.splitlines()[-1] == "25 of 30 done, 5 failed"
    assert "station works-00, 6 of 30" in done.err
    assert "Traceback" not in done.err + done.out


def test_forecast__leaves_the_rows_of_all_that_succeeded(run, cli, thirty, training, place: Path) -> None:
    done = run("forecast", "--out", "f.csv")
    assert done.code == 2
    # Each is the one that the station gets alone.
    cli("forecast", "--data", thirty, "--models-dir", training[1], "--station", "works-11", *HOURLY, "--out", "1.csv")
    lines = (place / "f.csv").read_text().splitlines()
    alone = (place / "1.csv").read_text().splitlines()
    assert [lines[0], *(line for line in lines if line.startswith("works-11,"))] == alone
    # What is too short to train on is forecast without a model.
    forecast = dict.fromkeys((*GOOD, SHORT), 7 * 24)
    assert pd.read_csv(place / "f.csv").groupby("station_id").size().to_dict() == forecast
    table = rows(done.out)
    assert [station for station, (state, _) in table.items() if state == "failed"] == sorted(set(BAD) - {SHORT})
    assert "by untrained" in table[SHORT][1]
    assert "no_model" in table[SHORT][1]
    assert table["works-24"][1].startswith("168 steps from 2025-04-02 00:00:00 by v0001")
    assert done.out.splitlines()[-1] == "26 of 30 done, 4 failed"


def test_forecast__json_holds_one_object_a_station(run) -> None:
    done = run("forecast", "--json", "--out", "f.csv")
    assert done.code == 2
    told = {each["station"]: each for each in json.loads(done.out)}
    assert sorted(told) == sorted([*GOOD, *BAD])
    assert {station for station, each in told.items() if "error" in each} == set(BAD) - {SHORT}
    error = told["broken-text"]["error"]
    assert error.pop("hint")
    assert error == {"what": "thirty.csv, line 905: the column 'total_active_power' should hold numbers",
                     "found": "'much'; in 2 rows: 'much'",
                     "expected": "a number, or an empty cell where there is no value", "exit_code": 2}
    assert told["works-00"]["rows"] == 168
    assert told["works-00"]["file"] == "f.csv"


def test_check__tells_all_in_words_and_in_json(run) -> None:
    done = run("check")
    assert done.code == 2
    table = rows(done.out)
    # What is too short to train on is none the worse for that.
    assert [station for station, (state, _) in table.items() if state == "failed"] == sorted(set(BAD) - {SHORT})
    assert "station works-24: 720 rows" in done.out
    assert done.out.splitlines()[-1] == "26 of 30 done, 4 failed"
    told = json.loads(run("check", "--json").out)
    assert [each["station"] for each in told] == list(table)
    assert sum("error" in each for each in told) == 4


def test_finetune__a_rejection_is_no_failure_and_wrong_input_weighs_more(run, training, place: Path,
                                                                         monkeypatch) -> None:
    models = Path(shutil.copytree(training[1], place / "models"))
    opened = []
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "open_source", lambda *given: opened.append(given) or open_source(*given))
        done = run("finetune", models=models)
    assert done.code == 3
    assert done.out.splitlines()[-1] == "0 of 25 done, 25 rejected"
    assert len(opened) == 1     # a file of many is read once
    for station in GOOD[5:]:
        shutil.rmtree(models / station)
    (models / "works-03" / "registry.json").write_text("{")
    done = run("finetune", "--json", models=models)
    assert done.code == 2
    told = json.loads(done.out)
    assert [each["station"] for each in told] == list(GOOD[:5])
    assert [each["station"] for each in told if "error" in each] == ["works-03"]
    assert "registry.json is damaged" in told[3]["error"]["what"]
    assert told[4]["gate"]["promoted"] is False


def test_search_only__is_told_by_station(run, tiny, tmp_path) -> None:
    done = run("tune", "--search-only", "--n_trials", "1", *tiny, *PATCHES, "--json",
               models=tmp_path, data=two_stations(tmp_path))
    told = json.loads(done.out)
    assert done.code == 2
    assert [each["station"] for each in told] == ["broken-short", "works-00"]
    assert "too little data" in told[0]["error"]["what"]
    assert told[1]["n_trials"] == 1


def two_stations(folder: Path) -> Path:
    path = folder / "two.csv"
    pd.concat([load("works-00"), broken("broken-short")]).to_csv(path, index=False)
    return path


def test_no_station_succeeds__no_file_is_written(run, place: Path, tmp_path) -> None:
    path = tmp_path / "bad.csv"
    pd.concat([broken("broken-codes"), broken("broken-empty")]).to_csv(path, index=False)
    done = run("forecast", data=path)
    assert (done.code, list(place.iterdir())) == (2, [])
    assert done.out.splitlines()[-1] == "0 of 2 done, 2 failed"


def test_one_of_all__is_a_list_and_a_table(run, tmp_path) -> None:
    path = tmp_path / "one.csv"
    load("works-00").to_csv(path, index=False)
    assert [each["station"] for each in json.loads(run("check", "--json", data=path).out)] == ["works-00"]
    assert run("check", data=path).out.splitlines()[-1] == "1 of 1 done"


# Folders of stations.

@pytest.fixture
def folders(place: Path) -> Path:
    """Five stations in folders of their own: two sound ones, and files that are empty, cut short and another thing."""
    root = place / "root"
    for station in GOOD[:5]:
        data = root / station / "data"
        data.mkdir(parents=True)
        load(station).drop(columns="station_ref_id").to_csv(data / f"data-{station}-2025-03.csv", index=False)
    empty, cut, other = (root / station / "data" / f"data-{station}-2025-03.csv" for station in GOOD[1:4])
    empty.write_bytes(b"")
    packed = gzip.compress(cut.read_bytes())
    cut.unlink()
    cut.with_suffix(".csv.gz").write_bytes(packed[:len(packed) // 2])
    other.write_text("tide,moon\n1,2\n")
    return root


def test_folders__a_broken_file_stops_its_own_station_only(run, folders, place: Path) -> None:
    done = run("check", data=folders)
    assert done.code == 2
    table = rows(done.out)
    assert [state for state, _ in table.values()] == ["done", "failed", "failed", "failed", "done"]
    for station, reason in zip(GOOD[1:4], ("is empty", "cannot be read", "no column"), strict=True):
        assert reason in table[station][1]
    assert done.out.splitlines()[-1] == "2 of 5 done, 3 failed"
    shutil.rmtree(folders / GOOD[1])
    assert run("forecast", data=folders).code == 2
    assert set(pd.read_csv(place / "forecast.csv")["station_id"]) == {GOOD[0], GOOD[4]}


# What is nobody's input.

def test_unexpected_exception__is_one_station_s_end(run, place: Path, monkeypatch) -> None:
    whole = Registry.load

    def load_or_fail(registry: Registry, *names: str):
        if registry.station_id == "works-02":
            raise ZeroDivisionError("a fault of ours")
        return whole(registry, *names)

    monkeypatch.setattr(Registry, "load", load_or_fail)
    root = place / "root"
    for station in GOOD[:4]:
        (root / station / "data").mkdir(parents=True)
        load(station).drop(columns="station_ref_id").to_csv(root / station / "data" / f"data-{station}-2025-03.csv",
                                                            index=False)
    done = run("forecast", data=root)
    assert done.code == 1
    assert "unexpected ZeroDivisionError: a fault of ours" in rows(done.out)["works-02"][1]
    assert "report it" in rows(done.out)["works-02"][1]
    assert "Traceback" not in done.out + done.err
    assert done.out.splitlines()[-1] == "3 of 4 done, 1 failed"


def test_interrupted__ends_everything(run, place: Path, monkeypatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Registry, "load", interrupt)
    for flags in ((), ("--json",)):
        done = run("forecast", *flags)
        assert (done.code, done.out) == (130, "")
        assert "interrupted" in done.err
    assert not list(place.iterdir())


def test_closed_pipe__ends_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wattcast.cli", "check", "--data", two_stations(tmp_path), "--station", "all",
               *HOURLY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert started.stderr.read() == ""
    assert started.returncode == 141
