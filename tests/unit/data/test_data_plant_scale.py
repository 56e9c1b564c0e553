"""Generation a thousand times too high or too low over days, and what plants do by themselves."""

import numpy as np
import pytest

from wattcast.contracts import Kind
from wattcast.data.plant_scale import plant_stretches

DAYS, DAY = 120, 24
HOUR = np.arange(DAYS * DAY) % DAY


def pv() -> np.ndarray:
    sky = np.repeat(np.random.default_rng(2).uniform(0.15, 1, DAYS), DAY)
    return 50 * np.sin((HOUR - 6) / 12 * np.pi).clip(0) * sky


def wind() -> np.ndarray:
    gusts = np.random.default_rng(3).gamma(1.2, 8.0, DAYS * DAY // 8 + 2)
    return np.interp(np.arange(DAYS * DAY) / 8, np.arange(len(gusts)), gusts).clip(0.05, 40)


PLANTS = {Kind.PV: pv, Kind.WIND: wind}


def found(values: np.ndarray, kind: Kind) -> tuple[np.ndarray, list[float]]:
    rows, factors = np.zeros(len(values), dtype=bool), []
    for factor, told in plant_stretches(values, DAY, kind):
        rows |= told
        factors.append(factor)
    return rows, factors


@pytest.mark.parametrize("kind", PLANTS)
@pytest.mark.parametrize(("factor", "first", "last"), [
    (1000.0, 50, 52), (1000.0, 50, DAYS), (0.001, 50, 58), (0.001, 50, 70), (0.001, 50, DAYS)])
@pytest.mark.parametrize("hour", [0, 13])
def test_thousand__over_days(kind: Kind, factor: float, first: int, last: int, hour: int) -> None:
    true = PLANTS[kind]()
    rows = slice(first * DAY + hour, min(last * DAY + hour, len(true)))
    written = true.copy()
    written[rows] *= factor
    told, factors = found(written, kind)
    assert factors == [factor]
    wrong = (written != true)
    assert (told & wrong).sum() >= 0.8 * wrong.sum()
    # What is taken with it are values so low that they say nothing.
    assert true[told & ~wrong].max(initial=0) <= 0.002 * true.max()


def snow(values: np.ndarray) -> np.ndarray:
    depth = np.random.default_rng(4).uniform(-5, -1, 12)
    values = values.copy()
    values[50 * DAY:62 * DAY] *= np.repeat(10 ** depth, DAY)
    return values


def standstill(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[50 * DAY:75 * DAY] = 0.03 + np.random.default_rng(6).normal(0, 0.003, 25 * DAY)
    return values


def into_service(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[:40 * DAY] = np.random.default_rng(6).normal(0.04, 0.004, 40 * DAY)
    return values


@pytest.mark.parametrize("kind", PLANTS)
@pytest.mark.parametrize("change", [
    lambda values: values, snow, standstill, into_service,
    lambda values: values * np.repeat(np.linspace(0.02, 1, DAYS), DAY),
    lambda values: np.where(np.arange(len(values)) < 60 * DAY, values / 30, values),
    lambda values: np.where(np.arange(len(values)) // DAY % 40 < 4, values / 1000, values) if values[0] else values])
def test_true_generation__stays(kind: Kind, change) -> None:
    assert found(change(PLANTS[kind]()), kind)[1] == []
