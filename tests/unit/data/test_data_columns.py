"""Which column plays which part."""

import pytest

from wattcast.contracts import PART, TOTAL
from wattcast.data.columns import column_for, resolve, time_columns
from wattcast.data.schema import DataConfig, TimeConfig
from wattcast.errors import ConfigError, DataError

MERGED = ["ts", "station_ref_id", TOTAL, PART, "temp", "humidity", "windSpeed", "code", "secret"]
WEATHER = ("holiday", "is_peak", "text", "code", "temperature", "humidity", "windSpeed", "cloud")
FOLDER = ["time", "quarter", *WEATHER, "load", "meter"]


def test_resolve__merged_file() -> None:
    columns = resolve(MERGED, DataConfig(), "merged.csv")
    assert (columns.time, columns.station) == ("ts", "station_ref_id")
    assert columns.targets == {TOTAL: TOTAL, PART: PART}
    assert columns.known_future == ("temp", "humidity", "windSpeed", "code")
    assert columns.categorical == ("code",)
    assert columns.ignored == ("secret",)
    assert not columns.described


def test_resolve__predecessor_folder() -> None:
    columns = resolve(FOLDER, DataConfig(), "data")
    assert columns.targets == {TOTAL: "meter", PART: "load"}
    assert columns.known_future == WEATHER
    assert columns.categorical == ("holiday", "text", "code")
    assert columns.ignored == ()
    assert columns.texts == ("time", "holiday", "text", "code")


def test_resolve__chinese_names() -> None:
    columns = resolve(["时间", "站点", "总有功功率(kW)", "不可用功率(kW)", "温度"], DataConfig(), "a.csv")
    assert columns.targets == {TOTAL: "总有功功率(kW)", PART: "不可用功率(kW)"}
    assert columns.known_future == ("温度",)


def test_resolve__listed_columns_add_to_the_recognised() -> None:
    config = DataConfig(known_future=("secret",), past_only=("temp",), categorical=("secret",))
    columns = resolve(MERGED, config, "merged.csv")
    assert columns.known_future == ("humidity", "windSpeed", "code", "secret")
    assert columns.past_only == ("temp",)
    assert columns.categorical == ("code", "secret")


def test_resolve__description_takes_only_what_it_lists() -> None:
    config = DataConfig(targets={PART: "humidity", TOTAL: "secret"}, known_future=("temp",))
    columns = resolve(MERGED, config, "a.csv")
    assert list(columns.measured.items()) == [(TOTAL, "secret"), (PART, "humidity"), ("temp", "temp")]
    assert columns.station is None
    assert set(columns.ignored) == {"station_ref_id", TOTAL, PART, "windSpeed", "code"}


def test_resolve__load_beside_another_total_is_left_alone() -> None:
    columns = resolve(["time", TOTAL, "load"], DataConfig(), "a.csv")
    assert columns.targets == {TOTAL: TOTAL}
    assert columns.ignored == ("load",)


@pytest.mark.parametrize(("header", "total"), [
    (["time", "load"], "load"), (["time", "power"], "power"), (["time", "Wert"], "Wert"), (["Zeit", "EL01"], "EL01"),
    (["time", "P_total_kW", "Q_kvar", "temp"], "P_total_kW"), (["日時", "電力(kW)", "湿度"], "電力(kW)"),
    (["time", "gridLoad", "price", "temperature"], "gridLoad"), (["time", "load", "quarter"], "load"),
])
def test_resolve__the_only_column_that_can_be_the_power_is(header: list[str], total: str) -> None:
    columns = resolve(header, DataConfig(), "a.csv")
    assert columns.targets == {TOTAL: total}
    assert columns.guessed


@pytest.mark.parametrize("header", [
    ["time", "price"], ["time", "reactive_power"], ["time", "consumption", "generation"], ["time", "value", "other"],
    ["time", "load", "is_peak", "quarter"], ["time", "power_forecast"], ["time", "temperature"],
    ["time", "gas_m3"],
])
def test_resolve__what_may_be_something_else_is_not(header: list[str]) -> None:
    with pytest.raises(DataError, match="total active power") as caught:
        resolve(header, DataConfig(), "a.csv")
    assert "data.targets" in str(caught.value)
    assert ", ".join(header) in str(caught.value)


def test_resolve__what_may_be_guessed_is_a_setting() -> None:
    for allowed in (False, "load"):
        with pytest.raises(DataError, match="total active power"):
            resolve(["time", "consumption"], DataConfig(only_power=allowed), "a.csv")
    assert resolve(["time", "load", "consumption"], DataConfig(only_power="load"), "a.csv").targets == {TOTAL: "load"}


def test_resolve__nothing_is_guessed_beside_a_known_name_or_where_it_must_not() -> None:
    assert not resolve(["time", TOTAL, "load"], DataConfig(), "a.csv").guessed
    with pytest.raises(DataError, match="total active power"):
        resolve(["time", "load"], DataConfig(), "a.csv", guess=False)


@pytest.mark.parametrize(("name", "advice"), [
    ("total_activ_power", "{total_active_power: total_activ_power}"), ("site_load", "{total_active_power: site_load}"),
    ("total_reactive_power", "{total_active_power: your_column}"), ("total_irradiance", "{total_active_power: your"),
])
def test_resolve__a_misspelt_total_is_offered_and_a_like_sounding_column_is_not(name: str, advice: str) -> None:
    with pytest.raises(DataError) as caught:
        resolve(["time", name, "setting", "reading"], DataConfig(), "a.csv", guess=False)
    assert advice in str(caught.value)


def test_resolve__missing_columns_are_named_with_the_nearest() -> None:
    config = DataConfig(targets={TOTAL: "energy_kwh"}, known_future=("temperature",))
    with pytest.raises(DataError) as caught:
        resolve(["time", "energy_kw", "rain"], config, "a.csv")
    message = str(caught.value)
    assert "a.csv has no column 'energy_kwh', 'temperature'" in message
    assert "time, energy_kw, rain" in message
    assert "did you mean 'energy_kw'?" in message


def test_resolve__columns_of_another_table_may_be_missing() -> None:
    config = DataConfig(targets={TOTAL: "power"}, known_future=("u", "v"))
    assert resolve(["time", "power"], config, "a.csv", elsewhere=("u", "v")).known_future == ("u", "v")


def test_resolve__no_time() -> None:
    with pytest.raises(DataError, match=r"known to be the time(?s:.*)data\.time\.column"):
        resolve(["meter", "load"], DataConfig(), "a.csv")


@pytest.mark.parametrize("listed", [{"known_future": ["ts"]}, {"past_only": ["station_id"]}])
def test_resolve__what_places_a_row_has_no_other_role(listed: dict[str, list[str]]) -> None:
    with pytest.raises(ConfigError, match=f"gives the column '{next(iter(listed.values()))[0]}' a role"):
        resolve(["ts", "station_id", "total_active_power"], DataConfig.model_validate(listed), "a.csv")


def test_resolve__categorical_without_a_role() -> None:
    with pytest.raises(ConfigError, match="'secret', which has no role"):
        resolve(MERGED, DataConfig(categorical=("secret",)), "a.csv")


def test_column_for__first_alias_wins() -> None:
    assert column_for(["date", "quarter", "ts", "Time"], "time") == "Time"
    assert column_for(["quarter"], "time") is None


@pytest.mark.parametrize(("header", "time", "clock"), [
    (["Datum", "von", "bis", "P"], "Datum", "von"), (["Datum von", "Datum bis", "P"], "Datum von", None),
    (["Start", "End", "P"], "Start", None), (["Date", "From", "To", "P"], "Date", "From"),
    (["end_time", "start_time", "P"], "start_time", None),
    (["utc_timestamp", "cet_cest_timestamp"], "utc_timestamp", None),
    (["Zeit", "P"], "Zeit", None), (["start", "time", "P"], "time", None),
    (["MTU (CET/CEST)", "P"], "MTU (CET/CEST)", None),
    (["Datum", "Zeit von", "Zeit bis"], "Datum", "Zeit von"),
])
def test_time_columns__start_and_end_in_columns_of_their_own(header: list[str], time: str, clock: str | None) -> None:
    assert time_columns(header, TimeConfig()) == (time, clock)


@pytest.mark.parametrize("header", [["2025-05-05 00:00", "401.0"], ["05.05.2025 00:00", "401", "Unnamed: 2"]])
def test_resolve__a_file_without_names_is_told(header: list[str]) -> None:
    with pytest.raises(DataError, match=r"no line with the names of its columns(?s:.*)write one above the values"):
        resolve(header, DataConfig(), "x.csv")
    with pytest.raises(DataError, match="no column that is known to be the time"):
        resolve(["Zeitpkt", "24", "25"], DataConfig(), "x.csv")


@pytest.mark.parametrize(("header", "time", "clock"), [
    (["Date", "Heure", "P"], "Date", "Heure"), (["Fecha", "Hora", "P"], "Fecha", "Hora"),
    (["日付", "時刻", "P"], "日付", "時刻"), (["날짜", "시각", "P"], "날짜", "시각"),
    (["Datum", "Tid", "P"], "Datum", "Tid"), (["Дата", "Время", "P"], "Дата", "Время"),
    (["Start Date", "Start Time", "End Date", "P"], "Start Date", "Start Time"),
    (["Local Date", "Local Time", "P"], "Local Date", "Local Time"),
    (["Ab-Datum", "Ab-Zeit", "P"], "Ab-Datum", "Ab-Zeit"),
    (["数据日期", "时间", "P"], "数据日期", "时间"), (["Local time", "UTC time", "P"], "UTC time", None),
    (["time", "data"], "time", None),
])
def test_time_columns__dates_and_clocks_of_more_countries(header: list[str], time: str, clock: str | None) -> None:
    assert time_columns(header, DataConfig().time) == (time, clock)


def test_resolve__weather_alone_is_said_to_be_laid_beside_its_station() -> None:
    with pytest.raises(DataError, match=r"holds weather alone(?s:.*)north-weather\.csv"):
        resolve(["time", "temperature", "humidity"], DataConfig(), "weather.csv")
    with pytest.raises(DataError, match=r"data.targets: {total_active_power: your_column}"):
        resolve(["time", "temperature", "a", "b"], DataConfig(), "weather.csv")


def test_resolve__a_total_that_is_there_twice_is_an_error_until_one_is_named() -> None:
    header = ["time", TOTAL, f"{TOTAL}.1"]
    with pytest.raises(DataError, match=rf"several columns {TOTAL!r}(?s:.*)or {TOTAL}.1 for the second"):
        resolve(header, DataConfig(), "a.csv")
    assert resolve(header, DataConfig(targets={TOTAL: f"{TOTAL}.1"}), "a.csv").targets == {TOTAL: f"{TOTAL}.1"}


@pytest.mark.parametrize(("header", "time"), [
    (["结束时间", "开始时间", TOTAL], "开始时间"), (["截止时间", TOTAL], "截止时间"),
    (["起始时间", TOTAL], "起始时间")])
def test_resolve__starts_before_ends(header: list[str], time: str) -> None:
    assert resolve(header, DataConfig(), "a.csv").time == time
