"""A corpus: its YAML file, and the stations that come out of its Parquet files."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattcast.configfile import read_config
from wattcast.contracts import TOTAL, Kind
from wattcast.data.corpus import Corpus, Source, corpus_of, corpus_stations, joined
from wattcast.errors import ConfigError, DataError, InputError

HOURS = 50


def rows(name: str, first: str = "2025-01-01", base: float = 0.0) -> pd.DataFrame:
    times = pd.date_range(first, periods=HOURS, freq="1h")
    return pd.DataFrame({"station": name, "time": times, "power": base + np.arange(HOURS, dtype=np.float32),
                         "temp": 5.0})


def written(folder: Path, *tables: pd.DataFrame) -> Path:
    path = folder / "stations.parquet"
    pd.concat(tables).to_parquet(path)
    return path


def source(path: Path, **more: object) -> Source:
    return Source.model_validate({"name": "s", "file": str(path), "licence": "MIT", "may_ship": True, **more})


def stations(path: Path, **more: object) -> dict:
    return {data.station.id: data for data in corpus_stations(source(path, **more))}


def test_stations__come_by_their_names_on_a_grid_of_their_own_clock(tmp_path) -> None:
    path = written(tmp_path, rows("b", base=300), rows("a").drop(index=7))
    found = stations(path, zone="Asia/Shanghai", weather={"temperature": "temp"}, kinds={"b*": "pv"})
    assert list(found) == ["s/a", "s/b"]
    frame = found["s/a"].frame
    assert list(frame.columns) == [TOTAL, "temperature"]
    assert frame.index[0] == pd.Timestamp("2025-01-01 08:00", tz="Asia/Shanghai")
    assert len(frame) == HOURS
    assert np.isnan(frame[TOTAL].iloc[7])
    assert found["s/b"].frame[TOTAL].iloc[0] == 300
    assert [data.station.kind for data in found.values()] == [Kind.LOAD, Kind.PV]


def test_stations__of_stamps_that_end_an_interval_begin_a_step_earlier(tmp_path) -> None:
    path = written(tmp_path, rows("a"))
    [data] = stations(path, interval_end=True).values()
    assert data.frame.index[0] == pd.Timestamp("2024-12-31 23:00", tz="UTC")


@pytest.mark.parametrize(("first", "gaps"), [("2025-03-08 12:00", 0), ("2025-11-01 12:00", 1)])
def test_stations__whose_stamps_follow_daylight_saving_time(first, gaps, tmp_path) -> None:
    """An hour that clocks left out goes; of the one that they repeated only one row is there, so one is missing."""
    path = written(tmp_path, rows("a", first))
    [data] = stations(path, stamps="America/Chicago", zone="America/Chicago").values()
    assert data.frame[TOTAL].isna().sum() == gaps
    assert (data.frame.index[1:] - data.frame.index[:-1] == pd.Timedelta(hours=1)).all()


def test_stations__may_have_clocks_of_their_own_and_be_left_out(tmp_path) -> None:
    path = written(tmp_path, rows("west"), rows("east"), rows("third"))
    found = stations(path, zones={"w*": "America/Denver"}, leave_out=["third"])
    assert {name: str(data.frame.index.tz) for name, data in found.items()} == {"s/east": "UTC",
                                                                               "s/west": "America/Denver"}


def test_stations__with_numbers_for_names_are_read(tmp_path) -> None:
    table = pd.concat([rows("x").assign(station=7), rows("x").assign(station=12)])
    assert list(stations(written(tmp_path, table))) == ["s/12", "s/7"]


def test_stations__rows_in_any_order_and_twice_are_one_series(tmp_path) -> None:
    table = pd.concat([rows("a"), rows("a")]).sample(frac=1, random_state=0)
    [data] = stations(written(tmp_path, table)).values()
    np.testing.assert_array_equal(data.frame[TOTAL], np.arange(HOURS))


@pytest.mark.parametrize(("change", "words"), [
    ({"power": "kw"}, "columns of the source s are missing: kw"),
    ({"weather": {"temperature": "t2m"}}, "columns of the source s are missing: t2m"),
    ({"time": "temp"}, "holds no times"),
    ({"leave_out": ["a"]}, "has no stations"),
])
def test_stations__of_a_wrong_file_are_an_error(change, words, tmp_path) -> None:
    path = written(tmp_path, rows("a"))
    with pytest.raises(DataError, match=words) as error:
        list(corpus_stations(source(path, **change)))
    assert error.value.exit_code == 2


def test_stations__of_what_is_no_parquet_file_are_an_error(tmp_path) -> None:
    path = tmp_path / "stations.parquet"
    path.write_text("station,time,power\n")
    with pytest.raises(DataError, match="cannot be read"):
        list(corpus_stations(source(path)))


def read_corpus(file: Path) -> Corpus:
    return corpus_of(read_config(file), file)


GOOD = "{name: s, file: stations.parquet, licence: MIT, may_ship: true}"


def test_corpus__paths_count_from_its_file(tmp_path) -> None:
    path = written(tmp_path, rows("a"))
    (tmp_path / "corpus.yaml").write_text(f"sources: [{GOOD}]\n")
    corpus = read_corpus(tmp_path / "corpus.yaml")
    assert isinstance(corpus, Corpus)
    assert Path(corpus.sources[0].file) == path


@pytest.mark.parametrize(("text", "words"), [
    ("", "wrong at sources"),
    ("sources: []", "wrong at sources"),
    (f"sources: [{GOOD}, {GOOD}]", "two sources have one name"),
    (f"sources: [{GOOD[:-1]}, licens: x}}]", "sources.0.licens"),
    (f"sources: [{GOOD[:-1]}, zone: Mars}}]", "is not a time zone"),
    (f"sources: [{GOOD[:-1]}, zones: {{a: Mars}}}}]", "is not a time zone"),
    (f"sources: [{GOOD[:-1]}, step: 7min}}]", "does not divide a day"),
    (f"sources: [{GOOD[:-1]}, kind: tidal}}]", "sources.0.kind"),
    ("sources: [{name: s, licence: MIT, may_ship: true}]", "either a file or how many"),
    (f"sources: [{GOOD[:-1]}, simulated: 3}}]", "either a file or how many"),
    ("sources: [", "not valid YAML"),
])
def test_corpus__that_is_wrong_says_where(text, words, tmp_path) -> None:
    written(tmp_path, rows("a"))
    (tmp_path / "corpus.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        read_corpus(tmp_path / "corpus.yaml")
    assert re.search(words, str(error.value))


def test_corpus__whose_file_is_missing_names_it(tmp_path) -> None:
    (tmp_path / "corpus.yaml").write_text(f"sources: [{GOOD}]\n")
    with pytest.raises(DataError, match="are missing") as error:
        read_corpus(tmp_path / "corpus.yaml")
    assert "stations.parquet" in str(error.value)


def test_corpus__may_have_made_up_sites() -> None:
    made_up = Source.model_validate({"name": "s", "simulated": 2, "licence": "Apache-2.0", "may_ship": True})
    assert [data.station.id for data in corpus_stations(made_up)] == ["s/000", "s/001"]


def test_corpora__with_a_source_of_one_name_are_an_error(tmp_path) -> None:
    path = written(tmp_path, rows("a"))
    one, other = (Corpus(sources=(source(path, name=name),)) for name in ("s", "t"))
    assert [each.name for each in joined([one, other]).sources] == ["s", "t"]
    with pytest.raises(ConfigError, match=r"all files is wrong at sources(?s:.*)two sources have one name: s\b"
                                          r"(?s:.*)give each file once"):
        joined([one, other, one])


def test_stations__until_a_time_are_those_that_began_before_it(tmp_path) -> None:
    path = written(tmp_path, rows("a"), rows("late", "2025-01-02 05:00"))
    found = stations(path, until="2025-01-02 05:00", zone="Etc/GMT-1")
    assert list(found) == ["s/a"]
    assert found["s/a"].end == pd.Timestamp("2025-01-02 04:00", tz="UTC")
    with pytest.raises(InputError, match="between two steps"):
        stations(path, until="2025-01-02 05:30")
    with pytest.raises(ValueError, match="not a time"):
        source(path, until="soon")
