"""A row for each day becomes a row for each interval."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig
from wattcast.data.shapes import require_whole_day, wide_columns
from wattcast.errors import DataError

FORMS = {
    "0 to 23": [str(hour) for hour in range(24)],
    "1 to 24": [str(hour) for hour in range(1, 25)],
    "H1 to H24": [f"H{hour}" for hour in range(1, 25)],
    "HE01 to HE24": [f"HE{hour:02}" for hour in range(1, 25)],
    "0点 to 23点": [f"{hour}点" for hour in range(24)],
    "48 clocks": [f"{half // 2:02}:{half % 2 * 30:02}" for half in range(48)],
    "96 clocks": [f"{quarter // 4}:{quarter % 4 * 15:02}" for quarter in range(96)],
    "96 ends": [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(1, 97)],
    "96 ends, midnight as 0": [f"{quarter // 4 % 24:02}:{quarter % 4 * 15:02}" for quarter in range(1, 97)],
    "v1 to v96": [f"v{quarter}" for quarter in range(1, 97)],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stations", [1, 2])
def test_open_source__a_row_for_each_day(form: str, stations: int, tmp_path: Path) -> None:
    names = FORMS[form]
    values = 200.5 + np.arange(2 * len(names)).reshape(2, -1)
    frame = pd.DataFrame(values, columns=names)
    frame.insert(0, "date", ["2025-05-20", "2025-05-21"])
    if stations == 2:
        frame = pd.concat([frame.assign(station="007"), frame.assign(station="7")])
    frame.to_csv(tmp_path / "x.csv", index=False)
    config = DataConfig.model_validate({"time": {"step": f"{1440 // len(names)}min"}})
    total = open_source(tmp_path / "x.csv", config).read("007" if stations == 2 else None)[0].frame[TOTAL]
    assert total.index[0] == pd.Timestamp("2025-05-20", tz="Asia/Shanghai")
    np.testing.assert_array_equal(total, values.ravel())


def test_open_source__empty_cells_are_gaps_and_bad_ones_are_named(tmp_path: Path) -> None:
    names = FORMS["1 to 24"]
    (tmp_path / "x.csv").write_text(f"date,{','.join(names)}\n2025-05-20,{','.join(['1'] * 10)},{',' * 3}"
                                    f"{','.join(['2'] * 11)}\n")
    config = DataConfig.model_validate({"time": {"step": "1h"}})
    total = open_source(tmp_path / "x.csv", config).read()[0].frame[TOTAL]
    assert total.isna().sum() == 3
    text = (tmp_path / "x.csv").read_text().replace(",,2,", ",,x,", 1)
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=r"x\.csv, line 2, column '14': the column 'total_active_power'(?s:.*)'x'"):
        open_source(tmp_path / "x.csv", config).read()


def test_open_source__numbered_columns_tell_their_start_whatever_the_stamp(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"date,{','.join(FORMS['1 to 24'])}\n2025-05-20,{','.join(['1'] * 24)}\n")
    config = DataConfig.model_validate({"time": {"step": "1h", "stamp": "end"}, "targets": {TOTAL: "mw"}})
    assert open_source(tmp_path / "x.csv", config).read()[0].frame.index[0].hour == 0


@pytest.mark.parametrize("header", [
    ["date", *FORMS["1 to 24"][:-1]], ["date", *FORMS["96 clocks"][1:]], ["date", "v2", "v1", *FORMS["v1 to v96"][2:]],
])
def test_wide_columns__not_a_whole_day(header: list[str]) -> None:
    assert wide_columns(header, TOTAL) is None


def test_wide_columns__in_the_order_of_texts() -> None:
    found = wide_columns(["date", *sorted(FORMS["v1 to v96"])], TOTAL)
    assert found is not None
    assert list(found.columns[TOTAL]) == FORMS["v1 to v96"]


def test_require_whole_day__names_what_is_missing() -> None:
    names = [name for name in FORMS["v1 to v96"] if name not in ("v50", "v51")]
    with pytest.raises(DataError, match=r"(?s)'v1' to 'v96' are not a whole day's.*94 of 96; without v50, v51"):
        require_whole_day(["date", *names])
    require_whole_day(["date", *FORMS["v1 to v96"], *(f"m{number}" for number in range(1, 20))])


def test_open_source__a_column_for_the_hour_of_a_day_of_25(tmp_path: Path) -> None:
    """Hours count what there is of a day: 23 of them in spring, 25 in autumn."""
    lines = [f"date,{','.join(f'H{hour}' for hour in range(1, 26))}"]
    for day, hours in (("2025-03-30", 23), ("2025-03-31", 24), ("2025-10-25", 24), ("2025-10-26", 25)):
        lines.append(",".join([day, *(str(hour + 0.5) for hour in range(hours)), *[""] * (25 - hours)]))
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    config = DataConfig.model_validate({"time": {"step": "1h", "timezone": "Europe/Berlin"}})
    total = open_source(tmp_path / "x.csv", config).read()[0].frame[TOTAL].dropna()
    assert len(total) == 23 + 24 + 24 + 25
    assert total[pd.Timestamp("2025-10-26 23:00", tz="Europe/Berlin")] == 24.5
    assert total[pd.Timestamp("2025-03-31 00:00", tz="Europe/Berlin")] == 0.5


QUARTERS = pd.date_range("2025-01-01", periods=96, freq="15min")
HOURS = QUARTERS[::4]


@pytest.mark.parametrize("names", [
    QUARTERS.strftime("%H%M"), QUARTERS.strftime("T%H%M"), QUARTERS.strftime("%I:%M %p"), QUARTERS.strftime("kW %H:%M"),
    QUARTERS.strftime("%H.%M"), QUARTERS.strftime("%Hh%M"), HOURS.strftime("%I %p"),
    [f"{hour}-{hour + 1}" for hour in range(24)],
    [f"{minute // 60:02}{minute % 60:02}" for minute in range(15, 1441, 15)],
])
def test_wide_columns__clocks_in_any_form(names: list[str]) -> None:
    wide = wide_columns(["date", *names, "Total"], "kw")
    assert wide is not None
    assert wide.slots == list(names)
    first, last = list(wide.columns["kw"].values())[::len(names) - 1]
    assert first[:5] in ("00:00", "00:15")
    assert last[:5] in ("23:00", "23:45", "24:00")


@pytest.mark.parametrize("names", [["0000", "0030", "0100"], [f"{hour}-{hour + 2}" for hour in range(24)],
                                   [f"v{number}.{number}" for number in range(24)],
                                   [f"2025-05-{day} {hour:02}:00" for day in (20, 21) for hour in range(24)]])
def test_wide_columns__what_is_no_day(names: list[str]) -> None:
    assert wide_columns(["date", *names], "kw") is None


@pytest.mark.parametrize(("time", "clocks", "form"), [
    ("Time", [f"{hour:02}:00" for hour in range(24)], "%Y-%m-%d"),
    ("时刻", [f"{hour}:00" for hour in range(24)], "%Y/%m/%d"),
    ("Hour", [str(hour) for hour in range(1, 25)], "%d.%m.%Y"),
    ("Zeit", [f"{hour:02}:00" for hour in range(1, 25)], "%Y-%m-%d 00:00:00"),
])
def test_open_source__a_column_for_each_day(tmp_path: Path, time: str, clocks: list[str], form: str) -> None:
    """Days beside each other, times of day below each other."""
    days = pd.date_range("2025-05-20", periods=20)
    values = 200.0 + np.arange(20 * 24).reshape(20, 24)
    frame = pd.DataFrame(values.T, columns=days.strftime(form)).assign(Mean=7)
    frame.insert(0, time, clocks)
    frame.to_csv(tmp_path / "x.csv", index=False)
    config = DataConfig.model_validate({"time": {"step": "1h"}, "counter": False})
    data, report = open_source(tmp_path / "x.csv", config).read()
    assert data.frame.index[0] == pd.Timestamp("2025-05-20", tz="Asia/Shanghai")
    assert data.frame[TOTAL].tolist() == values.ravel().tolist()
    assert "a row for each time of day: its 20 columns" in " ".join(report.notes)
    assert not [found for found in report.findings if found.kind == "disorder"]
