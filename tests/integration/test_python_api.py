"""The Python interface on plain data frames."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wattcast
from wattcast import Forecaster
from wattcast.data.reader import open_frame
from wattcast.errors import BundleError, ConfigError, DataError, InputError, WattcastError

CONFIG = {
    "data": {"targets": {"total_active_power": "load"}, "known_future": ["temperature"], "time": {"column": "when"}},
    "model": {"d_model": 16, "n_layers": 1, "patch_len": 96},
    "training": {"epochs": 1, "batches_per_epoch": 2, "batch_size": 4, "members": 1,
                 "boosted_trees": False, "base_windows": 0},
    "windows": {"validation_origins": 2},
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    when = pd.date_range("2025-03-01", periods=30 * 96, freq="15min")
    hours = (when.hour + when.minute / 60).to_numpy()
    noise = np.random.default_rng(0).normal(0, 1, len(when))
    return pd.DataFrame({"when": when, "load": 100 + 30 * np.sin(hours / 24 * 2 * np.pi) + noise,
                         "temperature": 15 + noise})


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> Forecaster:
    return Forecaster(CONFIG).fit(frame)


def test_predict__a_week_of_rows(fitted: Forecaster, frame: pd.DataFrame) -> None:
    table = fitted.predict(frame)
    assert len(table) == 672
    assert not table.isna().to_numpy().any()
    assert table["time"].iloc[0] == "2025-03-31 00:00:00"


def test_fit__returns_another_forecaster_and_leaves_the_one_it_was_called_on(frame: pd.DataFrame) -> None:
    unfitted = Forecaster(CONFIG)
    one = unfitted.fit(frame)
    before = one.predict(frame)
    doubled = frame.assign(load=2 * frame["load"])
    other = one.fit(doubled)
    assert not other.predict(frame).equals(before)
    pd.testing.assert_frame_equal(one.predict(frame), before)
    with pytest.raises(WattcastError, match="not fitted"):
        unfitted.predict(frame)


def test_predict__at_does_not_see_what_comes_later(fitted: Forecaster, frame: pd.DataFrame) -> None:
    at = "2025-03-25 09:15"
    later = frame["when"] >= pd.Timestamp(at)
    changed = frame.assign(load=frame["load"].where(~later, 9_999.0))
    pd.testing.assert_frame_equal(fitted.predict(frame, at=at), fitted.predict(changed, at=at))


def test_fit_stations__one_that_fails_does_not_stop_the_others(frame: pd.DataFrame) -> None:
    config = {**CONFIG, "data": {**CONFIG["data"], "station_column": "works"}}
    short = frame.iloc[: 9 * 96]
    both = pd.concat([frame.assign(works="b/d"), frame.assign(works="north"), short.assign(works="new"),
                      frame.assign(works="odd", load=np.nan), frame.assign(works="south", load=2 * frame["load"])])
    fitted = wattcast.fit_stations(both, config)
    assert list(fitted.forecasters) == ["north", "south"]
    assert {station: error.what.partition(":")[0] for station, error in fitted.failures.items()} == {
        "b/d": "the station id 'b/d' cannot be the name of a folder",
        "new": "station new has too little data to train on", "odd": "data frame, station odd"}
    # Each finds its rows among all, and is what its rows alone would have made.
    table = fitted.forecasters["south"].predict(both)
    assert set(table["station_id"]) == {"south"}
    alone = Forecaster({**CONFIG, "data": {**CONFIG["data"], "station": "south"}})
    south = frame.assign(load=2 * frame["load"])
    pd.testing.assert_frame_equal(alone.fit(south).predict(south), table)


def test_fit_stations__of_a_frame_that_cannot_be_used_is_an_error(frame: pd.DataFrame) -> None:
    with pytest.raises(WattcastError, match="no column 'load'"):
        wattcast.fit_stations(frame.drop(columns="load"), CONFIG)
    fitted = wattcast.fit_stations(frame.assign(works="north").iloc[:96], {
        **CONFIG, "data": {**CONFIG["data"], "station_column": "works", "station": "nroth"}})
    assert "did you mean north?" in str(fitted.failures["nroth"])


def test_predict__before_the_first_row_or_with_what_contradicts_is_an_error(fitted: Forecaster,
                                                                           frame: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="before the first measurement"):
        fitted.predict(frame, at="2025-02-01 00:00")
    with pytest.raises(InputError, match="between two steps"):
        fitted.predict(frame, at="2025-03-25 09:20")
    with pytest.raises(ConfigError, match="contradict each other"):
        fitted.predict(frame, weather=ahead(frame), no_weather=True)


def ahead(frame: pd.DataFrame, degrees: float = 25.0) -> pd.DataFrame:
    """Weather for the week after the frame, every half hour, in local times, by another name."""
    return pd.DataFrame({"temp": degrees}, pd.date_range(frame["when"].iloc[-1] + pd.Timedelta("15min"),
                                                         periods=7 * 48, freq="30min"))


def test_predict__reads_a_frame_of_weather_as_the_file_of_the_command_line(fitted: Forecaster,
                                                                          frame: pd.DataFrame) -> None:
    warm = fitted.predict(frame, weather=ahead(frame))
    assert not warm.equals(fitted.predict(frame, weather=ahead(frame, -15.0)))
    steps = ahead(frame).resample("15min").ffill().reindex(
        pd.date_range(ahead(frame).index[0], periods=672, freq="15min"), method="ffill")
    for same in (steps, steps.tz_localize("Asia/Shanghai"), steps.rename_axis("ts").reset_index()):
        pd.testing.assert_frame_equal(fitted.predict(frame, weather=same), warm)
    no_value, unknown = fitted.predict(frame, weather=ahead(frame, 6553.5)), fitted.predict(frame, no_weather=True)
    pd.testing.assert_frame_equal(no_value, unknown)
    assert not warm.equals(unknown)
    with pytest.raises(DataError, match="none of the station's known-future columns"):
        fitted.predict(frame, weather=ahead(frame)[[]].assign(rain=1.0))
    with pytest.raises(DataError, match="was issued before 2025-03-31"):
        fitted.predict(frame, weather=ahead(frame).assign(issued="2025-04-01 00:00"))


def test_predict__takes_times_and_stations_in_the_index(fitted: Forecaster, frame: pd.DataFrame) -> None:
    expected = fitted.predict(frame)
    named = Forecaster({**CONFIG, "data": {**CONFIG["data"], "time": {}}})
    named._network = fitted._network
    indexed = frame.set_index("when")
    for version in (indexed, indexed.rename_axis("ts"), indexed.rename_axis(None)):
        pd.testing.assert_frame_equal(named.predict(version), expected)
    several = pd.concat({"station": indexed, "other": indexed * 2}, names=["station_id"])
    by_station = Forecaster({**CONFIG, "data": {**CONFIG["data"], "time": {}, "station_column": "station_id"}})
    by_station._network = fitted._network
    pd.testing.assert_frame_equal(by_station.predict(several), expected)


def test_fit__on_several_stations_asks_which_one(frame: pd.DataFrame) -> None:
    several = pd.concat({name: frame.set_index("when") for name in ("north", "south")}, names=["plant"])
    data = {**CONFIG["data"], "station_column": "plant"}
    with pytest.raises(DataError, match="holds 2 stations") as caught:
        Forecaster({**CONFIG, "data": data}).fit(several)
    assert "north, south" in str(caught.value)
    assert "data.station" in str(caught.value)
    south = Forecaster({**CONFIG, "data": {**data, "station": "south"}}).fit(several)
    assert set(south.predict(several)["station_id"]) == {"south"}


def test_predict__takes_the_station_for_what_it_was_trained_as(frame: pd.DataFrame) -> None:
    """What a station is shows in weeks of nights, and the newest rows may hold a few odd ones only."""
    sun = np.clip(np.sin((frame["when"].dt.hour - 6) / 12 * np.pi), 0, None)
    clouds = np.repeat(np.random.default_rng(1).uniform(0.4, 1.0, 30), 96)
    power = sun * clouds * frame["load"]
    place = {"location": {"latitude": 35.0, "longitude": 117.0}}
    plant = Forecaster({**CONFIG, "data": {**CONFIG["data"], **place}}).fit(frame.assign(load=power))
    lit = frame.assign(load=power + 30.0).tail(3 * 96)
    assert open_frame(lit, plant.settings.data).read()[0].station.kind == "load"
    table = plant.predict(lit)
    night = pd.to_datetime(table["time"]).dt.hour == 1
    assert (table.loc[night, "total_active_power"] == 0).all()


def test_save_and_load__the_same_forecast(fitted: Forecaster, frame: pd.DataFrame, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.predict(frame), fitted.predict(frame))
    with pytest.raises(BundleError):
        Forecaster.load(tmp_path / "nothing")


def test_backtest__compares_with_simple_models(frame: pd.DataFrame) -> None:
    result = Forecaster(CONFIG).backtest(frame, first_origin="2025-03-23 00:00", models=["seasonal-naive"])
    assert set(result.models) == {"wattcast", "seasonal-naive"}
    assert result.scores("total_active_power")["wattcast"]["mae"] > 0


def test_backtest__holidays_set_by_hand_refits_and_rules_as_on_the_command_line(frame: pd.DataFrame,
                                                                               tmp_path: Path) -> None:
    (tmp_path / "holidays.csv").write_text("date,kind\n2025-03-24,holiday\n")
    common = {"first_origin": "2025-03-23 00:00", "every": "1d", "origins": 2, "models": ["climatology"]}
    config = {**CONFIG, "data": {**CONFIG["data"], "capacity": 200}}
    by_hand = {**config, "features": {"holidays_file": str(tmp_path / "holidays.csv")}}
    plain, changed = (Forecaster(each).backtest(frame, **common) for each in (config, by_hand))
    days = [set(result.steps.loc[result.steps["time"].dt.day == 24, "day_type"]) for result in (plain, changed)]
    assert days == [{"workday"}, {"holiday"}]
    refitted = Forecaster(config).backtest(frame, **common, refit_every=1, rules=["gbt-19963-1-2021"])
    assert [rule.rule.name for rule in refitted.rule_scores()][:1] == ["gbt-19963-1-2021"]
    one, other = (result.rows("total_active_power", "climatology") for result in (plain, refitted))
    assert one[one["origin"] == plain.origins[0]]["median"].equals(other[one["origin"] == plain.origins[0]]["median"])
    assert not one["median"].equals(other["median"])
    with pytest.raises(InputError, match="leaves nothing to forecast"):
        Forecaster(config).backtest(frame, first_origin="2025-04-29")


def test_finetune__rows_without_power_are_refused_as_by_the_command_line(fitted: Forecaster,
                                                                        frame: pd.DataFrame) -> None:
    decision = fitted.finetune(frame.assign(load=np.nan))
    assert not decision.promoted
    assert "no usable value" in decision.reasons[0]


def test_unfitted_and_wrong_settings__say_so(frame: pd.DataFrame) -> None:
    with pytest.raises(WattcastError, match="not fitted"):
        Forecaster(CONFIG).predict(frame)
    with pytest.raises(ConfigError, match="epocs"):
        Forecaster({"training": {"epocs": 3}})


def test_exported_names__exist() -> None:
    assert all(hasattr(wattcast, name) for name in wattcast.__all__)
    with pytest.raises(AttributeError):
        _ = wattcast.nothing


def test_fit__searches_first_where_the_configuration_says_so(frame: pd.DataFrame, tmp_path: Path) -> None:
    others = {"d_ff_ratio": [2.0], "n_layers": [1], "drop_rate": [0.2], "d_state": [16], "d_conv": [3], "expand": [1.5],
              "patch_len": [96], "stride_ratio": [1.0], "batch_size": [4]}
    # Steps so long that they ruin the network: any other configuration is better.
    config = {**CONFIG, "training": {**CONFIG["training"], "lr": 1.0, "ema_decay": 0.0},
              "windows": {"validation_origins": 5},
              "tuning": {"enable_hyperopt": True, "n_trials": 6,
                         "space": {"d_model": [16, 24, 32], "lr": [1e-4, 1e-3], **others}}}
    forecaster = Forecaster(config).fit(frame)
    forecaster.save(tmp_path / "searched")
    assert Forecaster.load(tmp_path / "searched").settings.training.lr in (1e-4, 1e-3)
    assert not forecaster.predict(frame).isna().to_numpy().any()


def test_explain__takes_what_is_predicted_apart(fitted: Forecaster, frame: pd.DataFrame) -> None:
    explained = fitted.explain(frame, at="2025-03-29", day=2)
    week = explained.to_dict()["targets"]["total_active_power"]["week"]
    predicted = fitted.predict(frame, at="2025-03-29")["total_active_power"]
    assert week["median"] == pytest.approx(predicted.mean(), abs=1e-2)
    assert explained.sentences("en")[0].startswith("Sunday 2025-03-30: a mean of ")
    missed = fitted.explain(frame, missed="2025-03-30", day=2)
    assert missed.explanation.forecast.origin == explained.explanation.forecast.origin
    assert "lay inside the 80 % band" in missed.sentences("en")[1]
    with pytest.raises(ConfigError, match="lies outside of the forecast"):
        fitted.explain(frame, day=8)
