"""The made-up station: files as promised, physics within reason, faults, forecasts that get worse with lead."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.data.simulate import simulate_station

DAYS = 80
HISTORY_COLUMNS = ["time", "quarter", "holiday", "is_peak", "text", "code", "temperature", "humidity", "windSpeed",
                   "cloud", "load", "meter"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert simulate_station(folder, start="2025-04-01", days=DAYS, truth=True) == folder
    return folder


@pytest.fixture(scope="module")
def history(root: Path) -> pd.DataFrame:
    files = sorted((root / "demo-vpp" / "data").iterdir())
    assert [file.name for file in files] == [f"data-demo-vpp-2025-0{month}.csv" for month in (4, 5, 6)]
    return pd.concat([pd.read_csv(file, parse_dates=["time"]) for file in files], ignore_index=True)


@pytest.fixture(scope="module")
def forecasts(root: Path) -> dict[pd.Timestamp, pd.DataFrame]:
    files = sorted((root / "demo-vpp" / "forcaster").iterdir())
    return {pd.Timestamp(file.stem[-10:]): pd.read_csv(file, parse_dates=["time"]) for file in files}


def test_history__columns_and_span(history: pd.DataFrame) -> None:
    assert list(history.columns) == HISTORY_COLUMNS
    assert history["time"].iloc[0] == pd.Timestamp("2025-04-01")
    assert history["time"].iloc[-1] == pd.Timestamp("2025-04-01") + pd.Timedelta(days=DAYS) - pd.Timedelta("15min")
    assert set(history["quarter"]) == set(range(96))
    assert history.notna().all().all()


def test_power__part_lies_between_nothing_and_the_total(history: pd.DataFrame) -> None:
    assert (history["load"] >= 0).all()
    assert (history["load"] <= history["meter"]).all()
    assert 300 < history["meter"].mean() < 1500


def test_power__follows_day_types(history: pd.DataFrame) -> None:
    noon = history[history["time"].dt.hour == 10].groupby("holiday")["meter"].mean()
    assert noon[1] > 1.3 * noon[2] > 1.3 * noon[3] > 1.2 * noon[4]
    worked_sunday = history["time"].dt.normalize() == "2025-04-27"
    assert set(history.loc[worked_sunday, "holiday"]) == {1}


def test_power__falls_where_the_sun_shines_and_rises_where_it_is_hot(history: pd.DataFrame) -> None:
    working = history[(history["holiday"] == 1) & history["time"].dt.hour.between(10, 11)]
    assert working["load"].corr(working["cloud"]) > 0.5
    afternoon = history[(history["holiday"] == 1) & (history["time"].dt.hour == 15) & (history["temperature"] < 60)]
    assert (afternoon["meter"] - afternoon["load"]).corr(afternoon["temperature"]) > 0.7


def test_faults__one_outage_and_one_sensor_without_a_value(history: pd.DataFrame) -> None:
    steps = history["time"].diff().iloc[1:]
    assert steps[steps != pd.Timedelta("15min")].tolist() == [pd.Timedelta("7h") + pd.Timedelta("15min")]
    broken = history[history["temperature"] == 6553.5]
    assert len(broken) == 48
    assert broken["time"].iloc[-1] - broken["time"].iloc[0] == 47 * pd.Timedelta("15min")
    assert history.loc[history["temperature"] != 6553.5, "temperature"].between(-15, 45).all()


def test_weather__in_its_ranges_and_codes_have_one_text(history: pd.DataFrame) -> None:
    assert history["humidity"].between(0, 100).all()
    assert history["cloud"].between(0, 100).all()
    assert (history["windSpeed"] >= 0).all()
    pairs = set(zip(history["code"], history["text"], strict=True))
    assert len(pairs) == len(dict(pairs)) >= 4


def test_forecasts__a_week_from_every_midnight_and_the_last(forecasts: dict[pd.Timestamp, pd.DataFrame]) -> None:
    assert list(forecasts) == list(pd.date_range("2025-04-01", periods=DAYS + 1, freq="D"))
    for midnight, table in forecasts.items():
        assert list(table.columns) == HISTORY_COLUMNS[:-2]
        assert table["time"].tolist() == pd.date_range(midnight, periods=672, freq="15min").tolist()


def test_forecasts__error_grows_with_lead_and_persists(history: pd.DataFrame,
                                                       forecasts: dict[pd.Timestamp, pd.DataFrame]) -> None:
    truth = history.set_index("time")["temperature"].where(lambda values: values < 60)
    errors = np.stack([table["temperature"].to_numpy() - truth.reindex(table["time"]).to_numpy()
                       for table in forecasts.values()])                              # [V, 672]
    by_day = np.sqrt(np.nanmean(errors.reshape(len(errors), 7, 96) ** 2, axis=(0, 2)))
    assert (np.diff(by_day) > 0).all()
    assert 0.3 < by_day[0] < 1.2
    assert by_day[6] == pytest.approx(by_day[0] * np.sqrt(6.67 / 0.67), rel=0.35)     # as the square root of the lead
    known = np.isfinite(errors[:, 300]) & np.isfinite(errors[:, 304])
    assert np.corrcoef(errors[known, 300], errors[known, 304])[0, 1] > 0.8            # an hour later nearly the same


def test_truth__the_week_after_the_history(root: Path, history: pd.DataFrame) -> None:
    truth = pd.read_csv(root / "truth.csv", parse_dates=["time"])
    assert list(truth.columns) == ["time", "load", "meter"]
    assert len(truth) == 672
    assert truth["time"].iloc[0] == history["time"].iloc[-1] + pd.Timedelta("15min")
    assert (truth["load"] <= truth["meter"]).all()
    assert abs(truth["meter"].iloc[0] / history["meter"].iloc[-1] - 1) < 0.3


def test_seed__decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        simulate_station(tmp_path / name, start="2025-06-01", days=3, seed=seed)
    content = {name: [file.read_bytes() for file in sorted((tmp_path / name).rglob("*.csv"))]
               for name in ("first", "again", "other")}
    assert len(content["first"]) == 1 + 4
    assert content["first"] == content["again"] != content["other"]
    assert not (tmp_path / "first" / "truth.csv").exists()


def test_daylight_saving__days_of_23_hours_and_forecasts_at_local_midnights(tmp_path: Path) -> None:
    simulate_station(tmp_path, station_id="nl", start="2025-03-28", days=4, timezone="Europe/Amsterdam")
    rows = pd.read_csv(tmp_path / "nl" / "data" / "data-nl-2025-03.csv", parse_dates=["time"])
    assert len(rows) == (4 * 24 - 1 - 7) * 4
    forecasts = sorted((tmp_path / "nl" / "forcaster").iterdir())
    assert [file.stem[-5:] for file in forecasts] == ["03-28", "03-29", "03-30", "03-31", "04-01"]
    assert all(pd.read_csv(file)["time"].iloc[0].endswith("00:00:00") for file in forecasts)
