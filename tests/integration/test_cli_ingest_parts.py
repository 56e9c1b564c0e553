"""`wattcast ingest` where power lies in one file and weather in another."""

from pathlib import Path

import pandas as pd
import pytest

from wattcast.store.disk import DiskStore

pytestmark = pytest.mark.usefixtures("place")

STILL = ("--still", "0")
HOURLY = ("--set", "data.time.step=1h")
POWER, WEATHER = ["time", "total_active_power"], ["time", "temperature"]


@pytest.fixture
def table(seed_table) -> pd.DataFrame:
    """Hourly rows of two months with weather."""
    rows = seed_table("north", days=61, start="2025-03-01", step="1h")
    rows = rows.rename(columns={"ts": "time", "temp": "temperature"}).astype({"time": "str"})
    return rows[["time", "total_active_power", "temperature"]]


def month(table: pd.DataFrame, number: int) -> pd.DataFrame:
    return table[table["time"].str.startswith(f"2025-{number:02d}")]


def write(rows: pd.DataFrame, path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(path, index=False)


def kept():
    return DiskStore(Path("models")).station("north")


def came_in(column: str) -> pd.Series:
    """Of April, what is kept."""
    data = kept().measurements()
    return data.frame[column].loc["2025-04":].dropna()


def forecast_of(table: pd.DataFrame, day: str) -> pd.DataFrame:
    """The weather of the nine days from a day on."""
    times = pd.to_datetime(table["time"])
    return table[WEATHER][(times >= day) & (times < pd.Timestamp(day) + pd.Timedelta("9D"))]


LAYOUTS = {
    "months, one after the other": (
        lambda rows: (write(rows[POWER], "north/data/data-north-2025-04.csv"),
                      write(rows[WEATHER].iloc[240:], "north/data/data-north-2025-05.csv")), 240),
    "months, at the same time": (
        lambda rows: (write(rows[POWER], "north/data/data-north-2025-04.csv"),
                      write(rows[WEATHER], "north/data/data-north-2025-05.csv")), 0),
    "a folder": (lambda rows: (write(rows[POWER], "north/load.csv"), write(rows[WEATHER], "north/weather.csv")), 0),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("first", [True, False])
def test_power_and_weather_in_files_of_their_own__both_come_in(cli, table, layout: str, *, first: bool) -> None:
    make, from_row = LAYOUTS[layout]
    if not first:
        write(month(table, 3), "north.csv")
        assert cli("ingest", "--data", "north.csv", *HOURLY, *STILL).code == 0
    april = month(table, 4)
    make(april)
    done = cli("ingest", "--data", "north", *HOURLY, *STILL)
    assert done.code == 0, done.err
    assert (came_in("total_active_power").to_numpy() == april["total_active_power"].to_numpy()).all()
    assert (came_in("temperature").to_numpy() == april["temperature"].to_numpy()[from_row:]).all()
    kinds = {found["kind"] for file in kept().taken_in() for found in file.findings}
    assert not {"duplicate", "corrected"} & kinds
    assert ("missing" in kinds) is bool(from_row)
    assert "took in nothing new" in cli("ingest", "--data", "north", *STILL).out


@pytest.mark.parametrize("others", ["north/data/data-north-2025-{}.csv", "north/load_2025-{}.csv"])
def test_weather__that_comes_when_its_power_is_known_joins_it_and_reverts_nothing(cli, table, others: str) -> None:
    write(month(table, 3), others.format("03"))
    april = month(table, 4)
    write(april[POWER], others.format("04"))
    assert cli("ingest", "--data", "north", *HOURLY, *STILL).code == 0
    corrected = april[POWER].assign(total_active_power=april["total_active_power"].mask(
        april["time"] == april["time"].iloc[5], 777.0))
    write(corrected.iloc[:48], "north_corrected.csv")
    assert cli("ingest", "--data", "north_corrected.csv", "--station", "north", "--set", "data.station=north",
               *STILL).code == 0
    write(april[WEATHER], others.format("05"))
    done = cli("ingest", "--data", "north", *STILL)
    assert done.code == 0, done.err
    assert "the rows have no total_active_power: what is kept of it stays as it is" in done.out
    assert (came_in("temperature").to_numpy() == april["temperature"].to_numpy()).all()
    assert (came_in("total_active_power").to_numpy() == corrected["total_active_power"].to_numpy()).all()


def test_month_of_power_alone__lets_newer_weather_forecasts_in(cli, table) -> None:
    """The folder that is given has the new files only, as an inbox has."""
    write(month(table, 3), "base/north/data/data-north-2025-03.csv")
    write(forecast_of(table, "2025-03-20"), "base/north/forcaster/forcaster-north-2025-03-20.csv")
    assert cli("ingest", "--data", "base", *HOURLY, *STILL).code == 0
    april = month(table, 4)
    write(april[POWER], "new/north/data/data-north-2025-04.csv")
    write(forecast_of(table, "2025-04-20"), "new/north/forcaster/forcaster-north-2025-04-20.csv")
    done = cli("ingest", "--data", "new", *STILL)
    assert done.code == 0, done.err
    assert "the rows have no temperature: what is kept of it stays as it is" in done.out
    assert (came_in("total_active_power").to_numpy() == april["total_active_power"].to_numpy()).all()
    issued = kept().measurements().vintages.table
    assert [f"{time:%m-%d}" for time in issued.index.unique("issued")] == ["03-20", "04-20"]
    assert not len(came_in("temperature"))      # what was forecast is not what was measured


@pytest.mark.parametrize(("rows", "facts"), [
    (lambda april: april.rename(columns={"temperature": "t_roof"}), ("lacks columns that are kept", "t_roof",
                                                                     "temperature", "call it so")),
    (lambda april: april.rename(columns={"total_active_power": "p_sum"}).assign(x=1), ("p_sum", "total active power")),
])
def test_file_whose_column_may_be_another_one__is_refused_and_named(cli, table, rows, facts: tuple[str, ...]) -> None:
    write(month(table, 3), "north.csv")
    assert cli("ingest", "--data", "north.csv", *HOURLY, *STILL).code == 0
    write(rows(month(table, 4)), "north/data.csv")
    done = cli("ingest", "--data", "north", *STILL)
    assert done.code == 2
    assert all(fact in " ".join(done.err.split()) for fact in facts), done.err
    assert not len(came_in("total_active_power"))


def test_check__of_a_folder_with_power_in_one_file_says_so(cli, table) -> None:
    write(table[POWER], "site/load.csv")
    write(table[WEATHER], "site/outside.csv")
    done = cli("check", "--data", "site", *HOURLY)
    assert done.code == 0, done.err
    assert "2 files are parts of one station, as only load has power (data.folder)" in done.out + done.err
    assert "missing" not in done.out
    assert "station site" in done.out
