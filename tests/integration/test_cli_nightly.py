"""`wattcast nightly` over three stations: one whose champion holds, one that is poisoned, one never trained."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wattcast.cli import main
from wattcast.data.schema import StationData
from wattcast.errors import DataError
from wattcast.nightly.ledger import Ledger
from wattcast.nightly.night import Night
from wattcast.nightly.steps import StoreWork
from wattcast.settings import Settings
from wattcast.store.disk import DiskStore

NIGHT, NOW = "2025-04-10", "2025-04-10 02:30"
DAYS = 40
"""From 2025-03-01 to the night."""


@pytest.fixture(scope="module")
def three(seed_table: Callable[..., pd.DataFrame], tiny: tuple[str, ...],
          tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 39 days of three stations, two of them with the same small model, and what comes in that night."""
    folder = tmp_path_factory.mktemp("nightly")
    (folder / "incoming").mkdir()
    before = []
    for name in ("north", "south", "west"):
        table = seed_table(name, days=DAYS, step="1h")[["ts", "station_ref_id", "total_active_power"]]
        before.append(table.iloc[:-24])
        table.iloc[-24:].drop(columns="station_ref_id").to_csv(folder / "incoming" / f"{name}.csv", index=False)
    pd.concat(before).to_csv(folder / "history.csv", index=False)
    (folder / "wattcast.yaml").write_text("nightly: {inbox: [incoming]}\n", encoding="utf-8")
    _settled(folder)
    store = ["--store", str(folder / "models")]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["ingest", "--data", str(folder / "history.csv"), "--set", "data.time.step=1h", *store]) == 0
        assert main(["train", "--station", "north", *store, *tiny]) == 0
    kept = DiskStore(folder / "models")
    model = kept.station("north").versions.load()
    for name in ("north", "south"):
        versions = kept.station(name).versions
        for _ in range(2 - len(versions.versions())):
            versions.promote(versions.add(replace(model, station=model.station.model_copy(update={"id": name})), {}))
    return folder


@pytest.fixture
def folder(three: Path, place: Path) -> Path:
    """A copy of it all in the working directory."""
    shutil.copytree(three, place, dirs_exist_ok=True)
    return place


def _settled(folder: Path) -> None:
    """Nobody has written to the files lately."""
    for path in folder.rglob("*.csv"):
        os.utime(path, (0, 0))


@pytest.fixture
def night(cli, folder: Path) -> Callable[..., dict]:
    """Run one; what its JSON says, by station, with the exit code."""
    def run(*arguments: str) -> dict:
        _settled(folder / "incoming")
        done = cli("nightly", "--config", "wattcast.yaml", "--now", NOW, "--json", "night.json", *arguments)
        told = json.loads(Path("night.json").read_text(encoding="utf-8"))
        assert done.code == told["exit_code"], done.err
        return {**told, "by_station": {each["station"]: each for each in told["stations"]}, "out": done.out,
                "err": done.err}
    return run


def filed(name: str) -> pd.DataFrame:
    return pd.read_csv(f"filed/{NIGHT}/{name}.csv", dtype={"station_id": str})


def state() -> dict[str, bytes]:
    """All that is kept and filed, but what is said of the run itself."""
    return {str(path): path.read_bytes() for root in ("models", "filed") for path in sorted(Path(root).rglob("*"))
            if path.is_file() and ".wattcast" not in path.parts and path.suffix != ".lock" and path.name != "lock"}


def test_nightly__a_file_for_each_and_a_light_with_its_reason(night) -> None:
    broken = next(Path("models/south/versions").glob("*/model.safetensors")).parents[1] / "v0002" / "model.safetensors"
    broken.write_bytes(broken.read_bytes()[:100])
    Path("incoming/north.csv").write_text("ts,gas_m3\n2025-04-09 00:00:00,3\n", encoding="utf-8")
    told = night("--report", "morning.html", "--prometheus", "wattcast.prom", "--log-json", "log.jsonl")
    assert told["exit_code"] == 3
    north, south, west = (told["by_station"][name] for name in ("north", "south", "west"))
    assert (north["light"], north["made_by"], north["quality"]) == ("amber", "v0002", "degraded")
    assert any("not taken in" in reason and "north.csv" in reason for reason in north["reasons"])
    assert any(reason.startswith("late: ") for reason in north["reasons"])
    assert (south["fallback"], south["made_by"]) == ("previous", "v0001")
    assert "its champion v0002: " in south["reasons"][0]
    assert (west["fallback"], west["made_by"]) == ("base", "untrained")
    assert any("no_model" in reason for reason in west["reasons"])
    for name in ("north", "south", "west"):
        table = filed(name)
        assert len(table) == 168
        assert table["time"].iloc[0] == f"{NIGHT} 00:00:00"
        assert table.notna().all(axis=None)
    assert len(pd.read_csv(f"filed/{NIGHT}.csv")) == 3 * 168
    assert "▲ amber" in told["out"]
    assert "▲ amber" in Path("morning.html").read_text(encoding="utf-8")
    assert 'wattcast_station_fallback{station="south",rung="previous"} 1' in Path("wattcast.prom").read_text()
    assert any(json.loads(line).get("station") == "south" for line in Path("log.jsonl").read_text().splitlines())
    made, = DiskStore(Path("models")).station("south").forecasts()
    assert (made.fallback, made.version) == ("previous", "v0001")


def test_nightly__a_file_left_out_beside_a_good_one_is_told(night) -> None:
    lines = Path("incoming/north.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("incoming/north.csv").unlink()
    Path("incoming/north_2025-04-08.csv").write_text("ts,gas_m3\n2025-04-08 00:00:00,3\n", encoding="utf-8")
    Path("incoming/north_2025-04-09.csv").write_text("".join(lines), encoding="utf-8")
    north = night()["by_station"]["north"]
    assert north["light"] == "amber"
    assert any(reason.startswith("not taken in: north_2025-04-08.csv is left out: ") for reason in north["reasons"])
    assert not any(reason.startswith("late: ") for reason in north["reasons"])


def test_nightly__tells_of_a_new_station_what_it_was_taken_for_and_of_a_refused_one_what_to_do(night) -> None:
    rows = pd.read_csv("incoming/west.csv").rename(columns={"total_active_power": "Last"})
    rows.to_csv("incoming/wset.csv", index=False)
    rows.assign(Last=1.0).to_csv("incoming/south.csv", index=False)
    told = night("--set", "data.time.step=1h")["by_station"]
    assert told["wset"]["light"] == "amber"
    assert any(reason.startswith("new, and described as ") and "time.step: 1h" in reason
               for reason in told["wset"]["reasons"])
    assert any("'Last' is taken for the total active power" in note for note in told["wset"]["notes"])
    assert any(reason.startswith("not taken in: ") and "; what to do: " in reason
               for reason in told["south"]["reasons"])


def test_nightly__twice_is_once_until_something_comes_in(night) -> None:
    first = night()
    before = state()
    assert night()["stations"] == first["stations"]
    assert state() == before
    assert [run["id"] for run in DiskStore(Path("models")).runs("nightly")] == [f"nightly-{NIGHT}"]
    rows = pd.read_csv("history.csv").query("station_ref_id == 'south'").tail(48)
    rows.assign(total_active_power=rows["total_active_power"] + 5).drop(columns="station_ref_id").to_csv(
        "incoming/south.csv", index=False)
    night()
    changed = {path for path, content in state().items() if before.get(path) != content}
    assert f"filed/{NIGHT}/south.csv" in changed
    assert f"filed/{NIGHT}/north.csv" not in changed


def test_nightly__whose_intake_cannot_be_noted_tells_what_came_in_all_the_same(night, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise DataError("cannot write models/.wattcast/runs/x.json", found="No space left on device")

    Path("incoming/south.csv").write_text("ts,gas_m3\n2025-04-09 00:00:00,3\n", encoding="utf-8")
    monkeypatch.setattr(DiskStore, "keep_run", full)
    told = night()
    assert any(remark.startswith("what came in of incoming is not noted: cannot write ") for remark in told["remarks"])
    assert not any("nothing was taken in" in remark for remark in told["remarks"])
    assert any(reason.startswith("not taken in: ") for reason in told["by_station"]["south"]["reasons"])
    assert told["by_station"]["north"]["age_hours"] == 2.5


@contextlib.contextmanager
def ended_before(line: int) -> Iterator[None]:
    """Ends the program before what the ledger would be told next, after so many lines."""
    whole, lines = Ledger._write, count()

    def write(*arguments: Any) -> None:
        if next(lines) == line:
            raise KeyboardInterrupt
        whole(*arguments)

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(Ledger, "_write", write)
        yield


def test_nightly__ended_at_any_line_it_loses_and_repeats_nothing(cli, night) -> None:
    shutil.copytree("models", "models-before")
    night()
    whole = {path: content for path, content in state().items() if path.startswith("filed") and "jsonl" not in path}
    shutil.rmtree("models")
    shutil.rmtree("filed")
    shutil.copytree("models-before", "models")
    for line in (0, 2, 3, 4, 5, 6, 7, 9):
        with ended_before(line):
            cli("nightly", "--config", "wattcast.yaml", "--now", NOW)
    night()
    assert {path: content for path, content in state().items() if path in whole} == whole
    for name in ("north", "south", "west"):
        station = DiskStore(Path("models")).station(name)
        assert len(list(station.forecasts())) == 1
        assert len(station.measurements().frame) == DAYS * 24
        assert len(station.taken_in()) == 2


def test_nightly__past_its_deadline_there_are_files_and_nothing_else(night) -> None:
    told = night("--deadline", "01:00")
    assert all(Path(each["file"]).exists() for each in told["stations"])
    assert "the deadline was 01:00; not begun: review of 3 stations" in told["remarks"][0]


def test_nightly__rehearsed_it_changes_nothing(night) -> None:
    before = state()
    told = night("--dry-run")
    assert state() == before
    assert not Path("filed").exists()
    assert told["by_station"]["north"]["made_by"] == "v0002"
    assert told["remarks"] == ["rehearsed: nothing is taken in of incoming"]


def test_nightly__whose_rows_cannot_be_read_says_what_was_said_before(night) -> None:
    night()
    history = Path("models/south/history/measurements.parquet")
    history.write_bytes(history.read_bytes()[:500])
    shutil.rmtree("filed")
    south = night()["by_station"]["south"]
    assert south["fallback"] == "last_issued"
    assert np.isfinite(filed("south")["total_active_power"]).all()


@pytest.mark.usefixtures("folder")
def test_nightly__made_up_for_learns_nothing_of_later_and_says_what_is_not_kept(monkeypatch: pytest.MonkeyPatch
                                                                                ) -> None:
    ends: list[pd.Timestamp] = []

    def look(*arguments: object, **_: object) -> str:
        ends.extend(each.end for each in arguments if isinstance(each, StationData))
        raise DataError("seen")
    for name in ("too_few_rows", "check_new_rows"):
        monkeypatch.setattr(f"wattcast.workflows.finetune.{name}", look)
    then = pd.Timestamp("2025-03-20 02:37:11", tz="Asia/Shanghai")
    work = StoreWork(DiskStore(Path("models")), Settings(), then)
    for ask in (lambda: work.due("north"), lambda: work.finetune("north", lambda: None)):
        with pytest.raises(DataError, match="seen"):
            ask()
    assert ends == [then.normalize()] * 2
    made = work.rungs("north", False)[0].make()
    with pytest.raises(DataError, match="v0002 learned from what was measured after 2025-03-20 00:00"):
        made.keep(None)


@pytest.mark.usefixtures("place")
def test_nightly__knows_a_station_by_its_kind_and_size_alone(cli) -> None:
    assert cli("stations", "add", "--station", "roof", "--set", "data.kind=pv", "--set", "data.capacity=80", "--set",
               "data.time.step=1h").code == 0
    assert cli("stations", "add", "--station", "nowhere", "--set", "data.kind=load").code == 0
    done = cli("nightly", "--now", NOW, "--json", "-")
    told = {each["station"]: each for each in json.loads(done.out)["stations"]}
    assert done.code == 1
    assert (told["roof"]["light"], told["roof"]["fallback"]) == ("amber", "capacity")
    assert told["nowhere"]["light"] == "red"
    assert "nothing is known of station nowhere" in " ".join(told["nowhere"]["reasons"])
    assert filed("roof")["total_active_power"].between(0, 80).all()


@pytest.mark.usefixtures("place")
def test_nightly__without_a_station_says_what_to_do(cli) -> None:
    done = cli("nightly", "--now", NOW)
    assert done.code == 2
    assert "nothing is kept of any station in models" in done.err
    assert "wattcast ingest --data" in done.err
    assert not Path("models").exists()


@pytest.mark.usefixtures("folder")
def test_nightly__one_at_a_time(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def meanwhile(_: Night) -> None:
        codes.append(cli("nightly", "--config", "wattcast.yaml", "--now", NOW).code)
        raise KeyboardInterrupt
    monkeypatch.setattr(Night, "run", meanwhile)
    cli("nightly", "--config", "wattcast.yaml", "--now", NOW)
    assert codes == [1]


@pytest.mark.usefixtures("place")
def test_nightly__what_cannot_be_written_keeps_nothing_back(cli) -> None:
    Path("full").touch()
    assert cli("stations", "add", "--station", "roof", "--set", "data.kind=pv", "--set", "data.capacity=80").code == 0
    done = cli("nightly", "--now", NOW, "--report", "full/morning.html", "--prometheus", "wattcast.prom", "--log-json",
               "full/log.jsonl", "--set", "data.capacity=80")
    assert done.code == 3
    assert "▲ amber" in done.out
    assert "cannot write full/morning.html" in done.err
    assert Path("wattcast.prom").exists()
    assert len(filed("roof")) == 672
    done = cli("nightly", "--now", NOW, "--set", "nightly.filed=full")
    assert done.code == 2
    assert "nightly.filed" in done.err


@pytest.mark.parametrize(("arguments", "message"), [
    (("--deadline", "soon"), "'soon' is not a deadline"),
    (("--set", "nightly.filed_as=all.csv"), "does not tell stations apart"),
    (("--set", "nightly.inboxes=[x]"), "did you mean 'nightly.inbox'?")])
def test_nightly__refuses_what_cannot_be_meant(refused, arguments: tuple[str, ...], message: str) -> None:
    refused("nightly", *arguments, facts=(message,))
