"""Calendar features: Chinese adjusted workdays, other countries, DST zones, overrides and their errors."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattcast.errors import ConfigError, DataError
from wattcast.features.calendar import (
    calendar_features,
    calendar_names,
    day_types,
    load_overrides,
    unpublished_years,
)


def days(first: str, count: int, timezone: str = "Asia/Shanghai") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq="D", tz=timezone)


def on(day: str, country: str | None = "CN", **options: object) -> pd.Series:
    """The features of one day's noon."""
    noon = pd.DatetimeIndex([pd.Timestamp(f"{day} 12:00", tz="Asia/Shanghai")])
    return calendar_features(noon, country, **options).iloc[0]


@pytest.mark.parametrize(("day", "working", "holiday", "adjusted"), [
    ("2025-01-24", 1, 0, 0),        # an ordinary Friday
    ("2025-01-25", 0, 0, 0),        # an ordinary Saturday
    ("2025-01-26", 1, 0, 1),        # a Sunday worked for the Spring Festival
    ("2025-01-29", 0, 1, 0),        # New Year's Day of the moon
    ("2025-02-01", 0, 1, 0),        # a Saturday within the festival
    ("2025-02-04", 0, 1, 0),        # a Tuesday off in exchange
    ("2025-02-08", 1, 0, 1),        # a Saturday worked for it
    ("2025-05-01", 0, 1, 0),
    ("2025-10-11", 1, 0, 1),
])
def test_china__days_of_2025_as_in_the_notice(day: str, working: int, holiday: int, adjusted: int) -> None:
    row = on(day)
    assert (row["is_working_day"], row["is_public_holiday"], row["is_adjusted_workday"]) == (working, holiday, adjusted)
    assert row["is_day_off"] == 1 - working


def test_runs_of_days_off__first_middle_last_elapsed_and_length() -> None:
    table = calendar_features(days("2025-01-27", 10), "CN")            # off from 28 January to 4 February
    assert table["off_first"].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert table["off_middle"].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 0, 0]
    assert table["off_last"].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert table["day_before_off"].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert table["day_after_off"].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    np.testing.assert_allclose(table["off_elapsed"] * 7, [0, 0, 1, 2, 3, 4, 5, 6, 7, 0], atol=1e-6)
    np.testing.assert_allclose(table["off_length"] * 7, [0, *[8] * 8, 0], atol=1e-6)


def test_run_of_one_day__is_first_and_last() -> None:
    row = on("2024-02-04", overrides={date(2024, 2, 3): "workday", date(2024, 2, 4): "holiday",
                                      date(2024, 2, 5): "workday"})
    assert (row["off_first"], row["off_middle"], row["off_last"]) == (1, 0, 1)


@settings(max_examples=20)
@given(st.integers(0, 700), st.integers(1, 40))
def test_features_of_a_day__do_not_depend_on_where_the_table_begins_or_ends(start: int, count: int) -> None:
    everything = days("2024-06-01", 800)
    table = calendar_features(everything, "CN", day_of_year=True)
    part = calendar_features(everything[start:start + count], "CN", day_of_year=True)
    pd.testing.assert_frame_equal(part, table.iloc[start:start + count], check_freq=False)


def test_weekdays__one_hot_in_order() -> None:
    table = calendar_features(days("2025-03-03", 7), None)             # a Monday
    np.testing.assert_array_equal(table.loc[:, "monday":"sunday"], np.eye(7))


def test_no_country__knows_weekends_only() -> None:
    new_year, saturday = on("2025-01-01", country=None), on("2025-01-04", country=None)
    assert (new_year["is_working_day"], saturday["is_working_day"], saturday["is_public_holiday"]) == (1, 0, 0)


def test_other_countries__their_holidays_and_weekends() -> None:
    assert on("2025-04-27", country="NL")["is_working_day"] == 0       # a Sunday; China works it
    assert on("2025-10-03", country="KR")["is_public_holiday"] == 1
    friday, sunday = on("2025-02-14", country="SA"), on("2025-02-16", country="SA")
    assert (friday["is_working_day"], sunday["is_working_day"]) == (0, 1)


def test_unknown_country__names_the_key() -> None:
    with pytest.raises(ConfigError, match="country 'ZZ'") as error:
        on("2025-01-01", country="ZZ")
    assert "location.country" in str(error.value)


def test_daylight_saving__local_days_of_23_and_25_hours() -> None:
    index = pd.date_range("2025-03-29 12:00", "2025-03-31 12:00", freq="1h", tz="Europe/Amsterdam", inclusive="left")
    sunday = calendar_features(index, "NL")["sunday"]
    assert sunday.sum() == 23
    assert set(sunday.index[sunday == 1].date) == {date(2025, 3, 30)}
    index = pd.date_range("2025-10-25 12:00", "2025-10-27 12:00", freq="1h", tz="Europe/Amsterdam", inclusive="left")
    table = calendar_features(index, "NL")
    assert table["sunday"].sum() == 25
    noons = table[index.hour == 12]
    np.testing.assert_allclose(noons["minute_cos_1"], -1, atol=1e-6)   # noon on the clock on either side


@pytest.mark.parametrize("step", ["10min", "15min", "1h"])
def test_time_of_day__two_harmonics_for_any_step(step: str) -> None:
    index = pd.date_range("2025-06-02", "2025-06-03", freq=step, tz="Asia/Seoul", inclusive="left")
    table = calendar_features(index, None)
    angle = 2 * np.pi * np.arange(len(index)) / len(index)
    np.testing.assert_allclose(table["minute_sin_1"], np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(table["minute_cos_2"], np.cos(2 * angle), atol=1e-6)


def test_columns__are_float32_in_the_promised_order_and_the_season_is_an_option() -> None:
    table = calendar_features(days("2025-07-01", 3), "CN")
    assert tuple(table.columns) == calendar_names()
    assert (table.dtypes == np.float32).all()
    seasonal = calendar_features(days("2025-07-01", 3), "CN", day_of_year=True)
    assert tuple(seasonal.columns) == (*calendar_names(), "year_sin", "year_cos")
    assert seasonal["year_cos"].iloc[0] < -0.99


def test_unpublished_years__only_those_without_a_notice() -> None:
    assert unpublished_years(days("2001-01-01", 20 * 365), "CN") == ()
    assert unpublished_years(days("2025-06-01", 365), "CN") == ()
    assert unpublished_years(days("2090-12-31", 2), "CN") == (2090, 2091)
    assert unpublished_years(days("2090-12-31", 2), "NL") == ()
    assert unpublished_years(days("2090-12-31", 2), None) == ()


def test_overrides__are_stronger_than_the_country() -> None:
    overrides = {date(2025, 1, 29): "workday", date(2025, 3, 5): "holiday", date(2025, 3, 8): "workday"}
    assert on("2025-01-29", overrides=overrides)["is_working_day"] == 1
    assert on("2025-01-29", overrides=overrides)["is_public_holiday"] == 0
    assert on("2025-03-05", overrides=overrides)["is_public_holiday"] == 1
    assert on("2025-03-08", overrides=overrides)["is_adjusted_workday"] == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_overrides_file__reads_what_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "days.csv"
    path.write_bytes("date,kind,name\r\n2090-02-06,holiday,春节\r\n2090/2/7, Workday ,\r\n".encode(encoding))
    assert load_overrides(path) == {date(2090, 2, 6): "holiday", date(2090, 2, 7): "workday"}


@pytest.mark.parametrize(("text", "complaint"), [
    ("day,kind\n2090-02-06,holiday\n", "wrong first line"),
    ("", "wrong first line"),
    ("date,kind\n2090-02-06,holiday\n2090-02-30,holiday\n", "line 3 .* no date"),
    ("date,kind\n2090-02-06,feast\n", "line 2 .* unknown kind"),
    ("date,kind\n2090-02-06\n", "line 2 .* unknown kind"),
    ("date,kind\n2090-02-06,holiday\n2090-02-06,workday\n", "line 3 .* contradicts"),
])
def test_overrides_file__errors_name_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "days.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=complaint) as error:
        load_overrides(path)
    assert "days.csv" in str(error.value)


def test_overrides_file__missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read") as error:
        load_overrides(tmp_path / "absent.csv")
    assert "features.holidays_file" in str(error.value)


def test_day_types__an_adjusted_workday_is_a_workday() -> None:
    # 2025-09-28 is a Sunday that is worked; the National Day holiday begins on Wednesday.
    index = days("2025-09-26", 6)
    assert day_types(index, "CN").tolist() == ["workday", "weekend", "workday", "workday", "workday", "holiday"]
    assert day_types(index, None).tolist() == ["workday", "weekend", "weekend", "workday", "workday", "workday"]
    assert day_types(index, None, {date(2025, 9, 26): "holiday"})[0] == "holiday"
