"""`wattcast ingest`: what comes in is kept once, whatever comes twice, late, corrected, half written or wrong."""

import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.store.disk import DiskStore
from wattcast.store.open import open_store
from wattcast.workflows.intake import Intake

pytestmark = pytest.mark.usefixtures("place")

STILL = ("--still", "0")
HOURLY = ("--set", "data.time.step=1h")


def write(table: pd.DataFrame, path: str) -> Path:
    Path(path).parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False)
    return Path(path)


def kept(station: str = "north"):
    return DiskStore(Path("models")).station(station)


def power(station: str = "north") -> pd.Series:
    data = kept(station).measurements()
    return data.frame["total_active_power"]


def told(done) -> dict[str, dict]:
    return {each["station"]: each for each in json.loads(done.out)["stations"]}


def test_ingest__works_out_what_a_forecast_without_a_model_rests_on(cli, hourly) -> None:
    cli("ingest", "--data", write(hourly(days=60), "north.csv"), *HOURLY, *STILL)
    first = kept().recall()
    assert first
    cli("ingest", "--data", write(hourly(days=61), "longer.csv"), *HOURLY, *STILL)
    assert kept().recall().keys() != first.keys()


def test_ingest__two_stations_of_a_file_once(cli, hourly) -> None:
    both = write(pd.concat([hourly("north"), hourly("south")]), "both.csv")
    done = cli("ingest", "--data", both, *HOURLY, *STILL)
    assert done.code == 0
    assert "took in 1 file: 2 stations, 960 rows new" in done.out
    assert "station north is new: " in done.out
    assert "kind: load" in done.out
    assert (power("north").to_numpy() == hourly("north")["total_active_power"].to_numpy()).all()
    before = {path: path.read_bytes() for path in Path("models").rglob("*") if path.is_file()}
    again = cli("ingest", "--data", both, *STILL)
    assert again.code == 0
    assert "took in nothing new: 1 file taken in before" in again.out
    assert {path: path.read_bytes() for path in Path("models").rglob("*") if path.is_file()} == before


def test_ingest__as_a_verb_reads_it(cli, plant) -> None:
    assert cli("ingest", "--data", plant, *STILL).code == 0
    data, whole = kept("plant").measurements(), open_source(plant, DataConfig()).read()[0]
    pd.testing.assert_frame_equal(data.frame, whole.frame, check_freq=False)
    pd.testing.assert_frame_equal(data.vintages.table, whole.vintages.table, check_freq=False)
    assert data.station == whole.station


def test_ingest__file_by_file_of_a_growing_folder(cli, hourly) -> None:
    whole = hourly(days=20)
    for number in range(4):
        write(whole.iloc[120 * number:120 * (number + 1)], f"inbox/north_2025-03-{number + 1:02d}.csv")
        done = cli("ingest", "--data", "inbox", *(HOURLY if number == 0 else ()), *STILL, "--json")
        assert done.code == 0
        station = told(done)["north"]
        assert (station["rows"]["appended"], station["taken_in_before"]) == (120, number)
    assert (power().to_numpy() == whole["total_active_power"].to_numpy()).all()
    assert [Path(file.name).name for file in kept().taken_in()] == [f"north_2025-03-{n:02d}.csv" for n in range(1, 5)]


def test_ingest__weather_that_comes_alone(cli, plant, place) -> None:
    folder = Path(shutil.copytree(plant / "plant", place / "plant"))
    newest = max((folder / "forcaster").iterdir())
    later = newest.read_bytes()
    newest.unlink()
    assert cli("ingest", "--data", folder, *STILL).code == 0
    before = kept("plant").measurements()
    newest.write_bytes(later)
    done = cli("ingest", "--data", folder, *STILL, "--json")
    assert told(done)["plant"]["files"] == [f"forcaster/{newest.name}"]
    after = kept("plant").measurements()
    pd.testing.assert_frame_equal(after.frame[["total_active_power"]], before.frame[["total_active_power"]],
                                  check_freq=False)
    issued = [len(data.vintages.table.index.unique("issued")) for data in (before, after)]
    assert issued[1] == issued[0] + 1


@pytest.mark.parametrize(("content", "code", "told_as"), [
    (b"", 0, "waits: it is empty"), (b"time,total_active_power\n2025-05-01", 0, "waits: it is cut"),
    (b"a,b\n1,2\n", 2, "has no column that is known to be the time"), (b"x\n", 2, "known to be the time")])
@pytest.mark.parametrize("first", [True, False])
def test_ingest__a_wrong_file_of_a_station_does_not_keep_its_others_out(cli, plant, place, content: bytes, code: int,
                                                                         told_as: str, *, first: bool) -> None:
    folder = Path(shutil.copytree(plant / "plant", place / "plant"))
    newest = max((folder / "forcaster").iterdir())
    later = newest.read_bytes()
    newest.unlink()
    if not first:
        assert cli("ingest", "--data", folder, *STILL).code == 0
    newest.write_bytes(later)
    (folder / "data" / "data-plant-2025-05.csv").write_bytes(content)
    done = cli("ingest", "--data", folder, *STILL)
    assert done.code == code, done.err
    assert told_as in done.err + done.out
    assert "data-plant-2025-05.csv" in done.err + done.out
    taken = [file.name for file in kept("plant").taken_in()]
    assert len(taken) == len(set(taken)) == len(list(folder.rglob("*.csv"))) - 1
    assert f"forcaster/{newest.name}" in taken
    again = cli("ingest", "--data", folder, *STILL)
    assert again.code == code
    assert "took in nothing new" in again.out


def test_ingest__late_rows_and_corrections(cli, hourly) -> None:
    whole = hourly(days=12)
    write(whole.drop(index=[100, 101, 102]).iloc[:-24], "one.csv")
    assert cli("ingest", "--data", "one.csv", "--received", "2025-03-12 06:00", *HOURLY, *STILL).code == 0
    was, corrected = whole.loc[50:51, "total_active_power"].tolist(), whole.copy()
    corrected.loc[50:51, "total_active_power"] = [888.0, 889.0]
    write(corrected.iloc[48:], "two.csv")
    done = cli("ingest", "--data", "two.csv", "--received", "2025-03-13 06:00", *STILL)
    assert "24 rows new, 3 late, 2 corrected" in done.out
    assert (power().to_numpy() == corrected["total_active_power"].to_numpy()).all()
    beside = kept().corrections()
    assert beside["before"].tolist() == was
    assert beside["after"].tolist() == [888.0, 889.0]
    assert beside["received"].unique().tolist() == [pd.Timestamp("2025-03-13 06:00", tz="Asia/Shanghai")]


@pytest.mark.parametrize(("name", "cut"), [
    ("cut.csv", -17), ("cut.parquet", -9), ("cut.csv.gz", -9), ("empty.csv", None)])
def test_ingest__half_written_waits_and_the_others_do_not(cli, hourly, name: str, cut: int | None) -> None:
    north, south = hourly("north").drop(columns="station_ref_id"), hourly("south").drop(columns="station_ref_id")
    write(north, "in/north.csv")
    half = Path("in") / name
    if name.endswith("parquet"):
        south.to_parquet(half)
    else:
        south.to_csv(half, index=False)
    whole = half.read_bytes()
    half.write_bytes(whole[:cut] if cut else b"")
    flags = (*HOURLY, "--set", "data.folder=stations", *STILL)
    done = cli("ingest", "--data", "in", *flags)
    assert done.code == 0
    assert f"{name} waits: it is " in done.out
    assert "took in 1 file: 1 station, 480 rows new; 1 file waits" in done.out
    os.utime(half, (1e9, 1e9))
    left = cli("ingest", "--data", "in", *flags)
    assert left.code == 2
    assert name in left.err
    assert "copy it again" in left.err
    half.write_bytes(whole)
    assert "took in 1 file: 1 station, 480 rows new" in cli("ingest", "--data", "in", *flags).out


def test_ingest__one_broken_station_is_not_the_end(cli, hourly) -> None:
    broken = hourly("broken").assign(total_active_power="many")
    write(pd.concat([hourly("north"), broken, hourly("south")]), "all.csv")
    done = cli("ingest", "--data", "all.csv", *HOURLY, *STILL)
    assert done.code == 2
    assert "2 of 3 done, 1 failed" in done.out
    assert "took in 1 file: 2 stations, 960 rows new" in done.out
    assert kept("broken").measurements() is None
    again = cli("ingest", "--data", "all.csv", *HOURLY, *STILL, "--json")
    assert again.code == 2
    assert told(again)["north"]["files"] == []
    assert "error" in told(again)["broken"]


def test_ingest__later_files_are_read_as_described(cli, hourly) -> None:
    table = hourly().rename(columns={"ts": "when", "total_active_power": "Wirkarbeit"}).drop(columns="station_ref_id")
    Path("stations").mkdir()
    Path("stations/works.yaml").write_text(
        "kind: load\ncapacity: 2000\ntime: {column: when, step: 1h, timezone: Europe/Berlin}\n"
        "targets: {total_active_power: Wirkarbeit}\nunit: kWh\n")
    Path("stations/roof.yaml").write_text("kind: pv\n")
    write(table.iloc[:240], "works.csv")
    assert cli("ingest", "--data", "works.csv", "--stations", "stations", *STILL).code == 0
    assert kept("roof").description() == {"kind": "pv", "station": "roof"}
    write(table.iloc[240:], "export_0815.csv")
    assert "240 rows new" in cli("ingest", "--data", "export_0815.csv", *STILL).out
    data = kept("works").measurements()
    assert (len(data.frame), data.station.capacity, data.station.timezone) == (480, 2000, "Europe/Berlin")


@pytest.mark.parametrize(("change", "flags", "facts"), [
    (lambda rows: rows.assign(total_active_power=rows["total_active_power"] * 1000), (), "as if in another unit"),
    (lambda rows: rows.assign(temp=20.0), (), "other columns"),
    (lambda rows: rows.rename(columns={"total_active_power": "active_power [MW]"}), (), "in another unit"),
    (lambda rows: rows, ("--set", "data.time.step=2h"), "not on the grid"),
], ids=["thousandfold", "columns", "unit by name", "step"])
def test_ingest__contradictions_are_refused(cli, hourly, change, flags: tuple[str, ...], facts: str) -> None:
    whole = hourly(days=24).rename(columns={"total_active_power": "active_power [kW]"})
    write(whole.iloc[:480], "one.csv")
    assert cli("ingest", "--data", "one.csv", *HOURLY, *STILL).code == 0
    before = kept().measurements().frame
    write(change(whole.iloc[480:].rename(columns={"active_power [kW]": "total_active_power"})), "two.csv")
    described = kept().description()
    done = cli("ingest", "--data", "two.csv", *flags, *STILL)
    assert done.code == 2
    assert facts in " ".join(done.err.split())
    pd.testing.assert_frame_equal(kept().measurements().frame, before, check_freq=False)
    assert [file.name for file in kept().taken_in()] == ["one.csv"]
    assert kept().description() == described


@pytest.mark.usefixtures("models")
def test_ingest__what_is_known_of_a_model_is_no_other_now(cli, plant) -> None:
    done = cli("ingest", "--data", plant, "--set", "data.kind=pv", *STILL)
    assert done.code == 2
    assert "was trained with other values of data.kind" in done.err
    assert cli("ingest", "--data", plant, *STILL).code == 0


def test_ingest__accepts_what_is_true_all_the_same(cli, hourly) -> None:
    whole = hourly(days=24)
    write(whole.iloc[:480], "one.csv")
    write(whole.iloc[480:].assign(total_active_power=lambda rows: rows["total_active_power"] * 1000), "two.csv")
    assert cli("ingest", "--data", "one.csv", *HOURLY, *STILL).code == 0
    assert cli("ingest", "--data", "two.csv", *STILL).code == 2
    assert cli("ingest", "--data", "two.csv", "--accept", *STILL).code == 0
    assert power().iloc[-1] == pytest.approx(whole["total_active_power"].iloc[-1] * 1000)


def test_ingest__killed_at_every_write(cli, hourly, monkeypatch) -> None:
    """What is there at each write that counts, given again: nothing lost, nothing twice."""
    whole, south = hourly(days=12), hourly("south", days=12)
    write(pd.concat([whole.iloc[:240], south.iloc[:200]]), "one.csv")
    assert cli("ingest", "--data", "one.csv", *HOURLY, *STILL).code == 0
    two = whole.copy()
    two.loc[200:203, "total_active_power"] += 40
    write(pd.concat([two.iloc[180:], south]), "two.csv")
    honest, numbers, left = os.replace, count(), []

    def replace(source, target) -> None:
        left.append(shutil.copytree("models", f"left-{next(numbers)}"))
        honest(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        assert cli("ingest", "--data", "two.csv", *STILL).code == 0
    assert len(left) >= 6
    for folder in left:
        assert cli("ingest", "--data", "two.csv", "--store", folder, *STILL).code == 0
        for name, expected in (("north", two), ("south", south)):
            station = DiskStore(Path(folder)).station(name)
            found = station.measurements().frame["total_active_power"]
            assert (found.to_numpy() == expected["total_active_power"].to_numpy()).all()
            assert len(station.corrections()) == (4 if name == "north" else 0)
            assert [file.name for file in station.taken_in()] == ["one.csv", "two.csv"]
            assert not np.isnan(found).any()


def test_ingest__another_column_is_not_guessed_to_be_the_power_later(cli, hourly) -> None:
    first = hourly(days=20).drop(columns="station_ref_id").rename(columns={"total_active_power": "load"})
    cli("ingest", "--data", write(first, "north.csv"), *HOURLY, *STILL)
    before = power()
    later = first.rename(columns={"load": "reading"}).assign(reading=3.0)
    done = cli("ingest", "--data", write(later, "north_2025-06.csv"), *HOURLY, *STILL)
    assert done.code == 2
    assert "total active power" in done.err
    pd.testing.assert_series_equal(power(), before)


@pytest.mark.parametrize(("received", "code"), [("2025-03-19", 2), ("2025-03-20 12:00", 0), ("2025-06-01", 0)])
def test_ingest__power_of_days_to_come_is_refused(cli, hourly, received: str, code: int) -> None:
    rows = write(hourly(days=20), "north.csv")     # until the end of 20 March
    done = cli("ingest", "--data", rows, *HOURLY, *STILL, "--received", received)
    assert done.code == code
    assert kept().has_measurements() == (code == 0)
    if code:
        assert "24 rows from 2025-03-20 00:00 to 2025-03-20 23:00" in done.err
        assert cli("ingest", "--data", rows, *HOURLY, *STILL, "--received", received, "--accept").code == 0


def test_ingest__stations_of_a_file_that_were_left_out_come_later(cli, hourly) -> None:
    both = write(pd.concat([hourly("north"), hourly("south")]), "both.csv")
    assert "1 station, 480 rows new" in cli("ingest", "--data", both, "--station", "north", *HOURLY, *STILL).out
    again = cli("ingest", "--data", both, "--station", "north", *HOURLY, *STILL)
    assert "took in nothing new: 1 file taken in before" in again.out
    assert "1 station, 480 rows new" in cli("ingest", "--data", both, *HOURLY, *STILL).out
    assert len(power("south")) == 480
    assert "took in nothing new: 1 file taken in before" in cli("ingest", "--data", both, *HOURLY, *STILL).out


def test_ingest__a_file_for_the_station_that_is_named_now(cli, hourly) -> None:
    rows = write(hourly().drop(columns="station_ref_id"), "export.csv")
    assert cli("ingest", "--data", rows, *HOURLY, *STILL).code == 0
    assert "480 rows new" in cli("ingest", "--data", rows, "--station", "works", *HOURLY, *STILL).out
    assert len(power("works")) == len(power("export"))


def test_ingest__a_station_s_fault_is_mended_and_no_correction_of_another_is_reverted(cli, hourly) -> None:
    both = pd.concat([hourly("north"), hourly("south").assign(reading=hourly("south")["total_active_power"])])
    both.loc[both["station_ref_id"] == "south", "total_active_power"] = np.nan
    write(both, "inbox/both_1.csv")
    folder = ("ingest", "--data", "inbox", "--set", "data.folder=one", *HOURLY, *STILL)
    assert cli(*folder).code == 2
    corrected = hourly("north").iloc[400:410].assign(total_active_power=777.0)
    assert "10 corrected" in cli("ingest", "--data", write(corrected, "fix.csv"), *HOURLY, *STILL).out
    write(hourly("north", days=21).iloc[480:].assign(reading=np.nan), "inbox/both_2.csv")
    assert told(cli(*folder, "--json"))["north"]["rows"] == {"appended": 24, "late": 0, "corrected": 0}
    assert (power("north").iloc[400:410] == 777.0).all()
    Path("south.yaml").write_text(
        "station: south\nstation_column: station_ref_id\ntargets: {total_active_power: reading}\n")
    done = cli(*folder, "--stations", "south.yaml")
    assert done.code == 0, done.err
    assert len(power("south")) == 480


def test_ingest__the_same_bytes_of_a_station_that_is_known(cli, hourly) -> None:
    rows = hourly().drop(columns="station_ref_id")
    flags = ("--set", "data.folder=stations", *HOURLY, *STILL)
    write(rows, "inbox/north_1.csv"), write(rows.iloc[:240], "inbox/south_1.csv")
    assert cli("ingest", "--data", "inbox", *flags).code == 0
    assert cli("stations", "add", "--station", "west", "--set", "data.kind=load").code == 0
    write(rows, "inbox/west.csv")
    assert "took in 1 file: 1 station, 480 rows new" in cli("ingest", "--data", "inbox", *flags).out
    assert len(power("west")) == 480
    write(rows, "copy.csv")
    assert "took in nothing new: 1 file taken in before" in cli("ingest", "--data", "copy.csv", *HOURLY, *STILL).out


def test_ingest__a_path_that_is_only_partly_as_known_is_no_silence(cli, hourly) -> None:
    table = pd.concat([hourly("north"), hourly("south")]).rename(columns={"ts": "when", "total_active_power": "Wirk"})
    Path("north.yaml").write_text(
        "station: north\nstation_column: station_ref_id\ntime: {column: when, step: 1h}\n"
        "targets: {total_active_power: Wirk}\n")
    both = write(table, "both.csv")
    done = cli("ingest", "--data", both, "--stations", "north.yaml", *STILL)
    assert done.code == 2
    assert "station south" in done.err
    assert len(power("north")) == 480


def test_ingest__a_station_that_its_description_does_not_find_is_told(cli, hourly) -> None:
    both = write(pd.concat([hourly("north"), hourly("south")]).assign(plant="x"), "both.csv")
    Path("south.yaml").write_text("station: south\nstation_column: plant\n")
    done = cli("ingest", "--data", both, "--stations", "south.yaml", *HOURLY, *STILL)
    assert done.code == 2
    assert "read as station south is described" in done.err
    assert len(power("north")) == 480


@pytest.mark.parametrize("damaged", ["station.json", "history/taken_in.json"])
def test_ingest__what_is_damaged_of_one_station_is_told_and_the_others_come_in(cli, hourly, damaged: str) -> None:
    folder = ("ingest", "--data", "inbox", "--set", "data.folder=one", *HOURLY, *STILL)
    write(pd.concat([hourly("north"), hourly("south")]), "inbox/both_1.csv")
    assert cli(*folder).code == 0
    (Path("models/south") / damaged).write_text('{"kind": ')
    write(pd.concat([hourly(name, days=21).iloc[480:] for name in ("north", "south")]), "inbox/both_2.csv")
    done = cli(*folder, "--json")
    assert done.code == 2
    assert told(done)["north"]["rows"]["appended"] == 24
    assert f"{damaged} is damaged" in str(told(done)["south"])
    write(hourly("south", days=22).drop(columns="station_ref_id"), "south_2025-03.csv")
    done = cli("ingest", "--data", "south_2025-03.csv", *HOURLY, *STILL)
    assert f"{damaged} is damaged" in done.err
    assert DiskStore(Path("models")).stations() == ("north", "south")


def test_ingest__what_is_said_of_a_station_that_has_nothing_new_is_kept(cli, hourly) -> None:
    rows, described = write(hourly(), "north.csv"), Path("all.yaml")
    described.write_text("stations: [{station: north, capacity: 2600}, {station: roof, kind: pv}]")
    told_first = cli("ingest", "--data", rows, "--stations", described, *HOURLY, *STILL)
    assert "only described" in told_first.out
    assert kept("roof").description() == {"kind": "pv", "station": "roof"}
    described.write_text("stations: [{station: north, capacity: 2800}, {station: roof, kind: pv}]")
    done = cli("ingest", "--data", rows, "--stations", described, *HOURLY, *STILL)
    assert done.code == 0
    assert "station north is described otherwise: capacity: 2600.0 → 2800.0" in done.out
    assert "took in nothing new: 1 file taken in before" in done.out
    assert kept().description()["capacity"] == 2800


@pytest.mark.usefixtures("models")
def test_ingest__a_description_that_contradicts_its_model_is_not_the_end(cli, hourly) -> None:
    Path("all.yaml").write_text("stations: [{station: plant, kind: pv}, {station: roof, kind: pv}]")
    done = cli("ingest", "--data", write(hourly(), "north.csv"), "--stations", "all.yaml", *HOURLY, *STILL)
    assert done.code == 2
    assert "station plant: the model v0001 of station plant was trained with other values of data.kind" in done.err
    assert len(power("north")) == 480
    assert kept("roof").description() == {"kind": "pv", "station": "roof"}


@pytest.mark.parametrize("link", ["inbox/north.csv", "inbox/north/rows.csv", "inbox/north"])
def test_ingest__a_link_is_called_like_itself(cli, hourly, link: str) -> None:
    rows = write(hourly().drop(columns="station_ref_id"), "elsewhere/rows.csv").resolve()
    Path(link).parent.mkdir(parents=True)
    Path(link).symlink_to(rows if link.endswith(".csv") else rows.parent)
    done = cli("ingest", "--data", "inbox", "--station", "north", *HOURLY, *STILL)
    assert done.code == 0, done.err
    assert [file.name for file in kept().taken_in()] == [link.removeprefix("inbox/") + "/rows.csv" * (link[-1] != "v")]
    assert "took in nothing new" in cli("ingest", "--data", "inbox", "--station", "north", *HOURLY, *STILL).out


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text")
@pytest.mark.parametrize("store", ["models", "sqlite:///kept.db"])
def test_ingest__a_name_that_is_no_utf_8(cli, hourly, store: str) -> None:
    names = [os.fsdecode(name) for name in (b"caf\xe9.csv", b"caf\xe8.csv")]
    for name, table in zip(names, (hourly(days=10), hourly(days=20).iloc[240:]), strict=True):
        write(table.drop(columns="station_ref_id"), f"inbox/{name}")
    given = ("ingest", "--data", "inbox", "--store", store, *HOURLY, *STILL)
    done = cli(*given, "--station", "cafe", "--set", "data.folder=one")
    assert done.code == 0, done.err
    kept_as = [file.name for file in open_store(store).station("cafe").taken_in()]
    assert kept_as == [r"caf\xe8.csv", r"caf\xe9.csv"]
    assert "nothing new: 2 files taken in before" in cli(*given, "--station", "cafe").out


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text")
@pytest.mark.parametrize("store", ["models", "sqlite:///kept.db"])
def test_ingest__a_station_called_like_what_is_no_utf_8_is_not_the_end(cli, hourly, store: str) -> None:
    for name in (os.fsdecode(b"caf\xe9.csv"), "other.csv"):
        write(hourly().drop(columns="station_ref_id"), f"inbox/{name}")
    given = ("ingest", "--data", "inbox", "--store", store, "--set", "data.folder=stations", *HOURLY, *STILL)
    done = cli(*given, "--json")
    assert {name: "error" in each for name, each in told(done).items()} == {"caf\udce9": True, "other": False}
    assert "the file or folder that it is called after" in done.err
    assert r"caf\udce9" in cli(*given).out


def test_ingest__a_file_that_gets_its_name_meanwhile_waits(cli, hourly, monkeypatch) -> None:
    write(hourly(), "inbox/north.csv")
    Path("inbox/south.csv").write_bytes(b"")
    honest = Intake.keep

    def keep(intake: Intake, outcomes: dict[str, str]) -> None:
        Path("inbox/south.csv").rename("gone")
        honest(intake, outcomes)

    monkeypatch.setattr(Intake, "keep", keep)
    done = cli("ingest", "--data", "inbox", "--set", "data.folder=stations", *HOURLY, *STILL)
    assert done.code == 0, done.err
    assert "south.csv waits" in done.out


@pytest.mark.parametrize(("form", "station"), [("plant_{:%Y-%m-%d}.csv", "plant"), ("P {:%d.%m.%Y}.csv", "P"),
                                               ("inbox/{:%Y%m%d}.csv", "inbox")])
def test_ingest__a_file_of_each_day_is_one_station(cli, hourly, form: str, station: str) -> None:
    rows = hourly(days=2).drop(columns="station_ref_id")
    for number, step in enumerate((HOURLY, ())):
        name = form.format(pd.Timestamp("2025-03-01") + pd.Timedelta(days=number))
        assert cli("ingest", "--data", write(rows.iloc[24 * number:24 * (number + 1)], name), *step, *STILL).code == 0
    assert DiskStore(Path("models")).stations() == (station,)
    assert len(kept(station).measurements().frame) == 48
