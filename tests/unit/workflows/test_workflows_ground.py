import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Horizon, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.forecasting.config import ForecastConfig
from wattcast.workflows.ground import (
    Moment,
    Quality,
    Reason,
    age_reasons,
    newest_before,
    row_reasons,
    weather_gap,
    weather_kind,
    weather_reasons,
)

ZONE = "Asia/Shanghai"
DAY = pd.Timedelta(days=1)
WEEK = Horizon(168, pd.Timedelta("1h"))
CONFIG = ForecastConfig()


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE)


def test_quality__is_as_bad_as_its_worst_reason() -> None:
    late, stale = Reason("late", "degraded", "x"), Reason("stale", "stale", "y")
    assert [Quality(reasons).mark for reasons in ((), (late,), (late, stale), (stale, late))] == [
        "ok", "degraded", "stale", "stale"]
    assert Quality((late,)).to_dict() == {
        "quality": "degraded", "reasons": [{"code": "late", "mark": "degraded", "sentence": "x"}]}


def ages(now: str, end: str, origin: str | None = None, asked: str | None = None, part: str | None = None,
         config: ForecastConfig = CONFIG) -> list[Reason]:
    newest = {TOTAL: at(end)} | ({} if part is None else {PART: at(part)})
    return age_reasons(Moment(at(now), at(asked or now), at(origin or end)), newest, WEEK, config)


@pytest.mark.parametrize(("now", "end", "codes"), [
    ("2025-05-02 00:00", "2025-05-02 00:00", []), ("2025-05-02 23:59", "2025-05-02 00:00", []),
    ("2025-05-02 08:00", "2025-05-02 07:00", []), ("2025-05-02 08:00", "2025-05-01 23:00", ["late"]),
    ("2025-05-02 08:00", "2025-05-01 00:00", ["late"]), ("2025-05-02 08:00", "2025-04-18 08:00", ["late"]),
    ("2025-05-02 08:00", "2025-04-18 07:00", ["stale"]), ("2025-05-02 08:00", "2025-05-02 09:00", []),
    ("2025-05-02 08:00", "2025-05-02 16:00", ["ahead"])])
def test_age__yesterday_is_expected_to_be_complete(now: str, end: str, codes: list[str]) -> None:
    assert [reason.code for reason in ages(now, end)] == codes


def test_age__days_that_rows_may_come_late() -> None:
    config = ForecastConfig(late_days=2, stale_days=3)
    found = [[reason.code for reason in ages("2025-05-05 08:00", end, config=config)]
             for end in ("2025-05-03 00:00", "2025-05-02 23:00", "2025-05-02 07:00")]
    assert found == [[], ["late"], ["stale"]]


def test_age__says_which_week_the_file_covers_and_which_it_should() -> None:
    reason, = ages("2025-04-29 03:00", "2025-04-27 00:00")
    assert reason.sentence == (
        "the newest row is 2 days 3h old; the file covers 2025-04-27 00:00 to 2025-05-04 00:00, not 2025-04-29 00:00 "
        "to 2025-05-06 00:00; --at today forecasts from today's midnight")
    reason, = ages("2025-04-29 03:00", "2025-04-27 00:00", origin="2025-04-29 00:00")
    assert reason.sentence == "the newest row is 2 days 3h old; missing before the origin: 2 days"


def test_age__one_target_is_named() -> None:
    reason, = ages("2025-04-29 03:00", "2025-04-29 00:00", part="2025-04-26 00:00")
    assert reason.sentence.startswith("the newest row of not_use_power is 3 days 3h old; missing before")


def test_age__an_origin_that_was_asked_for_is_judged_as_of_then() -> None:
    assert ages("2026-01-01 08:00", "2025-04-29 00:00", asked="2025-04-29 00:00") == []
    reason, = ages("2026-01-01 08:00", "2025-04-29 00:00", origin="2025-05-30 12:00", asked="2025-05-30 12:00")
    assert reason.mark == "stale"
    assert "31 days 12h old at the origin" in reason.sentence


def test_age__nothing_was_measured() -> None:
    reason, = age_reasons(Moment(at("2025-05-02"), at("2025-05-02"), at("2025-05-02")), {}, WEEK, CONFIG)
    assert reason.mark == "stale"


def test_age__a_day_that_begins_late() -> None:
    """In Beirut the clocks went from midnight to one on 30 March 2025: that is when the day began."""
    now = pd.Timestamp("2025-03-30 09:00", tz="Asia/Beirut")
    begins = pd.Timestamp("2025-03-30 01:00", tz="Asia/Beirut")
    assert age_reasons(Moment(now, now, begins), {TOTAL: begins}, WEEK, CONFIG) == []


def station_data(known_future: tuple[str, ...] = ("temperature", "wind"), days: int = 20) -> StationData:
    """Hours of twenty days; weather for three days more, of wind for one."""
    index = pd.date_range("2025-04-01", periods=24 * (days + 3), freq="1h", tz=ZONE, name="time")
    frame = pd.DataFrame({TOTAL: 500.0, PART: 300.0, "temperature": 15.0, "wind": 3.0}, index=index)
    frame.loc[frame.index >= at("2025-04-01") + days * DAY, [TOTAL, PART]] = np.nan
    frame.loc[frame.index >= at("2025-04-01") + (days + 1) * DAY, "wind"] = np.nan
    station = Station(id="works", targets=(TOTAL, PART), known_future=known_future, step="1h")
    return StationData(station, frame[list(station.columns)])


def test_newest__by_target_and_before_the_origin() -> None:
    data = station_data()
    data.frame.loc[data.frame.index >= at("2025-04-15"), PART] = np.nan
    assert newest_before(data, at("2025-04-21")) == {TOTAL: at("2025-04-21"), PART: at("2025-04-15")}
    assert newest_before(data, at("2025-04-14 06:00")) == dict.fromkeys((TOTAL, PART), at("2025-04-14 06:00"))
    data.frame[PART] = np.nan
    assert newest_before(data, at("2025-04-21")) == {TOTAL: at("2025-04-21")}


def test_rows__a_share_of_each_span_has_to_be_measured() -> None:
    data, origin = station_data(), at("2025-04-21")
    assert row_reasons(data, origin, (DAY, 14 * DAY), CONFIG) == []
    data.frame.loc[at("2025-04-20 02:00"):at("2025-04-20 19:00"), PART] = np.nan
    reason, = row_reasons(data, origin, (DAY, 14 * DAY), CONFIG)
    assert (reason.code, reason.sentence) == (
        "few_rows", "not_use_power: only 25% of the 1 day before the origin were measured")
    assert row_reasons(data, origin, (14 * DAY,), CONFIG) == []
    assert row_reasons(data, origin, (), CONFIG) == []
    assert row_reasons(data, origin, (DAY,), ForecastConfig(measured_share=0.2)) == []
    reason, = row_reasons(station_data(), at("2025-04-08"), (14 * DAY,), CONFIG)[:1]
    assert "only 50% of the 14 days" in reason.sentence


def view(data: StationData, **told: object) -> HorizonView:
    return HorizonView(data, at("2025-04-21"), WEEK, **told)


def test_weather__where_it_ends_and_what_is_missing() -> None:
    made = view(station_data())
    assert made.weather_coverage == pytest.approx((3 + 1) / 14)
    assert weather_gap(made) == ("weather was known for 29% of the horizon; the rest was masked; it ends at 2025-04-24 "
                                 "00:00, 4 days before the horizon does")
    reason, = weather_reasons(made, True, CONFIG)
    assert (reason.code, reason.mark) == ("short_weather", "degraded")
    assert weather_reasons(made, True, ForecastConfig(weather_share=0.2)) == []
    given = pd.DataFrame({"temperature": 15.0}, index=pd.date_range("2025-04-21", periods=168, freq="1h", tz=ZONE))
    alone = view(station_data(("wind", "temperature")), future_weather=given)
    assert "it ends" not in weather_gap(alone)
    data = station_data()
    data.frame["wind"] = np.nan
    assert weather_gap(view(data)).endswith("; nothing is known of wind")


def test_weather__none_matters_only_to_a_model_that_uses_it() -> None:
    none = view(station_data(), weather="none")
    reason, = weather_reasons(none, True, CONFIG)
    assert reason.code == "no_weather"
    assert weather_reasons(none, False, CONFIG) == []
    assert weather_reasons(view(station_data(())), True, CONFIG) == []


def test_weather__its_kind_in_a_word() -> None:
    data = station_data()
    assert weather_kind(view(data)) == "given"
    assert weather_kind(view(data, weather="none")) == "none"
    assert weather_kind(HorizonView(data, at("2025-04-18"), WEEK)) == "measured"
    table = data.frame.loc[at("2025-04-21"):, ["temperature"]]
    table.index = pd.MultiIndex.from_product([[at("2025-04-20")], table.index], names=["issued", "time"])
    issued = StationData(data.station, data.frame, WeatherVintages(table))
    assert weather_kind(view(issued)) == "issued"
    given = pd.DataFrame({"wind": 3.0}, index=pd.date_range("2025-04-21", periods=48, freq="1h", tz=ZONE))
    assert weather_kind(view(issued, future_weather=given)) == "given"
