import numpy as np
import pytest
from numpy.typing import NDArray

from wattcast.contracts import Kind
from wattcast.windows.scaling import FloatArray, Scaler


def test_fit__ignores_missing() -> None:
    scaler = Scaler.fit(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]], np.float32))
    assert scaler.center.tolist() == [2.0, 0.0]
    assert scaler.scale.tolist() == [1.0, 1.0]


def test_fit__constant_column_is_only_shifted() -> None:
    scaler = Scaler.fit(np.full((5, 1), 70_000.1, np.float32))
    assert scaler.scale.tolist() == [1.0]
    assert scaler.apply(np.full((1, 1), 70_000.1, np.float32)) == pytest.approx(0.0)


@pytest.mark.parametrize(("kind", "center"), [(Kind.LOAD, 3.0), (Kind.PV, 0.0), (Kind.WIND, 0.0)])
def test_for_targets__keeps_zero_where_power_is_zero_by_nature(kind: Kind, center: float) -> None:
    assert Scaler.for_targets(np.array([[2.0], [4.0]], np.float32), kind).center.tolist() == [center]


def test_state__survives_json_and_inverts() -> None:
    values = np.random.default_rng(0).normal(50, 9, (40, 3)).astype(np.float32)
    scaler = Scaler.from_state(Scaler.fit(values).state())
    np.testing.assert_array_equal(scaler.center, Scaler.fit(values).center)
    np.testing.assert_allclose(scaler.invert(scaler.apply(values)), values, rtol=1e-5)
    assert scaler.reach is not None
    assert scaler.reach.tolist() == [100.0] * 3


def works(rows: int = 1680, wild: dict[int, float] | None = None) -> FloatArray:
    """Hourly power of about 400 ± 110, `[T, 1]`, with wild readings in some rows."""
    values = 400 + 150 * np.sin(np.arange(rows) / 24 * 2 * np.pi) + np.random.default_rng(7).normal(0, 8, rows)
    values[list(wild or {})] = list((wild or {}).values())
    return values.astype(np.float32)[:, None]


@pytest.mark.parametrize("rows", [30, 199, 200, 1680])
@pytest.mark.parametrize("centered", [True, False])
def test_fit__without_wild_readings_is_mean_and_deviation_to_the_last_bit(rows: int, centered: bool) -> None:
    values = works(rows)
    scaler = Scaler.fit(values, centered=centered)
    mean = np.float32(values.astype(np.float64).mean() if centered else 0.0)
    assert scaler.center[0] == mean
    assert scaler.scale[0] == np.float32(np.sqrt(np.mean((values.astype(np.float64) - mean) ** 2)))


@pytest.mark.parametrize("wild", [{1000: 1.2e7, 1200: -5e6}, {3: 1e30}, {1000: 6e4, 1001: 6e4, 1002: -6e4}])
@pytest.mark.parametrize("kind", list(Kind))
def test_for_targets__a_few_wild_readings_change_neither_center_nor_scale(wild: dict[int, float], kind: Kind) -> None:
    plain, robust = Scaler.for_targets(works(), kind), Scaler.for_targets(works(wild=wild), kind)
    np.testing.assert_allclose(robust.center, plain.center, rtol=0.02)
    np.testing.assert_allclose(robust.scale, plain.scale, rtol=0.02)
    scaled = robust.apply(works(wild=wild))
    assert np.flatnonzero(robust.beyond(scaled, 168)).tolist() == sorted(wild)
    np.testing.assert_array_equal(np.isnan(robust.usable(scaled, 168))[:, 0], np.isin(np.arange(1680), list(wild)))


@pytest.mark.parametrize("values", [
    np.where(np.arange(1680) % 168 == 40, 50.0, np.random.default_rng(1).normal(0, 0.1, 1680)),   # a test each week
    np.where(np.arange(1680) == 40, 1.0, 0.0),                                                    # one holiday
    np.random.default_rng(1).standard_t(3, 1680),                                                 # heavy tails
], ids=["weekly", "once", "heavy"])
def test_fit__what_is_rare_by_nature_is_scaled_and_used_as_it_is(values: NDArray[np.float64]) -> None:
    column = values.astype(np.float32)[:, None]
    scaler = Scaler.fit(column)
    np.testing.assert_allclose(scaler.scale, values.std(), rtol=1e-3)
    assert scaler.usable(scaler.apply(column), 168).tolist() == scaler.apply(column).tolist()


def test_usable__whether_a_reading_is_used_depends_on_rows_up_to_it_alone() -> None:
    scaler, values = Scaler.fit(works()), works(400, {50: 1e6, 51: 1e6, 300: -1e6})
    whole = scaler.usable(scaler.apply(values), 168)
    for rows in (40, 51, 52, 200, 301):
        np.testing.assert_array_equal(scaler.usable(scaler.apply(values[:rows]), 168), whole[:rows])


def test_usable__a_station_that_stood_still_in_training_and_runs_is_seen_within_a_shift() -> None:
    scaler = Scaler.fit(np.random.default_rng(1).normal(2.0, 0.05, (1680, 1)).astype(np.float32))
    running = scaler.usable(scaler.apply(works(336)), 168)
    assert np.flatnonzero(np.isnan(running)).tolist() == list(range(168 // 20))


@pytest.mark.parametrize("constant", [0.0, 70_000.1])
def test_usable__a_column_that_never_varied_tells_of_nothing_what_is_wild(constant: float) -> None:
    scaler = Scaler.fit(np.full((300, 1), constant, np.float32))
    assert np.isfinite(scaler.usable(scaler.apply(works()), 168)).all()
    assert scaler.state()["reach"] == [None]


def test_from_state__models_without_a_reach_use_every_reading() -> None:
    state = Scaler.fit(works()).state()
    del state["reach"]
    scaler = Scaler.from_state(state)
    assert np.isfinite(scaler.usable(scaler.apply(works(wild={5: 1e12})), 168)).all()


def test_usable_issues__rare_readings_of_an_issue_beyond_reach_are_left_out() -> None:
    scaler = Scaler.fit(np.random.default_rng(1).normal(15, 5, (1680, 2)).astype(np.float32))
    issues = np.random.default_rng(2).normal(0, 1, (3, 168, 1)).astype(np.float32)
    wild = issues.copy()
    wild[1, [3, 90]] = 1e6
    wild[2] += 1e6
    one = scaler.of(np.array([1]))
    np.testing.assert_array_equal(one.center, scaler.center[1:])
    used = one.usable_issues(wild)
    assert np.argwhere(np.isnan(used)).tolist() == [[1, 3, 0], [1, 90, 0]]
    # An issue that is all beyond reach is how the weather is told from now on.
    np.testing.assert_array_equal(used[2], wild[2])
    assert one.usable_issues(issues) is issues
