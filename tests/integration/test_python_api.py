"""The Python interface on plain data frames."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wattcast
from wattcast import Forecaster
from wattcast.errors import BundleError, ConfigError, WattcastError

CONFIG = {
    "data": {"targets": {"total_active_power": "load"}, "known_future": ["temperature"], "time": {"column": "when"}},
    "model": {"d_model": 16, "n_layers": 1, "patch_len": 96},
    "training": {"epochs": 1, "batches_per_epoch": 2, "batch_size": 4}, "windows": {"validation_origins": 2},
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
        "new": "there is too little history to train on", "odd": "data frame, station odd"}
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
