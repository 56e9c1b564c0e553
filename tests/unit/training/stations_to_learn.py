"""Made-up stations for what learns from many."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattcast.data.corpus import Corpus, Source

DAY = 24


def corpus_file(folder: Path, names: str = "ab", days: int = 60) -> Path:
    """Works that begin at eight, of other sizes; what was there before is replaced."""
    random = np.random.default_rng(0)
    times = pd.date_range("2025-01-06", periods=days * DAY, freq="1h")
    worked = (times.day_of_week < 5) & (times.hour >= 8) & (times.hour < 18)
    tables = [pd.DataFrame({"station": name, "time": times,
                            "power": 10.0 ** (place % 3) * (20 + 80 * worked + random.normal(0, 4, len(times)))})
              for place, name in enumerate(names)]
    path = folder / "works.parquet"
    pd.concat(tables).to_parquet(path)
    return path


def source(path: Path, name: str = "works", **more: object) -> Source:
    return Source.model_validate({"name": name, "file": str(path), "licence": "MIT", "may_ship": True, "windows": 12,
                                  **more})


def two_sources(folder: Path) -> Corpus:
    path = corpus_file(folder, "abcd")
    return Corpus(sources=(source(path, "one", leave_out=["c", "d"]), source(path, "two", leave_out=["a", "b"])))
