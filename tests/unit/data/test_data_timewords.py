"""Words in times: months, weekdays, spans, zones."""

import pandas as pd
import pytest

from wattcast.data.times import as_written, to_instants
from wattcast.errors import DataError

SHANGHAI = "Asia/Shanghai"


def instants(cells: list[str], timezone: str = SHANGHAI) -> list[str]:
    index = to_instants(pd.Series(cells, name="time"), timezone, lambda row: f"line {row + 2}")[0]
    return list(index.strftime("%Y-%m-%d %H:%M%z"))


@pytest.mark.parametrize("text", [
    "15. Februar 2025 00:15", "15.Feb.2025 00:15", "15 févr. 2025 00:15", "15 de febrero de 2025 00:15",
    "15-feb-25 00:15", "15 Feb 2025 00:15", "15th February 2025 00:15", "15/Feb/2025 00:15",
    "Sa 15.02.2025 00:15", "Sat, 15 Feb 2025 00:15", "Samstag, 15. Februar 2025 00:15", "sáb. 15 feb 2025 00:15",
    "2025-02-15 Sa 00:15", "2025/2/15 星期六 00:15", "2025年2月15日(周六) 00:15", "2025-02-15 00:15:00,000",
])
def test_to_instants__names_of_months_and_weekdays(text: str) -> None:
    assert instants([text, text]) == ["2025-02-15 00:15+0800"] * 2


@pytest.mark.parametrize("month", ["Jänner", "März", "Mrz", "Mai", "Juni", "Juli", "August", "Oktober", "Dez",
                                   "août", "déc", "mayo", "ottobre", "maart"])
def test_to_instants__months_are_those_of_the_calendar(month: str) -> None:
    number = {"Jänner": 1, "März": 3, "Mrz": 3, "maart": 3, "Mai": 5, "mayo": 5, "Juni": 6, "Juli": 7, "August": 8,
              "août": 8, "Oktober": 10, "ottobre": 10, "Dez": 12, "déc": 12}[month]
    assert instants([f"02. {month} 2025 00:15"]) == [f"2025-{number:02}-02 00:15+0800"]


def test_to_instants__a_word_that_is_no_month_is_named() -> None:
    with pytest.raises(DataError, match=r"line 3(?s:.*)Germinal"):
        instants(["15. Februar 2025 00:15", "15. Germinal 2025 00:15"])


@pytest.mark.parametrize(("form", "between"), [
    ("%d.%m.%Y %H:%M", " - "), ("%Y-%m-%d %H:%M", " - "), ("%Y-%m-%dT%H:%M:%S", "/"), ("%d/%m/%Y %H:%M", " to "),
    ("%Y-%m-%d %H:%M", " bis "), ("%d.%m.%Y %H:%M", "–")])
@pytest.mark.parametrize("short", [False, True])
def test_to_instants__spans_begin_with_their_start(form: str, between: str, short: bool) -> None:
    index = pd.date_range("2025-05-20", periods=192, freq="15min")
    end = (index + pd.Timedelta("15min")).strftime(form.split("%H")[1].join(["%H", ""]) if short else form)
    texts = pd.Series(index.strftime(form) + between + end, name="time")
    assert list(as_written(texts, str, day_first=None)[0]) == list(index)


def test_to_instants__an_offset_is_no_end_of_a_span() -> None:
    index = pd.date_range("2025-05-20", periods=96, freq="15min")
    for every in (1, 96):
        texts = list(index[::every].strftime("%Y-%m-%d %H:%M-05:00"))
        assert instants(texts, "America/Bogota") == [text[:-6] + "-0500" for text in texts]
    # Without blanks, and with a date in ISO form, this was taken for offsets.
    texts = [f"{time:%Y-%m-%d %H:%M}-{time + pd.Timedelta('15min'):%H:%M}" for time in index]
    assert instants(texts) == list(index.strftime("%Y-%m-%d %H:%M+0800"))


def test_to_instants__abbreviations_of_zones() -> None:
    index = pd.date_range("2024-10-27", periods=6, freq="1h", tz="Europe/Berlin")
    for form in ("%Y-%m-%d %H:%M %Z", "%d.%m.%Y %H:%M (%Z)"):
        assert instants(list(index.strftime(form)), "Europe/Berlin") == list(index.strftime("%Y-%m-%d %H:%M%z"))
    assert instants(["27.10.2024 00:00 UTC"]) == ["2024-10-27 08:00+0800"]
    assert as_written(pd.Series(["2024-10-27 00:00 MESZ"], name="t"), str)[1] == (
        "the zone stands behind the times: MESZ is UTC+2")
    with pytest.raises(DataError, match="line 3: some times have a UTC offset and some have none"):
        instants(["2024-10-27 00:00 CET", "2024-10-27 01:00"])


def test_to_instants__the_two_hours_of_a_night_in_autumn() -> None:
    texts = ["27.10.2024 01:00", "27.10.2024 2A:00", "27.10.2024 2B:00", "27.10.2024 03:00"]
    assert [text[11:] for text in instants(texts, "Europe/Berlin")] == ["01:00+0200", "02:00+0200", "02:00+0100",
                                                                        "03:00+0100"]
