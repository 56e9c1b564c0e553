"""What every expert keeps to, each on a made-up station that it is for: hourly, with weather and two targets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Kind, Station
from wattcast.data.schema import StationData
from wattcast.experts.base import Asked, Expert, Kept, Lesson
from wattcast.experts.context import InContext
from wattcast.experts.sunlight import ClearSky
from wattcast.experts.table import EXPERTS, IN_CONTEXT
from wattcast.settings import build_settings
from wattcast.training import boosting
from wattcast.training.config import Recipe
from wattcast.training.prepared import Prepared, prepare
from wattcast.windows.dataset import WindowDataset

UNFITTED = {expert.name: dict(vars(expert)) for expert in EXPERTS}
NAMES = tuple(expert.name for expert in EXPERTS if expert.name != "weeks-mean")
"""All but the one that other lags have."""
KINDS = {expert.name: expert.kinds[-1] if isinstance(expert, InContext) else Kind.LOAD for expert in EXPERTS}
KINDS |= {expert.name: Kind.LOAD for expert in IN_CONTEXT if Kind.LOAD in expert.kinds}
UNLIT = {expert.name for expert in EXPERTS if isinstance(expert, ClearSky)}
"""For plants whose irradiance is not known."""
DAY, DAYS = 24, 90


def station_data(kind: Kind, weather: tuple[str, ...] = ("irradiance", "wind_speed")) -> StationData:
    """Ninety days of a works, a photovoltaic plant or a wind farm; a part of each is the second target."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2025-03-01", periods=DAYS * DAY, freq="1h", tz="Asia/Shanghai", name="time")
    hour = index.hour.to_numpy()
    clear = np.repeat(rng.uniform(0.2, 1, DAYS), DAY)
    sun = 1000 * clear * np.sin((hour - 6) * np.pi / 12).clip(0)
    wind = 7 + 3 * np.sin(np.arange(len(index)) / 17) + rng.normal(0, 0.5, len(index))
    power = {Kind.LOAD: 300 + 90 * (hour > 7) + 0.02 * sun, Kind.PV: 0.09 * sun,
             Kind.WIND: 2 * wind.clip(0) ** 1.5}[kind]
    power = power + rng.normal(0, 2, len(index)) * (power > 0)
    frame = pd.DataFrame({TOTAL: power, PART: 0.6 * power, "irradiance": sun, "wind_speed": wind}, index=index)
    station = Station(id=kind.value, targets=(TOTAL, PART), known_future=weather, kind=kind, step="1h")
    return StationData(station, frame[list(station.columns)])


@dataclass(frozen=True)
class Case:
    """A station made ready, and its fitted experts by name."""

    prepared: Prepared
    recipe: Recipe
    fitted: dict[str, Expert]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Case]]:
    """By the name of an expert the station that it is for, where it is fitted."""
    recipe = build_settings({"model": {"d_model": 16, "n_layers": 1, "patch_len": 24},
                             "training": {"epochs": 1, "batches_per_epoch": 2, "batch_size": 4, "members": 1},
                             "windows": {"validation_origins": 3}}).recipe()
    made: dict[tuple[Kind, tuple[str, ...]], Case] = {}

    def find(name: str) -> Case:
        told = KINDS[name], ("wind_speed",) if name in UNLIT else ("irradiance", "wind_speed")
        case = made.setdefault(told, Case(prepare(station_data(*told), recipe), recipe, {}))
        if name not in case.fitted:
            lesson = Lesson(case.prepared, recipe, tmp_path_factory.mktemp("fits"))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(boosting, "ROUNDS", 10)
                fitted = unfitted(name).fit(lesson)
            assert fitted is not None
            case.fitted[name] = fitted
        return case

    return find


def unfitted(name: str) -> Expert:
    return next(each for each in EXPERTS if each.name == name)


def windows(case: Case) -> WindowDataset:
    return case.prepared.windows_until(DAYS * DAY, case.recipe)


def said(expert: Expert, case: Case, *origins: int) -> np.ndarray:
    return expert.forecast(Asked(windows(case), np.asarray(origins)))


def with_other(case: Case, **columns: np.ndarray) -> Case:
    return replace(case, prepared=replace(case.prepared, table=replace(case.prepared.table, **columns)))


@pytest.mark.parametrize("name", NAMES)
def test_forecast__is_finite_and_in_the_targets_units(name, cases) -> None:
    case = cases(name)
    made = said(case.fitted[name], case, 70 * DAY, 75 * DAY + 5, 80 * DAY)
    assert made.shape == (3, 7 * DAY, 2)
    assert made.dtype == np.float64
    assert np.isfinite(made).all()
    usual = np.nanmean(case.prepared.table.targets, 0)
    assert (np.abs(made.mean((0, 1)) - usual) < 0.6 * usual).all()


@pytest.mark.parametrize("name", NAMES)
def test_forecast__of_an_origin_does_not_depend_on_the_others(name, cases) -> None:
    case = cases(name)
    origins = (70 * DAY, 75 * DAY + 5, 80 * DAY)
    together = said(case.fitted[name], case, *origins)
    backwards = said(case.fitted[name], case, *origins[::-1])[::-1]
    alone = said(case.fitted[name], case, origins[1])[0]
    np.testing.assert_allclose(together, backwards, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(together[1], alone, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", ["as it is", "as judged"])
def test_forecast__knows_nothing_that_was_measured_after_its_origin(name, variant, cases) -> None:
    case, origin = cases(name), 75 * DAY + 5
    expert = case.fitted[name] if variant == "as it is" else case.fitted[name].as_judged()
    targets = case.prepared.table.targets.copy()
    targets[origin:] = 7 * targets[origin:] + 1000
    np.testing.assert_array_equal(said(expert, with_other(case, targets=targets), origin), said(expert, case, origin))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", ["weather ahead", "weather", "power lately", "everything"])
def test_forecast__is_finite_whatever_is_missing(name, missing, cases) -> None:
    case, origin = cases(name), 75 * DAY + 5
    targets, known = case.prepared.table.targets.copy(), case.prepared.table.known.copy()
    weather = list(case.prepared.table.weather_columns)
    if missing != "power lately":
        known[origin if missing == "weather ahead" else 0:, weather] = np.nan
    if missing in ("power lately", "everything"):
        targets[origin - 62 * DAY:] = np.nan
    made = said(case.fitted[name], with_other(case, targets=targets, known=known), origin)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", NAMES)
def test_stored__is_the_same_when_it_is_read_again(name, cases, tmp_path) -> None:
    case = cases(name)
    sizes = Lesson(case.prepared, case.recipe, tmp_path).sizes
    again = unfitted(name).load(Kept(case.fitted[name].files(), "v0001", NAMES, case.recipe, sizes, ()))
    assert again is not None
    np.testing.assert_array_equal(said(again, case, 75 * DAY), said(case.fitted[name], case, 75 * DAY))


@pytest.mark.parametrize("name", NAMES)
def test_fit__leaves_the_one_that_was_asked_as_it_was(name, cases) -> None:
    cases(name)
    assert vars(unfitted(name)) == UNFITTED[name]


def test_names__are_unique_and_those_that_learn_come_first() -> None:
    names = [expert.name for expert in EXPERTS]
    assert len(set(names)) == len(names)
    learned = [expert.learned for expert in EXPERTS]
    assert learned == sorted(learned, reverse=True)
