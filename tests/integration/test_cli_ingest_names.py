"""`wattcast ingest`: whose a file is, by its name and by what is known of stations."""

import json
from pathlib import Path

import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.store.disk import DiskStore

pytestmark = pytest.mark.usefixtures("place")

STILL = ("--still", "0")
HOURLY = ("--set", "data.time.step=1h")
POWER, WEATHER = ["time", TOTAL], ["time", "temperature"]


@pytest.fixture
def table(seed_table) -> pd.DataFrame:
    """Hourly rows of 40 days with weather."""
    rows = seed_table("north", days=40, start="2025-03-01", step="1h")
    rows = rows.rename(columns={"ts": "time", "temp": "temperature"}).astype({"time": "str"})
    return rows[["time", TOTAL, "temperature"]]


@pytest.fixture
def old(table) -> pd.DataFrame:
    return table.iloc[:720]


@pytest.fixture
def new(table) -> pd.DataFrame:
    return table.iloc[720:]


def write(rows: pd.DataFrame, path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(path, index=False)


def kept(station: str = "north"):
    return DiskStore(Path("models")).station(station).measurements()


def stations() -> tuple[str, ...]:
    return DiskStore(Path("models")).stations()


def since(rows: pd.DataFrame, column: str, station: str = "north") -> list[float]:
    """What is kept of a column from the first of some rows on."""
    return kept(station).frame[column].loc[rows["time"].iloc[0]:].dropna().tolist()


def issued(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """The weather as a forecast of that day."""
    return rows[WEATHER].assign(issued=f"{day} 00:00")


def known(cli, rows: pd.DataFrame, *names: str) -> None:
    """Take some stations in, of the same rows."""
    for name in names:
        write(rows, f"first/{name}.csv")
    done = cli("ingest", "--data", "first", *HOURLY, *STILL, "--set", "data.folder=stations")
    assert done.code == 0, done.err


@pytest.mark.parametrize("path", [
    "inbox/north/anything.csv", "inbox/north.csv", "inbox/north-weather.csv", "inbox/north_2025-04_nwp.csv",
    "inbox/north 气象.csv", "inbox/North-Weather.csv", "NORTH.csv", "north_weather.csv", "north/x.csv"])
def test_weather_alone__of_a_known_station_is_its_weather(cli, old, new, path: str) -> None:
    known(cli, old, "north", "south")
    write(new[WEATHER], path)
    done = cli("ingest", "--data", Path(path).parts[0], *STILL)
    assert done.code == 0, done.err
    assert "the rows have no total_active_power: what is kept of it stays as it is" in done.out
    assert since(new, "temperature") == new["temperature"].tolist()
    assert since(new, TOTAL) == since(new, "temperature", "south") == []
    assert "took in nothing new" in cli("ingest", "--data", Path(path).parts[0], *STILL).out
    assert stations() == ("north", "south")


@pytest.mark.parametrize("path", ["inbox/north/x.csv", "inbox/north-forecast.csv", "north_nwp.csv", "north/x.csv"])
@pytest.mark.parametrize("power", [True, False])
def test_weather_forecasts_alone__of_a_known_station_are_kept_by_their_issue(cli, old, new, path: str, *,
                                                                             power: bool) -> None:
    known(cli, old, "north", "south")
    write(pd.concat([issued(new, "2025-03-30"), issued(new.assign(temperature=new["temperature"] + 1), "2025-03-31")]),
          path)
    if power and Path(path).parent.name:
        write(new[POWER], str(Path(path).with_name("north-power.csv")))
    done = cli("ingest", "--data", Path(path).parts[0], *STILL)
    assert done.code == 0, done.err
    vintages = kept().vintages.table
    assert [f"{time:%m-%d}" for time in vintages.index.unique("issued")] == ["03-30", "03-31"]
    assert vintages.loc[vintages.index.unique("issued")[1], "temperature"].iloc[0] == new["temperature"].iloc[0] + 1
    assert since(new, TOTAL) == (new[TOTAL].tolist() if power and Path(path).parent.name else [])
    assert since(new, "temperature") == []      # what was forecast is not what was measured
    assert kept().station.naive_time
    assert kept("south").vintages is None


def test_forecasts_of_the_predecessors_folder__come_in_without_months(cli, old, new) -> None:
    write(old, "old/north/data/data-north-2025-03.csv")
    assert cli("ingest", "--data", "old", *HOURLY, *STILL).code == 0
    write(new[WEATHER], "inbox/north/forcaster/forcaster-north-2025-03-31.csv")
    done = cli("ingest", "--data", "inbox", *STILL)
    assert done.code == 0, done.err
    assert len(kept().vintages.table) == len(new)
    write(new[WEATHER], "inbox/east/forcaster/forcaster-east-2025-03-31.csv")
    again = cli("ingest", "--data", "inbox", *STILL)
    assert (again.code, stations()) == (0, ("north",))
    assert "note: east is not looked at: no station is known by that name" in again.out


@pytest.mark.parametrize("named", [("{}-power", "{}-weather"), ("{}_meter_2025-04", "{}_2025-04_nwp"),
                                   ("{} load", "{}.forecast"), ("{}功率", "{}_天气"), ("{}", "{}-weather")])
@pytest.mark.parametrize("first", [True, False])
def test_parts_beside_each_other__belong_to_the_stations_that_they_name(cli, old, new, named: tuple[str, str], *,
                                                                        first: bool) -> None:
    if not first:
        known(cli, old, "north", "south")
    for name, scale in (("north", 1.0), ("south", 2.0)):
        power, weather = (f"inbox/{each.format(name)}.csv" for each in named)
        write(new[POWER].assign(total_active_power=scale * new[TOTAL]), power)
        write(new[WEATHER].assign(temperature=new["temperature"] + scale), weather)
    done = cli("ingest", "--data", "inbox", *HOURLY, *STILL)
    assert done.code == 0, done.err + done.out
    assert stations() == ("north", "south")
    for name, scale in (("north", 1.0), ("south", 2.0)):
        assert since(new, TOTAL, name) == pytest.approx((scale * new[TOTAL]).tolist())
        assert since(new, "temperature", name) == pytest.approx((new["temperature"] + scale).tolist())
    assert "took in nothing new" in cli("ingest", "--data", "inbox", *STILL).out


def test_inbox_of_weeks__is_as_good_for_an_empty_store(cli, old, new) -> None:
    """As after a store was lost."""
    for name in ("north", "south"):
        write(old, f"inbox/{name}.csv")
        write(new[POWER], f"inbox/{name}-power_2025-04-09.csv")
        write(new[WEATHER], f"inbox/{name}-weather_2025-04-09.csv")
    write(issued(new, "2025-03-31"), "inbox/north-forecast_2025-03-31.csv")
    done = cli("ingest", "--data", "inbox", *HOURLY, *STILL)
    assert (done.code, stations()) == (2, ("north", "south"))
    assert "north-forecast_2025-03-31.csv is left out" in " ".join(done.err.split())
    assert since(new, TOTAL) == since(new, TOTAL, "south") == new[TOTAL].tolist()
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert kept().vintages is not None


def test_parts_of_one_new_station__are_called_like_it_and_not_like_the_inbox(cli, old) -> None:
    write(old[POWER], "inbox/north-power.csv")
    write(old[WEATHER], "inbox/north-weather.csv")
    assert cli("ingest", "--data", "inbox", *HOURLY, *STILL).code == 0
    assert stations() == ("north",)
    assert kept().frame.notna().all().all()


@pytest.mark.parametrize("data", ["inbox", "inbox/east_2025-03.csv"])
def test_file_of_a_month__names_a_new_station_without_it(cli, old, new, data: str) -> None:
    """As the next month's file is its, too."""
    write(old, "inbox/east_2025-03.csv")
    assert cli("ingest", "--data", data, *HOURLY, *STILL).code == 0
    write(new, "inbox/east_2025-04.csv")
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert stations() == ("east",)
    assert len(kept("east").frame) == len(old) + len(new)


@pytest.mark.parametrize(("name", "station"), [("east", "east"), ("load", "inbox"), ("", "inbox")])
def test_files_of_months__name_a_new_station_unless_they_say_only_what_they_hold(cli, old, new, name, station) -> None:
    """A station that is called like the inbox would have all that comes into it."""
    write(old, f"inbox/{name}_2025-03.csv")
    write(new, f"inbox/{name}_2025-04.csv")
    assert cli("ingest", "--data", "inbox", *HOURLY, *STILL).code == 0
    assert stations() == (station,)
    assert len(kept(station).frame) == len(old) + len(new)


def test_files_of_months__belong_to_the_known_stations_that_they_name(cli, old, new) -> None:
    known(cli, old, "north", "south")
    for name in ("north", "south"):
        write(new, f"inbox/{name}_2025-04.csv")
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert stations() == ("north", "south")
    assert since(new, TOTAL) == since(new, TOTAL, "south") == new[TOTAL].tolist()


@pytest.mark.parametrize(("files", "facts"), [
    ({"north-load": POWER, "north-meter": ["time", "power"]}, (
        "north-load.csv and north-meter.csv tell different values", "wattcast stations add")),
    ({"north": POWER, "north_power": ["time", "power"]}, ("north.csv and north_power.csv tell different values",)),
    ({"north-weather": ["time", TOTAL, "temperature"]}, ("called weather", "north-weather.csv", TOTAL)),
    ({"north-weather": ["time", "t2m"]}, ("north-weather.csv", "nothing is known", "t2m", "temperature")),
    ({"north": ["time", "p_sum", "temperature"]}, ("north.csv", "total active power", "p_sum")),
])
def test_files_of_which_it_cannot_be_told__are_refused_and_named(cli, old, new, files, facts) -> None:
    known(cli, old, "north", "south")
    rows = new.assign(p_sum=new[TOTAL], t2m=new["temperature"], power=2 * new[TOTAL])
    for name, columns in files.items():
        write(rows[columns].rename(columns={"power": TOTAL}), f"inbox/{name}.csv")
    write(new, "inbox/south.csv")
    done = cli("ingest", "--data", "inbox", *STILL)
    assert done.code == 2
    assert all(fact in " ".join(done.err.split()) for fact in facts), done.err
    assert since(new, TOTAL) == since(new, "temperature") == []
    assert since(new, TOTAL, "south") == new[TOTAL].tolist()
    assert stations() == ("north", "south")


def test_power__that_came_under_another_name_before_is_no_other_station(cli, old, new) -> None:
    write(old, "inbox/north.csv")
    write(old, "inbox/south.csv")
    assert cli("ingest", "--data", "inbox", *HOURLY, *STILL, "--set", "data.folder=stations").code == 0
    write(new[POWER], "inbox/north-power_2025-04.csv")
    write(new[WEATHER], "inbox/north-weather_2025-04.csv")
    done = cli("ingest", "--data", "inbox", *STILL)
    assert done.code == 0, done.err
    assert since(new, TOTAL) == new[TOTAL].tolist()
    assert since(new, "temperature") == new["temperature"].tolist()


def test_weather_forecasts__of_a_station_without_weather_are_refused_with_what_to_do(cli, old) -> None:
    write(old[POWER], "inbox/north-power.csv")
    write(issued(old, "2025-03-30"), "inbox/north-nwp.csv")
    done = cli("ingest", "--data", "inbox", *HOURLY, *STILL)
    assert (done.code, stations()) == (2, ("north",))
    assert "north-nwp.csv has no power, and weather forecasts by when they were issued" in " ".join(done.err.split())
    assert "take its measurements, with weather, in first" in done.err
    again = cli("ingest", "--data", "inbox", *STILL)
    assert again.code == 2
    assert "the station is without weather" in again.err


def test_weather__may_have_columns_beside_all_that_are_kept(cli, old, new) -> None:
    known(cli, old, "north", "south")
    write(new[WEATHER].assign(snow_depth=0.0), "inbox/north-weather.csv")
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert since(new, "temperature") == new["temperature"].tolist()


@pytest.mark.parametrize(("power", "flags"), [
    ("Last", ()), ("kW_sum", ("--set", "data.targets={total_active_power: kW_sum}", "--set",
                              "data.known_future=[temperature]"))])
def test_weather__of_a_station_whose_power_has_another_name(cli, old, new, power: str, flags: tuple[str, ...]) -> None:
    write(old.rename(columns={TOTAL: power}), "north.csv")
    assert cli("ingest", "--data", "north.csv", *HOURLY, *STILL, *flags).code == 0
    write(new[WEATHER], "inbox/north-weather.csv")
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert since(new, "temperature") == new["temperature"].tolist()
    write(new[POWER].rename(columns={TOTAL: power}), "inbox/north-power.csv")
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert since(new, TOTAL) == new[TOTAL].tolist()


def test_weather_of_nobody__is_not_that_of_the_only_station(cli, old, new) -> None:
    known(cli, old, "north", "south")
    for path in ("inbox/weather.csv", "inbox/east-weather.csv", "weather.csv"):
        write(new[WEATHER], path)
        done = cli("ingest", "--data", Path(path).parts[0], *STILL)
        assert done.code == 2
        assert "total active power" in done.err
        Path(path).unlink()
    assert since(new, "temperature") == []
    assert stations() == ("north", "south")


def test_folders_beside_files__of_known_stations_are_read_and_others_are_told(cli, old, new) -> None:
    known(cli, old, "north", "south")
    write(new, "inbox/north/x.csv")
    write(new, "inbox/south.csv")
    write(new, "inbox/archive/x.csv")
    write(new.assign(a=1)[["a"]], "inbox/readme.csv")
    for name in ("old.xls", "north/may.xls"):
        Path("inbox", name).touch()
    done = cli("ingest", "--data", "inbox", *STILL, "--json")
    assert done.code == 2
    told = json.loads(done.out)
    assert told["unseen"] == {"archive": "no station is known by that name",
                              "north/may.xls": "open it and save it as .xlsx or CSV",
                              "old.xls": "open it and save it as .xlsx or CSV"}
    assert "old.xls" not in json.dumps(told["stations"])
    assert {each["station"]: "error" in each for each in told["stations"]} == {
        "north": False, "south": False, "readme": True}
    assert since(new, TOTAL) == since(new, TOTAL, "south") == new[TOTAL].tolist()
    assert "archive is not looked at" in cli("ingest", "--data", "inbox", *STILL).out


def test_files_that_contradict_what_is_kept__keep_no_good_one_out(cli, old, new) -> None:
    known(cli, old, "north")
    days = [new.iloc[24 * day:24 * (day + 1)] for day in range(4)]
    write(days[0].assign(total_active_power=1000 * days[0][TOTAL]), "inbox/north_2025-03-31.csv")
    write(days[1].assign(time=days[1]["time"].str.replace("2025", "2035")), "inbox/north_2025-04-01.csv")
    write(days[2], "inbox/north_2025-04-02.csv")
    write(days[3].rename(columns={TOTAL: "p_sum"}), "inbox/north_2025-04-03.csv")
    done = cli("ingest", "--data", "inbox", *STILL, "--received", "2025-04-04 02:00")
    told = " ".join(done.err.split())
    assert done.code == 2
    assert all(f"{name} is left out: " in told for name in (
        "north_2025-03-31.csv", "north_2025-04-01.csv", "north_2025-04-03.csv"))
    assert all(words in told for words in ("as if in another unit", "stamped after it came", "p_sum"))
    assert since(new, TOTAL) == days[2][TOTAL].tolist()
    assert kept().frame.index[-1].year == 2025
    write(days[0], "inbox/north_2025-03-31.csv")
    assert cli("ingest", "--data", "inbox", *STILL, "--received", "2025-04-04 02:00").code == 2
    assert since(new, TOTAL) == pd.concat([days[0], days[2]])[TOTAL].tolist()


def test_days_to_come__keep_no_good_file_of_a_new_station_out(cli, old, new) -> None:
    write(old, "inbox/north.csv")
    write(new.assign(time=new["time"].str.replace("2025", "2035")), "inbox/north_2025-04.csv")
    done = cli("ingest", "--data", "inbox", *HOURLY, *STILL, "--received", "2025-04-11 02:00")
    assert done.code == 2
    told = " ".join(done.err.split())
    assert "north_2025-04.csv is left out: power of station north is stamped after it came" in told
    assert len(kept().frame) == len(old)


def test_folder_of_a_station__is_its_own_whatever_its_files_were_before(cli, old, new) -> None:
    """One that came beside others first, and one that came as a folder first."""
    known(cli, old, "north", "south")
    write(new[POWER], "north/a.csv")
    write(new[WEATHER], "north/b.csv")
    done = cli("ingest", "--data", "north", *STILL)
    assert done.code == 0, done.err
    assert since(new, TOTAL) == new[TOTAL].tolist()
    write(old[POWER], "east/a.csv")
    write(old[WEATHER], "east/b.csv")
    assert cli("ingest", "--data", "east", *HOURLY, *STILL).code == 0
    write(new, "inbox/east.csv")
    write(new.assign(total_active_power=2 * new[TOTAL]), "inbox/south.csv")
    assert cli("ingest", "--data", "inbox", *STILL).code == 0
    assert since(new, TOTAL, "east") == new[TOTAL].tolist()
    assert since(new, TOTAL, "south") == (2 * new[TOTAL]).tolist()


def test_file_with_several_stations__beside_those_of_one_is_refused(cli, old, new) -> None:
    known(cli, old, "north", "south")
    write(new, "inbox/north.csv")
    write(pd.concat([new.assign(station="a"), new.assign(station="b")]), "inbox/all.csv")
    done = cli("ingest", "--data", "inbox", *STILL)
    assert done.code == 2
    assert "names 2" in " ".join(done.err.split())
    assert since(new, TOTAL) == new[TOTAL].tolist()
    assert stations() == ("north", "south")
