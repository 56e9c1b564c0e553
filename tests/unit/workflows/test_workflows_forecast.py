import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from wattcast.contracts import QUANTILES, TOTAL, Forecast, Station, quantile_column
from wattcast.errors import DataError
from wattcast.settings import load_settings
from wattcast.store.memory import MemoryStation, MemoryStore
from wattcast.workflows.forecast import ForecastOutcome, keep_issued, save_forecasts

START = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")
DAY = pd.Timedelta(days=1)
COLUMNS = (TOTAL, *(quantile_column(TOTAL, level) for level in QUANTILES))


def outcome(day: int, station: MemoryStation | None, keep_days: int = 400) -> ForecastOutcome:
    index = pd.date_range(START + day * DAY, periods=24, freq="1h", name="time")
    made = Forecast("works", index[0], "wattcast", pd.DataFrame(dict.fromkeys(COLUMNS, 1.0), index=index))
    ground = cast("Any", SimpleNamespace(weather="none", quality=SimpleNamespace(mark="ok"),
                                         rows=SimpleNamespace(data=SimpleNamespace(vintages=None))))
    return ForecastOutcome(made, Station(id="works", step="1h"), "v0001", ground, ("a note",), (), index[0], station,
                           keep_days=keep_days)


def test_keep_issued__those_that_are_too_old_go_and_that_is_told(caplog) -> None:
    station = MemoryStore().station("works")
    with caplog.at_level(logging.INFO, "wattcast"):
        for day in (0, 1, 400):
            keep_issued(outcome(day, station))
        assert caplog.text == ""
        keep_issued(outcome(401, station))
    assert [origin for origin, _ in station.issues()] == [START + day * DAY for day in (1, 400, 401)]
    assert "works: 1 issued forecasts older than 400 days are removed (forecast.keep_days)" in caplog.text
    keep_issued(outcome(402, station, keep_days=1))
    assert [origin for origin, _ in station.issues()] == [START + day * DAY for day in (401, 402)]
    assert next(iter(station.forecasts())).notes == ("a note",)


def test_save_forecasts__one_that_is_not_issued_is_not_kept_and_a_full_disk_is_a_warning(
        caplog, monkeypatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise DataError("cannot write x", found="No space left on device")

    monkeypatch.setattr(MemoryStation, "keep_forecast", refuse)
    save_forecasts([outcome(0, None)], tmp_path / "made.csv")
    assert caplog.text == ""
    save_forecasts([outcome(0, MemoryStore().station("works"))], tmp_path / "made.csv")
    assert "not kept to be compared later: cannot write x" in caplog.text
    assert (tmp_path / "made.csv").exists()


def test_keep_issued__with_the_mark_of_what_stood_in() -> None:
    station = MemoryStore().station("works")
    keep_issued(outcome(0, station), "previous")
    assert next(iter(station.forecasts())).fallback == "previous"


@pytest.mark.parametrize("keep_days", [60, 3000])
def test_keep_days__is_a_setting(keep_days: int) -> None:
    assert load_settings(assignments=[f"forecast.keep_days={keep_days}"]).forecast.keep_days == keep_days
