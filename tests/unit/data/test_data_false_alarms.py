"""Measured stations, cleaned by others: nothing of them may be taken for a fault of unit or scale."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from wattcast.contracts import TOTAL
from wattcast.data.quality import Finding
from wattcast.data.reader import open_frame, open_source
from wattcast.data.schema import DataConfig

SHARED = Path(__file__).parents[4] / "shared" / "data"
NEVER = {"spike", "scale", "unit", "counter_reset"}
TRUE_FAULTS = {"rat_office_colby": 96, "ch_solar": 12}
"""Published with days in another unit: 2 300 becomes 35 for four days, 210 MW becomes 0.4 for one."""

pytestmark = pytest.mark.skipif(not (SHARED / "panel").is_dir(), reason="no folder ../shared/data with measured data")


def test_panel__no_false_alarm_and_the_right_kind() -> None:
    for description in sorted((SHARED / "panel").glob("*.yaml")):
        described = yaml.safe_load(description.read_text())
        kind = described.pop("kind")
        source = open_source(description.with_suffix("").with_suffix(".csv.gz"), DataConfig.model_validate(described))
        data, report = source.read()
        assert str(data.station.kind) == kind, description.stem
        assert not [found for found in report.findings if found.kind in NEVER], description.stem


def findings(table: pd.DataFrame, name: str, step: str = "1h") -> tuple[Finding, ...]:
    rows = table.loc[table["station"] == name, ["time", "power"]]
    config = DataConfig.model_validate({"targets": {TOTAL: "power"}, "time": {"timezone": "UTC", "step": step}})
    return open_frame(rows, config).read()[1].findings


@pytest.mark.parametrize(("source", "name"), [("bdg2", "rat_office_colby"), ("opsd_europe", "ch_solar")])
def test_corpus__what_was_published_in_another_unit_is_found(source: str, name: str) -> None:
    table = pd.read_parquet(SHARED / "stations" / f"{source}.parquet", columns=["station", "time", "power"])
    (found,) = [found for found in findings(table, name) if found.kind in NEVER]
    assert (found.kind, found.count) == ("scale", TRUE_FAULTS[name])


@pytest.mark.parametrize("source", ["bdg2", "cambridge", "citylearn2022", "eia930", "nve_wind", "opsd_europe", "pvod"])
def test_corpus__no_false_alarm(source: str) -> None:
    table = pd.read_parquet(SHARED / "stations" / f"{source}.parquet", columns=["station", "time", "power"])
    names = sorted(set(table["station"].unique()) - set(TRUE_FAULTS))
    chosen = names[::max(1, len(names) // 6)][:6]
    counts = Counter(found.kind for name in chosen for found in findings(table, name, "15min" if source == "pvod"
                                                                         else "1h"))
    assert not set(counts) & NEVER, counts
