"""Files of a folder: stations of their own, or parts of one."""

from pathlib import Path

import pandas as pd
import pytest
from reader_tables import table

from wattcast.contracts import TOTAL
from wattcast.data.plants import called_after, groups_by_name, groups_by_station, names_of, says_weather
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.errors import DataError

DAY_1, DAY_2 = table(96, "2025-06-01"), table(96, "2025-06-02") + 100


def write(folder: Path, **files: pd.DataFrame) -> Path:
    """Files named by the keys, in which `_at_` stands for a hyphen."""
    for name, frame in files.items():
        frame.rename(columns={"kw": TOTAL}).to_csv(folder / f"{name.replace('_at_', '-')}.csv")
    return folder


def ids(path: Path, **options: object) -> tuple[str, ...]:
    return open_source(path, DataConfig.model_validate(options)).station_ids


def test_groups_by_name__dates_are_no_difference() -> None:
    def names(*files: str) -> dict[str, int]:
        return {name: len(group) for name, group in groups_by_name([Path(f"{file}.csv") for file in files]).items()}

    assert names("a-2025-01", "a-2025-02", "a_20250301") == {"a": 3}
    assert names("2025-1", "2025-2") == {"": 2}
    assert names("plant_A", "plant_B") == {"plant_A": 1, "plant_B": 1}
    assert names("A_2025-01", "A_2025-02", "B_2025-01") == {"A": 2, "B_2025-01": 1}
    assert names("1001", "1002") == {"1001": 1, "1002": 1}


@pytest.mark.parametrize(("name", "names"), [
    ("north", ("north",)), ("north_2025-06", ("north_2025-06", "north")), ("2025-06", ("2025-06",)),
    ("north-weather", ("north-weather", "north")), ("North Power", ("North Power", "North")),
    ("north.nwp", ("north.nwp", "north")), ("north_METER", ("north_METER", "north")),
    ("north_2025-06_load", ("north_2025-06_load", "north-load", "north")),
    ("north_weather_forecast", ("north_weather_forecast", "north_weather", "north")),
    ("北站功率", ("北站功率", "北站")), ("北站_天气预报", ("北站_天气预报", "北站_天气", "北站")),
    ("north_nwp_2025060106", ("north_nwp_2025060106", "north_nwp", "north")),
    ("north_2025-06-01T0600Z_nwp", ("north_2025-06-01T0600Z_nwp", "north-nwp", "north")),
    ("north_20250601_0630", ("north_20250601_0630", "north")), ("north_20250601123", ("north_20250601123",)),
    ("north_2025-06-01_2025-06-30", ("north_2025-06-01_2025-06-30", "north")),
    ("north_20250601-20250630", ("north_20250601-20250630", "north")),
    ("weather", ("weather",)), ("功率", ("功率",)), ("freeload", ("freeload",)), ("-load", ("-load", "load")),
])
def test_names_of__what_a_file_may_be_called_after(name: str, names: tuple[str, ...]) -> None:
    assert names_of(Path(f"{name}.csv")) == names


def test_called_after__the_longest_name_that_is_known() -> None:
    assert called_after(Path("north-load.csv"), frozenset({"north", "north-load"})) == "north-load"
    assert called_after(Path("north-weather.csv"), frozenset({"north", "north-load"})) == "north"
    assert called_after(Path("northern-weather.csv"), frozenset({"north"})) is None
    assert called_after(Path(" North-Weather.csv"), frozenset({"north", "south"})) == "north"
    assert called_after(Path("NORTH.csv"), frozenset({"north", "North"})) is None
    assert called_after(Path("North.csv"), frozenset({"north", "North"})) == "North"


@pytest.mark.parametrize(("name", "weather"), [
    ("north-weather_2025-06", True), ("weather", True), ("nwp", True), ("北站气象", True), ("north-power", False),
    ("weatherford", False), ("north", False)])
def test_says_weather(name: str, *, weather: bool) -> None:
    assert says_weather(Path(f"{name}.csv")) is weather


def test_groups_by_station__parts_of_one_are_together_where_one_has_the_power() -> None:
    def groups(*files: str, known: tuple[str, ...] = (), powered: tuple[str, ...] = (),
               growing: bool = False) -> dict[str, int]:
        paths = [Path(f"{file}.csv") for file in files]
        found = groups_by_station(paths, frozenset(known), lambda file: file.stem in powered,
                                  growing=growing)
        return {name: len(members) for name, members in found.items()}

    new = ("a-power", "a-weather", "b")
    assert groups(*new, powered=("a-power", "b")) == {"a": 2, "b": 1}
    assert groups(*new, powered=("b",)) == {"a-power": 1, "a-weather": 1, "b": 1}
    assert groups("a-load", "a-meter", powered=("a-load", "a-meter")) == {"a-load": 1, "a-meter": 1}
    assert groups("a", "a_nwp", powered=("a",)) == {"a": 2}
    assert groups("a-load", powered=("a-load",)) == {"a-load": 1}
    assert groups("a", "a-load", "a-nwp", powered=("a", "a-load")) == {"a": 1, "a-load": 1, "a-nwp": 1}
    assert groups("a_2025-01", "a-load", "a-nwp", powered=("a_2025-01", "a-load"), growing=True) == {"a": 3}
    assert groups("b_2025-01", "c", growing=True) == {"b": 1, "c": 1}
    assert groups("a-load", "a-meter", "b_2025-06", known=("a", "b")) == {"a": 2, "b": 1}
    assert groups("a-load", "a-weather", known=("a", "a-load")) == {"a-load": 1, "a": 1}


def test_open_source__parts_of_two_plants_beside_each_other(tmp_path: Path) -> None:
    warm = DAY_1.rename(columns={"kw": "temperature"}) * 0.01
    write(tmp_path, a_at_power=DAY_1, a_at_weather=warm, b_at_power=DAY_1 * 2, b_at_weather=warm + 1)
    source = open_source(tmp_path, DataConfig())
    assert source.station_ids == ("a", "b")
    data, _ = source.read("b")
    assert data.frame[TOTAL].iloc[0] == 2 * DAY_1["kw"].iloc[0]
    assert data.frame["temperature"].iloc[0] == warm["temperature"].iloc[0] + 1


def test_open_source__a_file_for_each_plant(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, plant_A=DAY_1, plant_B=DAY_1 + 700), DataConfig())
    assert source.station_ids == ("plant_A", "plant_B")
    data, report = source.read("plant_B")
    assert data.frame[TOTAL].iloc[0] == 900.5
    assert report.rows == 96
    assert "2 stations, as they tell different values for the same times (data.folder)" in report.notes[0]
    with pytest.raises(DataError, match=r"2 stations(?s:.*)--station(?s:.*)data\.folder"):
        source.read()
    assert ids(tmp_path, folder="one", overlap="later") == (tmp_path.name,)


def test_open_source__plants_that_are_numbered(tmp_path: Path) -> None:
    assert ids(write(tmp_path, site_1=DAY_1, site_2=DAY_1 * 2)) == ("site_1", "site_2")


def test_open_source__plants_in_months(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, A_at_2025_at_06=DAY_1, A_at_2025_at_07=DAY_2, B_at_2025_at_06=DAY_1 * 3,
                               B_at_2025_at_07=DAY_2 * 3), DataConfig())
    assert source.station_ids == ("A", "B")
    assert len(source.read("A")[0].frame) == 192


def test_open_source__a_bad_file_does_not_hide_the_other_plants(tmp_path: Path) -> None:
    write(tmp_path, A=DAY_1, B=DAY_1 * 2)
    (tmp_path / "C.csv").write_text("time,total_active_power\nnoon,1\n")
    source = open_source(tmp_path, DataConfig())
    assert source.station_ids == ("A", "B", "C")
    assert source.read("B")[0].frame[TOTAL].iloc[0] == 401
    with pytest.raises(DataError, match=r"C\.csv, line 2"):
        source.read("C")


@pytest.mark.parametrize("names", [("x_at_2025_at_06", "x_at_2025_at_07"), ("part1", "part2"), ("june", "july")])
def test_open_source__parts_of_one_station(tmp_path: Path, names: tuple[str, str]) -> None:
    source = open_source(write(tmp_path, **dict(zip(names, (DAY_1, DAY_2), strict=True))), DataConfig())
    data, report = source.read()
    assert data.station.id == tmp_path.name
    assert len(data.frame) == 192
    assert "parts of one station" in report.notes[0]


def test_open_source__a_copy_is_no_second_station(tmp_path: Path) -> None:
    assert ids(write(tmp_path, plant=DAY_1, plant_copy=DAY_1)) == (tmp_path.name,)


def test_open_source__names_that_differ_and_times_that_follow_are_a_question(tmp_path: Path) -> None:
    write(tmp_path, north=DAY_1, south=DAY_2)
    with pytest.raises(DataError, match=r"may be stations or parts(?s:.*)north \(2025-06-01 to 2025-06-01\)(?s:.*)"
                                        r"folder=stations(?s:.*)folder=one"):
        open_source(tmp_path, DataConfig())
    assert ids(tmp_path, folder="stations") == ("north", "south")
    assert ids(tmp_path, folder="one") == (tmp_path.name,)
    assert ids(tmp_path, station="steel") == ("steel",)


def test_open_source__a_column_that_tells_stations_apart_goes_first(tmp_path: Path) -> None:
    write(tmp_path, north=DAY_1.assign(station="a"), south=DAY_1.assign(station="b") * 1)
    assert ids(tmp_path) == ("a", "b")


def test_open_source__a_folder_for_each_plant(tmp_path: Path) -> None:
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, x_at_2025_at_06=DAY_1, x_at_2025_at_07=DAY_2)
    assert ids(tmp_path) == ("A", "B")


def test_open_source__months_that_overlap_and_disagree(tmp_path: Path) -> None:
    late = DAY_1.iloc[90:] + 0.5
    write(tmp_path, x_at_2025_at_06=DAY_1, x_at_2025_at_07=pd.concat([late, DAY_2]))
    with pytest.raises(DataError) as caught:
        open_source(tmp_path, DataConfig()).read()
    message = str(caught.value)
    assert "x-2025-06.csv and x-2025-07.csv tell different values" in message
    assert "290.5 and 291 at 2025-06-01 22:30; 6 times in all" in message
    assert "data.overlap=later" in message
    total = open_source(tmp_path, DataConfig(overlap="later")).read()[0].frame[TOTAL]
    assert total.iloc[90] == 291


def test_open_source__months_that_overlap_and_agree(tmp_path: Path) -> None:
    write(tmp_path, x_at_2025_at_06=DAY_1, x_at_2025_at_07=pd.concat([DAY_1.iloc[90:] * (1 + 1e-9), DAY_2]))
    assert len(open_source(tmp_path, DataConfig()).read()[0].frame) == 192


@pytest.mark.parametrize("folders", [
    ("2025-06", "2025-07"), ("2025/06", "2025/07"), ("month=2025-06", "month=2025-07")])
def test_open_source__folders_that_are_called_after_dates_are_parts_of_one_station(tmp_path: Path,
                                                                                   folders: tuple[str, str]) -> None:
    for folder, frame in zip(folders, (DAY_1, DAY_2), strict=True):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder, data=frame)
    source = open_source(tmp_path, DataConfig())
    assert source.station_ids == (tmp_path.name,)
    assert len(source.read()[0].frame) == 192
    if "/" not in folders[0]:
        assert ids(tmp_path, folder="stations") == folders


def test_open_source__plants_in_folders_of_months(tmp_path: Path) -> None:
    for folder, frame in (("2025-06", DAY_1), ("2025-07", DAY_2)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, A=frame, B=frame * 3)
    assert ids(tmp_path) == ("A", "B")


def test_open_source__files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    write(tmp_path, plant_2025_06=DAY_1, plant_2025_07=DAY_2)
    (tmp_path / "plant_2025_08.xls").write_bytes(b"x")
    _, report = open_source(tmp_path, DataConfig()).read()
    assert any("1 of the files in" in note and "left out: plant_2025_08.xls" in note for note in report.notes)
