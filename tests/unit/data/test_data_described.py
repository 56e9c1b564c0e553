"""From paths to stations: data that is described in YAML, and everything that can be wrong with what is read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, require_contract, stamps, table

from wattcast.contracts import PART, TOTAL, Kind
from wattcast.data.quality import KINDS
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import ConfigError, DataError

# form (c): described

def test_described__roles_units_and_place(tmp_path: Path) -> None:
    frame = table().assign(part=20.5, temp=15.25 + np.arange(96) % 7, reactive=1.0, mode="night", APX=3.0)
    path, config = described(tmp_path / "plant.csv", frame, targets={PART: "part", TOTAL: "kw"}, known_future=["temp"],
                             past_only=["reactive", "mode"], categorical=["mode"], kind="pv", capacity=400,
                             time={"timezone": "Asia/Seoul"}, location={"latitude": 34.9, "country": "KR"})
    source = open_source(path, config)
    assert source.station_ids == ("plant",)
    data, report = source.read()
    require_contract(data)
    station = data.station
    assert station.columns == (TOTAL, PART, "temp", "reactive", "mode")
    assert (station.kind, station.capacity) == (Kind.PV, 400)
    assert (station.timezone, station.location.country) == ("Asia/Seoul", "KR")
    assert report.ignored == ("APX",)
    assert {(found.kind, found.column) for found in report.findings} == {
        ("flat_line", PART)}


@pytest.mark.parametrize(("days", "kinds"), [(1, set()), (8, {"constant"})])
def test_described__a_column_that_never_changes_is_told_once_it_could_have(tmp_path: Path, days: int, kinds) -> None:
    frame = table(96 * days).assign(cloud=100.0, code="104")
    path, config = described(tmp_path / "plant.csv", frame, known_future=["cloud", "code"], categorical=["code"])
    _, report = open_source(path, config).read()
    assert {found.kind for found in report.findings} == kinds


def test_described__station_column_and_given_id(tmp_path: Path) -> None:
    frame = table().assign(site=["a", "b"] * 48)
    path, config = described(tmp_path / "x.csv", frame, station_column="site", station="b", time={"step": "30min"})
    source = open_source(path, config)
    assert source.station_ids == ("a", "b")
    assert source.read()[0].frame[TOTAL].iloc[0] == 201.5
    path, config = described(tmp_path / "x.csv", table(), station="steel")
    assert open_source(path, config).read()[0].station.id == "steel"


def test_described__utc_offsets_and_rows_after_the_last_measurement(tmp_path: Path) -> None:
    frame = table().assign(temp=15.25 + np.arange(96) % 7, past=1.5 + np.arange(96))
    frame.index = frame.index.tz_localize("UTC")
    frame.loc[frame.index[80:], ["kw", "past"]] = np.nan
    frame.loc[frame.index[3], "kw"] = np.nan
    path, config = described(tmp_path / "x.csv", frame, known_future=["temp"], past_only=["past"],
                             time={"timezone": "Europe/Amsterdam"})
    data, report = open_source(path, config).read()
    require_contract(data)
    assert not data.station.naive_time
    assert data.frame.index[0] == pd.Timestamp("2025-06-01 02:00", tz="Europe/Amsterdam")
    assert data.end == pd.Timestamp("2025-06-01 20:00", tz="UTC")
    counts = {(found.kind, found.column): found.count for found in report.findings}
    assert counts == {("missing", TOTAL): 1, ("missing", "past"): 16, ("future_known", None): 16}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_described__time_as_the_nameless_index_of_a_data_frame(tmp_path: Path, kind: str) -> None:
    frame = table().rename_axis(None)
    frame.to_parquet(tmp_path / "x.parquet") if kind == "parquet" else frame.to_csv(tmp_path / "x.csv")
    data, report = open_source(tmp_path / f"x.{kind}", DataConfig(targets={TOTAL: "kw"})).read()
    assert len(data.frame) == 96
    assert report.ignored == ()


def test_described__other_steps(tmp_path: Path) -> None:
    for step, count in (("10min", 144), ("1h", 24)):
        path, config = described(tmp_path / "x.csv", table(count, every=step), time={"step": step})
        data, report = open_source(path, config).read()
        require_contract(data)
        assert len(data.frame) == count
        assert report.measured_days == 1.0


def test_described__everything_wrong_at_once_is_reported(tmp_path: Path) -> None:
    frame = table(400, "2025-03-29 00:00").assign(temp=15.25 + np.arange(400) % 7, pressure=1000.5)
    frame.iloc[10, 0], frame.iloc[20, 0], frame.iloc[30, 1] = -99.0, -3.0, 6553.5
    frame.iloc[40, 0] = np.nan
    frame = frame.drop(frame.index[60:70])
    frame = pd.concat([frame, frame.iloc[[5, 6]] + 1])
    path, config = described(tmp_path / "x.csv", frame, known_future=["temp", "pressure"], kind="pv",
                             time={"timezone": "Europe/Amsterdam"})
    data, report = open_source(path, config).read()
    require_contract(data)
    kinds = {found.kind for found in report.findings}
    assert kinds == {"dst", "disorder", "duplicate", "corrected", "gap", "missing", "out_of_range", "flat_line",
                     "negative_night"}
    assert kinds <= set(KINDS)
    assert len(report.lines()) == len(report.findings) + 2 + len(report.assumed)
    assert data.frame[TOTAL].iloc[20] == 0.0


def test_described__issued_forecasts_in_their_own_table(tmp_path: Path) -> None:
    """Forecasts every 12 hours, for 3 hours before to 24 after; the value tells the issue (100s, 200s, …).

    `u` is in the forecasts only.
    """
    rows = [{"issued": run, "time": run + pd.Timedelta(hours=lead), "u": 100.0 * number + lead, "temp": -5.0}
            for number, run in enumerate(stamps("2025-06-01", 3, "12h"), start=1) for lead in range(-3, 25)]
    pd.DataFrame(rows).to_csv(tmp_path / "w.csv", index=False)
    path, config = described(tmp_path / "x.csv", table(30, every="1h").assign(temp=15.25 + np.arange(30)),
                             time={"step": "1h"}, known_future=["temp", "u"], weather_forecasts={"path": "w.csv"})
    data, _ = open_source(path, config).read()
    require_contract(data)
    assert data.frame["temp"].iloc[0] == 15.25
    assert data.frame["u"].iloc[[0, 1, 11, 12, 13, 23, 24]].tolist() == [100, 101, 111, 200, 201, 211, 300]
    assert data.vintages is not None
    newest = data.vintages.as_of(data.end)
    assert newest is not None
    assert newest.columns.tolist() == ["temp", "u"]
    assert newest["u"].iloc[-1] == 324.0
    folder = open_source(tmp_path, config)
    assert folder.read()[0].frame.equals(data.frame)


def test_described__forecast_column_that_is_nowhere(tmp_path: Path) -> None:
    pd.DataFrame({"issued": ["2025-06-01"], "time": ["2025-06-01"], "u": [1.0]}).to_csv(tmp_path / "w.csv", index=False)
    path, config = described(tmp_path / "x.csv", table(), known_future=["u", "v"], weather_forecasts={"path": "w.csv"})
    with pytest.raises(DataError, match=r"'v' is neither in .*x\.csv nor in its weather forecasts"):
        open_source(path, config).read()


def test_described__valid_range_of_an_unknown_column(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", table(), known_future=[], valid_range={"kv": [0, 1]})
    with pytest.raises(ConfigError, match=r"'kv'(?s:.*)did you mean 'kw'"):
        open_source(path, config).read()


# what can be wrong

@pytest.mark.parametrize(("content", "message"), [
    ("time,kw\nnoon,1\n2025-06-01 00:15,1\n", r"x\.csv, line 2: the column 'time' should hold times(?s:.*)'noon'"),
    ("time,kw\n2025-06-01,1\n2025-06-01 00:15,off\n", r"x\.csv, line 3: the column 'kw' should hold numbers"),
    ("time,kw\n2025-06-01,1\n,2\n", r"x\.csv, line 3: the column 'time' should hold times"),
    ("time,kw\n2025-06-01,\n2025-06-01 00:15,NA\n", r"'kw' \(total_active_power\) has no usable value(?s:.*)2 rows"),
    ("time,kw\n2025-06-01,-99\n2025-06-01 00:15,-99\n", "no usable value(?s:.*)out_of_range, 2 values"),
    ("time,kWh\n2025-06-01,1\n", r"has no column 'kw'(?s:.*)time, kWh"),
    ("time,kw\n", "no rows"),
    ("", "is empty"),
])
def test_open_source__unusable_content(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        open_source(tmp_path / "x.csv", DataConfig(targets={TOTAL: "kw"})).read()


def test_open_source__listed_second_target_without_a_value(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", table().assign(part=np.nan), targets={TOTAL: "kw", PART: "part"})
    with pytest.raises(DataError, match=r"'part' \(not_use_power\) has no value"):
        open_source(path, config).read()


def test_open_source__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        open_source(tmp_path / "nowhere", DataConfig())
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"no station in the folder(?s:.*)notes\.txt(?s:.*)data-<id>-YYYY-MM\.csv"):
        open_source(tmp_path, DataConfig())


def test_open_source__single_station_of_another_name(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", table(), station="steel")
    with pytest.raises(DataError, match=r"no station 'stel'(?s:.*)did you mean steel"):
        open_source(path, config).read("stel")
    with pytest.raises(DataError, match=r"no station 'other'(?s:.*)data\.station"):
        open_source(path, config).read("other")


def test_read__rows_before_an_instant_do_not_depend_on_later_rows(tmp_path: Path) -> None:
    """Whatever is done to rows from the cut on, the cleaned rows before it stay the same."""
    cut, count = 500, 700
    values = np.random.default_rng(3).normal(50, 20, size=count).round(1)
    values[100:140], values[300:420] = 33.3, 0.0
    values[::97] = -99.0
    frame = table(count).assign(kw=values, temp=np.r_[np.full(60, 18.5), np.arange(count - 60) % 11], code="100")
    changed = frame.copy()
    changed.iloc[cut:, 0], changed.iloc[cut:, 1], changed.iloc[cut:, 2] = 33.3, np.nan, "999"
    results = []
    for version in (frame, changed, frame.iloc[:cut]):
        path, config = described(tmp_path / "x.csv", version, known_future=["temp", "code"], categorical=["code"],
                                 kind="wind")
        results.append(open_source(path, config).read()[0].frame.iloc[:cut])
    pd.testing.assert_frame_equal(results[1], results[0])
    pd.testing.assert_frame_equal(results[2], results[0], check_freq=False)
    assert 0 < results[0].isna().to_numpy().sum() < 200


@pytest.mark.parametrize("capacity", [20_000, 600_000])
def test_described__a_capacity_in_another_unit_is_told(tmp_path: Path, capacity: float) -> None:
    _, report = open_source(*described(tmp_path / "x.csv", table(), capacity=capacity)).read()
    found = [found for found in report.findings if found.kind == "capacity"]
    assert bool(found) == (capacity == 600_000)
    assert [found.action for found in found] == report.doubts()
    with pytest.raises(DataError, match=r"data.capacity is 0.3: it has to be in the target's unit"):
        open_source(*described(tmp_path / "x.csv", table(), capacity=0.3)).read()


def test_described__a_plant_s_own_use_at_night_is_no_stuck_sensor(tmp_path: Path) -> None:
    frame = table(count=3 * 96)
    frame.loc[(frame.index.hour < 6) | (frame.index.hour >= 18), "kw"] = -0.12
    data, report = open_source(*described(tmp_path / "x.csv", frame, kind="pv")).read()
    assert [found.kind for found in report.findings] == ["negative_night"]
    assert data.frame[TOTAL].tolist() == frame["kw"].clip(lower=0).tolist()


def test_open_source__a_column_meter_may_hold_the_number_of_one(tmp_path: Path) -> None:
    table(96).rename(columns={"kw": "load"}).assign(meter=4711).to_csv(tmp_path / "x.csv")
    with pytest.raises(DataError, match=r"'meter' \(total_active_power\) never changes(?s:.*)total_active_power: load"):
        open_source(tmp_path / "x.csv", DataConfig()).read()
    table(96).rename(columns={"kw": "load"}).assign(meter=4711 + np.arange(96)).to_csv(tmp_path / "x.csv")
    assert open_source(tmp_path / "x.csv", DataConfig()).read()[0].frame[PART].iloc[0] == 200.5


def test_open_source__formulas_that_nobody_has_worked_out_are_told(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    table(96).assign(kw="=1+1").reset_index().to_excel(tmp_path / "x.xlsx", index=False)
    with pytest.raises(DataError, match=r"no usable value(?s:.*)if its cells hold formulas: open the workbook"):
        open_source(tmp_path / "x.xlsx", DataConfig()).read()


def test_open_source__a_zone_in_the_name_is_told_unless_one_is_set(tmp_path: Path) -> None:
    table(96).rename_axis("MTU (CET/CEST)").to_csv(tmp_path / "x.csv")
    found = {zone: [each.kind for each in open_source(tmp_path / "x.csv", DataConfig.model_validate(
        {"targets": {TOTAL: "kw"}, "time": {"timezone": zone} if zone else {}})).read()[1].findings]
        for zone in (None, "Asia/Shanghai", "Europe/Berlin")}
    assert found == {None: ["place"], "Asia/Shanghai": [], "Europe/Berlin": []}
