import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Forecast, Horizon, Kind, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import DataError, InputError, WattcastError
from wattcast.evaluation.backtest import backtest, last_origin
from wattcast.evaluation.baselines import NaiveDay, SeasonalNaive, WeeklyMean
from wattcast.evaluation.rules import load_rules
from wattcast.timegrid import rolling_origins, station_horizon

HOUR, WEEK = pd.Timedelta("1h"), pd.Timedelta("7D")
HORIZON = Horizon(168, HOUR)


@dataclass(frozen=True, eq=False)
class Recorder(SeasonalNaive):
    """A baseline that remembers the views it was shown; what it becomes by a fit remembers in the same lists."""

    fitted: list = field(default_factory=list)
    seen: list = field(default_factory=list)

    def fit(self, view):
        self.fitted.append(view.origin)
        return super().fit(view)

    def forecast(self, view):
        self.seen.append(view)
        return super().forecast(view)


def origins_of(data: StationData, first_week: int = 2) -> list[pd.Timestamp]:
    return list(rolling_origins(data.frame.index[first_week * 168], WEEK, data.frame.index[-168]))


def without(data: StationData, rows: slice, target: str = TOTAL) -> StationData:
    frame = data.frame.copy()
    frame.iloc[rows, frame.columns.get_loc(target)] = np.nan
    return StationData(data.station, frame)


def test_backtest__exact_errors_and_contract_of_the_json(make_station):
    data = make_station(6)
    models = {"weekly-mean": WeeklyMean(cycles=2), "seasonal-naive": SeasonalNaive()}
    result = backtest(data, models, origins_of(data), HORIZON)
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (found["station"], found["target"], found["step"], found["horizon"]) == ("tell-tale", TOTAL, "1h", 168)
    assert found["origins"] == [origin.isoformat() for origin in origins_of(data)]
    assert list(found["models"]) == ["weekly-mean", "seasonal-naive"]
    naive, mean = found["models"]["seasonal-naive"], found["models"]["weekly-mean"]
    contract = ["mae", "rmse", "wape", "nmae", "skill", "pinball", "coverage_80", "mae_by_day"]
    assert list(naive) == [*contract, "nrmse", "mase", "bias", "accuracy", "mae_by_hour", "mae_by_day_type"]
    assert (naive["mae"], naive["skill"], naive["nmae"]) == (1000, 0, None)
    assert (mean["mae"], mean["skill"]) == (1500, -0.5)
    assert naive["mae_by_day"] == [1000] * 7
    # What is a thousand wrong in the test was a thousand wrong in training: weeks differ by a thousand.
    assert (naive["mase"], mean["mase"]) == (1, 1.5)
    assert naive["mae_by_hour"] == [1000] * 24
    assert naive["mae_by_day_type"] == {"weekend": 1000, "workday": 1000}
    assert "rules" not in found
    assert found["chosen"] == "weekly-mean"


def test_backtest__two_targets_give_a_list(make_station):
    data = make_station(5, two_targets=True)
    found = backtest(data, {"naive-day": NaiveDay()}, origins_of(data), HORIZON).to_dict()
    assert [entry["target"] for entry in found] == [TOTAL, PART]
    assert found[0]["models"]["seasonal-naive"]["mae"] == 4 * found[1]["models"]["seasonal-naive"]["mae"] == 1000


def test_backtest__reference_takes_part_unasked_and_ours_is_chosen(make_station):
    data = make_station(5)
    result = backtest(data, {"naive-day": NaiveDay(), "wattcast": WeeklyMean(cycles=1)}, origins_of(data), HORIZON)
    assert result.models == ("naive-day", "wattcast", "seasonal-naive")
    assert result.chosen == "wattcast"
    assert result.scores(TOTAL)["wattcast"]["skill"] == 0


def test_backtest__fits_once_or_every_so_many_origins(make_station):
    data = make_station(8)
    origins = origins_of(data)
    once, often = Recorder(), Recorder()
    backtest(data, {"once": once}, origins, HORIZON)
    backtest(data, {"often": often}, origins, HORIZON, refit_every=2)
    assert once.fitted == origins[:1]
    assert often.fitted == origins[::2]
    assert [view.origin for view in often.seen] == origins


def test_backtest__fit_ends_at_the_first_origin_even_where_that_is_left_out(make_station):
    data = without(make_station(5), slice(2 * 168, 2 * 168 + 40))
    recorder, origins = Recorder(), origins_of(make_station(5))
    result = backtest(data, {"recorder": recorder}, origins, HORIZON)
    assert recorder.fitted == [origins[0]]
    assert result.origins == tuple(origins[1:])


def test_backtest__origins_with_too_little_measured_are_left_out_per_target(make_station):
    data = without(make_station(5, two_targets=True), slice(3 * 168, 3 * 168 + 17), PART)   # 10.1 % of a week
    data = without(data, slice(2 * 168, 2 * 168 + 16), PART)                                  # 9.5 %
    result = backtest(data, {"seasonal-naive": SeasonalNaive()}, origins_of(data), HORIZON)
    total, part = result.to_dict()
    assert len(total["origins"]) == 3
    assert len(part["origins"]) == 2
    assert part["left_out"] == [{"origin": origins_of(data)[1].isoformat(), "measured": 0.8988}]
    assert total["left_out"] == []
    assert result.scorecard("seasonal-naive").scores(PART)["n"] == 168 * 2 - 16


def test_backtest__nothing_measured_afterwards_is_an_error(make_station):
    data = make_station(3)
    with pytest.raises(DataError, match="no origin is followed by enough") as error:
        backtest(data, {"naive-day": NaiveDay()}, [data.end], HORIZON)
    assert "0%" in str(error.value)
    with pytest.raises(DataError, match="no origin is followed by enough"):
        backtest(without(data, slice(None)), {"naive-day": NaiveDay()}, origins_of(data), HORIZON)
    with pytest.raises(InputError, match="at least one origin"):
        backtest(data, {"naive-day": NaiveDay()}, [], HORIZON)


@dataclass(frozen=True, eq=False)
class Broken(NaiveDay):
    """A baseline whose forecasts are spoilt on the way out."""

    spoil: Callable = field(kw_only=True)

    def forecast(self, view):
        made = super().forecast(view)
        return Forecast(made.station_id, made.origin, made.model, self.spoil(made.table))


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda table: table.iloc[:-1], "other steps than the horizon"),
    (lambda table: table.shift(freq=HOUR), "other steps than the horizon"),
    (lambda table: table.drop(columns=f"{TOTAL}_q90"), "lacks total_active_power_q90"),
    (lambda table: table.where(table < 3150), "missing values"),
])
def test_backtest__a_broken_forecast_is_an_error(make_station, spoil, message):
    data = make_station(4)
    with pytest.raises(WattcastError, match=message):
        backtest(data, {"broken": Broken(spoil=spoil)}, origins_of(data), HORIZON).to_dict()


def test_backtest__weather_is_passed_on_and_named(make_station):
    data = make_station(5, known_future=("temperature",))
    recorder = Recorder()
    assert backtest(data, {"r": recorder}, origins_of(data), HORIZON).weather == "measured afterwards (perfect weather)"
    assert backtest(data, {"r": recorder}, origins_of(data), HORIZON, weather="none").weather == "none"
    assert recorder.seen[0].future().notna().all(axis=None)
    assert recorder.seen[-1].future().isna().all(axis=None)
    rows = {origin: data.frame.loc[origin:, ["temperature"]] for origin in origins_of(data)}
    issued = StationData(data.station, data.frame, WeatherVintages(pd.concat(rows, names=["issued", "time"])))
    assert backtest(issued, {"r": recorder}, origins_of(data), HORIZON).weather == "issued before each origin"


def test_backtest__tells_its_progress(make_station):
    data = make_station(4)
    calls = []
    backtest(data, {"naive-day": NaiveDay()}, origins_of(data), HORIZON, progress=lambda *told: calls.append(told))
    assert [call[:2] for call in calls] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert calls[0][2] == "naive-day at 2025-03-17 00:00"


def test_table__best_model_first(make_station):
    data = make_station(5, two_targets=True)
    models = {"weekly-mean": WeeklyMean(cycles=2), "naive-day": NaiveDay()}
    table = backtest(data, models, origins_of(data), HORIZON).table()
    assert table["target"].tolist() == [TOTAL] * 3 + [PART] * 3
    assert table["model"].tolist()[:3] == ["naive-day", "seasonal-naive", "weekly-mean"]
    assert table["mae"].iloc[:3].is_monotonic_increasing
    assert "mae_by_day" not in table


def test_forecast__is_what_the_model_made(make_station):
    data = make_station(5, two_targets=True)
    recorder, origins = Recorder(), origins_of(data)
    result = backtest(data, {"recorder": recorder}, origins, HORIZON)
    again = result.forecast("recorder", origins[1])
    pd.testing.assert_frame_equal(again.table, SeasonalNaive().fit(recorder.seen[0]).forecast(recorder.seen[1]).table,
                                  check_freq=False)


def test_scorecard__agrees_with_the_json(make_station):
    data = make_station(6)
    result = backtest(data, {"wattcast": WeeklyMean(cycles=2)}, origins_of(data), HORIZON)
    card = result.scorecard()
    assert (card.model, card.references) == ("wattcast", ("seasonal-naive",))
    entry = result.to_dict()["models"]["wattcast"]
    assert card.scores(TOTAL)["mae"] == entry["mae"]
    assert card.skill(TOTAL)["seasonal-naive"] == entry["skill"]


def with_capacity(data: StationData, capacity: float) -> StationData:
    return StationData(data.station.model_copy(update={"capacity": capacity}), data.frame)


def test_rules__grade_the_total_power_of_every_model(make_station):
    data = with_capacity(make_station(6, two_targets=True), 20_000)
    rules = load_rules(["gbt-19963-1-2021"], data.station)
    models = {"weekly-mean": WeeklyMean(cycles=2)}
    total, part = backtest(data, models, origins_of(data), HORIZON, rules=rules).to_dict()
    found = total["rules"]["gbt-19963-1-2021"]["models"]
    # Errors of 1000 and 1500 at every step, of a capacity of 20 000; only the day ahead is graded.
    assert found["seasonal-naive"]["accuracy"]["mean"] == pytest.approx(0.95)
    assert found["weekly-mean"]["accuracy"]["mean"] == pytest.approx(0.925)
    assert found["weekly-mean"]["accuracy"]["days"] == len(origins_of(data))
    assert set(found["weekly-mean"]["accuracy"]["monthly"]) == {"2025-03", "2025-04"}
    assert "rules" not in part
    assert total["models"]["weekly-mean"]["nrmse"] == pytest.approx(0.075)


def test_rivals__the_reference_and_the_best(make_station):
    data = make_station(6)
    models = {"wattcast": WeeklyMean(), "three": WeeklyMean(cycles=3), "two": WeeklyMean(cycles=2),
              "naive-day": NaiveDay()}
    result = backtest(data, models, origins_of(data), HORIZON)
    assert result.rivals(2) == ("naive-day", "seasonal-naive")
    assert result.rivals(9) == ("three", "two", "naive-day", "seasonal-naive")


def test_origin_errors_and_worst_days__the_week_that_went_wrong_is_found(make_station):
    data = make_station(6)
    frame = data.frame.copy()
    frame.iloc[4 * 168 + 50, 0] += 24_000                           # the third day after the third origin
    result = backtest(StationData(data.station, frame), {"wattcast": SeasonalNaive()}, origins_of(data), HORIZON)
    errors = result.origin_errors()
    assert list(errors.index)[:2] == origins_of(data)[:2]
    worst = result.worst_days(2)
    assert (worst["origin"].tolist(), worst["day"].tolist()) == ([origins_of(data)[2], origins_of(data)[3]], [3, 3])
    # 23 hours of 1000 and one of 25 000; a week later 24 000 too low, less the usual 1000.
    assert worst["mae"].tolist() == [2000, pytest.approx((23 * 1000 + 23_000) / 24)]
    assert worst["date"].iloc[0] == origins_of(data)[2] + pd.Timedelta("2D")


def test_left_out_in_words__one_line_where_there_are_many(make_station):
    data = without(make_station(8), slice(4 * 168, 5 * 168))
    few = backtest(data, {"naive-day": NaiveDay()}, origins_of(data), HORIZON)
    only = "left out: 2025-03-31 00:00:00+08:00, only 0% of total_active_power was measured"
    assert few.left_out_in_words() == [only]
    daily = list(rolling_origins(data.frame.index[2 * 168], pd.Timedelta("6h"), data.frame.index[-168]))
    many = backtest(data, {"naive-day": NaiveDay()}, daily, HORIZON).left_out_in_words()
    assert len(many) == 1
    assert "origins from 2025-03-2" in many[0]


def test_backtest__reproduces_a_published_row(measured):
    data = measured("openstef_287", "load", 1, "UTC")
    first = pd.Timestamp("2020-12-24", tz="UTC")
    origins = list(rolling_origins(first, pd.Timedelta("1D"), data.end))
    result = backtest(data, {"weekly-mean": WeeklyMean()}, origins, Horizon(672, pd.Timedelta("15min")))
    found = result.to_dict()["models"]
    assert (round(found["weekly-mean"]["mae"], 4), round(found["seasonal-naive"]["mae"], 4)) == (0.5265, 0.5892)
    assert len(result.origins) == 30


def test_last_origin__is_the_last_one_that_can_count() -> None:
    index = pd.date_range("2025-01-01", periods=20 * 24, freq="h", tz="UTC", name="time")
    station = Station(id="s", step="1h", timezone="UTC")
    data = StationData(station, pd.DataFrame({TOTAL: np.arange(len(index), dtype=float)}, index=index))
    horizon = Horizon(168, pd.Timedelta("1h"))
    last = last_origin(data, horizon)
    result = backtest(data, {}, [last], horizon)
    assert result.origins == (last,)
    with pytest.raises(DataError):
        backtest(data, {}, [last + horizon.step], horizon)


@pytest.mark.parametrize(("kind", "the_same"), [(Kind.LOAD, True), (Kind.WIND, False)])
def test_mase__is_scaled_by_last_week_as_the_station_counts_it(by_the_clock, kind, the_same):
    """A load that follows the clock is the same every week, before a change and after it: nothing to divide by."""
    load = by_the_clock("Europe/Berlin", "2024-03-04", 63, "1h")
    station = Station(id="s", timezone="Europe/Berlin", step="1h", kind=kind)
    data = StationData(station, load.rename(TOTAL).to_frame())
    origin = pd.Timestamp("2024-04-15", tz="Europe/Berlin")
    result = backtest(data, {"seasonal-naive": SeasonalNaive()}, [origin], station_horizon(station))
    assert (result.scales[TOTAL] == 0) == the_same
