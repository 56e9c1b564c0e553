"""The base as an expert: loaded when it is asked, and one rung down where it cannot be."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from wattcast.contracts import TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.errors import BundleError
from wattcast.experts.base import Asked, Kept, Lesson
from wattcast.experts.pretrained import SHIPPED, Pretrained, flattering
from wattcast.model.day_network import DayNetwork
from wattcast.settings import build_settings
from wattcast.timegrid import parse_step, steps_per_day
from wattcast.training.base_model import FILE, Base
from wattcast.training.base_network import packed
from wattcast.training.prepared import Prepared, prepare
from wattcast.windows.dataset import WindowDataset
from wattcast.windows.day_tokens import SIZES

DAYS = 50
RECIPE = build_settings({}).recipe()


def prepared(step: str = "1h", power: np.ndarray | None = None, kind: Kind = Kind.LOAD,
             **weather: np.ndarray) -> Prepared:
    every = parse_step(step)
    index = pd.date_range("2025-03-03", periods=DAYS * steps_per_day(every), freq=every, tz="Asia/Shanghai",
                          name="time")
    if power is None:
        worked = (index.day_of_week < 5) & (index.hour >= 8) & (index.hour < 18)
        power = 300 + 200 * worked + np.random.default_rng(0).normal(0, 10, len(index))
    station = Station(id="s", kind=kind, step=step, known_future=tuple(weather))
    return prepare(StationData(station, pd.DataFrame({TOTAL: power, **weather}, index=index)), RECIPE)


def windows(made: Prepared) -> WindowDataset:
    return made.windows_until(len(made.table.index), RECIPE)


def said(expert: Pretrained, made: Prepared, day: int = 42) -> np.ndarray:
    return expert.forecast(Asked(windows(made), np.asarray([day * made.shape.day])))[0, :, 0]


def test_forecast__knows_a_works_without_having_seen_it(tmp_path) -> None:
    made = prepared()
    expert = Pretrained().fit(Lesson(made, RECIPE, tmp_path))
    actual = made.table.targets[42 * 24:49 * 24, 0]
    assert expert is not None
    assert np.abs(said(expert, made) - actual).mean() < 20
    assert np.abs(actual - actual.mean()).mean() > 60


@pytest.mark.parametrize("step", ["5min", "10min", "15min", "30min", "6h", "1d"])
def test_forecast__of_any_step_is_finite(step) -> None:
    assert np.isfinite(said(Pretrained(), prepared(step))).all()


@pytest.mark.parametrize(("power", "right"), [(np.full(DAYS * 24, 7.5), 7.5), (np.zeros(DAYS * 24), 0.0)])
def test_forecast__of_a_constant_is_the_constant(power, right) -> None:
    assert said(Pretrained(), prepared(power=power)) == pytest.approx(right)


def test_forecast__scales_with_the_power() -> None:
    power = 5 + np.random.default_rng(0).normal(0, 1, DAYS * 24)
    small, large = (said(Pretrained(), prepared(power=times * power)) for times in (1, 1000))
    assert large == pytest.approx(1000 * small, rel=1e-3)


@pytest.mark.parametrize("amount", [0.1, 1e-3])
@pytest.mark.parametrize("known_days", [36, 42])
def test_forecast__is_not_carried_away_by_weather_as_the_window_never_had_it(amount, known_days) -> None:
    """A drizzle now and then, and in the horizon a flood."""
    random = np.random.default_rng(0)
    hours = np.arange(DAYS * 24)
    power = 100 + 30 * np.sin(hours * np.pi / 12) + random.normal(0, 5, len(hours))
    power[:(42 - known_days) * 24] = np.nan
    rain = np.where(hours >= 42 * 24, 30.0, np.where(random.random(len(hours)) < 0.1, amount, 0.0))
    made = said(Pretrained(), prepared(power=power, rain=rain))
    assert 20 < made.min() < made.max() < 180


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_fit__without_the_base_is_none_with_a_warning(damage, tmp_path, caplog) -> None:
    folder = tmp_path / "weights"
    if damage == "damaged":
        shutil.copytree(SHIPPED, folder)
        (folder / FILE).write_bytes(b"no weights")
    expert = Pretrained(folder)
    assert expert.fit(Lesson(prepared(), RECIPE, tmp_path)) is None
    assert "without what other stations know" in caplog.text
    assert "wattcast pretrain" in caplog.text


def test_forecast__without_the_base_is_the_usual_day(tmp_path) -> None:
    """A model that was trained when it was there goes on."""
    made = prepared()
    usual = said(Pretrained(tmp_path / "missing"), made)
    actual = made.table.targets[42 * 24:49 * 24, 0]
    assert np.abs(usual - actual).mean() < 20


def own_base(folder: Path, more: float = 0.5) -> Path:
    """A base that says so much more than the usual day, in window units, whatever it is asked."""
    network = DayNetwork(SIZES)
    with torch.no_grad():
        network.head.out.bias[len(SIZES.prior) + 1] = more
        network.head.out.bias[len(SIZES.prior) - 1] = 30.0
    folder.mkdir()
    for name, content in Base(packed(network), {"sources": []}).files().items():
        (folder / name).write_bytes(content)
    return folder


def lesson_with(base: str | Path) -> Lesson:
    return Lesson(prepared(), build_settings({"model": {"base": str(base)}}).recipe())


def test_recipe__names_the_base(tmp_path) -> None:
    default, own = (Pretrained().fit(lesson_with(base)) for base in ("default", own_base(tmp_path / "own")))
    assert Pretrained().fit(lesson_with("none")) is None
    assert default == Pretrained()
    assert own is not None
    made = prepared()
    usual = said(Pretrained(tmp_path / "missing"), made)
    assert (said(own, made) > usual + 1).all()
    assert not np.allclose(said(own, made), said(default, made))


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_own_base_that_cannot_be_read__is_an_error(tmp_path, damage) -> None:
    if damage == "damaged":
        (own_base(tmp_path / "own") / FILE).write_bytes(b"no weights")
    with pytest.raises(BundleError, match="own") as caught:
        Pretrained().fit(lesson_with(tmp_path / "own"))
    assert "wattcast pretrain" in str(caught.value.hint)


def test_version__says_which_base_and_warns_where_that_was_exchanged(tmp_path, caplog) -> None:
    expert = Pretrained().fit(lesson_with(own_base(tmp_path / "own")))
    assert expert is not None
    kept = Kept(expert.files(), "v0001", ("base",), RECIPE, Lesson(prepared(), RECIPE).sizes, ())
    assert Pretrained().load(kept) == expert
    assert not caplog.text
    shutil.rmtree(tmp_path / "own")
    own_base(tmp_path / "own", more=0.25)
    assert Pretrained().load(kept) == expert
    assert "another base" in caplog.text


def test_version_without_the_file__has_the_base_that_ships() -> None:
    sizes = Lesson(prepared(), RECIPE).sizes
    assert Pretrained().load(Kept({}, "v0001", ("base",), RECIPE, sizes, ())) == Pretrained()
    assert Pretrained().load(Kept({}, "v0001", ("network",), RECIPE, sizes, ())) is None


def test_import__of_the_table_loads_no_trees() -> None:
    """LightGBM takes half a second to import."""
    import subprocess

    code = "import sys, wattcast.experts.table; sys.exit('lightgbm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_flattering__says_so_of_weeks_that_the_base_has_learned(tmp_path) -> None:
    torch.manual_seed(0)
    manifest = {"sources": [{"learned_until": {"s": "2025-03-01T00:00:00+00:00"}}]}
    for name, content in Base(packed(DayNetwork(SIZES)), manifest).files().items():
        (tmp_path / name).write_bytes(content)
    before, after = (pd.Timestamp(day, tz="Asia/Shanghai") for day in ("2025-03-01 07:00", "2025-03-01 08:00"))
    [said] = flattering(str(tmp_path), "s", before)
    assert "station s until 2025-03-01 08:00" in said
    assert flattering(str(tmp_path), "s", after) == ()
    assert flattering(str(tmp_path), "other", before) == ()
    assert flattering("none", "s", before) == flattering("default", "s", before) == ()
