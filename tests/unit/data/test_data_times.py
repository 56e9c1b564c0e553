"""Times as people and meters write them."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattcast.data.times import to_instants
from wattcast.errors import DataError

SHANGHAI = "Asia/Shanghai"


def instants(cells: list[object], timezone: str = SHANGHAI) -> pd.DatetimeIndex:
    return to_instants(pd.Series(cells, name="ts"), timezone, lambda row: f"data.csv, line {row + 2}")[0]


@pytest.mark.parametrize("text", [
    "2025-06-01 00:15", "2025-06-01 00:15:00", "2025-06-01T00:15", "2025/06/01 00:15", "2025/6/1 0:15",
    "2025.06.01 00:15",
    "2025年6月1日 00:15", "20250601 00:15", "20250601T0015", "01.06.2025 00:15", "2025-05-31 16:15Z",
    "2025-06-01 00:15+08:00", "2025-06-01T00:15:00.000+0800", "2025-05-31 18:15:00+02",
])
def test_to_instants__unambiguous_forms(text: str) -> None:
    index = instants([text, text])
    assert index[1] == pd.Timestamp("2025-06-01 00:15", tz=SHANGHAI)
    assert str(index.tz) == SHANGHAI
    assert index.unit == "us"


@pytest.mark.parametrize(("name", "expected"), [
    ("Time (UTC)", "2025-06-01 08:15"), ("utc_timestamp", "2025-06-01 08:15"), ("GMT", "2025-06-01 08:15"),
    ("time_UTC+01:00", "2025-06-01 07:15"), ("Zeit (UTC-5)", "2025-06-01 13:15"),
    ("timestamp", "2025-06-01 00:15"), ("nutc", "2025-06-01 00:15"), ("GMTX", "2025-06-01 00:15"),
])
def test_to_instants__the_name_of_the_column_may_tell_the_zone(name: str, expected: str) -> None:
    index, naive, _ = to_instants(pd.Series(["2025-06-01 00:15"], name=name), SHANGHAI, str)
    assert index[0] == pd.Timestamp(expected, tz=SHANGHAI)
    assert naive == (expected == "2025-06-01 00:15")
    # An offset in the cell counts more.
    assert to_instants(pd.Series(["2025-06-01 00:15+08:00"], name=name), SHANGHAI, str)[0][0] == pd.Timestamp(
        "2025-06-01 00:15", tz=SHANGHAI)


def test_to_instants__a_date_alone_is_its_midnight() -> None:
    index = instants(["2025-06-01", "2025-06-01 00:15:00"])
    assert (index[1] - index[0]) == pd.Timedelta("15min")


def test_to_instants__24_is_the_next_midnight() -> None:
    index = instants(["2025-06-30 23:45", "2025-06-30 24:00", "2025-07-01 00:15"])
    assert index[1] == pd.Timestamp("2025-07-01 00:00", tz=SHANGHAI)


@pytest.mark.parametrize(("texts", "expected"), [
    (["06/12/2025 00:15", "06/13/2025 00:15"], "2025-06-12 00:15"),
    (["12/06/2025 00:15", "13/06/2025 00:15"], "2025-06-12 00:15"),
    (["12-06-2025 00:15:00", "13-06-2025 00:15:00"], "2025-06-12 00:15"),
])
def test_to_instants__day_and_month_told_apart_by_the_rows(texts: list[object], expected: str) -> None:
    assert instants(texts)[0] == pd.Timestamp(expected, tz=SHANGHAI)


def test_to_instants__day_or_month_first_is_not_guessed() -> None:
    with pytest.raises(DataError, match=r"line 2.*day first or month first"):
        instants(["01/02/2025 00:15", "01/02/2025 00:30"])


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_to_instants__takes_times_as_they_are(unit: str) -> None:
    cells = pd.date_range("2025-06-01", periods=2, unit=unit)
    index, naive, _ = to_instants(pd.Series(cells, name="ts"), SHANGHAI, str)
    assert naive
    assert index[0] == pd.Timestamp("2025-06-01", tz=SHANGHAI)
    aware, naive, _ = to_instants(pd.Series(cells.tz_localize("UTC"), name="ts"), SHANGHAI, str)
    assert not naive
    assert aware[0] == pd.Timestamp("2025-06-01 08:00", tz=SHANGHAI)


@pytest.mark.parametrize("bad", ["yesterday", "2025-13-01 00:00", "1735689600", "202506010015", None, "25:00"])
def test_to_instants__first_bad_row_and_count(bad: object) -> None:
    with pytest.raises(DataError) as caught:
        instants(["2025-06-01 00:00", "2025-06-01 00:15", bad, "2025-06-01 00:45", bad])
    message = str(caught.value)
    assert "data.csv, line 4: the column 'ts'" in message
    assert "in 2 rows" in message
    assert str(bad) in message or bad is None


def test_to_instants__bad_row_among_offsets() -> None:
    with pytest.raises(DataError, match="line 3"):
        instants(["2025-06-01 00:00+08:00", "later", "2025-06-01 00:30+08:00"])


def test_to_instants__offset_in_some_rows_only() -> None:
    with pytest.raises(DataError, match=r"line 3: some times have a UTC offset") as caught:
        instants(["2025-06-01 00:00+08:00", "2025-06-01 00:15", "2025-06-01 00:30+08:00"])
    assert "1 of 3 rows" in str(caught.value)


def test_to_instants__offsets_that_change_with_dst() -> None:
    index = instants(["2025-10-26 02:45+02:00", "2025-10-26 02:00+01:00"], "Europe/Amsterdam")
    assert index[1] - index[0] == pd.Timedelta("15min")


def test_to_instants__repeated_hour_goes_by_order_of_appearance() -> None:
    local = ["01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"]
    cells = pd.Series([f"2025-10-26 {clock}" for clock in local], name="ts")
    index, naive, findings = to_instants(cells, "Europe/Amsterdam", str)
    assert naive
    assert set(index[1:] - index[:-1]) == {pd.Timedelta("15min")}
    assert [(found.kind, found.count) for found in findings] == [("dst", 8)]


def test_to_instants__repeated_hour_written_once_is_the_first() -> None:
    index = instants(["2025-10-26 01:45", "2025-10-26 02:00", "2025-10-26 03:00"], "Europe/Amsterdam")
    assert list(index[1:] - index[:-1]) == [pd.Timedelta("15min"), pd.Timedelta("2h")]


def test_to_instants__repeated_hour_is_counted_in_each_group() -> None:
    cells = pd.Series(["2025-10-26 02:00"] * 4, name="ts")
    issued = pd.Index([1, 1, 2, 2])
    index, _, _ = to_instants(cells, "Europe/Amsterdam", str, group=issued)
    assert index[0] == index[2] == index[1] - pd.Timedelta("1h") == index[3] - pd.Timedelta("1h")


def test_to_instants__hour_left_out_moves_to_its_end_and_is_reported() -> None:
    cells = pd.Series(["2025-03-30 01:45", "2025-03-30 02:15", "2025-03-30 03:15"], name="ts")
    index, _, findings = to_instants(cells, "Europe/Amsterdam", str)
    assert index[1] == pd.Timestamp("2025-03-30 03:00", tz="Europe/Amsterdam")
    assert findings[0].kind == "dst"
    assert findings[0].count == 1
    assert "fixed offset" in findings[0].action


@settings(max_examples=25)
@given(st.integers(2000, 2037), st.sampled_from([3, 4, 9, 10, 11]),
       st.sampled_from(["Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]))
def test_to_instants__complete_local_time_comes_back(year: int, month: int, timezone: str) -> None:
    times = pd.date_range(pd.Timestamp(year, month, 1, tz=timezone), periods=32 * 96, freq="15min")
    cells = pd.Series(times.tz_localize(None).strftime("%Y-%m-%d %H:%M"), name="ts")
    assert (to_instants(cells, timezone, str)[0] == times).all()


@pytest.mark.parametrize(("cells", "hint"), [
    (["00:15", "00:30"], "write the date before each time"), (["15:00.0", "30:00.0"], "yyyy-mm-dd hh:mm"),
    (["soon", "00:30"], None)])
def test_to_instants__what_is_half_a_time_is_told(cells: list[object], hint: str | None) -> None:
    with pytest.raises(DataError) as caught:
        instants(cells)
    assert (caught.value.hint is None) if hint is None else (hint in str(caught.value.hint))


@pytest.mark.parametrize(("cells", "message"), [
    (["2025-06-01 00:00 CST", "2025-06-01 00:15 CST"], r"line 2(?s:.*)mean several zones(?s:.*)data\.time\.timezone"),
    (["2025-06-01 00:00", None], r"line 3(?s:.*)empty cells in 1 rows"),
])
def test_to_instants__what_to_do_about_them(cells: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        instants(cells)


def test_to_instants__formulas_of_a_workbook_that_nothing_worked_out() -> None:
    with pytest.raises(DataError, match="if they hold formulas"):
        to_instants(pd.Series(["2025-06-01 00:00", None], name="ts"), SHANGHAI, lambda row: f"a.xlsx, row {row + 2}")
