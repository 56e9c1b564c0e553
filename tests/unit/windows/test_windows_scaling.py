import numpy as np
import pytest

from wattcast.contracts import Kind
from wattcast.windows.scaling import Scaler


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
