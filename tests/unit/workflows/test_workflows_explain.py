import logging

import pandas as pd
import pytest

from wattcast.contracts import Station
from wattcast.data.schema import DataConfig
from wattcast.errors import ConfigError, InputError
from wattcast.workflows import explain as workflow
from wattcast.workflows.explain import day_of, origin_before, units_of

STATION = Station(id="north", step="15min")
ORIGIN = pd.Timestamp("2025-04-01", tz="Asia/Shanghai")


@pytest.mark.parametrize(("day", "origin"), [(None, "2025-04-10"), (1, "2025-04-10"), (3, "2025-04-08")])
def test_origin_before__is_a_midnight_so_many_days_before(day, origin) -> None:
    assert origin_before("2025-04-10", day) == origin


@pytest.mark.parametrize(("day", "missed", "meant"), [(None, None, 1), (7, None, 7), (None, "2025-04-03", 3)])
def test_day_of__is_the_day_that_is_meant(day, missed, meant) -> None:
    assert day_of(STATION, ORIGIN, day, missed) == meant


def test_day_of__another_one_is_an_error() -> None:
    with pytest.raises(ConfigError, match="--day 8 lies outside"):
        day_of(STATION, ORIGIN, 8, None)
    with pytest.raises(InputError, match="is not a day of the forecast"):
        day_of(STATION, ORIGIN, None, "2025-04-09")
    with pytest.raises(InputError, match="is not day 2 of the forecast"):
        day_of(STATION, ORIGIN, 2, "2025-04-03")


@pytest.mark.parametrize(("column", "unit", "name"), [
    ("load_kw", None, "kW"), ("energy_kwh", None, "kWh"), ("总功率(兆瓦)", None, "兆瓦"), ("load", None, None),
    ("load", "MW", "MW")])
def test_units_of__a_setting_or_the_columns_name_tells(column, unit, name) -> None:
    data = DataConfig(targets={"total_active_power": column}, unit=unit)
    (found,) = units_of(STATION, data)
    assert (found.name, found.hours) == (name, 0.25)


def test_picture__is_english_where_no_font_has_chinese(monkeypatch, caplog) -> None:
    monkeypatch.setattr(workflow, "draws_chinese", lambda: False)
    with caplog.at_level(logging.WARNING, logger="wattcast"):
        assert workflow._drawn_in("zh") == "en"
    assert "no font with Chinese characters" in caplog.text
    monkeypatch.setattr(workflow, "draws_chinese", lambda: True)
    assert workflow._drawn_in("zh") == "zh"
