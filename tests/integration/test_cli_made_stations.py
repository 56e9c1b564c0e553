"""Whatever a station is and in whatever form it comes: it is read as it is, its faults are found, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_stations import CHANGING, FAULTS, FORMS, KINDS, STEPS, ZONES, Made, make, recipe

from wattcast.contracts import TOTAL
from wattcast.data.quality import QualityReport
from wattcast.data.reader import Source
from wattcast.data.schema import StationData

NUMBERS = range(42)
ABOUT_TIME = {"dst", "disorder"}
"""Findings that tell of clocks and of rows written newest first, and of no fault."""
CONSEQUENCES = {"doubled": ("disorder",), "a thousandth": ("future_known",)}
"""What else is told of a fault: rows at the end whose power is left out have weather only."""


def flags(made: Made) -> list[str]:
    told = [word for assignment in made.flags for word in ("--set", assignment)]
    return ["--data", str(made.path), *told, *(["--station", made.station] if made.station else [])]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[StationData]:
    """What commands have read."""
    data: list[StationData] = []
    honest = Source.read

    def remember(source: Source, *given: object, **named: object) -> tuple[StationData, QualityReport]:
        data.append((found := honest(source, *given, **named))[0])
        return found

    monkeypatch.setattr(Source, "read", remember)
    return data


@pytest.mark.parametrize("number", NUMBERS)
def test_check__reads_it_finds_its_fault_and_nothing_else(cli, place: Path, read, number: int) -> None:
    of = recipe(number)
    made = make(of, place, number)
    done = cli("check", *flags(made), "--json")
    assert "Traceback" not in done.err
    told = json.loads(done.out)
    if of.fault == "meter":
        assert done.code == 2
        assert "looks like a meter's reading" in told["error"]["what"]
        return
    assert done.code == 0, done.err
    found = {each["kind"]: each for each in told["findings"]}
    if of.finding:
        assert found[of.finding]["column"] in ("temperature" if of.fault == "kelvin" else TOTAL, None)
    allowed = ABOUT_TIME if of.zone in CHANGING or of.form == "newest first" else set()
    assert set(found) - allowed <= {of.finding, *CONSEQUENCES.get(of.fault, ())}
    assert {each["value"] for each in told["assumed"] if each["what"] == "kind"} == {
        "pv" if of.kind == "pv" else "load"}
    (data,) = read
    require_right(data.frame[TOTAL], made)


def require_right(values: pd.Series, made: Made) -> None:
    """Every value at its instant; what is false is left empty, but for a few rows at the edges of a long fault."""
    assert list(values.index) == list(made.truth.index)
    false = made.false.to_numpy()
    kept = values.notna().to_numpy()
    np.testing.assert_allclose(values[kept & ~false], made.truth[kept & ~false], rtol=1e-9)
    lost = ~kept & ~false & (made.truth != 0).to_numpy()
    assert not lost.any()
    assert (kept & false).sum() <= 0.1 * false.sum()


def test_numbers__show_everything_there_is() -> None:
    drawn = [recipe(number) for number in NUMBERS]
    for name, all_of_them in (("kind", KINDS), ("form", FORMS), ("fault", FAULTS), ("zone", ZONES), ("step", STEPS)):
        assert {getattr(of, name) for of in drawn} == set(all_of_them)
    assert 2 * len({(of.kind, of.fault) for of in drawn}) > len(drawn)


@pytest.mark.parametrize("number", [0, 2, 4, 5, 13])
def test_forecast__lies_within_what_the_history_has_shown(cli, place: Path, tiny, number: int) -> None:
    """No value is missing, and none is beyond what was ever measured unless a note tells of it."""
    made = make(replace(recipe(number), step="1h", fault="spike" if number % 2 else "none"), place, number)
    trained = cli("train", *flags(made), *tiny, "--set", "model.patch_len=12")
    assert trained.code == 0, trained.err
    done = cli("forecast", *flags(made), "--json")
    assert done.code == 0, done.err
    table = pd.read_csv(place / "forecast.csv")
    assert len(table) == 7 * 24
    assert table[[name for name in table if name.startswith(TOTAL)]].notna().all(axis=None)
    notes = " ".join(json.loads(done.out)["facts"])
    assert table[TOTAL].between(made.truth.min(), made.truth.max()).all() or "level" in notes
