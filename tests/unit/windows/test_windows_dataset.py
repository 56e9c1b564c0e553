"""Tell-tale numbers: in week 1 everything is 200 and something, in week 2 300 and something; the rest is the slot."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wattcast.contracts import Kind
from wattcast.features.table import FeatureTable, VintageTable
from wattcast.windows.anchors import ANCHORS_WITHOUT_LAGS, anchor_count, anchor_names
from wattcast.windows.dataset import (
    Batch,
    Decomposition,
    Scalers,
    WindowDataset,
    WindowShape,
    hide_weather,
    network_inputs,
)
from wattcast.windows.scaling import Scaler

DAY, WEEKS = 4, 6
WEEK = 7 * DAY
ROWS = WEEKS * WEEK
SHAPE = WindowShape(lookback=2 * WEEK, horizon=WEEK, day=DAY, lag_weeks=(1, 2))
ROW = np.arange(ROWS)
TOTAL = 100.0 * (ROW // WEEK + 2) + ROW % WEEK


def identity(columns: int) -> Scaler:
    return Scaler(np.zeros(columns, np.float32), np.ones(columns, np.float32))


def scalers(table: FeatureTable) -> Scalers:
    return Scalers(*(identity(part.shape[1]) for part in (table.targets, table.known, table.past)))


@pytest.fixture
def table() -> FeatureTable:
    """Targets, the second a tenth of the first; known are a calendar (the row) and weather (the row + 0.5)."""
    index = pd.date_range("2025-03-03", periods=ROWS, freq="6h", tz="Asia/Shanghai", name="time")
    targets = np.stack([TOTAL, TOTAL / 10], 1).astype(np.float32)
    known = np.stack([ROW, ROW + 0.5], 1).astype(np.float32)
    return FeatureTable(index, targets, known, (-ROW[:, None]).astype(np.float32), ("row", "warm"), ("past",), (1,))


def with_vintages(table: FeatureTable, issued: list[int], start: list[int], length: int = WEEK) -> FeatureTable:
    """Vintage v says 1000·(v + 1) plus how many steps it looks ahead of its own first row."""
    told = np.stack([1000.0 * (number + 1) + np.arange(length) for number in range(len(issued))]).astype(np.float32)
    return replace(table, vintages=VintageTable(np.asarray(issued), np.asarray(start), told[..., None]))


def dataset(table: FeatureTable, **options: object) -> WindowDataset:
    return WindowDataset(table, scalers(table), SHAPE, **options)


def test_batch__shapes(table) -> None:
    batch = dataset(table).batch(np.asarray([60, 61, 90]))
    length, horizon = SHAPE.lookback, SHAPE.horizon
    assert {name: tuple(value.shape) for name, value in batch.items()} == {
        "past_target": (3, length, 2), "past_target_mask": (3, length, 2), "past_covariates": (3, length, 1),
        "past_covariates_mask": (3, length, 1), "known": (3, length + horizon, 2),
        "known_mask": (3, length + horizon, 2), "anchors": (3, horizon, 2, anchor_count(2)),
        "target": (3, horizon, 2), "target_mask": (3, horizon, 2), "weight": (3,)}
    assert {value.dtype for value in batch.values()} == {torch.float32}
    assert batch.keys() - network_inputs(batch).keys() == {"target", "target_mask", "weight"}


@pytest.mark.parametrize("origin", [2 * WEEK, 2 * WEEK + 3, 4 * WEEK, 5 * WEEK])
def test_batch__every_row_lands_where_it_belongs(table, origin: int) -> None:
    batch = dataset(table).batch(np.asarray([origin]))
    past, ahead = ROW[origin - SHAPE.lookback:origin], ROW[origin:origin + SHAPE.horizon]
    assert batch["past_target"][0, :, 0].tolist() == TOTAL[past].tolist()
    torch.testing.assert_close(batch["past_target"][0, :, 1], batch["past_target"][0, :, 0] / 10)
    assert batch["past_covariates"][0, :, 0].tolist() == (-past).tolist()
    assert batch["known"][0, :, 0].tolist() == [*past, *ahead]
    assert batch["known"][0, :, 1].tolist() == [row + 0.5 for row in (*past, *ahead)]
    assert batch["target"][0, :, 0].tolist() == TOTAL[ahead].tolist()
    for name in ("past_target_mask", "past_covariates_mask", "known_mask", "target_mask"):
        assert (batch[name] == 1).all()


def test_batch__weeks_tell_where_they_come_from(table) -> None:
    """From the start of week 4: history of weeks 2 and 3, targets of week 4, lags of weeks 3 and 2."""
    batch = dataset(table).batch(np.asarray([3 * WEEK]))
    assert {int(value) // 100 for value in batch["past_target"][0, :WEEK, 0]} == {3}
    assert {int(value) // 100 for value in batch["past_target"][0, WEEK:, 0]} == {4}
    assert {int(value) // 100 for value in batch["target"][0, :, 0]} == {5}
    anchors = dict(zip(("lag_1w", "lag_2w", *ANCHORS_WITHOUT_LAGS), batch["anchors"][0, :, 0].T, strict=True))
    slots = torch.arange(WEEK, dtype=torch.float32)
    torch.testing.assert_close(anchors["lag_1w"], 400 + slots)
    torch.testing.assert_close(anchors["lag_2w"], 300 + slots)
    torch.testing.assert_close(anchors["lag_mean"], 350 + slots)
    # The last day of week 3 was 100 above week 2 and 200 above week 1, whose mean it is compared with.
    torch.testing.assert_close(anchors["lag_mean_shifted"], 350 + slots + 150)
    torch.testing.assert_close(anchors["yesterday"], (400 + WEEK - DAY + slots % DAY))


def test_batch__an_item_is_the_batch_of_one(table) -> None:
    windows = dataset(table)
    together, one = windows.__getitems__([60, 70]), windows[70]
    assert all(torch.equal(together[name][1:], one[name]) for name in one)


def test_batch__scaled_with_each_column_s_own_scaler(table) -> None:
    targets = Scaler(np.float32([10, 1]), np.float32([2, 4]))
    known, past = Scaler(np.float32([0, 5]), np.float32([1, 10])), Scaler(np.float32([-3]), np.float32([0.5]))
    batch = WindowDataset(table, Scalers(targets, known, past), SHAPE).batch(np.asarray([60]))
    plain = dataset(table).batch(np.asarray([60]))
    torch.testing.assert_close(batch["target"], (plain["target"] - torch.tensor([10.0, 1])) / torch.tensor([2.0, 4]))
    torch.testing.assert_close(batch["anchors"][..., 0, :2], (plain["anchors"][..., 0, :2] - 10) / 2)
    torch.testing.assert_close(batch["known"][..., 1], (plain["known"][..., 1] - 5) / 10)
    torch.testing.assert_close(batch["past_covariates"], (plain["past_covariates"] + 3) / 0.5)


def test_gaps__are_zero_with_a_mask_of_zero(table) -> None:
    table.targets[[50, 65], 0] = np.nan
    table.known[[51, 66], 1] = np.inf
    table.past[52] = np.nan
    batch = dataset(table).batch(np.asarray([60]))
    begin = 60 - SHAPE.lookback
    for name, row, column in (("past_target", 50 - begin, 0), ("target", 5, 0), ("known", 51 - begin, 1),
                              ("known", 66 - begin, 1), ("past_covariates", 52 - begin, 0)):
        assert batch[name][0, row, column] == batch[f"{name}_mask"][0, row, column] == 0
    assert batch["past_target_mask"].sum() == 2 * SHAPE.lookback - 1
    assert batch["target_mask"].sum() == 2 * SHAPE.horizon - 1
    assert batch["known_mask"].sum() == 2 * (SHAPE.lookback + SHAPE.horizon) - 2
    assert all(torch.isfinite(value).all() for value in batch.values())


@pytest.mark.parametrize("origin", [0, 1, DAY, WEEK, 2 * WEEK - 1])
def test_edges__what_lies_before_the_first_row_is_masked(table, origin: int) -> None:
    batch = dataset(table).batch(np.asarray([origin]))
    missing = SHAPE.lookback - origin
    for name in ("past_target", "past_covariates", "known"):
        assert (batch[f"{name}_mask"][0, :missing] == 0).all()
        assert (batch[name][0, :missing] == 0).all()
        assert (batch[f"{name}_mask"][0, missing:] == 1).all()
    assert batch["past_target"][0, missing:, 0].tolist() == TOTAL[:origin].tolist()
    assert torch.isfinite(batch["anchors"]).all()


@pytest.mark.parametrize("origin", [ROWS, ROWS - 1, ROWS - WEEK + 1])
def test_edges__what_lies_after_the_last_row_is_masked(table, origin: int) -> None:
    batch = dataset(table).batch(np.asarray([origin]))
    there = ROWS - origin
    assert (batch["target_mask"][0, :there] == 1).all()
    assert (batch["target_mask"][0, there:] == 0).all()
    assert (batch["known_mask"][0, SHAPE.lookback + there:] == 0).all()
    assert batch["target"][0, :there, 0].tolist() == TOTAL[origin:].tolist()
    assert torch.isfinite(batch["anchors"]).all()


@pytest.mark.parametrize("limit", [100, 100 + WEEK, 90, 91])
def test_limit__later_rows_are_never_targets(table, limit: int) -> None:
    table.targets[limit:] = 1e30
    batch = dataset(table, limit=limit).batch(np.asarray([90]))
    there = min(limit - 90, WEEK)
    assert (batch["target_mask"][0, :there] == 1).all()
    assert (batch["target_mask"][0, there:] == 0).all()
    assert (batch["target"][0, :there] < 1e3).all()
    # What the network reads does not know of the limit.
    whole = dataset(table).batch(np.asarray([90]))
    assert all(torch.equal(batch[name], value) for name, value in network_inputs(whole).items())


def test_vintages__the_newest_one_issued_by_the_origin(table) -> None:
    windows = dataset(with_vintages(table, issued=[60, 64, 68], start=[60, 64, 68]))
    for origin, version in ((60, 1), (63, 1), (64, 2), (67, 2), (68, 3), (95, 3)):
        batch = windows.batch(np.asarray([origin]))
        ahead, mask = (batch[name][0, SHAPE.lookback:, 1] for name in ("known", "known_mask"))
        first = origin - (60 + 4 * (version - 1))
        assert ahead[0] == 1000 * version + first
        assert mask.tolist() == [1.0] * (WEEK - first) + [0.0] * first
        assert (ahead[WEEK - first:] == 0).all()
        # History is what was measured, and the calendar is always known.
        assert batch["known"][0, :SHAPE.lookback, 1].tolist() == [row + 0.5 for row in range(origin - 56, origin)]
        assert (batch["known_mask"][0, :, 0] == 1).all()


def test_vintages__a_later_one_and_later_measurements_are_never_read(table) -> None:
    origins = np.asarray([63, 62, 61, 60])
    told = with_vintages(table, issued=[60, 64], start=[60, 64])
    expected = network_inputs(dataset(told).batch(origins))
    for later in (table.targets[63:], table.known[63:, 1], table.past[63:], told.vintages.values[1]):  # noqa: PD011
        later[...] = 1e30
    read = network_inputs(dataset(told).batch(origins))
    assert all(torch.equal(read[name], value) for name, value in expected.items())


def test_vintages__readings_out_of_all_proportion_are_masked(table) -> None:
    told = with_vintages(table, issued=[60], start=[60])
    told.vintages.values[0, 3] = 1e6                                                # noqa: PD011
    reach = Scaler(np.zeros(2, np.float32), np.ones(2, np.float32), np.full(2, 1e5, np.float32))
    windows = WindowDataset(told, replace(scalers(table), known=reach), SHAPE)
    mask = windows.batch(np.asarray([60]))["known_mask"][0, -WEEK:, 1]
    assert torch.nonzero(mask == 0).flatten().tolist() == [3]


def test_vintages__none_before_the_first_is_masked(table) -> None:
    batch = dataset(with_vintages(table, issued=[64], start=[64])).batch(np.asarray([60, 64]))
    assert (batch["known_mask"][0, SHAPE.lookback:, 1] == 0).all()
    assert (batch["known"][0, SHAPE.lookback:, 1] == 0).all()
    assert (batch["known_mask"][1, SHAPE.lookback:, 1] == 1).all()


def test_vintages__that_begin_after_the_origin_or_ended_before_it(table) -> None:
    windows = dataset(with_vintages(table, issued=[60, 64], start=[66, 20], length=30))
    late, over = (windows.batch(np.asarray([origin]))["known_mask"][0, SHAPE.lookback:, 1] for origin in (60, 64))
    assert late.tolist() == [0.0] * 6 + [1.0] * (WEEK - 6)
    assert not over.any()


def test_vintages__from_where_rows_tell_their_own_weather_none_is_read(table) -> None:
    told = with_vintages(table, issued=[60, 64], start=[60, 64])
    both = dataset(replace(told, own_from=64)).batch(np.asarray([63, 64, 66]))
    issued, own = dataset(told).batch(np.asarray([63])), dataset(table).batch(np.asarray([64, 66]))
    assert all(torch.equal(value, torch.cat([issued[name], own[name]])) for name, value in both.items())
    lately = dataset(replace(told, own_from=64)).lately(np.asarray([63, 64]), DAY)
    assert lately.weather[:, -WEEK:, 0].tolist() == [issued["known"][0, -WEEK:, 1].tolist(),
                                                     own["known"][0, -WEEK:, 1].tolist()]


@pytest.mark.parametrize("origins", [[60], [63, 68], [70, 59], [10]])
def test_vintages__those_that_no_origin_reads_are_left_out(table, origins: list[int]) -> None:
    told = with_vintages(table, issued=[60, 64, 68], start=[60, 64, 68])
    read = told.vintages.read_at(np.asarray(origins))
    assert len(read.issued) <= len(origins)
    expected, found = (dataset(replace(table, vintages=each)).batch(np.asarray(origins))
                       for each in (told.vintages, read))
    assert all(torch.equal(value, expected[name]) for name, value in found.items())


def test_hide_weather__is_as_if_it_had_never_been_known(table) -> None:
    hidden = torch.tensor([True, False, True])
    made = hide_weather(dataset(table).batch(np.asarray([60, 70, 90])), hidden, torch.tensor([1]))
    for position, (origin, unknown) in enumerate(zip((60, 70, 90), hidden.tolist(), strict=True)):
        known = table.known.copy()
        if unknown:
            known[origin:, 1] = np.nan
        expected = dataset(replace(table, known=known)).batch(np.asarray([origin]))
        assert all(torch.equal(made[name][position], value[0]) for name, value in expected.items())


def test_weights__one_for_each_window_by_its_origin(table) -> None:
    weights = np.linspace(0, 1, ROWS, dtype=np.float32)
    assert dataset(table, weights=weights).batch(np.asarray([60, 90]))["weight"].tolist() == weights[[60, 90]].tolist()
    assert dataset(table).batch(np.asarray([60, 90]))["weight"].tolist() == [1.0, 1.0]


def test_decomposition__adds_modes_of_the_past_window_alone(table) -> None:
    windows = dataset(table, decomposition=Decomposition(2, 2000.0))
    plain, batch = dataset(table).batch(np.asarray([60])), windows.batch(np.asarray([60]))
    assert batch["past_covariates"].shape == (1, SHAPE.lookback, 1 + 2 * 2)
    assert torch.equal(batch["past_covariates"][..., :1], plain["past_covariates"])
    assert (batch["past_covariates_mask"][..., 1:] == 1).all()
    table.targets[60:] = 1e6
    later = dataset(table, decomposition=Decomposition(2, 2000.0)).batch(np.asarray([60]))
    assert torch.equal(later["past_covariates"], batch["past_covariates"])


def test_memory__two_years_of_twenty_columns_stay_below_100_mb() -> None:
    rows, day = 2 * 365 * 96, 96
    index = pd.date_range("2023-01-01", periods=rows, freq="15min", tz="Asia/Shanghai", name="time")
    values = np.random.default_rng(0).normal(size=(rows, 20)).astype(np.float32)
    issued = np.arange(0, rows, day)
    vintages = VintageTable(issued, issued, np.zeros((len(issued), 7 * day, 8), np.float32))
    table = FeatureTable(index, values[:, :2], values[:, 2:12], values[:, 12:], tuple("abcdefghij"), tuple("klmnopqr"),
                         tuple(range(2, 10)), vintages)
    windows = WindowDataset(table, scalers(table), WindowShape(14 * day, 7 * day, day, (1, 2, 3, 4)))
    held = [*vars(windows).values(), *vars(windows.vintages).values()]
    stored = {part.untyped_storage().data_ptr(): part.untyped_storage().nbytes() for part in held
              if isinstance(part, torch.Tensor)}
    assert sum(stored.values()) + sum(part.nbytes for part in held if isinstance(part, np.ndarray)) < 100e6
    assert windows.batch(np.asarray([rows // 2]))["known"].shape == (1, 21 * day, 10)


def test_usual_days__are_adjusted_for_the_weather_only_where_the_shape_says_so(table) -> None:
    windows = [WindowDataset(table, scalers(table), replace(SHAPE, kind=kind)) for kind in (Kind.LOAD, Kind.WIND)]
    names = ("lag_1w", "lag_2w", *ANCHORS_WITHOUT_LAGS)
    adjusted, plain = (dict(zip(names, each.batch(np.asarray([60]))["anchors"][0, :, 0].T, strict=True))
                       for each in windows)
    assert torch.equal(plain["weather_adjusted"], plain["day_type_profile"])
    assert not torch.allclose(adjusted["weather_adjusted"], plain["weather_adjusted"])
    assert all(torch.equal(adjusted[name], plain[name]) for name in names if name != "weather_adjusted")


CLOCK_CHANGES = [("Europe/Berlin", "2024-03-31"), ("Europe/Berlin", "2024-10-27"), ("America/New_York", "2024-03-10"),
                 ("America/New_York", "2024-11-03"), ("Australia/Lord_Howe", "2024-10-06"),
                 ("Australia/Lord_Howe", "2024-04-07"), ("Asia/Shanghai", "2024-03-31")]
WEEKS_BEFORE = 6


def windows_of(series: pd.Series, kind: Kind = Kind.LOAD) -> WindowDataset:
    day = pd.Timedelta("1D") // pd.Timedelta(series.index.freq)
    targets, nothing = series.to_numpy(np.float32)[:, None], np.empty((len(series), 0), np.float32)
    table = FeatureTable(pd.DatetimeIndex(series.index), targets, nothing, nothing, (), (), ())
    return WindowDataset(table, scalers(table), WindowShape(14 * day, 7 * day, day, (1, 2, 3, 4), kind,
                                                      by_wall_clock=kind is Kind.LOAD))


def by_name(batch: Batch) -> dict[str, torch.Tensor]:
    return dict(zip(anchor_names((1, 2, 3, 4)), batch["anchors"][:, :, 0].movedim(-1, 0), strict=True))


def around(change: str) -> str:
    return f"{pd.Timestamp(change) - pd.Timedelta(weeks=WEEKS_BEFORE):%Y-%m-%d}"


@given(st.sampled_from(CLOCK_CHANGES), st.integers(-14 * 48, 14 * 48), st.sampled_from(["7D", "1D"]))
def test_anchors__a_load_that_follows_the_clock_is_known_on_either_side_of_a_change(by_the_clock, where, half_hours,
                                                                                    cycle) -> None:
    zone, change = where
    series = by_the_clock(zone, around(change), 7 * (WEEKS_BEFORE + 4), "30min", cycle)
    batch = windows_of(series).batch(np.asarray([WEEKS_BEFORE * 7 * 48 + half_hours]))
    assert batch["target_mask"].all()
    found = by_name(batch)
    every_day = ("yesterday", "day_profile", "day_type_profile", "weather_adjusted") if cycle == "1D" else ()
    for name in ("lag_1w", "lag_2w", "lag_3w", "lag_4w", "lag_mean", "lag_mean_shifted", *every_day):
        torch.testing.assert_close(found[name], batch["target"][..., 0], msg=name)


@given(st.sampled_from(CLOCK_CHANGES), st.integers(-8 * 48, 2 * 48))
def test_anchors__nothing_from_the_origin_on(by_the_clock, where, half_hours) -> None:
    """Over a change in spring seven days of steps end an hour after the same time of next week."""
    series = by_the_clock(where[0], around(where[1]), 7 * (WEEKS_BEFORE + 3), "30min")
    origin = WEEKS_BEFORE * 7 * 48 + half_hours
    later = series.where(np.arange(len(series)) < origin, 1e6)
    plain, changed = (windows_of(each).batch(np.asarray([origin]))["anchors"] for each in (series, later))
    assert torch.equal(plain, changed)


def test_anchors__are_the_same_from_the_rows_that_a_forecast_reads(by_the_clock) -> None:
    series = by_the_clock("Europe/Berlin", around("2024-10-27"), 70, "1h") + np.arange(70 * 24 + 1)
    whole, position = windows_of(series), WEEKS_BEFORE * 7 * 24 + 100
    part = windows_of(series[position - whole.shape.reach:position].asfreq("1h"))
    made = [each.batch(np.asarray([at]))["anchors"] for each, at in ((whole, position), (part, part.shape.reach))]
    assert torch.equal(*made)


@pytest.mark.parametrize("kind", [Kind.PV, Kind.WIND])
@pytest.mark.parametrize("where", CLOCK_CHANGES)
def test_anchors__what_follows_the_sun_goes_by_absolute_time(by_the_clock, where, kind) -> None:
    clock = by_the_clock("UTC", around(where[1]), 7 * (WEEKS_BEFORE + 4), "30min", "1D")
    sun = clock.tz_convert(where[0])
    for hours in (-40, 30, 200):
        batch = windows_of(sun, kind).batch(np.asarray([WEEKS_BEFORE * 7 * 48 + hours]))
        for name, anchor in by_name(batch).items():
            torch.testing.assert_close(anchor, batch["target"][..., 0], msg=name)


def test_unlike_lags__days_off_are_compared_by_the_clock() -> None:
    """Every Sunday is off, from midnight to midnight on the wall."""
    index = pd.date_range("2024-02-25", "2024-04-28", freq="1h", tz="Europe/Berlin", name="time")
    off = (index.day_of_week == 6).astype(np.float32)[:, None]
    table = FeatureTable(index, off, off, np.empty((len(index), 0), np.float32), ("is_day_off",), (), ())
    windows = WindowDataset(table, scalers(table), WindowShape(14 * 24, 7 * 24, 24, (1, 2, 3, 4)))
    assert not windows.unlike_lags(np.arange(35 * 24, len(index) - 168)).any()


def test_batch__wild_readings_are_missing_from_past_anchors_and_targets(table: FeatureTable) -> None:
    origin = 4 * WEEK
    scaler = replace(identity(2), reach=np.float32([1000, 100]))
    wild = table.targets.copy()
    wild[[origin - WEEK, origin + 1]] = 1e7
    missing = np.where(wild == 1e7, np.float32(np.nan), wild)
    (seen, expected) = (WindowDataset(replace(table, targets=targets), replace(scalers(table), targets=scaler),
                                      SHAPE).batch(np.asarray([origin])) for targets in (wild, missing))
    for name, value in expected.items():
        assert torch.equal(value, seen[name]), name
    assert seen["target_mask"][0, :3, 0].tolist() == [1, 0, 1]
