"""Times that end their interval: when that is plain, when it is proposed, and what changes of the clock do."""

import numpy as np
import pandas as pd
import pytest

from wattcast.data.schema import TimeConfig
from wattcast.data.stamps import Starts, read_starts, usual_spacing
from wattcast.errors import DataError

BERLIN = TimeConfig(timezone="Europe/Berlin")


def starts(cells: list[object], clocks: list[object] | None = None, config: TimeConfig | None = None,
           name: str = "time") -> Starts:
    second = None if clocks is None else pd.Series(clocks, name="hour")
    return read_starts(pd.Series(cells, name=name), second, config or TimeConfig(), str)


def ends(days: int, every: str = "15min") -> list[str]:
    return list(pd.date_range("2025-05-20", periods=days * 96 + 1, freq=every)[1:].strftime("%Y-%m-%d %H:%M"))


def test_read_starts__days_that_end_at_24_are_taken_back_and_it_is_said() -> None:
    written = starts(["2025-05-20 00:15", "2025-05-20 00:30", "2025-05-20 24:00"])
    assert written.index[0] == pd.Timestamp("2025-05-20 00:00", tz="Asia/Shanghai")
    assert written.index[-1] == pd.Timestamp("2025-05-20 23:45", tz="Asia/Shanghai")
    assert "24:00" in written.notes[0]


def test_read_starts__24_beside_0_is_the_next_midnight_only() -> None:
    written = starts(["2025-05-20 00:00", "2025-05-20 00:15", "2025-05-20 24:00"])
    assert written.index[-1] == pd.Timestamp("2025-05-21", tz="Asia/Shanghai")
    assert written.notes == ()


def test_read_starts__some_days_that_end_at_24_and_others_that_begin_at_0_are_an_error() -> None:
    start = list(pd.date_range("2025-05-20", periods=8, freq="6h").strftime("%Y-%m-%d %H:%M"))
    end = [f"2025-05-{day} {hour}:00" for day in (22, 23) for hour in ("06", "12", "18", "24")]
    with pytest.raises(DataError, match="4: some days end at 24:00 and others begin at 00:00") as raised:
        starts([*start, *end])
    assert "24:00 in 2 rows, the first 11" in str(raised.value)
    assert starts([*start, *end], config=TimeConfig(stamp="start")).index[-1].day == 24
    # Both midnights of each day, and a first row at 00:00, are of one form.
    assert len(starts([*start[:4], "2025-05-20 24:00", *start[4:], "2025-05-21 24:00"]).index) == 10
    assert len(starts(["2025-05-22 00:00", *end]).index) == 9


def test_read_starts__proposes_the_end_and_does_not_take_it() -> None:
    written = starts(ends(2))
    assert written.index[0] == pd.Timestamp("2025-05-20 00:15", tz="Asia/Shanghai")
    assert "data.time.stamp to end" in written.notes[0]
    assert starts(ends(2), config=TimeConfig(stamp="start")).notes == ()
    assert starts(ends(2)[:-1]).notes == ()
    told = starts(ends(2), config=TimeConfig(stamp="end"))
    assert told.index[0] == pd.Timestamp("2025-05-20 00:00", tz="Asia/Shanghai")
    assert told.notes == ()


def test_read_starts__one_interval_is_that_of_the_rows_not_the_step() -> None:
    times = pd.date_range("2025-05-20 00:05", periods=30, freq="5min").astype(str).tolist()
    assert starts(times, config=TimeConfig(stamp="end")).index[0] == pd.Timestamp("2025-05-20", tz="Asia/Shanghai")


def test_read_starts__the_name_of_the_column_may_tell() -> None:
    assert starts(["2025-05-20 00:15", "2025-05-20 00:30"], name="interval_end").index[0].hour == 0
    assert starts(["2025-05-20 00:15", "2025-05-20 00:30"], name="interval_end").index[0].minute == 0


@pytest.mark.parametrize("day", ["2024-10-27", "2025-03-30"])
@pytest.mark.parametrize("backwards", [False, True])
def test_read_starts__hours_that_end_go_by_the_clock(day: str, backwards: bool) -> None:
    times = pd.date_range(pd.Timestamp(day, tz="Europe/Berlin"), pd.Timestamp(day, tz="Europe/Berlin")
                          + pd.DateOffset(days=1), freq="1h", inclusive="left")[::-1 if backwards else 1]
    read = starts(list(times.strftime("%Y-%m-%d")), list(times.hour + 1), BERLIN)
    assert (read.index == times).all()


@pytest.mark.parametrize("day", ["2024-10-27", "2025-03-30"])
def test_read_starts__times_that_end_go_by_absolute_time(day: str) -> None:
    times = pd.date_range(pd.Timestamp(day, tz="Europe/Berlin"), periods=96, freq="15min")
    written = list((times + pd.Timedelta("15min")).tz_localize(None).astype(str))
    read = starts(written, config=BERLIN.model_copy(update={"stamp": "end"}))
    assert (read.index == times).all()


def test_usual_spacing__is_the_most_frequent() -> None:
    minutes = pd.to_timedelta([0, 15, 30, 45, 200, 201], unit="min")
    assert usual_spacing(pd.Timestamp("2025-05-20") + minutes) == pd.Timedelta("15min")
    assert usual_spacing(pd.DatetimeIndex(np.array(["2025-05-20"], "M8[us]"))) == pd.Timedelta(0)


@pytest.mark.parametrize("last", ["1min", "1s", "1ms"])
def test_read_starts__the_last_moment_of_an_interval_is_its_end(last: str) -> None:
    index = pd.date_range("2025-05-20", periods=96, freq="15min")
    texts = list((index + pd.Timedelta("15min") - pd.Timedelta(last)).strftime("%Y-%m-%d %H:%M:%S.%f"))
    written = starts(texts)
    assert list(written.index.tz_localize(None)) == list(index)
    assert "they end their interval" in written.notes[0]
    assert starts(texts, config=TimeConfig(stamp="start")).index[0] == pd.Timestamp(texts[0], tz="Asia/Shanghai")


def test_read_starts__days_that_end_at_23_59() -> None:
    texts = [text.replace("00:00", "23:59") for text in ends(2)]
    texts = [f"2025-05-{int(text[8:10]) - 1} 23:59" if "23:59" in text else text for text in texts]
    written = starts(texts)
    assert list(written.index.tz_localize(None)) == list(pd.date_range("2025-05-20", periods=192, freq="15min"))
    assert "days end 1min before midnight" in written.notes[0]


def test_read_starts__rows_of_a_minute_and_late_loggers_end_nothing() -> None:
    for first, every in (("2025-05-20 00:00", "1min"), ("2025-05-20 00:14:58", "15min"), ("2025-05-20 00:01", "15min")):
        texts = list(pd.date_range(first, periods=200, freq=every).astype(str))
        assert starts(texts).index[0] == pd.Timestamp(first, tz="Asia/Shanghai")


@pytest.mark.parametrize(("zone", "first", "numbers"), [
    ("Europe/Berlin", "2024-10-25", 24), ("Europe/Berlin", "2025-03-28", 24), ("Europe/London", "2024-10-25", 48),
    ("Europe/London", "2025-03-28", 48), ("Australia/Lord_Howe", "2025-04-04", 48),
    ("Europe/Berlin", "2024-10-25", 96)])
@pytest.mark.parametrize("lowest", [0, 1])
def test_read_starts__numbers_that_count_the_intervals_of_the_day(zone: str, first: str, numbers: int,
                                                                  lowest: int) -> None:
    start = pd.Timestamp(first, tz=zone)
    truth = pd.date_range(start, start + pd.DateOffset(days=5), freq=pd.Timedelta("1D") / numbers, inclusive="left")
    dates = truth.tz_localize(None).normalize()
    counted = pd.Series(dates).groupby(dates).cumcount() + lowest
    written = starts(list(dates.strftime("%Y-%m-%d")), list(counted.astype(str)), TimeConfig(timezone=zone))
    assert list(written.index) == list(truth)
    assert written.naive
    assert "when clocks change" in written.notes[0]


def test_read_starts__hours_that_follow_the_clock_are_not_counted() -> None:
    for first in ("2025-03-29", "2024-10-26"):
        start = pd.Timestamp(first, tz="Europe/Berlin")
        truth = pd.date_range(start, start + pd.DateOffset(days=3), freq="1h", inclusive="left")
        wall = truth.tz_localize(None)
        for row in (len(wall), 45):      # the second time the night's day is cut
            written = starts(list(wall.strftime("%Y-%m-%d"))[:row], [str(hour) for hour in wall.hour][:row], BERLIN)
            assert list(written.index) == list(truth[:row])
            assert "when clocks change" not in " ".join(written.notes)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("stamp", [None, "end", "start"])
def test_read_starts__a_midnight_behind_the_last_interval_of_its_date(newest_first: bool, stamp: str | None) -> None:
    times = pd.date_range("2025-05-20", periods=3 * 96, freq="15min")
    cells = [f"{time:%d.%m.%Y} {time + pd.Timedelta('15min'):%H:%M}" for time in times]
    order = slice(None, None, -1) if newest_first else slice(None)
    written = starts(cells[order], config=TimeConfig(stamp=stamp, day_first=True))          # type: ignore[arg-type]
    true = times[order].tz_localize("Asia/Shanghai") + pd.Timedelta("15min" if stamp == "start" else 0)
    assert (written.index == true).all()
    assert "a midnight stands behind the last interval of its own date" in written.notes[0]
    # In columns of their own, and as hours 1 to 23 and 0.
    dates, hours = [f"{time:%Y-%m-%d}" for time in times[::4]], [str((time.hour + 1) % 24) for time in times[::4]]
    assert (starts(dates, hours).index == times[::4].tz_localize("Asia/Shanghai")).all()


def test_read_starts__one_midnight_at_the_start_of_its_day_and_none_is_moved() -> None:
    cells = ["2025-05-20 00:00", "2025-05-20 12:00", "2025-05-21 12:00", "2025-05-21 00:00"]
    assert starts(cells).index[-1] == pd.Timestamp("2025-05-21", tz="Asia/Shanghai")
