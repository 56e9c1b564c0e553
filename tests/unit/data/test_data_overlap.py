"""Rows of one time with several values: of several series, or of half-read times."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, stamps

from wattcast.contracts import TOTAL
from wattcast.data.overlap import require_one_series
from wattcast.data.reader import open_source
from wattcast.errors import DataError

TIMES = stamps("2025-06-01", 24 * 21, "1h")
POWER = pd.Series(200 + 50 * np.sin(TIMES.hour / 4), TIMES)


def test_one_series__a_second_meter_of_the_last_days_is_found() -> None:
    """It was added a week ago: most times are there once."""
    both = pd.concat([POWER, POWER[-24 * 7:] / 3])
    with pytest.raises(DataError, match=r"many times are there several times(?s:.*)168 of 504 times(?s:.*)\(no\)"):
        require_one_series(both, "x.csv", ["no"])
    # Corrections of a day, and the same rows once more, are none.
    require_one_series(pd.concat([POWER, POWER[:24] + 1]), "x.csv", [])
    require_one_series(pd.concat([POWER, POWER]), "x.csv", [])


@pytest.mark.parametrize(("form", "message"), [
    ("%Y-%m-%d", r"dates without a time of day, each in 24 rows(?s:.*)\(Zeitfenster\) under data.time.clock"),
    ("%Y-%m-%d %I:%M", r"each time is there in 2 rows, and no hour is after 12(?s:.*)AM and PM"),
])
def test_one_series__half_of_a_time(tmp_path: Path, form: str, message: str) -> None:
    frame = pd.DataFrame({"kw": POWER.to_numpy(), "Zeitfenster": "x"},
                         index=pd.Index(TIMES.strftime(form), name="time"))
    path, config = described(tmp_path / "x.csv", frame, time={"step": "1h"})
    with pytest.raises(DataError, match=message):
        open_source(path, config).read()


def test_one_series__a_night_that_is_off_is_no_half_of_a_day(tmp_path: Path) -> None:
    frame = pd.DataFrame({"kw": POWER[POWER.index.hour < 12]})
    path, config = described(tmp_path / "x.csv", frame, time={"step": "1h"})
    assert open_source(path, config).read()[0].frame[TOTAL].notna().sum() == len(frame)
