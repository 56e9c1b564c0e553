"""The base as files: what is written is read again, and what is wrong with them is said."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch

from wattcast.errors import BundleError
from wattcast.experts.pretrained import SHIPPED
from wattcast.model.day_network import DayNetwork
from wattcast.training.base_model import FILE, MANIFEST, Base, read_manifest
from wattcast.training.base_network import packed
from wattcast.windows.day_tokens import SIZES
from wattcast.windows.window_units import INPUTS

ROOT = Path(__file__).parents[3]
PANEL = ROOT.parent / "shared" / "data" / "panel"


@pytest.fixture(scope="module")
def base() -> Base:
    torch.manual_seed(0)
    return Base(packed(DayNetwork(SIZES)), {"sources": []})


@pytest.fixture
def folder(base, tmp_path) -> Path:
    for name, content in base.files().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_files__are_read_again(base, folder) -> None:
    again = Base.load(folder)
    assert again.weights == base.weights
    assert again.manifest["sources"] == []
    assert again.manifest["inputs"] == list(INPUTS)


def test_files__of_one_base_are_the_same_bytes(base) -> None:
    assert base.files() == base.files()


@pytest.mark.parametrize("name", [FILE, MANIFEST])
@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_load__of_damaged_files_is_an_error_with_a_hint(name, damage, folder) -> None:
    content = (folder / name).read_bytes()
    damaged = {"cut": content[:-9], "other": content[:40] + b"?" + content[41:], "empty": b""}[damage]
    (folder / name).write_bytes(damaged)
    with pytest.raises(BundleError, match=f"is damaged: {name}") as error:
        Base.load(folder)
    assert "wattcast pretrain" in error.value.hint
    assert error.value.exit_code == 2


def test_load__where_weights_are_missing_is_an_error(folder) -> None:
    (folder / FILE).unlink()
    with pytest.raises(BundleError, match=f"is damaged: {FILE}"):
        Base.load(folder)


def test_load__without_a_manifest_is_an_error(folder) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(BundleError, match="there is no base in"):
        Base.load(folder)


def test_load__of_another_versions_inputs_is_an_error(folder, monkeypatch) -> None:
    monkeypatch.setattr("wattcast.training.base_model.INPUTS", (*INPUTS, "another"))
    with pytest.raises(BundleError, match="another version"):
        Base.load(folder)


def test_network__of_another_shape_is_an_error_with_a_hint(base, monkeypatch) -> None:
    monkeypatch.setattr("wattcast.model.day_network.LAYERS", 1)
    with pytest.raises(BundleError, match="another version") as error:
        _ = Base(base.weights, {}).network
    assert "wattcast pretrain" in str(error.value.hint)


def test_load__of_a_changed_manifest_is_an_error(folder) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "sources": ["other"]}))
    with pytest.raises(BundleError, match="is damaged"):
        read_manifest(folder)


def test_shipped__is_whole_small_and_may_be_given_away() -> None:
    base = Base.load(SHIPPED)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 10e6
    assert base.manifest["may_ship"]
    assert all(source["may_ship"] and source["licence"] for source in base.manifest["sources"])
    assert sum(value.numel() for value in base.network.parameters()) > 500_000


def test_shipped__notice_names_every_source_and_its_licence() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for source in read_manifest(SHIPPED)["sources"]:
        part = notice.partition(f"\n{source['name']}\n")[2].partition("\n\n")[0]
        assert source["licence"].split("-")[0] in part, source["name"]


@pytest.mark.skipif(not PANEL.is_dir(), reason="the panel lies beside the repository")
def test_shipped__has_seen_no_station_of_the_panel() -> None:
    seen = {f"{source['name']}_{station}" for source in read_manifest(SHIPPED)["sources"]
            for station in source["stations"]}
    panel = {path.name.removesuffix(".csv.gz") for path in PANEL.glob("*.csv.gz")}
    assert len(panel) == 16
    # What the panel calls its stations, by the names of the sources.
    other = {"zone_nyis_b": "eia930_nyis_zonb", "zone_oppd": "eia930_swpp_oppd", "pvod_06": "pvod_station06",
             "pvod_08": "pvod_station08", "rooftop_10": "citylearn2022_pv10"}
    assert {other.get(name, name) for name in panel} & seen == set()
    assert {source["name"] for source in read_manifest(SHIPPED)["sources"]} & {"bdg2", "nve_wind"} == set()


def test_learned_until__is_the_latest_of_all_sources_that_tell(base) -> None:
    ends = [{"a": "2025-03-01T00:00:00+01:00"}, {"a": "2025-03-01T00:00:00+00:00", "b": "2025-01-01T00:00:00+00:00"}]
    told = Base(base.weights, {"sources": [{"stations": ["c"]}, *({"learned_until": each} for each in ends)]})
    assert told.learned_until("a") == pd.Timestamp("2025-03-01", tz="UTC")
    assert told.learned_until("c") is None
