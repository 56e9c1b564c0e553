"""The verb `pretrain`."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattcast.configfile import read_config
from wattcast.data.corpus import corpus_of, joined
from wattcast.store.files import require_writable, written_aside
from wattcast.training.base_model import Base
from wattcast.training.pretrain import Progress
from wattcast.training.pretrain import pretrain as run

WORK = ".samples"


@dataclass(frozen=True)
class PretrainOutcome:
    """What `pretrain` did."""

    folder: Path
    base: Base
    size: int
    """Of the files, in bytes."""
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "bytes": self.size, "seconds": round(self.seconds, 1),
                "manifest": dict(self.base.manifest)}

    def lines(self) -> list[str]:
        """The closing lines."""
        sources = self.base.manifest["sources"]
        stations, windows = (sum(of) for of in ([len(source["stations"]) for source in sources],
                                                [source["windows"] for source in sources]))
        kept = [source["name"] for source in sources if not source["may_ship"]]
        return [f"{windows} windows of {stations} stations from {len(sources)} sources, {self.seconds:.0f} s",
                *(f"may not be given to others, because of {', '.join(kept)}" for _ in kept[:1]),
                f"{self.folder} ({self.size / 1e6:.1f} MB)"]


def pretrain(corpus: Sequence[Path], out: Path, *, seed: int = 0, tested: bool = True,
             progress: Progress | None = None) -> PretrainOutcome:
    """Learn a base from the corpus that YAML files describe, and write it to the folder `out`.

    What is learned of each source is kept there until all is done, for a run that goes on after an interrupted one.

    Raises:
        InputError: the corpus or one of its files is wrong, or `out` cannot be written to.
    """
    started = time.perf_counter()
    sources = joined(corpus_of(read_config(file), file) for file in corpus)
    require_writable(out)
    base = run(sources, seed=seed, work=out / WORK, tested=tested, progress=progress)
    files = base.files()
    for name, content in files.items():
        with written_aside(out / name) as aside:
            aside.write_bytes(content)
    shutil.rmtree(out / WORK, ignore_errors=True)
    return PretrainOutcome(out, base, sum(map(len, files.values())), time.perf_counter() - started)
