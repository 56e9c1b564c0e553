import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattcast import metrics
from wattcast.contracts import PART, QUANTILES, TOTAL, Horizon, Kind, Station, quantile_column
from wattcast.data.schema import StationData
from wattcast.errors import ConfigError, DataError
from wattcast.evaluation.baselines import BASELINE_NAMES, IN_WORDS, NaiveDay, SeasonalNaive, WeeklyMean, baseline
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.timegrid import rolling_origins, station_horizon

HOUR = pd.Timedelta("1h")


def forecast_at(forecaster, data, origin, horizon=None):
    view = HorizonView(data, origin, horizon or station_horizon(data.station))
    return forecaster.fit(view).forecast(view)


def changed(data: StationData, where, value: float) -> StationData:
    frame = data.frame.copy()
    frame.loc[where, list(data.station.targets)] = value
    return StationData(data.station, frame)


@pytest.mark.parametrize("step", ["15min", "10min", "1h"])
def test_seasonal_naive__repeats_last_week(make_station, step):
    data = make_station(4, step=step)
    per_week = len(data.frame) // 4
    forecast = forecast_at(SeasonalNaive(), data, data.frame.index[3 * per_week])
    assert forecast.table[TOTAL].tolist() == (4000.0 + np.arange(per_week)).tolist()
    assert forecast.table.index[0] == forecast.origin
    assert (forecast.model, forecast.notes) == ("seasonal-naive", ())


def test_seasonal_naive__horizon_beyond_a_week_goes_on_with_the_same_week(make_station):
    data = make_station(3)
    forecast = forecast_at(SeasonalNaive(), data, data.frame.index[2 * 168 + 5], Horizon(10 * 24, HOUR))
    values = forecast.table[TOTAL].to_numpy()
    assert values[0] == 3005.0
    assert values[168:].tolist() == values[:72].tolist()


def test_naive_day__repeats_yesterday(make_station):
    data = make_station(3)
    forecast = forecast_at(NaiveDay(), data, data.frame.index[2 * 168])
    assert forecast.table[TOTAL].tolist() == np.tile(3144.0 + np.arange(24), 7).tolist()


@pytest.mark.parametrize("weeks", [1, 2, 4])
def test_weekly_mean__is_the_mean_of_its_weeks(make_station, weeks):
    data = make_station(6)
    forecast = forecast_at(WeeklyMean(cycles=weeks), data, data.frame.index[5 * 168])
    level = np.mean([6000.0 - 1000 * back for back in range(weeks)])
    assert forecast.table[TOTAL].tolist() == (level + np.arange(168)).tolist()


def test_weekly_mean__only_measured_weeks_count(make_station):
    data = make_station(6)
    data = changed(data, data.frame.index[4 * 168 + 10], np.nan)
    forecast = forecast_at(WeeklyMean(), data, data.frame.index[5 * 168])
    assert forecast.table[TOTAL].iloc[10] == np.mean([5010, 4010, 3010])
    assert forecast.table[TOTAL].iloc[11] == np.mean([6011, 5011, 4011, 3011])
    assert forecast.notes == ()


def test_missing_reference__older_week_then_slot_of_day_then_overall_mean(make_station):
    data = make_station(8)
    index = data.frame.index
    data = changed(data, index[6 * 168 + 10], np.nan)                                   # last week only
    data = changed(data, index[20::168], np.nan)                                        # this slot of every week
    data = changed(data, index[index.hour == 7], np.nan)                                # this hour of every day
    forecast = forecast_at(SeasonalNaive(), data, index[7 * 168])
    known = data.frame[TOTAL].iloc[:7 * 168]
    assert forecast.table[TOTAL].iloc[10] == 7010.0
    assert forecast.table[TOTAL].iloc[20] == pytest.approx(known[known.index.hour == 20].mean())
    assert forecast.table[TOTAL].iloc[7] == pytest.approx(known.mean())
    assert forecast.notes == ("total_active_power: 9 of 168 reference values were not measured and were replaced",)


def test_forecast__a_dead_meter_before_the_origin_still_gives_numbers(make_station):
    data = make_station(12)
    data = changed(data, data.frame.index[2 * 168:], np.nan)
    for name in BASELINE_NAMES:
        table = forecast_at(baseline(name), data, data.frame.index[11 * 168]).table
        assert np.isfinite(table.to_numpy()).all()
        assert table[TOTAL].between(2000, 3168).all()


@pytest.mark.parametrize("name", BASELINE_NAMES)
def test_forecast__two_targets_have_all_columns_and_ordered_quantiles(make_station, name):
    data = make_station(6, two_targets=True)
    table = forecast_at(baseline(name), data, data.frame.index[5 * 168]).table
    assert list(table.columns) == [column for target in (TOTAL, PART) for column in
                                   (target, *(quantile_column(target, level) for level in QUANTILES))]
    for target in (TOTAL, PART):
        quantiles = table[[quantile_column(target, level) for level in QUANTILES]].to_numpy()
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (quantiles[:, 4] == table[target]).all()
    assert np.allclose(table[PART], table[TOTAL] / 4)


def test_quantiles__are_those_of_the_baselines_own_errors():
    rng = np.random.default_rng(3)
    index = pd.date_range("2025-01-06", periods=40 * 168, freq=HOUR, tz="UTC", name="time")
    frame = pd.DataFrame({TOTAL: 500 + rng.normal(0, 10, len(index))}, index=index)
    data = StationData(Station(id="noise", timezone="UTC", step="1h"), frame)
    table = forecast_at(SeasonalNaive(), data, index[30 * 168]).table
    width = (table[f"{TOTAL}_q90"] - table[f"{TOTAL}_q10"]).iloc[0]
    assert width == pytest.approx(2 * 1.2816 * 10 * np.sqrt(2), rel=0.05)


@pytest.mark.parametrize(("forecaster", "error"), [(SeasonalNaive(), 1000.0), (WeeklyMean(cycles=2), 1500.0)])
def test_quantiles__a_baseline_that_is_always_too_low_keeps_its_median(make_station, forecaster, error):
    data = make_station(6)
    table = forecast_at(forecaster, data, data.frame.index[5 * 168]).table
    offsets = [table[quantile_column(TOTAL, level)].iloc[0] - table[TOTAL].iloc[0] for level in QUANTILES]
    assert offsets == [0.0] * 5 + [error] * 4


def test_quantiles__less_than_a_cycle_of_data_uses_the_spread_about_the_usual_day(make_station):
    data = make_station(2)
    table = forecast_at(WeeklyMean(), data, data.frame.index[4 * 24]).table
    assert np.isfinite(table.to_numpy()).all()
    assert (table[f"{TOTAL}_q90"] > table[f"{TOTAL}_q10"]).all()


def test_fit__target_never_measured_is_an_error(make_station):
    data = make_station(3)
    with pytest.raises(DataError, match="total_active_power has no measured value"):
        forecast_at(NaiveDay(), changed(data, slice(None), np.nan), data.frame.index[200])


@settings(max_examples=15)
@given(name=st.sampled_from(BASELINE_NAMES), position=st.integers(30, 5 * 168), seed=st.integers(0, 9))
def test_forecast__nothing_after_the_origin_matters_and_nothing_is_missing(name, position, seed):
    rng = np.random.default_rng(seed)
    index = pd.date_range("2025-03-03", periods=6 * 168, freq=HOUR, tz="Europe/Amsterdam", name="time")
    values = np.where(rng.random(len(index)) < 0.4, np.nan, rng.normal(100, 20, len(index)))
    values[0] = 100.0
    data = StationData(Station(id="gappy", timezone="Europe/Amsterdam", step="1h"),
                       pd.DataFrame({TOTAL: values}, index=index))
    origin = index[position]
    table = forecast_at(baseline(name), data, origin).table
    assert np.isfinite(table.to_numpy()).all()
    perturbed = changed(data, index >= origin, -9e9)
    pd.testing.assert_frame_equal(table, forecast_at(baseline(name), perturbed, origin).table)


def test_baseline__every_name_has_words_and_unknown_names_the_nearest():
    assert [baseline(name).name for name in BASELINE_NAMES] == list(BASELINE_NAMES) == list(IN_WORDS)
    with pytest.raises(ConfigError, match="'weekly_mean' is not a baseline") as error:
        baseline("weekly_mean")
    assert "did you mean weekly-mean?" in str(error.value)


@pytest.mark.parametrize(("source", "first", "every", "expected"), [
    (("steel_site_2018", "energy_kwh", 4, "Asia/Seoul"), "2018-10-01 00:15", "7D", (51.60, 87.59, 42.00)),
    (("sgcc_solar_1", "power", 1, "Asia/Shanghai"), "2020-07-01", "7D", (3.312, 3.376, 2.923)),
    (("openstef_287", "load", 1, "UTC"), "2020-12-24", "1D", (0.5892, 0.7224, 0.5265)),
    (("tetouan_2017", "load_kw", 1, "UTC", "10min"), "2017-10-01", "7D", (1925, 2707, 2056)),
])
def test_baselines__reproduce_the_published_errors(measured, source, first, every, expected):
    data = measured(*source)
    horizon = station_horizon(data.station)
    first = pd.Timestamp(first, tz=source[3])
    fit_view = HorizonView(data, first, horizon)
    fitted = [baseline(name).fit(fit_view) for name in ("seasonal-naive", "naive-day", "weekly-mean")]
    actual, made = [], [[], [], []]
    for origin in rolling_origins(first, pd.Timedelta(every), data.end):
        view = HorizonView(data, origin, horizon)
        after = data.frame[TOTAL].reindex(pd.date_range(origin, periods=horizon.steps, freq=horizon.step)).to_numpy()
        if np.isfinite(after).mean() < 0.9:
            continue
        actual.append(after)
        for forecasts, forecaster in zip(made, fitted, strict=True):
            forecasts.append(forecaster.forecast(view).table[TOTAL].to_numpy())
    errors = [metrics.mae(np.concatenate(actual), np.concatenate(forecasts)) for forecasts in made]
    assert [f"{error:.4g}" for error in errors] == [f"{value:.4g}" for value in expected]


CLOCK_CHANGES = [("Europe/Berlin", "2024-03-31"), ("Europe/Berlin", "2024-10-27"), ("America/New_York", "2024-03-10"),
                 ("America/New_York", "2024-11-03"), ("Australia/Lord_Howe", "2024-10-06"),
                 ("Australia/Lord_Howe", "2024-04-07"), ("Asia/Shanghai", "2024-03-31")]


def station_of(series: pd.Series, zone: str, kind: Kind = Kind.LOAD, step: str = "30min") -> StationData:
    return StationData(Station(id="s", timezone=zone, step=step, kind=kind), series.rename(TOTAL).to_frame())


@given(st.sampled_from(CLOCK_CHANGES), st.integers(-14 * 48, 14 * 48))
@settings(max_examples=40)
def test_baselines__a_load_that_follows_the_clock_is_forecast_on_either_side_of_a_change(by_the_clock, where,
                                                                                         half_hours):
    zone, first = where[0], f"{pd.Timestamp(where[1]) - pd.Timedelta(weeks=6):%Y-%m-%d}"
    for cycle, names in (("7D", ("seasonal-naive", "weekly-mean")), ("1D", ("naive-day",))):
        data = station_of(by_the_clock(zone, first, 70, "30min", cycle), zone)
        for name in names:
            made = forecast_at(baseline(name), data, data.frame.index[6 * 7 * 48 + half_hours])
            np.testing.assert_allclose(made.table, np.repeat(data.frame.loc[made.table.index], 10, axis=1), rtol=1e-12)
            # An hour that spring left out was not missing.
            assert made.notes == ()


@pytest.mark.parametrize("where", CLOCK_CHANGES)
def test_baselines__nothing_from_the_origin_on_over_a_change(by_the_clock, where):
    series = by_the_clock(where[0], f"{pd.Timestamp(where[1]) - pd.Timedelta(weeks=6):%Y-%m-%d}", 70, "30min")
    for half_hours in (-300, -10, 2, 3, 4, 5, 6):
        origin = series.index[6 * 7 * 48 + half_hours]
        later = series.where(series.index < origin, 1e6)
        for name in ("seasonal-naive", "naive-day", "weekly-mean"):
            plain, changed = (forecast_at(baseline(name), station_of(each, where[0]), origin).table
                              for each in (series, later))
            pd.testing.assert_frame_equal(plain, changed)


@pytest.mark.parametrize("name", ["seasonal-naive", "naive-day", "weekly-mean", "climatology"])
def test_baselines__what_follows_the_sun_goes_by_absolute_time(by_the_clock, name):
    sun = by_the_clock("UTC", "2024-02-01", 150, "1h", "1D").tz_convert("Europe/Berlin")
    for day in ("2024-03-28", "2024-03-31", "2024-04-09"):
        data = station_of(sun, "Europe/Berlin", Kind.PV, "1h")
        made = forecast_at(baseline(name), data, pd.Timestamp(day, tz="Europe/Berlin"))
        np.testing.assert_allclose(made.table[TOTAL], sun.loc[made.table.index])
