import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL, Horizon
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.errors import InputError, LeakageError
from wattcast.evaluation.horizon_view import HorizonView

HOUR = pd.Timedelta("1h")


@pytest.fixture
def station(make_station):
    return make_station(3, known_future=("temperature", "wind"))


@pytest.fixture
def origin(station):
    return station.frame.index[2 * 168]


def with_vintages(data: StationData, issues: dict[pd.Timestamp, float], columns=("temperature", "wind"),
                  steps: int = 168) -> StationData:
    tables = {issued: pd.DataFrame(dict.fromkeys(columns, value),
                                   index=pd.date_range(issued, periods=steps, freq=HOUR, name="time"))
              for issued, value in issues.items()}
    return StationData(data.station, data.frame, WeatherVintages(pd.concat(tables, names=["issued", "time"])))


def test_history__ends_one_step_before_the_origin(station, origin):
    history = HorizonView(station, origin, Horizon(168, HOUR)).history(5)
    assert history.index[-1] == origin - HOUR
    assert list(history.columns) == list(station.station.columns)
    assert history[TOTAL].tolist() == [3163.0, 3164.0, 3165.0, 3166.0, 3167.0]


def test_history__longer_than_the_data_begins_with_missing_rows(station, origin):
    history = HorizonView(station, origin, Horizon(168, HOUR)).history(2 * 168 + 3)
    assert len(history) == 2 * 168 + 3
    assert history[TOTAL].isna().tolist() == [True] * 3 + [False] * 336


def test_history__after_the_end_of_the_data_is_missing(station):
    late = station.frame.index[-1] + 3 * HOUR
    history = HorizonView(station, late, Horizon(168, HOUR)).history(4)
    assert history[TOTAL].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("ask", [
    lambda view: view.history(-1),
    lambda view: view.rows(view.origin, view.origin + HOUR),
    lambda view: view.rows(view.origin + HOUR, view.origin),
])
def test_view__asking_past_the_origin_is_a_leak(station, origin, ask):
    with pytest.raises(LeakageError, match="origin"):
        ask(HorizonView(station, origin, Horizon(168, HOUR)))


def test_rows__up_to_the_origin_are_allowed(station, origin):
    rows = HorizonView(station, origin, Horizon(168, HOUR)).rows(origin - 2 * HOUR, origin)
    assert rows.index.tolist() == [origin - 2 * HOUR, origin - HOUR]


def test_view__no_later_measurement_is_reachable_through_memory(station, origin):
    later_issue = 987654.0
    data = with_vintages(station, {origin: 8.0, origin + HOUR: later_issue})
    view = HorizonView(data, origin, Horizon(168, HOUR))
    for table in (view.history(24), view.training_data().frame, view.rows(origin - 24 * HOUR, origin), view.future(),
                  view.training_data().vintages.table):
        for column in table:
            values = table[column].to_numpy()
            while values.base is not None:
                values = values.base
            assert not np.isin(values, [*station.frame[TOTAL].loc[origin:], later_issue]).any()


def test_view__what_a_forecaster_writes_into_a_table_stays_there(station, origin):
    view = HorizonView(station, origin, Horizon(168, HOUR))
    for table in (view.training_data().frame, view.history(3), view.future()):
        table.iloc[:, 0] = -1.0
    assert (view.history(24)[TOTAL] > 0).all()
    assert (view.training_data().frame[TOTAL] > 0).all()
    assert (view.future()["temperature"] > 0).all()
    assert (station.frame[TOTAL] > 0).all()


def test_training_data__ends_at_the_origin_and_knows_no_later_issue(station, origin):
    data = with_vintages(station, {origin - 24 * HOUR: 7.0, origin: 8.0, origin + 24 * HOUR: 9.0})
    known = HorizonView(data, origin, Horizon(168, HOUR)).training_data()
    assert known.frame.index[-1] == origin - HOUR
    assert known.vintages.table.index.get_level_values("issued").max() == origin
    assert (known.vintages.as_of(origin + 48 * HOUR)["wind"] == 8.0).all()


def test_future__without_issues_is_the_rows_of_the_data(station, origin):
    view = HorizonView(station, origin, Horizon(168, HOUR))
    assert list(view.future().columns) == ["temperature", "wind"]
    assert view.future()["wind"].tolist() == (np.arange(336, 504) + 0.5).tolist()
    assert view.weather_coverage == 1.0
    assert view.weather_source == "measured afterwards (perfect weather)"


def test_future__rows_after_the_last_measurement_were_given(station, origin):
    frame = station.frame.copy()
    frame.loc[origin:, TOTAL] = np.nan
    view = HorizonView(StationData(station.station, frame), origin, Horizon(168, HOUR))
    assert view.weather_source == "given"
    assert view.weather_coverage == 1.0


def test_future__beyond_the_data_is_missing(station):
    view = HorizonView(station, station.frame.index[-84], Horizon(168, HOUR))
    assert view.weather_coverage == 0.5
    assert view.future()["wind"].isna().tolist() == [False] * 84 + [True] * 84


def test_future__newest_issue_wins_and_the_rows_of_the_data_are_never_used(station, origin):
    issues = {origin - 24 * HOUR: 7.0, origin - HOUR: 8.0, origin + HOUR: 9.0}
    view = HorizonView(with_vintages(station, issues, columns=("wind",), steps=49), origin, Horizon(168, HOUR))
    future = view.future()
    assert future["wind"].tolist()[:48] == [8.0] * 48
    assert future["wind"].isna().sum() == 120
    assert future["temperature"].isna().all()
    assert view.weather_source.startswith("issued 2025-03-16 23:00")
    assert view.weather_coverage == pytest.approx(48 / 336)


def test_future__no_issue_yet_is_no_weather(station, origin):
    view = HorizonView(with_vintages(station, {origin + HOUR: 9.0}), origin, Horizon(168, HOUR))
    assert view.future().isna().all(axis=None)
    assert (view.weather_source, view.weather_coverage) == ("none", 0.0)


def test_future__what_the_user_gives_comes_first_and_may_be_partial(station, origin):
    given = pd.DataFrame({"wind": -1.0, "price": 5.0}, index=pd.date_range(origin, periods=24, freq=HOUR))
    view = HorizonView(with_vintages(station, {origin: 8.0}), origin, Horizon(168, HOUR),
                       future_weather=given.tz_convert("UTC"))
    future = view.future()
    assert future["wind"].tolist() == [-1.0] * 24 + [8.0] * 144
    assert list(future.columns) == ["temperature", "wind"]
    assert view.weather_source == "given, then issued 2025-03-17 00:00"


def test_future__weather_none_leaves_everything_missing(station, origin):
    given = pd.DataFrame({"wind": -1.0}, index=pd.date_range(origin, periods=24, freq=HOUR))
    view = HorizonView(station, origin, Horizon(168, HOUR), weather="none", future_weather=given)
    assert view.future().isna().all(axis=None)
    assert len(view.future()) == 168
    assert view.weather_source == "none"


def test_future__categories_keep_their_type(station, origin):
    frame = station.frame.assign(wind=np.where(np.arange(504) % 2, "rain", "sun"))
    data = StationData(station.station, frame)
    assert HorizonView(data, origin, Horizon(168, HOUR)).future()["wind"].tolist()[:2] == ["sun", "rain"]
    absent = HorizonView(data, origin, Horizon(168, HOUR), weather="none").future()
    assert absent.dtypes.tolist() == frame[["temperature", "wind"]].dtypes.tolist()
    assert absent["wind"].isna().all()


def test_future__station_without_known_future_columns(make_station):
    data = make_station(2)
    view = HorizonView(data, data.frame.index[168], Horizon(10, HOUR))
    assert view.future().shape == (10, 0)
    assert (view.weather_source, view.weather_coverage) == ("none", 1.0)


def test_view__across_a_dst_change_every_hour_is_there_once(make_station):
    data = make_station(5, timezone="Europe/Amsterdam")
    origin = pd.Timestamp("2025-03-31 00:00", tz="Europe/Amsterdam")
    view = HorizonView(data, origin, Horizon(168, HOUR))
    history = view.history(30)
    assert history[TOTAL].notna().all()
    assert history.index[-1] == origin - HOUR
    assert view.rows(pd.Timestamp("2025-03-30", tz="Europe/Amsterdam"), origin).shape[0] == 23


def test_view__origin_between_two_steps_is_refused(station, origin):
    with pytest.raises(InputError, match="between two steps"):
        HorizonView(station, origin + pd.Timedelta("7min"), Horizon(168, HOUR))
