"""From the stations of a source to samples: what is drawn of them, and what is kept of that."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stations_to_learn import DAY, corpus_file, source

from wattcast.contracts import Kind
from wattcast.data.corpus import corpus_stations
from wattcast.errors import DataError
from wattcast.training import samples as module
from wattcast.training.samples import Samples, draw_samples, kept_samples
from wattcast.windows.window_units import INPUTS


def known(drawn: Samples, name: str) -> np.ndarray:
    """An input of all steps that are learned from."""
    return drawn.rows()[0][:, INPUTS.index(name)]


def test_samples__are_steps_of_windows_of_every_station(tmp_path) -> None:
    drawn = draw_samples(source(corpus_file(tmp_path)), 0)
    assert drawn.stations == ("a", "b")
    inputs, corrections = drawn.rows()
    assert len(drawn.lessons) == 24
    assert inputs.shape == (24 * module.STEPS, len(INPUTS))
    assert np.isfinite(corrections).all()


def test_samples__are_made_harder_in_part(tmp_path) -> None:
    drawn = draw_samples(source(corpus_file(tmp_path), windows=60), 0)
    measured, zero = (known(drawn, name) for name in ("measured", "zero"))
    assert 0.05 < (measured < 0.9).mean() < 0.6
    assert 0.01 < (zero > 0).mean() < 0.3           # turned over: the power is below zero


def test_samples__of_a_station_do_not_depend_on_the_others(tmp_path) -> None:
    path = corpus_file(tmp_path)
    both, alone = draw_samples(source(path), 0), draw_samples(source(path, leave_out=["b"]), 0)
    np.testing.assert_array_equal(both.lessons.corrections[:12], alone.lessons.corrections)
    assert (draw_samples(source(path), 1).lessons.corrections != both.lessons.corrections).any()


def test_samples__know_nothing_that_was_measured_after_their_origin(tmp_path) -> None:
    [data] = corpus_stations(source(corpus_file(tmp_path, "a")))
    origin, later = 40 * DAY, data.frame.copy()
    later.iloc[origin:] = 7777.0
    found = []
    for frame in (data.frame, later):
        windows = module.station_windows(replace(data, frame=frame))
        lately = module.lately_in_units(windows, np.asarray([origin]))
        found.append(module.window_units(windows, np.asarray([origin]), lately))
    # The history's scales are other ones: what is read is the same to their rounding.
    np.testing.assert_allclose(found[0].inputs, found[1].inputs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("days", [5, 8, 20])
def test_samples__of_too_short_histories_are_an_error(days, tmp_path) -> None:
    path = corpus_file(tmp_path, days=days)
    with pytest.raises(DataError, match="holds nothing to learn from"):
        draw_samples(source(path), 0)


def test_kept__samples_are_read_again_and_made_anew_for_another_seed_or_file(tmp_path, monkeypatch) -> None:
    work = tmp_path / "work"
    first = kept_samples(source(corpus_file(tmp_path)), 0, work)
    monkeypatch.setattr(module, "draw_samples", lambda *_: pytest.fail("drawn again"))
    again = kept_samples(source(tmp_path / "works.parquet"), 0, work)
    np.testing.assert_array_equal(again.lessons.windows.past, first.lessons.windows.past)
    np.testing.assert_array_equal(again.rows()[0], first.rows()[0])
    assert again.stations == first.stations
    for seed, names in ((1, "ab"), (0, "abc")):
        with pytest.raises(pytest.fail.Exception):
            kept_samples(source(corpus_file(tmp_path, names)), seed, work)


def test_kept__samples_that_are_damaged_are_drawn_again(tmp_path) -> None:
    work = tmp_path / "work"
    first = kept_samples(source(corpus_file(tmp_path)), 0, work)
    [path] = work.iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    again = kept_samples(source(tmp_path / "works.parquet"), 0, work)
    np.testing.assert_array_equal(again.rows()[0], first.rows()[0])


def test_kinds__only_loads_are_turned_over(tmp_path) -> None:
    drawn = draw_samples(source(corpus_file(tmp_path), kind=Kind.PV, windows=60), 0)
    assert (known(drawn, "zero") < 0).all()


def test_samples__skip_steps_that_were_not_measured(tmp_path) -> None:
    path = corpus_file(tmp_path, "a")
    table = pd.read_parquet(path)
    table.loc[np.random.default_rng(0).random(len(table)) < 0.85, "power"] = np.nan
    table.loc[:40 * DAY, "power"] = 7.0 + np.arange(40 * DAY + 1) % 24
    table.to_parquet(path)
    corrections = draw_samples(source(path, windows=60), 0).lessons.corrections
    share = corrections.isfinite().float().mean(1)
    assert 0.3 < share.min() < 0.9
    assert share.max() == 1


def test_samples__tell_where_the_rows_of_each_station_end(tmp_path) -> None:
    given = source(corpus_file(tmp_path), until="2025-02-20")
    drawn = kept_samples(given, 0, tmp_path / "work")
    assert drawn.ends == ("2025-02-20T00:00:00+00:00",) * 2
    assert kept_samples(given, 0, tmp_path / "work").ends == drawn.ends


def test_windows__of_any_horizon_are_of_seven_days_and_of_too_long_steps_none(tmp_path) -> None:
    [data] = corpus_stations(source(corpus_file(tmp_path, "a")))
    short = replace(data, station=data.station.model_copy(update={"horizon": "1d"}))
    [whole], [alike] = (module.windows_of(each, 5, 0) for each in (data, short))
    np.testing.assert_array_equal(alike.windows.ahead, whole.windows.ahead)
    coarse = replace(data, station=data.station.model_copy(update={"step": "12h"}), frame=data.frame[::12])
    assert module.windows_of(coarse, 5, 0) == []
