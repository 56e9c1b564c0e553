from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_works import ORIGIN, view_of

from wattcast.contracts import Kind
from wattcast.explain.contributions import Explanation, Weather, explain
from wattcast.explain.words import VOCABULARIES, Unit, day_rows, sentence

POWER, ENERGY, NONE = Unit("kW", 1.0), Unit("kWh", 1.0), Unit(None, 1.0)


@pytest.fixture(scope="module")
def explained(with_shares, made) -> Explanation:
    return explain(with_shares({"weather-adjusted-28": 1.0}, simple_only=True), view_of(made))


def of_parts(explained: Explanation, **parts: float) -> Explanation:
    """The same of a usual 100 kW, and parts that are equal in all steps."""
    ones = np.ones_like(explained.usual)
    made = {key: value * ones for key, value in parts.items()}
    return replace(explained, usual=100 * ones, parts=made, median=(100 + sum(parts.values())) * ones)


def test_sentence__tells_how_much_against_what_and_why(explained) -> None:
    weather = {"temperature": (Weather("temperature", np.full(168, 9.0), np.full(168, 15.0)),)}
    told = replace(of_parts(explained, day_type=-14.0, temperature=-3.0, level=-1.0), weather=weather)
    assert sentence(told, 0, 2, POWER, "en") == (
        "Thursday 2025-05-01: 1.97 MWh, 18 % below a usual Thursday: holiday −14 %, 6° colder −3 %, "
        "level of the last days −1 %.")
    assert sentence(told, 0, 2, POWER, "zh") == (
        "2025-05-01（星期四）：1.97 MWh，比平常的星期四低 18 %：节假日 −14 %，气温低 6 度 −3 %，近几日水平 −1 %。")


def test_sentence__adds_up_as_it_is_shown(explained) -> None:
    told = of_parts(explained, level=1.4, day_type=1.4, temperature=1.4)
    assert "4 % above" in sentence(told, 0, 1, POWER, "en")
    shares = [int(word.strip("+%,.")) for word in sentence(told, 0, 1, POWER, "en").split() if word.startswith("+")]
    assert sum(shares) == 4


def test_sentence__of_a_day_as_usual(explained) -> None:
    assert sentence(of_parts(explained, level=0.0), 0, 1, POWER, "en") == (
        "Wednesday 2025-04-30: 2.4 MWh, as on a usual Wednesday.")


def test_sentence__without_a_unit_tells_the_mean(explained) -> None:
    assert "a mean of 110, 10 % above" in sentence(of_parts(explained, level=10.0), 0, 1, NONE, "en")


def test_sentence__where_use_and_feed_in_are_about_equal_tells_amounts(explained) -> None:
    told = of_parts(explained, level=10.0)
    usual = told.usual * np.where(np.arange(168) % 2, 1.0, -0.9)[:, None]
    told = replace(told, usual=usual, median=usual + 10)
    assert "240 kWh above a usual Wednesday: level of the last days +240 kWh" in sentence(told, 0, 1, POWER, "en")


def test_sentence__of_a_plant_or_of_days_that_begin_in_between_names_no_weekday(explained) -> None:
    told = of_parts(explained, level=10.0)
    assert "above a usual day" in sentence(replace(told, kind=Kind.PV), 0, 1, POWER, "en")
    shifted = replace(told, index=pd.date_range(ORIGIN + pd.Timedelta(hours=6), periods=168, freq="1h"))
    assert sentence(shifted, 0, 1, POWER, "en").startswith("The 24 hours from 2025-04-30 06:00: ")


def test_sentence__of_a_column_without_a_name_of_ours_keeps_its_own(explained) -> None:
    assert "alpha −5 %" in sentence(of_parts(explained, alpha=-5.0), 0, 1, POWER, "en")


@pytest.mark.parametrize(("key", "given", "usual", "words"), [
    ("irradiance", 70.0, 100.0, "30 % less sun −5 %"), ("wind", 3.0, 2.0, "50 % more wind −5 %"),
    ("rain", 3.0, 2.0, "more rain −5 %"), ("irradiance", 101.0, 100.0, ": sun −5 %"),
    ("temperature", 20.2, 20.0, "temperature −5 %"),
    ("temperature", 23.0, 20.0, "3° warmer −5 %"), ("humidity", np.nan, 2.0, "humidity −5 %")])
def test_sentence__tells_how_the_weather_differs(key, given, usual, words, explained) -> None:
    weather = {key: (Weather(key, np.full(168, given), np.full(168, usual)),)}
    assert words in sentence(replace(of_parts(explained, **{key: -5.0}), weather=weather), 0, 1, POWER, "en")


@pytest.mark.parametrize(("unit", "values", "words"), [
    (POWER, 17200.0, "412.8 MWh"), (ENERGY, 17.2, "412.8 kWh"), (Unit("MW", 0.25), 4.0, "24 MWh"),
    (Unit("兆瓦", 1.0), -0.001, "−24 kWh"), (Unit("hp", 1.0), 2.0, "48 hp·h")])
def test_unit__tells_energy(unit, values, words) -> None:
    amount = unit.amount(unit.total(np.full(24, values)))
    assert amount == words.replace("412.8", "413")


def test_vocabularies__name_the_same_things() -> None:
    first, *others = VOCABULARIES.values()
    assert all(other.names.keys() == first.names.keys() and other.more.keys() == first.more.keys() for other in others)


def test_day_rows__add_up_and_leave_out_what_is_nothing(explained) -> None:
    rows = day_rows(explained, 0, "en")
    assert rows[0]["part"] == "usual day"
    assert "limits" not in [row["part"] for row in rows]
    for heading in list(rows[0])[1:]:
        *parts, whole = (float(row[heading]) for row in rows)
        assert sum(parts) == pytest.approx(whole, abs=1e-9)
