"""Exports of inverter portals, market platforms, utilities and control rooms, each in a few weeks of rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

DAYS = 21
TIMES = pd.date_range("2025-04-20", periods=24 * DAYS, freq="1h")
ENDS = TIMES + pd.Timedelta("1h")
HOUR = TIMES.hour.to_numpy()
RANDOM = np.random.default_rng(0)
LOAD = (200 + 80 * np.sin((HOUR - 8) / 12 * np.pi) + RANDOM.normal(0, 5, len(TIMES))).round(2)
SUN = (np.clip(np.sin((HOUR - 6) / 12 * np.pi), 0, None) * np.repeat(RANDOM.uniform(15, 50, DAYS), 24)).round(2)


def lines(head: str, row: Callable[[int], str]) -> str:
    return "\n".join([head, *map(row, range(len(TIMES)))]) + "\n"


PORTALS = {
    "SolarEdge": ("System Production (Wh)", SUN * 1000, lines(
        "Time,System Production (Wh)", lambda n: f"{TIMES[n]:%m/%d/%Y %H:%M},{SUN[n] * 1000:.0f}")),
    "Huawei": ("PV Yield (kWh)", SUN, lines(
        "Plant Report\nPlant: North\n\nStatistical Period,Plant Name,PV Yield (kWh)",
        lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M:%S},North,{SUN[n]}")),
    "Huawei in Chinese": ("发电量(kWh)", SUN, lines(
        "统计时间,电站名称,发电量(kWh)", lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M:%S},北,{SUN[n]}")),
    "GoodWe": ("PV(W)", SUN * 1000, lines(
        "Plant Name,North\nClassification,PV\n\nTime,PV(W)",
        lambda n: f"{TIMES[n]:%d.%m.%Y %H:%M:%S},{SUN[n] * 1000:.0f}")),
    "Fronius": ("Energie | Symo 10", SUN * 1000, lines(
        "Datum und Uhrzeit;Energie | Symo 10\n[dd.MM.yyyy HH:mm];[Wh]",
        lambda n: f"{TIMES[n]:%d.%m.%Y %H:%M};{SUN[n] * 1000:.0f}")),
    "ENTSO-E": ("Actual Total Load (MW)", LOAD, lines(
        '"MTU (CET/CEST)","Area","Actual Total Load (MW)"',
        lambda n: f'"{TIMES[n]:%d/%m/%Y %H:%M} - {ENDS[n]:%d/%m/%Y %H:%M}","BZN","{"n/e" if n == 50 else LOAD[n]}"')),
    "Green Button": ("USAGE", LOAD, lines(
        'Name,J DOE\nAddress,"1 MAIN ST, TOWN"\n\nTYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST',
        lambda n: f"Electric usage,{TIMES[n]:%Y-%m-%d},{TIMES[n]:%H:%M},{ENDS[n]:%H:%M},{LOAD[n]},kWh,$0.01")),
    "Home Assistant": ("state", LOAD, lines(
        "entity_id,state,last_changed",
        lambda n: f"sensor.power,{'unavailable' if n == 50 else LOAD[n]},{TIMES[n]:%Y-%m-%dT%H:%M:%S}.000+08:00")),
    "InfluxDB": ("_value", LOAD, lines(
        "#group,false,false,true,false\n#datatype,string,long,dateTime:RFC3339,double\n#default,_result,,,\n"
        ",result,table,_time,_value", lambda n: f",,0,{TIMES[n]:%Y-%m-%dT%H:%M:%S}+08:00,{LOAD[n]}")),
    "Grafana": ("Power", LOAD, lines("Time,Power", lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M:%S},{LOAD[n]} kW")),
    "Excel": (TOTAL, LOAD, lines(f"sep=;\ntime;{TOTAL};", lambda n: f"{TIMES[n]:%d.%m.%Y %H:%M};{LOAD[n]};")),
    "Swiss": (TOTAL, LOAD + 1000, lines(
        f"time;{TOTAL}", lambda n: f"{TIMES[n]:%d-%b-%y %H:%M};{LOAD[n] + 1000:,.2f}".replace(",", "'"))),
}


def read(path: Path, content: str, column: str, **options: object) -> pd.Series:
    (path / "x.csv").write_text(content, encoding="utf-8")
    config = DataConfig.model_validate({"targets": {TOTAL: column}, **options, "time": {"step": "1h"}})
    return open_source(path / "x.csv", config).read()[0].frame[TOTAL]


@pytest.mark.parametrize("portal", PORTALS)
def test_portal__is_read_as_it_is(tmp_path: Path, portal: str) -> None:
    column, true, content = PORTALS[portal]
    total = read(tmp_path, content, column)
    assert total.index[0] == pd.Timestamp("2025-04-20", tz="Asia/Shanghai")
    kept = total.notna().to_numpy()
    assert kept.sum() >= len(TIMES) - 1
    np.testing.assert_allclose(total[kept], true[kept], atol=0.51 if true.max() > 5000 else 1e-9)


def test_energy_of_the_day_so_far__is_a_meter_that_is_set_back_each_night(tmp_path: Path) -> None:
    today = np.concatenate([np.cumsum(day) for day in SUN.reshape(-1, 24)]).round(2)
    content = lines("time,E-Today", lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M},{today[n]}")
    with pytest.raises(DataError, match=r"'E-Today' \(total_active_power\) looks like a meter's reading"):
        read(tmp_path, content, "E-Today")
    energy = read(tmp_path, content, "E-Today", counter=True, kind="pv")
    assert energy.sum() == pytest.approx(SUN.sum(), rel=1e-6)


@pytest.mark.parametrize("wide", [False, True])
def test_series_below_each_other__are_not_one_station(tmp_path: Path, wide: bool) -> None:
    """A control room's tags; a utility's rows of active and reactive energy."""
    frame = pd.concat([pd.DataFrame({"tag": tag, "time": TIMES, "value": LOAD / part})
                       for tag, part in (("P", 1), ("Q", 9))])
    if wide:
        hour = "h" + (frame["time"].dt.hour + 1).astype(str)
        frame = frame.assign(date=frame["time"].dt.date, hour=hour).pivot_table(
            index=["tag", "date"], columns="hour", values="value")
        frame = frame[[f"h{number}" for number in range(1, 25)]].reset_index()
    content = frame.to_csv(index=False)
    with pytest.raises(DataError, match=r"rows are of several series(?s:.*)\(tag\) under data.station_column"):
        read(tmp_path, content, "value")
    total = read(tmp_path, content, "value", station_column="tag", station="P")
    np.testing.assert_allclose(total, LOAD)
    assert read(tmp_path, content, "value", overlap="later").iloc[0] == pytest.approx(LOAD[0] / 9)


def test_photovoltaic_power_with_its_sign_turned__is_not_set_to_zero(tmp_path: Path) -> None:
    content = lines("time,kw", lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M},{0.02 - SUN[n]:.2f}")
    with pytest.raises(DataError, match=r"is below zero(?s:.*)of 504 values, 2025-04-20 07:00 to(?s:.*)turn its sign"):
        read(tmp_path, content, "kw", kind="pv")
    # Under snow a plant draws what it always draws at night.
    snow = lines("time,kw", lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M},{-0.02 - n % 7 / 1000:.3f}")
    assert read(tmp_path, snow, "kw", kind="pv").max() == 0


def test_units_behind_numbers__have_to_be_one(tmp_path: Path) -> None:
    content = lines("time,kw", lambda n: f"{TIMES[n]:%Y-%m-%d %H:%M},{LOAD[n]} {'kW' if n % 9 else 'W'}")
    with pytest.raises(DataError, match="should hold numbers"):
        read(tmp_path, content, "kw")
