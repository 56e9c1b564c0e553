"""The samples of forms in the page on one's own data are read, each through its settings, and hold what they say."""

import re
from pathlib import Path

import pandas as pd
import pytest

from wattcast.contracts import TOTAL
from wattcast.data.reader import open_source
from wattcast.data.schema import DataConfig

PAGE = Path(__file__).parents[3] / "docs" / "your-own-data.md"
SAMPLE = re.compile(r"<!-- sample: (\S+) (.*?) -->\n```text\n(.*?)```", re.DOTALL)


def samples() -> list[tuple[str, str, str]]:
    return SAMPLE.findall(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "says", "content"), samples())
def test_sample__is_read_as_the_page_says(name: str, says: str, content: str, tmp_path: Path) -> None:
    told = dict(word.split("=") for word in says.split())
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    if path.suffix == ".xlsx":
        pytest.importorskip("openpyxl")
        pd.read_csv(path.rename(tmp_path / "plant.csv"), parse_dates=["time"]).to_excel(path, index=False)
        (tmp_path / "plant.csv").unlink()
    config = DataConfig.model_validate({"time": {"step": told.get("step", "15min")}})
    data, report = open_source(path, config).read()
    total = data.frame[TOTAL].dropna()
    assert total.index[0] == pd.Timestamp(told["first"], tz="Asia/Shanghai")
    assert total.iloc[0] == float(told["value"])
    assert len(total) == (48 if "H24" in content or ",24\n" in content else 2)
    assert {found.kind for found in report.findings} <= {"constant"}


def test_samples__there_is_one_for_each_form() -> None:
    assert len(samples()) >= 12
