"""What can be wrong with a station in a night: its file, its model, its history."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

POWER = "total_active_power"


@dataclass(frozen=True)
class Fault:
    """A fault by its `name`, what the morning must say of it (any of the words `told`), and what makes it.

    `rows` changes the night's file, None for no file at all; `text` does so with its text; `store` damages what is kept
    of the station, in its folder.
    """

    name: str
    told: tuple[str, ...]
    rows: Callable[[pd.DataFrame], pd.DataFrame | None] = lambda rows: rows
    text: Callable[[str], str] = lambda text: text
    store: Callable[[Path], None] = lambda _: None


def _stuck(rows: pd.DataFrame) -> pd.DataFrame:
    values = rows[POWER].to_numpy(copy=True)
    values[8:] = values[8]
    return rows.assign(**{POWER: values})


def _spike(rows: pd.DataFrame) -> pd.DataFrame:
    values = rows[POWER].to_numpy(copy=True)
    values[12] *= 1e6
    return rows.assign(**{POWER: values})


def _coarser(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[::3]


def _half_a_step(rows: pd.DataFrame) -> pd.DataFrame:
    """Stamps that lie between the steps of the history."""
    return rows.set_axis(rows.index + pd.Timedelta(minutes=20))


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])


def _damage(pattern: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for path in sorted(folder.glob(pattern)):
            _cut(path)
    return damage


def _cut_rows(text: str) -> str:
    return text[:len(text) // 2]


FAULTS = (
    Fault("no file: its day is late", ("late",), rows=lambda _: None),
    Fault("column names alone", ("late",), rows=lambda rows: rows.head(0)),
    Fault("an empty file", ("empty", "late"), text=lambda _: ""),
    Fault("a file that is cut in the middle of a row", ("cut", "late"), text=_cut_rows),
    Fault("rows twice", ("repeated",), rows=lambda rows: pd.concat([rows, rows])),
    Fault("rows twice with other values", ("duplicate", "disagree"),
          rows=lambda rows: pd.concat([rows, rows.assign(**{POWER: rows[POWER] * 1.5})])),
    Fault("a sensor that sticks", ("flat_line",), rows=_stuck),
    Fault("a spike", ("spike", "out_of_range", "scale"), rows=_spike),
    Fault("watts for kilowatts", ("scale", "unit", "contradict"), rows=lambda rows: rows.assign(**{
        POWER: rows[POWER] * 1000})),
    Fault("no value at all", ("no usable value", "late"), rows=lambda rows: rows.assign(**{POWER: np.nan})),
    Fault("texts for numbers", ("not a number", "late", "no usable value"),
          rows=lambda rows: rows.assign(**{POWER: "offline"})),
    # The name of its file tells whose it is.
    Fault("an empty column of ids", ("",), rows=lambda rows: rows.assign(station_id="")),
    Fault("other columns", ("column",), rows=lambda rows: rows.rename(columns={POWER: "gas_m3"})),
    Fault("another step", ("late", "few_rows", "off_grid", "step"), rows=_coarser),
    Fault("stamps between the steps", ("off_grid", "grid"), rows=_half_a_step),
    Fault("rows of years to come", ("stamped after it came",),
          rows=lambda rows: rows.set_axis(rows.index + pd.Timedelta(days=7000))),
    Fault("a damaged champion", ("champion",), store=_damage("versions/*/*.safetensors")),
    Fault("a damaged manifest", ("champion",), store=_damage("versions/*/manifest.json")),
    Fault("a damaged registry", ("registry", "champion"), store=_damage("registry.json")),
    Fault("a damaged history", ("damaged",), store=_damage("history/*.parquet")),
)
"""Each is told by at least one of its words."""
