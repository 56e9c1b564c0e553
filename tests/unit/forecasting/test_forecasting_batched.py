"""Stations forecast together give the numbers that they give one by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import PART, TOTAL, Kind, Location, Station
from wattcast.data.schema import StationData, WeatherVintages
from wattcast.evaluation.horizon_view import HorizonView
from wattcast.experts.pretrained import Pretrained
from wattcast.forecasting import batched
from wattcast.forecasting.batched import Rules, said_together
from wattcast.forecasting.untrained import UntrainedForecaster, finished
from wattcast.settings import Settings
from wattcast.timegrid import station_horizon

RECIPE = Settings().recipe()
RULES = Rules(RECIPE)


def station(name: str, days: float, *, step: str = "1h", zone: str = "UTC", last: str = "2025-04-03 07:00",
            **said: object) -> StationData:
    """So many days up to `last`, with weather and the weather of the horizon where there is a column for it."""
    told = Station(id=name, step=step, timezone=zone, horizon="7d" if name == "plain" else "2d", **said)                          # type: ignore[arg-type]
    end = pd.Timestamp(last, tz=zone)
    index = pd.date_range(end - pd.Timedelta(days=days), end + pd.Timedelta(days=7), freq=step, inclusive="left",
                          name="time")
    random = np.random.default_rng(len(name) + sum(map(ord, name)))
    hour = index.hour.to_numpy() + index.minute.to_numpy() / 60
    sun = np.maximum(np.sin((hour - 6) * np.pi / 12), 0) * random.uniform(0.3, 1, len(index))
    level = 10.0 ** random.integers(0, 4)
    power = level * (sun if told.kind is Kind.PV else 3 + np.sin(hour * np.pi / 12) + (index.day_of_week < 5)
                     + random.normal(0, 0.2, len(index)))
    columns = {TOTAL: power, PART: 0.6 * power, "temperature": 9 + 9 * sun + random.normal(0, 1, len(index)),
               "irradiance": 900 * sun, "wind_speed": 5 + random.gamma(2.0, 1.0, len(index))}
    frame = pd.DataFrame({name: columns[name] for name in told.columns}, index=index)
    frame.loc[index >= end, list(told.targets)] = np.nan
    return StationData(told, frame)


def with_gaps(data: StationData) -> StationData:
    frame = data.frame.copy()
    frame.iloc[-900:-700, 0] = np.nan
    frame.iloc[-500:-480] = np.nan
    return replace(data, frame=frame)


def with_issues(data: StationData) -> StationData:
    """The same weather, a little off, as it was issued every morning for four days."""
    weather = data.frame[list(data.station.known_future)]
    issues = {day: weather.loc[day:day + pd.Timedelta(days=4)] + 0.5
              for day in pd.date_range(weather.index[0].ceil("D"), data.end, freq="D")}
    table = pd.concat(issues, names=["issued", "time"])
    return StationData(data.station, data.frame.loc[:data.end - pd.Timedelta("1ns")], WeatherVintages(table))


WEATHER = ("temperature",)
STATIONS = {
    "plain": station("plain", 90),
    "another": station("another", 75),
    "quarters": station("quarters", 80, step="15min", zone="Asia/Shanghai", location=Location(country="CN")),
    "clocks changed": station("clocks changed", 90, zone="Europe/Berlin", location=Location(country="DE")),
    "clocks to change": station("clocks to change", 60, zone="Europe/Berlin", last="2025-10-24 00:00"),
    "weather": station("weather", 90, zone="Europe/London", known_future=WEATHER),
    "weather, too": station("weather, too", 90, zone="Europe/London", known_future=WEATHER),
    "gaps": with_gaps(station("gaps", 90, known_future=WEATHER)),
    "issued": with_issues(station("issued", 80, known_future=WEATHER)),
    "sun": station("sun", 80, kind=Kind.PV, known_future=("irradiance",), capacity=2e4,
                   location=Location(latitude=51.0, longitude=9.0)),
    "open sky": station("open sky", 80, zone="Europe/Berlin", kind=Kind.PV, location=Location(country="DE")),
    "open sky elsewhere": station("open sky elsewhere", 80, kind=Kind.PV,
                                  location=Location(latitude=-33.0, longitude=20.0)),
    "open sky for a day": station("open sky for a day", 1, zone="Asia/Shanghai", kind=Kind.PV),
    "wind": station("wind", 80, kind=Kind.WIND, known_future=("wind_speed",)),
    "two targets": station("two targets", 50, targets=(TOTAL, PART), known_future=WEATHER),
    "ten days": station("ten days", 10),
    "hours": station("hours", 0.5),
    "two days of quarters": station("two days of quarters", 2, step="15min", known_future=WEATHER),
}


def view(data: StationData) -> HorizonView:
    return HorizonView(data, data.end, station_horizon(data.station))


def recent(data: StationData) -> StationData:
    """As much of it as is read of a store."""
    return replace(data, frame=data.frame.loc[data.end - pd.Timedelta(days=71):])


@pytest.fixture(scope="module")
def kept() -> dict[str, dict[str, np.ndarray]]:
    """What is worked out when measurements come in."""
    made = {}
    for name, data in STATIONS.items():
        standing = RULES.stand(view(data), {})
        assert not standing.recalled
        made[name] = {RULES.key(view(data)): standing.judged.packed()}
    return made


def test_together__as_one_by_one(kept: dict[str, dict[str, np.ndarray]]) -> None:
    views = {name: view(recent(data)) for name, data in STATIONS.items()}
    standings = {name: RULES.stand(views[name], kept[name]) for name in STATIONS}
    assert all(standing.recalled for standing in standings.values())
    for (name, standing), said in zip(standings.items(), said_together(list(standings.values())), strict=True):
        together = finished(views[name], standing.judged, said)
        alone = UntrainedForecaster(RECIPE).forecast(view(STATIONS[name]))
        pd.testing.assert_frame_equal(together.table, alone.table, rtol=1e-5, atol=1e-5 * alone.table.abs().max().max(),
                                      obj=name)
        assert (together.model, together.notes, together.facts) == (alone.model, alone.notes, alone.facts)


def test_together__only_those_are_asked_that_have_a_share(kept: dict[str, dict[str, np.ndarray]]) -> None:
    standing = RULES.stand(view(STATIONS["sun"]), kept["sun"])
    (said,) = said_together([standing])
    assert set(said) == standing.judged.used < set(standing.readied.experts)


def test_together__a_neighbour_is_not_read(kept: dict[str, dict[str, np.ndarray]]) -> None:
    """A station of half a day lies between two of ninety: nothing of theirs comes into its windows."""
    hours = RULES.stand(view(STATIONS["hours"]), kept["hours"])
    (alone,) = said_together([hours])
    (_, among, _) = said_together([RULES.stand(view(STATIONS["plain"]), kept["plain"]), hours,
                                   RULES.stand(view(STATIONS["another"]), kept["another"])])
    for name, said in alone.items():
        np.testing.assert_allclose(among[name], said, rtol=1e-6)


@pytest.mark.parametrize("changed", ["a row", "weather", "known weather", "origin", "capacity"])
def test_kept_shares__are_not_recalled_of_other_rows(kept: dict[str, dict[str, np.ndarray]], changed: str) -> None:
    data = recent(STATIONS["weather"])
    frame, told, origin = data.frame.copy(), data.station, data.end
    if changed == "a row":
        frame.iloc[100, 0] += 1
    elif changed == "weather":
        frame.iloc[100, 1] += 1
    elif changed == "known weather":
        frame.loc[data.end:, "temperature"] = np.nan
    elif changed == "origin":
        origin -= pd.Timedelta(hours=1)
    else:
        told = told.model_copy(update={"capacity": 5e5})
    other = HorizonView(StationData(told, frame), origin, station_horizon(told))
    assert not RULES.stand(other, kept["weather"]).recalled


def test_kept_shares__are_not_recalled_by_other_rules(kept: dict[str, dict[str, np.ndarray]]) -> None:
    other = Rules(Settings.model_validate({"features": {"lag_weeks": (1, 2)}}).recipe())
    assert other.key(view(STATIONS["plain"])) not in kept["plain"]


@pytest.mark.parametrize(("what", "name"), [(batched, "__version__"), (Pretrained, "digest")])
def test_kept_shares__are_not_recalled_by_another_wattcast_or_base(monkeypatch, what: object, name: str) -> None:
    before = RULES.key(view(STATIONS["plain"]))
    assert Rules(RECIPE).key(view(STATIONS["plain"])) == before
    monkeypatch.setattr(what, name, "another one")
    assert Rules(RECIPE).key(view(STATIONS["plain"])) != before
