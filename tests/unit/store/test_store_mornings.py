"""What a model said of past mornings, kept between two forecasts."""

import numpy as np
import pytest

from wattcast.store.disk import DiskStore
from wattcast.store.mornings import EARLY_NAME, NAME, load_recall, save_recall


def test_what_is_kept__is_found_again_to_the_last_bit(tmp_path) -> None:
    said = {f"model:{number}": np.random.default_rng(number).normal(size=(7, 96, 2)) for number in range(3)}
    said["model:0"][0, 0] = np.nan
    save_recall(tmp_path, said)
    found = load_recall(tmp_path)
    assert list(found) == list(said)
    for key, values in said.items():
        np.testing.assert_array_equal(found[key], values)
    save_recall(tmp_path, {"model:9": np.zeros((1, 2, 1))})
    assert list(load_recall(tmp_path)) == ["model:9"]


def test_what_early_versions_kept__is_no_document_and_goes_when_it_is_said_anew(tmp_path) -> None:
    station = DiskStore(tmp_path).station("north")
    station.keep_document("gate.json", b"{}")
    (station.folder / EARLY_NAME).write_bytes(b"PK")
    assert set(station.documents()) == {"gate.json"}
    station.keep_recall({"model:1": np.ones((7, 96, 1))})
    assert list(station.recall()) == ["model:1"]
    assert not (station.folder / EARLY_NAME).exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive at all"])
def test_damaged_file__is_as_none(tmp_path, content) -> None:
    assert load_recall(tmp_path) == {}
    (tmp_path / NAME).write_bytes(content)
    assert load_recall(tmp_path) == {}


def test_cut_file__is_as_none(tmp_path) -> None:
    save_recall(tmp_path, {"model:1": np.ones((7, 96, 1))})
    whole = (tmp_path / NAME).read_bytes()
    for length in (10, len(whole) // 2, len(whole) - 1):
        (tmp_path / NAME).write_bytes(whole[:length])
        assert load_recall(tmp_path) == {}
