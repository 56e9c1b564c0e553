import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattcast.contracts import ADJUSTABLE, PART, QUANTILES, TOTAL, Kind, Location, Station
from wattcast.data.limits import KeptLimits
from wattcast.forecasting.postprocess import Limits, target_columns, usual

TOTAL_ONLY = Station(id="a")
BOTH = Station(id="a", targets=(TOTAL, PART))
INDEX = pd.date_range("2025-06-21 00:00", periods=24, freq="1h", tz="Asia/Shanghai", name="time")
LEVELS = np.asarray(QUANTILES)


def table(**medians: float | list[float]) -> pd.DataFrame:
    """A day whose quantiles lie 40 below to 40 above each target's median."""
    columns = {}
    for target, values in medians.items():
        median = np.broadcast_to(np.asarray(values, float), len(INDEX))
        columns |= dict(zip(target_columns(target), [median, *(median + 100 * (level - 0.5) for level in LEVELS)],
                            strict=True))
    return pd.DataFrame(columns, index=INDEX)


def test_target_columns__the_median_and_nine_quantiles() -> None:
    assert target_columns(TOTAL) == [TOTAL, *(f"{TOTAL}_q{percent}" for percent in range(10, 100, 10))]


def test_no_limit_reached__nothing_changes_and_nothing_is_said() -> None:
    made = table(total_active_power=500.0)
    limited, notes = Limits(TOTAL_ONLY, (TOTAL,)).apply(made)
    pd.testing.assert_frame_equal(limited, made)
    assert notes == []


def test_below_zero__only_where_training_never_was() -> None:
    made = table(total_active_power=[-60.0] * 6 + [20.0] * 6 + [500.0] * 12)
    limited, notes = Limits(TOTAL_ONLY, (TOTAL,)).apply(made)
    assert (limited.iloc[:6, :] == 0).to_numpy().all()
    assert (limited[f"{TOTAL}_q10"].iloc[6:12] == 0).all()
    assert (limited[TOTAL].iloc[6:12] == 20).all()
    assert notes == ["kept at or above zero, as in the training data: 12 of 24 steps"]
    untouched, notes = Limits(TOTAL_ONLY, ()).apply(made)
    pd.testing.assert_frame_equal(untouched, made)
    assert notes == []


def test_sentences_of_every_day__are_told_from_a_forecast_beyond_the_capacity() -> None:
    plant = Station(id="a", targets=(TOTAL, PART), kind=Kind.PV, capacity=600.0,
                    location=Location(latitude=30.0, longitude=120.0))
    made = table(total_active_power=[-60.0] * 12 + [700.0] * 12, not_use_power=[10.0] * 12 + [800.0] * 12)
    _, notes = Limits(plant, (TOTAL, PART), part_of_total=True).apply(made)
    assert [note.partition(":")[0] for note in notes if not usual(note)] == ["kept within the capacity of 600"]
    assert len([note for note in notes if usual(note)]) == 3


def test_capacity__bounds_both_directions() -> None:
    station = TOTAL_ONLY.model_copy(update={"capacity": 100.0})
    made = table(total_active_power=[500.0] * 3 + [-500.0] * 2 + [0.0] * 19)
    limited, notes = Limits(station, ()).apply(made)
    assert (limited.iloc[:3] == 100).to_numpy().all()
    assert (limited.iloc[3:5] == -100).to_numpy().all()
    pd.testing.assert_frame_equal(limited.iloc[5:], made.iloc[5:])
    assert notes == ["kept within the capacity of 100: 5 of 24 steps"]


@pytest.mark.parametrize(("kind", "location", "dark"), [
    (Kind.PV, Location(latitude=31, longitude=121), True), (Kind.WIND, Location(latitude=31, longitude=121), False),
    (Kind.LOAD, Location(latitude=31, longitude=121), False), (Kind.PV, Location(country="CN"), False),
])
def test_night__is_zero_for_photovoltaics_whose_place_is_known(kind: Kind, location: Location, dark: bool) -> None:
    station = Station(id="a", kind=kind, location=location)
    limited, notes = Limits(station, (TOTAL,)).apply(table(total_active_power=200.0))
    night, noon = [0, 1, 2, 3, 21, 22, 23], [9, 10, 11, 12, 13, 14, 15]
    assert bool((limited.iloc[night] == 0).all(axis=None)) == dark
    assert (limited[TOTAL].iloc[noon] == 200).all()
    assert any("set to zero at night" in note for note in notes) == dark


def test_night__both_targets() -> None:
    station = Station(id="a", targets=(TOTAL, PART), kind=Kind.PV, location=Location(latitude=31, longitude=121))
    limited, _ = Limits(station, (TOTAL, PART)).apply(table(total_active_power=200.0, not_use_power=100.0))
    assert (limited.iloc[0] == 0).all()
    assert limited[ADJUSTABLE].iloc[12] == 100


def test_part__never_more_than_the_total_and_the_rest_is_adjustable() -> None:
    made = table(total_active_power=500.0, not_use_power=[300.0] * 10 + [530.0] * 14)
    limited, notes = Limits(BOTH, (TOTAL, PART), part_of_total=True).apply(made)
    for part, total in zip(target_columns(PART), target_columns(TOTAL), strict=True):
        assert (limited[part] <= limited[total]).all()
    assert limited[ADJUSTABLE].tolist() == [200.0] * 10 + [0.0] * 14
    assert notes == ["not_use_power kept at or below total_active_power: 14 of 24 steps"]
    pd.testing.assert_frame_equal(limited[target_columns(TOTAL)], made[target_columns(TOTAL)])


@pytest.mark.parametrize("nonnegative", [(), (TOTAL,), (PART,), (TOTAL, PART)])
def test_part__may_exceed_the_total_where_the_history_has_it_so(nonnegative: tuple[str, ...]) -> None:
    made = table(total_active_power=100.0, not_use_power=400.0)
    limited, notes = Limits.of(BOTH, KeptLimits(nonnegative, part_of_total=False)).apply(made)
    assert (limited[PART] == 400).all()
    assert (limited[ADJUSTABLE] == -300).all()
    assert not [note for note in notes if "at or below" in note]


def test_apply__leaves_its_input_alone() -> None:
    made = table(total_active_power=-5.0, not_use_power=7.0)
    before = made.copy()
    Limits(BOTH.model_copy(update={"capacity": 6.0}), (TOTAL, PART), part_of_total=True).apply(made)
    pd.testing.assert_frame_equal(made, before)


DAY = st.lists(st.floats(-1e4, 1e4), min_size=24, max_size=24)


@settings(max_examples=40)
@given(DAY, DAY, st.one_of(st.none(), st.floats(1, 1e4)))
def test_apply__quantiles_stay_in_order_and_limits_hold(total: list[float], part: list[float],
                                                        capacity: float | None) -> None:
    station = BOTH.model_copy(update={"capacity": capacity})
    limits = Limits(station, (TOTAL, PART), part_of_total=True)
    limited, _ = limits.apply(table(total_active_power=total, not_use_power=part))
    for target in (TOTAL, PART):
        values = limited[target_columns(target)[1:]].to_numpy()
        assert (np.diff(values, axis=1) >= 0).all()
        assert values.min() >= 0
        assert values.max() <= (capacity or np.inf)
        assert (limited[target] == limited[f"{target}_q50"]).all()
    assert (limited[ADJUSTABLE] >= 0).all()
