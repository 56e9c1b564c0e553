"""What a station is taken for where nobody says it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import Kind, Location
from wattcast.data.kinds import infer_kind
from wattcast.data.sun import solar_position

BERLIN = Location(latitude=52.5, longitude=13.4)
NOWHERE = Location()
SHARED = Path(__file__).parents[4] / "shared" / "data"


def index(first: str, days: int, timezone: str = "Etc/GMT-1", step: str = "15min") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=int(pd.Timedelta(days=days) / pd.Timedelta(step)), freq=step, tz=timezone)


def hour(times: pd.DatetimeIndex) -> np.ndarray:
    return np.asarray(times.hour + times.minute / 60)


def noise(times: pd.DatetimeIndex, size: float) -> np.ndarray:
    return np.random.default_rng(len(times)).normal(0, size, len(times))


def plant(first: str, days: int, *, clouds: bool = True, place: Location = BERLIN) -> pd.Series:
    """A plant that yields as high as the sun stands, less on some days."""
    times = index(first, days)
    sine = np.sin(np.deg2rad(solar_position(times, place)["elevation"].to_numpy())).clip(0)
    sky = np.repeat(np.random.default_rng(7).uniform(0.1 if clouds else 0.98, 1, days), len(times) // days)
    return pd.Series(50 * sine * sky, times)


def works(first: str, days: int, opens: float, closes: float, *, free: tuple[int, ...] = (5, 6),
          standby: float = 0.0) -> pd.Series:
    times = index(first, days)
    runs = (hour(times) >= opens) & (hour(times) < closes) & ~np.isin(times.day_of_week, free)
    return pd.Series(np.where(runs, 200 + noise(times, 8), standby), times)


@pytest.mark.parametrize("place", [BERLIN, NOWHERE])
@pytest.mark.parametrize("first", ["2025-01-06", "2025-03-20", "2025-06-10", "2025-11-20"])
def test_photovoltaic__four_weeks_of_any_season(first: str, place: Location) -> None:
    kind, assumed = infer_kind(plant(first, 28), place)
    assert kind is Kind.PV
    assert "photovoltaic" in str(assumed)
    assert "data.kind" in str(assumed)


def test_photovoltaic__without_clouds_the_seasons_tell() -> None:
    assert infer_kind(plant("2025-01-06", 28, clouds=False), BERLIN)[0] is Kind.LOAD
    assert infer_kind(plant("2025-01-06", 200, clouds=False), BERLIN)[0] is Kind.PV


@pytest.mark.parametrize("place", [BERLIN, NOWHERE])
@pytest.mark.parametrize(("opens", "closes", "free"), [
    (6, 15, (5, 6)), (6, 22, (6,)), (8, 16, (5, 6)), (8, 16, (4, 5)), (9, 15, (6,)), (10, 20, ())])
@pytest.mark.parametrize("first", ["2024-10-14", "2025-01-06", "2025-06-09"])
def test_loads__that_rest_at_night(first: str, opens: float, closes: float, free: tuple[int, ...],
                                   place: Location) -> None:
    kind, assumed = infer_kind(works(first, 56, opens, closes, free=free), place)
    assert kind is Kind.LOAD
    assert "taken for a load" in str(assumed)


def test_loads__a_depot_that_charges_at_night() -> None:
    times = index("2025-01-06", 56)
    charging = np.where((hour(times) >= 21) | (hour(times) < 5), 300 + noise(times, 60), 0.0)
    for place in (BERLIN, NOWHERE):
        assert infer_kind(pd.Series(charging, times), place)[0] is Kind.LOAD


def test_loads__a_shop_every_day_from_nine_to_three_waits_for_the_seasons() -> None:
    """In winter the sun explains it; by summer it does not."""
    shop = works("2025-12-01", 250, 9, 15, free=())
    assert infer_kind(shop, BERLIN)[0] is Kind.LOAD
    assert infer_kind(shop[:28 * 96], BERLIN)[0] is Kind.LOAD


def test_loads__a_school_with_swelling_days_and_free_weekends() -> None:
    times = index("2025-02-03", 56)
    school = np.sin((hour(times) - 7) / 9 * np.pi).clip(0) * 40 * (times.day_of_week < 5) * (1 + noise(times, 0.2))
    kind, assumed = infer_kind(pd.Series(school, times), NOWHERE)
    assert kind is Kind.LOAD
    assert "on Saturdays" in str(assumed)


def test_loads__power_at_night_nothing_and_negative() -> None:
    times = index("2025-02-03", 30)
    for values in (400 + noise(times, 5), np.zeros(len(times)), -plant("2025-02-03", 30).to_numpy()):
        assert infer_kind(pd.Series(values, times), BERLIN)[0] is Kind.LOAD
    assert infer_kind(pd.Series(np.nan, times), BERLIN)[0] is Kind.LOAD


def test_later_rows__do_not_change_what_was_clear() -> None:
    known = plant("2025-01-06", 60)
    changed = known.copy()
    changed.iloc[28 * 96:] = 1e4
    for place in (BERLIN, NOWHERE):
        assert infer_kind(changed, place)[0] is infer_kind(known, place)[0] is Kind.PV


def test_rows__in_any_order_and_through_a_change_of_daylight_saving_time() -> None:
    known = plant("2025-10-10", 40).tz_convert("Europe/Berlin")
    shuffled = known.sample(frac=1, random_state=0)
    assert infer_kind(shuffled, BERLIN)[0] is infer_kind(known, NOWHERE)[0] is Kind.PV


@pytest.mark.skipif(not (SHARED / "panel").is_dir(), reason="no folder ../shared/data with measured data")
def test_measured_stations__are_what_they_are() -> None:
    """Those known to be loads are loads; photovoltaic plants are found with and without their place."""
    for name in ("sgcc_solar_1", "sgcc_solar_2"):
        table = pd.read_csv(SHARED / f"{name}.csv.gz", index_col="time", parse_dates=True)
        assert infer_kind(table["power"].tz_localize("Asia/Shanghai"), NOWHERE)[0] is Kind.PV
    plants = pd.read_parquet(SHARED / "stations" / "pvod.parquet")
    for name, rows in plants.groupby("station"):
        power = rows.set_index("time")["power"].tz_localize("UTC").tz_convert("Asia/Shanghai")
        assert infer_kind(power, Location(latitude=38.0, longitude=114.5))[0] is Kind.PV, name
    for source in ("uiuc", "enernoc", "pjm"):
        table = pd.read_parquet(SHARED / "stations" / f"{source}.parquet")
        for name, rows in table.groupby("station"):
            power = rows.set_index("time")["power"].tz_localize("America/Chicago", ambiguous="NaT", nonexistent="NaT")
            kind = Kind.PV if name == "solar_farm" else Kind.LOAD
            assert infer_kind(power[power.index.notna()], NOWHERE)[0] is kind, name
