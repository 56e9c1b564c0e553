"""The verbs about what was issued, on a store that is made here: nothing is trained."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, QUANTILES, TOTAL, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.store.base import IssuedForecast
from wattcast.store.disk import DiskStore
from wattcast.workflows.review import review_station

START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)
TARGETS = (TOTAL, PART)


def truth(days: int, size: float) -> pd.Series:
    """Quarter-hours that tell the week; nothing repeats itself."""
    index = pd.date_range(START, periods=96 * days, freq="15min", name="time")
    hours = index.hour + index.minute / 60
    noise = np.random.default_rng(0).normal(0, 20, len(index))
    return pd.Series(size * (500 + 200 * np.sin(hours * np.pi / 12) + 10.0 * (np.arange(len(index)) // 672) + noise),
                     index=index)


def station_data(name: str, days: int, size: float = 1.0) -> StationData:
    total = truth(60, size).iloc[:96 * days]
    station = Station(id=name, targets=TARGETS, capacity=1000 * size)
    return StationData(station, pd.DataFrame({TOTAL: total, PART: total / 4}))


def issued(day: int, size: float = 1.0) -> IssuedForecast:
    """As it comes from a network: no two numbers alike."""
    table, noise = {}, np.random.default_rng(day)
    for target, share in ((TOTAL, 1.0), (PART, 0.25)):
        power = share * truth(60, size).iloc[96 * day:96 * day + 672] + share * size * noise.normal(0, 9, 672)
        spread = share * size * noise.uniform(20, 30, 672)
        table[target] = power
        table |= {quantile_column(target, level): power + (level - 0.5) * 2 * spread for level in QUANTILES}
    frame = pd.DataFrame(table)
    return IssuedForecast(frame.index[0], "v0001", frame, frame.index[0] + pd.Timedelta("150min"), "issued",
                          frame.index[0], "ok", None, ("weather was known for 86% of the horizon", "one more"))


@pytest.fixture
def kept(place: Path) -> DiskStore:
    """Two stations in `models`, with three days of forecasts that are over in part."""
    store = DiskStore(place / "models")
    for name, size in (("north", 1.0), ("south", 1000.0)):
        store.station(name).replace_measurements(station_data(name, 42, size))
        for day in (39, 40, 41):
            store.station(name).keep_forecast(issued(day, size))
    return store


@pytest.mark.usefixtures("kept")
def test_review__one_station(cli) -> None:
    run = cli("review", "--station", "north", "--days", "7", "--rule", "jiangsu-2023")
    assert (run.code, run.err) == (0, "")
    assert "north: total_active_power, by day ahead" in run.out
    assert re.search(r"mean absolute error \d.* of 3 forecasts as issued, \d.* % better than last week's", run.out)
    assert "jiangsu-2023" in run.out
    assert "worst days" in run.out


@pytest.mark.usefixtures("kept")
def test_review__all_stations_as_table_page_and_json(cli, place: Path) -> None:
    run = cli("review", "--report", "review.html")
    assert "mean of 2" in run.out
    assert "2 stations, on the mean" in run.out
    page = (place / "review.html").read_text(encoding="utf-8")
    assert "north" in page
    told = json.loads(cli("review", "--json").out)
    assert [each["station"] for each in told["stations"]] == ["north", "south"]
    skills = [each["targets"][TOTAL]["overall"]["skill"] for each in told["stations"]]
    assert told["all"][TOTAL]["overall"]["skill"] == pytest.approx(np.mean(skills))
    assert json.loads(cli("review", "--station", "south", "--json").out) == told["stations"][1]


@pytest.mark.usefixtures("kept")
def test_review__one_station_that_fails_does_not_stop_the_others(cli, place: Path) -> None:
    (place / "models" / "north" / "history" / "measurements.parquet").write_bytes(b"PAR1")
    run = cli("review")
    assert run.code == 2
    assert "station north" in run.err
    assert "south" in run.out
    assert "error" in json.loads(cli("review", "--json").out)["stations"][0]


@pytest.mark.parametrize(("words", "said"), [
    (("review", "--station", "nort"), "did you mean north?"), (("review", "--rule", "jiangsu-2022"), "jiangsu-2023"),
    (("prune", "--forecasts-older-than", "400"), "not a duration"),
    (("forecasts", "show", "--station", "north", "--issue", "9"), "has 3 issued forecasts"),
    (("forecasts", "show", "--station", "north", "--lead-days", "2", "--issue", "2"), "contradicts"),
    (("forecasts", "show", "--station", "north", "--since", "2025-03-03"), "--since goes with"),
    (("forecasts", "show", "--station", "north", "--out", "x.txt"), "x.txt"),
    (("forecasts", "list", "--since", "soon"), "is not a time")])
@pytest.mark.usefixtures("kept")
def test_what_is_wrong_with_the_input_is_said(cli, words: tuple[str, ...], said: str) -> None:
    run = cli(*words)
    assert run.code == 2
    assert said in run.err


@pytest.mark.usefixtures("kept")
def test_forecasts__list(cli) -> None:
    out = cli("forecasts", "list", "--station", "north").out
    assert out.count("v0001") == 3
    assert "2025-04-11 02:30" in out
    told = json.loads(cli("forecasts", "list", "--since", "2025-04-13", "--json").out)
    assert [(each["station"], len(each["forecasts"])) for each in told] == [("north", 1), ("south", 1)]
    assert told[0]["forecasts"][0]["notes"] == 2


@pytest.mark.usefixtures("kept")
def test_forecasts__show_writes_what_was_filed(cli, place: Path) -> None:
    run = cli("forecasts", "show", "--station", "north", "--issue", "2", "--out", "old.csv")
    assert "from 2025-04-12 00:00, issued 2025-04-12 02:30 by v0001, weather issued, quality ok" in run.out
    assert "note: one more" in run.out
    table = pd.read_csv(place / "old.csv")
    assert list(table)[:5] == ["station_id", "origin", "time", "lead", TOTAL]
    assert list(table)[-1] == "adjustable_power"
    assert len(table) == 672
    assert table[TOTAL].to_numpy() == pytest.approx(issued(40).table[TOTAL].to_numpy(), abs=1e-4)
    told = json.loads(cli("forecasts", "show", "--station", "north", "--at", "2025-04-12", "--json").out)
    assert told["notes"][1] == "one more"
    assert told["steps"][0] == table.iloc[0].to_dict()
    ahead = cli("forecasts", "show", "--station", "north", "--lead-days", "2", "--out", "ahead.parquet").out
    assert "north: as forecast 2 days ahead" in ahead
    assert pd.read_parquet(place / "ahead.parquet")["lead"].iloc[0] == 97


def test_prune__sizes_by_station_and_in_all(kept: DiskStore, cli) -> None:
    would = cli("prune", "--dry-run", "--now", "2026-05-16").out
    assert "would be free" in would
    assert len(list(kept.station("north").forecasts())) == 3
    told = json.loads(cli("prune", "--now", "2026-05-16", "--json").out)
    assert [(each["station"], each["forecasts"]) for each in told] == [("north", 1), ("south", 1)]
    assert told[0]["after"]["forecasts"] < told[0]["before"]["forecasts"]
    assert len(list(kept.station("north").forecasts())) == 2
    out = cli("prune", "--keep", "3").out
    assert re.search(r"│ all +│ +0 │ +4 │", out)


def test_a_night_adds_less_than_300_kilobytes(kept: DiskStore) -> None:
    """The day's measurements, the forecast whole, and its rows of accuracy; after half a year of rows."""
    station = kept.station("north")
    review_station(station)
    old = pd.concat([station.accuracy()] * 60, ignore_index=True)
    station.keep_accuracy(old.assign(day=old["day"] - pd.to_timedelta(np.arange(len(old)) % 180, unit="D")))
    before = sum(station.sizes().values())
    station.append_measurements(station_data("north", 43), received=START)
    station.keep_forecast(issued(42))
    review_station(station)
    assert 50_000 < sum(station.sizes().values()) - before < 300_000
