"""The pipeline: names, roles, state, issued forecasts, and that nothing later changes anything earlier."""

import dataclasses
import itertools
import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wattcast.contracts import Location, Role, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError, WattcastError
from wattcast.features.pipeline import FeaturePipeline, FeaturesConfig, FeatureTable

STATION = Station(
    id="tale", targets=("total_active_power", "not_use_power"), known_future=("temperature", "winddeg", "text"),
    past_only=("reactive_power", "state"), categorical=("text", "state"),
    location=Location(latitude=31.0, longitude=120.0, country="CN"))


def table(first: str = "2025-05-01", steps: int = 3 * 96, station: Station = STATION) -> pd.DataFrame:
    """Rows with tell-tale numbers: row 7 has a total of 1007 and a part of 107."""
    index = pd.date_range(first, periods=steps, freq=station.step, tz=station.timezone, name="time")
    row = np.arange(steps)
    columns = {
        "total_active_power": 1000.0 + row, "not_use_power": 100.0 + row, "temperature": row / 10,
        "winddeg": row % 360.0,
        "text": pd.Series(np.asarray(["晴", "阴", "雨"])[row % 3], index, dtype="str"), "reactive_power": -1.0 * row,
        "state": pd.Series(np.asarray(["on", "off"])[row % 2], index, dtype="str")}
    return pd.DataFrame(columns, index=index)[list(station.columns)]


def pipeline(frame: pd.DataFrame, station: Station = STATION, **options: object) -> FeaturePipeline:
    return FeaturePipeline(FeaturesConfig(**options), station).fit(StationData(station, frame))


def assert_same(left: FeatureTable, right: FeatureTable) -> None:
    for name in ("targets", "known", "past"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
    assert (left.known_names, left.past_names) == (right.known_names, right.past_names)


def test_transform__arrays_names_and_positions_agree() -> None:
    frame = table()
    features = pipeline(frame).transform(frame)
    assert features.targets.shape == (288, 2)
    assert features.known.shape == (288, len(features.known_names))
    assert features.past.shape == (288, len(features.past_names))
    assert {array.dtype for array in (features.targets, features.known, features.past)} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(features.targets[7], [1007, 107])
    weather = [features.known_names[position] for position in features.weather_columns]
    assert weather == ["temperature", "winddeg_sin", "winddeg_cos", "text=晴", "text=阴", "text=雨", "text=other"]
    assert features.known[50, features.weather_columns[0]] == 5.0
    assert features.past_names == ("reactive_power", "state=off", "state=on", "state=other")
    assert features.known[:, features.known_names.index("is_public_holiday")].all()            # 1 to 3 May
    assert features.known[48, features.known_names.index("solar_elevation_sine")] > 0.9        # noon


def test_transform__gaps_stay_gaps() -> None:
    frame = table()
    frame.iloc[5:9] = np.nan
    features = pipeline(frame).transform(frame)
    assert np.isnan(features.targets[5:9]).all()
    assert np.isnan(features.past[5:9]).all()
    assert np.isnan(features.known[5:9][:, features.weather_columns]).all()
    assert np.isfinite(features.known[:, :features.weather_columns[0]]).all()
    assert np.isfinite(features.targets[9:]).all()


@settings(max_examples=15)
@given(st.integers(1, 287), st.floats(-1e5, 1e5), st.sampled_from(["晴", "never seen", None]))
def test_transform__what_comes_later_changes_nothing_before(origin: int, value: float, category: str | None) -> None:
    frame = table()
    fitted = pipeline(frame.iloc[:96])
    disturbed = frame.copy()
    numbers = [name for name in STATION.columns if name not in STATION.categorical]
    disturbed.iloc[origin:, disturbed.columns.get_indexer(numbers)] = value
    disturbed.iloc[origin:, disturbed.columns.get_indexer(list(STATION.categorical))] = category
    plain, other = fitted.transform(frame), fitted.transform(disturbed)
    shorter = fitted.transform(frame.iloc[:origin])
    for name in ("targets", "known", "past"):
        np.testing.assert_array_equal(getattr(plain, name)[:origin], getattr(other, name)[:origin])
        np.testing.assert_array_equal(getattr(plain, name)[:origin], getattr(shorter, name))
    assert not np.array_equal(plain.targets[origin:], other.targets[origin:])


def test_fit__learns_from_the_rows_given_only() -> None:
    frame = table()
    later = frame.copy()
    later.loc[later.index[96]:, "text"] = "typhoon"
    assert pipeline(frame.iloc[:96]).state() == pipeline(later.iloc[:96]).state()
    assert "text=typhoon" not in pipeline(later.iloc[:96]).known_names
    assert "text=typhoon" in pipeline(later).known_names


def test_fit__returns_another_pipeline_and_leaves_the_one_it_was_called_on() -> None:
    frame = table()
    later = frame.assign(text="typhoon")
    unfitted = FeaturePipeline(FeaturesConfig(), STATION)
    one = unfitted.fit(StationData(STATION, frame))
    state = one.state()
    other = one.fit(StationData(STATION, later))
    assert (one.state(), other.state()["vocabulary"]["text"]) == (state, ["typhoon"])
    with pytest.raises(WattcastError, match="before it was fitted"):
        unfitted.transform(frame)


def test_fit__each_pipeline_warns_of_estimated_holidays_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    frame = table("2089-12-31", 2 * 96)
    unfitted = FeaturePipeline(FeaturesConfig(), STATION)
    with caplog.at_level(logging.WARNING, "wattcast"):
        for _ in range(2):
            unfitted.fit(StationData(STATION, frame)).transform(frame)
    assert len(caplog.records) == 2


def test_options__leave_out_what_is_switched_off() -> None:
    frame = table()
    bare = pipeline(frame, calendar=False, solar=False, weather=False)
    features = bare.transform(frame, issued(frame, {"2025-05-01": 4}))
    assert features.known.shape == (288, 0)
    assert (features.weather_columns, features.vintages) == ((), None)
    assert "year_sin" in pipeline(frame, day_of_year=True).known_names
    assert "year_sin" not in pipeline(frame).known_names


def test_place_unknown__no_sun() -> None:
    station = STATION.model_copy(update={"location": Location(country="CN")})
    frame = table(station=station)
    fitted = pipeline(frame, station)
    assert not any("solar" in name for name in fitted.known_names)
    assert fitted.transform(frame).known.shape[1] == len(fitted.known_names)


@pytest.mark.parametrize("step", ["10min", "1h"])
def test_transform__other_steps(step: str) -> None:
    station = STATION.model_copy(update={"step": step})
    frame = table(steps=100, station=station)
    features = pipeline(frame, station).transform(frame)
    daylight = features.known[:, features.known_names.index("daylight")]
    per_day = int(pd.Timedelta("1D") / pd.Timedelta(step))
    assert daylight[per_day // 2] == 1
    assert daylight[0] == 0


def test_transform__daylight_saving_zone() -> None:
    station = STATION.model_copy(update={"timezone": "Europe/Amsterdam", "location": Location(country="NL")})
    index = pd.date_range("2025-10-26", "2025-10-27", freq="15min", tz="Europe/Amsterdam", inclusive="left")
    frame = table(steps=len(index), station=station).set_axis(index)
    features = pipeline(frame, station).transform(frame)
    assert len(features.known) == 100
    assert features.known[:, features.known_names.index("sunday")].all()


def test_roles__every_feature_that_leaves() -> None:
    fitted = pipeline(table(), vmd=True, vmd_modes=2, lag_weeks=(1, 2))
    roles = fitted.roles()
    assert {name for name, role in roles.items() if role is Role.TARGET} == set(STATION.targets)
    assert roles["temperature"] is roles["monday"] is roles["clear_sky_irradiance"] is Role.KNOWN_FUTURE
    assert roles["total_active_power_lag_1w"] is roles["not_use_power_lag_2w"] is Role.KNOWN_FUTURE
    assert roles["reactive_power"] is roles["not_use_power_mode_2"] is Role.PAST_ONLY
    assert set(roles) >= {*fitted.known_names, *fitted.past_names}
    assert "total_active_power_mode_1" not in pipeline(table()).roles()


def test_classification__splits_every_feature_in_two() -> None:
    fitted = pipeline(table(), vmd=True)
    classes = fitted.classification()
    assert set(classes) == {"knowable_future_features", "unknowable_future_features"}
    assert sorted(itertools.chain(*classes.values())) == sorted(fitted.roles())
    assert set(STATION.targets) <= set(classes["unknowable_future_features"])
    assert {"state=on", "not_use_power_mode_4"} <= set(classes["unknowable_future_features"])
    assert {"is_adjusted_workday", "text=other", "not_use_power_lag_4w"} <= set(classes["knowable_future_features"])


def test_fit__a_column_named_like_a_feature_is_refused() -> None:
    station = Station(id="tale", known_future=("monday",))
    frame = table(station=STATION).rename(columns={"temperature": "monday"})[list(station.columns)]
    with pytest.raises(DataError, match="same name") as error:
        pipeline(frame, station)
    assert "monday" in str(error.value)
    assert pipeline(frame, station, calendar=False).roles()["monday"] is Role.KNOWN_FUTURE


def test_state__survives_json_and_encodes_alike() -> None:
    frame = table()
    fitted = pipeline(frame)
    restored = FeaturePipeline.from_state(fitted.config, STATION, json.loads(json.dumps(fitted.state())))
    unseen = frame.copy()
    unseen.loc[unseen.index[3], "text"] = "never seen"
    assert_same(fitted.transform(unseen), restored.transform(unseen))
    assert restored.state() == fitted.state()


def test_state__keeps_days_set_by_hand_and_reads_newer_ones(tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    file.write_text("date,kind\n2025-05-06,holiday\n")
    frame = table("2025-05-06", 2 * 96)
    config = FeaturesConfig(holidays_file=str(file))
    fitted = FeaturePipeline(config, STATION).fit(StationData(STATION, frame))
    state = fitted.state()
    file.write_text("date,kind\n2025-05-07,holiday\n")
    both = FeaturePipeline.from_state(config, STATION, state).transform(frame)
    file.unlink()
    stored = FeaturePipeline.from_state(config, STATION, state).transform(frame)
    column = both.known_names.index("is_public_holiday")
    assert (both.known[0, column], both.known[96, column]) == (1, 1)
    assert (stored.known[0, column], stored.known[96, column]) == (1, 0)


def test_unpublished_year__is_warned_of_once_and_silenced_by_a_file(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = table("2089-12-31", 2 * 96)
    fitted = pipeline(frame)
    with caplog.at_level(logging.WARNING, "wattcast"):
        fitted.transform(frame)
        fitted.transform(frame)
    assert len(caplog.records) == 1
    assert "2089, 2090" in caplog.text
    assert "features.holidays_file" in caplog.text
    caplog.clear()
    file = tmp_path / "days.csv"
    file.write_text("date,kind\n2090-01-01,holiday\n2089-12-31,workday\n")
    pipeline(frame, holidays_file=str(file)).transform(frame)
    assert not caplog.records


def issued(frame: pd.DataFrame, rows: dict[str, int], first: str | None = None) -> WeatherVintages:
    """Forecasts issued at the times given, so many rows each from there (or `first`) on; temperature tells which."""
    parts = []
    for number, (time, count) in enumerate(rows.items()):
        at = pd.Timestamp(time, tz=STATION.timezone)
        start = at if first is None else pd.Timestamp(first, tz=STATION.timezone)
        times = pd.date_range(start.ceil("15min"), periods=count, freq="15min")
        index = pd.MultiIndex.from_arrays([[at] * count, times], names=["issued", "time"])
        parts.append(pd.DataFrame({"temperature": 100.0 * (number + 1) + np.arange(count), "text": "晴"}, index=index))
    vintages = pd.concat(parts)
    assert set(vintages.columns) <= set(frame.columns)
    return WeatherVintages(vintages)


def test_vintages__on_the_grid_with_what_they_lack_missing() -> None:
    frame = table()
    fitted = pipeline(frame)
    rows = {"2025-04-30 23:00": 3, "2025-05-02": 5, "2025-05-09": 1}
    vintages = fitted.transform(frame, issued(frame, rows)).vintages
    assert vintages is not None
    positions, start, values = dataclasses.astuple(vintages)
    assert positions.tolist() == start.tolist() == [-4, 96, 8 * 96]
    assert values.shape == (3, 5, 7)
    np.testing.assert_array_equal(
        values[:, :, 0], [[100, 101, 102, np.nan, np.nan], [200, 201, 202, 203, 204], [300, *[np.nan] * 4]])
    assert np.isnan(values[:, :, 1:3]).all()                                # the wind direction was not forecast
    np.testing.assert_array_equal(values[1, 0, 3:], [1, 0, 0, 0])


def test_vintages__issued_between_two_steps_are_not_known_at_the_one_before() -> None:
    frame = table()
    vintages = pipeline(frame).transform(frame, issued(frame, {"2025-05-01 00:07": 2, "2025-05-01 01:00": 2})).vintages
    assert vintages is not None
    assert vintages.issued.tolist() == [1, 4]


def test_vintages__what_a_newer_one_leaves_out_is_what_the_older_said() -> None:
    frame = table()
    vintages = pipeline(frame).transform(frame, issued(frame, {"2025-05-01 00:00": 8, "2025-05-01 01:00": 2})).vintages
    assert vintages is not None
    known = vintages.as_of(np.array([0, 3, 4]), np.arange(10)[None, :].repeat(3, axis=0))[:, :, 0]
    np.testing.assert_array_equal(known[1], [*range(100, 108), np.nan, np.nan])
    np.testing.assert_array_equal(known[2], [*[np.nan] * 4, 200, 201, 106, 107, np.nan, np.nan])


def test_vintages__none_at_all_masks_the_weather() -> None:
    frame = table()
    some = issued(frame, {"2025-05-01 00:00": 8})
    vintages = pipeline(frame).transform(frame, some.until(frame.index[0] - pd.Timedelta("1h"))).vintages
    assert vintages is not None
    assert np.isnan(vintages.as_of(np.array([0, 50]), np.array([[0, 1], [50, 51]]))).all()


def test_vintages__of_two_within_one_step_the_later_counts_first() -> None:
    frame = table()
    both = issued(frame, {"2025-05-01 00:01": 6, "2025-05-01 00:14": 2}, first="2025-05-01 00:15")
    vintages = pipeline(frame).transform(frame, both).vintages
    assert vintages is not None
    positions, _, values = dataclasses.astuple(vintages)
    assert positions.tolist() == [1]
    np.testing.assert_array_equal(values[0, :, 0], [200, 201, 102, 103, 104, 105])


def test_transform__wrong_tables_are_refused() -> None:
    frame = table()
    fitted = pipeline(frame)
    with pytest.raises(DataError, match="columns of station tale are missing: winddeg"):
        fitted.transform(frame.drop(columns="winddeg"))
    for irregular in (frame.drop(frame.index[5]), frame.tz_localize(None), frame.iloc[::2], frame.iloc[:0]):
        with pytest.raises(DataError, match="regular series"):
            fitted.transform(irregular)
    with pytest.raises(WattcastError, match="before it was fitted"):
        FeaturePipeline(FeaturesConfig(), STATION).transform(frame)


@pytest.mark.parametrize("options", [{"lag_weeks": ()}, {"lag_weeks": (0,)}, {"lag_weeks": (1, 1)}, {"vmd_modes": 0},
                                     {"vmd_alpha": 0}, {"weathers": True}])
def test_config__refuses_what_makes_no_sense(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FeaturesConfig(**options)
