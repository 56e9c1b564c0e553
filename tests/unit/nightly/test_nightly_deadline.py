from math import inf

import pandas as pd
import pytest
from made_up_night import NOW, Ticks

from wattcast.errors import ConfigError
from wattcast.nightly.deadline import NightClock, parse_deadline


@pytest.mark.parametrize(("now", "text", "expected"), [
    ("2025-05-16 02:30", "06:00", "2025-05-16 06:00"), ("2025-05-15 22:00", "6:00", "2025-05-16 06:00"),
    ("2025-05-16 07:00", "06:00", "2025-05-16 06:00"), ("2025-05-16 02:30", "90", "2025-05-16 04:00"),
    ("2025-05-16 02:30", "0.5", "2025-05-16 02:30:30")])
def test_parse_deadline__is_the_nearest_such_time_or_minutes_from_now(now: str, text: str, expected: str) -> None:
    zone = "Asia/Shanghai"
    assert parse_deadline(text, pd.Timestamp(now, tz=zone)) == pd.Timestamp(expected, tz=zone)


def test_parse_deadline__where_clocks_change_in_that_night() -> None:
    now = pd.Timestamp("2025-03-30 01:00", tz="Europe/Berlin")
    assert parse_deadline("06:00", now) == pd.Timestamp("2025-03-30 06:00", tz="Europe/Berlin")
    assert parse_deadline("02:30", now) == pd.Timestamp("2025-03-30 03:00", tz="Europe/Berlin")
    twice = parse_deadline("02:30", pd.Timestamp("2025-10-26 00:00", tz="Europe/Berlin"))
    assert twice == pd.Timestamp("2025-10-26 00:30", tz="UTC")
    # The next day has 23 hours: a day after half past eleven by them is the day after it.
    late = pd.Timestamp("2025-03-29 23:30", tz="Europe/Berlin")
    assert parse_deadline("06:00", late) == pd.Timestamp("2025-03-30 06:00", tz="Europe/Berlin")


@pytest.mark.parametrize("text", ["25:00", "6:5", "tomorrow", "-5", ""])
def test_parse_deadline__refuses_what_is_neither(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a deadline"):
        parse_deadline(text, NOW)


def test_clock__counts_from_the_time_it_was_given() -> None:
    ticks = Ticks(1000.0)
    clock = NightClock(NOW, NOW + pd.Timedelta(minutes=1), ticks)
    ticks.seconds += 75.4
    assert clock.elapsed == pytest.approx(75.4)
    assert clock.left == pytest.approx(-15.4)
    assert NightClock(NOW, None, ticks).left == inf
