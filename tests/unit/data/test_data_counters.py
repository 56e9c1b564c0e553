"""A meter's reading in place of power."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reader_tables import described, stamps

from wattcast.contracts import PART, TOTAL
from wattcast.data.counters import added_in_hours, differences, require_no_counter
from wattcast.data.reader import open_source
from wattcast.errors import DataError

HOURS = 24 * 70


def used(count: int = HOURS) -> np.ndarray:
    hour = np.arange(count) % 24
    return 400 + 150 * np.sin(hour / 24 * 2 * np.pi) + np.random.default_rng(3).normal(0, 9, count).round(3)


def readings(energy: np.ndarray, back: int | None = None) -> pd.DataFrame:
    """The reading at the start of each interval, set back to zero before one of them."""
    reading = 1_234_567 + np.concatenate([[0], energy.cumsum()[:-1]])
    if back is not None:
        reading[back:] -= reading[back]
    return pd.DataFrame({"kw": reading}, index=stamps("2025-01-01", len(energy), "1h"))


@pytest.mark.parametrize("back", [None, 300, 900])
def test_counter__is_a_question(tmp_path: Path, back: int | None) -> None:
    path, config = described(tmp_path / "x.csv", readings(used(), back), time={"step": "1h"})
    with pytest.raises(DataError) as caught:
        open_source(path, config).read()
    message = str(caught.value)
    assert "'kw' (total_active_power) looks like a meter's reading" in message
    assert "1680 readings from 2025-01-01 00:00 to 2025-03-11 23:00" in message
    assert "data.counter" in message


@pytest.mark.parametrize("every", ["15min", "1h"])
def test_counter__differences_are_the_energy_of_each_step(tmp_path: Path, every: str) -> None:
    energy = used(1200)
    frame = readings(energy, back=900).set_axis(stamps("2025-01-01", 1200, every))
    path, config = described(tmp_path / "x.csv", frame, counter=True, time={"step": "1h"})
    data, report = open_source(path, config).read()
    if every == "1h":
        known = np.delete(np.arange(1199), 899)
        np.testing.assert_allclose(data.frame[TOTAL].to_numpy()[known], energy[known])
        assert data.frame[TOTAL].isna().sum() == 2
        assert data.end == pd.Timestamp("2025-02-19 23:00", tz="Asia/Shanghai")
    else:
        assert data.frame[TOTAL].iloc[:5].tolist() == pytest.approx(energy[:20].reshape(5, 4).sum(1))
    (reset,) = [found for found in report.findings if found.kind == "counter_reset"]
    assert (reset.count, reset.first) == (1, frame.index[899].tz_localize("Asia/Shanghai"))


def test_counter__can_be_denied(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", readings(used()), counter=False, time={"step": "1h"})
    assert open_source(path, config).read()[0].frame[TOTAL].iloc[0] == 1_234_567


def test_counter__a_late_reading_tells_no_interval() -> None:
    frame = pd.DataFrame({TOTAL: [100.0, 103.0, 107.0, 120.0, 126.0]},
                         index=stamps("2025-01-01", 7, "1h").delete([3, 4]).tz_localize("UTC"))
    assert differences(frame, (TOTAL,))[0][TOTAL].fillna(-1).tolist() == [3, 4, -1, 6, -1]


@pytest.mark.parametrize("values", [
    used(), np.cumsum(used())[:200], np.tile([5.0], HOURS), np.repeat([1.0, 2.0, 3.0], HOURS // 3),
    np.r_[np.cumsum(used(200)), used(HOURS - 200)], np.zeros(HOURS),
    np.sort(used().reshape(-1, 24))[:, ::-1].ravel()])
def test_counter__power_is_none(values: np.ndarray) -> None:
    index = stamps("2025-01-01", len(values), "1h").tz_localize("UTC")
    require_no_counter(pd.Series(values, index), "kw", "x.csv")


def test_counter__that_rolls_over_again_and_again_is_one_too(tmp_path: Path) -> None:
    """Five digits, and 400 kWh an hour: they are used up every ten days."""
    rolling = readings(used()) % 100_000
    path, config = described(tmp_path / "x.csv", rolling, time={"step": "1h"})
    with pytest.raises(DataError, match="looks like a meter's reading"):
        open_source(path, config).read()
    energy, findings = differences(rolling, ("kw",))
    assert (findings[0].kind, findings[0].count) == ("counter_reset", 7)
    assert energy["kw"].min() > 0
    # A tank that is filled and emptied is none, nor is a battery's charge.
    saw = pd.Series(np.arange(HOURS) % 48 + 100.0, index=stamps("2025-01-01", HOURS, "1h").tz_localize("UTC"))
    require_no_counter(saw, "kw", "x.csv")


def test_counter__of_one_target(tmp_path: Path) -> None:
    """The part is a meter's reading, the total is not."""
    energy = used(1200)
    frame = readings(energy).rename(columns={"kw": "part"}).assign(total=2 * energy)
    path, config = described(tmp_path / "x.csv", frame, targets={TOTAL: "total", PART: "part"}, time={"step": "1h"})
    with pytest.raises(DataError, match=r"'part' \(not_use_power\)(?s:.*)data.counter: {not_use_power: true}"):
        open_source(path, config).read()
    data, report = open_source(path, config.model_copy(update={"counter": {PART: True}})).read()
    np.testing.assert_allclose(data.frame[PART][:-1], energy[:-1])
    np.testing.assert_allclose(data.frame[TOTAL], 2 * energy)
    assert "'part' is a meter's reading, as data.counter says" in " ".join(report.notes)


@pytest.mark.parametrize("fault", [-1_234_567, -700, 900_000])
def test_counter__with_faulty_readings_is_one_all_the_same(tmp_path: Path, fault: float) -> None:
    """Zeros where the line was dead, and single readings too low or too high."""
    faulty = readings(used())
    rows = [50, 177, 300, 301, 444, 620] if fault == -1_234_567 else [50, 177, 300, 444, 620]
    faulty.iloc[rows, 0] = 0 if fault == -1_234_567 else faulty.iloc[rows, 0] + fault
    path, config = described(tmp_path / "x.csv", faulty, time={"step": "1h"})
    with pytest.raises(DataError, match="looks like a meter's reading"):
        open_source(path, config).read()


def test_counter__that_is_read_once_a_day_is_one(tmp_path: Path) -> None:
    daily = readings(used())
    daily = daily[daily.index.hour == 0].reindex(daily.index, method="ffill")
    path, config = described(tmp_path / "x.csv", daily, time={"step": "1h"})
    with pytest.raises(DataError, match="looks like a meter's reading"):
        open_source(path, config).read()


def test_counter__too_short_to_be_sure_is_told(tmp_path: Path) -> None:
    path, config = described(tmp_path / "x.csv", readings(used(60)), time={"step": "1h"})
    _, report = open_source(path, config).read()
    assert "never falls, as a meter's reading does (data.counter says otherwise)" in " ".join(map(str, report.assumed))
    path, config = described(tmp_path / "x.csv", pd.DataFrame({"kw": used(60)}, stamps("2025-01-01", 60, "1h")),
                             time={"step": "1h"})
    assert "never falls" not in " ".join(map(str, open_source(path, config).read()[1].assumed))


def test_differences__what_fell_and_came_back_is_the_energy_of_no_interval() -> None:
    values = [5000.0, 5010, 5020, 0, 0, 5060, 5070, 4900, 5090, 5100, 0, 10, 20, 30, 5110]
    frame = pd.DataFrame({TOTAL: values}, index=stamps("2025-01-01", len(values), "1h").tz_localize("UTC"))
    energy, findings = differences(frame, (TOTAL,))
    assert energy[TOTAL].fillna(-1).tolist() == [10, 10, -1, -1, -1, 10, -1, -1, 10, -1, 10, 10, 10, -1, -1]
    assert [(found.count, found.action.partition(":")[0]) for found in findings] == [
        (3, "the meter's reading falls, or what is left of an amount rises"),
        (4, "readings that fell and are as high as before again")]


def left(energy: np.ndarray, paid: int | None = 300) -> pd.DataFrame:
    """What is left at the start of each interval of what was paid, again every `paid` hours."""
    amount = 90_000.0 - np.concatenate([[0], energy.cumsum()[:-1]])
    if paid is not None:
        amount += 120_000.0 * (np.arange(len(energy)) // paid)
    return pd.DataFrame({"kw": amount.round(3)}, index=stamps("2025-01-01", len(energy), "1h"))


@pytest.mark.parametrize("paid", [None, 300, 60])
def test_counter__what_is_left_of_an_amount_is_a_question(tmp_path: Path, paid: int | None) -> None:
    path, config = described(tmp_path / "x.csv", left(used(), paid), time={"step": "1h"})
    with pytest.raises(DataError, match=r"'kw' \(total_active_power\) looks like what is left of an amount") as caught:
        open_source(path, config).read()
    assert "data.counter to falling" in str(caught.value)


@pytest.mark.parametrize("counter", ["falling", {TOTAL: "falling"}])
def test_counter__what_an_amount_falls_by_is_the_energy_of_each_step(tmp_path: Path, counter: object) -> None:
    path, config = described(tmp_path / "x.csv", left(used()), time={"step": "1h"}, counter=counter)
    data, report = open_source(path, config).read()
    energy = data.frame[TOTAL].to_numpy()
    paid = np.arange(1, HOURS // 300 + 1) * 300 - 1
    assert np.isnan(energy[paid]).all()
    known = np.setdiff1d(np.arange(HOURS - 1), paid)
    np.testing.assert_allclose(energy[known], used()[known], atol=2e-3)
    assert [found.count for found in report.findings if found.kind == "counter_reset"] == [len(paid)]


def added_up(energy: np.ndarray, rows: int, end: bool) -> pd.DataFrame:
    """Energy that is added up anew in each hour; stamps are intervals' beginnings or ends."""
    each = f"{60 // rows}min"
    index = stamps("2025-01-01", len(energy), each)
    sums = energy.reshape(-1, rows).cumsum(1).ravel()
    return pd.DataFrame({"kw": sums}, index=index + pd.Timedelta(each) if end else index)


@pytest.mark.parametrize(("rows", "end"), [(4, False), (4, True), (2, False), (6, True), (12, False)])
def test_counter__energy_added_up_in_each_hour_is_a_question(tmp_path: Path, rows: int, end: bool) -> None:
    step, energy = f"{60 // rows}min", used(24 * 30 * rows)
    frame = added_up(energy, rows, end)
    path, config = described(tmp_path / "x.csv", frame.round(3), time={"step": step})
    with pytest.raises(DataError, match="added up anew in each hour") as caught:
        open_source(path, config).read()
    assert "set data.counter to hourly" in str(caught.value)
    path, config = described(tmp_path / "x.csv", frame, time={"step": step}, counter="hourly", unit="kWh")
    data, _ = open_source(path, config).read()
    np.testing.assert_allclose(data.frame[TOTAL].dropna().to_numpy(), energy[:data.frame[TOTAL].count()], rtol=1e-9)
    assert data.frame[TOTAL].count() >= len(energy) - 1


def test_added_in_hours__a_missing_row_leaves_the_next_one_empty() -> None:
    frame = added_up(np.arange(1.0, 97.0), 4, end=False).tz_localize("Asia/Kolkata")
    energy = added_in_hours(frame.drop(frame.index[[5, 40]]), ("kw",))["kw"]
    assert energy.index[energy.isna()].tolist() == frame.index[[6, 41]].tolist()
    np.testing.assert_allclose(energy.dropna(), np.delete(np.arange(1.0, 97.0), [5, 6, 40, 41]))


@pytest.mark.parametrize("count", [0, 1])
def test_added_in_hours__hardly_anything(count: int) -> None:
    frame = added_up(np.arange(1.0, 97.0), 4, end=False)
    energy = added_in_hours(frame.assign(kw=frame["kw"].where(np.arange(96) < count)), ("kw",))["kw"]
    assert energy.notna().sum() == count


@pytest.mark.parametrize("rows", [2, 4])
def test_counter__power_that_climbs_in_hours_is_none(rows: int) -> None:
    """Of machines that start on the full hour, every hour of the working day."""
    power = np.tile(np.linspace(1, 1.2, rows), 24 * 30) * np.repeat(used(24 * 30), rows)
    times = stamps("2025-01-01", len(power), f"{60 // rows}min")
    require_no_counter(pd.Series(power, times, name=TOTAL), "kw", "x.csv")
