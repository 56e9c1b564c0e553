"""Measured stations, cleaned by others: nothing of them may be taken for a fault of unit or scale."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_frame, open_source
from wattcast.data.schema import DataConfig

SHARED = Path(__file__).parents[4] / "shared" / "data"
NEVER = {"spike", "scale", "unit", "counter_reset"}

pytestmark = pytest.mark.skipif(not (SHARED / "panel").is_dir(), reason="no folder ../shared/data with measured data")


def test_panel__no_false_alarm_and_the_right_kind() -> None:
    for description in sorted((SHARED / "panel").glob("*.yaml")):
        described = yaml.safe_load(description.read_text())
        kind = described.pop("kind")
        source = open_source(description.with_suffix("").with_suffix(".csv.gz"), DataConfig.model_validate(described))
        data, report = source.read()
        assert str(data.station.kind) == kind, description.stem
        assert not [found for found in report.findings if found.kind in NEVER], description.stem


@pytest.mark.parametrize("source", ["bdg2", "cambridge", "citylearn2022", "eia930", "nve_wind", "opsd_europe", "pvod"])
def test_corpus__no_false_alarm(source: str) -> None:
    table = pd.read_parquet(SHARED / "stations" / f"{source}.parquet", columns=["station", "time", "power"])
    names = sorted(set(table["station"].unique()))
    chosen = names[::max(1, len(names) // 6)][:6]
    step = "15min" if source == "pvod" else "1h"
    counts = Counter()
    for name in chosen:
        rows = table.loc[table["station"] == name, ["time", "power"]]
        config = DataConfig.model_validate({"targets": {TOTAL: "power"}, "time": {"timezone": "UTC", "step": step}})
        _, report = open_frame(rows, config).read()
        counts.update(found.kind for found in report.findings)
    assert not set(counts) & NEVER, counts
