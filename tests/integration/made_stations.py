"""Made-up stations: of what kind, where, how often measured, what is wrong with them, and in which form they come.

Every station is drawn from a number; neighbouring numbers differ in everything, so that a few dozen of them show every
kind, zone, step, fault and form.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

FIRST, DAYS = "2025-02-20", 62
"""So that clocks change on the way in every zone that has them."""
ZONES = ("Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "America/New_York", "UTC")
CHANGING = ("Europe/Berlin", "Australia/Lord_Howe", "America/New_York")
STEPS = ("15min", "1h", "30min", "10min", "5min")
KINDS = ("one shift", "pv", "around the clock", "wind", "two shifts", "depot at night", "school")
RESTING = ("one shift", "school", "depot at night", "pv")
"""Kinds that are at zero every day: a sensor that is stuck then shows for some hours only."""
FAULTS = {"none": None, "spike": "spike", "a thousandth": "scale", "clean": None, "a day in W": "scale",
          "kelvin": "unit", "code": "out_of_range", "stuck": "flat_line", "gap": "gap", "doubled": "repeated",
          "meter": "counter"}
"""What is wrong, and the finding that it must be; a meter's reading is an error instead."""

@dataclass(frozen=True)
class Recipe:
    """What a station is."""

    kind: str
    zone: str
    step: str
    fault: str
    form: str

    @property
    def finding(self) -> str | None:
        return FAULTS[self.fault]


@dataclass(frozen=True)
class Made:
    """A station as files: `truth` is the power as it was, `false` marks the rows that hold something else."""

    recipe: Recipe
    truth: pd.Series
    false: pd.Series
    path: Path
    flags: tuple[str, ...]
    station: str | None


def recipe(number: int) -> Recipe:
    """The recipe of a number."""
    zone, kind, form = ZONES[number % 5], KINDS[number % 7], list(FORMS)[number % len(FORMS)]
    step = {"date and hour": "1h", "row a day": ("1h", "15min", "30min")[number % 3]}.get(
        form, STEPS[(number // 5 + number) % 5])
    # A day has to have a whole number of rows, and a column for each of them.
    if form == "row a day" or (zone == "Australia/Lord_Howe" and step == "1h"):
        zone = "Asia/Shanghai"
    fault = list(FAULTS)[(3 * number) % len(FAULTS)]
    if (form, fault) in (("row a day", "gap"), ("row a day", "doubled"), ("date and hour", "doubled")):
        fault = "none"
    if fault == "stuck" and kind in RESTING:
        fault = "spike"
    return Recipe(kind, zone, step, fault, form)


def make(of: Recipe, folder: Path, seed: int = 0) -> Made:
    """A station, written into the folder."""
    table, truth = _measured(of.kind, of.zone, of.step, np.random.default_rng(seed))
    table, truth, false = _with_fault(table, truth, of.fault)
    path, flags, station = FORMS[of.form](folder, table)
    return Made(of, truth, false, path, (f"data.time.timezone={of.zone}", f"data.time.step={of.step}", *flags), station)


def _measured(kind: str, zone: str, step: str, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    start = pd.Timestamp(FIRST, tz=zone)
    index = pd.date_range(start, start + pd.DateOffset(days=DAYS), freq=step, inclusive="left", name="time")
    power = _power(kind, index, rng).round(2)
    hour = index.hour + index.minute / 60
    temperature = 12 + 5 * np.sin((hour - 9) * np.pi / 12) + rng.normal(0, 0.3, len(index))
    return pd.DataFrame({"total_active_power": power, "temperature": temperature.to_numpy().round(2)}), power


def _power(kind: str, index: pd.DatetimeIndex, rng: np.random.Generator) -> pd.Series:
    """Mean power [kW]; loads go by the clock on the wall and the days of the week, plants by the sun or the wind."""
    hour, workday = np.asarray(index.hour + index.minute / 60), np.asarray(index.day_of_week < 5)
    noise = rng.normal(1, 0.03, len(index))
    day = (index.normalize() - index[0].normalize()).days
    bell = np.clip(np.sin((hour - 6) * np.pi / 12), 0, None)
    if kind == "pv":
        power = 80 * bell * rng.uniform(0.3, 1, DAYS + 1)[day] * noise
    elif kind == "wind":
        gusts = np.arange(0, len(index) + 20, 20)
        power = 900 * np.interp(np.arange(len(index)), gusts, rng.gamma(2, 0.5, len(gusts))).clip(0.02, 1.5) * noise
    elif kind == "around the clock":
        power = (400 + 120 * bell + 60 * workday) * noise
    else:
        begin, end = {"one shift": (6, 15), "two shifts": (6, 22), "depot at night": (20, 29), "school": (7, 16)}[kind]
        open_ = ((hour >= begin) & (hour < end)) | (hour + 24 < end)
        shape = 1 + bell if kind == "school" else 1
        power = 150 * open_ * (workday | (kind == "depot at night")) * shape * noise
    return pd.Series(power, index=index)


def _with_fault(table: pd.DataFrame, true: pd.Series, fault: str) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The table with a fault in its seventh week; the power that may be known; the rows that tell something else."""
    power, day = true.to_numpy().copy(), int(pd.Timedelta("1D") / (true.index[1] - true.index[0]))
    late = 45 * day
    busy = late + int(np.argmax(power[late:late + 7 * day]))
    rows = {"spike": slice(busy, busy + 1), "a thousandth": slice(late, None),
            "a day in W": slice(late, late + 2 * day), "code": slice(busy, busy + 2),
            "stuck": slice(busy, busy + day), "gap": slice(busy, busy + max(3, day // 8)),
            }.get(fault, slice(0, 0))
    false = pd.Series(False, index=true.index)
    false.iloc[rows] = True
    written = {"spike": 1e5 * power, "a thousandth": power / 1000, "a day in W": 1000 * power,
               "code": np.full(len(power), -9999.0), "stuck": np.full(len(power), round(power[busy], 1) + 0.03),
               "meter": 12_345 + power.cumsum()}.get(fault, power)
    table = table.assign(total_active_power=written.round(5) if fault == "meter" else np.where(
        false, written.round(5), power))
    if fault == "kelvin":
        table = table.assign(temperature=table["temperature"] + np.where(np.arange(len(table)) > late, 273.15, 0))
    if fault == "gap":
        table = table[~false]
    if fault == "doubled":
        table = pd.concat([table.iloc[:busy], table.iloc[busy - day // 4:]])
    # Nothing is a thousandth of nothing, and a sensor is stuck once it has been so for six hours.
    false = false & (true != 0) if fault != "gap" else false
    if fault == "stuck":
        false.iloc[busy:busy + day // 4] = False
        true = true.where((true.index < true.index[busy]) | (true.index >= true.index[busy + day // 4]),
                          table["total_active_power"])
    return table, true, false


Form = Callable[[Path, pd.DataFrame], tuple[Path, tuple[str, ...], str | None]]


def _csv(folder: Path, table: pd.DataFrame, name: str = "works.csv", **options: object) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False, **options)
    return path


def _texts(table: pd.DataFrame, form: str = "%Y-%m-%d %H:%M:%S", column: str = "time") -> pd.DataFrame:
    return table.reset_index(drop=True).assign(**{column: table.index.strftime(form)})[[column, *table.columns]]


def _comma(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    return _csv(folder, _texts(table, "%d.%m.%Y %H:%M"), sep=";", decimal=","), (), None


def _date_and_time(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    frame = _texts(table, "%H:%M", "Time")
    frame.insert(0, "Date", table.index.strftime("%d/%m/%Y"))
    return _csv(folder, frame), (), None


def _date_and_hour(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    """Hours that count what there is of a day: 23 and 25 where clocks change."""
    midnights = table.index.normalize()
    hours = ((table.index - midnights) / pd.Timedelta("1h")).astype(int) + 1
    frame = _texts(table, "%Y-%m-%d", "date")
    frame.insert(1, "hour", hours)
    return _csv(folder, frame), (), None


def _row_a_day(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    power = table["total_active_power"]
    clocks = power.index.strftime("%H:%M").unique()
    wide = pd.DataFrame(power.to_numpy().reshape(-1, len(clocks)), columns=clocks)
    wide.insert(0, "date", power.index[::len(clocks)].strftime("%Y-%m-%d"))
    return _csv(folder, wide), (), None


def _epoch(unit: str) -> Form:
    def write(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
        numbers = table.index.as_unit(unit).asi8
        return _csv(folder, table.reset_index(drop=True).assign(timestamp=numbers)), (), None
    return write


def _serial(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    days = (table.index.tz_localize(None) - pd.Timestamp("1899-12-30")) / pd.Timedelta("1D")
    return _csv(folder, table.reset_index(drop=True).assign(time=np.round(days, 6))), (), None


def _workbook(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    path = folder / "works.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"Report": ["made up"]}).to_excel(book, sheet_name="Cover", index=False)
        _texts(table).to_excel(book, sheet_name="Data", index=False)
    return path, ("data.sheet=Data",), None


def _encoded(encoding: str) -> Form:
    def write(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
        frame = _texts(table).assign(Prüfgröße="gültig")
        return _csv(folder, frame, sep="\t", encoding=encoding), (), None
    return write


def _zipped(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    packed = {"method": "zip", "archive_name": "works.csv"}
    return _csv(folder, _texts(table), "works.zip", compression=packed), (), None


def _at_the_end(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    step = table.index[1] - table.index[0]
    later = table.set_axis(table.index + step)
    return _csv(folder, _texts(later, "%Y-%m-%dT%H:%M:%S%z", "interval_end")), (), None


def _months(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    for month, rows in table.groupby(table.index.strftime("%Y-%m"), sort=False):
        _csv(folder, _texts(rows), f"months/power_{month}.csv")
    return folder / "months", (), None


def _stations(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], str]:
    _csv(folder, _texts(table), "sites/north.csv")
    _csv(folder, _texts(table.assign(total_active_power=table["total_active_power"] * 2 + 1)), "sites/south.csv")
    return folder / "sites", (), "north"


def _merged(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], str]:
    parts = [_texts(table).assign(station_id=name) for name in ("007", "7")]
    return _csv(folder, pd.concat(parts)), (), "007"


def _newest_first(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    return _csv(folder, _texts(table.iloc[::-1])), (), None


def _spans(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    step = table.index[1] - table.index[0]
    frame = _texts(table, "%d.%m.%Y %H:%M", "MTU (CET/CEST)")
    frame["MTU (CET/CEST)"] += " - " + (table.index + step).strftime("%d.%m.%Y %H:%M")
    return _csv(folder, frame), (), None


def _named_utc(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    return _csv(folder, _texts(table.tz_convert("UTC"), column="time (UTC)")), (), None


def _parquet(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    table.reset_index().to_parquet(folder / "works.parquet")
    return folder / "works.parquet", (), None


def _with_trimmings(folder: Path, table: pd.DataFrame) -> tuple[Path, tuple[str, ...], None]:
    """Lines before the names, a row of units, the names again in the middle and a sum at the end."""
    lines = _texts(table).to_csv(index=False).splitlines()
    half = len(lines) // 2
    lines = ["Meter 4711", lines[0], ",kW,°C", *lines[1:half], lines[0], *lines[half:], "Summe,123456.7,"]
    (folder / "works.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return folder / "works.csv", (), None


FORMS: dict[str, Form] = {
    "csv": lambda folder, table: (_csv(folder, _texts(table)), (), None),
    "decimal comma": _comma, "date and time": _date_and_time, "epoch [s]": _epoch("s"), "row a day": _row_a_day,
    "workbook": _workbook, "date and hour": _date_and_hour, "utf-16": _encoded("utf-16"), "months": _months,
    "epoch [ms]": _epoch("ms"), "cp1252": _encoded("cp1252"), "stations": _stations, "serial": _serial,
    "zip": _zipped, "end": _at_the_end, "merged": _merged, "newest first": _newest_first, "spans": _spans,
    "UTC by name": _named_utc, "parquet": _parquet, "trimmings": _with_trimmings,
}
